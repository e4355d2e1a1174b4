/** Adya's G2 over predicates: of two inserts that each want to be the only one, at most one commits. */
export { adyaG2 } from './adya-g2.ts';
