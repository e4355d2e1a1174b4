/**
 * What the metadata records make: the brokers, topics, partitions, configurations, features and producer ids of a cluster.
 *
 *     const image = new MetadataImage(correctRules);
 *     for (const record of batch) image.apply(record);      // throws on what cannot have happened
 *     image.partition(topicId, 0)?.leader                    // 2
 *     image.copy()                                           // goes its own way from here
 *     image.toRecords()                                      // a snapshot: applied in order they make the same image
 *
 * Every node has one of what is committed; the active controller has another, of all that it appended. Brokers and partitions are
 * immutable, so that a copy shares them.
 */
import type { MetadataRecord, PartitionChangeRecord, PartitionRecord, Uuid } from './metadata-records.ts';
import { RESOURCE } from './metadata-records.ts';
import { mergeChange } from './partition-change.ts';
import type { PartitionKey } from './partition-index.ts';
import { PartitionIndex } from './partition-index.ts';
import type { BrokerRegistration, PartitionRegistration } from './registrations.ts';
import { partitionFromRecord, partitionToRecord } from './registrations.ts';
import type { Rules } from './rules.ts';

export interface TopicImage {
  readonly name: string;
  readonly id: Uuid;
  readonly partitions: ReadonlyMap<number, PartitionRegistration>;
}

/** The image of a topic, as only the image itself sees it. */
interface Topic extends TopicImage {
  readonly partitions: Map<number, PartitionRegistration>;
}

/** A record that says what cannot have happened: the log is not what a correct controller wrote. */
export class ImpossibleRecordError extends Error {
  override readonly name = 'ImpossibleRecordError';
}

const impossible = (record: MetadataRecord, why: string): never => {
  throw new ImpossibleRecordError(`${record.type}: ${why}`);
};

export class MetadataImage {
  readonly index: PartitionIndex;
  nextProducerId = 0;
  private readonly rules: Rules;
  private readonly brokerMap = new Map<number, BrokerRegistration>();
  private readonly topicMap = new Map<Uuid, Topic>();
  private readonly topicIds = new Map<string, Uuid>();
  /** By resource type, then name, then key. */
  private readonly configMap = new Map<number, Map<string, Map<string, string>>>();
  private readonly featureMap = new Map<string, number>();

  constructor(rules: Rules, source?: MetadataImage) {
    this.rules = rules;
    this.index = new PartitionIndex(source?.index);
    if (source === undefined) return;
    this.nextProducerId = source.nextProducerId;
    for (const [id, broker] of source.brokerMap) this.brokerMap.set(id, broker);
    for (const [id, topic] of source.topicMap) {
      this.topicMap.set(id, { ...topic, partitions: new Map(topic.partitions) });
      this.topicIds.set(topic.name, id);
    }
    for (const [type, resources] of source.configMap) {
      this.configMap.set(type, new Map([...resources].map(([name, values]) => [name, new Map(values)])));
    }
    for (const [name, level] of source.featureMap) this.featureMap.set(name, level);
  }

  copy(): MetadataImage {
    return new MetadataImage(this.rules, this);
  }

  get brokers(): ReadonlyMap<number, BrokerRegistration> {
    return this.brokerMap;
  }

  get topics(): ReadonlyMap<Uuid, TopicImage> {
    return this.topicMap;
  }

  get features(): ReadonlyMap<string, number> {
    return this.featureMap;
  }

  get isEmpty(): boolean {
    return this.featureMap.size === 0 && this.brokerMap.size === 0 && this.topicMap.size === 0;
  }

  topicByName(name: string): TopicImage | undefined {
    const id = this.topicIds.get(name);
    return id === undefined ? undefined : this.topicMap.get(id);
  }

  partition(topicId: Uuid, partitionId: number): PartitionRegistration | undefined {
    return this.topicMap.get(topicId)?.partitions.get(partitionId);
  }

  /** The partition of a key that the index gave. */
  at(key: PartitionKey): PartitionRegistration {
    return this.partition(key.topicId, key.partitionId) as PartitionRegistration;
  }

  /** What was set for this very resource; an empty name is the default of all brokers. */
  configs(resourceType: number, resourceName: string): ReadonlyMap<string, string> | undefined {
    return this.configMap.get(resourceType)?.get(resourceName);
  }

