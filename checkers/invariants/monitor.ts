/**
 * A monitor of invariants as a checker, and what it found as an anomaly: for Raft and for replication by ISR alike.
 *
 *     monitorChecker('isr', () => new IsrInvariants(options), (figures) => ({ valid: figures.exposed > 0 ? true : 'unknown' }));
 */
import type { TraceRecord } from '../../harness/history/trace.ts';
import type { Anomaly, Checker, CheckInput, Picture, Verdict } from '../checker.ts';
import { watchingChecker } from '../checker.ts';
import { describeRecord, evidenceOf } from './describe.ts';
import type { Invariant } from './rule.ts';

/** Anomalies kept of each name; all are counted. */
const ANOMALIES_KEPT = 3;

/** Two records that cannot both be. */
export interface Contradiction<N extends string = string> {
  readonly name: N;
  /** Undefined where nothing before allows the second, or the beginning of the trace is missing. */
  readonly first: TraceRecord | undefined;
  readonly second: TraceRecord;
  /** A clause in the terms of the protocol. */
  readonly detail: string;
  /** The log index in question. */
  readonly index?: number;
}

/** @param picture - what each node believed then, where that says something */
export function toAnomaly<N extends string>(
  { name, first, second, detail, index }: Contradiction<N>,
  invariants: ReadonlyMap<N, Invariant>,
  picture?: Picture,
): Anomaly {
  const rule = invariants.get(name)?.rule ?? '';
  const witness =
    first === undefined
      ? `${describeRecord(second)}, and nothing before allows it`
      : `${describeRecord(second)} — contradicts — ${describeRecord(first)}`;
  return {
    name,
    explanation: `${sentence(detail)}. ${witness}. ${rule}`,
    operations: [],
    ...(picture !== undefined && { picture }),
    evidence: {
      first: first === undefined ? null : evidenceOf(first, index),
      second: evidenceOf(second, index),
    },
  };
}

/** Names of nodes keep their case. */
function sentence(clause: string): string {
  return /^(the|at) /.test(clause) ? clause.charAt(0).toUpperCase() + clause.slice(1) : clause;
}

export interface Monitor<F extends object> {
  /** The anomaly that this record brings to light. */
  observe(record: TraceRecord): Anomaly | undefined;
  figures(): F;
}

type Conclusion = Pick<Verdict, 'valid' | 'reason' | 'notes'>;

/**
 * Follows a run, or reads the trace of a finished one.
 *
 * @param conclude - what to say where nothing contradicts: a trace in which nothing happened proves nothing
 */
export function monitorChecker<F extends { readonly records: number }>(
  name: string,
  begin: () => Monitor<F>,
  conclude: (figures: F, input: CheckInput) => Conclusion,
): Checker {
  return watchingChecker(name, () => {
    const monitor = begin();
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
      verdict: (input): Verdict => {
        const figures = monitor.figures();
        const statistics = { ...figures, anomalies: Object.fromEntries(counts) };
        const conclusion: Conclusion = anomalies.length > 0 ? { valid: false } : conclude(figures, input);
        return { checker: name, anomalies, statistics, ...conclusion };
      },
    };
  });
}
