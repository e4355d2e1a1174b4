/**
 * A generator is a pure value that says what happens next in a run, after Jepsen's `generator` namespace.
 *
 * `op(context)` proposes the next operation and the generator that follows it, says that it must wait
 * (`'pending'`), or that it is exhausted (`null`). `update(context, event)` tells it what happened (an
 * invocation or completion) and returns the generator to go on with. Neither changes anything: asking the same
 * generator twice with the same context gives the same answer. Randomness is drawn from `context.random(…)`
 * streams keyed by the generator's place in the tree and its own count of draws.
 */
import type { Json, Operation, ProcessId } from '../history/operation.ts';

/** The slot that runs a process: 0 … concurrency − 1, or the nemesis. */
export type ThreadId = number | 'nemesis';

/** An operation that a generator proposes. Absent fields are filled in from the context. */
export interface ProposedOperation {
  /** `sleep` (value: seconds) and `log` (value: text) are done by the interpreter and not recorded. */
  readonly type: 'invoke' | 'sleep' | 'log';
  /** Not before this time, in nanoseconds. */
  readonly time: number;
  readonly process: ProcessId;
  readonly f: string;
  readonly key?: string | number;
  readonly value: Json;
}

export interface GeneratorContext {
  /** Nanoseconds since the run began. */
  readonly time: number;
  readonly threads: readonly ThreadId[];
  /** Those without an operation in flight, in a fixed order. */
  readonly freeThreads: readonly ThreadId[];
  processOf(thread: ThreadId): ProcessId;
  threadOf(process: ProcessId): ThreadId | undefined;
  /**
   * A number in [0, 1) that depends only on the run's seed, this context's place in the tree, `path` (a short word
   * for what is drawn) and `draw` (the generator's own count).
   */
  random(path: string, draw: number): number;
  /** What the child at this place sees. A generator that draws, or has several children, gives each its own place. */
  at(place: number): GeneratorContext;
  /** The same with only those threads that satisfy the predicate. */
  only(keep: (thread: ThreadId) => boolean): GeneratorContext;
  /** The same at another time. */
  withTime(time: number): GeneratorContext;
}

export type Step =
  | { readonly op: ProposedOperation; readonly next: Generator | null }
  | { readonly op: 'pending'; readonly next: Generator };

export interface Generator {
  /** Null when exhausted. */
  op(context: GeneratorContext): Step | null;
  update(context: GeneratorContext, event: Operation): Generator;
}
