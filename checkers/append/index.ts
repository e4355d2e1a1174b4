/** Lists of unique elements: none lost, doubled, reordered or made up. */
export { appendList } from './append-list.ts';
