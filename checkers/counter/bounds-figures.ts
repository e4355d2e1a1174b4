/**
 * What the reads of counters and their bounds come to: points for a plot, and how far outside the worst read lies.
 *
 *     bounds: [{ counter: 'x', timeNs: 5e6, lower: 3, value: 3, upper: 8 }, …]   in the order of completion, thinned out
 *     worst: { operation: 17, error: -5, relativeError: 0.8, … }                  null while all are within
 */
import type { Operation } from '../../harness/history/operation.ts';
import { Series } from '../findings/figures.ts';

export interface CountRead {
  readonly invocation: Operation;
  readonly completion: Operation;
  readonly value: number;
  /** What was certainly counted when it was invoked, and what can have been when it completed. */
  readonly lower: number;
  readonly upper: number;
  /** All that can have been added, and subtracted, when it completed. */
  readonly highestSum: number;
  readonly lowestSum: number;
  /** Something had been acknowledged when it was invoked. */
  readonly hadAcknowledged: boolean;
  /** The highest count that had been read when it was invoked. */
  readonly highest: CountRead | null;
}

interface Bound {
  readonly counter: string;
  readonly timeNs: number;
  readonly lower: number;
  readonly value: number;
  readonly upper: number;
}

interface Worst extends Bound {
  readonly operation: number;
  /** How far above the upper bound; negative: below the lower. */
  readonly error: number;
  /** Its size as a share of the middle between the bounds; null where that is 0. */
  readonly relativeError: number | null;
}

export class BoundsFigures {
  readonly #bounds = new Series<Bound>();
  #outside = 0;
  #worst: Worst | null = null;
  #widest = 0;

  add(counter: string, { completion, lower, value, upper }: CountRead): void {
    const bound = { counter, timeNs: completion.time, lower, value, upper };
    this.#bounds.add(bound);
    this.#widest = Math.max(this.#widest, upper - lower);
    const error = value > upper ? value - upper : value < lower ? value - lower : 0;
    if (error === 0) return;
    this.#outside++;
    if (Math.abs(error) <= Math.abs(this.#worst?.error ?? 0)) return;
    const middle = (lower + upper) / 2;
    const relativeError = middle === 0 ? null : Math.abs(error / middle);
    this.#worst = { ...bound, operation: completion.index, error, relativeError };
  }

  toJson() {
    return {
      outside: this.#outside,
      worst: this.#worst === null ? null : { ...this.#worst },
      widest: this.#widest,
      bounds: this.#bounds.points.map((point) => ({ ...point })),
    };
  }
}
