/**
 * Processes that run candidates, each one at a time, ahead of what is known: which one counts is decided by the order of the
 * candidates, and not by which is ready first. A process that dies is replaced, and its candidate is run once more; where that one
 * dies, too, the candidate shows nothing.
 *
 *     const pool = new ShrinkPool(4, { target, runPath, checkBudgetMs });
 *     const found = await pool.firstOf(candidates);
 *     pool.end();
 */
import { type ChildProcess, fork } from 'node:child_process';
import { extname } from 'node:path';
import type { Candidate } from '../shrink/candidate.ts';
import type { FirstOf, Shrunk } from '../shrink/shrink.ts';
import type { ShrinkAnswer, ShrinkJob } from './shrink-worker.ts';

const ATTEMPTS = 2;

export class ShrinkPool {
  readonly #size: number;
  readonly #common: Omit<ShrinkJob, 'candidate'>;
  readonly #idle: ChildProcess[] = [];
  readonly #all = new Set<ChildProcess>();
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
    let problem: string | null = null;
    for (let attempt = 1; attempt <= ATTEMPTS && !this.#isStopped; attempt++) {
      const worker = this.#idle.pop() ?? (await this.#start());
      const answer = await ask(worker, { ...this.#common, candidate });
      if (typeof answer !== 'string') {
        this.#idle.push(worker);
        return answer;
      }
      problem = answer;
    }
    return { finding: null, problem };
  }

  /** Nothing more is begun, and nobody waits for what runs. */
  stop(): void {
    this.#isStopped = true;
    this.#stop();
  }

  end(): void {
    // What it ends now is not begun again.
    this.stop();
    for (const worker of this.#all) worker.kill('SIGKILL');
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

  async #start(): Promise<ChildProcess> {
    // As this module: TypeScript in a checkout, JavaScript in the package.
    const main = new URL(`./shrink-worker${extname(import.meta.filename)}`, import.meta.url);
    const worker = fork(main, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    this.#all.add(worker);
    worker.once('exit', () => this.#all.delete(worker));
    await new Promise((resolve) => {
      worker.once('message', resolve);
      worker.once('exit', resolve);
    });
    return worker;
  }
}

/** The answer; or why there is none. */
function ask(worker: ChildProcess, job: ShrinkJob): Promise<ShrinkAnswer | string> {
  return new Promise((resolve) => {
    const onExit = (code: number | null, signal: NodeJS.Signals | null): void => {
      worker.off('message', onMessage);
      const how = signal ?? `code ${String(code)}`;
      resolve(`a process that shrinks ended with ${how}: is the memory used up?`);
    };
    const onMessage = (answer: unknown): void => {
      worker.off('exit', onExit);
      resolve(answer as ShrinkAnswer);
    };
    if (worker.exitCode !== null || worker.signalCode !== null) {
      onExit(worker.exitCode, worker.signalCode);
      return;
    }
    worker.once('message', onMessage);
    worker.once('exit', onExit);
    // What cannot be sent was for one that is about to exit.
    worker.send(job, () => undefined);
  });
}
