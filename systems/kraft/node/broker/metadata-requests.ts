/**
 * What a broker tells clients of the cluster: Metadata, DescribeCluster and DescribeTopicPartitions, out of what it has replayed.
 *
 *     metadataHandlers({ runtime, settings, metadata, link }).metadata?.(exchange);
 *
 * Only brokers that are not fenced are named, each where it is reached on the listener on which the client asked. As the controller
 * every broker names itself: what only the controller may do, it passes on. A broker that has not yet replayed its own
 * registration knows less than it once told, so it ends the connection, and the client asks another.
 */
import type { Runtime } from '../../../runtime/runtime.ts';
import type { BrokerDescription, PartitionDescription, TopicDescription } from '../../controller/describe.ts';
import { describeBrokers, describeTopics } from '../../controller/describe.ts';
import type { MetadataImage } from '../../controller/metadata-image.ts';
import { NO_LEADER } from '../../controller/metadata-records.ts';
import { checkTopicName } from '../../controller/topic-names.ts';
import type { RequestBody, ResponseBody } from '../../wire/apis.ts';
import type { ErrorName } from '../../wire/error-codes.ts';
import { ERROR } from '../../wire/error-codes.ts';
import { ZERO_UUID } from '../../wire/bytes.ts';
import type { Exchange, Handlers } from '../network/exchange.ts';
import type { BrokerMetadata, ControllerLink } from '../parts.ts';
import type { NodeSettings } from '../settings.ts';
import { AutoTopics } from './auto-topics.ts';

/** What handlers read of the metadata. */
export interface ReadableMetadata extends Pick<BrokerMetadata, 'image'> {
  readonly isCaughtUp: boolean;
}

export interface MetadataHandlersOptions {
  readonly runtime: Runtime;
  readonly settings: NodeSettings;
  readonly metadata: ReadableMetadata;
  readonly link: ControllerLink;
}

/** From this version on an empty list is none, and null is all. */
const EMPTY_IS_NONE_VERSION = 1;
/** From this version on a listener that the leader does not have has an error of its own (KIP-226). */
const LISTENER_ERROR_VERSION = 6;
const ENDPOINT_TYPE_BROKERS = 1;

type MetadataTopic = ResponseBody<'metadata'>['topics'][number];

export function metadataHandlers(options: MetadataHandlersOptions): Handlers {
  const { settings, metadata, runtime, link } = options;
  const topics = new AutoTopics(runtime, settings.properties, link);
  const whenReady =
    <E extends Exchange>(handle: (exchange: E) => void) =>
    (exchange: E): void => {
      if (metadata.isCaughtUp) handle(exchange);
      else exchange.disconnect('this broker does not know the cluster yet');
    };
  return {
    metadata: whenReady<Exchange<'metadata'>>((exchange) =>
      exchange.respond(answerMetadata(exchange, metadata.image, settings, topics)),
    ),
    describeCluster: whenReady<Exchange<'describeCluster'>>((exchange) =>
      exchange.respond(answerCluster(exchange, metadata.image, settings)),
    ),
    describeTopicPartitions: whenReady<Exchange<'describeTopicPartitions'>>((exchange) =>
      exchange.respond(answerPartitions(exchange, metadata.image)),
    ),
  };
}

/** Those that are not fenced and have the listener of this exchange. */
const liveBrokers = (image: MetadataImage, { listenerName }: Exchange): BrokerDescription[] =>
  describeBrokers(image, listenerName).filter(({ isFenced }) => !isFenced);

const controllerOf = (brokers: readonly BrokerDescription[], nodeId: number): number =>
  (brokers.find(({ id }) => id === nodeId) ?? brokers[0])?.id ?? -1;

function answerMetadata(
  exchange: Exchange<'metadata'>,
  image: MetadataImage,
  settings: NodeSettings,
  autoTopics: AutoTopics,
): ResponseBody<'metadata'> {
  const { body, header } = exchange;
  const version = header.apiVersion;
  const brokers = liveBrokers(image, exchange);
  const view = new PartitionView(image, brokers, version);
  const names = namesOf(body, version);
  const mayCreate =
    names !== null && body.allowAutoTopicCreation && settings.properties['auto.create.topics.enable'];
  const missing: string[] = [];
  const topics = describeTopics(image, names).map((topic): MetadataTopic => {
    if (topic.error === 'NONE') return { errorCode: ERROR.NONE, ...view.topic(topic) };
    let error: ErrorName = topic.error;
    if (checkTopicName(topic.name) !== null) error = 'INVALID_TOPIC_EXCEPTION';
    else if (mayCreate) {
      missing.push(topic.name);
      error = 'LEADER_NOT_AVAILABLE';
    }
    return { errorCode: ERROR[error], name: topic.name, isInternal: topic.isInternal, partitions: [] };
  });
  if (missing.length > 0) autoTopics.create(missing);
  return {
    brokers: brokers.map(({ id: nodeId, host, port, rack }) => ({ nodeId, host, port, rack })),
    clusterId: settings.clusterId,
    controllerId: controllerOf(brokers, settings.nodeId),
    topics,
  };
}

