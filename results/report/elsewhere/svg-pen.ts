/**
 * A pen that writes SVG: charts draw with it as on a canvas, and what they drew is a list of elements.
 *
 *     const pen = new SvgPen('c1');
 *     drawPanel(panel, frameOf(pen, view, …), view);
 *     pen.elements
 *
 * It knows what charts use of a canvas, and no more. Texts are measured by a table of widths, since there is no font here.
 */
import type { Ink, Pen } from '../browser/frame.ts';
import { svg } from '../browser/svg.ts';
import type { Drawn } from '../browser/svg.ts';

interface State {
  fillStyle: Ink;
  strokeStyle: Ink;
  lineWidth: number;
  globalAlpha: number;
  font: string;
  textAlign: Pen['textAlign'];
  textBaseline: Pen['textBaseline'];
}

const HATCH_SIZE = 6;
/** From the middle of a line of text to its baseline, as a share of the font's size. */
const MIDDLE_TO_BASELINE = 0.35;
const ANCHORS: Readonly<Record<Pen['textAlign'], string>> = {
  left: 'start',
  start: 'start',
  right: 'end',
  end: 'end',
  center: 'middle',
};

export class SvgPen implements Pen, State {
  fillStyle: Ink = '#000000';
  strokeStyle: Ink = '#000000';
  lineWidth = 1;
  globalAlpha = 1;
  font = '12px sans-serif';
  textAlign: Pen['textAlign'] = 'left';
  textBaseline: Pen['textBaseline'] = 'middle';
  readonly elements: Drawn[] = [];
  readonly #id: string;
  readonly #definitions: Drawn[] = [];
  readonly #patterns = new Map<object, string>();
  readonly #states: { readonly state: State; readonly target: Drawn[] }[] = [];
  #target = this.elements;
  #path = '';
  #dashes: readonly number[] = [];

  /** @param id - apart from those of other pens whose elements come into the same file */
  constructor(id: string) {
    this.#id = id;
    this.elements.push(svg('defs', {}));
  }

  hatch(colour: string, background: string): Ink {
    const id = `${this.#id}-hatch-${this.#patterns.size}`;
    const line = `M-1 ${HATCH_SIZE + 1}L${HATCH_SIZE + 1} -1M-1 1L1 -1M${HATCH_SIZE - 1} ${HATCH_SIZE + 1}L${HATCH_SIZE + 1} ${HATCH_SIZE - 1}`;
    this.#define(
      svg(
        'pattern',
        { id, width: HATCH_SIZE, height: HATCH_SIZE, patternUnits: 'userSpaceOnUse' },
        svg('rect', { width: HATCH_SIZE, height: HATCH_SIZE, fill: background }),
        svg('path', { d: line, stroke: colour, 'stroke-width': 2, fill: 'none' }),
      ),
    );
    const ink = {};
    this.#patterns.set(ink, `url(#${id})`);
    return ink;
  }

  fillRect(x: number, y: number, width: number, height: number): void {
    if (width > 0 && height > 0) this.#add(svg('rect', { x, y, width, height, ...this.#filled() }));
  }

  strokeRect(x: number, y: number, width: number, height: number): void {
    this.#add(svg('rect', { x, y, width, height, ...this.#stroked() }));
  }

  fillText(text: string, x: number, y: number): void {
    if (text === '') return;
    const size = this.#fontSize();
    this.#add(
      svg(
        'text',
        {
          x,
          y: y + (this.textBaseline === 'middle' ? size * MIDDLE_TO_BASELINE : 0),
          'font-size': size,
          ...(this.font.startsWith('bold') ? { 'font-weight': 'bold' } : {}),
          ...(ANCHORS[this.textAlign] === 'start' ? {} : { 'text-anchor': ANCHORS[this.textAlign] }),
          ...this.#filled(),
        },
        text,
      ),
    );
  }

  measureText(text: string): { readonly width: number } {
    return { width: textWidth(text) * this.#fontSize() };
  }

  beginPath(): void {
    this.#path = '';
  }

  moveTo(x: number, y: number): void {
    this.#path += `M${round(x)} ${round(y)}`;
  }

  lineTo(x: number, y: number): void {
    this.#path += `L${round(x)} ${round(y)}`;
  }

  /** Whole circles only: charts draw no others. */
  arc(x: number, y: number, radius: number): void {
    const r = round(radius);
    this.#path += `M${round(x - radius)} ${round(y)}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0`;
  }

  rect(x: number, y: number, width: number, height: number): void {
    this.#path += `M${round(x)} ${round(y)}h${round(width)}v${round(height)}h${round(-width)}Z`;
  }

  closePath(): void {
    this.#path += 'Z';
  }

  fill(): void {
    if (this.#path !== '') this.#add(svg('path', { d: this.#path, ...this.#filled() }));
  }

  stroke(): void {
    if (this.#path !== '') this.#add(svg('path', { d: this.#path, ...this.#stroked() }));
  }

  clip(): void {
    const id = `${this.#id}-clip-${this.#definitions.length}`;
    this.#define(svg('clipPath', { id }, svg('path', { d: this.#path })));
    const group = svg('g', { 'clip-path': `url(#${id})` });
    this.#add(group);
    this.#target = group.children as Drawn[];
  }

  save(): void {
    const { fillStyle, strokeStyle, lineWidth, globalAlpha, font, textAlign, textBaseline } = this;
    const state = { fillStyle, strokeStyle, lineWidth, globalAlpha, font, textAlign, textBaseline };
    this.#states.push({ state, target: this.#target });
  }

  restore(): void {
    const saved = this.#states.pop();
    if (saved === undefined) return;
    Object.assign(this, saved.state);
    this.#target = saved.target;
  }

  setLineDash(lengths: number[]): void {
    this.#dashes = [...lengths];
  }

  #add(element: Drawn): void {
    this.#target.push(element);
  }

  #define(definition: Drawn): void {
    this.#definitions.push(definition);
    this.elements[0]?.children.push(definition);
  }

  #ink(ink: Ink): string {
    return typeof ink === 'string' ? ink : (this.#patterns.get(ink) ?? 'none');
  }

  #filled() {
    const opacity = this.globalAlpha === 1 ? {} : { 'fill-opacity': String(this.globalAlpha) };
    return { fill: this.#ink(this.fillStyle), ...opacity };
  }

  #stroked() {
    return {
      fill: 'none',
      stroke: this.#ink(this.strokeStyle),
      'stroke-width': String(this.lineWidth),
      ...(this.globalAlpha === 1 ? {} : { 'stroke-opacity': String(this.globalAlpha) }),
      ...(this.#dashes.length === 0 ? {} : { 'stroke-dasharray': this.#dashes.join(' ') }),
    };
  }

  #fontSize(): number {
    return Number(/(\d+)px/.exec(this.font)?.[1] ?? 12);
  }
}

/** Of a sans-serif font, in ems, rather too wide than too narrow: what does not fit would be drawn over something else. */
function textWidth(text: string): number {
  let width = 0;
  for (const character of text) {
    if (/[ijl.,:;'|!]/.test(character)) width += 0.33;
    else if (/[ frt()[\]{}/-]/.test(character)) width += 0.42;
    else if (/[mwMW@%]/.test(character)) width += 0.95;
    else if (character >= '\u2e80') width += 1;
    else if (/[A-Z]/.test(character)) width += 0.72;
    else width += 0.62;
  }
  return width;
}

const round = (value: number): number => Math.round(value * 10) / 10;
