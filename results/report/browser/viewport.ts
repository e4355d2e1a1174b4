/**
 * The part of the run that all charts show: one range of time, which zooming and panning move. Draws nothing.
 *
 *     viewport.zoom(0.5, viewport.middle);  // twice as near
 *     viewport.onChange(redraw);
 */

/** Nearer than this there is nothing to see: times are whole nanoseconds. */
const MIN_SPAN_NS = 1_000;

export class Viewport {
  readonly min: number;
  readonly max: number;
  #from: number;
  #to: number;
  readonly #listeners: (() => void)[] = [];

  constructor(min: number, max: number) {
    this.min = min;
    this.max = Math.max(max, min + MIN_SPAN_NS);
    this.#from = this.min;
    this.#to = this.max;
  }

  get from(): number {
    return this.#from;
  }

  get to(): number {
    return this.#to;
  }

  get span(): number {
    return this.#to - this.#from;
  }

  get middle(): number {
    return (this.#from + this.#to) / 2;
  }

  get isWhole(): boolean {
    return this.#from <= this.min && this.#to >= this.max;
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** Shows a range, widened to the smallest span and moved inside the run. */
  show(from: number, to: number): void {
    const span = Math.min(Math.max(to - from, MIN_SPAN_NS), this.max - this.min);
    const middle = (from + to) / 2;
    const start = Math.min(Math.max(middle - span / 2, this.min), this.max - span);
    if (start === this.#from && start + span === this.#to) return;
    this.#from = start;
    this.#to = start + span;
    for (const listener of this.#listeners) listener();
  }

  showWhole(): void {
    this.show(this.min, this.max);
  }

  /** @param factor - of the span: 0.5 shows half as much; `anchor` keeps its place on the screen */
  zoom(factor: number, anchor: number): void {
    const span = Math.min(Math.max(this.span * factor, MIN_SPAN_NS), this.max - this.min);
    const share = (anchor - this.#from) / this.span;
    const from = anchor - share * span;
    this.show(from, from + span);
  }

  /** @param share - of the span, positive to later times */
  pan(share: number): void {
    const distance = share * this.span;
    this.show(this.#from + distance, this.#to + distance);
  }
}
