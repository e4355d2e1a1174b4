/**
 * Deciders: special cases in which linearizability is decided in O(n log n). Each verifies its precondition on the
 * operations of a partition; where it does not hold, the search decides.
 *
 * A model is known by its `step`, so that one with another initial state is known as well, and a user's model of
 * the same name is not.
 */
import type { Model } from '../model.ts';
import { register } from '../models/index.ts';
import type { JudgedOperation } from '../problem.ts';
import type { Decider, Decision } from './decision.ts';
import { decideRegister } from './register.ts';

export type { Decision } from './decision.ts';

const deciders: ReadonlyMap<Model['step'], readonly Decider[]> = new Map([
  // Also that of a register with compare-and-set.
  [register.step, [decideRegister]],
]);

/**
 * The first decision of those that know the model; null when there is none, and the search has to decide.
 *
 * @param name - of the object, in sentences
 */
export function decide(model: Model, operations: readonly JudgedOperation[], name: string): Decision | null {
  for (const decider of deciders.get(model.step) ?? []) {
    const decision = decider(model, operations, name);
    if (decision.outcome !== 'inapplicable') return decision;
  }
  return null;
}
