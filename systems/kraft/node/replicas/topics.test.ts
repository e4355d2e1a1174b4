/** Topics come, go, come again, and change; brokers stop and start with what they have. */
import { describe, expect, test } from 'vitest';
import { ERROR } from '../../wire/error-codes.ts';
import { ReplicaCluster, type ReplicaClusterOptions, withReplicas } from './testing/replica-cluster.ts';

const inCluster = (
  body: (cluster: ReplicaCluster) => Promise<void>,
  options: ReplicaClusterOptions = {},
): Promise<void> => withReplicas({ brokers: 1, ...options }, body);

const folders = async (cluster: ReplicaCluster, id = 1): Promise<string[]> =>
  (await cluster.files(id).list('')).filter((name) => name.startsWith('t'));

describe('deletion', () => {
  test('a topic that is deleted leaves nothing; another of its name begins anew', async () => {
    await inCluster(async (cluster) => {
      const client = await cluster.serve('t', { partitions: 2 });
      await client.produce('t', 0, ['old']);
      const waiting = client.fetch('t', 0, 1, { maxWaitMs: 60_000 });
      await cluster.sleep(10);
      cluster.deleteTopic('t');
      expect(await waiting).toMatchObject({ errorCode: ERROR.NOT_LEADER_OR_FOLLOWER });
      await cluster.sleep(200);
      expect(await client.produce('t', 0, ['x'])).toMatchObject({
        errorCode: ERROR.UNKNOWN_TOPIC_OR_PARTITION,
      });
      expect(await folders(cluster)).toEqual([]);
      cluster.createTopic('t');
      await cluster.sleep(100);
      expect(await client.produce('t', 0, ['new'])).toMatchObject({ errorCode: 0, baseOffset: 0 });
      // Folders are made at one time, and ready in any order.
      expect(cluster.leaderships.slice(0, 2).sort()).toEqual(['n1 t-0 0', 'n1 t-1 0']);
      expect(cluster.leaderships.slice(2)).toEqual(['n1 t-0 ends', 'n1 t-1 ends', 'n1 t-0 0']);
    });
  });

  test('created, deleted and created again at once, the last one counts', async () => {
    await inCluster(async (cluster) => {
      for (let i = 0; i < 5; i++) {
        cluster.createTopic('t');
        if (i % 2 === 0) await cluster.sleep(i);
        if (i < 4) cluster.deleteTopic('t');
      }
      await cluster.sleep(500);
      const client = await cluster.client('n1');
      expect(await client.produce('t', 0, ['new'])).toMatchObject({ errorCode: 0, baseOffset: 0 });
      expect(await folders(cluster)).toEqual(['t-0']);
    });
  });

  test('what was deleted while the broker was away is removed when it comes back', async () => {
    for (const again of [false, true]) {
      await inCluster(async (cluster) => {
        cluster.createTopic('t');
        cluster.createTopic('u');
        await cluster.sleep(100);
        const client = await cluster.client('n1');
        await client.produce('t', 0, ['old']);
        await cluster.kill(1);
        cluster.deleteTopic('t');
        if (again) cluster.createTopic('t');
        await cluster.restart(1);
        await cluster.sleep(500);
        expect(await folders(cluster)).toEqual(again ? ['t-0'] : []);
        const other = await cluster.client('n1');
        expect(await other.produce('u', 0, ['x'])).toMatchObject({ errorCode: 0 });
        if (again) expect(await other.records('t', 0, 0)).toEqual([]);
      });
    }
  });

  test('a replica that waits to be removed hears of nothing, not of its successor either', async () => {
    await inCluster(
      async (cluster) => {
        // More than are removed at one time.
        const size = { partitions: 40, replicationFactor: 2 };
        cluster.createTopic('t', size);
        await cluster.sleep(500);
        const client = await cluster.client('n1');
        const waiting = client.fetch('t', 38, 0, { maxWaitMs: 60_000 });
        await cluster.sleep(10);
        const topicId = cluster.controller.core.image.topicByName('t')?.id;
        const from = cluster.traces.length;
        cluster.atOnce(() => {
          cluster.deleteTopic('t');
          cluster.createTopic('t', size);
          // So that the new partitions are ahead of the old ones.
          cluster.fence(2);
        });
        expect(await waiting).toMatchObject({ errorCode: ERROR.NOT_LEADER_OR_FOLLOWER });
        await cluster.sleep(500);
        const told = cluster.traces.slice(from).flatMap(({ event }) => {
          if (!('topicId' in event) || event.topicId !== topicId) return [];
          return event.kind === 'replica-role' ? `${event.role} ${event.leaderEpoch}` : event.kind;
        });
        expect(told).toEqual(Array.from({ length: 2 * size.partitions }, () => 'offline 0'));
        for (const index of [0, 1, 38, 39]) {
          expect(await client.produce('t', index, ['new'])).toMatchObject({ errorCode: 0, baseOffset: 0 });
        }
      },
      { brokers: 2 },
    );
  });

  test('a replica that was taken away and given back at once begins with nothing', async () => {
    await inCluster(
      async (cluster) => {
        const partitions = 40;
        cluster.createTopic('t', { partitions });
        await cluster.sleep(500);
        for (const id of [1, 2]) {
          const client = await cluster.client(`n${id}`);
          for (let index = id - 1; index < partitions; index += 2) await client.produce('t', index, ['a']);
        }
        const from = cluster.traces.length;
        const reassign = (replicas: readonly number[]): void => {
          const requests = Array.from({ length: partitions }, (_, partitionId) => ({
            topic: 't',
            partitionId,
            replicas,
          }));
          cluster.decide(cluster.controller.core.alterReassignments(cluster.nowMs, requests));
        };
        reassign([1]);
        reassign([1, 2]);
        await cluster.sleep(3000);
        const last = cluster.traces.slice(from).flatMap(({ node, event }) => {
          if (node !== 'n2' || !('partition' in event) || event.partition !== 't-39') return [];
          if (event.kind === 'replica-start') return `start ${event.logEndOffset}`;
          return event.kind === 'replica-role' ? event.role : [];
        });
        expect(last).toEqual(['offline', 'start 0', 'follower']);
        expect([...cluster.partition('t', 39).isr]).toEqual([1, 2]);
      },
      { brokers: 2 },
    );
  });

  test('a power loss in the middle of it is no harm', async () => {
    for (let seed = 1; seed <= 8; seed++) {
      await inCluster(
        async (cluster) => {
          const client = await cluster.serve('t');
          await client.produce('t', 0, ['old']);
          cluster.deleteTopic('t');
          await cluster.sleep(seed / 4);
          await cluster.kill(1, { loseUnsynced: true });
          await cluster.restart(1);
          await cluster.sleep(500);
          expect(await folders(cluster)).toEqual([]);
          cluster.createTopic('t');
          await cluster.sleep(200);
          const other = await cluster.client('n1');
          expect(await other.produce('t', 0, ['new'])).toMatchObject({ errorCode: 0, baseOffset: 0 });
        },
        { seed },
      );
    }
  });
});

