/**
 * What the values say of the order: where a value can have been put there by one operation alone, who saw it came
 * after that operation, and who built on it came *directly* after it.
 *
 *     append "a" → read "ab" ← append "b"       "b" came directly after "a", whatever the times say
 *     write 1, cas [1, 2] ok, cas [1, 3] ok     both came directly after the write: refuted
 *
 * All of it is sound in any history, and none of it complete: a value that two operations can have made says nothing.
 * It serves twice: contradictions refute a partition without a search, in O(n log n), with two or three operations
 * as the proof; and the order that is known spares the search from trying others.
 *
 * The idea is the version order of Adya, and of Gibbons and Korach's test of registers with unique values (1997).
 */
import type { Json } from '../../harness/history/operation.ts';
import { describeJson, internKey, sameJson } from './model.ts';
import type { Model } from './model.ts';
import type { JudgedOperation } from './problem.ts';

/** Proof, found without a search, that a partition is not linearizable. */
export interface Refutation {
  /** `unwritten-read`, `stale-read`, `lost-update`, `divergent-reads` or `inverted-order`. */
  readonly test: string;
  readonly explanation: string;
  /** The operations that prove it; the one that cannot be comes first. */
  readonly operations: readonly JudgedOperation[];
}

export interface Lineage {
  readonly refutation: Refutation | null;
  /** By operation, and last the initial value: the operation that made the next change; NONE where unknown. */
  readonly successorOf: Int32Array;
  /** By operation: the one, or the initial value, that made the change before it; NONE where unknown. */
  readonly predecessorOf: Int32Array;
}

export const NONE = -1;

/** Lengths of appended texts that are tried as the end of a value; with more, appends say nothing. */
const MAX_LENGTHS = 64;

/** @param name - of the object, in sentences */
export function traceLineage(model: Model, operations: readonly JudgedOperation[], name: string): Lineage {
  return new Tracer(model, operations, name).trace();
}

/** `by process 3 (operation 57)`: the completion's index, or the invocation's while there is none. */
export function place({ invocation, completion }: JudgedOperation): string {
  return `by process ${invocation.process} (operation ${(completion ?? invocation).index})`;
}

/** Who can have made a value. */
interface Makers {
  readonly count: number;
  /** The one that was called first. */
  readonly first: number;
}

const NOBODY: Makers = { count: 0, first: NONE };

class Tracer {
  readonly #model: Model;
  readonly #operations: readonly JudgedOperation[];
  readonly #name: string;
  /** Stands for the operation that made the initial value, before all others. */
  readonly #initial: number;
  readonly #setters = new Map<unknown, Makers>();
  readonly #extenders = new Map<string, Makers>();
  #lengths: readonly number[] = [];
  readonly #successorOf: Int32Array;
  readonly #predecessorOf: Int32Array;
  /** By operation: the value after it, where somebody saw one that it alone can have made, and who saw it. */
  readonly #valueAfter: (Json | undefined)[] = [];
  readonly #seenBy: (JudgedOperation | undefined)[] = [];
  #refutation: Refutation | null = null;

  constructor(model: Model, operations: readonly JudgedOperation[], name: string) {
    this.#model = model;
    this.#operations = operations;
    this.#name = name;
    this.#initial = operations.length;
    this.#successorOf = new Int32Array(operations.length + 1).fill(NONE);
    this.#predecessorOf = new Int32Array(operations.length + 2).fill(NONE);
  }

