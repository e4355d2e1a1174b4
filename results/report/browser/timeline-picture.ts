/**
 * A few operations as bars, a row a process: what each did, in which order they can have taken effect, and who saw what
 * of whom.
 */
import type { TimelinePictureRow } from '../report-data.ts';
import { BADGE_RADIUS, BAR_HEIGHT, layOutBars, ROW_HEIGHT } from './bar-layout.ts';
import type { Bar } from './bar-layout.ts';
import type { View } from './frame.ts';
import { arrowHead, asButton, drawing, fit, patchedText, svg } from './svg.ts';
import type { Drawn } from './svg.ts';
import { describe, OUTCOME_NAMES } from './words.ts';

export function timelinePicture(view: View, picture: TimelinePictureRow, jump: (row: number) => void): Drawn {
  const { bars, lines, processes, width, height } = layOutBars(view, picture.operations);
  const { definition, reference } = arrowHead();
  const arrows = picture.arrows.flatMap(({ from, to, label }) => arrow(bars, from, to, label, reference));
  return drawing(
    width,
    height,
    `${picture.operations.length} operations of ${processes} processes over time`,
    definition,
    ...lines,
    ...[...bars].map(([row, bar]) => barOf(view, row, bar, picture.order.indexOf(row), jump)),
    ...arrows,
  );
}

/** @param order - its place in an order, from 0; −1: in none */
export function barOf(
  { data, operations }: View,
  row: number,
  { left, right, top }: Bar,
  order: number,
  jump: (row: number) => void,
): Drawn {
  const words = describe(data, operations, row);
  const outcome = OUTCOME_NAMES[operations.outcome[row] as number] ?? 'pending';
  const room = right - left - 12 - (order < 0 ? 0 : 2 * BADGE_RADIUS + 4);
  const shown = svg(
    'g',
    { class: `bar ${outcome}` },
    svg('rect', { x: left, y: top, width: Math.max(6, right - left - 4), height: BAR_HEIGHT, rx: 4 }),
    svg(
      'text',
      { x: left + 6 + (order < 0 ? 0 : 2 * BADGE_RADIUS + 4), y: top + BAR_HEIGHT / 2 + 4 },
      fit(words.short, room),
    ),
  );
  const place = order < 0 ? '' : `; place ${order + 1} in the order`;
  const bar = asButton(shown, `${words.sentence}. ${words.outcome}${place}`, () => jump(row));
  if (order >= 0) bar.children.push(placeBadge(left + BADGE_RADIUS + 4, top + BAR_HEIGHT / 2, order));
  return bar;
}

/** Over a bar, whose label says it in words. */
function placeBadge(x: number, y: number, order: number): Drawn {
  return svg(
    'g',
    { class: 'place', 'aria-hidden': 'true' },
    svg('circle', { cx: x, cy: y, r: BADGE_RADIUS }),
    svg('text', { x, y: y + 4, 'text-anchor': 'middle' }, String(order + 1)),
  );
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
