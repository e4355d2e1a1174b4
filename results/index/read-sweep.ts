/** What the index keeps of a sweep: its ledger added up. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { HarnessError } from '../../harness/errors.ts';
import { parseLedger } from '../../harness/sweep/ledger.ts';
import { type CellState, outcomeOf, type SweepOutcome } from '../../harness/sweep/outcome.ts';
import { Schedule } from '../../harness/sweep/schedule.ts';
import { totalsText } from '../../harness/sweep/summaries.ts';

export interface SweepSummary {
  /** From the results folder, with `/`. */
  readonly path: string;
  readonly name: string;
  /** ISO 8601, UTC; empty where it is not known. */
  readonly startedAt: string;
  readonly revision: string | null;
  readonly state: CellState | 'unreadable';
  /** Cells and seeds by what came of them, or why it cannot be read. */
  readonly totals: string;
}

/** Never throws: what cannot be read is told. */
export function readSweepSummary(folder: string, path: string): SweepSummary {
  try {
    const { header, state, ...outcome } = readSweepOutcome(join(folder, path));
    const { name, startedAt, gitRevision: revision } = header;
    return { path, name, startedAt, revision, state, totals: totalsText({ header, state, ...outcome }) };
  } catch (error) {
    const totals = HarnessError.from(error).message;
    return { path, name: path, startedAt: '', revision: null, state: 'unreadable', totals };
  }
}

/** @throws HarnessError where there is none, or it cannot be read */
export function readSweepOutcome(directory: string): SweepOutcome {
  const file = join(directory, 'sweep.jsonl');
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw HarnessError.from(error, 'io', `cannot read ${file}`);
  }
  const { header, records } = parseLedger(text, file);
  return outcomeOf(
    header,
    records,
    new Schedule(header.cells, { shard: header.shard, records }).isFinished(),
  );
}
