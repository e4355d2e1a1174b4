/**
 * What a topic's configuration means for its replicas here: the topic's own, over what was set for this broker, over the cluster's, over
 * this broker's properties.
 *
 *     const settings = topicSettings(image, configuredNode(settings), 'orders', properties);
 *     settings.log.retentionMs; settings.partition.minInsyncReplicas; settings.maxMessageBytes;
 */
import type { PartitionOptions } from '../../broker/partition/options.ts';
import { DEFAULT_OPTIONS } from '../../broker/partition/options.ts';
import type { MetadataImage } from '../../controller/metadata-image.ts';
import { type ConfiguredNode, effectiveConfig, isRaftTopic } from '../../controller/topic-configs.ts';
import type { LogOptions } from '../../log/log-options.ts';
import { CODEC } from '../../records/compression.ts';
import type { PropertyValues } from '../property-table.ts';
import { optionsOf } from '../quorum/quorum-config.ts';

export interface TopicSettings {
  /** Each partition is replicated by a Raft group. */
  readonly isRaft: boolean;
  readonly log: Partial<LogOptions>;
  readonly partition: PartitionOptions;
  /** What batches are stored with; null: with what their producers chose. */
  readonly codec: number | null;
  /** Larger batches are refused. */
  readonly maxMessageBytes: number;
  readonly segmentBytes: number;
  /** Its records have keys. */
  readonly isCompacted: boolean;
  /** Of its keys the last records stay: not where `log.cleaner.enable=false`. */
  readonly isCleaned: boolean;
  /** By retention; DeleteRecords is refused otherwise. */
  readonly isDeleted: boolean;
  /** `message.timestamp.type=LogAppendTime`. */
  readonly stampsAppendTime: boolean;
  /** How far the time of a record may be behind the leader's clock, and ahead of it; not where the leader stamps it. */
  readonly timestampBeforeMaxMs: number;
  readonly timestampAfterMaxMs: number;
  readonly flushMessages: number;
  readonly flushMs: number;
}

/** By `compression.type`, but for `producer`. */
const CODECS: Readonly<Record<string, number>> = { ...CODEC, uncompressed: CODEC.none };

export function topicSettings(
  image: MetadataImage,
  node: ConfiguredNode,
  topic: string,
  properties: PropertyValues,
): TopicSettings {
  const text = (name: string): string => effectiveConfig(image, node, topic, name).value;
  // Kafka's largest long means "never", which no number here can say exactly.
  const number = (name: string): number => Math.min(Number(text(name)), Number.MAX_SAFE_INTEGER);
  const policies = text('cleanup.policy')
    .split(',')
    .map((policy) => policy.trim());
  const isRaft = isRaftTopic(image, topic);
  // A group's log is whole: whoever lacks its beginning could not get it.
  const isDeleted = policies.includes('delete') && !isRaft;
  const flushMessages = number('flush.messages');
  const segmentBytes = number('segment.bytes');
  const isCompacted = policies.includes('compact') && !isRaft;
  const maxCompactionLagMs = number('max.compaction.lag.ms');
  const group = isRaft ? optionsOf(properties) : null;
  return {
    isRaft,
    log: {
      segmentBytes,
      // What is appended to is not cleaned.
      segmentMs: isCompacted ? Math.min(number('segment.ms'), maxCompactionLagMs) : number('segment.ms'),
      indexIntervalBytes: number('index.interval.bytes'),
      retentionBytes: isDeleted ? number('retention.bytes') : -1,
      retentionMs: isDeleted ? number('retention.ms') : -1,
      deleteRetentionMs: number('delete.retention.ms'),
      minCleanableDirtyRatio: number('min.cleanable.dirty.ratio'),
      minCompactionLagMs: number('min.compaction.lag.ms'),
      maxCompactionLagMs,
    },
    partition: {
      ...DEFAULT_OPTIONS,
      replicaLagTimeMaxMs: properties['replica.lag.time.max.ms'],
      minInsyncReplicas: number('min.insync.replicas'),
      replicaFetchWaitMaxMs: Math.min(
        properties['replica.fetch.wait.max.ms'],
        group?.fetchMaxWaitMs ?? Infinity,
      ),
      requestTimeoutMs: group?.requestTimeoutMs ?? properties['replica.socket.timeout.ms'],
      replicaFetchMinBytes: properties['replica.fetch.min.bytes'],
      replicaFetchMaxBytes: properties['replica.fetch.max.bytes'],
      replicaFetchBackoffMs: properties['replica.fetch.backoff.ms'],
      flushesEveryAppend: flushMessages === 1,
    },
    codec: CODECS[text('compression.type')] ?? null,
    maxMessageBytes: number('max.message.bytes'),
    segmentBytes,
    isCompacted,
    isCleaned: isCompacted && properties['log.cleaner.enable'],
    isDeleted,
    stampsAppendTime: text('message.timestamp.type') === 'LogAppendTime',
    timestampBeforeMaxMs: number('message.timestamp.before.max.ms'),
    timestampAfterMaxMs: number('message.timestamp.after.max.ms'),
    flushMessages,
    flushMs: number('flush.ms'),
  };
}
