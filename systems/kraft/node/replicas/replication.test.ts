/** Three brokers: replication, changes of leaders and of the ISR, and what a client is told meanwhile. */
import { expect, test } from 'vitest';
import { ERROR } from '../../wire/error-codes.ts';
import { ReplicaCluster, type ReplicaClusterOptions } from './testing/replica-cluster.ts';

const FAST = ['replica.lag.time.max.ms=1000', 'replica.fetch.wait.max.ms=100', 'replica.fetch.backoff.ms=50'];

async function withThree(
  body: (cluster: ReplicaCluster) => Promise<void>,
  options: ReplicaClusterOptions = {},
): Promise<ReplicaCluster> {
  const cluster = new ReplicaCluster({ brokers: 3, properties: FAST, ...options });
  await cluster.run(async () => {
    await cluster.start();
    await body(cluster);
  });
  expect([cluster.sim.crashes, cluster.sim.invariantViolations]).toEqual([[], []]);
  return cluster;
}

test('what is acknowledged is on all replicas', async () => {
  await withThree(async (cluster) => {
    cluster.createTopic('t', { configs: { 'min.insync.replicas': '2' } });
    await cluster.sleep(100);
    const client = await cluster.client('n1');
    for (let i = 0; i < 20; i++) {
      expect(await client.produce('t', 0, [`v${i}`])).toMatchObject({ errorCode: 0, baseOffset: i });
    }
    for (const id of [1, 2, 3]) {
      const { log } = cluster.manager(id).leads('t', 0) ?? {};
      expect(log?.logEndOffset).toBe(id === 1 ? 20 : undefined);
    }
    await cluster.kill(1, { loseUnsynced: true });
    cluster.fence(1);
    await cluster.sleep(500);
    expect(cluster.partition('t').leader).toBe(2);
    client.to('n2');
    expect(await client.records('t', 0, 0)).toEqual(Array.from({ length: 20 }, (_, i) => `${i}:v${i}`));
    expect(await client.produce('t', 0, ['more'])).toMatchObject({ errorCode: 0, baseOffset: 20 });
    await cluster.restart(1);
    await cluster.sleep(2000);
    expect([...cluster.partition('t').isr].sort()).toEqual([1, 2, 3]);
    expect(cluster.partition('t').leader).toBe(2);
    const other = await cluster.client('n1');
    expect(await other.produce('t', 0, ['x'])).toMatchObject({ errorCode: ERROR.NOT_LEADER_OR_FOLLOWER });
  });
});
