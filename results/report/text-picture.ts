/**
 * Pictures of anomalies for a terminal: a graph as its arrows, a sequence as a table. A timeline is left to the report.
 *
 *     T1 --ww x--> T2
 *     T2 --rw y--> T1
 *
 *     offset    7    8    9
 *     send      a    b    c
 *     poll      a   [c]   ·
 */
import type { GraphPicture, Picture, SequencePicture } from '../../checkers/checker.ts';
import { firstColumnShown } from './picture-rows.ts';
import { printable } from './text-summary.ts';

const MAX_EDGES = 12;
const MAX_ROWS = 12;
const MAX_COLUMNS = 12;
const MAX_CELL_CHARACTERS = 14;
const MAX_LABEL_CHARACTERS = 32;
/** Drawn where there is nothing. */
const EMPTY = '·';

/** Lines without indentation; none for what a terminal cannot show. */
export function drawAsText(picture: Picture): readonly string[] {
  switch (picture.kind) {
    case 'timeline':
      return [];
    case 'graph':
      return drawGraph(picture);
    case 'sequence':
      return drawSequence(picture);
  }
}

function drawGraph({ nodes, edges }: GraphPicture): string[] {
  const name = (place: number): string => cut(nodes[place]?.label ?? '?', MAX_LABEL_CHARACTERS);
  const lines = edges
    .slice(0, MAX_EDGES)
    .map(({ from, to, label }) => `${name(from)} --${cut(label, MAX_LABEL_CHARACTERS)}--> ${name(to)}`);
  return withRest(lines, edges.length - MAX_EDGES, 'arrow');
}

function drawSequence({ columns, rows }: SequencePicture): string[] {
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
  const lines = table.map((cells) =>
    cells
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
  return withRest(lines, rows.length - MAX_ROWS, 'row');
}

function withRest(lines: string[], rest: number, noun: string): string[] {
  return rest > 0 ? [...lines, `… and ${rest} more ${noun}${rest === 1 ? '' : 's'}`] : lines;
}

function cut(text: string, max: number): string {
  const shown = printable(text);
  return shown.length <= max ? shown : `${shown.slice(0, max - 1)}…`;
}