  trace(): Lineage {
    const { lineage } = this.#model;
    if (lineage !== undefined) {
      this.#collectMakers();
      for (let i = 0; i < this.#operations.length && this.#refutation === null; i++) this.#follow(i);
      if (this.#refutation === null) this.#checkTimes();
    }
    return {
      refutation: this.#refutation,
      successorOf: this.#successorOf,
      predecessorOf: this.#predecessorOf,
    };
  }

  #collectMakers(): void {
    const add = <K>(makers: Map<K, Makers>, key: K, operation: number): void => {
      const known = makers.get(key) ?? NOBODY;
      makers.set(key, { count: known.count + 1, first: known.count === 0 ? operation : known.first });
    };
    add(this.#setters, internKey(this.#model.init), this.#initial);
    this.#operations.forEach(({ call }, operation) => {
      const effect = this.#model.lineage?.effect(call);
      if (effect === undefined) return;
      if ('extends' in effect) add(this.#extenders, effect.extends, operation);
      else add(this.#setters, internKey(effect.sets), operation);
    });
    this.#lengths = [...new Set([...this.#extenders.keys()].map((text) => text.length))];
  }

  #makersOf(value: Json): Makers {
    const makers = this.#makersByEnd(value, () => true);
    if (makers.count < 2 || typeof value !== 'string') return makers;
    // "1;" is an end of "0;11;", but did not make it where nobody made "0;1".
    return this.#makersByEnd(value, (rest) => this.#makersByEnd(rest, () => true).count > 0);
  }

  /** Setters of a value, and extenders by its end if what they would have extended can have been there. */
  #makersByEnd(value: Json, canBe: (rest: string) => boolean): Makers {
    let makers = this.#setters.get(internKey(value)) ?? NOBODY;
    if (typeof value !== 'string' || this.#extenders.size === 0) return makers;
    if (this.#lengths.length > MAX_LENGTHS) return { count: 2, first: this.#initial };
    for (const length of this.#lengths) {
      if (length > value.length) continue;
      const more = this.#extenders.get(value.slice(value.length - length));
      if (more === undefined || !canBe(value.slice(0, value.length - length))) continue;
      const first = this.#calledAt(makers.first) <= this.#calledAt(more.first) ? makers.first : more.first;
      makers = { count: makers.count + more.count, first: makers.count === 0 ? more.first : first };
    }
    return makers;
  }

  #calledAt(maker: number): number {
    return this.#operations[maker]?.calledAt ?? -1;
  }

  #returnedAt(maker: number): number {
    return this.#operations[maker]?.returnedAt ?? -1;
  }

  /** From the value that an operation saw, back along those who alone can have made it. */
  #follow(operation: number): void {
    const observer = this.#operations[operation] as JudgedOperation;
    const { lineage } = this.#model;
    let value = lineage?.observed(observer.call);
    if (value === undefined) return;
    const effect = lineage?.effect(observer.call);
    // One that certainly took effect on what it saw made the next change.
    let follower = effect === undefined ? NONE : operation;
    for (;;) {
      const makers: Makers = this.#makersOf(value);
      const maker = makers.first;
      if (makers.count === 0 || this.#calledAt(maker) > observer.returnedAt) {
        return this.#refute(
          'unwritten-read',
          observer,
          [],
          `nothing that had been called when it returned can have put ${describeJson(value)} there`,
        );
      }
      if (makers.count > 1 || maker === operation) return;
      if (follower !== NONE) this.#link(maker, follower, observer);
      if (this.#refutation !== null) return;
      const known = this.#valueAfter[maker];
      if (known !== undefined) {
        if (sameJson(known, value)) return;
        return this.#refuteDivergence(observer, maker, value, known);
      }
      this.#valueAfter[maker] = value;
      this.#seenBy[maker] = observer;
      if (maker === this.#initial) return;
      const made = lineage?.effect((this.#operations[maker] as JudgedOperation).call);
      if (made === undefined) return;
      const before: Json | undefined =
        'extends' in made
          ? (value as string).slice(0, (value as string).length - made.extends.length)
          : made.from;
      if (before === undefined) return;
      value = before;
      follower = maker;
    }
  }

  #link(before: number, after: number, observer: JudgedOperation): void {
    const known = this.#successorOf[before] as number;
    if (known === after) return;
    if (known !== NONE) {
      const one = this.#operations[after] as JudgedOperation;
      const other = this.#operations[known] as JudgedOperation;
      const origin = this.#operations[before];
      this.#refutation = {
        test: 'lost-update',
        explanation:
          `${this.#describe(one)} ${place(one)} and ${this.#describe(other)} ${place(other)} both took effect ` +
          `directly after ${origin === undefined ? 'the beginning' : `${this.#describe(origin)} ${place(origin)}`}, ` +
          `as what was seen shows; only one of them can have.`,
        operations: [
          one,
          other,
          ...(origin === undefined ? [] : [origin]),
          observer,
          ...this.#witnessOf(known),
        ],
      };
      return;
    }
    this.#successorOf[before] = after;
    this.#predecessorOf[after] = before;
  }

  #witnessOf(maker: number): readonly JudgedOperation[] {
    const seenBy = this.#seenBy[maker];
    return seenBy === undefined ? [] : [seenBy];
  }

