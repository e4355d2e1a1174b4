/**
 * Processes that run the seeds of a sweep, each one at a time. A process that dies is replaced, and its seed is run once more; where
 * that one dies, too, its record says so.
 *
 *     const pool = new SweepPool(4);
 *     const record = await pool.run({ cell, seed: 7, folder, keep: 'failures' });
 *     pool.end();
 */
import { errorRecord, type SeedRecord } from '../sweep/ledger.ts';
import type { WorkerJob } from './sweep-worker.ts';
import { Death, WorkerProcesses } from './worker-processes.ts';

export class SweepPool {
  readonly size: number;
  readonly #processes = new WorkerProcesses<WorkerJob, SeedRecord>('sweep-worker');

  constructor(size: number) {
    this.size = size;
  }

  /** At most `size` at once. */
  async run(job: WorkerJob): Promise<SeedRecord> {
    const startedMs = performance.now();
    const answer = await this.#processes.run(job);
    if (answer !== null && !(answer instanceof Death)) return answer;
    const why =
      answer === null
        ? 'the sweep had ended'
        : `the process that ran it ended with ${answer.how}${answer.signal === 'SIGKILL' ? ' (out of memory?)' : ''}`;
    return errorRecord(job.cell, job.seed, why, Math.round(performance.now() - startedMs));
  }

  /** What still runs is ended. */
  end(): void {
    this.#processes.end();
  }
}
