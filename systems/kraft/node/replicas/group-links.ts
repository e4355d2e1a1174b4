/**
 * What the members of partitions' Raft groups ask each other beside Fetch: votes, and who leads. Over the listener between brokers, one
 * connection to each for all groups.
 *
 *     links.ask(partition, 2, request, timeoutMs, (answer) => …);
 *     groupHandlers(context).vote?.(exchange);              // to the replica that is meant
 *
 * A group's name goes where a quorum's requests have the cluster's: with the topic's id in it, so that a topic that was deleted and
 * created again is another group.
 */
import { endPointOf } from '../../controller/registrations.ts';
import type { PeerRequest } from '../../quorum/messages.ts';
import { ERROR } from '../../wire/error-codes.ts';
import type { Exchange, Handlers } from '../network/exchange.ts';
import { NodeClient } from '../network/node-client.ts';
import { interBrokerListenerName } from '../property-checks.ts';
import type { PeerAnswer } from '../quorum/peer-links.ts';
import { fromWire, PEER_VERSIONS, toWire, type PeerApi } from '../quorum/peer-requests.ts';
import type { PartitionIdentity, ReplicaContext } from './hosted-partition.ts';
import { RaftPartition } from './raft-partition.ts';

export class GroupLinks {
  private readonly context: ReplicaContext;
  private readonly client: NodeClient;

  constructor(context: ReplicaContext) {
    this.context = context;
    const clientId = `broker-${context.settings.nodeId}-groups`;
    this.client = new NodeClient(context.runtime, { clientId });
  }

  ask(
    of: PartitionIdentity,
    to: number,
    request: PeerRequest,
    timeoutMs: number,
    onAnswer: (answer: PeerAnswer) => void,
  ): void {
    const { metadata, settings, turn, runtime } = this.context;
    const broker = metadata.image.brokers.get(to);
    const address = endPointOf(broker, interBrokerListenerName(settings.properties));
    if (address === undefined) return turn.after(() => onAnswer(null));
    const { name, body } = toWire(request, of);
    this.client.request<PeerApi>(address, name, PEER_VERSIONS[name], body, timeoutMs, (outcome) => {
      // A client that fails at once does so inside of this very call.
      const answer = (what: PeerAnswer): void => turn.after(() => onAnswer(what));
      if (outcome.kind === 'failed') return answer(outcome.isRefused === true ? 'refused' : null);
      const { response } = fromWire(name, outcome.body);
      if (response === null) {
        runtime.log(
          'warn',
          `${of.topic}-${of.index}: an answer of broker ${to} to ${name} that makes no sense`,
        );
      }
      answer(response);
    });
  }

  close(): void {
    this.client.close();
  }
}

export function groupHandlers(context: ReplicaContext): Handlers {
  /** The handlers of the replica that is meant; null where there is none. */
  const of = ({ body }: Exchange<'vote'> | Exchange<'beginQuorumEpoch'> | Exchange<'endQuorumEpoch'>) => {
    const [topic] = body.topics;
    const found = context.find(topic?.topicName ?? '', topic?.partitions[0]?.partitionIndex ?? -1);
    return found instanceof RaftPartition ? found.handlers : NOT_HERE;
  };
  return {
    vote: (exchange) => of(exchange).vote?.(exchange),
    beginQuorumEpoch: (exchange) => of(exchange).beginQuorumEpoch?.(exchange),
    endQuorumEpoch: (exchange) => of(exchange).endQuorumEpoch?.(exchange),
  };
}

const REFUSAL = { errorCode: ERROR.UNKNOWN_TOPIC_OR_PARTITION, topics: [] } as const;

const NOT_HERE: Handlers = {
  vote: (exchange) => exchange.respond(REFUSAL),
  beginQuorumEpoch: (exchange) => exchange.respond(REFUSAL),
  endQuorumEpoch: (exchange) => exchange.respond(REFUSAL),
};
