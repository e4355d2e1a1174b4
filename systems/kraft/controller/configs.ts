/**
 * IncrementalAlterConfigs (KIP-339): set, delete, append and subtract, for a topic, a broker, or all brokers.
 *
 *     alterConfigs(active, { resources: [{ type: RESOURCE.topic, name: 'orders',
 *       changes: [{ name: 'cleanup.policy', operation: 'append', value: 'compact' }] }], validateOnly: false });
 *
 * A resource is changed as a whole or not at all.
 */
import type { ActiveController } from './active-controller.ts';
import type { ItemResult } from './errors.ts';
import { NO_ERROR } from './errors.ts';
import type { ConfigRecord } from './metadata-records.ts';
import { RESOURCE } from './metadata-records.ts';
import {
  checkConfig,
  FIXED_CONFIGS,
  isListConfig,
  isRaftTopic,
  REPLICATION_PROTOCOL,
} from './topic-configs.ts';

export interface ConfigChange {
  readonly name: string;
  readonly operation: 'set' | 'delete' | 'append' | 'subtract';
  readonly value: string | null;
}

export interface AlterConfigsRequest {
  readonly resources: readonly {
    readonly type: number;
    readonly name: string;
    readonly changes: readonly ConfigChange[];
  }[];
  readonly validateOnly: boolean;
}

export interface ConfigResult extends ItemResult {
  readonly type: number;
  readonly name: string;
}

export function alterConfigs(active: ActiveController, request: AlterConfigsRequest): ConfigResult[] {
  return request.resources.map(({ type, name, changes }) => {
    const refusal = checkResource(active, type, name);
    if (refusal !== null) return { type, name, ...refusal };
    const records = configRecords(active, type, name, changes);
    if ('error' in records) return { type, name, ...records };
    if (!request.validateOnly) {
      for (const record of records) active.emit(record);
      afterChange(active, type, name, records);
    }
    return { type, name, ...NO_ERROR };
  });
}

function checkResource(active: ActiveController, type: number, name: string): ItemResult | null {
  if (type === RESOURCE.topic) {
    if (active.image.topicByName(name) !== undefined) return null;
    return { error: 'UNKNOWN_TOPIC_OR_PARTITION', message: `there is no topic ${name}` };
  }
  if (type !== RESOURCE.broker) return invalidRequest(`resources of type ${type} have no configuration here`);
  if (name === '') return null;
  const isRegistered = /^\d{1,10}$/.test(name) && active.broker(Number(name)) !== undefined;
  return isRegistered ? null : invalidRequest(`there is no broker ${name}`);
}

/** Whoever lacks the beginning of a group's log could not get it. */
const OF_LOGS_THAT_SHRINK: ReadonlySet<string> = new Set([
  'cleanup.policy',
  'retention.bytes',
  'retention.ms',
]);

const invalidRequest = (message: string): ItemResult => ({ error: 'INVALID_REQUEST', message });
const invalidConfig = (message: string): ItemResult => ({ error: 'INVALID_CONFIG', message });

/** The records of these changes, or why they cannot be. Also for topics that are being created. */
export function configRecords(
  active: ActiveController,
  type: number,
  resourceName: string,
  changes: readonly ConfigChange[],
): readonly ConfigRecord[] | ItemResult {
  const present = active.image.configs(type, resourceName);
  const exists = type === RESOURCE.topic && active.image.topicByName(resourceName) !== undefined;
  const isRaft =
    (exists && isRaftTopic(active.image, resourceName)) ||
    changes.some(({ name, value }) => name === REPLICATION_PROTOCOL && value === 'raft');
  const records: ConfigRecord[] = [];
  for (const change of changes) {
    const { name } = change;
    if (records.some((record) => record.name === name)) return invalidRequest(`${name} is changed twice`);
    const before = present?.get(name) ?? null;
    const value = changedValue(active, type, resourceName, change);
    if (typeof value === 'object' && value !== null) return value;
    const wrong = value === null ? null : checkConfig(name, value, type);
    if (wrong !== null) return invalidConfig(wrong);
    // A key that is not known can be deleted: an older version may have left it.
    if (exists && FIXED_CONFIGS.has(name) && value !== active.topicConfig(resourceName, name)) {
      return invalidConfig(`${name} is fixed when the topic is created`);
    }
    if (type === RESOURCE.topic && isRaft && value !== null && OF_LOGS_THAT_SHRINK.has(name)) {
      return invalidConfig(`${name} is nothing for a log that a Raft group replicates: it is kept whole`);
    }
    if (value !== before || type === RESOURCE.broker) {
      records.push({ type: 'config', resourceType: type, resourceName, name, value });
    }
  }
  return records;
}

function changedValue(
  active: ActiveController,
  type: number,
  resourceName: string,
  { name, operation, value }: ConfigChange,
): string | null | ItemResult {
  if (operation === 'delete') return null;
  if (value === null) return invalidConfig(`${name} needs a value`);
  if (operation === 'set') return value;
  if (!isListConfig(name, type))
    return invalidConfig(`${name} is no list: nothing can be appended or subtracted`);
  const current =
    active.image.configs(type, resourceName)?.get(name) ??
    (type === RESOURCE.topic ? active.topicConfig(resourceName, name) : '');
  const items = current.split(',').filter((item) => item !== '');
  const operands = value.split(',').map((item) => item.trim());
  const result =
    operation === 'append'
      ? [...new Set([...items, ...operands])]
      : items.filter((item) => !operands.includes(item));
  return result.join(',');
}

/** What a configuration changes at once: with a lower minimum nobody is eligible any more who was only because of the higher one. */
function afterChange(
  active: ActiveController,
  type: number,
  resourceName: string,
  records: readonly ConfigRecord[],
): void {
  if (records.length === 0) return;
  active.electUncleanSoon = true;
  if (!records.some(({ name }) => name === 'min.insync.replicas')) return;
  for (const topic of active.image.topics.values()) {
    if (type === RESOURCE.topic && topic.name !== resourceName) continue;
    const target = active.target(topic.name);
    for (const partition of topic.partitions.values()) {
      if (partition.elr.length > 0) active.change(partition, target);
    }
  }
}
