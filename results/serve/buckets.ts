/**
 * Runs over time, in stretches of one length: hours, days, weeks, whatever makes a few dozen of them.
 *
 *     bucketsOf(runs)    // [{ from: '2026-11-27T00:00:00.000Z', valid: 212, invalid: 3, … }, …]
 *
 * Stretches in which nothing ran are there, and empty. Weeks begin on Mondays; all is UTC.
 */
import type { RunPoint } from '../index/run-index.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Largest last: what does not fit is made of several of these. */
const LENGTHS_MS = [HOUR_MS, 6 * HOUR_MS, DAY_MS, 7 * DAY_MS, 28 * DAY_MS, 364 * DAY_MS] as const;
const BUCKETS_MAX = 60;
/** The epoch was a Thursday. */
const MONDAY_MS = 4 * DAY_MS;

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export interface Bucket {
  readonly fromMs: number;
  /** Exclusive. */
  readonly toMs: number;
  readonly valid: number;
  readonly invalid: number;
  /** Those that did not end, or cannot be read, too. */
  readonly unknown: number;
  /** Of runs, the share of operations that the system answered; null where no run says. */
  readonly answeredShare: Spread | null;
  readonly faultAnsweredShare: Spread | null;
  readonly p99Ms: Spread | null;
}

export interface Trend {
  readonly lengthMs: number;
  readonly buckets: readonly Bucket[];
  /** Runs of which nobody knows when they were. */
  readonly undated: number;
}

export function trendOf(runs: readonly RunPoint[]): Trend {
  const dated = runs
    .map((run) => ({ run, ms: Date.parse(run.startedAt) }))
    .filter(({ ms }) => Number.isFinite(ms));
  const times = dated.map(({ ms }) => ms);
  const [first, last] = [
    times.reduce((a, b) => Math.min(a, b), Infinity),
    times.reduce((a, b) => Math.max(a, b), -Infinity),
  ];
  const undated = runs.length - dated.length;
  if (dated.length === 0) return { lengthMs: DAY_MS, buckets: [], undated };
  const lengthMs = lengthFor(first, last);
  const start = floor(first, lengthMs);
  const byBucket = Map.groupBy(dated, ({ ms }) => Math.floor((ms - start) / lengthMs));
  const count = Math.floor((last - start) / lengthMs) + 1;
  const buckets = Array.from({ length: count }, (_, i) =>
    bucketOf(
      start + i * lengthMs,
      lengthMs,
      (byBucket.get(i) ?? []).map(({ run }) => run),
    ),
  );
  return { lengthMs, buckets, undated };
}

function lengthFor(first: number, last: number): number {
  const fits = (length: number): boolean => (last - floor(first, length)) / length < BUCKETS_MAX;
  const largest = LENGTHS_MS[LENGTHS_MS.length - 1] as number;
  return LENGTHS_MS.find(fits) ?? largest * Math.ceil((last - first) / largest / (BUCKETS_MAX - 1));
}

const floor = (ms: number, length: number): number =>
  length >= 7 * DAY_MS
    ? Math.floor((ms - MONDAY_MS) / length) * length + MONDAY_MS
    : Math.floor(ms / length) * length;

function bucketOf(fromMs: number, lengthMs: number, runs: readonly RunPoint[]): Bucket {
  const count = (...outcomes: readonly RunPoint['outcome'][]): number =>
    runs.filter(({ outcome }) => outcomes.includes(outcome)).length;
  const spread = (field: 'answeredShare' | 'faultAnsweredShare' | 'p99Ms'): Spread | null =>
    spreadOf(runs.map((run) => run[field]).filter((value) => value !== null));
  return {
    fromMs,
    toMs: fromMs + lengthMs,
    valid: count('valid'),
    invalid: count('invalid'),
    unknown: count('unknown', 'running', 'cut off', 'unreadable'),
    answeredShare: spread('answeredShare'),
    faultAnsweredShare: spread('faultAnsweredShare'),
    p99Ms: spread('p99Ms'),
  };
}

/** A median that was seen: of two in the middle the lower. */
function spreadOf(values: readonly number[]): Spread | null {
  const sorted = values.toSorted((a, b) => a - b);
  const [min, median, max] = [sorted[0], sorted[(sorted.length - 1) >> 1], sorted.at(-1)];
  return min === undefined || median === undefined || max === undefined ? null : { min, median, max };
}
