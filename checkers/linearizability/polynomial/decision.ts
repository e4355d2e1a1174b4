/**
 * What a decider says of a partition: a test of linearizability in O(n log n) that is exact where its precondition
 * holds, and says so where it does not.
 *
 *     decideRegister(casRegister, operations, 'x')
 *     // { outcome: 'legal', algorithm: 'Gibbons-Korach zones', because: 'every value that was seen …', … }
 */
import type { Refutation } from '../lineage.ts';
import type { Model } from '../model.ts';
import type { JudgedOperation } from '../problem.ts';

export interface Decision {
  /** `inapplicable`: the precondition does not hold, or the decider found neither an order nor a contradiction. */
  readonly outcome: 'legal' | 'illegal' | 'inapplicable';
  /** By the name of the literature. */
  readonly algorithm: string;
  /** The precondition that was verified; where it is inapplicable, what of it does not hold. Part of a sentence. */
  readonly because: string;
  /** The operations that contradict each other; null unless it is illegal. */
  readonly refutation: Refutation | null;
}

/** Time is up before a decider was done. */
export class OutOfTime extends Error {
  override readonly name = 'OutOfTime';
}

/**
 * @param name - of the object, in sentences
 * @param pause - called between the passes over large partitions; throws OutOfTime
 */
export type Decider = (
  model: Model,
  operations: readonly JudgedOperation[],
  name: string,
  pause: () => void,
) => Decision;

/** What one decider answers: its algorithm stands in all of them. */
export class Answers {
  readonly #algorithm: string;

  constructor(algorithm: string) {
    this.#algorithm = algorithm;
  }

  legal(because: string): Decision {
    return { outcome: 'legal', algorithm: this.#algorithm, because, refutation: null };
  }

  illegal(because: string, refutation: Refutation): Decision {
    return { outcome: 'illegal', algorithm: this.#algorithm, because, refutation };
  }

  inapplicable(because: string): Decision {
    return { outcome: 'inapplicable', algorithm: this.#algorithm, because, refutation: null };
  }
}
