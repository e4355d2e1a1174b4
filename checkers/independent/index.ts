/** Objects under keys of their own, as `jepsen.independent` makes them: each is judged alone. */
export { independent } from './independent.ts';
