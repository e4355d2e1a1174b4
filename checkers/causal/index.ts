/** A causal register: what one client does to a key, in order, must look like that order. */
export { causalRegister } from './causal-register.ts';
