/** Public surface of the checker of topics: what to import. */
export { topics } from './topics.ts';
export type { TopicsOptions } from './topics.ts';
