/**
 * Processes of one worker module, each of which does one job at a time. A process that dies is replaced, and its job is done once
 * more; where that one dies, too, the answer says how.
 *
 *     const workers = new WorkerProcesses<WorkerJob, SeedRecord>('sweep-worker');
 *     const answer = await workers.run(job);        // SeedRecord, or a Death
 *     workers.end();
 *
 *     await answerJobs(perform);                    // in the worker module
 *
 * As many as jobs that are under way at once. A worker sends one message when it is ready, and one for each job.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { extname } from 'node:path';
import { loadConfig } from './own/config-file.ts';

const ATTEMPTS = 2;

/** How the process ended that should have answered. */
export class Death {
  readonly signal: NodeJS.Signals | null;
  /** `SIGKILL`, `code 1`. */
  readonly how: string;

  constructor(code: number | null, signal: NodeJS.Signals | null) {
    this.signal = signal;
    this.how = signal ?? `code ${String(code)}`;
  }
}

export class WorkerProcesses<Job extends object, Answer extends object> {
  readonly #module: string;
  readonly #idle: ChildProcess[] = [];
  readonly #all = new Set<ChildProcess>();
  #isStopped = false;

  /** @param module - beside this one, without its ending */
  constructor(module: string) {
    this.#module = module;
  }

  /** Null: it was stopped before it began. */
  async run(job: Job): Promise<Answer | Death | null> {
    let death: Death | null = null;
    for (let attempt = 1; attempt <= ATTEMPTS && !this.#isStopped; attempt++) {
      const worker = this.#idle.pop() ?? (await this.#start());
      const answer = await ask<Answer>(worker, job);
      if (!(answer instanceof Death)) {
        this.#idle.push(worker);
        return answer;
      }
      death = answer;
    }
    return death;
  }

  /** Nothing more is begun; what runs goes on. */
  stop(): void {
    this.#isStopped = true;
  }

  /** What still runs is ended, and not begun again. */
  end(): void {
    this.stop();
    for (const worker of this.#all) worker.kill('SIGKILL');
  }

  async #start(): Promise<ChildProcess> {
    // As this module: TypeScript in a checkout, JavaScript in the package.
    const main = new URL(`./${this.#module}${extname(import.meta.filename)}`, import.meta.url);
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

function ask<Answer>(worker: ChildProcess, job: object): Promise<Answer | Death> {
  return new Promise((resolve) => {
    const onExit = (code: number | null, signal: NodeJS.Signals | null): void => {
      worker.off('message', onMessage);
      resolve(new Death(code, signal));
    };
    const onMessage = (answer: unknown): void => {
      worker.off('exit', onExit);
      resolve(answer as Answer);
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

/** What a worker does: it answers one job after the other, and ends with the process that made it. */
export async function answerJobs<Job, Answer>(perform: (job: Job) => Promise<Answer>): Promise<void> {
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => undefined);
  process.on('disconnect', () => process.exit(1));
  await loadConfig();
  // What cannot be sent was for one that is gone: its end is heard next.
  const send = (message: unknown): void => void process.send?.(message, () => undefined);
  process.on('message', (job: Job) => void perform(job).then(send));
  send('ready');
}