/** Each once; null for all. */
function namesOf({ topics }: RequestBody<'metadata'>, version: number): readonly string[] | null {
  if (topics === null || (topics.length === 0 && version < EMPTY_IS_NONE_VERSION)) return null;
  return [...new Set(topics.map(({ name }) => name))];
}

/** Partitions as a client sees them that asked on one listener. */
class PartitionView {
  private readonly image: MetadataImage;
  private readonly live: ReadonlySet<number>;
  private readonly version: number;

  constructor(image: MetadataImage, brokers: readonly BrokerDescription[], version: number) {
    this.image = image;
    this.live = new Set(brokers.map(({ id }) => id));
    this.version = version;
  }

  topic({ name, isInternal, partitions }: TopicDescription): Omit<MetadataTopic, 'errorCode'> {
    return { name, isInternal, partitions: partitions.map((each) => this.partition(each)) };
  }

  /** A leader that cannot be reached is none to the client. */
  partition({ partition, offline }: PartitionDescription): MetadataTopic['partitions'][number] {
    const { leader, leaderEpoch, replicas, isr, partitionId } = partition;
    const error = this.leaderError(leader);
    return {
      errorCode: ERROR[error],
      partitionIndex: partitionId,
      leaderId: error === 'NONE' ? leader : NO_LEADER,
      leaderEpoch,
      replicaNodes: replicas,
      isrNodes: isr,
      offlineReplicas: offline,
    };
  }

  private leaderError(leader: number): ErrorName {
    if (this.live.has(leader)) return 'NONE';
    const isThere = this.image.brokers.get(leader)?.fenced === false;
    return isThere && this.version >= LISTENER_ERROR_VERSION ? 'LISTENER_NOT_FOUND' : 'LEADER_NOT_AVAILABLE';
  }
}

function answerCluster(
  exchange: Exchange<'describeCluster'>,
  image: MetadataImage,
  { clusterId, nodeId }: NodeSettings,
): ResponseBody<'describeCluster'> {
  const { body, header } = exchange;
  const isTyped = header.apiVersion >= 1;
  const { endpointType } = body;
  if (isTyped && endpointType !== ENDPOINT_TYPE_BROKERS) {
    const errorMessage = 'this listener tells of brokers: ask a controller for controllers';
    return { errorCode: ERROR.INVALID_REQUEST, errorMessage, clusterId, brokers: [] };
  }
  const brokers = liveBrokers(image, exchange);
  return {
    errorCode: ERROR.NONE,
    ...(isTyped && { endpointType }),
    clusterId,
    controllerId: controllerOf(brokers, nodeId),
    brokers: brokers.map(({ id: brokerId, host, port, rack }) => ({ brokerId, host, port, rack })),
  };
}

/** However many partitions a client wants at once. */
const PARTITIONS_PER_PAGE_MAX = 2_000;

type Cursor = RequestBody<'describeTopicPartitions'>['cursor'];
type PagedTopic = ResponseBody<'describeTopicPartitions'>['topics'][number];

/** Topics by name, from the cursor on, until the page is full. */
function answerPartitions(
  exchange: Exchange<'describeTopicPartitions'>,
  image: MetadataImage,
): ResponseBody<'describeTopicPartitions'> {
  const { topics: asked, cursor, responsePartitionLimit } = exchange.body;
  const names = asked.length === 0 ? null : [...new Set(asked.map(({ name }) => name))].sort();
  const view = new PartitionView(image, liveBrokers(image, exchange), LISTENER_ERROR_VERSION);
  let room = Math.max(1, Math.min(responsePartitionLimit, PARTITIONS_PER_PAGE_MAX));
  const topics: PagedTopic[] = [];
  for (const topic of describeTopics(image, names)) {
    const first = firstPartition(topic.name, cursor);
    if (first === null) continue;
    if (room === 0) return { topics, nextCursor: { topicName: topic.name, partitionIndex: 0 } };
    const left = topic.partitions.filter(({ partition }) => partition.partitionId >= first);
    const page = left.slice(0, room);
    room -= page.length;
    topics.push(pagedTopic(view, topic, page));
    const next = left[page.length];
    if (next !== undefined) {
      return { topics, nextCursor: { topicName: topic.name, partitionIndex: next.partition.partitionId } };
    }
  }
  return { topics };
}

/** Null where the topic was on an earlier page. */
function firstPartition(topic: string, cursor: Cursor): number | null {
  if (cursor === null || topic > cursor.topicName) return 0;
  return topic === cursor.topicName ? cursor.partitionIndex : null;
}

function pagedTopic(
  view: PartitionView,
  topic: TopicDescription,
  page: readonly PartitionDescription[],
): PagedTopic {
  const { name, topicId, isInternal } = topic;
  const isValid = checkTopicName(name) === null;
  return {
    errorCode: ERROR[isValid || topic.error === 'NONE' ? topic.error : 'INVALID_TOPIC_EXCEPTION'],
    name,
    topicId: topicId ?? ZERO_UUID,
    isInternal,
    partitions: page.map((each) => ({
      ...view.partition(each),
      eligibleLeaderReplicas: each.partition.elr,
      lastKnownElr: each.partition.lastKnownElr,
      offlineReplicas: each.offline,
    })),
  };
}
