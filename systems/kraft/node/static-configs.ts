/**
 * What `server.properties` says about every topic: by the names of brokers, for controllers that describe and for replicas that obey.
 *
 *     staticConfigs(settings.properties) // { 'log.retention.ms': '3600000' }, with log.retention.hours=1
 *     configuredNode(settings)           // the same, with whose they are: a broker may have been told otherwise since
 */
import type { ConfiguredNode } from '../controller/topic-configs.ts';
import { retentionMs } from './properties.ts';
import type { PropertyKey, PropertyValues } from './property-table.ts';
import { PROPERTY_TABLE } from './property-table.ts';
import type { NodeSettings } from './settings.ts';

const HOUR_MS = 3_600_000;

/** Properties of a node that are defaults for topics, under the same names. */
const COPIED = [
  'compression.type',
  'log.cleaner.delete.retention.ms',
  'log.cleaner.max.compaction.lag.ms',
  'log.cleaner.min.cleanable.ratio',
  'log.cleaner.min.compaction.lag.ms',
  'log.cleanup.policy',
  'log.flush.interval.messages',
  'log.index.interval.bytes',
  'log.index.size.max.bytes',
  'log.message.timestamp.after.max.ms',
  'log.message.timestamp.before.max.ms',
  'log.message.timestamp.type',
  'log.preallocate',
  'log.retention.bytes',
  'log.roll.jitter.ms',
  'log.segment.bytes',
  'log.segment.delete.delay.ms',
  'message.max.bytes',
  'min.insync.replicas',
  'replication.protocol',
  'unclean.leader.election.enable',
] as const satisfies readonly PropertyKey[];

/**
 * What a node's properties set for all topics, by the names of brokers. What is as Kafka's defaults is left out: its source is the
 * default then. Of several units for one thing the smallest one holds.
 */
export function staticConfigs(properties: PropertyValues): Readonly<Record<string, string>> {
  const configs: Record<string, string> = {};
  const set = (key: string, value: number, byDefault: number): void => {
    if (value !== byDefault) configs[key] = String(value);
  };
  for (const key of COPIED) {
    const text = String(properties[key]);
    if (text !== String(PROPERTY_TABLE[key].default)) configs[key] = text;
  }
  const flusherMs = properties['log.flush.scheduler.interval.ms'];
  const flushMs = properties['log.flush.interval.ms'] ?? flusherMs;
  set('log.flush.interval.ms', flushMs, PROPERTY_TABLE['log.flush.scheduler.interval.ms'].default);
  set('log.roll.ms', rollMs(properties), PROPERTY_TABLE['log.roll.hours'].default * HOUR_MS);
  const retentionHours = PROPERTY_TABLE['log.retention.hours'].default ?? 0;
  set('log.retention.ms', retentionMs(properties), retentionHours * HOUR_MS);
  return configs;
}

export const configuredNode = ({ nodeId, properties }: NodeSettings): ConfiguredNode => ({
  nodeId,
  staticConfigs: staticConfigs(properties),
});

const rollMs = (properties: PropertyValues): number =>
  properties['log.roll.ms'] ?? properties['log.roll.hours'] * HOUR_MS;
