/**
 * What a broker answered instead of doing it, in the words of Kafka's own tool, with Kafka's name of the error.
 *
 *     throw refusal('topic', ERROR.TOPIC_ALREADY_EXISTS, "Topic 't' already exists.");
 *     // Error while executing topic command : Topic 't' already exists. (TOPIC_ALREADY_EXISTS)
 */
import { ERROR, errorName, ERRORS } from '../wire/error-codes.ts';
import { RefusedError } from './exit-codes.ts';

/** @param message - of the broker; null or empty: what the error means in general */
export function explained(errorCode: number, message: string | null = null): string {
  const meaning = ERRORS.find(({ code }) => code === errorCode)?.meaning ?? 'an error without a meaning here';
  return `${message === null || message === '' ? meaning : message} (${errorName(errorCode)})`;
}

export function refusal(command: string, errorCode: number, message: string | null = null): RefusedError {
  return new RefusedError(`Error while executing ${command} command : ${explained(errorCode, message)}`);
}

/** @throws RefusedError unless the code is NONE */
export function checkAnswer(command: string, errorCode: number, message: string | null = null): void {
  if (errorCode !== ERROR.NONE) throw refusal(command, errorCode, message);
}
