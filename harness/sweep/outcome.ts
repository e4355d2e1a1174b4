/**
 * What came of a sweep, cell by cell.
 *
 *     const outcome = outcomeOf(header, records);
 *     outcome.cells[0].state      // 'failed'
 *     outcome.state               // the worst of all
 */
import type { SeedRecord, SweepHeader } from './ledger.ts';

/**
 * - `passed`: as the plan expects.
 * - `failed`: a seed is invalid; or a bug was not found.
 * - `unknown`: more seeds prove nothing than the plan allows.
 * - `error`: the harness or the machine failed.
 * - `unfinished`: nothing ran, or seeds are left, and what ran is no failure.
 */
export type CellState = 'passed' | 'failed' | 'unknown' | 'error' | 'unfinished';

export interface CellOutcome {
  readonly cell: SweepHeader['cells'][number];
  readonly state: CellState;
  readonly counts: Readonly<Record<SeedRecord['outcome'], number>>;
  /** In the order of seeds. */
  readonly records: readonly SeedRecord[];
  /** The first record that explains the state; null where none does. */
  readonly because: SeedRecord | null;
  /** In a sentence. */
  readonly sentence: string;
  readonly tookMs: number;
}

export interface SweepOutcome {
  readonly header: SweepHeader;
  readonly state: CellState;
  readonly cells: readonly CellOutcome[];
}

/** Worst first. */
const SEVERITY: readonly CellState[] = ['failed', 'error', 'unknown', 'unfinished', 'passed'];

/** @param isFinished - whether all ran that the plan asks for */
export function outcomeOf(
  header: SweepHeader,
  records: readonly SeedRecord[],
  isFinished: boolean,
): SweepOutcome {
  const byCell = Map.groupBy(records, ({ cell }) => cell);
  const cells = header.cells.flatMap((cell) => {
    const ofCell = (byCell.get(cell.key) ?? []).toSorted((a, b) => a.seed - b.seed);
    // A shard need not have a seed of each.
    if (header.shard !== null && isFinished && ofCell.length === 0) return [];
    return [cellOutcome(cell, ofCell, isFinished)];
  });
  // A shard need not have any seed: then nothing was to be done.
  const state = SEVERITY.find((each) => cells.some((cell) => cell.state === each)) ?? 'passed';
  return { header, state, cells };
}

function cellOutcome(
  cell: CellOutcome['cell'],
  records: readonly SeedRecord[],
  isFinished: boolean,
): CellOutcome {
  const counts = { valid: 0, invalid: 0, unknown: 0, error: 0 };
  for (const { outcome } of records) counts[outcome]++;
  const first = (outcome: SeedRecord['outcome']): SeedRecord | null =>
    records.find((record) => record.outcome === outcome) ?? null;
  const told = (state: CellState, because: SeedRecord | null, sentence: string): CellOutcome => ({
    cell,
    state,
    counts,
    records,
    because,
    sentence,
    tookMs: records.reduce((sum, { tookMs }) => sum + tookMs, 0),
  });
  const seeds = `${records.length} seed${records.length === 1 ? '' : 's'}`;
  const [invalid, unknown, error] = [first('invalid'), first('unknown'), first('error')];
  if (cell.expect === 'invalid') {
    if (invalid !== null)
      return told('passed', invalid, `found at seed ${invalid.seed}: ${invalid.why ?? ''}`);
    if (error !== null) return told('error', error, error.why ?? 'the harness failed');
    if (!isFinished) return told('unfinished', null, `not found yet, in ${seeds}`);
    return told('failed', null, `not found in ${seeds}`);
  }
  if (invalid !== null) return told('failed', invalid, invalid.why ?? 'invalid');
  if (error !== null) return told('error', error, error.why ?? 'the harness failed');
  if (records.length === 0) return told('unfinished', null, 'no seed ran');
  if (!isFinished) return told('unfinished', null, `${seeds} so far`);
  if (counts.unknown > cell.maxUnknown * records.length)
    return told('unknown', unknown, unknown?.why ?? 'nothing is known');
  return told('passed', null, counts.unknown === 0 ? `${seeds} valid` : `${counts.valid} of ${seeds} valid`);
}
