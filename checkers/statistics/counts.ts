/** Counts, error codes, rates and latencies of client operations. */
import { build } from 'hdr-histogram-js';
import type { OperationPair } from '../../harness/history/history.ts';
import { NS_PER_S, nsToS } from '../../harness/units.ts';
import { isRefused } from './answered.ts';
import type { Counts, ErrorCount, FunctionCounts, LatencyRow, RateReport } from './report.ts';

/** More buckets than this make no clearer picture. */
const BUCKETS_MAX = 3600;
const SIGNIFICANT_DIGITS = 3;
const TYPES = ['ok', 'fail', 'info'] as const;

type Tally = { -readonly [K in keyof Counts]: Counts[K] };

const newTally = (): Tally => ({ invoked: 0, ok: 0, fail: 0, refused: 0, info: 0, pending: 0 });

function count(tally: Tally, { completion }: OperationPair): void {
  tally.invoked++;
  if (completion === undefined || completion.type === 'invoke') tally.pending++;
  else tally[completion.type]++;
  if (isRefused(completion)) tally.refused++;
}

export function countOperations(pairs: readonly OperationPair[]): {
  total: Counts;
  functions: readonly FunctionCounts[];
} {
  const total = newTally();
  const functions = new Map<string, Tally>();
  for (const pair of pairs) {
    count(total, pair);
    count(getOrAdd(functions, pair.invocation.f, newTally), pair);
  }
  return { total, functions: [...functions].map(([f, tally]) => ({ f, ...tally })) };
}

export function countErrors(pairs: readonly OperationPair[]): readonly ErrorCount[] {
  const rows = new Map<string, { -readonly [K in keyof ErrorCount]: ErrorCount[K] }>();
  for (const { completion } of pairs) {
    if (completion?.error === undefined || completion.type === 'invoke') continue;
    const { f, type, error } = completion;
    getOrAdd(rows, JSON.stringify([error.code, type, f]), () => ({ code: error.code, type, f, count: 0 }))
      .count++;
  }
  // The sort is stable: equal counts stay in the order of the operations.
  return [...rows.values()].sort((a, b) => b.count - a.count);
}

export function measureRate(pairs: readonly OperationPair[]): RateReport {
  const start = pairs[0]?.invocation.time ?? 0;
  let end = start;
  for (const { completion } of pairs) end = Math.max(end, completion?.time ?? start);
  let bucketNs = NS_PER_S;
  while (end / bucketNs >= BUCKETS_MAX) bucketNs *= 2;
  const emptyBuckets = (): number[] =>
    new Array<number>(pairs.length === 0 ? 0 : Math.floor(end / bucketNs) + 1).fill(0);
  const buckets = { ok: emptyBuckets(), fail: emptyBuckets(), info: emptyBuckets() };
  const counts = { ok: 0, fail: 0, info: 0 };
  for (const { completion } of pairs) {
    if (completion === undefined || completion.type === 'invoke') continue;
    counts[completion.type]++;
    const row = buckets[completion.type];
    const bucket = Math.floor(completion.time / bucketNs);
    row[bucket] = (row[bucket] ?? 0) + 1;
  }
  const seconds = nsToS(end - start);
  const perSecond = (n: number): number => (seconds > 0 ? n / seconds : 0);
  return {
    completedPerS: perSecond(counts.ok + counts.fail + counts.info),
    okPerS: perSecond(counts.ok),
    bucketNs,
    ...buckets,
  };
}

export function measureLatencies(pairs: readonly OperationPair[]): readonly LatencyRow[] {
  const series = new Map<string, Map<string, LatencySeries>>();
  for (const { invocation, completion } of pairs) {
    const byType = getOrAdd(series, invocation.f, () => new Map<string, LatencySeries>());
    if (completion === undefined) continue;
    getOrAdd(byType, completion.type, () => new LatencySeries()).record(completion.time - invocation.time);
  }
  const rows: LatencyRow[] = [];
  for (const [f, byType] of series) {
    for (const type of TYPES) {
      const latencies = byType.get(type);
      if (latencies !== undefined) rows.push({ f, type, ...latencies.summary() });
    }
  }
  return rows;
}

/** An HDR histogram, and the exact extremes that it rounds. */
class LatencySeries {
  readonly #histogram = build({
    bitBucketSize: 32,
    autoResize: true,
    lowestDiscernibleValue: 1,
    highestTrackableValue: 2 * NS_PER_S,
    numberOfSignificantValueDigits: SIGNIFICANT_DIGITS,
    useWebAssembly: false,
  });
  #minNs = Infinity;
  #maxNs = 0;

  record(latencyNs: number): void {
    this.#histogram.recordValue(latencyNs);
    this.#minNs = Math.min(this.#minNs, latencyNs);
    this.#maxNs = Math.max(this.#maxNs, latencyNs);
  }

  summary(): Omit<LatencyRow, 'f' | 'type'> {
    // The histogram answers with an end of the value's bucket, which may lie outside what was recorded.
    const quantile = (percent: number): number =>
      Math.min(Math.max(this.#histogram.getValueAtPercentile(percent), this.#minNs), this.#maxNs);
    return {
      count: this.#histogram.totalCount,
      minNs: this.#minNs,
      meanNs: Math.round(this.#histogram.mean),
      p50Ns: quantile(50),
      p90Ns: quantile(90),
      p99Ns: quantile(99),
      p999Ns: quantile(99.9),
      maxNs: this.#maxNs,
    };
  }
}

function getOrAdd<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}
