/**
 * The operations of a run in typed arrays, as the charts read them, unpacked from the contract's columns.
 */
import type { ReportData } from '../report-data.ts';

export interface Operations {
  readonly count: number;
  /** Nanoseconds since the run began; ascending. */
  readonly start: Float64Array;
  /** Infinity when it never completed. */
  readonly end: Float64Array;
  /** Places in the history. */
  readonly invocation: Int32Array;
  /** −1 when it never completed. */
  readonly completion: Int32Array;
  readonly thread: Int32Array;
  /** Index into OUTCOMES: 0 ok, 1 fail, 2 info, 3 pending. */
  readonly outcome: Uint8Array;
  readonly f: Int32Array;
  readonly key: Int32Array;
  /** Per thread: its operations, ascending by start, and the latest end of them up to each. */
  readonly byThread: readonly { readonly rows: Int32Array; readonly latestEnd: Float64Array }[];
}

export const OK = 0;
export const FAIL = 1;
export const INFO = 2;
export const PENDING = 3;

export function unpackOperations(data: ReportData): Operations {
  const columns = data.operations;
  const { count } = columns;
  const start = new Float64Array(count);
  const end = new Float64Array(count);
  const invocation = new Int32Array(count);
  const completion = new Int32Array(count);
  const threads: number[][] = Array.from({ length: data.threads }, () => []);
  let time = 0;
  let index = 0;
  for (let i = 0; i < count; i++) {
    time += columns.start[i] ?? 0;
    index += columns.invocation[i] ?? 0;
    const duration = columns.duration[i] ?? -1;
    start[i] = time;
    end[i] = duration < 0 ? Infinity : time + duration;
    invocation[i] = index;
    completion[i] = duration < 0 ? -1 : index + (columns.completion[i] ?? 0);
    threads[columns.thread[i] ?? 0]?.push(i);
  }
  const byThread = threads.map((rows) => {
    let latest = 0;
    const latestEnd = Float64Array.from(rows, (row) => (latest = Math.max(latest, end[row] as number)));
    return { rows: Int32Array.from(rows), latestEnd };
  });
  return {
    count,
    start,
    end,
    invocation,
    completion,
    thread: Int32Array.from(columns.thread),
    outcome: Uint8Array.from(columns.outcome),
    f: Int32Array.from(columns.f),
    key: Int32Array.from(columns.key),
    byThread,
  };
}

/** The first place in an ascending array whose value is at least `value`. */
export function lowerBound(ascending: ArrayLike<number>, value: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ascending[middle] as number) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
