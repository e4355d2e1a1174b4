/**
 * When operations happen: `stagger`, `delay`, `sleep`, `cycleTimes`. Times are in seconds of the run's clock.
 *
 *     stagger(1 / 200, workload)                               // 200 a second on average, over all threads
 *     nemesis(cycle([sleep(5), { f: 'cut' }, sleep(5), { f: 'heal' }]))
 */
import type { Operation } from '../history/operation.ts';
import { assert } from '../errors.ts';
import { sToNs } from '../units.ts';
import { updateAll } from './choice.ts';
import type { Generator, GeneratorContext, ProposedOperation, Step } from './generator.ts';
import { generatorOf, type GeneratorLike, type OperationTemplate, pending } from './lift.ts';
import { Wrapper, yields } from './wrapper.ts';

function notBefore(op: ProposedOperation, time: number): ProposedOperation {
  return op.time >= time ? op : { ...op, time };
}

class Stagger extends Wrapper {
  readonly meanNs: number;
  /** Absent until the first operation, which comes at once. */
  readonly nextTime: number | null;
  readonly draws: number;
  constructor(meanNs: number, nextTime: number | null, draws: number, inner: Generator) {
    super(inner);
    this.meanNs = meanNs;
    this.nextTime = nextTime;
    this.draws = draws;
  }
  op(context: GeneratorContext): Step | null {
    const step = this.inner.op(context.at(0));
    if (step === null) return null;
    if (step.op === 'pending') return this.wait(step.next);
    const op = notBefore(step.op, this.nextTime ?? context.time);
    const nextTime = op.time + Math.floor(context.random('stagger', this.draws) * 2 * this.meanNs);
    return yields(op, step.next, (inner) => new Stagger(this.meanNs, nextTime, this.draws + 1, inner));
  }
  protected around(inner: Generator): Generator {
    return new Stagger(this.meanNs, this.nextTime, this.draws, inner);
  }
}

/**
 * Random intervals, uniform between 0 and twice `seconds`, from one operation to the next over all threads. When all
 * threads are busy it falls behind, and does not catch up.
 */
export function stagger(seconds: number, generator: GeneratorLike): Generator {
  return new Stagger(sToNs(seconds), null, 0, generatorOf(generator));
}

class Delay extends Wrapper {
  readonly intervalNs: number;
  readonly nextTime: number;
  constructor(intervalNs: number, nextTime: number, inner: Generator) {
    super(inner);
    this.intervalNs = intervalNs;
    this.nextTime = nextTime;
  }
  op(context: GeneratorContext): Step | null {
    const step = this.inner.op(context);
    if (step === null) return null;
    if (step.op === 'pending') return this.wait(step.next);
    const op = notBefore(step.op, this.nextTime);
    return yields(op, step.next, (inner) => new Delay(this.intervalNs, op.time + this.intervalNs, inner));
  }
  protected around(inner: Generator): Generator {
    return new Delay(this.intervalNs, this.nextTime, inner);
  }
}

/** At least `seconds` from one operation to the next, over all threads; exactly that while a thread is free. */
export function delay(seconds: number, generator: GeneratorLike): Generator {
  return new Delay(sToNs(seconds), 0, generatorOf(generator));
}

/** Keeps one thread busy for so long, once. Not recorded. */
export function sleep(seconds: number): OperationTemplate {
  return { type: 'sleep', f: 'sleep', value: seconds };
}

/** An operation that is due later than so many windows ahead is not looked for. */
const WINDOWS_AHEAD_MAX = 10_000;

class CycleTimes implements Generator {
  /** When each window begins within the period. */
  readonly startsNs: readonly number[];
  readonly periodNs: number;
  readonly children: readonly Generator[];
  /** Absent until the first operation. */
  readonly originNs: number | null;
  constructor(
    startsNs: readonly number[],
    periodNs: number,
    children: readonly Generator[],
    originNs: number | null,
  ) {
    this.startsNs = startsNs;
    this.periodNs = periodNs;
    this.children = children;
    this.originNs = originNs;
  }
  op(context: GeneratorContext): Step | null {
    const originNs = this.originNs ?? context.time;
    let children = this.children;
    let { index, endNs } = this.#windowAt(originNs, context.time);
    let time = context.time;
    // The present window, then those to come from their beginnings: an operation that is due in a later window of its
    // generator waits for that one. A whole round in which all are pending is a reason to wait.
    let lastDue = 0;
    for (let k = 0; k - lastDue <= children.length && k <= WINDOWS_AHEAD_MAX; k++) {
      const step = children[index]?.op(context.withTime(time).at(index)) ?? null;
      if (step === null) return null;
      if (step.op !== 'pending' && step.op.time < endNs) {
        const next = children.with(index, step.next ?? generatorOf(null));
        return { op: step.op, next: new CycleTimes(this.startsNs, this.periodNs, next, originNs) };
      }
      if (step.op === 'pending') children = children.with(index, step.next);
      else lastDue = k;
      time = endNs;
      ({ index, endNs } = this.#windowAt(originNs, time));
    }
    return pending(new CycleTimes(this.startsNs, this.periodNs, children, originNs));
  }
  update(context: GeneratorContext, event: Operation): Generator {
    const children = updateAll(this.children, (child, i) => child.update(context.at(i), event));
    return children === this.children
      ? this
      : new CycleTimes(this.startsNs, this.periodNs, children, this.originNs);
  }
  #windowAt(originNs: number, time: number): { index: number; endNs: number } {
    const passed = Math.floor((time - originNs) / this.periodNs) * this.periodNs;
    const offset = time - originNs - passed;
    const index = this.startsNs.findLastIndex((start) => start <= offset);
    return { index, endNs: originNs + passed + (this.startsNs[index + 1] ?? this.periodNs) };
  }
}

/**
 * The first generator for so many seconds, then the second for its own, and round again, each going on from where it
 * was. An operation in flight when a window ends is not cut short. Exhausted when the one whose turn it is, is.
 */
export function cycleTimes(
  windows: readonly (readonly [seconds: number, generator: GeneratorLike])[],
): Generator {
  const startsNs: number[] = [];
  let periodNs = 0;
  for (const [seconds] of windows) {
    assert(seconds > 0, `a window of cycleTimes lasts ${seconds} s; it must be above 0`);
    startsNs.push(periodNs);
    periodNs += sToNs(seconds);
  }
  return new CycleTimes(
    startsNs,
    periodNs,
    windows.map(([, generator]) => generatorOf(generator)),
    null,
  );
}
