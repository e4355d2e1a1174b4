/** Partitioned logs: nothing lost, doubled, reordered, passed over or seen too early. */
export { log } from './log.ts';
export type { LogOptions } from './options.ts';
export type { LogStatistics } from './statistics.ts';
export type { MicroCompletion, MicroInvocation, PartitionKey, SeekPosition } from './shapes.ts';
