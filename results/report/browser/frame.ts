/**
 * What a chart draws on, and what it knows: no document here, so that a chart is drawn on a canvas of the page and,
 * for a README or a ticket, into an SVG (results/report/elsewhere/).
 *
 * A chart is a {@link Panel}: a height, a way to draw itself into a {@link Frame}, and what lies under a point.
 */
import type { ReportData, WitnessEvent } from '../report-data.ts';
import type { Operations } from './operations.ts';
import { faultColour } from './theme.ts';
import type { Theme } from './theme.ts';
import { linearTicks } from './ticks.ts';
import type { Ticks } from './ticks.ts';
import type { Viewport } from './viewport.ts';

/** Room for row names on the left, CSS pixels; the same in all panels so that their times align. */
export const GUTTER = 120;
export const MARGIN_RIGHT = 14;
const TICK_EVERY_PX = 110;
export const FONT = '12px system-ui, sans-serif';
export const SMALL_FONT = '11px system-ui, sans-serif';

/** A colour, or what {@link Frame.hatch} made. */
export type Ink = string | object;

/** The part of CanvasRenderingContext2D that charts use. */
export interface Pen {
  fillStyle: Ink;
  strokeStyle: Ink;
  lineWidth: number;
  globalAlpha: number;
  font: string;
  textAlign: 'left' | 'right' | 'center' | 'start' | 'end';
  textBaseline: 'middle' | 'top' | 'bottom' | 'alphabetic' | 'hanging' | 'ideographic';
  fillRect(x: number, y: number, width: number, height: number): void;
  strokeRect(x: number, y: number, width: number, height: number): void;
  fillText(text: string, x: number, y: number): void;
  measureText(text: string): { readonly width: number };
  beginPath(): void;
  moveTo(x: number, y: number): void;
  lineTo(x: number, y: number): void;
  arc(x: number, y: number, radius: number, from: number, to: number): void;
  rect(x: number, y: number, width: number, height: number): void;
  closePath(): void;
  fill(): void;
  stroke(): void;
  clip(): void;
  save(): void;
  restore(): void;
  setLineDash(lengths: number[]): void;
}

export interface Frame {
  readonly pen: Pen;
  readonly theme: Theme;
  readonly width: number;
  readonly height: number;
  /** Where the plot begins and ends, CSS pixels. */
  readonly left: number;
  readonly right: number;
  x(time: number): number;
  time(x: number): number;
  /** Diagonal lines in one colour: reads as "not known" and "not there" without its colour. */
  hatch(colour: string, background: string): Ink;
  /** Marks of the axis of time. */
  readonly ticks: Ticks;
}

/** What all charts of a report share: the data, the range of time, what is selected and in focus. */
export interface View {
  readonly data: ReportData;
  readonly operations: Operations;
  readonly viewport: Viewport;
  /** Of faults, in the order of their first use. */
  readonly kinds: readonly string[];
  /** Only operations on this key stand out; −1: all. */
  readonly keyFilter: number;
  /** The operation whose details are shown; −1: none. */
  readonly selected: number;
  /** Rows of the witness of the anomaly in focus, ascending. */
  readonly witness: readonly number[];
  /** Of the same anomaly: what is no client operation. */
  readonly events: readonly WitnessEvent[];
  /** Rows of all witnesses. */
  readonly allWitnesses: ReadonlySet<number>;
  isShown(row: number): boolean;
}

/** What lies under a point: lines of a tooltip, the first in bold; the operation, if it is one. */
export interface Hit {
  readonly lines: readonly string[];
  readonly operation?: number;
}

export interface Panel {
  /** For readers who do not see it. */
  readonly label: string;
  readonly height: number;
  /** Fault windows are shaded behind it. */
  readonly isShaded: boolean;
  draw(frame: Frame): void;
  hit?(frame: Frame, x: number, y: number): Hit | null;
}

