/**
 * Does a history say anything of a model's state? Writes that were acknowledged are so in whatever order; only what
 * depends on the state (a read, a compare-and-set, a lock that was granted) can be wrong.
 *
 *     whyUnconstrained(history, register)   // why it is vacuous, when nothing but writes was acknowledged
 *
 * An operation says something if one of the states that the acknowledged operations lead to, one after another, would
 * not allow it.
 */
import type { History } from '../../harness/history/history.ts';
import type { Json } from '../../harness/history/operation.ts';
import type { Call, Model } from '../linearizability/model.ts';

/** States that an operation is tried in: more than any lock or semaphore that people test has. */
const STATES_MAX = 64;
/** Operations of a function that are tried: who is never refused in so many is not refused at all. */
const TRIES_MAX = 1_000;

/** Null when an operation says something, or none was acknowledged. */
export function whyUnconstrained(history: History, model: Model): string | null {
  const blind = blindFunctions(history, model);
  return blind === null
    ? null
    : `of ${[...blind].join(', ')}, which is all that was acknowledged, none can be wrong in any state of ${model.name}`;
}

/** The functions that were acknowledged, when none of them says anything; null when one does, or there are none. */
function blindFunctions(history: History, model: Model): ReadonlySet<string> | null {
  const tries = new Map<string, number>();
  const states: Json[] = [model.init];
  for (const completion of history.operations) {
    if (completion.process === 'nemesis' || completion.type === 'invoke' || completion.type === 'info')
      continue;
    const { f, process, error, type } = completion;
    if (type === 'fail') {
      if (model.functions[f]?.refusable === true && error?.code === 'precondition-failed') return null;
      continue;
    }
    const tried = tries.get(f) ?? 0;
    tries.set(f, tried + 1);
    if (tried >= TRIES_MAX) continue;
    const invocation = history.invocationOf(completion.index);
    const key = invocation?.key;
    const call: Call = {
      f,
      argument: invocation?.value ?? null,
      outcome: 'ok',
      result: completion.value,
      process,
      ...(key === undefined ? {} : { key }),
    };
    const next = model.step(states.at(-1) as Json, call);
    if (next === undefined) return null;
    // Also the state that it leads to itself: a lock is not granted twice.
    if (states.length < STATES_MAX) states.push(next);
    for (const state of states) if (model.step(state, call) === undefined) return null;
  }
  return tries.size === 0 ? null : new Set(tries.keys());
}
