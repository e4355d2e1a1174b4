/**
 * Operations on several keys at once, each key for a bounded number of operations; then a fresh key takes its place.
 *
 *     rotatingKeys({
 *       keys: 2, operationsPerKey: 100, initial: null,
 *       propose: ({ count }) => ({ f: 'write', value: count }), recent: new RecentKeys(4),
 *     })
 *     // write k0 0 · write k1 1 · write k1 2 · …   k0 and k1 until each had 100, then k2, k3, …
 *
 * Short histories of many keys are what checkers can decide: their cost grows with the length of a key's history, and
 * with the operations on it of which nobody knows whether they happened. After Jepsen's `jepsen.independent`, but
 * without its fixed groups of threads: every thread works on every key, so that a key sees as much concurrency as
 * there is.
 */
import {
  type Generator,
  type GeneratorContext,
  eachThread,
  generatorOf,
  type Step,
} from '../harness/generator/index.ts';
import type { Json, Operation } from '../harness/history/operation.ts';
import { asked } from './until-ok.ts';

/** What a proposal may depend on. */
export interface KeyTurn<M> {
  /** What {@link RotatingKeysOptions.observe} made of the key's completions so far. */
  readonly memory: M;
  /** Operations on all keys before this one: unique in the run. */
  readonly count: number;
  /** In [0, 1), by what is drawn. */
  draw(what: string): number;
}

export interface RotatingKeysOptions<M> {
  /** In use at the same time. */
  readonly keys: number;
  readonly operationsPerKey: number;
  /** What is known of a fresh key. */
  readonly initial: M;
  propose(turn: KeyTurn<M>): { readonly f: string; readonly value: Json };
  /** Learns from the completion of an operation on the key. Learns nothing when absent. */
  observe?(memory: M, completion: Operation): M;
  /** Told of every key that is used, for the final reads. */
  readonly recent: RecentKeys;
}

interface Slot<M> {
  readonly key: string;
  readonly proposed: number;
  readonly memory: M;
}

class RotatingKeys<M> implements Generator {
  readonly options: RotatingKeysOptions<M>;
  readonly slots: readonly Slot<M>[];
  /** The number of the next fresh key. */
  readonly nextKey: number;
  readonly count: number;

  constructor(options: RotatingKeysOptions<M>, slots: readonly Slot<M>[], nextKey: number, count: number) {
    this.options = options;
    this.slots = slots;
    this.nextKey = nextKey;
    this.count = count;
  }

  op(context: GeneratorContext): Step | null {
    const { options, count, slots } = this;
    const index = Math.floor(context.random('key', count) * slots.length);
    const slot = slots[index];
    if (slot === undefined) return null;
    const draw = (what: string): number => context.random(what, count);
    const proposal = options.propose({ memory: slot.memory, count, draw });
    const step = generatorOf({ ...proposal, key: slot.key }).op(context.at(count));
    if (step === null || step.op === 'pending') return step === null ? null : { op: 'pending', next: this };
    const isUsedUp = slot.proposed + 1 >= options.operationsPerKey;
    const after = isUsedUp ? freshSlot(options, this.nextKey) : { ...slot, proposed: slot.proposed + 1 };
    const nextKey = isUsedUp ? this.nextKey + 1 : this.nextKey;
    return { op: step.op, next: new RotatingKeys(options, slots.with(index, after), nextKey, count + 1) };
  }

  update(_context: GeneratorContext, event: Operation): Generator {
    const { observe, recent } = this.options;
    if (event.key === undefined || event.process === 'nemesis') return this;
    if (event.type === 'invoke') recent.use(event.key);
    if (event.type === 'invoke' || observe === undefined) return this;
    const index = this.slots.findIndex((slot) => slot.key === event.key);
    const slot = this.slots[index];
    if (slot === undefined) return this;
    const memory = observe(slot.memory, event);
    if (memory === slot.memory) return this;
    return new RotatingKeys(
      this.options,
      this.slots.with(index, { ...slot, memory }),
      this.nextKey,
      this.count,
    );
  }
}

function freshSlot<M>(options: RotatingKeysOptions<M>, number: number): Slot<M> {
  return { key: `k${number}`, proposed: 0, memory: options.initial };
}

export function rotatingKeys<M>(options: RotatingKeysOptions<M>): Generator {
  const slots = Array.from({ length: options.keys }, (_, i) => freshSlot(options, i));
  return new RotatingKeys(options, slots, options.keys, 0);
}

/**
 * Remembers which keys were used last, so that the final reads, a generator of their own, know what to read.
 *
 * The one thing that a prepared workload's two generators share, and the one that changes: it learns from the
 * invocations that the main generator hears of, and is asked only when the final reads begin.
 */
export class RecentKeys {
  /** In the order of their last use. */
  readonly #keys = new Set<string | number>();
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  use(key: string | number): void {
    this.#keys.delete(key);
    this.#keys.add(key);
    const [oldest] = this.#keys;
    if (this.#keys.size > this.#max && oldest !== undefined) this.#keys.delete(oldest);
  }

  get keys(): readonly (string | number)[] {
    return [...this.#keys];
  }
}

/** How often a thread asks before it gives a key up. */
const FINAL_ATTEMPTS = 10;
/** Between two attempts of a thread, so that an election can end meanwhile. */
const FINAL_PAUSE_S = 0.2;

/** Every thread reads every recent key until it has an answer, or has asked too often. */
export function finalReads(recent: RecentKeys): Generator {
  const readOf = (key: string | number): Generator =>
    asked({ f: 'read', key }, { attempts: FINAL_ATTEMPTS, pauseS: FINAL_PAUSE_S });
  return eachThread((_context, count) => (count === 0 ? recent.keys.map(readOf) : null));
}
