import { expect, test } from 'vitest';
import { RESOURCE } from '../controller/metadata-records.ts';
import { checkConfig, topicConfigOfBroker } from '../controller/topic-configs.ts';
import { readServerProperties } from './properties.ts';
import type { PropertyValues } from './property-table.ts';
import { PROPERTY_TABLE } from './property-table.ts';
import { staticConfigs } from './static-configs.ts';

function read(lines: Record<string, string> = {}): PropertyValues {
  const all = {
    ...{ 'process.roles': 'controller', 'node.id': '1', 'controller.quorum.voters': '1@n1:9093' },
    ...{ listeners: 'CONTROLLER://:9093', 'controller.listener.names': 'CONTROLLER' },
    ...{ 'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT', ...lines },
  };
  const text = Object.entries(all).map(([key, value]) => `${key}=${value}`);
  return readServerProperties(text.join('\n'), 'server.properties').values;
}

test('what properties set for topics is by the names of brokers, in the smallest unit', () => {
  expect(staticConfigs(read())).toEqual({});
  const configs = staticConfigs(
    read({
      ...{ 'log.retention.hours': '2', 'log.roll.hours': '1', 'log.flush.interval.ms': '1000' },
      ...{ 'log.cleanup.policy': 'compact,delete', 'unclean.leader.election.enable': 'true' },
      ...{ 'min.insync.replicas': '2', 'log.segment.bytes': '1048576', 'log.flush.interval.messages': '1' },
    }),
  );
  expect(configs).toEqual({
    ...{ 'log.retention.ms': '7200000', 'log.roll.ms': '3600000', 'log.flush.interval.ms': '1000' },
    ...{ 'log.cleanup.policy': 'compact,delete', 'unclean.leader.election.enable': 'true' },
    ...{ 'min.insync.replicas': '2', 'log.segment.bytes': '1048576', 'log.flush.interval.messages': '1' },
  });
  for (const [name, value] of Object.entries(configs)) {
    expect([name, checkConfig(name, value, RESOURCE.broker)]).toEqual([name, null]);
  }
  expect(staticConfigs(read({ 'log.flush.scheduler.interval.ms': '500' }))).toEqual({
    'log.flush.interval.ms': '500',
  });
  const cleaner = {
    ...{ 'log.cleaner.delete.retention.ms': '1', 'log.cleaner.max.compaction.lag.ms': '3' },
    ...{ 'log.cleaner.min.cleanable.ratio': '0.25', 'log.cleaner.min.compaction.lag.ms': '2' },
    ...{ 'log.message.timestamp.type': 'LogAppendTime', 'log.message.timestamp.after.max.ms': '1' },
    'log.message.timestamp.before.max.ms': '2',
  };
  expect(staticConfigs(read(cleaner))).toEqual(cleaner);
  expect(staticConfigs(read({ 'log.retention.minutes': '-1' }))).toEqual({ 'log.retention.ms': '-1' });
  expect(staticConfigs(read({ 'log.retention.ms': '5', 'log.retention.hours': '1' }))).toEqual({
    'log.retention.ms': '5',
  });
});

test('what is left out has the same default as a topic', () => {
  for (const [name, { default: value }] of Object.entries(PROPERTY_TABLE)) {
    const ofTopic = topicConfigOfBroker(name);
    if (ofTopic === undefined || typeof value === 'object') continue;
    // Kafka's largest long means "never", which no number here can say exactly.
    const expected = value === Number.MAX_SAFE_INTEGER ? String(2n ** 63n - 1n) : String(value);
    expect([name, ofTopic.byDefault]).toEqual([name, expected]);
  }
  const byDefault = (name: string): string | undefined => topicConfigOfBroker(name)?.byDefault;
  const week = String(PROPERTY_TABLE['log.roll.hours'].default * 3_600_000);
  expect(PROPERTY_TABLE['log.retention.hours'].default).toBe(PROPERTY_TABLE['log.roll.hours'].default);
  expect([byDefault('log.retention.ms'), byDefault('log.roll.ms')]).toEqual([week, week]);
  expect(byDefault('log.cleanup.policy')).toBe(String(PROPERTY_TABLE['log.cleanup.policy'].default));
});
