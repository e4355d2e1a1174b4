/** Session guarantees: read your writes, monotonic reads, monotonic writes, writes follow reads. */
export { sessions } from './sessions.ts';
export type { SessionsOptions } from './sessions.ts';
export type { Guarantee } from './guarantees.ts';
