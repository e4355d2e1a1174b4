/** The queues of a fleet, by BullMQ: what a job is, and how often it is tried. */
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { type JobKind, queueOf } from './code.ts';
import type { SeedRange } from './ranges.ts';
import { EXPIRY_S, type FleetSweep } from './store.ts';

export const PREFIX = 'shaketable:queues';

export interface RangeJob extends SeedRange {
  readonly sweep: string;
  /** Its place in the sweep's header. */
  readonly place: number;
}

/** At what goes wrong in a job; seeds that are recorded are not run again. Workers that die are counted apart (worker.ts). */
export const ATTEMPTS = 3;
const RETRY_DELAY_MS = 1_000;

export function openQueue(sweep: FleetSweep, kind: JobKind, connection: Redis): Queue<RangeJob> {
  const queue = new Queue<RangeJob>(queueOf(sweep.code, kind), { connection, prefix: PREFIX });
  // What is asked of it fails by itself; without a listener BullMQ prints the connection's errors.
  queue.on('error', () => undefined);
  return queue;
}

/** Of simulated cells, and of those in real time: where a sweep has such. */
export function openQueues(sweep: FleetSweep, connection: Redis): ReadonlyMap<JobKind, Queue<RangeJob>> {
  const kinds = new Set(sweep.header.cells.map(kindOf));
  return new Map([...kinds].map((kind) => [kind, openQueue(sweep, kind, connection)]));
}

export const kindOf = ({ isRealTime }: { readonly isRealTime: boolean }): JobKind =>
  isRealTime ? 'real' : 'sim';

/** As BullMQ takes them: one that is there already is not added again. */
export function jobOf(job: RangeJob) {
  return {
    name: 'seeds',
    data: job,
    opts: {
      jobId: jobId(job),
      attempts: ATTEMPTS,
      backoff: { type: 'exponential', delay: RETRY_DELAY_MS },
      removeOnComplete: true,
      removeOnFail: { age: EXPIRY_S },
    },
  };
}

export const jobId = ({ sweep, place, index }: Pick<RangeJob, 'sweep' | 'place' | 'index'>): string =>
  `${sweep}.${place}.${index}`;
