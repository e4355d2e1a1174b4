/**
 * What the index keeps of a run's statistics: one number for each question that is asked of many runs at once.
 *
 * A quantile of all operations together is not in the record, and quantiles cannot be added: of each is taken the slowest function's.
 */
import { nsToMs, nsToS } from '../../harness/units.ts';
import { answeredShareOf, type RunStatistics } from '../run-statistics.ts';

/** Null where nothing was counted. */
export interface Figures {
  /** Of operations, those that the system answered, in 0 … 1. */
  readonly answeredShare: number | null;
  /** The same of operations that began while a fault was in force. */
  readonly faultAnsweredShare: number | null;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  readonly maxMs: number | null;
  /** The longest time without an ok, in which clients asked. */
  readonly gapMs: number | null;
  /** Of the run. */
  readonly durationS: number | null;
}

export const NO_FIGURES: Figures = {
  answeredShare: null,
  faultAnsweredShare: null,
  p50Ms: null,
  p99Ms: null,
  maxMs: null,
  gapMs: null,
  durationS: null,
};

export function figuresOf(statistics: RunStatistics): Figures {
  const { durationNs, latencies, availability } = statistics;
  const slowest = (field: 'p50Ns' | 'p99Ns' | 'maxNs'): number | null => {
    const values = latencies.filter(({ type }) => type === 'ok').map((row) => row[field]);
    return values.length === 0 ? null : nsToMs(Math.max(...values));
  };
  return {
    answeredShare: answeredShareOf(statistics, 'overall'),
    faultAnsweredShare: answeredShareOf(statistics, 'duringFaults'),
    p50Ms: slowest('p50Ns'),
    p99Ms: slowest('p99Ns'),
    maxMs: slowest('maxNs'),
    gapMs: availability.longestGap === null ? null : nsToMs(availability.longestGap.lengthNs),
    durationS: nsToS(durationNs),
  };
}
