/**
 * Processes that run candidates, each one at a time, ahead of what is known: which one counts is decided by the order of the
 * candidates, and not by which is ready first. A process that dies is replaced, and its candidate is run once more; where that one
 * dies, too, the candidate shows nothing.
 *
 *     const pool = new ShrinkPool(4, { target, runPath, checkBudgetMs });
 *     const found = await pool.firstOf(candidates);
 *     pool.end();
 */
import type { Candidate } from '../shrink/candidate.ts';
import type { FirstOf, Shrunk } from '../shrink/search.ts';
import type { ShrinkAnswer, ShrinkJob } from './shrink-worker.ts';
import { Death, WorkerProcesses } from './worker-processes.ts';

export class ShrinkPool {
  readonly #size: number;
  readonly #common: Omit<ShrinkJob, 'candidate'>;
  readonly #processes = new WorkerProcesses<ShrinkJob, ShrinkAnswer>('shrink-worker');
  readonly #stopped: Promise<null>;
  #stop: () => void = () => undefined;
  #isStopped = false;

  constructor(size: number, common: Omit<ShrinkJob, 'candidate'>) {
    this.#size = size;
    this.#common = common;
    this.#stopped = new Promise((resolve) => {
      this.#stop = () => resolve(null);
    });
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  readonly firstOf: FirstOf = (candidates) => {
    const search = this.#search(candidates);
    // What still runs when it is stopped is nobody's news.
    search.catch(() => undefined);
    return Promise.race([search, this.#stopped]);
  };

  /** One candidate alone. */
  async attempt(candidate: Candidate): Promise<ShrinkAnswer> {
    const answer = await this.#processes.run({ ...this.#common, candidate });
    if (answer === null) return { finding: null, problem: null };
    if (!(answer instanceof Death)) return answer;
    return {
      finding: null,
      problem: `a process that shrinks ended with ${answer.how}: is the memory used up?`,
    };
  }

  /** Nothing more is begun, and nobody waits for what runs. */
  stop(): void {
    this.#isStopped = true;
    this.#processes.stop();
    this.#stop();
  }

  end(): void {
    this.stop();
    this.#processes.end();
  }

  async #search(candidates: Iterable<Candidate>): ReturnType<FirstOf> {
    const waiting = candidates[Symbol.iterator]();
    let begun = 0;
    const found: (Shrunk & { readonly place: number })[] = [];
    const work = async (): Promise<void> => {
      while (found.length === 0 && !this.#isStopped) {
        const next = waiting.next();
        if (next.done === true) return;
        const place = begun++;
        const candidate = next.value;
        const { finding } = await this.attempt(candidate);
        if (finding !== null) found.push({ candidate, finding, place });
      }
    };
    await Promise.all(Array.from({ length: this.#size }, work));
    // All that come before it are done by now, and show nothing.
    return found.sort((a, b) => a.place - b.place)[0] ?? null;
  }
}
