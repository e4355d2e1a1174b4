/** A sweep as a fleet has it: its records as they come, its jobs, its workers. */
import type { Queue } from 'bullmq';
import type { CellProgress } from '../sweep-live.ts';
import type { Cell } from '../../sweep/cells.ts';
import { errorRecord, type SeedRecord } from '../../sweep/ledger.ts';
import { Schedule } from '../../sweep/schedule.ts';
import type { JobKind } from './code.ts';
import { openQueues, type RangeJob } from './queues.ts';
import type { FleetStore, FleetSweep } from './store.ts';

export interface JobCounts {
  readonly waiting: number;
  readonly running: number;
  readonly failed: number;
}

export class SweepWatch {
  readonly sweep: FleetSweep;
  readonly records: SeedRecord[] = [];
  readonly #store: FleetStore;
  readonly #queues: ReadonlyMap<JobKind, Queue<RangeJob>>;
  readonly #schedule: Schedule;
  #running = new Map<number, number>();

  constructor(store: FleetStore, sweep: FleetSweep) {
    this.sweep = sweep;
    this.#store = store;
    this.#queues = openQueues(sweep, store.redis);
    this.#schedule = new Schedule(sweep.header.cells, { shard: null, records: [] });
  }

  /** Reads what is new, and records seeds whose jobs have failed for good as errors. */
  async update(): Promise<void> {
    // First: what is not in hand now is recorded by the time that records are read.
    const active = await this.#jobs('active');
    this.#running = new Map();
    for (const { data } of active) this.#running.set(data.place, (this.#running.get(data.place) ?? 0) + 1);
    await this.#pull();
    if (!this.isFinished && (await this.#recordFailed())) await this.#pull();
  }

  get isFinished(): boolean {
    return this.sweep.header.cells.every((cell) => this.#schedule.isDone(cell));
  }

  /** A worker has a job of it in hand, also where nothing is missing any more: what a bug or a budget ended. */
  get isRunning(): boolean {
    return this.#running.size > 0;
  }

  progressOf(cell: Cell): CellProgress {
    const running = this.#running.get(this.sweep.header.cells.findIndex(({ key }) => key === cell.key)) ?? 0;
    return { ...this.#schedule.stateOf(cell), running };
  }

  /** Of all sweeps of its code: a number, where `jobs` reads each. */
  async jobsOfAll(): Promise<Omit<JobCounts, 'failed'>> {
    const counts = await Promise.all(
      [...this.#queues.values()].map((queue) => queue.getJobCounts('waiting', 'delayed', 'active')),
    );
    const sum = (name: string): number => counts.reduce((all, each) => all + (each[name] ?? 0), 0);
    return { waiting: sum('waiting') + sum('delayed'), running: sum('active') };
  }

  /** Of the sweep. */
  async jobs(): Promise<JobCounts> {
    const [waiting, delayed, running, failed] = await Promise.all([
      this.#jobs('waiting'),
      this.#jobs('delayed'),
      this.#jobs('active'),
      this.#jobs('failed'),
    ]);
    return { waiting: waiting.length + delayed.length, running: running.length, failed: failed.length };
  }

  /** That could do something for it: by kind, those of its release and revision. */
  async workers(): Promise<ReadonlyMap<JobKind, number>> {
    return new Map(
      await Promise.all(
        [...this.#queues].map(async ([kind, queue]) => [kind, await queue.getWorkersCount()] as const),
      ),
    );
  }

  /** Its jobs and records are gone; a seed that runs is not recorded. */
  async forget(): Promise<void> {
    await this.#store.forget(this.sweep.id);
    const jobs = await Promise.all(
      (['waiting', 'delayed', 'failed'] as const).map((state) => this.#jobs(state)),
    );
    for (const job of jobs.flat()) await job.remove();
  }

  async close(): Promise<void> {
    for (const queue of this.#queues.values()) await queue.close();
  }

  async #pull(): Promise<void> {
    for (const record of await this.#store.recordsFrom(this.sweep, this.records.length)) {
      this.records.push(record);
      this.#schedule.finished(record);
    }
  }

  async #jobs(state: 'waiting' | 'delayed' | 'active' | 'failed') {
    const jobs = await Promise.all([...this.#queues.values()].map((queue) => queue.getJobs([state])));
    return jobs.flat().filter((job) => job?.data.sweep === this.sweep.id);
  }

  /** @returns whether there were any */
  async #recordFailed(): Promise<boolean> {
    const { header, id } = this.sweep;
    const failed = await this.#jobs('failed');
    for (const job of failed) {
      const { place, first, last } = job.data;
      const cell = header.cells[place];
      if (cell === undefined) continue;
      for (let seed = first; seed <= last; seed++)
        await this.#store.record(id, place, errorRecord(cell, seed, job.failedReason), null);
      await job.remove();
    }
    return failed.length > 0;
  }
}
