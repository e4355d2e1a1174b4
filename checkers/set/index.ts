/** Sets: what was added is there at the end, and in every read on the way. */
export { finalSet } from './final-set.ts';
export { setFull } from './set-full.ts';
export type { SetFullOptions } from './set-full.ts';
