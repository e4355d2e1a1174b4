/** One broker: produce, fetch and what else clients ask of its partitions. */
import { expect, test } from 'vitest';
import { ERROR } from '../../wire/error-codes.ts';
import type { ReplicaClient } from './testing/replica-client.ts';
import { ReplicaCluster, type ReplicaClusterOptions } from './testing/replica-cluster.ts';

async function withOne(
  body: (cluster: ReplicaCluster, client: ReplicaClient) => Promise<void>,
  options: ReplicaClusterOptions & { readonly configs?: Readonly<Record<string, string>> } = {},
): Promise<ReplicaCluster> {
  const cluster = new ReplicaCluster({ brokers: 1, ...options });
  await cluster.run(async () => {
    await cluster.start();
    cluster.createTopic('t', { configs: options.configs ?? {} });
    await cluster.sleep(100);
    await body(cluster, await cluster.client('n1'));
  });
  expect([cluster.sim.crashes, cluster.sim.invariantViolations]).toEqual([[], []]);
  return cluster;
}

test('what was produced can be fetched', async () => {
  await withOne(async (cluster, client) => {
    expect(cluster.leaderships).toEqual(['n1 t-0 0']);
    for (const acks of [-1, 1]) {
      expect(await client.produce('t', 0, ['a', 'b'], { acks })).toMatchObject({ errorCode: 0 });
    }
    expect(await client.records('t', 0, 0)).toEqual(['0:a', '1:b', '2:a', '3:b']);
    expect(await client.produce('t', 1, ['a'])).toMatchObject({
      errorCode: ERROR.UNKNOWN_TOPIC_OR_PARTITION,
    });
  });
});
