/**
 * Counts and exact quantiles of a history for the report's tables. The statistics checker judges a run by such
 * figures; this module only shows them, and needs no verdict to do so.
 */
import type { OperationPair } from '../../harness/history/history.ts';
import type { FaultWindow } from '../../harness/history/fault-windows.ts';
import { cutText, outcomeOf } from './operation-columns.ts';
import type { ErrorRow, FaultRow, FunctionRow, Outcome } from './report-data.ts';

/** The error code of a compare-and-set that was evaluated and refused: an answer, not an outage. */
const REFUSED = 'precondition-failed';

const MAX_EXAMPLE_CHARACTERS = 160;

/** One row a function in the order of its first invocation, then one for all of them when there are several. */
export function functionRows(pairs: readonly OperationPair[]): readonly FunctionRow[] {
  const byFunction = new Map<string, OperationPair[]>();
  for (const pair of pairs) {
    const known = byFunction.get(pair.invocation.f);
    if (known === undefined) byFunction.set(pair.invocation.f, [pair]);
    else known.push(pair);
  }
  const rows = [...byFunction].map(([f, own]) => functionRow(f, own));
  return rows.length > 1 ? [...rows, functionRow(null, pairs)] : rows;
}

function functionRow(f: string | null, pairs: readonly OperationPair[]): FunctionRow {
  const counts: Record<Outcome, number> = { ok: 0, fail: 0, info: 0, pending: 0 };
  const latencies: number[] = [];
  let refused = 0;
  for (const { invocation, completion } of pairs) {
    counts[outcomeOf(completion)]++;
    if (completion?.type === 'fail' && completion.error?.code === REFUSED) refused++;
    if (completion?.type === 'ok') latencies.push(completion.time - invocation.time);
  }
  latencies.sort((a, b) => a - b);
  return {
    f,
    invoked: pairs.length,
    ok: counts.ok,
    fail: counts.fail,
    refused,
    info: counts.info + counts.pending,
    latency:
      latencies.length === 0
        ? null
        : [
            quantile(latencies, 0.5),
            quantile(latencies, 0.95),
            quantile(latencies, 0.99),
            quantile(latencies, 1),
          ],
  };
}

/** The smallest value that at least `share` of the values do not exceed. */
export function quantile(ascending: readonly number[], share: number): number {
  const rank = Math.max(1, Math.ceil(share * ascending.length));
  return ascending[rank - 1] ?? 0;
}

/** What clients were told instead of `ok`, most frequent first. */
export function errorRows(pairs: readonly OperationPair[]): readonly ErrorRow[] {
  const rows = new Map<string, { code: string; outcome: Outcome; count: number; example: string }>();
  for (const { completion } of pairs) {
    if (completion?.error === undefined) continue;
    const outcome = outcomeOf(completion);
    const { code, message } = completion.error;
    const name = `${outcome} ${code}`;
    const row = rows.get(name);
    if (row !== undefined) row.count++;
    else rows.set(name, { code, outcome, count: 1, example: cutText(message ?? '', MAX_EXAMPLE_CHARACTERS) });
  }
  return [...rows.values()].sort((a, b) => b.count - a.count || compareTexts(a.code, b.code));
}

/** The longest time, from the first invocation to the last completion, in which nothing was acknowledged. */
export function longestSilence(
  pairs: readonly OperationPair[],
): { readonly start: number; readonly end: number } | null {
  const first = pairs[0]?.invocation.time;
  if (first === undefined) return null;
  let last = first;
  const acknowledged: number[] = [];
  for (const { invocation, completion } of pairs) {
    last = Math.max(last, completion?.time ?? invocation.time);
    if (completion?.type === 'ok') acknowledged.push(completion.time);
  }
  acknowledged.sort((a, b) => a - b);
  let longest = { start: first, end: first };
  let previous = first;
  for (const time of [...acknowledged, last]) {
    if (time - previous > longest.end - longest.start) longest = { start: previous, end: time };
    previous = time;
  }
  return longest;
}

export function faultRows(
  windows: readonly FaultWindow[],
  pairs: readonly OperationPair[],
): readonly FaultRow[] {
  const ok: number[] = [];
  const notOk: number[] = [];
  for (const { completion } of pairs) {
    if (completion !== undefined) (completion.type === 'ok' ? ok : notOk).push(completion.time);
  }
  ok.sort((a, b) => a - b);
  notOk.sort((a, b) => a - b);
  const within = (times: readonly number[], window: FaultWindow): number =>
    window.instant ? 0 : countUpTo(times, window.endTime ?? Infinity) - countUpTo(times, window.startTime);
  return windows.map((window) => ({
    id: window.faultId,
    fault: window.fault,
    nodes: window.nodes,
    description: window.description,
    start: window.startTime,
    end: window.endTime ?? null,
    instant: window.instant,
    observed: Object.entries(window.observed ?? {}).map(([name, value]) => ({ name, value: String(value) })),
    tookEffect: window.tookEffect ?? null,
    ok: within(ok, window),
    notOk: within(notOk, window),
  }));
}

/** How many of the ascending times are at most `limit`. */
function countUpTo(times: readonly number[], limit: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((times[middle] as number) <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
