/**
 * Linearizability by definition, for small histories: tries every order of the operations that real time allows,
 * and every choice of those of unknown outcome. Remembers nothing, prunes nothing, shares no code with the search.
 */
import type { Model } from '../model.ts';
import { partitionHistory } from '../problem.ts';
import type { JudgedOperation } from '../problem.ts';
import type { History } from '../../../harness/history/history.ts';
import type { Json } from '../../../harness/history/operation.ts';

export function isLinearizable(history: History, model: Model): boolean {
  return partitionHistory(history, model).every(({ operations }) => canOrder(model, model.init, operations));
}

function canOrder(model: Model, state: Json, remaining: readonly JudgedOperation[]): boolean {
  if (remaining.every(({ call }) => call.outcome === 'unknown')) return true;
  return remaining.some((operation) => {
    const isFirst = remaining.every((other) => other === operation || other.returnedAt > operation.calledAt);
    if (!isFirst) return false;
    const next = model.step(state, operation.call);
    if (next === undefined) return false;
    return canOrder(
      model,
      next,
      remaining.filter((other) => other !== operation),
    );
  });
}
