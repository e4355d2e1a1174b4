/**
 * A sweep while it goes on, as a table that fits a terminal: a row a cell, and a line for all.
 *
 *              cell                                seeds  valid  invalid  unknown    rate  left  found
 *     ok       raft register --nemesis none        20/20     20        0        0   2.1/s
 *     FAILED   raft append --nemesis kill           7/20      6        1        0   1.2/s  0:11  nonlinearizable
 *              … 12 more cells: 2 ok, 10 waiting
 *     27 of 280 seeds · 0:31 so far, about 4:10 left
 */
import { labelsOf } from './labels.ts';
import type { CellOutcome } from './outcome.ts';
import { CELL_WORDS } from './summaries.ts';

export interface TableRow {
  readonly outcome: CellOutcome;
  /** Of the cell in this sweep or shard; null where a budget decides. */
  readonly seeds: number | null;
  /** Runs of it that go on. */
  readonly running: number;
  /** No seed of it will run any more. */
  readonly isDone: boolean;
  /** Seeds a second; null before the first. */
  readonly rate: number | null;
  /** In seconds; null where nothing is known. */
  readonly leftS: number | null;
}

export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

const HEAD = ['', 'cell', 'seeds', 'valid', 'invalid', 'unknown', 'rate', 'left', 'found'];
const NAME = 1;
/** The state, the name and what was found; numbers stand right. */
const LEFT: ReadonlySet<number> = new Set([0, NAME, HEAD.indexOf('found')]);
/** Left out, the first one first, where names would be cut shorter than this. */
const DISPENSABLE = ['rate', 'left', 'found', 'unknown', 'valid'];
const NAME_COLUMNS_MIN = 26;
/** The head, the line of what is left out, and the total. */
const LINES_BESIDE_ROWS = 3;
const GAP = '  ';

/** @param total - the last line */
export function sweepTable(rows: readonly TableRow[], total: string, size: TerminalSize): readonly string[] {
  const room = Math.max(1, size.rows - 1 - LINES_BESIDE_ROWS);
  const shown = rows.length <= room + 1 ? rows : mostTelling(rows, room);
  const labels = labelsOf(rows.map(({ outcome }) => outcome.cell));
  const texts = [HEAD, ...shown.map((row) => rowTexts(row, labels.get(row.outcome.cell.key) ?? ''))];
  const { widths, columns } = layOut(texts, size.columns - 1);
  const lines = texts.map((cells) =>
    columns
      .map((i) => {
        const [text = '', width = 0] = [cells[i], widths[i]];
        return LEFT.has(i) ? cutInside(text, width).padEnd(width) : text.padStart(width);
      })
      .join(GAP)
      .trimEnd(),
  );
  if (shown.length < rows.length) lines.push(`${' '.repeat((widths[0] ?? 0) + GAP.length)}${restText(rows, shown)}`); // prettier-ignore
  return [...lines, total];
}

/** How wide each column is, and which of them have a place. */
function layOut(texts: readonly (readonly string[])[], room: number) {
  const widths = HEAD.map((_, i) => Math.max(...texts.map((cells) => cells[i]?.length ?? 0)));
  let columns = [...HEAD.keys()];
  const nameRoom = (): number =>
    room - columns.reduce((sum, i) => (i === NAME ? sum : sum + (widths[i] ?? 0) + GAP.length), 0);
  for (const name of DISPENSABLE)
    if (nameRoom() < NAME_COLUMNS_MIN) columns = columns.filter((i) => HEAD[i] !== name);
  widths[NAME] = Math.max(1, Math.min(widths[NAME] ?? 0, nameRoom()));
  return { widths, columns };
}

/** `0:42`, `12:07`, `3:05:00`. */
export function clockText(seconds: number): string {
  const whole = Math.ceil(seconds);
  const two = (number: number): string => String(number).padStart(2, '0');
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

function rowTexts(
  { outcome, seeds, isDone, rate, leftS, running }: TableRow,
  label: string,
): readonly string[] {
  const { counts, records, cell } = outcome;
  return [
    wordOf({ outcome, isDone, running }),
    label,
    `${records.length}/${seeds ?? '…'}`,
    String(counts.valid),
    String(counts.invalid),
    counts.error === 0 ? String(counts.unknown) : `${counts.unknown}+${counts.error}`,
    rate === null ? '' : `${rate < 10 ? rate.toFixed(1) : Math.round(rate)}/s`,
    isDone || leftS === null ? '' : `${cell.expect === 'invalid' ? '≤' : ''}${clockText(leftS)}`,
    records.find(({ outcome: each }) => each === 'invalid')?.anomaly?.replace(/^.*\//, '') ?? '',
  ];
}

function wordOf({ outcome, isDone, running }: Pick<TableRow, 'outcome' | 'isDone' | 'running'>): string {
  if (isDone) return CELL_WORDS[outcome.state];
  if (isWrong({ outcome, isDone })) return CELL_WORDS[outcome.counts.invalid > 0 ? 'failed' : 'error'];
  if (running > 0) return 'running';
  return outcome.records.length === 0 ? 'waiting' : 'begun';
}

/** Of a cell that goes on: what cannot become right any more. */
function isWrong({
  outcome: { cell, counts, state },
  isDone,
}: Pick<TableRow, 'outcome' | 'isDone'>): boolean {
  if (isDone) return state !== 'passed';
  return cell.expect === 'valid' && counts.invalid + counts.error > 0;
}

/** In the plan's order: those that run, then those that went wrong, then what comes next, then what ended last. */
function mostTelling(rows: readonly TableRow[], room: number): readonly TableRow[] {
  const rank = ({ running, isDone, outcome }: TableRow): number => {
    if (running > 0) return 0;
    if (isWrong({ outcome, isDone })) return 1;
    return isDone ? 3 : 2;
  };
  const ranked = rows
    .map((row, place) => ({ row, place, rank: rank(row) }))
    .sort((a, b) => a.rank - b.rank || (a.rank === 3 ? b.place - a.place : a.place - b.place));
  return ranked
    .slice(0, room)
    .sort((a, b) => a.place - b.place)
    .map(({ row }) => row);
}

function restText(rows: readonly TableRow[], shown: readonly TableRow[]): string {
  const rest = rows.filter((row) => !shown.includes(row));
  const words = [...Map.groupBy(rest, wordOf)].map(([word, { length }]) => `${length} ${word}`);
  return `… ${rest.length} more cells: ${words.join(', ')}`;
}

/** Both ends of a name tell something. */
function cutInside(text: string, width: number): string {
  if (text.length <= width) return text;
  const head = Math.ceil((width - 1) / 2);
  return `${text.slice(0, head)}…${text.slice(text.length - (width - 1 - head))}`;
}
