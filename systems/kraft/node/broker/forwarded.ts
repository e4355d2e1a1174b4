/**
 * Requests that only the active controller can answer: a broker passes them on (KIP-590), so that clients need not know who it is.
 *
 *     forwardedHandlers(link).createTopics?.(exchange);
 *
 * What changes the metadata travels in an Envelope, as the client sent it. What concerns the quorum itself is asked again on the
 * controller's own listener, which serves it.
 */
import type { RequestInputBody, ResponseBody } from '../../wire/apis.ts';
import { ERROR } from '../../wire/error-codes.ts';
import type { Exchange, Handlers } from '../network/exchange.ts';
import type { ControllerLink } from '../parts.ts';
import { errorAnswer } from './error-answers.ts';

const DESCRIBE_TIMEOUT_MS = 30_000;
/** A new voter catches up before the change is decided. */
const VOTER_CHANGE_TIMEOUT_MS = 60_000;

type OfQuorum = 'describeQuorum' | 'addRaftVoter' | 'removeRaftVoter';

export function forwardedHandlers(link: ControllerLink): Handlers {
  const forward = (exchange: Exchange): void => link.forward(exchange);
  return {
    createTopics: forward,
    deleteTopics: forward,
    createPartitions: forward,
    alterConfigs: forward,
    incrementalAlterConfigs: forward,
    electLeaders: forward,
    alterPartitionReassignments: forward,
    listPartitionReassignments: forward,
    unregisterBroker: forward,
    describeQuorum: relay<'describeQuorum'>(link, DESCRIBE_TIMEOUT_MS),
    addRaftVoter: relay<'addRaftVoter'>(link, VOTER_CHANGE_TIMEOUT_MS),
    removeRaftVoter: relay<'removeRaftVoter'>(link, VOTER_CHANGE_TIMEOUT_MS),
  };
}

function relay<N extends OfQuorum>(link: ControllerLink, timeoutMs: number): (exchange: Exchange<N>) => void {
  return (exchange) => {
    const { name, header, body } = exchange;
    const version = header.apiVersion;
    // What was read has all that is to be written, and the other way round; the compiler cannot see it of a name.
    link.request<N>(name, version, body as RequestInputBody<N>, timeoutMs, (outcome) => {
      if (outcome.kind === 'response') return exchange.respond(outcome.body as ResponseBody<N>);
      const { reason } = outcome;
      const facts = { errorCode: ERROR.REQUEST_TIMED_OUT, errorMessage: reason, version };
      const answer = errorAnswer(name, body, facts);
      if (answer === null) exchange.disconnect(reason);
      else exchange.respond(answer);
    });
  };
}