/** @param width - CSS pixels, row names included */
export function frameOf(
  pen: Pen,
  { viewport: { from, span } }: View,
  { theme, width, height, hatch }: Pick<Frame, 'theme' | 'width' | 'height' | 'hatch'>,
): Frame {
  const left = GUTTER;
  const right = width - MARGIN_RIGHT;
  return {
    ...{ pen, theme, width, height, left, right, hatch },
    x: (time) => left + ((time - from) / span) * (right - left),
    time: (x) => from + ((x - left) / (right - left)) * span,
    ticks: linearTicks(from / 1e9, (from + span) / 1e9, (right - left) / TICK_EVERY_PX),
  };
}

export function drawPanel(panel: Panel, frame: Frame, view: View): void {
  frame.pen.font = FONT;
  frame.pen.textBaseline = 'middle';
  if (panel.isShaded) {
    drawGrid(frame);
    shade(frame, view);
  }
  panel.draw(frame);
}

function drawGrid({ pen, theme, height, ticks, x }: Frame): void {
  pen.fillStyle = theme.band;
  for (const seconds of ticks.values) pen.fillRect(Math.round(x(seconds * 1e9)), 0, 1, height);
}

/** Fault windows behind a chart, in the colour of their kind. */
function shade({ pen, theme, height, left, right, x }: Frame, { data, kinds }: View): void {
  for (const fault of data.faults) {
    const from = Math.max(left, x(fault.start));
    const to = Math.min(right, x(fault.end ?? data.duration));
    if (to < left || from > right) continue;
    pen.fillStyle = faultColour(theme, kinds.indexOf(fault.fault));
    if (fault.instant) {
      pen.globalAlpha = 0.6;
      for (let y = 0; y < height; y += 6) pen.fillRect(from - 0.5, y, 1, 3);
    } else {
      pen.globalAlpha = fault.tookEffect === false ? 0.03 : 0.09;
      pen.fillRect(from, 0, Math.max(1, to - from), height);
      pen.globalAlpha = 0.35;
      pen.fillRect(from - 0.5, 0, 1, height);
      pen.fillRect(to - 0.5, 0, 1, height);
    }
    pen.globalAlpha = 1;
  }
}

/** Cuts a text to a width in CSS pixels; empty when nothing of it fits. */
export function fitText(pen: Pen, text: string, width: number): string {
  if (width < 12) return '';
  // Long before it could fit: measuring is what costs.
  let shown = text.slice(0, Math.ceil(width / 3));
  if (shown.length === text.length && pen.measureText(text).width <= width) return text;
  while (shown.length > 0 && pen.measureText(`${shown}…`).width > width) {
    shown = shown.slice(0, Math.min(shown.length - 1, Math.floor(shown.length * 0.9)));
  }
  return shown.length < 2 ? '' : `${shown}…`;
}

/** Cuts a name in its middle: `__consumer_offsets-12` ends in what tells it apart. */
export function fitName(pen: Pen, name: string, width: number): string {
  // As in fitText: nothing long is measured.
  const most = Math.ceil(width / 3);
  if (name.length <= most && pen.measureText(name).width <= width) return name;
  for (let kept = Math.min(name.length - 1, most); kept >= 4; kept--) {
    const tail = Math.floor(kept / 2);
    const shown = `${name.slice(0, kept - tail)}…${name.slice(-tail)}`;
    if (pen.measureText(shown).width <= width) return shown;
  }
  return '';
}

/** A row's name, right-aligned in the gutter. */
export function drawRowName(
  { pen, theme, left }: Frame,
  text: string,
  y: number,
  colour = theme.muted,
): void {
  pen.fillStyle = colour;
  pen.textAlign = 'right';
  pen.fillText(fitName(pen, text, GUTTER - 14), left - 8, y);
  pen.textAlign = 'left';
}

/** Draws inside the plot only. */
export function clipToPlot({ pen, left, right, height }: Frame, draw: () => void): void {
  pen.save();
  pen.beginPath();
  pen.rect(left, 0, right - left, height);
  pen.clip();
  draw();
  pen.restore();
}
