/**
 * Joins the transaction coordinator to the node: requests go in as calls, its appends go to the partitions of `__transaction_state`
 * that this broker leads, its markers to the leaders of the partitions of a transaction, and producer ids come from the controller.
 *
 *     const transactions = new TransactionDriver(runtime, settings, metadata, replicas, link);
 *     new NetworkServer(runtime, { …, handlers: transactions.handlers });
 *
 * Every broker gives out producer ids to producers without a transactional id. Not here: writing markers (the replicas do), and the
 * offsets that a transaction commits (group-driver.ts).
 */
import { nsToMs } from '../../../../harness/units.ts';
import type { Runtime } from '../../../runtime/runtime.ts';
import type { Instant } from '../../broker/coordinator-log.ts';
import type {
  TransactionApi,
  TransactionCall,
  TransactionEffect,
} from '../../broker/transactions/transaction-calls.ts';
import { TransactionCoordinator } from '../../broker/transactions/transaction-coordinator.ts';
import type { TransactionOptions } from '../../broker/transactions/transaction-options.ts';
import { DEFAULT_TRANSACTION_OPTIONS } from '../../broker/transactions/transaction-options.ts';
import { isInternalTopic, OFFSETS_TOPIC, TRANSACTIONS_TOPIC } from '../../internal-topics.ts';
import { isRaftTopic } from '../../controller/topic-configs.ts';
import { CODEC } from '../../records/compression.ts';
import { ERROR } from '../../wire/error-codes.ts';
import { DeadlineTimer } from '../deadline-timer.ts';
import type { Exchange, Handlers } from '../network/exchange.ts';
import type { BrokerMetadata, ControllerLink, Replicas } from '../parts.ts';
import type { NodeSettings } from '../settings.ts';
import { CoordinatorAppends } from './coordinator-appends.ts';
import { partitionCount } from './internal-topics.ts';
import { MarkerSender } from './marker-sender.ts';
import { PartitionLoads } from './partition-loads.ts';

/** As Kafka's `request.timeout.ms`: for appends and for producer ids. */
const REQUEST_TIMEOUT_MS = 30_000;
const ALLOCATE_VERSION = 0;

type Answer = (response: never) => void;

export class TransactionDriver {
  readonly handlers: Handlers;
  private readonly runtime: Runtime;
  private readonly nodeId: number;
  private readonly metadata: BrokerMetadata;
  private readonly link: ControllerLink;
  private readonly core: TransactionCoordinator;
  private readonly appends: CoordinatorAppends;
  private readonly loads: PartitionLoads;
  private readonly markers: MarkerSender;
  private readonly timer: DeadlineTimer;
  /** Who waits for a reply. */
  private readonly waiting = new Map<number, Answer>();
  private nextReplyTo = 1;
  /** Not performed yet: an effect's outcome may be there before the next effect is looked at. */
  private readonly effects: TransactionEffect[] = [];
  private isPerforming = false;
  /** Since the invariants were checked. */
  private hadInput = false;
  private isClosed = false;

  constructor(
    runtime: Runtime,
    settings: NodeSettings,
    metadata: BrokerMetadata,
    replicas: Replicas,
    link: ControllerLink,
  ) {
    this.runtime = runtime;
    this.nodeId = settings.nodeId;
    this.metadata = metadata;
    this.link = link;
    const rules = settings.rules.transactions;
    const core = new TransactionCoordinator({ options: transactionOptions(settings, metadata), rules });
    this.core = core;
    this.appends = new CoordinatorAppends(runtime, replicas, {
      topic: TRANSACTIONS_TOPIC,
      timeoutMs: REQUEST_TIMEOUT_MS,
      maxBatchBytes: settings.properties['message.max.bytes'],
      codec: CODEC.none,
    });
    this.timer = new DeadlineTimer(runtime, () => this.perform(core.tick(this.now)));
    this.markers = new MarkerSender(runtime, settings, metadata, (markerId, partition, answer) =>
      this.perform(core.markerAnswered(this.now, markerId, partition, answer)),
    );
    this.loads = new PartitionLoads(runtime, replicas, TRANSACTIONS_TOPIC, {
      start: (partition, leaderEpoch) => core.startLoading(partition, leaderEpoch),
      record: (partition, { key, value }) => core.loadRecord(partition, key, value),
      loadedMarker: () => undefined,
      finish: (partition) => this.perform(core.finishLoading(this.now, partition)),
      resign: (partition) => this.perform(core.resign(partition)),
      marker: () => undefined,
    });
    this.handlers = {
      initProducerId: (exchange) => this.pass('InitProducerId', exchange),
      addPartitionsToTxn: (exchange) => this.addPartitions(exchange),
      addOffsetsToTxn: (exchange) => this.pass('AddOffsetsToTxn', exchange),
      endTxn: (exchange) => this.pass('EndTxn', exchange),
    };
    this.perform(core.tick(this.now));
  }

