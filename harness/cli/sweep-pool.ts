/**
 * Processes that run the seeds of a sweep, each one at a time. A process that dies is replaced, and its seed is run once more; where
 * that one dies, too, its record says so.
 *
 *     const pool = new SweepPool(4);
 *     const record = await pool.run({ cell, seed: 7, folder, keep: 'failures' });
 *     pool.end();
 */
import { type ChildProcess, fork } from 'node:child_process';
import { extname } from 'node:path';
import { errorRecord, type SeedRecord } from '../sweep/ledger.ts';
import type { WorkerJob } from './sweep-worker.ts';

const ATTEMPTS = 2;

export class SweepPool {
  readonly size: number;
  readonly #idle: ChildProcess[] = [];
  readonly #all = new Set<ChildProcess>();

  constructor(size: number) {
    this.size = size;
  }

  /** At most `size` at once. */
  async run(job: WorkerJob): Promise<SeedRecord> {
    const startedMs = performance.now();
    let why = '';
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const worker = this.#idle.pop() ?? (await this.#start());
      const answer = await ask(worker, job);
      if (typeof answer !== 'string') {
        this.#idle.push(worker);
        return answer;
      }
      why = answer;
    }
    return errorRecord(job.cell, job.seed, why, Math.round(performance.now() - startedMs));
  }

  /** What still runs is ended. */
  end(): void {
    for (const worker of this.#all) worker.kill('SIGKILL');
  }

  async #start(): Promise<ChildProcess> {
    // As this module: TypeScript in a checkout, JavaScript in the package.
    const main = new URL(`./sweep-worker${extname(import.meta.filename)}`, import.meta.url);
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

/** The record; or why there is none. */
function ask(worker: ChildProcess, job: WorkerJob): Promise<SeedRecord | string> {
  return new Promise((resolve) => {
    const onExit = (code: number | null, signal: NodeJS.Signals | null): void => {
      worker.off('message', onMessage);
      resolve(
        `the process that ran it ended with ${signal ?? `code ${String(code)}`}${signal === 'SIGKILL' ? ' (out of memory?)' : ''}`,
      );
    };
    const onMessage = (record: unknown): void => {
      worker.off('exit', onExit);
      resolve(record as SeedRecord);
    };
    if (worker.exitCode !== null || worker.signalCode !== null) {
      onExit(worker.exitCode, worker.signalCode);
      return;
    }
    worker.once('message', onMessage);
    worker.once('exit', onExit);
    worker.send(job);
  });
}
