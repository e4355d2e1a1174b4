/** The statistics checker's figures as rows of the report's tables. It counts nothing itself. */
import type { StatisticsReport } from '../../checkers/statistics/index.ts';
import type { FaultWindow } from '../../harness/history/fault-windows.ts';
import type { OperationPair } from '../../harness/history/history.ts';
import { cutText } from './operation-columns.ts';
import type { ErrorRow, FaultRow, FunctionRow } from './report-data.ts';

const MAX_EXAMPLE_CHARACTERS = 160;

/** One row a function in the order of its first invocation, then their sum where there are several. */
export function functionRows(statistics: StatisticsReport): readonly FunctionRow[] {
  const rows = statistics.functions.map((row): FunctionRow => {
    const latency = statistics.latencies.find(({ f, type }) => f === row.f && type === 'ok');
    return {
      f: row.f,
      invoked: row.invoked,
      ok: row.ok,
      fail: row.fail,
      refused: row.refused,
      info: row.info + row.pending,
      latency: latency === undefined ? null : [latency.p50Ns, latency.p90Ns, latency.p99Ns, latency.maxNs],
    };
  });
  if (rows.length < 2) return rows;
  const { invoked, ok, fail, refused, info, pending } = statistics.total;
  return [...rows, { f: null, invoked, ok, fail, refused, info: info + pending, latency: null }];
}

/** @param pairs - for an example of each error's message */
export function errorRows(
  statistics: StatisticsReport,
  pairs: readonly OperationPair[],
): readonly ErrorRow[] {
  const examples = new Map<string, string>();
  const nameOf = (code: string, type: string, f: string): string => `${type} ${f} ${code}`;
  for (const { completion } of pairs) {
    if (completion?.error === undefined) continue;
    const name = nameOf(completion.error.code, completion.type, completion.f);
    if (!examples.has(name)) examples.set(name, completion.error.message ?? '');
  }
  return statistics.errors.map(({ code, type, f, count }) => ({
    code,
    f,
    outcome: type,
    count,
    example: cutText(examples.get(nameOf(code, type, f)) ?? '', MAX_EXAMPLE_CHARACTERS),
  }));
}

/** @param pairs - in the order of their invocations */
export function faultRows(
  statistics: StatisticsReport,
  windows: readonly FaultWindow[],
  pairs: readonly OperationPair[],
): readonly FaultRow[] {
  const measured = new Map(statistics.availability.windows.map((row) => [row.faultId, row]));
  return windows.map((window) => {
    const row = measured.get(window.faultId);
    return {
      id: window.faultId,
      fault: window.fault,
      nodes: window.nodes,
      description: window.description,
      start: window.startTime,
      end: window.endTime ?? null,
      instant: window.instant,
      observed: Object.entries(window.observed ?? {})
        .filter(([, value]) => value !== 0)
        .map(([name, value]) => ({
          name,
          value: String(value),
        })),
      tookEffect: window.tookEffect ?? null,
      invoked: row?.invoked ?? 0,
      ok: row?.ok ?? 0,
      ...figuresWithin(window.instant ? [] : invokedIn(pairs, window)),
      silence: row?.longestGap?.lengthNs ?? null,
      recovery: row?.recoveryNs ?? null,
    };
  });
}

/** Both ends included, as availability is measured. */
function invokedIn(
  pairs: readonly OperationPair[],
  { startTime, endTime = Infinity }: FaultWindow,
): readonly OperationPair[] {
  const from = firstWhere(pairs, ({ invocation }) => invocation.time >= startTime);
  return pairs.slice(
    from,
    firstWhere(pairs, ({ invocation }) => invocation.time > endTime),
  );
}

function figuresWithin(pairs: readonly OperationPair[]): Pick<FaultRow, 'fail' | 'info' | 'latency'> {
  const latencies: number[] = [];
  let fail = 0;
  for (const { invocation, completion } of pairs) {
    if (completion?.type === 'ok') latencies.push(completion.time - invocation.time);
    else if (completion?.type === 'fail') fail++;
  }
  latencies.sort((a, b) => a - b);
  // The nearest rank: the smallest that so many are not above.
  const at = (share: number): number => latencies[Math.ceil(share * latencies.length) - 1] ?? 0;
  return {
    fail,
    info: pairs.length - latencies.length - fail,
    latency: latencies.length === 0 ? null : [at(0.5), at(0.99)],
  };
}

/** Of an array in which what is true stays true. */
function firstWhere<T>(sorted: readonly T[], isTrue: (item: T) => boolean): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isTrue(sorted[middle] as T)) high = middle;
    else low = middle + 1;
  }
  return low;
}
