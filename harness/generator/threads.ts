/**
 * Who runs what: `onThreads`, `clients`, `nemesis`, `reserve`, `eachThread`.
 *
 *     anyOf(clients(reserve([[5, writes], [5, compareAndSets]], reads)), nemesis(faults))
 */
import { HarnessError } from '../errors.ts';
import type { Operation } from '../history/operation.ts';
import { Merge, type MergeRule, soonest } from './choice.ts';
import type { Generator, GeneratorContext, Step, ThreadId } from './generator.ts';
import { generatorOf, type GeneratorLike, pending } from './lift.ts';
import { Wrapper, yields } from './wrapper.ts';

class OnThreads extends Wrapper {
  readonly keep: (thread: ThreadId) => boolean;
  constructor(keep: (thread: ThreadId) => boolean, inner: Generator) {
    super(inner);
    this.keep = keep;
  }
  op(context: GeneratorContext): Step | null {
    const step = this.inner.op(context.only(this.keep));
    if (step === null) return null;
    if (step.op === 'pending') return this.wait(step.next);
    return yields(step.op, step.next, (inner) => this.around(inner));
  }
  override update(context: GeneratorContext, event: Operation): Generator {
    const thread = context.threadOf(event.process);
    if (thread === undefined || !this.keep(thread)) return this;
    return this.replace(this.inner.update(context.only(this.keep), event));
  }
  protected around(inner: Generator): Generator {
    return new OnThreads(this.keep, inner);
  }
}

/** Only the threads that satisfy the predicate run it, and it sees and hears of no other. */
export function onThreads(keep: (thread: ThreadId) => boolean, generator: GeneratorLike): Generator {
  return new OnThreads(keep, generatorOf(generator));
}

const isClient = (thread: ThreadId): boolean => thread !== 'nemesis';
const isNemesis = (thread: ThreadId): boolean => thread === 'nemesis';

/** Client threads only. */
export function clients(generator: GeneratorLike): Generator {
  return onThreads(isClient, generator);
}

/** The nemesis thread only. */
export function nemesis(generator: GeneratorLike): Generator {
  return onThreads(isNemesis, generator);
}

/** Threads are in ascending order, the nemesis last. */
const rank = (thread: ThreadId): number => (thread === 'nemesis' ? Number.MAX_SAFE_INTEGER : thread);

class ReserveRule implements MergeRule {
  /** Child i has the threads at positions starts[i] … starts[i+1] − 1 of the context, the last one all others. */
  readonly starts: readonly number[];
  constructor(counts: readonly number[]) {
    const starts = [0];
    for (const count of counts) starts.push((starts.at(-1) ?? 0) + count);
    this.starts = starts;
  }
  contextFor(index: number, context: GeneratorContext): GeneratorContext {
    const [from, to] = this.#ranks(index, context.threads);
    return context.only((thread) => rank(thread) >= from && rank(thread) < to);
  }
  hears(index: number, context: GeneratorContext, event: Operation): boolean {
    const thread = context.threadOf(event.process);
    if (thread === undefined) return false;
    const [from, to] = this.#ranks(index, context.threads);
    return rank(thread) >= from && rank(thread) < to;
  }
  weightOf(index: number, context: GeneratorContext): number {
    const start = this.starts[index] ?? 0;
    return (this.starts[index + 1] ?? context.threads.length) - start;
  }
  #ranks(index: number, threads: readonly ThreadId[]): [from: number, to: number] {
    const reserved = this.starts.at(-1) ?? 0;
    if (reserved > threads.length) {
      throw new HarnessError(
        'generator',
        `reserve needs ${reserved} threads and has ${threads.length}; raise the concurrency`,
      );
    }
    const rankAt = (position: number | undefined): number => {
      const thread = position === undefined ? undefined : threads[position];
      return thread === undefined ? Infinity : rank(thread);
    };
    return [rankAt(this.starts[index]), rankAt(this.starts[index + 1])];
  }
}

/**
 * Gives the first threads of the context to the first generator, the next ones to the second, and so on; all others
 * run `rest`. So no kind of operation can hold up another. Each sees and hears of its own threads only.
 *
 * @throws HarnessError `generator` when first asked in a context with fewer threads than are reserved
 */
export function reserve(
  reservations: readonly (readonly [threads: number, generator: GeneratorLike])[],
  rest: GeneratorLike,
): Generator {
  const rule = new ReserveRule(reservations.map(([threads]) => threads));
  const children = [...reservations.map(([, generator]) => generator), rest].map(generatorOf);
  return new Merge(rule, children, 0);
}

/** One predicate a thread, so that what a context made of it is found again. */
const isThread = new Map<ThreadId, (other: ThreadId) => boolean>();

function onlyThread(thread: ThreadId): (other: ThreadId) => boolean {
  let predicate = isThread.get(thread);
  if (predicate === undefined) {
    predicate = (other) => other === thread;
    isThread.set(thread, predicate);
  }
  return predicate;
}

class EachThread implements Generator {
  readonly fresh: Generator;
  /** Of the threads seen so far; null where exhausted. */
  readonly children: ReadonlyMap<ThreadId, Generator | null>;
  readonly count: number;
  constructor(fresh: Generator, children: ReadonlyMap<ThreadId, Generator | null>, count: number) {
    this.fresh = fresh;
    this.children = children;
    this.count = count;
  }
  op(context: GeneratorContext): Step | null {
    const { freeThreads } = context;
    const steps = freeThreads.map((thread) => {
      const child = this.#childOf(thread);
      return child === null ? null : child.op(EachThread.#contextFor(thread, context));
    });
    const index = soonest(
      steps,
      () => 1,
      () => context.random('tie', this.count),
    );
    const thread = freeThreads[index];
    const step = steps[index];
    if (thread === undefined || step === null || step === undefined) {
      // Exhausted on every free thread. A busy one may have more to do when it is back.
      return freeThreads.length === context.threads.length ? null : pending(this);
    }
    const children = new Map(this.children);
    if (step.op === 'pending') {
      steps.forEach((other, i) => {
        if (other !== null) children.set(freeThreads[i] as ThreadId, other.next);
      });
      return pending(new EachThread(this.fresh, children, this.count));
    }
    children.set(thread, step.next);
    return { op: step.op, next: new EachThread(this.fresh, children, this.count + 1) };
  }
  update(context: GeneratorContext, event: Operation): Generator {
    const thread = context.threadOf(event.process);
    if (thread === undefined || !context.threads.includes(thread)) return this;
    const child = this.#childOf(thread);
    const updated = child?.update(EachThread.#contextFor(thread, context), event) ?? null;
    return updated === child
      ? this
      : new EachThread(this.fresh, new Map(this.children).set(thread, updated), this.count);
  }
  #childOf(thread: ThreadId): Generator | null {
    const child = this.children.get(thread);
    return child === undefined ? this.fresh : child;
  }
  static #contextFor(thread: ThreadId, context: GeneratorContext): GeneratorContext {
    return context.only(onlyThread(thread)).at(thread === 'nemesis' ? -1 : thread);
  }
}

/** A copy of the generator for every thread; each sees and hears of its own thread only. */
export function eachThread(generator: GeneratorLike): Generator {
  return new EachThread(generatorOf(generator), new Map(), 0);
}
