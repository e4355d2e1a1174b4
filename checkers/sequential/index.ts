/** Sequential consistency: writes become visible in the order in which each client made them. */
export { sequentialKeys } from './sequential-keys.ts';
export { sequentialRegisters } from './sequential-registers.ts';
export type { SequentialRegistersOptions } from './sequential-registers.ts';
