/**
 * Read committed: what a transaction reads does not go back behind what it has read from.
 *
 * If T reads from t2, and afterwards x from t1, and t2 wrote x as well, then t2 committed before t1. After AWDIT (Møldrup
 * and Pavlogiannis, PLDI 2025): of each t2 the first read counts, and of each x the first read behind it that is not
 * from t2; the rest follows. The smaller of the two sets is gone through, so it is O(n^1.5).
 */
import { int32Column, uint8Column } from '../columns.ts';
import type { Pace } from '../../findings/pace.ts';
import { NONE } from '../value-codes.ts';
import { type CommitOrder, MONOTONIC } from './commit-order.ts';
import { INITIAL_STATE, NO_SOURCE, isFinalWrite } from './view.ts';
import type { View } from './view.ts';
import { FinalWrites } from './final-writes.ts';

export function inferReadCommitted(order: CommitOrder, pace: Pace): void {
  const { view } = order;
  const { transactions, source } = view;
  const { first, micro, keys, count } = transactions;
  const finalWrites = new FinalWrites(view);
  /** By transaction: the reader, if its first read from it is done. */
  const readBy = int32Column(count).fill(NONE);
  const isFirst = uint8Column(micro.count);
  /** By key, behind the place where we are: the first read of it, and the first from another transaction than that. */
  const nearest = int32Column(keys.length).fill(NONE);
  const other = int32Column(keys.length).fill(NONE);
  const touched: number[] = [];
  for (let t = 0; t < count; t++) {
    const start = first[t] as number;
    const end = first[t + 1] as number;
    if (pace.spend(end - start)) return;
    if (!readsTwice(view, start, end)) continue;
    for (let m = start; m < end; m++) {
      const write = source[m] as number;
      if (write < 0) continue;
      const writer = micro.transaction[write] as number;
      if (readBy[writer] === t) continue;
      readBy[writer] = t;
      isFirst[m] = 1;
    }
    for (let m = end - 1; m >= start; m--) {
      const from = source[m] as number;
      if (from === NO_SOURCE) continue;
      if (isFirst[m] === 1) {
        const writer = micro.transaction[from] as number;
        const infer = (key: number): void => {
          const near = nearest[key] as number;
          const read = writerOf(view, near) === writer ? (other[key] as number) : near;
          if (read !== NONE) order.infer(writer, MONOTONIC, read);
        };
        const writerStart = first[writer] as number;
        const writerEnd = first[writer + 1] as number;
        if (touched.length < writerEnd - writerStart) {
          for (const key of touched) if (finalWrites.has(writer, key)) infer(key);
        } else {
          for (let w = writerStart; w < writerEnd; w++) {
            const key = micro.key[w] as number;
            if (isFinalWrite(transactions, w) && nearest[key] !== NONE) infer(key);
          }
        }
      }
      const key = micro.key[m] as number;
      const near = nearest[key] as number;
      if (near === NONE) touched.push(key);
      else if (writerOf(view, near) !== writerOf(view, m)) other[key] = near;
      nearest[key] = m;
    }
    for (const key of touched) nearest[key] = other[key] = NONE;
    touched.length = 0;
  }
}

/** Another number for the initial state than for any transaction. */
function writerOf({ source, transactions }: View, read: number): number {
  const write = source[read] as number;
  return write < 0 ? INITIAL_STATE : (transactions.micro.transaction[write] as number);
}

/** One read alone cannot go back. */
function readsTwice({ source }: View, start: number, end: number): boolean {
  let reads = 0;
  for (let m = start; m < end; m++) if (source[m] !== NO_SOURCE) reads++;
  return reads > 1;
}
