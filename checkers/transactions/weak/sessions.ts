/**
 * What sessions show: if T comes behind t2 in its session and reads x from t1, and t2 wrote x as well, then t2 committed
 * before t1. The last t2 counts.
 */
import type { Pace } from '../../findings/pace.ts';
import { OK } from '../transaction.ts';
import { NONE, PairMap } from '../value-codes.ts';
import { type CommitOrder, FRACTURED } from './commit-order.ts';
import { NO_SOURCE, isFinalWrite } from './view.ts';

export function inferFromSessions(order: CommitOrder, pace: Pace): void {
  const { transactions, source, isCommitted } = order.view;
  const { first, micro, count, outcome, process } = transactions;
  /** By process and key: the last transaction of the session so far that wrote it. */
  const lastWriter = new PairMap();
  for (let t = 0; t < count; t++) {
    if (isCommitted[t] === 0) continue;
    const start = first[t] as number;
    const end = first[t + 1] as number;
    if (pace.spend(end - start)) return;
    const p = process[t] as number;
    for (let m = start; m < end; m++) {
      const write = source[m] as number;
      if (write === NO_SOURCE) continue;
      const before = lastWriter.get(p, micro.key[m] as number);
      if (before === NONE || (write >= 0 && micro.transaction[write] === before)) continue;
      order.infer(before, FRACTURED, m);
    }
    if (outcome[t] !== OK) continue;
    for (let m = start; m < end; m++) {
      if (isFinalWrite(transactions, m)) lastWriter.set(p, micro.key[m] as number, t);
    }
  }
}
