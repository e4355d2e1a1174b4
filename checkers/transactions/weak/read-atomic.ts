/**
 * Read atomic: of a transaction that it sees, a transaction sees everything, or something newer.
 *
 * If T reads from t2, or comes behind it in its session, and reads x from t1, and t2 wrote x as well, then t2 committed
 * before t1. After AWDIT: of the session the last write of x counts; of what T reads from, the smaller of the two sets is
 * gone through, so it is O(n^1.5). Of a key that T reads more than once the first read counts: another source is a
 * fault already.
 */
import { int32Column } from '../columns.ts';
import type { Pace } from '../../findings/pace.ts';
import { NONE } from '../value-codes.ts';
import { type CommitOrder, FRACTURED } from './commit-order.ts';
import { FinalWrites } from './final-writes.ts';
import { inferFromSessions } from './sessions.ts';
import { NO_SOURCE, isFinalWrite } from './view.ts';

export function inferReadAtomic(order: CommitOrder, pace: Pace): void {
  inferFromSessions(order, pace);
  const { view } = order;
  const { transactions, source, isCommitted } = view;
  const { first, micro, keys, count } = transactions;
  const finalWrites = new FinalWrites(view);
  const readBy = int32Column(count).fill(NONE);
  /** By key: the first read of it in this transaction. */
  const readOf = int32Column(keys.length).fill(NONE);
  const touched: number[] = [];
  for (let t = 0; t < count; t++) {
    if (isCommitted[t] === 0) continue;
    const start = first[t] as number;
    const end = first[t + 1] as number;
    if (pace.spend(end - start)) return;
    for (let m = start; m < end; m++) {
      const key = micro.key[m] as number;
      if (source[m] === NO_SOURCE || readOf[key] !== NONE) continue;
      readOf[key] = m;
      touched.push(key);
    }
    for (let m = start; m < end; m++) {
      const from = source[m] as number;
      if (from < 0) continue;
      const writer = micro.transaction[from] as number;
      if (readBy[writer] === t) continue;
      readBy[writer] = t;
      const infer = (key: number): void => {
        const read = readOf[key] as number;
        const write = source[read] as number;
        if (!(write >= 0 && micro.transaction[write] === writer)) order.infer(writer, FRACTURED, read);
      };
      const writerStart = first[writer] as number;
      const writerEnd = first[writer + 1] as number;
      if (touched.length < writerEnd - writerStart) {
        for (const key of touched) if (finalWrites.has(writer, key)) infer(key);
      } else {
        for (let w = writerStart; w < writerEnd; w++) {
          const key = micro.key[w] as number;
          if (isFinalWrite(transactions, w) && readOf[key] !== NONE) infer(key);
        }
      }
    }
    for (const key of touched) readOf[key] = NONE;
    touched.length = 0;
  }
}
