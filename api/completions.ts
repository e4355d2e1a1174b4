/**
 * What an error of a system means for the operation, by the system's table:
 *
 *     errorCompletion(ERRORS, 14)          // { type: 'info', error: { code: 'unavailable', … } }: it may have happened
 *     errorCompletion(ERRORS, 'refused')   // { type: 'fail', … } where the table says that this is definite
 *
 * What the table does not know is `info`: only what certainly did not happen is a failure.
 */
import type { Completion } from '../harness/interpreter/client.ts';
import type { SystemError } from '../systems/system.ts';

/**
 * @param errors - the system's table
 * @param error - a code or a name in it
 * @param message - what the system said, where it adds something to the name
 */
export function errorCompletion(
  errors: readonly SystemError[],
  error: number | string,
  message?: string,
): Completion {
  const row = errors.find(({ code, name }) => code === error || name === error);
  return {
    type: row?.definite === true ? 'fail' : 'info',
    error: { code: row?.name ?? String(error), ...(message === undefined ? {} : { message }) },
  };
}
