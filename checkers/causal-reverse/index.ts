/** Causal reversal: a write is seen without one that was acknowledged before it began. */
export { causalReverse } from './causal-reverse.ts';
