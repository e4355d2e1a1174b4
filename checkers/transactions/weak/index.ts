/** Read committed, read atomic, causal consistency: exact for unique values, without a search. */
export { causalConsistency, readAtomic, readCommitted } from './checkers.ts';
export type { WeakOptions } from './checkers.ts';
