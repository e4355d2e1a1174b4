/** Echoes: an answer is what was sent. */
export { echo } from './echo.ts';
