/**
 * Models whose calls may lead to one of several states: a draw whose outcome nobody saw, a cache that may forget.
 *
 *     const cache = deterministic({
 *       name: 'cache', summary: 'a register that may forget', init: null,
 *       functions: { read: { reads: true }, write: {}, pass: {} },
 *       check: () => null,
 *       step: (state, call) =>
 *         call.f === 'read' ? (sameJson(state, call.result) ? [state] : [])
 *         : call.f === 'write' ? [call.argument] : [state, null],
 *       …
 *     });
 *
 * The search knows deterministic models only; here a state of such a model is the set of all states in which the object
 * may be, as in Porcupine. A read narrows it, so that reads branch where they do not elsewhere: where the choices can be
 * put into a state of their own, as in `unordered-queue`, that is faster.
 */
import type { Json } from '../../harness/history/operation.ts';
import { canonicalJson } from './model.ts';
import type { Call, Model } from './model.ts';

export interface NondeterministicModel extends Omit<Model, 'step' | 'lineage' | 'stateSeen' | 'configure'> {
  /** All states in which the call can leave the object; none when it cannot have that outcome in this state. Pure. */
  step(state: Json, call: Call): readonly Json[];
}

/** States that a sentence lists. */
const MAX_STATES_TOLD = 3;

/** The model of the sets of its states. */
export function deterministic(model: NondeterministicModel): Model {
  return {
    ...model,
    init: [model.init],
    step: (states, call) => {
      const next = (states as readonly Json[]).flatMap((state) => model.step(state, call));
      return next.length === 0 ? undefined : distinct(next);
    },
    describeState: (set) => {
      const states = set as readonly Json[];
      const told = states.slice(0, MAX_STATES_TOLD).map((state) => model.describeState(state));
      if (states.length > told.length) told.push('…');
      return told.length === 1 ? String(told[0]) : `any of ${told.join(', ')}`;
    },
  };
}

/** Each once, in the order of their JSON, so that equal sets are equal. */
function distinct(states: readonly Json[]): readonly Json[] {
  if (states.length === 1) return states;
  const byText = new Map(states.map((state) => [canonicalJson(state), state]));
  return [...byText].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, state]) => state);
}