  #refuteDivergence(observer: JudgedOperation, maker: number, value: Json, known: Json): void {
    const origin = this.#operations[maker];
    const last = origin === undefined ? 'the beginning' : `${this.#describe(origin)} ${place(origin)}`;
    this.#refute(
      'divergent-reads',
      observer,
      [...this.#witnessOf(maker), ...(origin === undefined ? [] : [origin])],
      `the last change in it, ${last}, left ${describeJson(value)} by this answer and ${describeJson(known)} by ` +
        `${this.#witnessOf(maker)
          .map((other) => `that of the ${other.call.f} ${place(other)}`)
          .join('')}`,
    );
  }

  /** Who saw a value after a later change had completed; and changes that completed before their predecessors began. */
  #checkTimes(): void {
    const firstAfter = this.#firstReturnAfter();
    const firstLater = this.#firstReturnDownTheLine();
    this.#operations.forEach((observer) => {
      if (this.#refutation !== null) return;
      const value = this.#model.lineage?.observed(observer.call);
      if (value === undefined) return;
      const { count, first: maker } = this.#makersOf(value);
      if (count !== 1) return;
      const later = [firstAfter(this.#returnedAt(maker)), firstLater[maker] as number]
        .filter((operation) => operation !== NONE && this.#returnedAt(operation) < observer.calledAt)
        .sort((a, b) => this.#returnedAt(a) - this.#returnedAt(b))[0];
      if (later === undefined) return;
      const origin = this.#operations[maker];
      const overwriter = this.#operations[later] as JudgedOperation;
      const made =
        origin === undefined
          ? `that is the initial value`
          : `only ${this.#describe(origin)} ${place(origin)} can have left that`;
      this.#refute(
        'stale-read',
        observer,
        origin === undefined ? [overwriter] : [origin, overwriter],
        `${made}; ${this.#describe(overwriter)} ${place(overwriter)} came after, and had completed before ` +
          `this ${observer.call.f} began`,
      );
    });
    for (let maker = 0; maker < this.#operations.length && this.#refutation === null; maker++) {
      const later = firstLater[maker] as number;
      if (later === NONE || this.#returnedAt(later) > this.#calledAt(maker)) continue;
      const [one, other] = [
        this.#operations[maker] as JudgedOperation,
        this.#operations[later] as JudgedOperation,
      ];
      this.#refutation = {
        test: 'inverted-order',
        explanation:
          `${this.#describe(other)} ${place(other)} came after ${this.#describe(one)} ${place(one)}, as what was ` +
          `seen shows, but had completed before that began.`,
        operations: [other, one, ...this.#witnessOf(later), ...this.#witnessOf(maker)],
      };
    }
  }

  /** Of the changes that certainly happened and were called after a time: the first to return. */
  #firstReturnAfter(): (time: number) => number {
    const certain: number[] = [];
    this.#operations.forEach(({ call }, operation) => {
      if (call.outcome === 'ok' && this.#model.lineage?.effect(call) !== undefined) certain.push(operation);
    });
    const firstFrom = certain.slice();
    for (let i = firstFrom.length - 2; i >= 0; i--) {
      const later = firstFrom[i + 1] as number;
      if (this.#returnedAt(later) < this.#returnedAt(firstFrom[i] as number)) firstFrom[i] = later;
    }
    return (time) => {
      let low = 0;
      let high = certain.length;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if (this.#calledAt(certain[middle] as number) > time) high = middle;
        else low = middle + 1;
      }
      return firstFrom[low] ?? NONE;
    };
  }

  /** By operation and the initial value: of its successors, theirs, and so on, the first to return. */
  #firstReturnDownTheLine(): Int32Array {
    const first = new Int32Array(this.#operations.length + 1).fill(NONE);
    const done = new Uint8Array(this.#operations.length + 1);
    for (let start = 0; start <= this.#initial; start++) {
      const line: number[] = [];
      for (let at = start; at !== NONE && done[at] === 0; at = this.#successorOf[at] as number) {
        done[at] = 1; // a circle, which no order fits, ends where it began
        line.push(at);
      }
      for (const at of line.reverse()) {
        const next = this.#successorOf[at] as number;
        if (next === NONE) continue;
        const beyond = first[next] as number;
        first[at] = beyond !== NONE && this.#returnedAt(beyond) < this.#returnedAt(next) ? beyond : next;
      }
    }
    return first;
  }

  #describe({ call }: JudgedOperation): string {
    return `the ${this.#model.describeCall(call, this.#name)}`;
  }

  #refute(test: string, observer: JudgedOperation, others: readonly JudgedOperation[], but: string): void {
    this.#refutation = {
      test,
      explanation: `${this.#model.describeCall(observer.call, this.#name)} ${place(observer)}, but ${but}.`,
      operations: [observer, ...others],
    };
  }
}
