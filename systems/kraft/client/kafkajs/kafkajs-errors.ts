/**
 * What an error of kafkajs means for the operation.
 *
 *     clientErrorOf(error, 'a send', { count: 0 }); // definite: nothing had left
 *
 * kafkajs wraps the error that counts in one that says how often it tried, and says of a connection that failed only that it did.
 * So who calls says whether a request that matters was written to a socket: without one nothing can have happened; with more than
 * one the last answer does not speak for those before it. Nor does the answer to a question that kafkajs asks when it is over: who
 * leads now.
 */
import { ERROR, errorName } from '../../wire/error-codes.ts';
import { ClientError } from '../client-error.ts';

interface KafkajsError {
  readonly message: string;
  readonly code?: unknown;
  readonly type?: unknown;
  readonly cause?: unknown;
}

export interface Sent {
  /** Requests that would have had the effect, and were written. */
  readonly count: number;
}

/** Of metadata; no broker answers these to a request that has an effect. */
const LOOKUP_ERRORS: ReadonlySet<number> = new Set([
  ERROR.LEADER_NOT_AVAILABLE,
  ERROR.REPLICA_NOT_AVAILABLE,
  ERROR.LISTENER_NOT_FOUND,
]);

export function clientErrorOf(thrown: unknown, what: string, { count }: Sent): ClientError {
  if (thrown instanceof ClientError) return count === 0 ? thrown.asDefinite() : thrown;
  const error = rootOf(thrown);
  const { code } = error;
  const isAnswer = typeof code === 'number' && errorName(code) === nameOf(error);
  const told = isAnswer
    ? ClientError.answered(code, what)
    : ClientError.own(count === 0 ? 'not-sent' : 'no-answer', `${what}: ${error.message}`);
  if (count === 0) return told.asDefinite();
  return count > 1 || (isAnswer && LOOKUP_ERRORS.has(code)) ? told.asIndefinite() : told;
}

/** kafkajs has older names for some. */
const OLD_NAMES: Readonly<Record<string, string>> = {
  NOT_LEADER_FOR_PARTITION: 'NOT_LEADER_OR_FOLLOWER',
  GROUP_LOAD_IN_PROGRESS: 'COORDINATOR_LOAD_IN_PROGRESS',
  GROUP_COORDINATOR_NOT_AVAILABLE: 'COORDINATOR_NOT_AVAILABLE',
  NOT_COORDINATOR_FOR_GROUP: 'NOT_COORDINATOR',
  UNKNOWN: 'UNKNOWN_SERVER_ERROR',
};

function nameOf({ type }: KafkajsError): string {
  const name = typeof type === 'string' ? type : '';
  return OLD_NAMES[name] ?? name;
}

function rootOf(thrown: unknown): KafkajsError {
  let error: unknown = thrown;
  const DEPTH_MAX = 8;
  for (let depth = 0; depth < DEPTH_MAX; depth++) {
    const { cause } = (error ?? {}) as KafkajsError;
    if (!(cause instanceof Error)) break;
    error = cause;
  }
  return error instanceof Error ? error : { message: String(error) };
}
