/** Brokers and controllers as whole nodes: administration, failover of the controller, a stop in good order. */
import { describe, expect, test } from 'vitest';
import { OFFSETS_TOPIC } from '../../internal-topics.ts';
import { readBatches } from '../../records/batch.ts';
import { CODEC } from '../../records/compression.ts';
import { ERROR } from '../../wire/error-codes.ts';
import type { WholeNodes } from './testing/whole-nodes.ts';
import { withNodes } from './testing/whole-nodes.ts';

const named = (...names: string[]) => ({ topics: names.map((name) => ({ name })) });

async function partitionsOf(rig: WholeNodes, at: string, topic: string) {
  const { topics } = await rig.ask(at, 'metadata', 8, named(topic));
  return topics[0]?.partitions ?? [];
}

describe('a cluster of nodes that are both', () => {
  test('comes up, creates topics through any node, and all tell of them', async () => {
    await withNodes({}, async (rig) => {
      await rig.allRunning();
      expect(await rig.createTopic('n1', 'orders', 6)).toBe(ERROR.NONE);
      for (const at of rig.names) {
        await rig.until(async () => (await partitionsOf(rig, at, 'orders')).length === 6, `orders at ${at}`);
        const answer = await rig.ask(at, 'metadata', 8, named('orders'));
        expect(answer.brokers.map(({ nodeId, host, port }) => [nodeId, host, port])).toEqual([
          [1, 'n1', 9092],
          [2, 'n2', 9092],
          [3, 'n3', 9092],
        ]);
        expect(answer.controllerId).toBe(Number(at.slice(1)));
      }
      expect([rig.cluster.crashes, rig.cluster.invariantViolations]).toEqual([[], []]);
    });
  });

  test('describes its quorum through any node', async () => {
    await withNodes({}, async (rig) => {
      await rig.allRunning();
      const partitions = [{ partitionIndex: 0 }];
      for (const at of rig.names) {
        const answer = await rig.ask(at, 'describeQuorum', 2, {
          topics: [{ topicName: '__cluster_metadata', partitions }],
        });
        const [found] = answer.topics[0]?.partitions ?? [];
        expect([answer.errorCode, found?.errorCode, `n${found?.leaderId}`]).toEqual([0, 0, rig.leader]);
        expect(found?.currentVoters.map(({ replicaId }) => replicaId).sort()).toEqual([1, 2, 3]);
      }
    });
  });

  test('goes on within a second and a half when the active controller is killed', async () => {
    await withNodes({}, async (rig) => {
      await rig.allRunning();
      const dead = rig.leader as string;
      // The others have no connection to it yet: a request that came to the dead one would be answered that nobody knows.
      expect(await rig.createTopic(dead, 'before')).toBe(ERROR.NONE);
      const alive = rig.names.filter((name) => name !== dead);
      await rig.cluster.kill(dead);
      const begin = rig.cluster.clock.now();
      expect(await rig.createTopic(alive[0] as string, 'after', 1, 2)).toBe(ERROR.NONE);
      expect((rig.cluster.clock.now() - begin) / 1e9).toBeLessThan(1.5);
      await rig.until(
        async () =>
          (await partitionsOf(rig, alive[1] as string, 'before')).every(
            ({ leaderId }) => `n${leaderId}` !== dead,
          ),
        'no partition led by the dead',
      );
      await rig.cluster.restart(dead);
      await rig.allRunning();
      await rig.until(
        async () => (await partitionsOf(rig, dead, 'after')).length === 1,
        'the topic on the restarted',
      );
      expect([rig.cluster.crashes, rig.cluster.invariantViolations]).toEqual([[], []]);
    });
  });

  test('moves leaderships away from a node before that stops, and takes it back as clean', async () => {
    await withNodes({}, async (rig) => {
      await rig.allRunning();
      expect(await rig.createTopic('n1', 'orders', 6)).toBe(ERROR.NONE);
      const stopping = rig.names.find((name) => name !== rig.leader) as string;
      const other = rig.names.find((name) => name !== stopping) as string;
      const begin = rig.cluster.clock.now();
      await rig.node(stopping)?.shutdown();
      expect((rig.cluster.clock.now() - begin) / 1e9).toBeLessThan(3);
      const partitions = await partitionsOf(rig, other, 'orders');
      expect(partitions.map(({ errorCode }) => errorCode)).toEqual(Array(6).fill(ERROR.NONE));
      expect(partitions.some(({ leaderId }) => `n${leaderId}` === stopping)).toBe(false);
      await rig.cluster.kill(stopping);
      await rig.cluster.restart(stopping);
      await rig.allRunning();
      await rig.until(
        async () => (await partitionsOf(rig, other, 'orders')).every(({ isrNodes }) => isrNodes.length === 3),
        'all in sync again',
      );
      expect([rig.cluster.crashes, rig.cluster.invariantViolations]).toEqual([[], []]);
    });
  });
});

test('brokers and controllers apart work as well', async () => {
  await withNodes({ nodes: 6, options: { combinedRoles: false } }, async (rig) => {
    const brokers = ['n4', 'n5', 'n6'];
    await rig.allRunning(brokers);
    expect(await rig.createTopic('n5', 'orders', 2)).toBe(ERROR.NONE);
    await rig.until(async () => (await partitionsOf(rig, 'n6', 'orders')).length === 2, 'the topic');
    const dead = rig.leader as string;
    await rig.cluster.kill(dead);
    expect(await rig.createTopic('n4', 'bills', 2)).toBe(ERROR.NONE);
    expect([rig.cluster.crashes, rig.cluster.invariantViolations]).toEqual([[], []]);
  });
});

test('what server.properties says of offsets.topic is how offsets lie on the disk', async () => {
  const lines = [
    ...['offsets.topic.num.partitions=1', 'offsets.topic.segment.bytes=500'],
    `offsets.topic.compression.codec=${CODEC.gzip}`,
  ];
  await withNodes({ nodes: 1, lines }, async (rig) => {
    await rig.allRunning();
    expect(await rig.createTopic('n1', 'orders', 1, 1)).toBe(ERROR.NONE);
    await rig.until(async () => {
      const found = await rig.ask('n1', 'findCoordinator', 1, { key: 'g', keyType: 0 });
      return found.errorCode === ERROR.NONE;
    }, 'a coordinator');
    const commit = async (committedOffset: number): Promise<number | undefined> => {
      const partition = {
        partitionIndex: 0,
        committedOffset,
        committedLeaderEpoch: -1,
        committedMetadata: '',
      };
      const { topics } = await rig.ask('n1', 'offsetCommit', 7, {
        ...{ groupId: 'g', generationId: -1, memberId: '', groupInstanceId: null },
        topics: [{ name: 'orders', partitions: [partition] }],
      });
      return topics[0]?.partitions[0]?.errorCode;
    };
    await rig.until(async () => (await commit(0)) === ERROR.NONE, 'a commit');
    for (let i = 1; i < 20; i++) expect(await commit(i)).toBe(ERROR.NONE);
    const folder = `${OFFSETS_TOPIC}-0`;
    const segments = (await rig.files('n1').list(folder)).filter((name) => name.endsWith('.log'));
    expect(segments.length).toBeGreaterThan(3);
    for (const name of segments) {
      const bytes = await rig.files('n1').readAll(`${folder}/${name}`);
      expect(bytes.length).toBeLessThanOrEqual(500);
      for (const { codec } of readBatches(bytes)) expect(codec).toBe(CODEC.gzip);
    }
  });
});
