/** Public surface of the checker of quorum views: what to import. */
export { quorumViews } from './quorum-views.ts';
