/**
 * Exit codes of `kraft`, which are those of our other commands where they mean the same, and Kafka's where a broker refuses.
 *
 * | code | meaning                                                                        |
 * | ---- | ------------------------------------------------------------------------------ |
 * | 0    | done                                                                           |
 * | 1    | a broker refused, or a server could not be found to be stopped                 |
 * | 64   | the command line or a file of the user's is wrong; a directory is not for this |
 * | 70   | no broker answers, or the machine failed: a port in use, a disk, a crash       |
 */
import { EXIT, HarnessError } from '../../../harness/errors.ts';

export { EXIT };

/** A broker answered that it would not: said as Kafka's own tool says it, exit code 1. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
}

export const usageError = (message: string): HarnessError => new HarnessError('usage', message);
export const machineError = (message: string): HarnessError => new HarnessError('io', message);
