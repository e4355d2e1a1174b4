/**
 * What an operation needs of others: a read of 1 needs a write of 1, and where that is gone the rest is not linearizable
 * for a reason of its own, which need not be what went wrong. Shrinking therefore keeps to histories in which every
 * operation is *explicable*: it can have had its outcome after some of the operations that were called before it
 * returned, each at most once, whatever they answered, and in any order.
 */
import type { Json } from '../../../harness/history/operation.ts';
import type { Call, Model } from '../model.ts';
import { NEVER } from '../problem.ts';
import type { JudgedOperation } from '../problem.ts';
import { observes } from './cuts.ts';
import type { SubHistories } from './sub-histories.ts';

type Operations = readonly JudgedOperation[];

/** The last ones before an operation are looked at first; then more, by this factor, up to all. */
const LAST = 32;
const FACTOR = 16;
/** Where it takes more operations to explain one, no effort is made to find out which of them it does not take. */
const MAX_SHORTENED = 256;

/** Operations of which some may explain others. */
export class Pool {
  readonly members: ReadonlySet<JudgedOperation>;
  /** Those that may change the state, in the order of their calls. */
  readonly changes: Operations;

  constructor(model: Model, operations: Operations) {
    this.members = new Set(operations);
    this.changes = operations.filter((operation) => !observes(model, operation));
  }

  /** Of the changes called before an operation returned, itself left out, the last ones. */
  before(operation: JudgedOperation, size: number): Operations {
    const { changes } = this;
    let later = 0;
    for (let to = changes.length; later < to;) {
      const middle = (later + to) >>> 1;
      if ((changes[middle] as JudgedOperation).calledAt <= operation.returnedAt) later = middle + 1;
      else to = middle;
    }
    const last = changes.slice(Math.max(0, later - size - 1), later).filter((other) => other !== operation);
    return last.slice(-size);
  }
}

export class Supports {
  readonly #parts: SubHistories;
  /** What was found last: it may still be there. */
  readonly #known = new Map<JudgedOperation, Operations>();
  /** Of these it took too long to find out what explains them: then it takes all that did so before. */
  readonly #undecided = new Set<JudgedOperation>();

  constructor(parts: SubHistories) {
    this.#parts = parts;
  }

  /** The operations that explain this one, in an order; null when no choice among the others does. */
  of(operation: JudgedOperation, among: Pool): Operations | null {
    if (operation.call.outcome === 'unknown') return [];
    const known = this.#known.get(operation);
    if (known !== undefined && known.every((other) => among.members.has(other))) return known;
    if (this.#undecided.has(operation)) return null;
    const found = this.#find(operation, among);
    if (found !== null) this.#known.set(operation, found);
    return found;
  }

  /** The operations without those that the rest does not explain. */
  explicable(operations: Operations): Operations {
    let rest = operations;
    for (;;) {
      const among = new Pool(this.#parts.model, rest);
      const kept = rest.filter((operation) => this.of(operation, among) !== null);
      if (kept.length === rest.length) return rest;
      rest = kept;
    }
  }

  /** With all that is needed to explain them, where there is such. */
  completed(operations: Iterable<JudgedOperation>, among: Pool): Operations {
    const all = new Set<JudgedOperation>();
    const waiting = [...operations];
    for (let operation = waiting.pop(); operation !== undefined; operation = waiting.pop()) {
      if (this.#parts.effort.isUsedUp) break;
      const support = all.has(operation) ? null : this.of(operation, among);
      if (support === null) continue;
      all.add(operation);
      for (const other of support) waiting.push(other);
    }
    return [...all].sort((a, b) => a.calledAt - b.calledAt);
  }

  #find(operation: JudgedOperation, among: Pool): Operations | null {
    const { model, worlds } = this.#parts;
    if (
      worlds.some(
        ({ state, placed }) => placed.has(operation) || model.step(state, operation.call) !== undefined,
      )
    ) {
      return [];
    }
    const all = among.changes.length;
    for (let size = LAST; ; size *= FACTOR) {
      const before = among.before(operation, size);
      const found = this.#atOnce(operation, before) ?? this.#bySearch(operation, before);
      if (found === 'undecided') {
        this.#undecided.add(operation);
        return before;
      }
      if (found !== null || size >= all) return found;
    }
  }

  /** One of them is enough. */
  #atOnce({ call }: JudgedOperation, changes: Operations): Operations | null {
    const { model, worlds, effort } = this.#parts;
    effort.spend(changes.length);
    for (const change of changes.toReversed()) {
      const alone = withoutAnswer(change.call);
      for (const { state, placed } of worlds) {
        if (placed.has(change)) continue;
        const after = model.step(state, alone);
        if (after !== undefined && model.step(after, call) !== undefined) return [change];
      }
    }
    return null;
  }

  #bySearch(operation: JudgedOperation, changes: Operations): Operations | 'undecided' | null {
    let outcome: 'undecided' | null = null;
    for (const { state, placed } of this.#parts.worlds) {
      const found = this.#searchFrom(
        state,
        operation,
        changes.filter((other) => !placed.has(other)),
      );
      if (found === 'undecided') outcome = found;
      else if (found !== null) return found;
    }
    return outcome;
  }

  #searchFrom(init: Json, operation: JudgedOperation, pool: Operations): Operations | 'undecided' | null {
    const relaxed = pool.map((other, i): JudgedOperation => ({
      ...other,
      call: withoutAnswer(other.call),
      calledAt: i,
      returnedAt: NEVER,
    }));
    const last = { ...operation, calledAt: pool.length, returnedAt: pool.length + 1 };
    const order = this.#parts.order(init, [...relaxed, last]);
    if (order === null || order === 'undecided') return order;
    const trail = order.filter((position) => position < pool.length);
    const calls = trail.map((position) => (relaxed[position] as JudgedOperation).call);
    const needed = this.#withoutIdle(init, calls, operation.call);
    return needed.map((i) => pool[trail[i] as number] as JudgedOperation);
  }

  /** Leaves calls out while what remains still leads to where the last one is legal: halves first, then one by one. */
  #withoutIdle(init: Json, calls: readonly Call[], last: Call): readonly number[] {
    const { model, effort } = this.#parts;
    let kept = calls.map((_, i) => i);
    if (kept.length > MAX_SHORTENED) return kept;
    const leads = (places: readonly number[]): boolean => {
      effort.spend(places.length);
      let state: Json | undefined = init;
      for (const place of places) {
        state = model.step(state, calls[place] as Call);
        if (state === undefined) return false;
      }
      return model.step(state, last) !== undefined;
    };
    for (let size = Math.ceil(kept.length / 2); size >= 1; size = Math.floor(size / 2)) {
      for (let from = 0; from < kept.length;) {
        const without = kept.toSpliced(from, size);
        if (leads(without)) kept = without;
        else from += size;
      }
    }
    return kept;
  }
}

/** What it may do wherever its answer would not have fitted. */
const withoutAnswer = (call: Call): Call => ({ ...call, outcome: 'unknown', result: null });
