/** The monitor as a checker: reads the trace of a finished run. */
import type { Anomaly, Checker, CheckInput, Verdict } from '../checker.ts';
import { RaftInvariants } from './raft-invariants.ts';
import type { RaftInvariantsOptions } from './raft-invariants.ts';

/** Anomalies kept of each name; all are counted. */
const ANOMALIES_KEPT = 3;
const OVERDUE_INTERVAL = 4096;

export function raftInvariants(options: RaftInvariantsOptions = {}): Checker {
  return { name: 'invariants', check: (input) => check(input, options) };
}

function check(input: CheckInput, options: RaftInvariantsOptions): Verdict {
  const monitor = new RaftInvariants(options);
  const anomalies: Anomaly[] = [];
  const counts = new Map<string, number>();
  let overdue = false;
  let seen = 0;
  for (const record of input.trace ?? []) {
    const anomaly = monitor.observe(record);
    if (anomaly !== undefined) {
      const count = (counts.get(anomaly.name) ?? 0) + 1;
      counts.set(anomaly.name, count);
      if (count <= ANOMALIES_KEPT) anomalies.push(anomaly);
    }
    if (++seen % OVERDUE_INTERVAL === 0 && input.isOverdue?.() === true) {
      overdue = true;
      break;
    }
  }
  const statistics = { ...monitor.figures(), anomalies: Object.fromEntries(counts) };
  const verdict = { checker: 'invariants', anomalies, statistics };
  if (anomalies.length > 0) return { ...verdict, valid: false };
  if (seen === 0) {
    return {
      ...verdict,
      valid: 'unknown',
      reason: 'The run has no trace of its nodes: check it with a system that writes one.',
    };
  }
  if (overdue) {
    return {
      ...verdict,
      valid: 'unknown',
      reason: `The time budget ended after ${seen} trace records: allow more time.`,
    };
  }
  return { ...verdict, valid: true };
}
