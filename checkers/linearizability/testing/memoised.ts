/**
 * Linearizability by Wing and Gong's search with a memory of sets and states as texts: slow, plain, and fast enough
 * for histories that brute force cannot do. Shares no code with the search under test.
 */
import type { History } from '../../../harness/history/history.ts';
import type { Json } from '../../../harness/history/operation.ts';
import type { Model } from '../model.ts';
import { partitionHistory } from '../problem.ts';
import type { JudgedOperation } from '../problem.ts';

export function isLinearizable(history: History, model: Model): boolean {
  return partitionHistory(history, model).every(({ operations }) => {
    const visited = new Set<string>();
    const search = (placed: ReadonlySet<JudgedOperation>, state: Json): boolean => {
      const remaining = operations.filter((operation) => !placed.has(operation));
      if (remaining.every(({ call }) => call.outcome === 'unknown')) return true;
      const key = `${remaining.map(({ calledAt }) => calledAt).join()}|${JSON.stringify(state)}`;
      if (visited.has(key)) return false;
      visited.add(key);
      const firstReturn = Math.min(...remaining.map(({ returnedAt }) => returnedAt));
      return remaining.some((operation) => {
        if (operation.calledAt > firstReturn) return false;
        const next = model.step(state, operation.call);
        return next !== undefined && search(new Set([...placed, operation]), next);
      });
    };
    return search(new Set(), model.init);
  });
}