  /** @throws ImpossibleRecordError */
  apply(record: MetadataRecord): void {
    switch (record.type) {
      case 'register-broker': {
        const { type: _type, brokerId, brokerEpoch, ...rest } = record;
        const existing = this.brokerMap.get(brokerId);
        if (existing !== undefined && brokerEpoch < existing.epoch) {
          impossible(record, `broker ${brokerId} has epoch ${existing.epoch}, later than ${brokerEpoch}`);
        }
        this.brokerMap.set(brokerId, { id: brokerId, epoch: brokerEpoch, ...rest });
        break;
      }
      case 'unregister-broker':
        this.registered(record, record.brokerId, record.brokerEpoch);
        this.brokerMap.delete(record.brokerId);
        break;
      case 'fence-broker':
      case 'unfence-broker': {
        const broker = this.registered(record, record.id, record.epoch);
        this.brokerMap.set(record.id, { ...broker, fenced: record.type === 'fence-broker' });
        break;
      }
      case 'broker-registration-change': {
        const broker = this.registered(record, record.brokerId, record.brokerEpoch);
        this.brokerMap.set(record.brokerId, {
          ...broker,
          fenced: record.fenced ?? broker.fenced,
          inControlledShutdown: record.inControlledShutdown ?? broker.inControlledShutdown,
          logDirs: record.logDirs ?? broker.logDirs,
        });
        break;
      }
      case 'topic':
        if (this.topicIds.has(record.name)) impossible(record, `there already is a topic ${record.name}`);
        if (this.topicMap.has(record.topicId))
          impossible(record, `there already is a topic ${record.topicId}`);
        this.topicIds.set(record.name, record.topicId);
        this.topicMap.set(record.topicId, { name: record.name, id: record.topicId, partitions: new Map() });
        break;
      case 'remove-topic':
        this.removeTopic(record);
        break;
      case 'partition':
        this.setPartition(record);
        break;
      case 'partition-change':
        this.changePartition(record);
        break;
      case 'config':
        this.setConfig(record.resourceType, record.resourceName, record.name, record.value);
        break;
      case 'feature-level':
        if (record.featureLevel === 0) this.featureMap.delete(record.name);
        else this.featureMap.set(record.name, record.featureLevel);
        break;
      case 'producer-ids':
        if (record.nextProducerId <= this.nextProducerId) {
          impossible(record, `producer ids up to ${this.nextProducerId} are given away already`);
        }
        this.nextProducerId = record.nextProducerId;
        break;
      case 'no-op':
    }
  }

  /** A snapshot: features first, as they say how to read the rest. */
  toRecords(): MetadataRecord[] {
    const records: MetadataRecord[] = [];
    for (const [name, featureLevel] of this.featureMap)
      records.push({ type: 'feature-level', name, featureLevel });
    for (const { id, epoch, ...rest } of this.brokerMap.values()) {
      records.push({ type: 'register-broker', brokerId: id, brokerEpoch: epoch, ...rest });
    }
    for (const topic of this.topicMap.values()) {
      records.push({ type: 'topic', name: topic.name, topicId: topic.id });
      for (const partition of topic.partitions.values()) records.push(partitionToRecord(partition));
    }
    for (const [resourceType, resources] of this.configMap) {
      for (const [resourceName, values] of resources) {
        for (const [name, value] of values) {
          records.push({ type: 'config', resourceType, resourceName, name, value });
        }
      }
    }
    if (this.nextProducerId > 0) {
      const { nextProducerId } = this;
      records.push({ type: 'producer-ids', brokerId: -1, brokerEpoch: -1, nextProducerId });
    }
    return records;
  }

  private registered(record: MetadataRecord, id: number, epoch: number): BrokerRegistration {
    const broker = this.brokerMap.get(id) ?? impossible(record, `broker ${id} is not registered`);
    if (broker.epoch !== epoch) impossible(record, `broker ${id} has epoch ${broker.epoch}, not ${epoch}`);
    return broker;
  }

  private topicOf(record: MetadataRecord & { readonly topicId: Uuid }): Topic {
    return this.topicMap.get(record.topicId) ?? impossible(record, `there is no topic ${record.topicId}`);
  }

  /** A new partition, or a later state of one (see raft-partitions.ts). */
  private setPartition(record: PartitionRecord): void {
    const topic = this.topicOf(record);
    const before = topic.partitions.get(record.partitionId) ?? null;
    const where = `${topic.name}-${record.partitionId}`;
    if (before !== null && record.partitionEpoch <= before.partitionEpoch) {
      impossible(record, `${where} exists already, in partition epoch ${before.partitionEpoch}`);
    }
    if (record.replicas.length === 0) impossible(record, `${where} has no replica`);
    const partition = partitionFromRecord(record);
    topic.partitions.set(record.partitionId, partition);
    this.index.update(before, partition);
  }

  private changePartition(record: PartitionChangeRecord): void {
    const topic = this.topicOf(record);
    const before =
      topic.partitions.get(record.partitionId) ??
      impossible(record, `there is no partition ${topic.name}-${record.partitionId}`);
    const after = mergeChange(this.rules, before, record);
    topic.partitions.set(record.partitionId, after);
    this.index.update(before, after);
  }

  private removeTopic(record: MetadataRecord & { readonly topicId: Uuid }): void {
    const topic = this.topicOf(record);
    for (const partition of topic.partitions.values()) this.index.update(partition, null);
    this.topicMap.delete(topic.id);
    this.topicIds.delete(topic.name);
    this.configMap.get(RESOURCE.topic)?.delete(topic.name);
  }

  private setConfig(resourceType: number, resourceName: string, name: string, value: string | null): void {
    let resources = this.configMap.get(resourceType);
    if (resources === undefined) {
      resources = new Map<string, Map<string, string>>();
      this.configMap.set(resourceType, resources);
    }
    let values = resources.get(resourceName);
    if (values === undefined) {
      values = new Map<string, string>();
      resources.set(resourceName, values);
    }
    if (value === null) values.delete(name);
    else values.set(name, value);
    if (values.size === 0) resources.delete(resourceName);
  }
}
