/** The Raft monitor as a checker: of the nodes' own group, and of those of partitions that Raft replicates. */
import type { Checker } from '../checker.ts';
import { monitorChecker } from './monitor.ts';
import { PartitionGroups } from './partition-groups.ts';
import { RaftInvariants } from './raft-invariants.ts';
import type { RaftInvariantsOptions } from './raft-invariants.ts';

export function raftInvariants(options: RaftInvariantsOptions = {}): Checker {
  return monitorChecker(
    'invariants',
    () => {
      const nodes = new RaftInvariants(options);
      const groups = new PartitionGroups(options);
      return {
        observe: (record) => nodes.observe(record) ?? groups.observe(record),
        figures: () => {
          const figures = groups.figures();
          return { ...nodes.figures(), ...(figures.groups > 0 && figures) };
        },
      };
    },
    ({ commitIndex, records }) => {
      if (commitIndex > 0) return { valid: true };
      const reason =
        records === 0
          ? 'The run has no trace of its nodes: check it with a system that writes one.'
          : 'No node ever committed anything, so nothing could be violated: let the nodes elect a leader.';
      return { valid: 'unknown', reason };
    },
  );
}
