/** The monitor as a checker: follows a run, or reads the trace of a finished one. */
import type { Anomaly, Checker, Verdict, Watch } from '../checker.ts';
import { watchingChecker } from '../checker.ts';
import { RaftInvariants } from './raft-invariants.ts';
import type { RaftInvariantsOptions } from './raft-invariants.ts';

const NAME = 'invariants';
/** Anomalies kept of each name; all are counted. */
const ANOMALIES_KEPT = 3;

export function raftInvariants(options: RaftInvariantsOptions = {}): Checker {
  return watchingChecker(NAME, () => watch(options));
}

function watch(options: RaftInvariantsOptions): Watch {
  const monitor = new RaftInvariants(options);
  const anomalies: Anomaly[] = [];
  const counts = new Map<string, number>();
  return {
    observe: (record) => {
      const anomaly = monitor.observe(record);
      if (anomaly === undefined) return;
      const count = (counts.get(anomaly.name) ?? 0) + 1;
      counts.set(anomaly.name, count);
      if (count <= ANOMALIES_KEPT) anomalies.push(anomaly);
    },
    verdict: (): Verdict => {
      const figures = monitor.figures();
      const statistics = { ...figures, anomalies: Object.fromEntries(counts) };
      const verdict = { checker: NAME, anomalies, statistics };
      if (anomalies.length > 0) return { ...verdict, valid: false };
      if (figures.commitIndex > 0) return { ...verdict, valid: true };
      const reason =
        figures.records === 0
          ? 'The run has no trace of its nodes: check it with a system that writes one.'
          : 'No node ever committed anything, so nothing could be violated: let the nodes elect a leader.';
      return { ...verdict, valid: 'unknown', reason };
    },
  };
}
