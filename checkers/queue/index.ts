/** Queues: what comes out went in, and what went in comes out. */
export { queue } from './queue.ts';
export { totalQueue } from './total-queue.ts';
export type { TotalQueueOptions } from './total-queue.ts';
