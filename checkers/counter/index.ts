/** Counters: every addition counts exactly once. */
export { counterBounds } from './counter-bounds.ts';
export type { CounterOptions } from './counter-bounds.ts';
export { finalCounter } from './final-counter.ts';
