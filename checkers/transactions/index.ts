/** Checkers of transactions; see docs/transactions.md. */
export { consistencyModels, resolveConsistencyModel } from './consistency-models.ts';
export type { ConsistencyModel } from './consistency-models.ts';
export { listAppend } from './list-append/index.ts';
export type { ListAppendOptions } from './list-append/index.ts';
