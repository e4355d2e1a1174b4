/**
 * A sweep while it goes on: on a terminal a table that is redrawn in place, with a line for each cell that went wrong; elsewhere, as in
 * CI, a line for each cell that is done.
 *
 *     const live = new SweepLive(output, header);
 *     live.show(records, stateOf);      // after each seed
 *     live.end(records, stateOf);
 */
import type { SeedRecord, SweepHeader } from '../sweep/ledger.ts';
import { type CellOutcome, outcomeOf, type SweepOutcome } from '../sweep/outcome.ts';
import { cellText } from '../sweep/summaries.ts';
import { clockText, sweepTable, type TableRow } from '../sweep/table.ts';
import type { ScreenOutput } from './output.ts';

type Cell = SweepHeader['cells'][number];

export interface CellProgress {
  /** Null where a budget decides. */
  readonly seeds: number | null;
  readonly running: number;
  readonly isDone: boolean;
}

const REDRAW_INTERVAL_MS = 200;

/** Seeds of a cell since somebody watches. */
interface Pace {
  readonly sinceMs: number;
  readonly before: number;
  done: number;
  lastMs: number;
}

export class SweepLive {
  readonly #output: ScreenOutput;
  readonly #header: SweepHeader;
  readonly #nowMs: () => number;
  readonly #startedMs: number;
  readonly #told = new Set<string>();
  readonly #paces = new Map<string, Pace>();
  #drawnMs = -Infinity;

  constructor(output: ScreenOutput, header: SweepHeader, nowMs = () => performance.now()) {
    this.#output = output;
    this.#header = header;
    this.#nowMs = nowMs;
    this.#startedMs = nowMs();
  }

  /** @param isDue - draw also where that was done a moment ago */
  show(records: readonly SeedRecord[], progressOf: (cell: Cell) => CellProgress, isDue = false): void {
    const nowMs = this.#nowMs();
    const { isTerminal } = this.#output;
    if (isTerminal && !isDue && nowMs - this.#drawnMs < REDRAW_INTERVAL_MS) return;
    this.#drawnMs = nowMs;
    // Also cells of a shard that have not begun.
    const { cells } = outcomeOf({ ...this.#header, shard: null }, records, true);
    const rows = cells
      .map((cell) => this.#row(cell, progressOf(cell.cell), nowMs))
      .filter(({ seeds }) => seeds !== 0);
    for (const { outcome: cell, isDone } of rows) {
      if (!isDone || cell.records.length === 0 || (isTerminal && cell.state === 'passed')) continue;
      if (this.#told.has(cell.cell.key)) continue;
      this.#told.add(cell.cell.key);
      this.#output.note(cellText(cell));
    }
    this.#output.liveLines((size) => sweepTable(rows, this.#totalText(rows, nowMs), size));
  }

  /** What was not told on the way. */
  end({ cells }: SweepOutcome): void {
    for (const cell of cells) if (!this.#told.has(cell.cell.key)) this.#output.note(cellText(cell));
  }

  #row(outcome: CellOutcome, progress: CellProgress, nowMs: number): TableRow {
    const { cell, records } = outcome;
    const rate = this.#rateOf(cell.key, records.length, progress, nowMs);
    return { ...progress, outcome, rate, leftS: progress.isDone ? 0 : leftOf(outcome, progress, rate) };
  }

  /** Of a cell that is done: as it was. */
  #rateOf(key: string, done: number, { running }: CellProgress, nowMs: number): number | null {
    const pace = this.#paces.get(key);
    if (pace === undefined) {
      if (running > 0 || done > 0)
        this.#paces.set(key, { sinceMs: nowMs, before: done, done, lastMs: nowMs });
      return null;
    }
    if (done > pace.done) pace.lastMs = nowMs;
    pace.done = done;
    const seeds = done - pace.before;
    return seeds === 0 ? null : (seeds / Math.max(1, pace.lastMs - pace.sinceMs)) * 1000;
  }

  #totalText(rows: readonly TableRow[], nowMs: number): string {
    const elapsedS = (nowMs - this.#startedMs) / 1000;
    const sum = (count: (row: TableRow) => number): number => rows.reduce((all, row) => all + count(row), 0);
    const done = sum(({ outcome }) => outcome.records.length);
    const open = rows.filter(({ isDone }) => !isDone);
    const isOpenEnded = open.some(({ seeds }) => seeds === null);
    const missing = sum(({ outcome, seeds, isDone }) => (isDone || seeds === null ? 0 : seeds - outcome.records.length)); // prettier-ignore
    const seen = done - [...this.#paces.values()].reduce((all, { before }) => all + before, 0);
    const isKnown = !isOpenEnded && seen > 0 && missing > 0;
    return [
      `${done} of ${isOpenEnded ? '…' : done + missing} seeds`,
      `${sum(({ running }) => running)} running`,
      `${clockText(elapsedS)} so far${isKnown ? `, about ${clockText((missing * elapsedS) / seen)} left` : ''}`,
    ].join(' · ');
  }
}

/** In seconds, at its pace; null where nothing is known. */
function leftOf(
  { cell, records, tookMs }: CellOutcome,
  { seeds, running }: CellProgress,
  rate: number | null,
) {
  const bySeeds = seeds === null || rate === null ? Infinity : (seeds - records.length) / rate;
  const byBudget = cell.budgetS === null ? Infinity : (cell.budgetS - tookMs / 1000) / Math.max(1, running);
  const left = Math.max(0, Math.min(bySeeds, byBudget));
  return left === Infinity ? null : left;
}
