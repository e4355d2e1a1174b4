/**
 * What brokers tell clients of the cluster, out of the committed image: Metadata and DescribeCluster.
 *
 *     describeBrokers(image, 'PLAINTEXT')           // [{ id: 1, host: '10.0.0.1', port: 9092, rack: null, isFenced: false }]
 *     describeTopics(image, ['orders'])             // with leader, ISR and offline replicas of each partition
 */
import { isInternalTopic } from '../internal-topics.ts';
import type { MetadataImage, TopicImage } from './metadata-image.ts';
import type { Uuid } from './metadata-records.ts';
import { NO_LEADER } from './metadata-records.ts';
import type { PartitionRegistration } from './registrations.ts';
import { endPointOf } from './registrations.ts';

export interface BrokerDescription {
  readonly id: number;
  readonly host: string;
  readonly port: number;
  readonly rack: string | null;
  readonly isFenced: boolean;
}

/** The brokers that have this listener, by id. Metadata lists those that are not fenced. */
export function describeBrokers(image: MetadataImage, listener: string): BrokerDescription[] {
  const descriptions: BrokerDescription[] = [];
  for (const broker of image.brokers.values()) {
    const { id, rack, fenced } = broker;
    const endpoint = endPointOf(broker, listener);
    if (endpoint === undefined) continue;
    descriptions.push({ id, host: endpoint.host, port: endpoint.port, rack, isFenced: fenced });
  }
  return descriptions.sort((a, b) => a.id - b.id);
}

export interface PartitionDescription {
  readonly error: 'NONE' | 'LEADER_NOT_AVAILABLE';
  readonly partition: PartitionRegistration;
  /** Replicas on brokers that are fenced or not registered. */
  readonly offline: readonly number[];
}

export interface TopicDescription {
  readonly error: 'NONE' | 'UNKNOWN_TOPIC_OR_PARTITION';
  readonly name: string;
  readonly topicId: Uuid | null;
  readonly isInternal: boolean;
  /** By partition. */
  readonly partitions: readonly PartitionDescription[];
}

/** @param names - null for all topics, by name */
export function describeTopics(image: MetadataImage, names: readonly string[] | null): TopicDescription[] {
  const wanted = names ?? [...image.topics.values()].map(({ name }) => name).sort();
  return wanted.map((name) => {
    const topic = image.topicByName(name);
    const isInternal = isInternalTopic(name);
    if (topic === undefined) {
      return { error: 'UNKNOWN_TOPIC_OR_PARTITION', name, topicId: null, isInternal, partitions: [] };
    }
    return {
      error: 'NONE',
      name,
      topicId: topic.id,
      isInternal,
      partitions: describePartitions(image, topic),
    };
  });
}

function describePartitions(image: MetadataImage, topic: TopicImage): PartitionDescription[] {
  return [...topic.partitions.values()]
    .sort((a, b) => a.partitionId - b.partitionId)
    .map((partition) => ({
      error: partition.leader === NO_LEADER ? 'LEADER_NOT_AVAILABLE' : 'NONE',
      partition,
      offline: partition.replicas.filter((id) => image.brokers.get(id)?.fenced !== false),
    }));
}
