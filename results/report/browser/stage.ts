/**
 * The charts of a page: what they share ({@link View}), and one redraw a frame. It gives each panel a canvas in device
 * pixels, and redraws only those in sight.
 */
import type { ReportData, WitnessEvent } from '../report-data.ts';
import { element } from './dom.ts';
import { drawPanel, frameOf, GUTTER, MARGIN_RIGHT } from './frame.ts';
import type { Frame, Hit, Panel, View } from './frame.ts';
import type { Operations } from './operations.ts';
import { hatching, readTheme } from './page-theme.ts';
import { faultKinds } from './theme.ts';
import type { Theme } from './theme.ts';
import { Viewport } from './viewport.ts';

/** Device pixels for one: printers have more than most screens. */
const PAPER_RATIO = 3;

interface Mounted {
  readonly panel: Panel;
  readonly canvas: HTMLCanvasElement;
  isInSight: boolean;
}

export class Stage implements View {
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
    const mounted: Mounted = { panel, canvas, isInSight: false };
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
      fitCanvas(canvas, frame, isWhole ? Math.max(PAPER_RATIO, devicePixelRatio) : devicePixelRatio);
      drawPanel(panel, frame, this);
    }
    this.#frames++;
    document.documentElement.dataset['frames'] = String(this.#frames);
    for (const listener of this.#afterDraw) listener();
  }

  #frame(canvas: HTMLCanvasElement, panel: Panel): Frame | null {
    const pen = canvas.getContext('2d');
    const width = canvas.clientWidth;
    if (pen === null || width <= GUTTER + MARGIN_RIGHT) return null;
    const hatch = (colour: string, background: string) => hatching(pen, colour, background);
    return frameOf(pen, this, { theme: this.theme, width, height: panel.height, hatch });
  }
}

/** As many device pixels as it covers, and nothing on them. */
function fitCanvas(canvas: HTMLCanvasElement, { width, height }: Frame, ratio: number): void {
  const [deviceWidth, deviceHeight] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== deviceWidth || canvas.height !== deviceHeight) {
    canvas.width = deviceWidth;
    canvas.height = deviceHeight;
  }
  const pen = canvas.getContext('2d');
  pen?.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen?.clearRect(0, 0, width, height);
}
