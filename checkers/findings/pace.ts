/**
 * Asks now and then whether time is up, and says how far the check is.
 *
 *     const pace = new Pace(input, history.length);
 *     for (const operation of history.operations) {
 *       if (pace.spend(1)) break; // pace.isOverdue
 *       …
 *     }
 */
import type { CheckInput } from '../checker.ts';

/** Units of work between two questions: about a millisecond. */
const UNITS_BETWEEN_QUESTIONS = 1 << 16;

export class Pace {
  readonly #input: CheckInput;
  #totalUnits: number;
  #spentUnits = 0;
  #nextQuestion = UNITS_BETWEEN_QUESTIONS;
  #isOverdue: boolean;

  constructor(input: CheckInput, totalUnits: number) {
    this.#input = input;
    this.#totalUnits = totalUnits;
    this.#isOverdue = input.isOverdue?.() === true;
  }

  get isOverdue(): boolean {
    return this.#isOverdue;
  }

  /** There is more to do than was said in the beginning. */
  expect(units: number): void {
    this.#totalUnits += units;
  }

  /** True once time is up. A unit is some nanoseconds: an element of a read, a step of a loop. */
  spend(units: number): boolean {
    this.#spentUnits += units;
    if (this.#spentUnits >= this.#nextQuestion) {
      this.#nextQuestion = this.#spentUnits + UNITS_BETWEEN_QUESTIONS;
      this.#input.onProgress?.(Math.min(1, this.#spentUnits / Math.max(1, this.#totalUnits)));
      if (this.#input.isOverdue?.() === true) this.#isOverdue = true;
    }
    return this.#isOverdue;
  }

  /** Why the verdict is unknown. */
  get reason(): string | undefined {
    return this.#isOverdue ? 'the time budget ended before the history did: allow more time' : undefined;
  }
}
