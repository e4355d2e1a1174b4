import { expect, test } from 'vitest';
import { checkConfig } from '../../controller/topic-configs.ts';
import { RESOURCE } from '../../controller/metadata-records.ts';
import { readServerProperties } from '../properties.ts';
import type { PropertyValues } from '../property-table.ts';
import { controllerOptions, staticConfigs } from './controller-settings.ts';
import { CLUSTER_ID } from './testing/asker.ts';
import { settingsOf } from './testing/controllers.ts';

function read(lines: Record<string, string> = {}): PropertyValues {
  const all = {
    ...{ 'process.roles': 'controller', 'node.id': '1', 'controller.quorum.voters': '1@n1:9093' },
    ...{ listeners: 'CONTROLLER://:9093', 'controller.listener.names': 'CONTROLLER' },
    ...{ 'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT', ...lines },
  };
  const text = Object.entries(all).map(([key, value]) => `${key}=${value}`);
  return readServerProperties(text.join('\n'), 'server.properties').values;
}

test('a controller is set as the properties say', () => {
  const defaults = controllerOptions(settingsOf(1));
  expect(defaults).toMatchObject({
    ...{ clusterId: CLUSTER_ID, sessionTimeoutMs: 9000, defaultPartitions: 1, defaultReplicationFactor: 1 },
    ...{ leaderImbalanceCheckIntervalMs: 300_000, idleIntervalMs: 500, staticConfigs: {} },
  });
  const options = controllerOptions({
    ...settingsOf(1),
    properties: read({
      ...{ 'broker.session.timeout.ms': '3000', 'num.partitions': '4', 'default.replication.factor': '3' },
      ...{ 'auto.leader.rebalance.enable': 'false', 'metadata.max.idle.interval.ms': '0' },
    }),
  });
  expect(options).toMatchObject({
    ...{ sessionTimeoutMs: 3000, defaultPartitions: 4, defaultReplicationFactor: 3 },
    ...{ leaderImbalanceCheckIntervalMs: 0, idleIntervalMs: 0 },
  });
});

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
  expect(staticConfigs(read({ 'log.retention.minutes': '-1' }))).toEqual({ 'log.retention.ms': '-1' });
  expect(staticConfigs(read({ 'log.retention.ms': '5', 'log.retention.hours': '1' }))).toEqual({
    'log.retention.ms': '5',
  });
});
