/**
 * The configurations of topics: which there are, what values they take, what holds when none is set.
 *
 *     checkConfig('min.insync.replicas', '0')       // "… must be at least 1"
 *     checkConfig('cleanup.policy', 'compact,delete') // null: it is valid
 *     effectiveConfig(image, { nodeId: 1, staticConfigs: {} }, 'orders', 'retention.ms') // { value: '604800000', source: 'default' }
 *
 * Names, ranges and defaults are Kafka's, but for `replication.protocol`, which is ours: how the replicas of a partition agree.
 */
import { RESOURCE } from './metadata-records.ts';
import type { MetadataImage } from './metadata-image.ts';

type Kind =
  | { readonly kind: 'integer'; readonly min: bigint; readonly max: bigint }
  | { readonly kind: 'fraction' }
  | { readonly kind: 'boolean' }
  | { readonly kind: 'choice'; readonly of: readonly string[] }
  | { readonly kind: 'list'; readonly of: readonly string[] };

export interface ConfigDefinition {
  readonly type: Kind;
  readonly byDefault: string;
  /** What the broker's own properties call it. */
  readonly brokerName: string;
}

const INT_MAX = 2n ** 31n - 1n;
const LONG_MAX = 2n ** 63n - 1n;
const int = (min: bigint): Kind => ({ kind: 'integer', min, max: INT_MAX });
const long = (min: bigint): Kind => ({ kind: 'integer', min, max: LONG_MAX });
const BOOLEAN: Kind = { kind: 'boolean' };

const DEFINITIONS: Readonly<Record<string, readonly [Kind, string, string]>> = {
  'cleanup.policy': [{ kind: 'list', of: ['delete', 'compact'] }, 'delete', 'log.cleanup.policy'],
  'compression.type': [
    { kind: 'choice', of: ['producer', 'uncompressed', 'gzip', 'snappy', 'lz4', 'zstd'] },
    'producer',
    'compression.type',
  ],
  'delete.retention.ms': [long(0n), '86400000', 'log.cleaner.delete.retention.ms'],
  'file.delete.delay.ms': [long(0n), '60000', 'log.segment.delete.delay.ms'],
  'flush.messages': [long(1n), `${LONG_MAX}`, 'log.flush.interval.messages'],
  'flush.ms': [long(0n), `${LONG_MAX}`, 'log.flush.interval.ms'],
  'index.interval.bytes': [int(0n), '4096', 'log.index.interval.bytes'],
  'max.compaction.lag.ms': [long(1n), `${LONG_MAX}`, 'log.cleaner.max.compaction.lag.ms'],
  'max.message.bytes': [int(0n), '1048588', 'message.max.bytes'],
  'message.timestamp.after.max.ms': [long(0n), '3600000', 'log.message.timestamp.after.max.ms'],
  'message.timestamp.before.max.ms': [long(0n), `${LONG_MAX}`, 'log.message.timestamp.before.max.ms'],
  'message.timestamp.type': [
    { kind: 'choice', of: ['CreateTime', 'LogAppendTime'] },
    'CreateTime',
    'log.message.timestamp.type',
  ],
  'min.cleanable.dirty.ratio': [{ kind: 'fraction' }, '0.5', 'log.cleaner.min.cleanable.ratio'],
  'min.compaction.lag.ms': [long(0n), '0', 'log.cleaner.min.compaction.lag.ms'],
  'min.insync.replicas': [int(1n), '1', 'min.insync.replicas'],
  preallocate: [BOOLEAN, 'false', 'log.preallocate'],
  'replication.protocol': [{ kind: 'choice', of: ['isr', 'raft'] }, 'isr', 'replication.protocol'],
  'retention.bytes': [long(-1n), '-1', 'log.retention.bytes'],
  'retention.ms': [long(-1n), '604800000', 'log.retention.ms'],
  'segment.bytes': [int(14n), '1073741824', 'log.segment.bytes'],
  'segment.index.bytes': [int(4n), '10485760', 'log.index.size.max.bytes'],
  'segment.jitter.ms': [long(0n), '0', 'log.roll.jitter.ms'],
  'segment.ms': [long(1n), '604800000', 'log.roll.ms'],
  'unclean.leader.election.enable': [BOOLEAN, 'false', 'unclean.leader.election.enable'],
};

const BY_NAME = new Map<string, ConfigDefinition>(
  Object.entries(DEFINITIONS).map(([name, [type, byDefault, brokerName]]) => [
    name,
    { type, byDefault, brokerName },
  ]),
);
const BY_BROKER_NAME = new Map<string, ConfigDefinition>([...BY_NAME.values()].map((d) => [d.brokerName, d]));

/** Every configuration of a topic, in alphabetical order. */
export const TOPIC_CONFIG_NAMES: readonly string[] = [...BY_NAME.keys()];

