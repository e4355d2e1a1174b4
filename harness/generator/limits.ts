/**
 * How many operations, for how long, on how many processes: `limit`, `once`, `repeat`, `cycle`, `timeLimit`,
 * `processLimit`, `concurrencyLimit`, `untilOk`.
 *
 *     timeLimit(60, limit(1_000, repeat({ f: 'read' })))   // a thousand reads or a minute, whichever ends first
 */
import { assert } from '../errors.ts';
import type { Operation, ProcessId } from '../history/operation.ts';
import { sToNs } from '../units.ts';
import type { Generator, GeneratorContext, Step } from './generator.ts';
import { generatorOf, type GeneratorLike, pending } from './lift.ts';
import { Wrapper, yields } from './wrapper.ts';

class Limit extends Wrapper {
  readonly remaining: number;
  constructor(remaining: number, inner: Generator) {
    super(inner);
    this.remaining = remaining;
  }
  op(context: GeneratorContext): Step | null {
    if (this.remaining <= 0) return null;
    const step = this.inner.op(context);
    if (step === null) return null;
    if (step.op === 'pending') return this.wait(step.next);
    return yields(step.op, step.next, (inner) =>
      this.remaining > 1 ? new Limit(this.remaining - 1, inner) : null,
    );
  }
  protected around(inner: Generator): Generator {
    return new Limit(this.remaining, inner);
  }
}

/** At most `count` operations. */
export function limit(count: number, generator: GeneratorLike): Generator {
  assert(!Number.isNaN(count), 'a limit is not a number');
  return new Limit(count, generatorOf(generator));
}

/** The first operation only. */
export function once(generator: GeneratorLike): Generator {
  return limit(1, generator);
}

class Repeat extends Wrapper {
  readonly count: number;
  readonly times: number;
  constructor(count: number, times: number, inner: Generator) {
    super(inner);
    this.count = count;
    this.times = times;
  }
  op(context: GeneratorContext): Step | null {
    if (this.count >= this.times) return null;
    const step = this.inner.op(context.at(this.count));
    if (step === null) return null;
    if (step.op === 'pending') return this.wait(step.next);
    return { op: step.op, next: new Repeat(this.count + 1, this.times, this.inner) };
  }
  protected around(inner: Generator): Generator {
    return new Repeat(this.count, this.times, inner);
  }
}

/**
 * The generator's first operation again and again: it never advances, though it hears of events. One that draws
 * draws anew each time.
 *
 * @param times - how often; endless when absent
 */
export function repeat(generator: GeneratorLike, times = Infinity): Generator {
  return new Repeat(0, times, generatorOf(generator));
}

class Cycle extends Wrapper {
  readonly original: Generator;
  readonly round: number;
  readonly rounds: number;
  constructor(original: Generator, round: number, rounds: number, inner: Generator) {
    super(inner);
    this.original = original;
    this.round = round;
    this.rounds = rounds;
  }
  op(context: GeneratorContext): Step | null {
    if (this.round >= this.rounds) return null;
    const step = this.inner.op(context.at(this.round));
    if (step === null) {
      // A fresh round that has nothing at all would go on for ever.
      if (this.inner === this.original) return null;
      return this.#next().op(context);
    }
    if (step.op === 'pending') return this.wait(step.next);
    return { op: step.op, next: step.next === null ? this.#next() : this.around(step.next) };
  }
  protected around(inner: Generator): Generator {
    return new Cycle(this.original, this.round, this.rounds, inner);
  }
  #next(): Cycle {
    return new Cycle(this.original, this.round + 1, this.rounds, this.original);
  }
}

/**
 * The whole generator from its beginning whenever it is exhausted, drawing anew in each round. What events did to it
 * is forgotten between rounds.
 *
 * @param rounds - how often; endless when absent
 */
export function cycle(generator: GeneratorLike, rounds = Infinity): Generator {
  const original = generatorOf(generator);
  return new Cycle(original, 0, rounds, original);
}

