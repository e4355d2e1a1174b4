/**
 * What generators see of a run, and the table of threads behind it.
 *
 *     const threads = new ThreadTable({ concurrency: 2, nemesis: true, seed: 1 });
 *     threads.context(0).freeThreads;      // [0, 1, 'nemesis']
 *     threads.occupy(0, 0);                // thread 0 runs its process 0
 *     threads.context(10).freeThreads;     // [1, 'nemesis']
 *     threads.release(0);
 *     threads.retire(0);                   // thread 0 now runs process 2
 *
 * A context is an immutable snapshot. Its *place* is a hash of the way from the root of the generator tree to the
 * generator that is asked: every child is asked at a place of its own (`context.at(i)`), and all randomness is a
 * hash of (seed, place, what is drawn, count). So no two generators of a tree share draws, a value that is asked
 * twice draws the same, and taking one branch away leaves the others' draws as they were.
 */
import type { ProcessId } from '../history/operation.ts';
import { randomStream } from '../random.ts';
import type { GeneratorContext, ThreadId } from './generator.ts';

/** The murmur3 finalizer: every input bit changes every output bit with probability one half. */
function scramble(bits: number): number {
  let hash = bits ^ (bits >>> 16);
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

/** A place is 64 bits in two halves, so that a collision between two places of a tree need not be feared. */
interface Place {
  readonly high: number;
  readonly low: number;
}

type ThreadPredicate = (thread: ThreadId) => boolean;

/** Per predicate the list that it was last asked about, and what it kept: the threads of a run do not change. */
const lastKept = new WeakMap<
  ThreadPredicate,
  { readonly of: readonly ThreadId[]; readonly kept: readonly ThreadId[] }
>();

function keptOf(threads: readonly ThreadId[], keep: ThreadPredicate): readonly ThreadId[] {
  const last = lastKept.get(keep);
  if (last?.of === threads) return last.kept;
  const kept = threads.filter(keep);
  lastKept.set(keep, { of: threads, kept });
  return kept;
}

class Context implements GeneratorContext {
  readonly time: number;
  readonly threads: readonly ThreadId[];
  readonly freeThreads: readonly ThreadId[];
  /** By thread number. Includes threads that this context leaves out. */
  readonly #processes: readonly number[];
  readonly #high: number;
  readonly #low: number;

  constructor(
    time: number,
    threads: readonly ThreadId[],
    freeThreads: readonly ThreadId[],
    processes: readonly number[],
    high: number,
    low: number,
  ) {
    this.time = time;
    this.threads = threads;
    this.freeThreads = freeThreads;
    this.#processes = processes;
    this.#high = high;
    this.#low = low;
  }

  processOf(thread: ThreadId): ProcessId {
    if (thread === 'nemesis') return 'nemesis';
    const process = this.#processes[thread];
    if (process === undefined) throw new RangeError(`there is no thread ${thread}`);
    return process;
  }

  threadOf(process: ProcessId): ThreadId | undefined {
    if (process === 'nemesis') return 'nemesis';
    const thread = process % this.#processes.length;
    const current = this.#processes[thread];
    return current !== undefined && process >= current ? thread : undefined;
  }

  random(path: string, draw: number): number {
    let word = path.length;
    for (let i = 0; i < path.length; i++) word = Math.imul(word ^ path.charCodeAt(i), 0x01000193);
    // Scrambled before the draw is added: else one word's draws would be another's, in another order.
    word = scramble(scramble(word) + Math.imul(draw, 0x9e3779b1));
    return (scramble(this.#high + Math.imul(scramble(this.#low ^ word), 0x9e3779b1)) >>> 0) / 0x1_0000_0000;
  }

  at(place: number): GeneratorContext {
    const word = scramble(place + 0x7f4a7c15);
    return new Context(
      this.time,
      this.threads,
      this.freeThreads,
      this.#processes,
      scramble(Math.imul(this.#high, 0x9e3779b1) + word),
      scramble(Math.imul(this.#low ^ word, 0x85ebca6b) + 0x2545f491),
    );
  }

  only(keep: ThreadPredicate): GeneratorContext {
    return new Context(
      this.time,
      keptOf(this.threads, keep),
      this.freeThreads.filter(keep),
      this.#processes,
      this.#high,
      this.#low,
    );
  }

  withTime(time: number): GeneratorContext {
    return new Context(time, this.threads, this.freeThreads, this.#processes, this.#high, this.#low);
  }
}

/** Threads are in ascending order, the nemesis last. */
function isBefore(a: ThreadId, b: ThreadId): boolean {
  return b === 'nemesis' || (a !== 'nemesis' && a < b);
}

export interface ThreadTableOptions {
  /** Client threads. */
  readonly concurrency: number;
  /** Whether there is a nemesis thread. */
  readonly nemesis: boolean;
  readonly seed: number;
  /** Process of thread 0: a multiple of `concurrency`; where an earlier part of the run left off. */
  readonly firstProcess?: number;
}

/** Which thread runs which process, and which are free. The one mutable thing: owned by who runs the generator. */
export class ThreadTable {
  readonly threads: readonly ThreadId[];
  readonly #concurrency: number;
  readonly #root: Place;
  /** Both are replaced, never changed: contexts keep them. */
  #processes: readonly number[];
  #freeThreads: readonly ThreadId[];

  constructor(options: ThreadTableOptions) {
    const { concurrency, firstProcess = 0 } = options;
    if (!Number.isSafeInteger(concurrency) || concurrency < 1) {
      throw new RangeError(`concurrency is ${concurrency}, must be an integer of at least 1`);
    }
    if (firstProcess % concurrency !== 0) {
      throw new RangeError(`first process ${firstProcess} is no multiple of the concurrency ${concurrency}`);
    }
    const clients = Array.from({ length: concurrency }, (_, thread) => thread);
    this.threads = options.nemesis ? [...clients, 'nemesis'] : clients;
    this.#freeThreads = this.threads;
    this.#concurrency = concurrency;
    this.#processes = clients.map((thread) => firstProcess + thread);
    const random = randomStream(options.seed, 'generator', firstProcess);
    this.#root = { high: random.uint32() | 0, low: random.uint32() | 0 };
  }

  context(time: number): GeneratorContext {
    const { high, low } = this.#root;
    return new Context(time, this.threads, this.#freeThreads, this.#processes, high, low);
  }

  get busyCount(): number {
    return this.threads.length - this.#freeThreads.length;
  }

  /** The thread runs this process from now on, which is its own or one that it would get later, and is not free. */
  occupy(thread: ThreadId, process: ProcessId): void {
    const position = this.#freeThreads.indexOf(thread);
    if (position === -1) throw new RangeError(`thread ${thread} is busy`);
    this.#freeThreads = this.#freeThreads.toSpliced(position, 1);
    if (thread !== 'nemesis' && process !== 'nemesis') this.#assign(thread, process);
  }

  release(thread: ThreadId): void {
    if (this.#freeThreads.includes(thread)) throw new RangeError(`thread ${thread} is free already`);
    const after = this.#freeThreads.findIndex((other) => isBefore(thread, other));
    this.#freeThreads = this.#freeThreads.toSpliced(
      after === -1 ? this.#freeThreads.length : after,
      0,
      thread,
    );
  }

  /** The thread's process is never used again; the thread gets the next one that is congruent to it. */
  retire(thread: number): void {
    this.#assign(thread, (this.#processes[thread] ?? thread) + this.#concurrency);
  }

  /** The lowest multiple of the concurrency above every process so far. */
  get nextProcess(): number {
    const highest = Math.max(...this.#processes);
    return (Math.floor(highest / this.#concurrency) + 1) * this.#concurrency;
  }

  #assign(thread: number, process: number): void {
    const current = this.#processes[thread];
    if (current === process) return;
    if (current === undefined || process < current || process % this.#concurrency !== thread) {
      throw new RangeError(
        `process ${process} cannot run on thread ${thread}, which runs ${current ?? 'nothing'}`,
      );
    }
    this.#processes = this.#processes.with(thread, process);
  }
}
