/**
 * Causal consistency: a transaction sees everything in its causal past, or something newer.
 *
 * If T reads x from t1, and t2 in the causal past of T wrote x as well, then t2 committed before t1. After AWDIT and Plume:
 * of each chain the last such t2 counts, found by the clock of T, so it is O(n·k) for k chains; what is in the past of
 * t1 already needs no edge. Of its own session T needs no clock.
 */
import { int32Column } from '../columns.ts';
import type { Pace } from '../../findings/pace.ts';
import { CAUSAL, type CommitOrder } from './commit-order.ts';
import { CausalOrder } from './causal-order.ts';
import { NONE } from '../value-codes.ts';
import { inferFromSessions } from './sessions.ts';
import { NO_SOURCE, isFinalWrite } from './view.ts';
import type { View } from './view.ts';

/** @returns how many chains there are */
export function inferCausal(order: CommitOrder, pace: Pace): number {
  inferFromSessions(order, pace);
  const { view } = order;
  const { transactions, source } = view;
  const { first, micro, keys, count } = transactions;
  const causal = new CausalOrder(view, order.sessionBefore, pace);
  const writes = new WritesByChain(view, causal);
  const readBy = int32Column(keys.length).fill(NONE);
  const nothing = int32Column(causal.chainCount);
  const transactionAt = placesToTransactions(causal, count);
  causal.walk(pace, (t, past, clockOf) => {
    const end = first[t + 1] as number;
    for (let m = first[t] as number; m < end; m++) {
      const write = source[m] as number;
      const key = micro.key[m] as number;
      // Of a key that is read twice the first read counts: another source is a fault already.
      if (write === NO_SOURCE || readBy[key] === t) continue;
      readBy[key] = t;
      const writer = write < 0 ? NONE : (micro.transaction[write] as number);
      const known = writer === NONE ? nothing : clockOf(writer);
      const entryEnd = writes.keyStart[key + 1] as number;
      for (let e = writes.keyStart[key] as number; e < entryEnd; e++) {
        const c = writes.entryChain[e] as number;
        const seen = past[c] as number;
        const covered = known[c] ?? 0;
        if (seen <= covered) continue;
        const place = writes.lastBefore(e, seen);
        if (place < covered) continue;
        const before = transactionAt.at(c, place);
        if (before !== writer && before !== t) order.infer(before, CAUSAL, m);
      }
    }
  });
  return causal.chainCount;
}

/** From a place in a chain to the transaction there. */
function placesToTransactions(
  { chain, place, order, chainCount }: CausalOrder,
  count: number,
): { at(chain: number, place: number): number } {
  const start = int32Column(chainCount + 1);
  const chained = order.filter((t) => chain[t] !== NONE);
  for (const t of chained) (start[(chain[t] as number) + 1] as number)++;
  for (let c = 0; c < chainCount; c++) (start[c + 1] as number) += start[c] as number;
  const transactions = int32Column(count);
  for (const t of chained) transactions[(start[chain[t] as number] as number) + (place[t] as number)] = t;
  return { at: (c, p) => transactions[(start[c] as number) + p] as number };
}

/** By key and chain the places of those in the chain that wrote the key, ascending. */
class WritesByChain {
  /** Key k's entries, one a chain, are keyStart[k] … keyStart[k + 1]. */
  readonly keyStart: Int32Array;
  readonly entryChain: Int32Array;
  readonly #entryStart: Int32Array;
  readonly #places: Int32Array;

  constructor({ transactions }: View, { chain, place, order, chainCount }: CausalOrder) {
    const { first, micro, keys } = transactions;
    // Sorted by chain, then stably by key: places ascend within a chain, as causes come first.
    let size = 0;
    const perChain = int32Column(chainCount + 1);
    const perKey = int32Column(keys.length + 1);
    const eachWrite = (visit: (m: number, t: number) => void): void => {
      for (const t of order) {
        if (chain[t] === NONE) continue;
        for (let m = first[t] as number; m < (first[t + 1] as number); m++) {
          if (isFinalWrite(transactions, m)) visit(m, t);
        }
      }
    };
    eachWrite((m, t) => {
      size++;
      (perChain[(chain[t] as number) + 1] as number)++;
      (perKey[(micro.key[m] as number) + 1] as number)++;
    });
    for (let c = 0; c < chainCount; c++) (perChain[c + 1] as number) += perChain[c] as number;
    for (let k = 0; k < keys.length; k++) (perKey[k + 1] as number) += perKey[k] as number;
    const byChain = int32Column(size);
    eachWrite((m, t) => {
      const at = (perChain[chain[t] as number] as number)++;
      byChain[at] = m;
    });
    const sorted = int32Column(size);
    const next = perKey.slice();
    for (const m of byChain) {
      const at = (next[micro.key[m] as number] as number)++;
      sorted[at] = m;
    }
    this.#places = int32Column(size);
    this.keyStart = int32Column(keys.length + 1);
    const entryChain = int32Column(size);
    const entryStart = int32Column(size + 1);
    let entries = 0;
    for (let k = 0; k < keys.length; k++) {
      this.keyStart[k] = entries;
      let last = NONE;
      for (let i = perKey[k] as number; i < (perKey[k + 1] as number); i++) {
        const t = micro.transaction[sorted[i] as number] as number;
        const c = chain[t] as number;
        if (c !== last) {
          entryChain[entries] = last = c;
          entryStart[entries++] = i;
        }
        this.#places[i] = place[t] as number;
      }
    }
    this.keyStart[keys.length] = entries;
    entryStart[entries] = size;
    this.entryChain = entryChain.subarray(0, entries);
    this.#entryStart = entryStart.subarray(0, entries + 1);
  }

  /** The last place of an entry that is below a bound, or NONE. */
  lastBefore(entry: number, bound: number): number {
    const start = this.#entryStart[entry] as number;
    let low = start;
    let high = this.#entryStart[entry + 1] as number;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#places[middle] as number) < bound) low = middle + 1;
      else high = middle;
    }
    return low === start ? NONE : (this.#places[low - 1] as number);
  }
}
