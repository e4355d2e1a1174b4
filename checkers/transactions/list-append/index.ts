/** The checker of transactions that append to lists and read them. */
export { listAppend } from './list-append.ts';
export type { ListAppendOptions } from './list-append.ts';
