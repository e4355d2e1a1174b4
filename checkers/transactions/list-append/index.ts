export { listAppend } from './list-append.ts';
export type { ListAppendOptions } from './list-append.ts';
