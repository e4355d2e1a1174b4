/** Three brokers: replication, changes of leaders and of the ISR, and what a client is told meanwhile. */
import { describe, expect, test } from 'vitest';
import { ERROR } from '../../wire/error-codes.ts';
import { type ReplicaCluster, type ReplicaClusterOptions, withReplicas } from './testing/replica-cluster.ts';

const FAST = ['replica.lag.time.max.ms=1000', 'replica.fetch.wait.max.ms=100', 'replica.fetch.backoff.ms=50'];

const withThree = <T>(
  body: (cluster: ReplicaCluster) => Promise<T>,
  options: ReplicaClusterOptions = {},
): Promise<T> => withReplicas({ brokers: 3, properties: FAST, ...options }, body);

const numbered = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, i) => `${from + i}:v${from + i}`);

const isrOf = (cluster: ReplicaCluster): number[] => [...cluster.partition('t').isr].sort();

describe('acks=-1', () => {
  test('what is acknowledged is on all replicas, and survives its leader', async () => {
    await withThree(async (cluster) => {
      const client = await cluster.serve('t', { configs: { 'min.insync.replicas': '2' } });
      for (let i = 0; i < 20; i++) {
        expect(await client.produce('t', 0, [`v${i}`])).toMatchObject({ errorCode: 0, baseOffset: i });
      }
      await cluster.kill(1, { loseUnsynced: true });
      cluster.fence(1);
      await cluster.sleep(500);
      expect(cluster.partition('t').leader).toBe(2);
      client.to('n2');
      expect(await client.records('t', 0, 0)).toEqual(numbered(0, 20));
      expect(await client.produce('t', 0, ['v20'])).toMatchObject({ errorCode: 0, baseOffset: 20 });
      await cluster.restart(1);
      await cluster.sleep(2000);
      expect(isrOf(cluster)).toEqual([1, 2, 3]);
      const other = await cluster.client('n1');
      expect(await other.produce('t', 0, ['x'])).toMatchObject({ errorCode: ERROR.NOT_LEADER_OR_FOLLOWER });
      await cluster.kill(2, { loseUnsynced: true });
      await cluster.kill(3, { loseUnsynced: true });
      cluster.fence(2);
      cluster.fence(3);
      await cluster.sleep(500);
      expect(await other.records('t', 0, 0)).toEqual(numbered(0, 21));
      expect(cluster.leaderships).toEqual(['n1 t-0 0', 'n2 t-0 1', 'n1 t-0 2']);
    });
  });

  test.each([-1, 1])('with acks=%i the first record, too, outlives the processes of all', async (acks) => {
    await withThree(async (cluster) => {
      const client = await cluster.serve('t');
      expect(await client.produce('t', 0, ['v0'], { acks })).toMatchObject({ errorCode: 0, baseOffset: 0 });
      for (const broker of [1, 2, 3]) await cluster.kill(broker);
      for (const broker of [1, 2, 3]) await cluster.restart(broker);
      await cluster.sleep(1000);
      const reader = await cluster.client(`n${cluster.partition('t').leader}`);
      expect(await reader.records('t', 0, 0)).toEqual(['0:v0']);
    });
  });

  test('waits for a follower that is away, until it has left the ISR', async () => {
    await withThree(async (cluster) => {
      const client = await cluster.serve('t', { configs: { 'min.insync.replicas': '2' } });
      await client.produce('t', 0, ['v0']);
      await cluster.kill(3);
      const begun = cluster.nowMs;
      expect(await client.produce('t', 0, ['v1'])).toMatchObject({ errorCode: 0, baseOffset: 1 });
      expect(cluster.nowMs - begun).toBeGreaterThan(400);
      expect(isrOf(cluster)).toEqual([1, 2]);
      await cluster.restart(3);
      await cluster.sleep(1500);
      expect(isrOf(cluster)).toEqual([1, 2, 3]);
    });
  });

  test('below min.insync.replicas: refused before the append; unknown after it', async () => {
    await withThree(async (cluster) => {
      const client = await cluster.serve('t', { configs: { 'min.insync.replicas': '3' } });
      await client.produce('t', 0, ['v0']);
      await cluster.kill(3);
      expect(await client.produce('t', 0, ['v1'])).toMatchObject({
        errorCode: ERROR.NOT_ENOUGH_REPLICAS_AFTER_APPEND,
      });
      expect(await client.produce('t', 0, ['v2'])).toMatchObject({ errorCode: ERROR.NOT_ENOUGH_REPLICAS });
      expect(await client.produce('t', 0, ['v2'], { acks: 1 })).toMatchObject({ baseOffset: 2 });
      // What is not safe is not shown.
      expect(await client.records('t', 0, 0)).toEqual(['0:v0']);
      cluster.setConfig('t', 'min.insync.replicas', '2');
      await cluster.sleep(300);
      expect(await client.records('t', 0, 0)).toEqual(numbered(0, 3));
    });
  });

  test('times out while the controller is away, and the ISR cannot change', async () => {
    await withThree(async (cluster) => {
      const client = await cluster.serve('t');
      await cluster.kill(3);
      cluster.isControllerAway = true;
      expect(await client.produce('t', 0, ['v0'], { timeoutMs: 3000 })).toMatchObject({
        errorCode: ERROR.REQUEST_TIMED_OUT,
      });
      expect(await client.records('t', 0, 0)).toEqual([]);
      cluster.isControllerAway = false;
      await cluster.sleep(300);
      expect(await client.records('t', 0, 0)).toEqual(['0:v0']);
    });
  });
});

