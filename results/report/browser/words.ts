/**
 * Operations and moments in words, for tooltips, tables and witness lists.
 *
 *     describe(data, operations, 7).sentence  // 'process 3 reads k1 → 4'
 */
import type { ReportData } from '../report-data.ts';
import { formatDuration, formatTime } from './format.ts';
import { lowerBound, PENDING } from './operations.ts';
import type { Operations } from './operations.ts';

const OUTCOME_WORDS = [
  'ok: it happened',
  'fail: it did not happen',
  'info: unknown whether it happened',
  'never completed: unknown whether it happened',
] as const;
export const OUTCOME_NAMES = ['ok', 'fail', 'info', 'pending'] as const;

export interface OperationWords {
  /** `write k1 3`, `read k1 → 3`, `cas k1 [1,2]`: fits on a bar. */
  readonly short: string;
  readonly sentence: string;
  readonly outcome: string;
  readonly when: string;
  /** Node, history indexes. */
  readonly where: string;
  readonly error: string | null;
}

export function describe(data: ReportData, operations: Operations, row: number): OperationWords {
  const columns = data.operations;
  const text = (number: number | undefined): string | undefined => data.texts[number ?? -1];
  const f = text(columns.f[row]) ?? '?';
  const key = text(columns.key[row]);
  const input = text(columns.input[row]);
  const output = text(columns.output[row]);
  const outcome = operations.outcome[row] as number;
  const returned = f === 'read' && outcome === 0 ? (output ?? input ?? 'null') : output;
  const shownInput = f === 'read' ? undefined : input;
  const transaction = f === 'txn' ? transactionText((outcome === 0 ? output : undefined) ?? input) : null;
  const parts =
    transaction === null
      ? [f, key, shownInput, returned === undefined ? undefined : `→ ${returned}`]
      : [key, transaction];
  const short = parts.filter((part) => part !== undefined).join(' ');
  const start = operations.start[row] as number;
  const end = operations.end[row] as number;
  const node = text(columns.node[row]);
  const invocation = operations.invocation[row] as number;
  const indexes =
    outcome === PENDING
      ? `operation ${invocation}`
      : `operations ${invocation} and ${operations.completion[row] as number}`;
  return {
    short,
    sentence: `process ${columns.process[row] as number}: ${short}`,
    outcome: OUTCOME_WORDS[outcome] ?? '',
    when:
      end === Infinity
        ? `${formatTime(start, 6)}, no completion`
        : `${formatTime(start, 6)} – ${formatTime(end, 6)} (${formatDuration(end - start)})`,
    where: `${node === undefined ? '' : `at ${node}, `}${indexes} of the history`,
    error: text(columns.error[row]) ?? null,
  };
}

/** `[["r","x",[1]],["append","y",2]]` → `r x [1], append y 2`; null for anything else, such as a text that was cut. */
function transactionText(text: string | undefined): string | null {
  let micro: unknown;
  try {
    micro = JSON.parse(text ?? 'null');
  } catch {
    return null;
  }
  if (!Array.isArray(micro) || micro.length === 0 || !micro.every(Array.isArray)) return null;
  return micro
    .map((operation: readonly unknown[]) =>
      operation.map((part) => (typeof part === 'string' ? part : JSON.stringify(part))).join(' '),
    )
    .join(', ');
}

/** The faults in force at a moment, and who led. */
export function describeMoment(data: ReportData, time: number, slack: number): readonly string[] {
  const lines: string[] = [];
  for (const fault of data.faults) {
    const end = fault.end ?? Infinity;
    if (time >= fault.start - slack && time <= end + slack) {
      lines.push(`${fault.fault}: ${fault.description}${fault.tookEffect === false ? ' (no effect)' : ''}`);
    }
  }
  const leaders = data.roles
    .filter(({ role, start, end }) => role === 'leader' && start <= time && time < end)
    .map(({ node, term }) => `${data.nodes[node] ?? '?'} in term ${term}`);
  if (data.roles.length > 0) lines.push(leaders.length === 0 ? 'no leader' : `leader: ${leaders.join('; ')}`);
  return lines;
}

/** The operations that were under way at some time in the range, by start; at most `limit`. */
export function operationsWithin(
  operations: Operations,
  from: number,
  to: number,
  isShown: (row: number) => boolean,
  limit: number,
): { readonly rows: readonly number[]; readonly isCut: boolean } {
  const rows: number[] = [];
  for (const { rows: own, latestEnd } of operations.byThread) {
    let taken = 0;
    for (let i = lowerBound(latestEnd, from); i < own.length && taken <= limit; i++) {
      const row = own[i] as number;
      if ((operations.start[row] as number) > to) break;
      if ((operations.end[row] as number) < from || !isShown(row)) continue;
      rows.push(row);
      taken++;
    }
  }
  rows.sort((a, b) => a - b);
  return { rows: rows.slice(0, limit), isCut: rows.length > limit };
}
