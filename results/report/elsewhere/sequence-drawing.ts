/** A sequence picture as a drawing: the page has a table for it, which a file of SVG cannot have. */
import type { SequencePictureRow } from '../report-data.ts';
import { CHARACTER_WIDTH, drawing, fit, svg } from '../browser/svg.ts';
import type { Drawn } from '../browser/svg.ts';

const ROW_HEIGHT = 24;
const MAX_CELL_CHARACTERS = 18;
const MAX_LABEL_CHARACTERS = 48;
const PADDING = 8;
const MAX_COLUMNS = 40;

export function sequenceDrawing({ columns, rows }: SequencePictureRow): Drawn {
  const shown = columns.slice(0, MAX_COLUMNS);
  const labelWidth = widthOf(
    rows.map(({ label }) => label.length),
    MAX_LABEL_CHARACTERS,
  );
  const widths = shown.map((column, i) =>
    widthOf(
      [column.length, ...rows.map(({ cells }) => (cells[i] ?? 'missing').length + 2)],
      MAX_CELL_CHARACTERS,
    ),
  );
  const lefts = widths.reduce<number[]>((all, width) => [...all, (all.at(-1) ?? 0) + width], [labelWidth]);
  const text = (value: string, x: number, y: number, width: number, kind: string): Drawn =>
    svg('text', { x: x + PADDING, y: y + ROW_HEIGHT / 2 + 4, class: kind }, fit(value, width - PADDING));
  const parts = shown.map((column, i) => text(column, lefts[i] ?? 0, 0, widths[i] ?? 0, 'row-name'));
  rows.forEach(({ label, cells, wrong }, i) => {
    const y = (i + 1) * ROW_HEIGHT;
    parts.push(
      svg('line', { x1: 0, x2: lefts.at(-1) ?? 0, y1: y, y2: y, class: 'row-line' }),
      text(label, 0, y, labelWidth, 'label'),
    );
    shown.forEach((_, column) => {
      const cell = cells[column] ?? null;
      const [x, width] = [lefts[column] ?? 0, widths[column] ?? 0];
      if (wrong.includes(column)) {
        parts.push(
          svg('rect', { x: x + 1, y: y + 1, width: width - 2, height: ROW_HEIGHT - 2, class: 'wrong-cell' }),
          text(`✕ ${cell ?? 'missing'}`, x, y, width, 'wrong-text'),
        );
      } else parts.push(text(cell ?? '·', x, y, width, cell === null ? 'row-name' : 'cell'));
    });
  });
  return drawing(
    lefts.at(-1) ?? 0,
    (rows.length + 1) * ROW_HEIGHT,
    'The sequence around the anomaly',
    ...parts,
  );
}

const widthOf = (lengths: readonly number[], most: number): number =>
  Math.min(Math.max(...lengths, 1), most) * CHARACTER_WIDTH + 2 * PADDING;
