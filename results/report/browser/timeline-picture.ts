/**
 * A few operations as bars, a row a process: what each did, in which order they can have taken effect, and who saw what
 * of whom. Time is not to scale: each beginning and each end has a place of its own, so that nothing is too short to
 * be read.
 */
import type { TimelinePictureRow } from '../report-data.ts';
import type { View } from './frame.ts';
import { arrowHead, asButton, CHARACTER_WIDTH, drawing, fit, patchedText, svg } from './svg.ts';
import type { Drawn } from './svg.ts';
import { describe, OUTCOME_NAMES } from './words.ts';

const ROW_HEIGHT = 54;
const BAR_HEIGHT = 24;
const TOP = 26;
const NAME_WIDTH = 92;
const STEP_MIN = 46;
const STEP_MAX = 150;
/** Wide enough for most screens; more operations make it wider, and the figure scrolls. */
const WIDTH = 1100;
/** A bar grows to show what it did, up to here. */
const LABEL_CHARACTERS_MAX = 34;
const BADGE_RADIUS = 9;

interface Bar {
  readonly left: number;
  readonly right: number;
  readonly top: number;
}

export function timelinePicture(view: View, picture: TimelinePictureRow, jump: (row: number) => void): Drawn {
  const { data, operations } = view;
  const processes = [...new Set(picture.operations.map((row) => data.operations.process[row] as number))];
  processes.sort((a, b) => a - b);
  const columns = placesOf(view, picture.operations);
  const bars = new Map<number, Bar>();
  for (const row of picture.operations) {
    bars.set(row, {
      left: columns.at(operations.invocation[row] as number),
      right: columns.at(completionOf(view, row)),
      top: TOP + processes.indexOf(data.operations.process[row] as number) * ROW_HEIGHT,
    });
  }
  const height = TOP + processes.length * ROW_HEIGHT;
  const rows = processes.flatMap((process, i) => {
    const y = TOP + i * ROW_HEIGHT + BAR_HEIGHT / 2;
    return [
      svg('line', { x1: NAME_WIDTH, x2: columns.width, y1: y, y2: y, class: 'row-line' }),
      svg('text', { x: 0, y: y + 4, class: 'row-name' }, fit(`process ${process}`, NAME_WIDTH - 6)),
    ];
  });
  const { definition, reference } = arrowHead();
  const arrows = picture.arrows.flatMap(({ from, to, label }) => arrow(bars, from, to, label, reference));
  return drawing(
    columns.width,
    height,
    `${picture.operations.length} operations of ${processes.length} processes over time`,
    definition,
    ...rows,
    ...[...bars].map(([row, bar]) => barOf(view, row, bar, picture.order.indexOf(row), jump)),
    ...arrows,
  );
}

/** Where in the history it ended; behind everything when it did not. */
function completionOf({ operations }: View, row: number): number {
  const index = operations.completion[row] as number;
  return index < 0 ? Infinity : index;
}

/** A place from left to right for each beginning and end, in the order of the history, wide enough for the words. */
function placesOf(
  view: View,
  rows: readonly number[],
): { at(index: number): number; readonly width: number } {
  const { operations } = view;
  const moments = [
    ...new Set(rows.flatMap((row) => [operations.invocation[row] as number, completionOf(view, row)])),
  ].sort((a, b) => a - b);
  const step = Math.max(STEP_MIN, Math.min(STEP_MAX, (WIDTH - NAME_WIDTH - 20) / moments.length));
  const place = new Map(moments.map((index, i) => [index, i]));
  // Each gap is as wide as the longest words that lie over it alone need.
  const gaps = moments.map(() => step);
  for (const row of rows) {
    const from = place.get(operations.invocation[row] as number) ?? 0;
    const to = place.get(completionOf(view, row)) ?? from;
    const words = Math.min(describe(view.data, operations, row).short.length, LABEL_CHARACTERS_MAX);
    const wanted = words * CHARACTER_WIDTH + 2 * BADGE_RADIUS + 14;
    const present = gaps.slice(from, to).reduce((sum, gap) => sum + gap, 0);
    if (to > from && present < wanted) gaps[to - 1] = (gaps[to - 1] as number) + wanted - present;
  }
  const lefts: number[] = [];
  gaps.reduce((left, gap, i) => {
    lefts[i] = left;
    return left + gap;
  }, NAME_WIDTH);
  return {
    at: (index) => lefts[place.get(index) ?? 0] as number,
    width: (lefts.at(-1) ?? NAME_WIDTH) + 24,
  };
}

