/**
 * Sends the markers of transactions to the leaders of their partitions (WriteTxnMarkers), and tells what each answered.
 *
 *     const sender = new MarkerSender(runtime, settings, metadata, (marker, partition, answer) => …);
 *     sender.send(effect);
 *
 * One request at a time goes to a broker; what comes meanwhile goes together in the next. Every partition of an effect gets exactly one
 * answer: its leader's, or why there is none. Trying again is the coordinator's business. Where a broker is fenced, what it was sent is
 * given up: others lead by then, and the transaction's next one waits for them and not for it.
 *
 * A topic that the metadata do not have was deleted. It cannot be that they only do not have it *yet*: the coordinator that let the
 * partition into the transaction had seen the topic while it still led, so the topic came before this broker's own leadership did.
 */
import type { Address, Runtime } from '../../../runtime/runtime.ts';
import type { WriteMarkersEffect } from '../../broker/transactions/transaction-calls.ts';
import type { TopicPartition } from '../../broker/transactions/transaction-records.ts';
import { endPointOf } from '../../controller/registrations.ts';
import type { ErrorName } from '../../wire/error-codes.ts';
import { errorName } from '../../wire/error-codes.ts';
import type { ReceivedBody } from '../network/node-client.ts';
import { NodeClient } from '../network/node-client.ts';
import type { BrokerMetadata } from '../parts.ts';
import { interBrokerListenerName } from '../property-checks.ts';
import type { NodeSettings } from '../settings.ts';

export type MarkerAnswer = ErrorName | 'topic-deleted';
type OnAnswer = (markerId: number, partition: TopicPartition, answer: MarkerAnswer) => void;

interface Queued {
  readonly effect: WriteMarkersEffect;
  readonly partitions: readonly TopicPartition[];
}

const VERSION = 1;
/** As Kafka's `request.timeout.ms`. */
const REQUEST_TIMEOUT_MS = 30_000;
/** Markers in one request; the rest go in the next. */
const MARKERS_MAX = 1_000;

export class MarkerSender {
  private readonly metadata: BrokerMetadata;
  private readonly listenerName: string;
  private readonly client: NodeClient;
  private readonly onAnswer: OnAnswer;
  /** By broker. */
  private readonly queues = new Map<number, Queued[]>();
  /** By broker, where the request went that is not answered. */
  private readonly busy = new Map<number, Address>();

  constructor(runtime: Runtime, settings: NodeSettings, metadata: BrokerMetadata, onAnswer: OnAnswer) {
    this.metadata = metadata;
    this.listenerName = interBrokerListenerName(settings.properties);
    this.client = new NodeClient(runtime, { clientId: `broker-${settings.nodeId}-txn-marker-sender` });
    this.onAnswer = onAnswer;
    metadata.subscribe(({ image, brokersChanged }) => {
      if (!brokersChanged) return;
      for (const [brokerId, address] of [...this.busy]) {
        const isGone = image.brokers.get(brokerId)?.fenced ?? true;
        if (isGone) this.client.disconnect(address, `broker ${brokerId} is fenced`);
      }
    });
  }

  send(effect: WriteMarkersEffect): void {
    const byLeader = new Map<number, TopicPartition[]>();
    for (const partition of effect.partitions) {
      const leader = this.leaderOf(partition);
      if (typeof leader === 'string') {
        this.onAnswer(effect.markerId, partition, leader);
        continue;
      }
      const led = byLeader.get(leader);
      if (led === undefined) byLeader.set(leader, [partition]);
      else led.push(partition);
    }
    for (const [brokerId, partitions] of byLeader) {
      const queue = this.queues.get(brokerId);
      if (queue === undefined) this.queues.set(brokerId, [{ effect, partitions }]);
      else queue.push({ effect, partitions });
      this.sendNext(brokerId);
    }
  }

  /** Nobody is told anything any more, but that what is under way failed. */
  close(): void {
    this.queues.clear();
    this.client.close();
  }

  private leaderOf({ topic, partition }: TopicPartition): number | MarkerAnswer {
    const found = this.metadata.image.topicByName(topic)?.partitions.get(partition);
    if (found === undefined) return 'topic-deleted';
    return this.metadata.image.brokers.has(found.leader) ? found.leader : 'LEADER_NOT_AVAILABLE';
  }

  private sendNext(brokerId: number): void {
    if (this.busy.has(brokerId)) return;
    const queue = this.queues.get(brokerId) ?? [];
    const sent = queue.splice(0, MARKERS_MAX);
    if (queue.length === 0) this.queues.delete(brokerId);
    if (sent.length === 0) return;
    const endpoint = endPointOf(this.metadata.image.brokers.get(brokerId), this.listenerName);
    if (endpoint === undefined) return this.settle(sent, () => 'LEADER_NOT_AVAILABLE');
    const { host, port } = endpoint;
    const body = { markers: sent.map(toMarker) };
    this.busy.set(brokerId, { host, port });
    this.client.request({ host, port }, 'writeTxnMarkers', VERSION, body, REQUEST_TIMEOUT_MS, (outcome) => {
      this.busy.delete(brokerId);
      if (outcome.kind === 'failed') this.settle(sent, () => 'NETWORK_EXCEPTION');
      else this.settle(sent, (index, ...of) => answerOf(outcome.body, index, ...of));
      this.sendNext(brokerId);
    });
  }

  private settle(
    sent: readonly Queued[],
    answerFor: (index: number, producerId: number, partition: TopicPartition) => MarkerAnswer,
  ): void {
    sent.forEach(({ effect, partitions }, index) => {
      for (const partition of partitions) {
        this.onAnswer(effect.markerId, partition, answerFor(index, effect.producerId, partition));
      }
    });
  }
}

function toMarker({ effect, partitions }: Queued) {
  const { producerId, producerEpoch, isCommit, coordinatorEpoch } = effect;
  const topics = new Map<string, number[]>();
  for (const { topic, partition } of partitions) {
    const indexes = topics.get(topic);
    if (indexes === undefined) topics.set(topic, [partition]);
    else indexes.push(partition);
  }
  return {
    producerId,
    producerEpoch,
    transactionResult: isCommit,
    topics: [...topics].map(([name, partitionIndexes]) => ({ name, partitionIndexes })),
    coordinatorEpoch,
  };
}

/** Ours answers in the order of the markers, Kafka in none. What was left out counts as not written. */
function answerOf(
  { markers }: ReceivedBody<'writeTxnMarkers'>,
  index: number,
  producerId: number,
  { topic, partition }: TopicPartition,
): MarkerAnswer {
  const inPlace = markers[index];
  const marker =
    inPlace?.producerId === producerId
      ? inPlace
      : markers.find(({ producerId: answered }) => answered === producerId);
  const found = marker?.topics
    .find(({ name }) => name === topic)
    ?.partitions.find(({ partitionIndex }) => partitionIndex === partition);
  // A code that no table has is no reason to give up, either.
  return found === undefined ? 'UNKNOWN_SERVER_ERROR' : (errorName(found.errorCode) as ErrorName);
}
