/** Transactions of reads and writes of registers. */
export { rwRegister } from './rw-register.ts';
export type { RwRegisterOptions } from './rw-register.ts';
export type { VersionRules } from './version-order.ts';
