/**
 * Charts over stretches of time, as SVG without a script: stacked bars of counts, or medians with the reach of what they are of. Colours are
 * classes of style.ts. Each stretch has a title that says its figures; a table beside says them all.
 */
import { type Html, html } from './html.ts';

export interface Slot {
  /** What it is, with its figures: `2026-11-28: 3 invalid of 40`. */
  readonly title: string;
  /** Where its runs are; null where there are none. */
  readonly address: string | null;
}

export interface Bars {
  /** Class of each layer, from the bottom. */
  readonly layers: readonly string[];
  /** A count for each layer, for each slot. */
  readonly counts: readonly (readonly number[])[];
}

/** A median and how far the others lie; null where nothing is known. */
export type Reach = { readonly median: number; readonly min: number; readonly max: number } | null;

const WIDTH = 1000;
const HEIGHT = 190;
const LEFT = 70;
const RIGHT = 10;
const TOP = 12;
const BOTTOM = 26;
const LABELS_MAX = 8;
const DOT_RADIUS = 3.5;

interface Frame {
  readonly label: string;
  readonly slots: readonly Slot[];
  /** Of the axis of time, one a slot. */
  readonly times: readonly string[];
  readonly max: number;
  readonly min?: number;
  readonly tick: (value: number) => string;
  /** The keyboard stops at its slots: of several charts of the same runs one is enough. */
  readonly isReached?: boolean;
}

export function barChart(frame: Omit<Frame, 'max' | 'tick'>, { layers, counts }: Bars): Html {
  const max = roundUp(Math.max(...counts.map((each) => each.reduce((sum, count) => sum + count, 0))));
  const width = slotWidth(frame.slots.length);
  const bars = counts.map((each, i) => {
    let below = 0;
    return each.map((count, layer) => {
      if (count === 0) return null;
      const top = yOf(below + count, 0, max);
      const height = yOf(below, 0, max) - top;
      below += count;
      return html`<rect
        class="${layers[layer]}"
        x="${fixed(xOf(i, width) + width * 0.1)}"
        y="${fixed(top)}"
        width="${fixed(width * 0.8)}"
        height="${fixed(height)}"
      />`;
    });
  });
  const tick = (value: number): string => (Number.isInteger(value) ? value.toLocaleString('en-US') : '');
  return chart({ ...frame, max, tick }, bars);
}

export function reachChart(
  frame: Omit<Frame, 'max'> & { readonly max?: number },
  tone: string,
  reaches: readonly Reach[],
): Html {
  const { min = 0 } = frame;
  const max = frame.max ?? roundUp(Math.max(0, ...reaches.map((reach) => reach?.max ?? 0)));
  const width = slotWidth(frame.slots.length);
  const centre = (i: number): string => fixed(xOf(i, width) + width / 2);
  const line = reaches.flatMap((reach, i) =>
    reach === null ? [] : [`${centre(i)},${fixed(yOf(reach.median, min, max))}`],
  );
  const dots = reaches.map(
    (reach, i) =>
      reach !== null &&
      html`<line
          class="${tone} reach"
          x1="${centre(i)}"
          x2="${centre(i)}"
          y1="${fixed(yOf(reach.min, min, max))}"
          y2="${fixed(yOf(reach.max, min, max))}"
        /><circle
          class="${tone}"
          cx="${centre(i)}"
          cy="${fixed(yOf(reach.median, min, max))}"
          r="${DOT_RADIUS}"
        />`,
  );
  return chart({ ...frame, max }, [html`<polyline class="${tone} path" points="${line.join(' ')}" />`, dots]);
}

function chart(
  { label, slots, times, max, min = 0, tick, isReached = false }: Frame,
  marks: Parameters<typeof html>[1],
): Html {
  const width = slotWidth(slots.length);
  const grid = [0, 0.5, 1].map((share) => {
    const value = min + share * (max - min);
    const y = fixed(yOf(value, min, max));
    return html`<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y}" y2="${y}" /><text
        x="${LEFT - 8}"
        y="${y}"
        dy="4"
        text-anchor="end"
        >${tick(value)}</text
      >`;
  });
  const step = Math.ceil(slots.length / LABELS_MAX);
  const labels = times.map(
    (time, i) =>
      i % step === 0 &&
      html`<text x="${fixed(xOf(i, width) + width / 2)}" y="${HEIGHT - 8}" text-anchor="middle"
        >${time}</text
      >`,
  );
  // Above all else: where one points, and what the keyboard reaches.
  const reach = isReached ? null : html`tabindex="-1"`;
  const links = slots.map(({ title, address }, i) => {
    const slot = html`<rect
      class="slot"
      x="${fixed(xOf(i, width))}"
      y="${TOP}"
      width="${fixed(width)}"
      height="${HEIGHT - TOP - BOTTOM}"
    >
      <title>${title}</title>
    </rect>`;
    return address === null ? slot : html`<a href="${address}" aria-label="${title}" ${reach}>${slot}</a>`;
  });
  return html`<svg class="chart" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="group" aria-label="${label}">
    <g aria-hidden="true">${grid}${marks}${labels}</g>
    ${links}
  </svg>`;
}

const slotWidth = (count: number): number => (WIDTH - LEFT - RIGHT) / Math.max(1, count);
const xOf = (slot: number, width: number): number => LEFT + slot * width;
const yOf = (value: number, min: number, max: number): number =>
  TOP + (1 - (value - min) / (max - min)) * (HEIGHT - TOP - BOTTOM);
const fixed = (value: number): string => value.toFixed(1);

/** To 1, 2, 5 or 10 and noughts; 1 for nothing. */
function roundUp(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 5, 10].find((step) => step * power >= value) ?? 10) * power;
}
