/**
 * Pictures of anomalies for the report: operations as rows of its columns, and no more of them than can be looked at.
 */
import type {
  GraphPicture,
  LinearizationPicture,
  Picture,
  SequencePicture,
  TimelinePicture,
} from '../../checkers/checker.ts';
import { cutText } from './operation-columns.ts';
import type { PackedOperations } from './operation-columns.ts';
import type {
  GraphPictureRow,
  LinearizationPictureRow,
  PictureRow,
  SequencePictureRow,
  TimelinePictureRow,
} from './report-data.ts';

const MAX_OPERATIONS = 60;
/** Of a linearization: it scrolls. */
const MAX_BARS = 120;
const MAX_PARTIALS = 24;
const MAX_ARROWS = 80;
const MAX_NODES = 40;
const MAX_EDGES = 80;
const MAX_COLUMNS = 200;
const MAX_ROWS = 60;
const MAX_LABEL_CHARACTERS = 120;
/** For what is no operation of a client. */
const NO_ROW = -1;

export function pictureRow(picture: Picture, packed: PackedOperations): PictureRow {
  switch (picture.kind) {
    case 'timeline':
      return timelineRow(picture, packed);
    case 'linearization':
      return linearizationRow(picture, packed);
    case 'graph':
      return graphRow(picture, packed);
    case 'sequence':
      return sequenceRow(picture, packed);
  }
}

function timelineRow({ operations, order = [], arrows = [] }: TimelinePicture, packed: PackedOperations) {
  const rowOf = (index: number): number => packed.rowOf(index) ?? NO_ROW;
  const known = [...new Set(operations.map(rowOf))].filter((row) => row !== NO_ROW).sort((a, b) => a - b);
  const shown = new Set(known.slice(0, MAX_OPERATIONS));
  const result: TimelinePictureRow = {
    kind: 'timeline',
    operations: [...shown],
    order: order.map(rowOf).filter((row) => shown.has(row)),
    arrows: arrows
      .map(({ from, to, label }) => ({ from: rowOf(from), to: rowOf(to), label: short(label) }))
      .filter(({ from, to }) => shown.has(from) && shown.has(to))
      .slice(0, MAX_ARROWS),
    cut: known.length - shown.size,
  };
  return result;
}

function linearizationRow(
  { operations, before, partials, stuck }: LinearizationPicture,
  packed: PackedOperations,
): LinearizationPictureRow {
  const rowOf = (index: number): number => packed.rowOf(index) ?? NO_ROW;
  const known = operations.map(rowOf).filter((row) => row !== NO_ROW);
  const shown = known.slice(0, MAX_BARS);
  return {
    kind: 'linearization',
    operations: shown,
    before: { count: before.count, state: short(before.state) },
    partials: partials
      .slice(0, MAX_PARTIALS)
      .map((steps) =>
        steps
          .map(({ operation, state }) => ({ operation: rowOf(operation), state: short(state) }))
          .filter(({ operation }) => shown.includes(operation)),
      ),
    stuck: rowOf(stuck),
    cut: known.length - shown.length,
  };
}

function graphRow({ nodes, edges }: GraphPicture, packed: PackedOperations): GraphPictureRow {
  return {
    kind: 'graph',
    nodes: nodes.slice(0, MAX_NODES).map(({ label, operation }) => ({
      label: short(label),
      operation: operation === undefined ? NO_ROW : (packed.rowOf(operation) ?? NO_ROW),
    })),
    edges: edges
      .filter(({ from, to }) => isPlace(from, nodes.length) && isPlace(to, nodes.length))
      .slice(0, MAX_EDGES)
      .map(({ from, to, label }) => ({ from, to, label: short(label) })),
    cut: Math.max(0, nodes.length - MAX_NODES),
  };
}

const isPlace = (place: number, count: number): boolean => place >= 0 && place < Math.min(count, MAX_NODES);

function sequenceRow(
  { columns, rows, caption }: SequencePicture,
  packed: PackedOperations,
): SequencePictureRow {
  const first = firstColumnShown(rows, columns.length, MAX_COLUMNS);
  return {
    kind: 'sequence',
    caption: caption === undefined ? null : short(caption),
    columns: columns.slice(first, first + MAX_COLUMNS).map(short),
    rows: rows.slice(0, MAX_ROWS).map(({ label, cells, wrong = [], operation }) => ({
      label: short(label),
      cells: cells.slice(first, first + MAX_COLUMNS).map((cell) => (cell === null ? null : short(cell))),
      wrong: wrong.map((column) => column - first).filter((column) => column >= 0 && column < MAX_COLUMNS),
      operation: operation === undefined ? NO_ROW : (packed.rowOf(operation) ?? NO_ROW),
    })),
    cut: Math.max(0, columns.length - MAX_COLUMNS) + Math.max(0, rows.length - MAX_ROWS),
  };
}

/** Where to begin, so that what is wrong is in view. */
export function firstColumnShown(rows: SequencePicture['rows'], columns: number, max: number): number {
  let wrong = Infinity;
  for (const row of rows) for (const column of row.wrong ?? []) wrong = Math.min(wrong, column);
  if (wrong === Infinity || columns <= max) return 0;
  return Math.max(0, Math.min(wrong - Math.floor(max / 2), columns - max));
}

const short = (text: string): string => cutText(text, MAX_LABEL_CHARACTERS);
