/** Acknowledged writes against the logs that the nodes end with. */
export { commitLoss } from './commit-loss.ts';
export type { CommitLossOptions } from './commit-loss.ts';
