/**
 * What all charts of a report share: the data, the range of time, what is selected, and one redraw a frame.
 *
 * A chart is a {@link Panel}: a height, a way to draw itself into a {@link Frame}, and what lies under a point. The
 * stage gives it a canvas in device pixels, and redraws only those in sight.
 */
import type { ReportData, WitnessEvent } from '../report-data.ts';
import { element } from './dom.ts';
import type { Operations } from './operations.ts';
import { faultColour, faultKinds, readTheme } from './theme.ts';
import type { Theme } from './theme.ts';
import { linearTicks } from './ticks.ts';
import type { Ticks } from './ticks.ts';
import { Viewport } from './viewport.ts';

/** Room for row names on the left, CSS pixels; the same in all panels so that their times align. */
export const GUTTER = 120;
export const MARGIN_RIGHT = 14;
const TICK_EVERY_PX = 110;
export const FONT = '12px system-ui, sans-serif';
export const SMALL_FONT = '11px system-ui, sans-serif';

export interface Frame {
  readonly pen: CanvasRenderingContext2D;
  readonly theme: Theme;
  readonly width: number;
  readonly height: number;
  /** Where the plot begins and ends, CSS pixels. */
  readonly left: number;
  readonly right: number;
  x(time: number): number;
  time(x: number): number;
  /** Marks of the axis of time. */
  readonly ticks: Ticks;
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

interface Mounted {
  readonly panel: Panel;
  readonly canvas: HTMLCanvasElement;
  isInSight: boolean;
}

export class Stage {
  readonly data: ReportData;
  readonly operations: Operations;
  readonly viewport: Viewport;
  readonly kinds: readonly string[];
  theme: Theme = readTheme();
  /** Only operations on this key stand out; −1: all. */
  keyFilter = -1;
  /** The operation whose details are shown; −1: none. */
  selected = -1;
  /** Rows of the witness of the anomaly in focus, ascending. */
  witness: readonly number[] = [];
  /** Of the same anomaly: what is no client operation. */
  events: readonly WitnessEvent[] = [];
  /** Rows of all witnesses. */
  readonly allWitnesses: ReadonlySet<number>;
  readonly #mounted: Mounted[] = [];
  readonly #afterDraw: (() => void)[] = [];
  #isScheduled = false;
  #frames = 0;

  constructor(data: ReportData, operations: Operations) {
    this.data = data;
    this.operations = operations;
    this.viewport = new Viewport(0, data.duration);
    this.viewport.onChange(() => this.schedule());
    this.kinds = faultKinds(data);
    this.allWitnesses = new Set(data.anomalies.flatMap((anomaly) => anomaly.operations));
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.restyle());
    addEventListener('beforeprint', () => {
      document.documentElement.classList.add('print');
      this.theme = readTheme();
      this.#draw(true);
    });
    addEventListener('afterprint', () => {
      document.documentElement.classList.remove('print');
      this.restyle();
    });
  }

  isShown(row: number): boolean {
    return this.keyFilter < 0 || this.operations.key[row] === this.keyFilter;
  }

  restyle(): void {
    this.theme = readTheme();
    this.schedule();
  }

  mount(panel: Panel): HTMLCanvasElement {
    const canvas = element('canvas', { role: 'img', 'aria-label': panel.label });
    canvas.style.height = `${panel.height}px`;
    const mounted: Mounted = { panel, canvas, isInSight: true };
    this.#mounted.push(mounted);
    new ResizeObserver(() => this.schedule()).observe(canvas);
    new IntersectionObserver(
      ([entry]) => {
        mounted.isInSight = entry?.isIntersecting ?? true;
        if (mounted.isInSight) this.schedule();
      },
      { rootMargin: '200px' },
    ).observe(canvas);
    return canvas;
  }

  /** Called after each frame. */
  onDrawn(listener: () => void): void {
    this.#afterDraw.push(listener);
  }

  /** Redraws in the next frame, once however often it is called. */
  schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    requestAnimationFrame(() => {
      this.#isScheduled = false;
      this.#draw(false);
    });
  }

  hit(panel: Panel, canvas: HTMLCanvasElement, x: number, y: number): Hit | null {
    const frame = this.#frame(canvas, panel);
    return frame === null || panel.hit === undefined ? null : panel.hit(frame, x, y);
  }

  #draw(isWhole: boolean): void {
    for (const { panel, canvas, isInSight } of this.#mounted) {
      if (!isInSight && !isWhole) continue;
      const frame = this.#frame(canvas, panel);
      if (frame === null) continue;
      fitCanvas(canvas, frame);
      frame.pen.clearRect(0, 0, frame.width, frame.height);
      if (panel.isShaded) {
        drawGrid(frame);
        this.#shade(frame);
      }
      panel.draw(frame);
    }
    this.#frames++;
    document.documentElement.dataset['frames'] = String(this.#frames);
    for (const listener of this.#afterDraw) listener();
  }

  #frame(canvas: HTMLCanvasElement, panel: Panel): Frame | null {
    const pen = canvas.getContext('2d');
    const width = canvas.clientWidth;
    if (pen === null || width <= GUTTER + MARGIN_RIGHT) return null;
    const left = GUTTER;
    const right = width - MARGIN_RIGHT;
    const { from, span } = this.viewport;
    return {
      pen,
      theme: this.theme,
      width,
      height: panel.height,
      left,
      right,
      x: (time) => left + ((time - from) / span) * (right - left),
      time: (x) => from + ((x - left) / (right - left)) * span,
      ticks: linearTicks(from / 1e9, (from + span) / 1e9, (right - left) / TICK_EVERY_PX),
    };
  }

  /** Fault windows behind a chart, in the colour of their kind. */
  #shade({ pen, theme, height, left, right, x }: Frame): void {
    for (const fault of this.data.faults) {
      const from = Math.max(left, x(fault.start));
      const to = Math.min(right, x(fault.end ?? this.data.duration));
      if (to < left || from > right) continue;
      const colour = faultColour(theme, this.kinds.indexOf(fault.fault));
      pen.fillStyle = colour;
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
}

function drawGrid({ pen, theme, height, ticks, x }: Frame): void {
  pen.fillStyle = theme.band;
  for (const seconds of ticks.values) pen.fillRect(Math.round(x(seconds * 1e9)), 0, 1, height);
}

function fitCanvas(canvas: HTMLCanvasElement, { pen, width, height }: Frame): void {
  const ratio = devicePixelRatio;
  const [deviceWidth, deviceHeight] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== deviceWidth || canvas.height !== deviceHeight) {
    canvas.width = deviceWidth;
    canvas.height = deviceHeight;
  }
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.font = FONT;
  pen.textBaseline = 'middle';
}

/** Cuts a text to a width in CSS pixels; empty when nothing of it fits. */
export function fitText(pen: CanvasRenderingContext2D, text: string, width: number): string {
  if (width < 12) return '';
  // Long before it could fit: measuring is what costs.
  let shown = text.slice(0, Math.ceil(width / 3));
  if (shown.length === text.length && pen.measureText(text).width <= width) return text;
  while (shown.length > 0 && pen.measureText(`${shown}…`).width > width) {
    shown = shown.slice(0, Math.min(shown.length - 1, Math.floor(shown.length * 0.9)));
  }
  return shown.length < 2 ? '' : `${shown}…`;
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
  pen.fillText(fitText(pen, text, GUTTER - 14), left - 8, y);
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
