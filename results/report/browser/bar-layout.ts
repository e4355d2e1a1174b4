/**
 * Operations as bars, a row a process. Time is not to scale: each beginning and each end has a place of its own, so that
 * nothing is too short to be read.
 */
import type { View } from './frame.ts';
import { CHARACTER_WIDTH, fit, svg } from './svg.ts';
import type { Drawn } from './svg.ts';
import { describe } from './words.ts';

export const ROW_HEIGHT = 54;
export const BAR_HEIGHT = 24;
const TOP = 26;
const NAME_WIDTH = 92;
const STEP_MIN = 46;
const STEP_MAX = 150;
/** Wide enough for most screens; more operations make it wider, and the figure scrolls. */
const WIDTH = 1100;
/** A bar grows to show what it did, up to here. */
const LABEL_CHARACTERS_MAX = 34;
export const BADGE_RADIUS = 9;

export interface Bar {
  readonly left: number;
  readonly right: number;
  readonly top: number;
}

export interface BarLayout {
  /** By row of the operations. */
  readonly bars: ReadonlyMap<number, Bar>;
  /** Names and lines of the processes. */
  readonly lines: readonly Drawn[];
  readonly processes: number;
  readonly width: number;
  readonly height: number;
}

export function layOutBars(view: View, shown: readonly number[]): BarLayout {
  const { data, operations } = view;
  const processes = [...new Set(shown.map((row) => data.operations.process[row] as number))];
  processes.sort((a, b) => a - b);
  const columns = placesOf(view, shown);
  const bars = new Map<number, Bar>();
  for (const row of shown) {
    bars.set(row, {
      left: columns.at(operations.invocation[row] as number),
      right: columns.at(completionOf(view, row)),
      top: TOP + processes.indexOf(data.operations.process[row] as number) * ROW_HEIGHT,
    });
  }
  const lines = processes.flatMap((process, i) => {
    const y = TOP + i * ROW_HEIGHT + BAR_HEIGHT / 2;
    return [
      svg('line', { x1: NAME_WIDTH, x2: columns.width, y1: y, y2: y, class: 'row-line' }),
      svg('text', { x: 0, y: y + 4, class: 'row-name' }, fit(`process ${process}`, NAME_WIDTH - 6)),
    ];
  });
  const height = TOP + processes.length * ROW_HEIGHT;
  return { bars, lines, processes: processes.length, width: columns.width, height };
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
