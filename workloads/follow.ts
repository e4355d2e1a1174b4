/**
 * A generator for one thread that goes by what the thread has seen: a state, what to do in it, and what to make of each event.
 *
 *     eachThread(follow({
 *       initial: { assigned: false },
 *       propose: ({ assigned }) => (assigned ? { f: 'poll' } : { f: 'assign', value: ['t0-0'] }),
 *       observe: (state, { type, f }) => (f === 'assign' && type === 'ok' ? { assigned: true } : state),
 *     }))
 *
 * The state is told of `info`, too: the thread's next process is another client, which knows nothing.
 */
import {
  eachThread,
  type Generator,
  type GeneratorContext,
  generatorOf,
  type OperationTemplate,
  stagger,
  type Step,
} from '../harness/generator/index.ts';
import type { Operation } from '../harness/history/operation.ts';

export interface Turn {
  /** Operations of this generator before this one. */
  readonly count: number;
  /** The thread, from 0. */
  readonly thread: number;
  /** In [0, 1), by what is drawn. */
  draw(what: string): number;
}

export interface FollowOptions<S> {
  readonly initial: S;
  /** Null: the thread is done. */
  propose(state: S, turn: Turn): OperationTemplate | null;
  /** Told of every event of the thread. Returns the same state where nothing changes. */
  observe(state: S, event: Operation): S;
}

class Follow<S> implements Generator {
  readonly options: FollowOptions<S>;
  readonly state: S;
  readonly count: number;

  constructor(options: FollowOptions<S>, state: S, count: number) {
    this.options = options;
    this.state = state;
    this.count = count;
  }

  op(context: GeneratorContext): Step | null {
    const { options, state, count } = this;
    const [thread] = context.threads;
    const draw = (what: string): number => context.random(what, count);
    const turn = { count, thread: typeof thread === 'number' ? thread : 0, draw };
    const step = generatorOf(options.propose(state, turn)).op(context.at(count));
    if (step === null) return null;
    if (step.op === 'pending') return { op: 'pending', next: this };
    return { op: step.op, next: new Follow(options, state, count + 1) };
  }

  update(_context: GeneratorContext, event: Operation): Generator {
    const state = this.options.observe(this.state, event);
    return state === this.state ? this : new Follow(this.options, state, this.count);
  }
}

/** Every thread by itself, all together at a rate. @param rate - operations a second, on average */
export function eachFollows<S>(rate: number, options: FollowOptions<S>): Generator {
  return stagger(1 / rate, eachThread(follow(options)));
}

/** For `eachThread`, or where there is one thread only. */
export function follow<S>(options: FollowOptions<S>): Generator {
  return new Follow(options, options.initial, 0);
}
