export { independent } from './independent.ts';
