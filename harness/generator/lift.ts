/**
 * What may stand where a generator is wanted, and how it becomes one.
 *
 *     { f: 'read', key: 'x' }                              // one operation, once
 *     [{ f: 'write', value: 1 }, { f: 'read' }]            // each in turn until it is exhausted
 *     (context, count) => ({ f: 'write', value: count })   // called for every operation, endless
 *     null                                                 // nothing
 *
 * A function is asked again when what it returned is exhausted, and ends by returning null. It must be pure, since
 * an answer may be thrown away: take unique values from `count`, which numbers its calls from 0, and randomness from
 * `context.random(word, 0)`, where every call has a place of its own.
 */
import { HarnessError } from '../errors.ts';
import type { Json, Operation, ProcessId } from '../history/operation.ts';
import type { Generator, GeneratorContext, ProposedOperation, Step, ThreadId } from './generator.ts';

/** An operation as a user writes it. The context fills in what is absent: any free thread, now, `invoke`, null. */
export interface OperationTemplate {
  readonly f: string;
  readonly key?: string | number;
  readonly value?: Json;
  readonly type?: ProposedOperation['type'];
  /** Nanoseconds since the run began. */
  readonly time?: number;
  readonly process?: ProcessId;
}

/** @param count - how many answers of this function have been used up before */
export type GeneratorFunction = (context: GeneratorContext, count: number) => GeneratorLike;

export type GeneratorLike =
  Generator | OperationTemplate | readonly GeneratorLike[] | GeneratorFunction | null;

/** A function that returns nothing useful this often in a row is taken for a mistake. */
const MAX_EMPTY_ANSWERS = 1_000;

export function pending(next: Generator): Step {
  return { op: 'pending', next };
}

/** Exhausted from the start. */
export const NOTHING: Generator = {
  op: () => null,
  update: () => NOTHING,
};

export function generatorOf(like: GeneratorLike): Generator {
  if (like === null) return NOTHING;
  if (typeof like === 'function') return new FunctionGenerator(like, 0, null);
  if (isArray(like)) return like.length === 0 ? NOTHING : new Sequence(like, 0, generatorOf(like[0] ?? null));
  return isTemplate(like) ? new Once(like) : like;
}

// Array.isArray does not narrow readonly arrays.
const isArray: (like: GeneratorLike) => like is readonly GeneratorLike[] = Array.isArray as never;

function isTemplate(like: Generator | OperationTemplate): like is OperationTemplate {
  // What a function returns is not always what its type says: undefined, or a promise.
  const given: unknown = like;
  if (typeof given === 'object' && given !== null) {
    if ('op' in given && 'update' in given) return false;
    if ('f' in given && typeof given.f === 'string') return true;
  }
  throw new HarnessError(
    'generator',
    `a generator is an operation with an f, an array, a function, null, or has op and update; this is ${describe(given)}`,
  );
}

function describe(given: unknown): string {
  if (given instanceof Promise) return 'a promise: generators cannot be asynchronous';
  return typeof given === 'object' ? JSON.stringify(given) : typeof given;
}

/** `'pending'` while its process, or every thread, is busy; null when the context has no threads at all. */
function fillIn(
  template: OperationTemplate,
  context: GeneratorContext,
): ProposedOperation | 'pending' | null {
  const { freeThreads } = context;
  let process = template.process;
  if (process === undefined) {
    if (freeThreads.length === 0) return context.threads.length === 0 ? null : 'pending';
    // Any free thread, each as likely: a fixed order would let the first starve the last, and always send
    // neighbouring operations to neighbouring nodes.
    const choice =
      freeThreads.length === 1 ? 0 : Math.floor(context.random('thread', 0) * freeThreads.length);
    process = context.processOf(freeThreads[choice] as ThreadId);
  } else {
    const thread = context.threadOf(process);
    if (thread !== undefined && !freeThreads.includes(thread)) return 'pending';
  }
  const op: { -readonly [name in keyof ProposedOperation]: ProposedOperation[name] } = {
    type: template.type ?? 'invoke',
    time: Math.max(template.time ?? 0, context.time),
    process,
    f: template.f,
    value: template.value ?? null,
  };
  if (template.key !== undefined) op.key = template.key;
  return op;
}

class Once implements Generator {
  readonly template: OperationTemplate;
  constructor(template: OperationTemplate) {
    this.template = template;
  }
  op(context: GeneratorContext): Step | null {
    const op = fillIn(this.template, context);
    if (op === null) return null;
    return op === 'pending' ? pending(this) : { op, next: null };
  }
  update(): Generator {
    return this;
  }
}

/** Each item in turn. Events go to the current one only. */
class Sequence implements Generator {
  readonly items: readonly GeneratorLike[];
  readonly position: number;
  readonly current: Generator;
  constructor(items: readonly GeneratorLike[], position: number, current: Generator) {
    this.items = items;
    this.position = position;
    this.current = current;
  }
  op(context: GeneratorContext): Step | null {
    let current = this.current;
    for (let position = this.position; ;) {
      const step = current.op(context.at(position));
      if (step !== null) {
        const next = this.#from(position, step.next);
        return step.op === 'pending' ? pending(next ?? NOTHING) : { op: step.op, next };
      }
      if (++position >= this.items.length) return null;
      current = generatorOf(this.items[position] ?? null);
    }
  }
  update(context: GeneratorContext, event: Operation): Generator {
    const current = this.current.update(context.at(this.position), event);
    return current === this.current ? this : new Sequence(this.items, this.position, current);
  }
  #from(position: number, current: Generator | null): Generator | null {
    if (current === this.current && position === this.position) return this;
    if (current !== null) return new Sequence(this.items, position, current);
    if (position + 1 >= this.items.length) return null;
    return new Sequence(this.items, position + 1, generatorOf(this.items[position + 1] ?? null));
  }
}

class FunctionGenerator implements Generator {
  readonly call: GeneratorFunction;
  readonly count: number;
  /** What the last call returned, while it lasts. */
  readonly current: Generator | null;
  constructor(call: GeneratorFunction, count: number, current: Generator | null) {
    this.call = call;
    this.count = count;
    this.current = current;
  }
  op(context: GeneratorContext): Step | null {
    let { count, current } = this;
    for (let empty = 0; empty < MAX_EMPTY_ANSWERS; empty++) {
      const place = context.at(count);
      if (current === null) {
        const answer = this.call(place, count);
        if (answer === null) return null;
        current = generatorOf(answer);
      }
      const step = current.op(place);
      if (step !== null) {
        const next = new FunctionGenerator(this.call, step.next === null ? count + 1 : count, step.next);
        return step.op === 'pending' ? pending(next) : { op: step.op, next };
      }
      if (context.threads.length === 0) return null;
      current = null;
      count++;
    }
    throw new HarnessError(
      'generator',
      `a generator function returned ${MAX_EMPTY_ANSWERS} exhausted generators in a row; return null to end it`,
    );
  }
  update(context: GeneratorContext, event: Operation): Generator {
    if (this.current === null) return this;
    const current = this.current.update(context.at(this.count), event);
    return current === this.current ? this : new FunctionGenerator(this.call, this.count, current);
  }
}