describe('stopping', () => {
  test('closed in order, a broker reads no batch when it starts again', async () => {
    await inCluster(async (cluster) => {
      const client = await cluster.serve('t');
      for (let i = 0; i < 10; i++) await client.produce('t', 0, [`v${i}`]);
      await cluster.manager(1).close();
      expect(cluster.leaderships.at(-1)).toBe('n1 t-0 ends');
      await cluster.kill(1, { loseUnsynced: true });
      await cluster.restart(1);
      const { log } = cluster.manager(1).leads('t', 0) ?? {};
      expect(log?.recovered.scannedSegments).toBe(0);
      const other = await cluster.client('n1');
      expect(await other.records('t', 0, 8)).toEqual(['8:v8', '9:v9']);
    });
  });

  test('requests after it, and while it goes on, end somehow', async () => {
    await inCluster(async (cluster) => {
      const client = await cluster.serve('t');
      const other = await cluster.client('n1');
      const waiting = client.fetch('t', 0, 0, { maxWaitMs: 60_000 });
      await cluster.sleep(10);
      const closing = cluster.manager(1).close();
      expect(await waiting).toMatchObject({ errorCode: ERROR.NOT_LEADER_OR_FOLLOWER });
      expect(await other.produce('t', 0, ['x'])).toMatchObject({ errorCode: ERROR.NOT_LEADER_OR_FOLLOWER });
      await closing;
      expect(await other.fetch('t', 0, 0)).toMatchObject({ errorCode: ERROR.NOT_LEADER_OR_FOLLOWER });
      expect(await other.listOffsets('t', 0, -1)).toMatchObject({ errorCode: ERROR.NOT_LEADER_OR_FOLLOWER });
      await cluster.manager(1).close();
    });
  });
});

