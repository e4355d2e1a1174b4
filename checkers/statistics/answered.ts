/**
 * Which operations the system answered: those that were ok, and those that it evaluated and refused. A compare-and-set that
 * saw another value did not happen, and nobody was unavailable.
 *
 *     cas [1, 2]    fail precondition-failed       answered
 *     create-topic  fail TOPIC_ALREADY_EXISTS      answered
 *     send          fail NOT_LEADER_OR_FOLLOWER    not: another node has to be asked
 */
import type { Operation } from '../../harness/history/operation.ts';
import { REFUSALS } from '../topics/topic-model.ts';

export const isAnswered = (completion: Operation | undefined): boolean =>
  completion?.type === 'ok' || isRefused(completion);

export function isRefused(completion: Operation | undefined): boolean {
  const code = completion?.error?.code;
  return completion?.type === 'fail' && code !== undefined && isRefusal(completion.f, code);
}

/** Of a function that failed with this code. */
export const isRefusal = (f: string, code: string): boolean =>
  code === 'precondition-failed' || code === REFUSALS.get(f);
