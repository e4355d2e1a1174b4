import { expect, test } from 'vitest';
import { controllerOptions } from './controller-settings.ts';
import { CLUSTER_ID } from './testing/asker.ts';
import { settingsOf } from './testing/controllers.ts';

test('a controller is set as the properties say', () => {
  const defaults = controllerOptions(settingsOf(1));
  expect(defaults).toMatchObject({
    ...{ clusterId: CLUSTER_ID, sessionTimeoutMs: 9000, defaultPartitions: 1, defaultReplicationFactor: 1 },
    ...{ leaderImbalanceCheckIntervalMs: 300_000, idleIntervalMs: 500, staticConfigs: {} },
  });
  const options = controllerOptions(
    settingsOf(1, {
      ...{ 'broker.session.timeout.ms': 3000, 'num.partitions': 4, 'default.replication.factor': 3 },
      ...{ 'auto.leader.rebalance.enable': false, 'metadata.max.idle.interval.ms': 0 },
    }),
  );
  expect(options).toMatchObject({
    ...{ sessionTimeoutMs: 3000, defaultPartitions: 4, defaultReplicationFactor: 3 },
    ...{ leaderImbalanceCheckIntervalMs: 0, idleIntervalMs: 0 },
  });
});
