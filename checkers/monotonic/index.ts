/** Values that only grow: nobody sees them shrink. */
export { monotonic } from './monotonic.ts';
export type { MonotonicOptions } from './monotonic.ts';
export { monotonicTable } from './monotonic-table.ts';
export type { MonotonicTableOptions } from './monotonic-table.ts';