test('replicas that rest are awake at once', async () => {
  await withThree(
    async (cluster) => {
      cluster.createTopic('t', { partitions: 4 });
      await cluster.sleep(30_000);
      const events = cluster.sim.eventCount;
      await cluster.sleep(10_000);
      // Four fetches in ten seconds, each of a few events: two followers, two leaders each.
      expect(cluster.sim.eventCount - events).toBeLessThan(600);
      const client = await cluster.client('n1');
      for (let i = 0; i < 5; i++) {
        const begun = cluster.nowMs;
        await client.produce('t', 0, [`v${i}`]);
        expect(cluster.nowMs - begun).toBeLessThan(50);
      }
    },
    { properties: [] },
  );
});

describe('leaders', () => {
  test('a leader that was cut off gives up what the next one never had', async () => {
    await withThree(async (cluster) => {
      const client = await cluster.serve('t', { configs: { 'min.insync.replicas': '2' } });
      await client.produce('t', 0, ['v0']);
      for (const other of ['n2', 'n3']) {
        await cluster.sim.cut('n1', other);
        await cluster.sim.cut(other, 'n1');
      }
      for (let i = 0; i < 5; i++) {
        expect(await client.produce('t', 0, [`lost${i}`], { acks: 1 })).toMatchObject({ errorCode: 0 });
      }
      // Their connections wait for the network, so that metadata alone tell.
      const orphan = client.produce('t', 0, ['lost5']);
      cluster.fence(1);
      await cluster.sleep(200);
      expect(await orphan).toMatchObject({ errorCode: ERROR.NOT_LEADER_OR_FOLLOWER });
      const second = await cluster.client('n2');
      for (let i = 1; i < 4; i++) await second.produce('t', 0, [`v${i}`]);
      for (const other of ['n2', 'n3']) {
        await cluster.sim.heal('n1', other);
        await cluster.sim.heal(other, 'n1');
      }
      cluster.unfence(1);
      await cluster.sleep(3000);
      expect(isrOf(cluster)).toEqual([1, 2, 3]);
      await cluster.kill(2);
      await cluster.kill(3);
      cluster.fence(2);
      cluster.fence(3);
      await cluster.sleep(300);
      expect(await client.records('t', 0, 0)).toEqual(numbered(0, 4));
      expect(
        cluster.traces.some(({ node, event }) => node === 'n1' && event.kind === 'replica-truncate'),
      ).toBe(true);
    });
  });

  test('a new leader does not say where the log ends before it knows', async () => {
    await withThree(async (cluster) => {
      const client = await cluster.serve('t');
      await client.produce('t', 0, ['v0'], { acks: 1 });
      await cluster.sleep(20);
      await cluster.kill(1);
      await cluster.kill(3);
      cluster.fence(1);
      await cluster.sleep(20);
      const second = await cluster.client('n2');
      const first = await second.listOffsets('t', 0, -1);
      if (first.errorCode !== 0) expect(first.errorCode).toBe(ERROR.OFFSET_NOT_AVAILABLE);
      await cluster.sleep(3000);
      expect(await second.listOffsets('t', 0, -1)).toMatchObject({ errorCode: 0, offset: 1 });
    });
  });
});

describe('a follower far behind', () => {
  test('begins where the leader does', async () => {
    await withThree(async (cluster) => {
      const client = await cluster.serve('t', { configs: { 'segment.bytes': '200' } });
      await client.produce('t', 0, ['v0']);
      await cluster.kill(3);
      cluster.fence(3);
      for (let i = 1; i < 10; i++) await client.produce('t', 0, [`v${i}`]);
      const topics = [{ name: 't', partitions: [{ partitionIndex: 0, offset: 8 }] }];
      await client.request('deleteRecords', 1, { topics, timeoutMs: 1000 });
      await cluster.restart(3);
      await cluster.sleep(3000);
      expect(isrOf(cluster)).toEqual([1, 2, 3]);
      await cluster.kill(1);
      await cluster.kill(2);
      cluster.fence(1);
      cluster.fence(2);
      await cluster.sleep(300);
      const third = await cluster.client('n3');
      expect(await third.records('t', 0, 8)).toEqual(numbered(8, 10));
      expect(await third.fetch('t', 0, 0)).toMatchObject({ errorCode: ERROR.OFFSET_OUT_OF_RANGE });
    });
  });
});

test('the same seed gives the same events, another seed others', async () => {
  const hash = (seed: number): Promise<string> =>
    withThree(
      async (cluster) => {
        const client = await cluster.serve('t', { partitions: 3 });
        for (let i = 0; i < 10; i++) await client.produce('t', 0, [`v${i}`]);
        await cluster.kill(2, { loseUnsynced: true });
        cluster.fence(2);
        await cluster.sleep(500);
        await cluster.restart(2);
        await cluster.sleep(500);
        return cluster.sim.eventHash;
      },
      { seed },
    );
  expect(await hash(7)).toBe(await hash(7));
  expect(await hash(7)).not.toBe(await hash(8));
});
