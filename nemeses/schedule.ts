/**
 * When a nemesis begins and ends its faults: begin one, hold it for a random while, end it, wait, and so on, for ever.
 *
 *     faultSchedule('kill', [{ f: 'kill', target: 'leader' }], new Map([['kill', 'restart']]), 5_000)
 *     // 3.1 s kill {fault: 'kill', target: 'leader'} · 9.8 s restart {fault: 'kill'} · 11.2 s kill …
 *
 * Waits are uniform between nothing and twice `intervalMs`, holds between a tenth of it and 1.9 times: short ones find
 * other bugs than long ones, but a fault that is over at once has tested nothing. The first wait counts from the
 * beginning of the run and is half as long, so that short runs see a fault, too.
 *
 * Built on its own and not of `sleep`, which would keep the one nemesis thread from the schedules beside it, nor of
 * `stagger`, whose first operation comes at once.
 */
import { type Generator, type GeneratorContext, generatorOf, type Step } from '../harness/generator/index.ts';
import type { Json } from '../harness/history/operation.ts';
import { msToNs } from '../harness/units.ts';

/** One way to begin a fault. */
export interface Beginning {
  readonly f: string;
  readonly target: Json;
}

/** Of the mean. */
const SHORTEST_HOLD = 0.1;

class FaultSchedule implements Generator {
  readonly fault: string;
  readonly begins: readonly Beginning[];
  /** From the verb that begins to the one that ends. */
  readonly endOf: ReadonlyMap<string, string>;
  readonly meanNs: number;
  /** Operations so far: even means that a beginning is next. */
  readonly count: number;
  /** When the last operation was due. */
  readonly lastTime: number;
  /** The verb that ends the fault in force. */
  readonly end: string;

  constructor(
    fault: string,
    begins: readonly Beginning[],
    endOf: ReadonlyMap<string, string>,
    meanNs: number,
    count: number,
    lastTime: number,
    end: string,
  ) {
    this.fault = fault;
    this.begins = begins;
    this.endOf = endOf;
    this.meanNs = meanNs;
    this.count = count;
    this.lastTime = lastTime;
    this.end = end;
  }

  op(context: GeneratorContext): Step | null {
    const { fault, begins, endOf, meanNs, count } = this;
    const isBeginning = count % 2 === 0;
    const shortest = isBeginning ? 0 : SHORTEST_HOLD;
    const longest = count === 0 ? 1 : 2 - shortest;
    const means = shortest + (longest - shortest) * context.random('interval', count);
    const time = this.lastTime + Math.floor(means * meanNs);
    const begin = begins[Math.floor(context.random('target', count) * begins.length)];
    if (begin === undefined) return null;
    const { f, value } = isBeginning
      ? { f: begin.f, value: { fault, target: begin.target } }
      : { f: this.end, value: { fault } };
    const step = generatorOf({ f, value, time }).op(context);
    if (step === null || step.op === 'pending') return step === null ? null : { op: 'pending', next: this };
    const end = isBeginning ? (endOf.get(f) ?? '') : this.end;
    return {
      op: step.op,
      next: new FaultSchedule(fault, begins, endOf, meanNs, count + 1, step.op.time, end),
    };
  }

  update(): Generator {
    return this;
  }
}

/**
 * @param fault - the name of the nemesis, which its invocations carry
 * @param begins - one of these is picked each time
 * @param intervalMs - mean time that a fault is in force, and mean time from its end to the next
 */
export function faultSchedule(
  fault: string,
  begins: readonly Beginning[],
  endOf: ReadonlyMap<string, string>,
  intervalMs: number,
): Generator {
  return new FaultSchedule(fault, begins, endOf, msToNs(intervalMs), 0, 0, '');
}
