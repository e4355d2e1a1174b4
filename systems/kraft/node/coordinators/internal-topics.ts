/**
 * The topics in which coordinators keep what they know: `__consumer_offsets` and `__transaction_state`.
 *
 *     const topics = new InternalTopics(runtime, settings, metadata, link);
 *     topics.partitionCount(OFFSETS_TOPIC); // 50, or what the topic really has
 *     topics.create(OFFSETS_TOPIC);         // when somebody first asks for a coordinator
 *
 * A group lives in the partition that its name's hash gives, so the number of partitions that the topic has decides; the property
 * only says with how many it is created.
 */
import type { Runtime } from '../../../runtime/runtime.ts';
import { isActive } from '../../controller/registrations.ts';
import type { InternalTopic } from '../../internal-topics.ts';
import { OFFSETS_TOPIC } from '../../internal-topics.ts';
import { ERROR, errorName } from '../../wire/error-codes.ts';
import type { RequestBody } from '../../wire/apis.ts';
import type { BrokerMetadata, ControllerLink } from '../parts.ts';
import type { PropertyValues } from '../property-table.ts';
import type { NodeSettings } from '../settings.ts';

type NewTopic = RequestBody<'createTopics'>['topics'][number];

const CREATE_TOPICS_VERSION = 4;
/** As Kafka's `request.timeout.ms`. */
const CREATE_TIMEOUT_MS = 30_000;

const configs = (values: Readonly<Record<string, string | number | boolean>>): NewTopic['configs'] =>
  Object.entries(values).map(([name, value]) => ({ name, value: String(value) }));

/** Where the disk is to keep what topics hold, it is to keep this as well: else a power loss took committed offsets back. */
const flushes = (properties: PropertyValues): { readonly 'flush.messages'?: number } =>
  properties['replication.protocol'] === 'raft' ? { 'flush.messages': 1 } : {};

/** What CreateTopics asks for one of them, also where a client names it in a Metadata request. */
export function newInternalTopic(name: InternalTopic, properties: PropertyValues): NewTopic {
  if (name === OFFSETS_TOPIC) {
    return {
      name,
      numPartitions: properties['offsets.topic.num.partitions'],
      replicationFactor: properties['offsets.topic.replication.factor'],
      assignments: [],
      configs: configs({
        'cleanup.policy': 'compact',
        'compression.type': 'producer',
        'segment.bytes': properties['offsets.topic.segment.bytes'],
        ...flushes(properties),
      }),
    };
  }
  return {
    name,
    numPartitions: properties['transaction.state.log.num.partitions'],
    replicationFactor: properties['transaction.state.log.replication.factor'],
    assignments: [],
    configs: configs({
      'unclean.leader.election.enable': false,
      'compression.type': 'uncompressed',
      'cleanup.policy': 'compact',
      'min.insync.replicas': properties['transaction.state.log.min.isr'],
      'segment.bytes': properties['transaction.state.log.segment.bytes'],
      ...flushes(properties),
    }),
  };
}

export class InternalTopics {
  private readonly runtime: Runtime;
  private readonly properties: PropertyValues;
  private readonly metadata: BrokerMetadata;
  private readonly link: ControllerLink;
  private readonly underWay = new Set<InternalTopic>();
  /** Of these it was said why not yet: clients ask again and again. */
  private readonly awaited = new Set<InternalTopic>();

  constructor(runtime: Runtime, settings: NodeSettings, metadata: BrokerMetadata, link: ControllerLink) {
    this.runtime = runtime;
    this.properties = settings.properties;
    this.metadata = metadata;
    this.link = link;
  }

  exists(topic: InternalTopic): boolean {
    return this.metadata.image.topicByName(topic) !== undefined;
  }

  partitionCount(topic: InternalTopic): number {
    return partitionCount(this.metadata, this.properties, topic);
  }

  /** Asks the controller, unless that is under way. Where fewer brokers are alive than there must be replicas, nobody is asked. */
  create(topic: InternalTopic): void {
    if (this.underWay.has(topic)) return;
    const wanted = newInternalTopic(topic, this.properties);
    const alive = [...this.metadata.image.brokers.values()].filter(isActive).length;
    if (alive < wanted.replicationFactor) {
      if (this.awaited.has(topic)) return;
      this.awaited.add(topic);
      this.runtime.log('warn', `${topic} cannot be created yet`, {
        alive,
        replicationFactor: wanted.replicationFactor,
      });
      return;
    }
    this.awaited.delete(topic);
    this.underWay.add(topic);
    const body = { topics: [wanted], timeoutMs: CREATE_TIMEOUT_MS, validateOnly: false };
    this.link.request('createTopics', CREATE_TOPICS_VERSION, body, CREATE_TIMEOUT_MS, (outcome) => {
      this.underWay.delete(topic);
      const problem = outcome.kind === 'failed' ? outcome.reason : refusal(outcome.body.topics[0]?.errorCode);
      if (problem !== null) this.runtime.log('warn', `${topic} was not created`, { reason: problem });
    });
  }
}

function refusal(errorCode: number | undefined): string | null {
  if (errorCode === undefined) return 'the controller did not answer for it';
  // Another broker was asked for a coordinator at the same time.
  if (errorCode === ERROR.NONE || errorCode === ERROR.TOPIC_ALREADY_EXISTS) return null;
  return errorName(errorCode);
}

export function partitionCount(
  metadata: BrokerMetadata,
  properties: PropertyValues,
  topic: InternalTopic,
): number {
  const key =
    topic === OFFSETS_TOPIC ? 'offsets.topic.num.partitions' : 'transaction.state.log.num.partitions';
  return metadata.image.topicByName(topic)?.partitions.size ?? properties[key];
}
