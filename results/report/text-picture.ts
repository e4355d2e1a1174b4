/**
 * Pictures of anomalies for a terminal: a graph as its arrows, a sequence as a table, a few operations as bars in the
 * order of their beginnings and ends, numbered as the explanation numbers them.
 *
 *     T1 --ww x--> T2
 *     T2 --rw y--> T1
 *
 *     offset    7    8    9
 *     send      a    b    c
 *     poll      a   [c]   ·
 *
 *     process 0  ├(1)┤       ├(3)┤
 *     process 1       ├──(2)───┤
 */
import type { GraphPicture, Picture, SequencePicture } from '../../checkers/checker.ts';
import type { PictureRow } from './report-data.ts';
import { firstColumnShown } from './picture-rows.ts';
import { printable } from './printable.ts';

/** Operations of a timeline, and the columns between two of their beginnings and ends: room for `(12)`. */
const MAX_BARS = 8;
const EVENT_COLUMNS = 5;
const MAX_EDGES = 12;
const MAX_ROWS = 12;
const MAX_COLUMNS = 12;
const MAX_CELL_CHARACTERS = 16;
const MAX_LABEL_CHARACTERS = 32;
/** Drawn where there is nothing. */
const EMPTY = '·';

/** An operation on a timeline: where in the history it begins and ends. */
export interface Bar {
  readonly process: number | string;
  readonly start: number;
  /** Null: it never completed. */
  readonly end: number | null;
}

/**
 * Lines without indentation; none for what a terminal cannot show.
 *
 * @param barOf - the bar of an operation of a timeline, as the picture names it
 * @param width - columns of the terminal: of a sequence what does not fit is left out, and counted
 */
export function drawAsText(
  picture: Picture | PictureRow,
  barOf: (operation: number) => Bar | null,
  width = Infinity,
): readonly string[] {
  switch (picture.kind) {
    case 'timeline':
      return drawTimeline(
        picture.operations.flatMap((operation) => {
          const bar = barOf(operation);
          return bar === null ? [] : [bar];
        }),
      );
    case 'linearization':
      // The explanation says where it ends, and its steps are too many for lines.
      return [];
    case 'graph':
      return drawGraph(picture);
    case 'sequence':
      return drawSequence(picture, width);
  }
}

function drawTimeline(operations: readonly Bar[]): string[] {
  // More do not fit into a line, and are not numbered in the explanation.
  if (operations.length === 0 || operations.length > MAX_BARS) return [];
  const bars = operations.toSorted((a, b) => a.start - b.start);
  const events = bars
    .flatMap(({ start, end }) => (end === null ? [start] : [start, end]))
    .sort((a, b) => a - b);
  const columnOf = (event: number): number => events.indexOf(event) * EVENT_COLUMNS;
  const last = events.length * EVENT_COLUMNS + 1;
  const rows = new Map<Bar['process'], string>();
  bars.forEach(({ process, start, end }, i) => {
    const from = columnOf(start);
    const label = `(${i + 1})`;
    const room = (end === null ? last : columnOf(end)) - from - 1;
    const inside = label.padStart(Math.floor((room + label.length) / 2), '─').padEnd(room, '─');
    const row = (rows.get(process) ?? '').padEnd(from);
    rows.set(process, `${row}├${inside}${end === null ? '…' : '┤'}`);
  });
  const names = [...rows.keys()].map((process) => `process ${process}`);
  const width = Math.max(...names.map(({ length }) => length));
  return [...rows.values()].map((row, i) => `${(names[i] ?? '').padEnd(width)}  ${row}`);
}

function drawGraph({ nodes, edges }: Pick<GraphPicture, 'nodes' | 'edges'>): string[] {
  const name = (place: number): string => cut(nodes[place]?.label ?? '?', MAX_LABEL_CHARACTERS);
  const lines = edges
    .slice(0, MAX_EDGES)
    .map(({ from, to, label }) => `${name(from)} --${cut(label, MAX_LABEL_CHARACTERS)}--> ${name(to)}`);
  return withRest(lines, edges.length - MAX_EDGES, 'arrow');
}

function drawSequence({ columns, rows }: Pick<SequencePicture, 'columns' | 'rows'>, width: number): string[] {
  const first = firstColumnShown(rows, columns.length, MAX_COLUMNS);
  const shown = columns.slice(first, first + MAX_COLUMNS);
  const table = [
    ['', ...shown.map((column) => cut(column, MAX_CELL_CHARACTERS))],
    ...rows.slice(0, MAX_ROWS).map((row) => [
      cut(row.label, MAX_LABEL_CHARACTERS),
      ...shown.map((_, i) => {
        const cell = row.cells[first + i] ?? null;
        const text = cell === null ? EMPTY : cut(cell, MAX_CELL_CHARACTERS);
        return row.wrong?.includes(first + i) === true ? `[${text}]` : text;
      }),
    ]),
  ];
  const widths = (table[0] ?? []).map((_, i) => Math.max(...table.map((cells) => cells[i]?.length ?? 0)));
  let used = 0;
  const fitting = widths.findIndex((cell) => (used += cell + 2) - 2 > width);
  const count = fitting < 2 ? widths.length : fitting;
  const lines = table.map((cells) =>
    cells
      .slice(0, count)
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
  const told = withRest(lines, rows.length - MAX_ROWS, 'row');
  return withRest(told, widths.length - count, 'column');
}

function withRest(lines: string[], rest: number, noun: string): string[] {
  return rest > 0 ? [...lines, `… and ${rest} more ${noun}${rest === 1 ? '' : 's'}`] : lines;
}

function cut(text: string, max: number): string {
  const shown = printable(text);
  return shown.length <= max ? shown : `${shown.slice(0, max - 1)}…`;
}