function barOf(
  { data, operations }: View,
  row: number,
  { left, right, top }: Bar,
  order: number,
  jump: (row: number) => void,
): Drawn {
  const words = describe(data, operations, row);
  const outcome = OUTCOME_NAMES[operations.outcome[row] as number] ?? 'pending';
  const room = right - left - 12 - (order < 0 ? 0 : 2 * BADGE_RADIUS + 4);
  const group = svg(
    'g',
    { class: `bar ${outcome}` },
    svg('rect', { x: left, y: top, width: Math.max(6, right - left - 4), height: BAR_HEIGHT, rx: 4 }),
    svg(
      'text',
      { x: left + 6 + (order < 0 ? 0 : 2 * BADGE_RADIUS + 4), y: top + BAR_HEIGHT / 2 + 4 },
      fit(words.short, room),
    ),
  );
  if (order >= 0) {
    const x = left + BADGE_RADIUS + 4;
    group.children.push(
      svg('circle', { cx: x, cy: top + BAR_HEIGHT / 2, r: BADGE_RADIUS, class: 'order' }),
      svg(
        'text',
        { x, y: top + BAR_HEIGHT / 2 + 4, 'text-anchor': 'middle', class: 'order-number' },
        String(order + 1),
      ),
    );
  }
  const place = order < 0 ? '' : `; place ${order + 1} in the order`;
  return asButton(group, `${words.sentence}. ${words.outcome}${place}`, () => jump(row));
}

function arrow(
  bars: ReadonlyMap<number, Bar>,
  from: number,
  to: number,
  label: string,
  head: string,
): readonly Drawn[] {
  const source = bars.get(from);
  const target = bars.get(to);
  if (source === undefined || target === undefined) return [];
  const isSameRow = source.top === target.top;
  const isDown = target.top > source.top;
  // Out of the middle of one bar and into the other's, through the space between the rows.
  const x1 = (source.left + source.right - 4) / 2;
  const x2 = (target.left + target.right - 4) / 2;
  const y1 = isSameRow || !isDown ? source.top : source.top + BAR_HEIGHT;
  const y2 = isSameRow || isDown ? target.top : target.top + BAR_HEIGHT;
  const bend = isSameRow ? -22 : isDown ? 22 : -22;
  const d = `M${x1} ${y1}C${x1} ${y1 + bend} ${x2} ${y2 + (isSameRow ? bend : -bend)} ${x2} ${y2}`;
  // In a gap between rows: half way between neighbours, near its beginning where bars lie between.
  const isFar = Math.abs(target.top - source.top) > ROW_HEIGHT;
  const share = isFar ? 0.2 : 0.5;
  const labelX = cubic(share, x1, x1, x2, x2);
  const labelY = cubic(share, y1, y1 + bend, y2 + (isSameRow ? bend : -bend), y2);
  return [
    svg('path', { d, class: 'arrow', 'marker-end': head }),
    ...(label === '' ? [] : [patchedText(labelX, labelY, fit(label, 220))]),
  ];
}

/** A coordinate of a cubic Bézier curve, at a share of its way. */
function cubic(t: number, a: number, b: number, c: number, d: number): number {
  const rest = 1 - t;
  return rest ** 3 * a + 3 * rest * rest * t * b + 3 * rest * t * t * c + t ** 3 * d;
}
