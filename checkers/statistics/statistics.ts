/**
 * The figures of a run: who did how much, how fast, how well the system answered during each fault and after it, who
 * led, and which faults did nothing. It judges nothing, so its verdict is always true: see vacuity.ts for runs that
 * prove nothing.
 *
 *     statistics().check({ history, trace }).statistics   // a StatisticsReport
 */
import type { FaultWindow } from '../../harness/history/fault-windows.ts';
import type { History } from '../../harness/history/history.ts';
import type { Json } from '../../harness/history/operation.ts';
import type { TraceRecord } from '../../harness/history/trace.ts';
import type { Checker, Verdict } from '../checker.ts';
import { measureAvailability } from './availability.ts';
import { countErrors, countOperations, measureLatencies, measureRate } from './counts.ts';
import type { FaultReport, LeaderElection, StatisticsReport } from './report.ts';
import { idleReason } from './vacuity.ts';

/** Elections that are listed; all are counted. */
const LEADERS_MAX = 10_000;

export function statistics(): Checker {
  return {
    name: 'statistics',
    check: ({ history, trace }): Verdict => ({
      checker: 'statistics',
      valid: true,
      anomalies: [],
      statistics: computeStatistics(history, trace) as unknown as Json,
    }),
  };
}

export function computeStatistics(history: History, trace?: Iterable<TraceRecord>): StatisticsReport {
  const pairs = history.pairs();
  const windows = history.faultWindows();
  const durationNs = history.operations.at(-1)?.time ?? 0;
  const { total, functions } = countOperations(pairs);
  const { leaders, elections } = readElections(trace ?? []);
  const faults = describeFaults(windows);
  const warnings = faults.byFault.flatMap(({ fault }) => {
    const reason = idleReason(
      fault,
      windows.filter((window) => window.fault === fault),
    );
    return reason === null ? [] : [`${reason.charAt(0).toUpperCase()}${reason.slice(1)}.`];
  });
  for (const row of functions) {
    if (row.ok === 0)
      warnings.push(`No ${row.f} was ok in ${row.invoked} attempt${row.invoked === 1 ? '' : 's'}.`);
  }
  return {
    version: 1,
    durationNs,
    total,
    functions,
    errors: countErrors(pairs),
    rate: measureRate(pairs),
    latencies: measureLatencies(pairs),
    availability: measureAvailability(pairs, windows, durationNs),
    leaders,
    leaderChanges: trace === undefined ? null : Math.max(0, elections - 1),
    faults,
    warnings,
  };
}

/** A node that says again that it leads the same term was not elected again. */
function readElections(trace: Iterable<TraceRecord>): { leaders: LeaderElection[]; elections: number } {
  const leaders: LeaderElection[] = [];
  const leading = new Map<string, number>();
  let elections = 0;
  for (const { node, time, event } of trace) {
    if (event.kind === 'start' || event.kind === 'stop') {
      leading.delete(node);
    } else if (event.kind === 'role') {
      if (event.role !== 'leader') {
        leading.delete(node);
      } else if (leading.get(node) !== event.term) {
        leading.set(node, event.term);
        elections++;
        if (leaders.length < LEADERS_MAX) leaders.push({ timeNs: time, node, term: event.term });
      }
    }
  }
  return { leaders, elections };
}

function describeFaults(windows: readonly FaultWindow[]): FaultReport {
  const byFault = new Map<string, { fault: string; count: number; tookEffect: number }>();
  let tookEffect = 0;
  let unknown = 0;
  const withoutEffect: FaultReport['withoutEffect'][number][] = [];
  for (const window of windows) {
    const { faultId, fault, description } = window;
    const row = byFault.get(fault) ?? { fault, count: 0, tookEffect: 0 };
    byFault.set(fault, row);
    row.count++;
    if (window.tookEffect === true) {
      row.tookEffect++;
      tookEffect++;
    } else if (window.tookEffect === undefined) {
      unknown++;
    } else {
      withoutEffect.push({ faultId, fault, description });
    }
  }
  return { count: windows.length, tookEffect, unknown, withoutEffect, byFault: [...byFault.values()] };
}
