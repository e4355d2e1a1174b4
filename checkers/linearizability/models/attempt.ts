/** Calls with a precondition: a compare-and-set, an acquire, a dequeue. */
import type { Json } from '../../../harness/history/operation.ts';
import type { Call } from '../model.ts';

/**
 * The state after a call that goes from `state` to `next` where its precondition holds, and does nothing where not.
 * Who was answered `ok` met it, who was refused did not, and of the others nothing is known.
 */
export function attempt(call: Call, holds: boolean, state: Json, next: () => Json): Json | undefined {
  if (call.outcome === 'ok') return holds ? next() : undefined;
  if (call.outcome === 'refused') return holds ? undefined : state;
  return holds ? next() : state;
}

/** ` was refused` after the description of such a call. */
export const ending = (call: Call): string => (call.outcome === 'refused' ? ' was refused' : '');
