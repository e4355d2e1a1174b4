/** Long fork: two writes that two readers see in opposite order. */
export { longFork } from './long-fork.ts';
export type { LongForkOptions } from './long-fork.ts';
