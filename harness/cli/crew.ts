/**
 * Threads for checkers. They are started when a checker first asks one, and end with the check; while they work the main
 * thread stays free: it asks whether time is up, which draws the live line, and hears signals.
 *
 *     await withCrew(isOverdue, (crew) => checker.checkInParallel(input, crew));
 */
import { availableParallelism } from 'node:os';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Crew } from '../../checkers/checker.ts';

const QUESTION_INTERVAL_MS = 50;
/** Each takes some 40 MB beside its share of the searches' memory. */
const MAX_HANDS = 8;

interface Waiting {
  resolve(answer: unknown): void;
  reject(error: Error): void;
}

/** @param isOverdue - asked while the crew works; once it is true every hand stops where it is */
export async function withCrew<T>(
  isOverdue: () => boolean,
  work: (crew: Crew) => Promise<T>,
  size = Math.min(availableParallelism(), MAX_HANDS),
): Promise<T> {
  const stop = new Int32Array(new SharedArrayBuffer(4));
  const hands = new Map<number, Hand>();
  const timer = setInterval(() => {
    if (isOverdue()) Atomics.store(stop, 0, 1);
  }, QUESTION_INTERVAL_MS);
  const ask = async (number: number, message: unknown): Promise<unknown> => {
    const hand = hands.get(number) ?? new Hand(stop);
    hands.set(number, hand);
    return hand.ask(message);
  };
  try {
    return await work({ size, ask });
  } finally {
    clearInterval(timer);
    Atomics.store(stop, 0, 1);
    await Promise.all([...hands.values()].map((hand) => hand.end()));
  }
}

class Hand {
  readonly #thread: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #calls = 0;
  /** Why it is no more. */
  #failure: Error | null = null;

  constructor(stop: Int32Array) {
    // As this module: TypeScript in a checkout, JavaScript in the package.
    const main = new URL(`./crew-main${extname(import.meta.filename)}`, import.meta.url);
    this.#thread = new Worker(main, { workerData: stop });
    this.#thread.on('message', ({ call, answer }: { call: number; answer: unknown }) => {
      this.#waiting.get(call)?.resolve(answer);
      this.#waiting.delete(call);
    });
    this.#thread.on('error', (error: Error) => {
      this.#fail(error);
    });
    this.#thread.on('messageerror', (error: Error) => {
      this.#fail(error);
    });
    // Also where it says nothing of why.
    this.#thread.on('exit', (code) => {
      this.#fail(new Error(`the thread ended with code ${code}`));
    });
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of this.#waiting.values()) reject(this.#failure);
    this.#waiting.clear();
  }

  ask(message: unknown): Promise<unknown> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    const call = this.#calls++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(call, { resolve, reject });
      this.#thread.postMessage({ call, message });
    });
  }

  async end(): Promise<void> {
    await this.#thread.terminate();
  }
}
