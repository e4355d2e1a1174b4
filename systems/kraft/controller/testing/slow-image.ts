/**
 * The image once more, written for nothing but to be seen right: plain objects, made anew from all records, no index.
 *
 *     slowImage(records).partitions['orders-0'].leader
 *     imageText(slowImage(records)) === imageText(slowImage(image.toRecords()))
 */
import type { MetadataRecord, PartitionRecord, RegisterBrokerRecord } from '../metadata-records.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
export type SlowBroker = Mutable<Omit<RegisterBrokerRecord, 'type'>>;
export type SlowPartition = Mutable<Omit<PartitionRecord, 'type'>>;

export interface SlowImage {
  brokers: Record<string, SlowBroker>;
  /** Names by id. */
  topics: Record<string, string>;
  /** By `name-partition`. */
  partitions: Record<string, SlowPartition>;
  /** By `type/name/key`. */
  configs: Record<string, string>;
  features: Record<string, number>;
  nextProducerId: number;
}

export function slowImage(records: readonly MetadataRecord[]): SlowImage {
  const image: SlowImage = {
    brokers: {},
    topics: {},
    partitions: {},
    configs: {},
    features: {},
    nextProducerId: 0,
  };
  return slowImageAfter(image, records);
}

/** Another image, from one and what came after it. */
export function slowImageAfter(before: SlowImage, records: readonly MetadataRecord[]): SlowImage {
  const image = structuredClone(before);
  for (const record of records) applySlowly(image, structuredClone(record));
  return image;
}

function applySlowly(image: SlowImage, record: MetadataRecord): void {
  const named = (topicId: string, partition: number): string => `${image.topics[topicId]}-${partition}`;
  switch (record.type) {
    case 'register-broker': {
      const { type: _, ...broker } = record;
      image.brokers[record.brokerId] = broker;
      return;
    }
    case 'unregister-broker':
      delete image.brokers[record.brokerId];
      return;
    case 'fence-broker':
      (image.brokers[record.id] as SlowBroker).fenced = true;
      return;
    case 'unfence-broker':
      (image.brokers[record.id] as SlowBroker).fenced = false;
      return;
    case 'broker-registration-change': {
      const broker = image.brokers[record.brokerId] as SlowBroker;
      if (record.fenced !== undefined) broker.fenced = record.fenced;
      if (record.inControlledShutdown !== undefined) broker.inControlledShutdown = true;
      if (record.logDirs !== undefined) broker.logDirs = record.logDirs;
      return;
    }
    case 'topic':
      image.topics[record.topicId] = record.name;
      return;
    case 'remove-topic': {
      const name = image.topics[record.topicId] as string;
      for (const [key, partition] of Object.entries(image.partitions)) {
        if (partition.topicId === record.topicId) delete image.partitions[key];
      }
      for (const key of Object.keys(image.configs)) {
        if (key.startsWith(`2/${name}/`)) delete image.configs[key];
      }
      delete image.topics[record.topicId];
      return;
    }
    case 'partition': {
      const { type: _, ...partition } = record;
      image.partitions[named(record.topicId, record.partitionId)] = partition;
      return;
    }
    case 'partition-change': {
      const partition = image.partitions[named(record.topicId, record.partitionId)] as SlowPartition;
      const { type: _, ...changes } = record;
      Object.assign(partition, changes);
      partition.partitionEpoch += 1;
      if ('leader' in changes) partition.leaderEpoch += 1;
      return;
    }
    case 'config': {
      const key = `${record.resourceType}/${record.resourceName}/${record.name}`;
      if (record.value === null) delete image.configs[key];
      else image.configs[key] = record.value;
      return;
    }
    case 'feature-level':
      if (record.featureLevel === 0) delete image.features[record.name];
      else image.features[record.name] = record.featureLevel;
      return;
    case 'producer-ids':
      image.nextProducerId = record.nextProducerId;
      return;
    case 'no-op':
  }
}

/** The same text for the same image, whatever the order in which it came to be. */
export function imageText(image: SlowImage): string {
  const sorted = (value: unknown): unknown => {
    if (value === null || typeof value !== 'object') return value;
    if (Array.isArray(value)) return value.map(sorted);
    return Object.fromEntries(
      Object.entries(value)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, inner]) => [key, sorted(inner)]),
    );
  };
  return JSON.stringify(sorted(image), null, 1);
}
