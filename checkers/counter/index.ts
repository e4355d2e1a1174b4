/** Counters: every addition counts exactly once. */
export { counterBounds } from './counter-bounds.ts';
