/**
 * FindCoordinator: which broker coordinates a group or a transactional id, and where it is reached.
 *
 *     const { handlers } = new CoordinatorFinder(metadata, topics);
 *
 * The first who asks has the internal topic created. As in Kafka nobody waits for that: the answer is COORDINATOR_NOT_AVAILABLE, and
 * the client comes again.
 */
import { coordinatorPartition } from '../../broker/coordinator-log.ts';
import { endPointOf } from '../../controller/registrations.ts';
import type { InternalTopic } from '../../internal-topics.ts';
import { OFFSETS_TOPIC, TRANSACTIONS_TOPIC } from '../../internal-topics.ts';
import type { ErrorName } from '../../wire/error-codes.ts';
import { ERROR } from '../../wire/error-codes.ts';
import { COORDINATOR_TYPE } from '../../wire/api/metadata.ts';
import type { Exchange, Handlers } from '../network/exchange.ts';
import type { BrokerMetadata } from '../parts.ts';
import type { InternalTopics } from './internal-topics.ts';

const TOPIC_OF = new Map<number, InternalTopic>([
  [COORDINATOR_TYPE.group, OFFSETS_TOPIC],
  [COORDINATOR_TYPE.transaction, TRANSACTIONS_TOPIC],
]);

export class CoordinatorFinder {
  readonly handlers: Handlers;
  private readonly metadata: BrokerMetadata;
  private readonly topics: InternalTopics;

  constructor(metadata: BrokerMetadata, topics: InternalTopics) {
    this.metadata = metadata;
    this.topics = topics;
    this.handlers = { findCoordinator: (exchange) => this.find(exchange) };
  }

  private find(exchange: Exchange<'findCoordinator'>): void {
    const { key, keyType } = exchange.body;
    const refuse = (error: ErrorName, errorMessage: string): void =>
      exchange.respond({ errorCode: ERROR[error], errorMessage, nodeId: -1, host: '', port: -1 });
    const topic = TOPIC_OF.get(keyType);
    if (topic === undefined) return refuse('INVALID_REQUEST', `there are no coordinators of type ${keyType}`);
    if (!this.topics.exists(topic)) {
      this.topics.create(topic);
      return refuse('COORDINATOR_NOT_AVAILABLE', `${topic} is not created yet`);
    }
    const partition = coordinatorPartition(key, this.topics.partitionCount(topic));
    const { image } = this.metadata;
    const leader = image.topicByName(topic)?.partitions.get(partition)?.leader ?? -1;
    const endpoint = endPointOf(image.brokers.get(leader), exchange.listenerName);
    if (endpoint === undefined) {
      return refuse('COORDINATOR_NOT_AVAILABLE', `${topic}-${partition} has no leader`);
    }
    const { host, port } = endpoint;
    exchange.respond({ errorCode: ERROR.NONE, errorMessage: null, nodeId: leader, host, port });
  }
}
