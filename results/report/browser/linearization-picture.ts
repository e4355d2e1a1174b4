/**
 * How far an order can come: all operations near the point that none passes, with the places in an order at which each
 * takes effect and the state that it leaves. One order is shown at a time, the longest first; which one is the page's to say
 * (`linearization-figure.ts`).
 */
import type { LinearizationPictureRow } from '../report-data.ts';
import { BAR_HEIGHT, layOutBars } from './bar-layout.ts';
import type { Bar } from './bar-layout.ts';
import type { View } from './frame.ts';
import { CHARACTER_WIDTH, drawing, fit, svg } from './svg.ts';
import type { Drawn } from './svg.ts';
import { barOf } from './timeline-picture.ts';

/** Between two places on one bar, and from its border. */
const POINT_GAP = 5;
const POINT_RADIUS = 4;
const STATE_CHARACTERS_MAX = 16;

/** What the page does with it. */
export interface LinearizationActions {
  jump(row: number): void;
  hover(row: number, isOn: boolean): void;
}

/** Of a picture that does not scroll: around the operation that cannot follow, or the end. */
export function aroundError(
  picture: LinearizationPictureRow,
  before: number,
  after: number,
): LinearizationPictureRow {
  const { operations, stuck } = picture;
  const end = stuck < 0 ? operations.length : operations.indexOf(stuck);
  return { ...picture, operations: operations.slice(Math.max(0, end - before), end + after) };
}

/** @param witness - rows that the anomaly names */
export function linearizationPicture(
  view: View,
  { operations, partials, stuck }: LinearizationPictureRow,
  { jump, hover }: LinearizationActions,
  witness: ReadonlySet<number> = new Set(),
): Drawn {
  const { bars, lines, processes, width, height } = layOutBars(view, operations);
  const drawnBars = [...bars].map(([row, bar]) => {
    const drawn = barOf(view, row, bar, -1, jump);
    if (witness.has(row) || row === stuck) drawn.attributes['class'] += ' proof';
    drawn.attributes['data-row'] = String(row);
    drawn.onHover = (isOn) => hover(row, isOn);
    return drawn;
  });
  const error = bars.get(stuck);
  return drawing(
    width,
    height,
    `${operations.length} operations of ${processes} processes, and an order of ${partials[0]?.length ?? 0} of them that comes furthest`,
    ...lines,
    ...drawnBars,
    ...(error === undefined ? [] : [errorMark(error, height)]),
    ...partials.map((steps, i) => orderOf(steps, bars, i)),
  );
}

/** Where the order ends: in front of the operation that cannot follow. */
function errorMark({ left, right, top }: Bar, height: number): Drawn {
  const words = '✕ cannot follow';
  return svg(
    'g',
    { class: 'stuck' },
    svg('line', { x1: right - 2, x2: right - 2, y1: 4, y2: height - 4 }),
    svg('rect', {
      x: left - 3,
      y: top - 3,
      width: Math.max(12, right - left + 2),
      height: BAR_HEIGHT + 6,
      rx: 6,
    }),
    svg('text', { x: left, y: top - 7 }, words),
  );
}

/** A point on each bar of the order, joined; below it the state that it leaves. */
function orderOf(
  steps: LinearizationPictureRow['partials'][number],
  bars: ReadonlyMap<number, Bar>,
  number: number,
): Drawn {
  const points: { readonly x: number; readonly y: number; readonly state: string }[] = [];
  let last = 0;
  for (const { operation, state } of steps) {
    const bar = bars.get(operation);
    if (bar === undefined) continue;
    // As early as it can be: after it was called, and after the one before.
    last = Math.min(Math.max(bar.left + POINT_GAP, last + POINT_GAP), bar.right - POINT_GAP - 2);
    points.push({ x: last, y: bar.top + BAR_HEIGHT, state });
  }
  const path = points.map(({ x, y }, i) => `${i === 0 ? 'M' : 'L'}${round(x)} ${round(y)}`).join('');
  return svg(
    'g',
    { class: number === 0 ? 'partial shown' : 'partial', 'data-partial': String(number) },
    svg('path', { d: path === '' ? 'M0 0' : path, class: 'partial-line' }),
    ...points.flatMap(({ x, y, state }, i) => [
      svg(
        'circle',
        { cx: x, cy: y, r: POINT_RADIUS, class: 'point' },
        svg('title', {}, `${i + 1}. leaves ${state}`),
      ),
      svg(
        'text',
        { x: x - POINT_RADIUS, y: y + 15, class: 'state' },
        fit(`${i + 1}→${state}`, STATE_CHARACTERS_MAX * CHARACTER_WIDTH),
      ),
    ]),
  );
}

const round = (value: number): number => Math.round(value * 10) / 10;