describe('retention and compaction', () => {
  const properties = ['log.retention.check.interval.ms=1000'];

  test('old segments go by size, and the configuration counts at once', async () => {
    await inCluster(
      async (cluster) => {
        const client = await cluster.serve('t', { configs: { 'segment.bytes': '200' } });
        const timestampMs = cluster.wallMs;
        for (let i = 0; i < 20; i++) await client.produce('t', 0, [`v${i}`], { timestampMs });
        await cluster.sleep(2000);
        expect(await client.listOffsets('t', 0, -2)).toMatchObject({ offset: 0 });
        cluster.setConfig('t', 'retention.bytes', '500');
        await cluster.sleep(2000);
        const { offset } = await client.listOffsets('t', 0, -2);
        expect(offset).toBeGreaterThan(8);
        expect((await client.records('t', 0, offset)).at(-1)).toBe('19:v19');
        cluster.setConfig('t', 'retention.ms', '5000');
        await cluster.sleep(10_000);
        expect(await client.listOffsets('t', 0, -2)).toMatchObject({ offset: 20 });
        expect(cluster.traces.some(({ event }) => event.kind === 'replica-log-start')).toBe(true);
      },
      { properties },
    );
  });

  test('of each key the last stays', async () => {
    await inCluster(
      async (cluster) => {
        let client = await cluster.serve('t', {
          configs: { 'segment.bytes': '200', 'cleanup.policy': 'compact' },
        });
        for (let i = 0; i < 20; i++) await client.produce('t', 0, [`k${i % 2}=v${i}`]);
        await cluster.sleep(2500);
        // The newest batches are in memory, as they came; what is on the disk is seen after a restart.
        await cluster.kill(1);
        await cluster.restart(1);
        client = await cluster.client('n1');
        const kept: string[] = [];
        for (let offset = 0; offset < 20; offset = Number.parseInt(kept.at(-1) ?? '', 10) + 1) {
          kept.push(...(await client.records('t', 0, offset)));
        }
        expect(kept.length).toBeLessThan(6);
        expect(kept.slice(-2)).toEqual(['18:k0=v18', '19:k1=v19']);
        expect(
          await client.request('deleteRecords', 1, {
            topics: [{ name: 't', partitions: [{ partitionIndex: 0, offset: 3 }] }],
            timeoutMs: 1000,
          }),
        ).toMatchObject({ topics: [{ partitions: [{ errorCode: ERROR.POLICY_VIOLATION }] }] });
        expect(cluster.traces.some(({ event }) => event.kind === 'replica-clean')).toBe(true);
      },
      { properties },
    );
  });
});

describe('disks', () => {
  test('one that fails ends the node, with the file', async () => {
    const cluster = new ReplicaCluster({ brokers: 1 });
    await cluster.run(async () => {
      await cluster.start();
      const client = await cluster.serve('t');
      await client.produce('t', 0, ['a']);
      cluster.sim.setDiskFault('n1', (operation) => (operation === 'write' ? { error: 'EIO' } : undefined));
      await client.produce('t', 0, ['b'], { acks: 1 }).catch(() => undefined);
      await cluster.sleep(100);
    });
    expect(cluster.sim.crashes).toMatchObject([
      { node: 'n1', message: expect.stringMatching(/t-0.*EIO/) as string },
    ]);
  });

  test('a log that cannot be trusted is not opened, and the node says which file', async () => {
    const damages: [string, RegExp][] = [
      ['t-0/00000000000000000000.log', /t-0\/0+\.log is corrupt at byte/],
      ['t-0/partition.metadata', /t-0\/partition.metadata is corrupt/],
    ];
    for (const [path, message] of damages) {
      const cluster = new ReplicaCluster({ brokers: 1 });
      await cluster.run(async () => {
        await cluster.start();
        const client = await cluster.serve('t', { configs: { 'flush.messages': '1' } });
        for (let i = 0; i < 5; i++) await client.produce('t', 0, [`v${i}`]);
        const file = await cluster.files(1).open(path);
        await file.write(40, Uint8Array.of(1, 2, 3));
        await file.sync();
        await cluster.kill(1);
        await cluster.restart(1);
      });
      expect(cluster.sim.crashes).toMatchObject([
        { node: 'n1', message: expect.stringMatching(message) as string },
      ]);
    }
  });
});
