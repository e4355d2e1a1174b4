/**
 * What changes in a metadata image: collected record by record, or found by comparing two images.
 *
 *     const changes = new ChangeCollector();
 *     changes.note(image, record);          // before the image applies it
 *     changes.take(image, offset);          // MetadataChanges, or null where nothing changed that brokers act on
 *     changesBetween(before, after, offset) // after a snapshot
 */
import type { MetadataImage, TopicImage } from '../../controller/metadata-image.ts';
import type { MetadataRecord } from '../../controller/metadata-records.ts';
import { RESOURCE } from '../../controller/metadata-records.ts';
import type { BrokerRegistration, PartitionRegistration } from '../../controller/registrations.ts';
import type { MetadataChanges } from '../parts.ts';

interface Deleted {
  readonly id: string;
  readonly name: string;
}

export class ChangeCollector {
  private brokersChanged = false;
  private partitions = new Map<string, Set<number>>();
  private created = new Set<string>();
  private deleted: Deleted[] = [];
  /** Null: of all topics. */
  private configs: Set<string> | null = new Set();

  /** @param image - without the record */
  note(image: MetadataImage, record: MetadataRecord): void {
    switch (record.type) {
      case 'register-broker':
      case 'unregister-broker':
      case 'fence-broker':
      case 'unfence-broker':
      case 'broker-registration-change':
        this.brokersChanged = true;
        break;
      case 'topic':
        this.created.add(record.topicId);
        break;
      case 'partition':
      case 'partition-change':
        this.partition(record.topicId, record.partitionId);
        break;
      case 'remove-topic':
        this.partitions.delete(record.topicId);
        // Nobody was told of a topic that comes and goes at once.
        if (!this.created.delete(record.topicId)) {
          const name = image.topics.get(record.topicId)?.name;
          if (name !== undefined) this.deleted.push({ id: record.topicId, name });
        }
        break;
      case 'config':
        if (record.resourceType === RESOURCE.broker) this.configs = null;
        else this.configs?.add(record.resourceName);
        break;
      case 'feature-level':
      case 'producer-ids':
      case 'no-op':
    }
  }

  private partition(topicId: string, partitionId: number): void {
    const known = this.partitions.get(topicId);
    if (known === undefined) this.partitions.set(topicId, new Set([partitionId]));
    else known.add(partitionId);
  }

  /** What was collected since the last call. @param offset - of the last record in the image */
  take(image: MetadataImage, offset: number): MetadataChanges | null {
    const { brokersChanged, partitions, deleted, configs } = this;
    this.brokersChanged = false;
    this.partitions = new Map();
    this.created = new Set();
    this.deleted = [];
    this.configs = new Set();
    const isEmpty =
      !brokersChanged &&
      partitions.size === 0 &&
      deleted.length === 0 &&
      configs !== null &&
      configs.size === 0;
    return isEmpty ? null : { image, offset, brokersChanged, partitions, deletedTopics: deleted, configs };
  }
}

/** All that there is counts as new. */
export function everything(image: MetadataImage, offset: number): MetadataChanges {
  const partitions = new Map<string, Set<number>>();
  for (const { id, partitions: ofTopic } of image.topics.values())
    partitions.set(id, new Set(ofTopic.keys()));
  return { image, offset, brokersChanged: true, partitions, deletedTopics: [], configs: null };
}

/** Null where they are the same to brokers. */
export function changesBetween(
  before: MetadataImage,
  after: MetadataImage,
  offset: number,
): MetadataChanges | null {
  const partitions = new Map<string, Set<number>>();
  for (const topic of after.topics.values()) {
    const changed = changedPartitions(before.topics.get(topic.id), topic);
    if (changed.size > 0) partitions.set(topic.id, changed);
  }
  const deletedTopics = [...before.topics.values()]
    .filter(({ id }) => !after.topics.has(id))
    .map(({ id, name }) => ({ id, name }));
  const brokersChanged = !sameBrokers(before.brokers, after.brokers);
  const configs = changedConfigs(before, after);
  const isEmpty =
    !brokersChanged && partitions.size === 0 && deletedTopics.length === 0 && configs?.size === 0;
  return isEmpty ? null : { image: after, offset, brokersChanged, partitions, deletedTopics, configs };
}

function changedPartitions(before: TopicImage | undefined, after: TopicImage): Set<number> {
  const changed = new Set<number>();
  for (const [id, partition] of after.partitions) {
    const old = before?.partitions.get(id);
    if (old === undefined || !samePartition(old, partition)) changed.add(id);
  }
  return changed;
}

/** The partition epoch moves with every change, but for those of nobody: the rest is compared all the same. */
function samePartition(a: PartitionRegistration, b: PartitionRegistration): boolean {
  return a === b || (a.partitionEpoch === b.partitionEpoch && sameContent(a, b));
}

const sameBrokers = (
  a: ReadonlyMap<number, BrokerRegistration>,
  b: ReadonlyMap<number, BrokerRegistration>,
): boolean =>
  a.size === b.size &&
  [...a].every(([id, broker]) => {
    const other = b.get(id);
    return other !== undefined && sameContent(broker, other);
  });

/** Of plain values: fields in any order, lists in their own. */
function sameContent(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  const entries = Object.entries(a);
  const others = new Map(Object.entries(b));
  return (
    entries.length === others.size &&
    entries.every(([key, value]) => others.has(key) && sameContent(value, others.get(key)))
  );
}

function changedConfigs(before: MetadataImage, after: MetadataImage): Set<string> | null {
  const brokers = new Set(['']);
  for (const id of [...before.brokers.keys(), ...after.brokers.keys()]) brokers.add(String(id));
  for (const name of brokers) {
    if (!sameConfigs(before.configs(RESOURCE.broker, name), after.configs(RESOURCE.broker, name)))
      return null;
  }
  const changed = new Set<string>();
  for (const { name } of after.topics.values()) {
    if (!sameConfigs(before.configs(RESOURCE.topic, name), after.configs(RESOURCE.topic, name)))
      changed.add(name);
  }
  return changed;
}

const NONE: ReadonlyMap<string, string> = new Map();

function sameConfigs(a: ReadonlyMap<string, string> = NONE, b: ReadonlyMap<string, string> = NONE): boolean {
  return a.size === b.size && [...a].every(([name, value]) => b.get(name) === value);
}
