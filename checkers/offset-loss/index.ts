/** Public surface of the checker of acknowledged offsets: what to import. */
export { offsetLoss } from './offset-loss.ts';
export type { OffsetLossOptions } from './offset-loss.ts';
