/**
 * The causal past of each transaction (sessions and who read from whom, transitively), as vector clocks over chains.
 *
 *     const causal = new CausalOrder(view, sessionBefore, pace);
 *     causal.walk(pace, (t, past) => past[c] …);   // how many of chain c are in the past of t, causes before effects
 *
 * A chain is a sequence of transactions each of which is in the past of the next. Sessions are chains; but every
 * operation in doubt ends its process, and thousands of them would make clocks of thousands of entries. So the first
 * transaction of a session goes on with the chain of an ended one, where it can: as soon as it has seen its end. For that
 * the end must be something to be seen: transactions from which, and behind which in their session, nobody reads are in
 * no chain. They are in the past of their own session alone.
 *
 * A clock lives until the last transaction that needs it has been walked over, so memory is that of the transactions
 * in flight. Where causes form a cycle the walk goes over each once, with less than its past.
 */
import { int32Column, uint8Column } from '../columns.ts';
import type { Pace } from '../../findings/pace.ts';
import { NONE } from '../value-codes.ts';
import type { View } from './view.ts';

const UNSEEN = 0;
const OPEN = 1;
const DONE = 2;

export class CausalOrder {
  /** By transaction: its chain and its place there, or NONE. */
  readonly chain: Int32Array;
  readonly place: Int32Array;
  chainCount = 0;
  /** Causes before effects. */
  readonly order: Int32Array;
  readonly #view: View;
  readonly #sessionBefore: Int32Array;

  constructor(view: View, sessionBefore: Int32Array, pace: Pace) {
    const { count } = view.transactions;
    this.#view = view;
    this.#sessionBefore = sessionBefore;
    this.chain = int32Column(count).fill(NONE);
    this.place = int32Column(count).fill(NONE);
    this.order = this.#causesFirst();
    this.#assignChains(pace);
  }

  #causesFirst(): Int32Array {
    const { transactions, isCommitted, source } = this.#view;
    const { count, first, micro } = transactions;
    const order = int32Column(count);
    const state = uint8Column(count);
    /** Where each on the path looks on: its micro-operations, and before them its session. */
    const next = int32Column(count);
    const path: number[] = [];
    let size = 0;
    const enter = (t: number): void => {
      if (t === NONE || state[t] !== UNSEEN) return;
      state[t] = OPEN;
      next[t] = (first[t] as number) - 1;
      path.push(t);
    };
    for (let root = 0; root < count; root++) {
      if (isCommitted[root] === 0) continue;
      enter(root);
      while (path.length > 0) {
        const t = path[path.length - 1] as number;
        const at = next[t] as number;
        if (at === first[t + 1]) {
          state[t] = DONE;
          order[size++] = t;
          path.pop();
          continue;
        }
        next[t] = at + 1;
        if (at < (first[t] as number)) {
          enter(this.#sessionBefore[t] as number);
          continue;
        }
        const write = source[at] as number;
        if (write >= 0) enter(micro.transaction[write] as number);
      }
    }
    return order.subarray(0, size);
  }

  #assignChains(pace: Pace): void {
    const { chain, place } = this;
    const { source, transactions } = this.#view;
    const { count, micro } = transactions;
    const isSeen = uint8Column(count);
    const hasNext = uint8Column(count);
    for (const write of source) if (write >= 0) isSeen[micro.transaction[write] as number] = 1;
    for (let t = count - 1; t >= 0; t--) {
      const before = this.#sessionBefore[t] as number;
      if (isSeen[t] === 1 && before !== NONE) isSeen[before] = hasNext[before] = 1;
    }
    /** By chain: its last transaction. And the chains whose session has ended. */
    const tail: number[] = [];
    let ended: number[] = [];
    this.walk(pace, (t, past) => {
      if (isSeen[t] === 0) return;
      const before = this.#sessionBefore[t] as number;
      let c = before === NONE ? NONE : (chain[before] as number);
      if (c === NONE || tail[c] !== before) {
        const free = ended.findIndex((e) => past[e] === (place[tail[e] as number] as number) + 1);
        c = free === -1 ? this.chainCount++ : (ended[free] as number);
        if (free !== -1) ended = ended.toSpliced(free, 1);
      }
      const last = tail[c];
      chain[t] = c;
      place[t] = last === undefined ? 0 : (place[last] as number) + 1;
      tail[c] = t;
      if (hasNext[t] === 0) ended.push(c);
    });
  }

  /**
   * @param visit - `past` is of the transactions before t, and changes after the visit; `clockOf` is that of one from
   * which t reads directly, itself included
   */
  walk(
    pace: Pace,
    visit: (t: number, past: Int32Array, clockOf: (cause: number) => Int32Array) => void,
  ): void {
    const { transactions, source } = this.#view;
    const { count, first, micro } = transactions;
    /** By transaction: how many direct effects have not been walked over yet. */
    const needed = int32Column(count);
    for (let m = 0; m < micro.count; m++) {
      const write = source[m] as number;
      if (write >= 0) (needed[micro.transaction[write] as number] as number)++;
    }
    for (const before of this.#sessionBefore) if (before !== NONE) (needed[before] as number)++;
    const clocks: (Int32Array | undefined)[] = new Array<Int32Array | undefined>(count);
    const free: Int32Array[] = [];
    let width = Math.max(this.chainCount, 16);
    const nothing = new Int32Array(0);
    const clockOf = (cause: number): Int32Array => clocks[cause] ?? nothing;
    const release = (cause: number): void => {
      const clock = clocks[cause];
      if (clock === undefined || --(needed[cause] as number) > 0) return;
      if (clock.length === width) free.push(clock);
      clocks[cause] = undefined;
    };
    for (const t of this.order) {
      if (pace.spend(width)) return;
      const reused = free.pop();
      const past = reused?.length === width ? reused.fill(0) : new Int32Array(width);
      const before = this.#sessionBefore[t] as number;
      if (before !== NONE) join(past, clockOf(before));
      const start = first[t] as number;
      const end = first[t + 1] as number;
      for (let m = start; m < end; m++) {
        const write = source[m] as number;
        if (write < 0) continue;
        const cause = micro.transaction[write] as number;
        // What is in the past already brings nothing new.
        const c = this.chain[cause] as number;
        if (c === NONE || (past[c] as number) <= (this.place[cause] as number)) join(past, clockOf(cause));
      }
      visit(t, past, clockOf);
      const c = this.chain[t] as number;
      let own = past;
      if (c !== NONE && c >= width) {
        width *= 2;
        own = new Int32Array(width);
        own.set(past);
      }
      if (c !== NONE) own[c] = (this.place[t] as number) + 1;
      if ((needed[t] as number) > 0) clocks[t] = own;
      else if (own.length === width) free.push(own);
      if (before !== NONE) release(before);
      for (let m = start; m < end; m++) {
        const write = source[m] as number;
        if (write >= 0) release(micro.transaction[write] as number);
      }
    }
  }
}

function join(into: Int32Array, clock: Int32Array): void {
  for (let c = 0; c < clock.length; c++) {
    if ((clock[c] as number) > (into[c] as number)) into[c] = clock[c] as number;
  }
}
