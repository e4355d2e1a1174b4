/** Public surface of the checker of consumer groups: what to import. */
export { groups } from './groups.ts';