class TimeLimit extends Wrapper {
  readonly limitNs: number;
  /** Absent until the first operation. */
  readonly cutoffNs: number | null;
  constructor(limitNs: number, cutoffNs: number | null, inner: Generator) {
    super(inner);
    this.limitNs = limitNs;
    this.cutoffNs = cutoffNs;
  }
  op(context: GeneratorContext): Step | null {
    if (this.limitNs <= 0 || (this.cutoffNs !== null && context.time >= this.cutoffNs)) return null;
    const step = this.inner.op(context);
    if (step === null) return null;
    if (step.op === 'pending') return this.wait(step.next);
    const cutoffNs = this.cutoffNs ?? step.op.time + this.limitNs;
    if (step.op.time >= cutoffNs) return null;
    return yields(step.op, step.next, (inner) => new TimeLimit(this.limitNs, cutoffNs, inner));
  }
  protected around(inner: Generator): Generator {
    return new TimeLimit(this.limitNs, this.cutoffNs, inner);
  }
}

/** Operations for this many seconds, counted from the first one. Operations in flight then are not cut short. */
export function timeLimit(seconds: number, generator: GeneratorLike): Generator {
  assert(!Number.isNaN(seconds), 'a time limit is not a number');
  return new TimeLimit(sToNs(seconds), null, generatorOf(generator));
}

class ProcessLimit extends Wrapper {
  readonly count: number;
  readonly processes: ReadonlySet<ProcessId>;
  constructor(count: number, processes: ReadonlySet<ProcessId>, inner: Generator) {
    super(inner);
    this.count = count;
    this.processes = processes;
  }
  op(context: GeneratorContext): Step | null {
    const step = this.inner.op(context);
    if (step === null) return null;
    if (step.op === 'pending') return this.wait(step.next);
    let processes = this.processes;
    for (const thread of context.threads) {
      const process = context.processOf(thread);
      if (!processes.has(process)) processes = new Set(processes).add(process);
    }
    if (processes.size > this.count) return null;
    return yields(step.op, step.next, (inner) => new ProcessLimit(this.count, processes, inner));
  }
  protected around(inner: Generator): Generator {
    return new ProcessLimit(this.count, this.processes, inner);
  }
}

/**
 * At most `count` different processes. All that *could* have run an operation count, so that it ends for all threads
 * at once and does not trickle out on the last of them.
 */
export function processLimit(count: number, generator: GeneratorLike): Generator {
  return new ProcessLimit(count, new Set(), generatorOf(generator));
}

class ConcurrencyLimit extends Wrapper {
  readonly count: number;
  constructor(count: number, inner: Generator) {
    super(inner);
    this.count = count;
  }
  op(context: GeneratorContext): Step | null {
    if (this.count <= 0) return null;
    if (context.threads.length - context.freeThreads.length >= this.count) return pending(this);
    const step = this.inner.op(context);
    if (step === null) return null;
    if (step.op === 'pending') return this.wait(step.next);
    return yields(step.op, step.next, (inner) => this.around(inner));
  }
  protected around(inner: Generator): Generator {
    return new ConcurrencyLimit(this.count, inner);
  }
}

/** Pending while `count` or more threads are busy. */
export function concurrencyLimit(count: number, generator: GeneratorLike): Generator {
  return new ConcurrencyLimit(count, generatorOf(generator));
}

class UntilOk extends Wrapper {
  readonly active: ReadonlySet<ProcessId>;
  constructor(active: ReadonlySet<ProcessId>, inner: Generator) {
    super(inner);
    this.active = active;
  }
  op(context: GeneratorContext): Step | null {
    const step = this.inner.op(context);
    if (step === null) return null;
    if (step.op === 'pending') return this.wait(step.next);
    if (step.op.type !== 'invoke') return yields(step.op, step.next, (inner) => this.around(inner));
    const { process } = step.op;
    return yields(step.op, step.next, (inner) => new UntilOk(new Set(this.active).add(process), inner));
  }
  override update(context: GeneratorContext, event: Operation): Generator {
    const inner = this.inner.update(context, event);
    if (event.type === 'invoke' || !this.active.has(event.process)) return this.replace(inner);
    if (event.type === 'ok') return generatorOf(null);
    const active = new Set(this.active);
    active.delete(event.process);
    return new UntilOk(active, inner);
  }
  protected around(inner: Generator): Generator {
    return new UntilOk(this.active, inner);
  }
}

/** Until one of its own operations completes `ok`. Others may be in flight then; more are not asked for. */
export function untilOk(generator: GeneratorLike): Generator {
  return new UntilOk(new Set(), generatorOf(generator));
}
