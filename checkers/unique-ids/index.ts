/** Ids: no two are equal. */
export { uniqueIds } from './unique-ids.ts';