/** What a configuration of a topic is like; undefined where there is none of that name. */
export const topicConfig = (name: string): ConfigDefinition | undefined => BY_NAME.get(name);

/** The same, by the name in a broker's own properties. */
export const topicConfigOfBroker = (brokerName: string): ConfigDefinition | undefined =>
  BY_BROKER_NAME.get(brokerName);

/** What brokers call the defaults of topics. */
export const BROKER_CONFIG_NAMES: readonly string[] = [...BY_BROKER_NAME.keys()];

export const REPLICATION_PROTOCOL = 'replication.protocol';

/** Chosen when a topic is created; its data lie as it says. Defaults count for topics to come, and for no other. */
export const FIXED_CONFIGS: ReadonlySet<string> = new Set([REPLICATION_PROTOCOL]);

/** The definition for a resource: topics by their names, brokers by their own. */
const definition = (resourceType: number, name: string): ConfigDefinition | undefined =>
  (resourceType === RESOURCE.topic ? BY_NAME : BY_BROKER_NAME).get(name);

export const isListConfig = (name: string, resourceType: number = RESOURCE.topic): boolean =>
  definition(resourceType, name)?.type.kind === 'list';

/** Why a value is not one of this configuration, or null. */
export function checkConfig(
  name: string,
  value: string,
  resourceType: number = RESOURCE.topic,
): string | null {
  const found = definition(resourceType, name);
  if (found === undefined) return `unknown configuration ${name}`;
  const { type } = found;
  switch (type.kind) {
    case 'boolean':
      return /^(true|false)$/i.test(value) ? null : `${name} must be true or false, not "${value}"`;
    case 'choice':
      return type.of.includes(value) ? null : `${name} must be one of ${type.of.join(', ')}, not "${value}"`;
    case 'fraction': {
      const number = /^\d*\.?\d+$/.test(value) ? Number(value) : NaN;
      return number >= 0 && number <= 1 ? null : `${name} must be between 0 and 1, not "${value}"`;
    }
    case 'integer':
      if (!/^-?\d{1,19}$/.test(value)) return `${name} must be an integer, not "${value}"`;
      if (BigInt(value) < type.min) return `${name} must be at least ${type.min}, not ${value}`;
      return BigInt(value) <= type.max ? null : `${name} must be at most ${type.max}, not ${value}`;
    case 'list': {
      const wrong = value.split(',').find((item) => !type.of.includes(item.trim()));
      return wrong === undefined ? null : `${name} takes of ${type.of.join(', ')}, not "${wrong}"`;
    }
  }
}

export type ConfigSource = 'topic' | 'broker' | 'cluster' | 'static' | 'default';

export interface EffectiveConfig {
  readonly value: string;
  readonly source: ConfigSource;
}

/** Whose defaults count where a topic says nothing: each node has its own. */
export interface ConfiguredNode {
  readonly nodeId: number;
  /** Its properties that are defaults for topics, by the names of brokers. */
  readonly staticConfigs: Readonly<Record<string, string>>;
}

/**
 * What holds on a node for a topic: what was set for the topic, else for this broker, else for all brokers, else in the properties of the
 * node, else the default.
 */
export function effectiveConfig(
  image: MetadataImage,
  node: ConfiguredNode,
  topic: string,
  name: string,
): EffectiveConfig {
  const own = image.configs(RESOURCE.topic, topic)?.get(name);
  if (own !== undefined) return { value: own, source: 'topic' };
  if (FIXED_CONFIGS.has(name)) {
    return { value: (BY_NAME.get(name) as ConfigDefinition).byDefault, source: 'default' };
  }
  return defaultConfig(image, node, name);
}

/** What holds for a topic that says nothing. */
export function defaultConfig(
  image: MetadataImage,
  { nodeId, staticConfigs }: ConfiguredNode,
  name: string,
): EffectiveConfig {
  const { byDefault, brokerName } = BY_NAME.get(name) as ConfigDefinition;
  const broker = image.configs(RESOURCE.broker, String(nodeId))?.get(brokerName);
  if (broker !== undefined) return { value: broker, source: 'broker' };
  const cluster = image.configs(RESOURCE.broker, '')?.get(brokerName);
  if (cluster !== undefined) return { value: cluster, source: 'cluster' };
  const fixed = staticConfigs[brokerName];
  if (fixed !== undefined) return { value: fixed, source: 'static' };
  return { value: byDefault, source: 'default' };
}

/** Whether each partition of a topic is replicated by a Raft group of its own, and not by ISR. */
export const isRaftTopic = (image: MetadataImage, topic: string): boolean =>
  image.configs(RESOURCE.topic, topic)?.get(REPLICATION_PROTOCOL) === 'raft';
