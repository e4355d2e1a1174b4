/** The Raft monitor as a checker: of the nodes' own group, of those of partitions that Raft replicates, and what the first gives away once. */
import type { Checker } from '../checker.ts';
import { monitorChecker } from './monitor.ts';
import { PartitionGroups } from './partition-groups.ts';
import { ProducerIds } from './producer-ids.ts';
import { RaftInvariants } from './raft-invariants.ts';
import type { RaftInvariantsOptions } from './raft-invariants.ts';

export function raftInvariants(options: RaftInvariantsOptions = {}): Checker {
  return monitorChecker(
    'invariants',
    () => {
      const nodes = new RaftInvariants(options);
      const groups = new PartitionGroups(options);
      const ids = new ProducerIds();
      return {
        observe: (record) => nodes.observe(record) ?? groups.observe(record) ?? ids.observe(record),
        figures: () => {
          const ofGroups = groups.figures();
          const ofIds = ids.figures();
          return {
            ...nodes.figures(),
            ...(ofGroups.groups > 0 && ofGroups),
            ...(ofIds.producerIdBlocks > 0 && ofIds),
          };
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
