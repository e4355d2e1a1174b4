/** Banks: the total of all accounts never changes. */
export { bank } from './bank.ts';
export type { BankOptions } from './bank.ts';
