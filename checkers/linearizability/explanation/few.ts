/**
 * Whether a handful of operations is linearizable, by trying orders: the shrinking asks it of five operations a
 * thousand times, and to set up a search takes longer than that.
 *
 *     orderFew(casRegister, null, [write1, read2])   // false
 */
import type { Json } from '../../../harness/history/operation.ts';
import type { Model } from '../model.ts';
import { NEVER } from '../problem.ts';
import type { JudgedOperation } from '../problem.ts';

const MAX_OPERATIONS = 12;
/** More are better spent in a search, which tries no configuration twice. */
const MAX_STEPS = 200;

/** Null when it is not for so few to say. */
export function orderFew(model: Model, init: Json, operations: readonly JudgedOperation[]): boolean | null {
  if (operations.length > MAX_OPERATIONS) return null;
  let steps = 0;
  const canOrder = (state: Json, placed: number): boolean | null => {
    let due = NEVER;
    operations.forEach(({ returnedAt }, i) => {
      if ((placed & (1 << i)) === 0 && returnedAt < due) due = returnedAt;
    });
    if (due === NEVER) return true;
    for (let i = 0; i < operations.length; i++) {
      const { call, calledAt } = operations[i] as JudgedOperation;
      if ((placed & (1 << i)) !== 0 || calledAt >= due) continue;
      if (++steps > MAX_STEPS) return null;
      const next = model.step(state, call);
      // Of unknown outcome and no effect: it can as well stay away.
      if (next === undefined || (next === state && call.outcome === 'unknown')) continue;
      const found = canOrder(next, placed | (1 << i));
      if (found !== false) return found;
    }
    return false;
  };
  return canOrder(init, 0);
}
