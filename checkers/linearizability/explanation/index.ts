/** Explanations of what is not linearizable: the core of it, in words and as a picture. */
import type { Model } from '../model.ts';
import type { JudgedOperation } from '../problem.ts';
import { findCore } from './core.ts';
import type { Core, Suspicion } from './core.ts';

export { describeCore } from './describe.ts';
export type { Core } from './core.ts';
export type { Explanation } from './describe.ts';

/** All explanations of one verdict share so many steps of the search; one may take a quarter of what is left. */
const STEPS = 1 << 22;
const SHARE = 4;

/** Finds cores while there is time, so that a verdict with many anomalies is not late. */
export class Explainer {
  #steps = STEPS;
  readonly #isOverdue: () => boolean;

  constructor(isOverdue: () => boolean = () => false) {
    this.#isOverdue = isOverdue;
  }

  coreOf(model: Model, operations: readonly JudgedOperation[], suspicion: Suspicion): Core | null {
    const steps = Math.ceil(this.#steps / SHARE);
    const { core, spent } = findCore(model, operations, suspicion, { steps, isOverdue: this.#isOverdue });
    this.#steps = Math.max(0, this.#steps - spent);
    return core;
  }
}