  /** @throws AssertionError when a transaction is in a state that cannot be */
  invariants(): void {
    if (!this.hadInput) return;
    this.hadInput = false;
    this.core.invariants();
  }

  /** Nothing happens here any more; whoever waits is not answered. */
  close(): void {
    this.isClosed = true;
    this.loads.close();
    this.markers.close();
    this.timer.cancel();
    this.waiting.clear();
  }

  private get now(): Instant {
    const { runtime } = this;
    return { monotonicMs: nsToMs(runtime.monotonicNs()), wallMs: Math.floor(runtime.wallMs()) };
  }

  // Calls

  private pass(api: TransactionApi, exchange: Exchange): void {
    const replyTo = this.nextReplyTo++;
    this.waiting.set(replyTo, (response) => exchange.respond(response));
    const { header, body: request } = exchange;
    // Handlers are by name: the body is that API's, which the compiler cannot see.
    const call = { api, replyTo, version: header.apiVersion, request } as TransactionCall;
    this.perform(this.core.handle(this.now, call));
  }

  /** All partitions of a request, or none: where one cannot be in a transaction, the others are not attempted. */
  private addPartitions(exchange: Exchange<'addPartitionsToTxn'>): void {
    const { image } = this.metadata;
    const errorOf = (topic: string, partition: number): number => {
      const exists = image.topicByName(topic)?.partitions.has(partition) === true;
      // Only coordinators write there; offsets come in by AddOffsetsToTxn.
      if (isInternalTopic(topic)) return ERROR.TOPIC_AUTHORIZATION_FAILED;
      if (!exists) return ERROR.UNKNOWN_TOPIC_OR_PARTITION;
      return isRaftTopic(image, topic) ? ERROR.POLICY_VIOLATION : ERROR.NONE;
    };
    const { topics } = exchange.body;
    const isPossible = topics.every(({ name, partitions }) =>
      partitions.every((partition) => errorOf(name, partition) === ERROR.NONE),
    );
    if (isPossible) {
      return this.pass('AddPartitionsToTxn', exchange);
    }
    exchange.respond({
      resultsByTopic: topics.map(({ name, partitions }) => ({
        name,
        resultsByPartition: partitions.map((partitionIndex) => ({
          partitionIndex,
          partitionErrorCode: errorOf(name, partitionIndex) || ERROR.OPERATION_NOT_ATTEMPTED,
        })),
      })),
    });
  }

  // Effects

  private perform(effects: readonly TransactionEffect[]): void {
    this.hadInput = true;
    if (this.isClosed) return;
    this.effects.push(...effects);
    if (this.isPerforming) return;
    this.isPerforming = true;
    for (let next = this.effects.shift(); next !== undefined; next = this.effects.shift()) {
      this.performOne(next);
    }
    this.isPerforming = false;
    this.timer.setWithin(this.core.deadlineMs - this.now.monotonicMs);
  }

  private performOne(effect: TransactionEffect): void {
    switch (effect.type) {
      case 'append': {
        const { appendId } = effect;
        this.appends.perform(effect, (outcome) =>
          this.perform(this.core.appended(this.now, appendId, outcome)),
        );
        break;
      }
      case 'write-markers':
        this.markers.send(effect);
        break;
      case 'allocate-producer-ids':
        this.allocate();
        break;
      case 'reply': {
        const answer = this.waiting.get(effect.replyTo);
        this.waiting.delete(effect.replyTo);
        answer?.(effect.response as never);
      }
    }
  }

  private allocate(): void {
    const body = { brokerId: this.nodeId, brokerEpoch: this.metadata.brokerEpoch };
    this.link.request('allocateProducerIds', ALLOCATE_VERSION, body, REQUEST_TIMEOUT_MS, (outcome) => {
      const block =
        outcome.kind === 'response' && outcome.body.errorCode === ERROR.NONE
          ? { firstProducerId: outcome.body.producerIdStart, count: outcome.body.producerIdLen }
          : null;
      if (block === null) this.runtime.log('warn', 'the controller gave no producer ids');
      else this.runtime.trace({ kind: 'producer-ids', firstId: block.firstProducerId, count: block.count });
      this.perform(this.core.producerIds(this.now, block));
    });
  }
}

function transactionOptions({ properties }: NodeSettings, metadata: BrokerMetadata): TransactionOptions {
  return {
    ...DEFAULT_TRANSACTION_OPTIONS,
    /** What the topics have, once they are there. */
    get statePartitionCount() {
      return partitionCount(metadata, properties, TRANSACTIONS_TOPIC);
    },
    get offsetsPartitionCount() {
      return partitionCount(metadata, properties, OFFSETS_TOPIC);
    },
    maxTimeoutMs: properties['transaction.max.timeout.ms'],
    abortCheckIntervalMs: properties['transaction.abort.timed.out.transaction.cleanup.interval.ms'],
    expirationMs: properties['transactional.id.expiration.ms'],
  };
}
