/** What brokers tell clients of the cluster, over their listeners. */
import { describe, expect, test } from 'vitest';
import type { Brokers } from './testing/broker-cluster.ts';
import { withBrokers } from './testing/broker-cluster.ts';
import { ERROR } from '../../wire/error-codes.ts';

const named = (...names: string[]) => ({ topics: names.map((name) => ({ name })) });

async function withTopics(rig: Brokers): Promise<void> {
  await rig.allRunning();
  expect(await rig.createTopic(4, 'orders', 2, 3)).toBe(ERROR.NONE);
  expect(await rig.createTopic(5, 'bills')).toBe(ERROR.NONE);
  await rig.until(() => rig.allBrokers.every(({ metadata }) => metadata.image.topics.size === 2));
}

describe('Metadata', () => {
  test('names live brokers, itself as the controller, and topics with their partitions', async () => {
    await withBrokers({}, async (rig) => {
      await withTopics(rig);
      for (const id of [4, 5, 6]) {
        const answer = await rig.ask(id, 'metadata', 8, { topics: null });
        expect(answer).toMatchObject({ controllerId: id, clusterId: rig.broker(id).settings.clusterId });
        expect(answer.brokers).toEqual(
          [4, 5, 6].map((nodeId) => ({ nodeId, host: `n${nodeId}`, port: 9092, rack: null })),
        );
        expect(answer.topics.map(({ name, errorCode, isInternal }) => [name, errorCode, isInternal])).toEqual(
          [
            ['bills', 0, false],
            ['orders', 0, false],
          ],
        );
        const orders = rig.broker(id).metadata.image.topicByName('orders');
        expect(answer.topics[1]?.partitions).toEqual(
          [0, 1].map((partitionIndex) => {
            const { leader, replicas, isr } = orders?.partitions.get(partitionIndex) ?? {};
            return {
              errorCode: ERROR.NONE,
              ...{ partitionIndex, leaderId: leader, leaderEpoch: 0 },
              ...{ replicaNodes: replicas, isrNodes: isr, offlineReplicas: [] },
            };
          }),
        );
      }
    });
  });

  test.each([0, 1, 2, 3, 4, 5, 6, 7, 8])(
    'in version %i tells all, none, or what is named',
    async (version) => {
      await withBrokers({ properties: { 'auto.create.topics.enable': false } }, async (rig) => {
        await withTopics(rig);
        const topicsOf = async (topics: { name: string }[] | null) =>
          (await rig.ask(4, 'metadata', version, { topics })).topics.map(({ name, errorCode }) => [
            name,
            errorCode,
          ]);
        const all = [
          ['bills', 0],
          ['orders', 0],
        ];
        expect(await topicsOf([])).toEqual(version === 0 ? all : []);
        if (version > 0) expect(await topicsOf(null)).toEqual(all);
        const { topics } = named('orders', 'nothing', 'orders', 'a b');
        expect(await topicsOf(topics)).toEqual([
          ['orders', 0],
          ['nothing', ERROR.UNKNOWN_TOPIC_OR_PARTITION],
          ['a b', ERROR.INVALID_TOPIC_EXCEPTION],
        ]);
      });
    },
  );

  test('leaves out a broker that is fenced: as leader, as controller, and among the live', async () => {
    await withBrokers({}, async (rig) => {
      await withTopics(rig);
      const leader = rig.broker(4).metadata.image.topicByName('bills')?.partitions.get(0)?.leader as number;
      const other = [4, 5, 6].find((id) => id !== leader) as number;
      await rig.cluster.pause(`n${leader}`);
      await rig.until(() => rig.broker(other).metadata.image.brokers.get(leader)?.fenced === true);
      const answer = await rig.ask(other, 'metadata', 8, named('bills', 'orders'));
      expect(answer.brokers.map(({ nodeId }) => nodeId)).toEqual([4, 5, 6].filter((id) => id !== leader));
      expect(answer.topics[0]?.partitions).toMatchObject([
        {
          errorCode: ERROR.LEADER_NOT_AVAILABLE,
          leaderId: -1,
          offlineReplicas: [leader],
          replicaNodes: [leader],
        },
      ]);
      const [first] = answer.topics[1]?.partitions ?? [];
      expect(first).toMatchObject({ errorCode: ERROR.NONE, offlineReplicas: [leader] });
      expect(first?.leaderId).not.toBe(leader);
      await rig.cluster.resume(`n${leader}`);
    });
  });

  test('creates what clients ask about, where that is allowed', async () => {
    await withBrokers(
      { properties: { 'num.partitions': 3, 'default.replication.factor': 2 } },
      async (rig) => {
        await rig.allRunning();
        const silent = await rig.ask(4, 'metadata', 8, { ...named('orders'), allowAutoTopicCreation: false });
        expect(silent.topics).toMatchObject([
          { errorCode: ERROR.UNKNOWN_TOPIC_OR_PARTITION, partitions: [] },
        ]);
        await rig.sleep(500);
        expect(rig.broker(4).metadata.image.topics.size).toBe(0);
        // Asked twice at once, it is created once.
        const asked = await Promise.all([
          rig.ask(4, 'metadata', 3, named('orders')),
          rig.ask(4, 'metadata', 8, { ...named('orders'), allowAutoTopicCreation: true }),
        ]);
        for (const { topics } of asked)
          expect(topics).toMatchObject([{ errorCode: ERROR.LEADER_NOT_AVAILABLE }]);
        await rig.until(() => rig.broker(4).metadata.image.topicByName('orders') !== undefined);
        const found = await rig.ask(4, 'metadata', 8, named('orders'));
        expect(found.topics[0]?.partitions.map(({ replicaNodes }) => replicaNodes.length)).toEqual([2, 2, 2]);
      },
    );
  });

  test('creates the topics of coordinators as those would', async () => {
    const properties = { 'offsets.topic.num.partitions': 4, 'offsets.topic.replication.factor': 3 };
    await withBrokers({ properties }, async (rig) => {
      await rig.allRunning();
      await rig.ask(4, 'metadata', 8, { ...named('__consumer_offsets'), allowAutoTopicCreation: true });
      await rig.until(() => rig.broker(4).metadata.image.topicByName('__consumer_offsets') !== undefined);
      const { topics } = await rig.ask(4, 'metadata', 8, named('__consumer_offsets'));
      expect(topics).toMatchObject([{ errorCode: ERROR.NONE, isInternal: true }]);
      expect(topics[0]?.partitions.map(({ replicaNodes }) => replicaNodes.length)).toEqual([3, 3, 3, 3]);
    });
  });

  test('goes on answering that there is no leader where a topic cannot be created', async () => {
    await withBrokers({ brokers: 1, properties: { 'default.replication.factor': 2 } }, async (rig) => {
      await rig.allRunning();
      for (let i = 0; i < 3; i++) {
        const { topics } = await rig.ask(4, 'metadata', 3, named('orders'));
        expect(topics).toMatchObject([{ errorCode: ERROR.LEADER_NOT_AVAILABLE }]);
        await rig.sleep(500);
      }
      expect(rig.cluster.logs('n4').some((line) => line.includes('topic orders was not created'))).toBe(true);
    });
  });

  test('says that the leader is not on this listener, to who understands it', async () => {
    const listenersOf = (id: number) => [
      { name: 'PLAINTEXT', host: `n${id}`, port: 9092 },
      ...(id === 4 ? [] : [{ name: 'INSIDE', host: `inner${id}`, port: 9094 }]),
    ];
    await withBrokers({ brokers: 2, listenersOf, listenerName: 'INSIDE' }, async (rig) => {
      await rig.allRunning();
      const assignments = [{ partitionIndex: 0, brokerIds: [4] }];
      await rig.ask(4, 'createTopics', 4, {
        topics: [{ name: 'orders', numPartitions: -1, replicationFactor: -1, assignments, configs: [] }],
      });
      await rig.until(() => rig.broker(5).metadata.image.topics.size === 1);
      const answer = await rig.ask(5, 'metadata', 8, named('orders'));
      expect(answer.brokers).toEqual([{ nodeId: 5, host: 'inner5', port: 9094, rack: null }]);
      expect(answer.topics[0]?.partitions[0]).toMatchObject({
        errorCode: ERROR.LISTENER_NOT_FOUND,
        leaderId: -1,
      });
      const old = await rig.ask(4, 'metadata', 5, named('orders'));
      expect(old.controllerId).toBe(5);
      expect(old.topics[0]?.partitions[0]).toMatchObject({
        errorCode: ERROR.LEADER_NOT_AVAILABLE,
        leaderId: -1,
      });
    });
  });

  test('of a broker that has not caught up ends the connection', async () => {
    await withBrokers({ brokers: 1 }, async (rig) => {
      for (const id of [1, 2, 3]) await rig.cluster.cut('n4', `n${id}`);
      for (const name of ['metadata', 'describeCluster', 'describeConfigs'] as const) {
        const body = { topics: null, resources: [] };
        expect(await rig.send(4, name, 1, body)).toMatchObject({
          kind: 'failed',
          reason: 'n4:9092: connection closed',
        });
      }
    });
  });
});

describe('DescribeCluster', () => {
  test('names live brokers', async () => {
    await withBrokers({ brokers: 2, properties: { 'broker.rack': 'r1' } }, async (rig) => {
      await rig.allRunning();
      for (const version of [0, 1]) {
        const answer = await rig.ask(5, 'describeCluster', version, {
          includeClusterAuthorizedOperations: false,
        });
        expect(answer).toMatchObject({
          ...{ errorCode: ERROR.NONE, controllerId: 5, clusterId: rig.broker(5).settings.clusterId },
          brokers: [4, 5].map((brokerId) => ({ brokerId, host: `n${brokerId}`, port: 9092, rack: 'r1' })),
        });
      }
    });
  });

  test('does not tell of controllers', async () => {
    await withBrokers({ brokers: 1 }, async (rig) => {
      await rig.allRunning();
      const body = { includeClusterAuthorizedOperations: false, endpointType: 2 };
      expect(await rig.ask(4, 'describeCluster', 1, body)).toMatchObject({
        errorCode: ERROR.INVALID_REQUEST,
        brokers: [],
      });
    });
  });
});

describe('DescribeTopicPartitions', () => {
  test('tells ids and eligible leaders, page by page', async () => {
    await withBrokers({}, async (rig) => {
      await withTopics(rig);
      const { image } = rig.broker(4).metadata;
      const all = await rig.ask(4, 'describeTopicPartitions', 0, { topics: [] });
      expect(all.topics.map(({ name, topicId, partitions }) => [name, topicId, partitions.length])).toEqual([
        ['bills', image.topicByName('bills')?.id, 1],
        ['orders', image.topicByName('orders')?.id, 2],
      ]);
      expect(all.nextCursor).toBeNull();
      expect(all.topics[1]?.partitions[0]).toMatchObject({ eligibleLeaderReplicas: [], offlineReplicas: [] });
      const pages: string[] = [];
      let cursor: (typeof all)['nextCursor'] = null;
      for (let page = 0; page < 5; page++) {
        const answer: typeof all = await rig.ask(4, 'describeTopicPartitions', 0, {
          ...{ topics: [], responsePartitionLimit: 1, cursor },
        });
        for (const { name, partitions } of answer.topics) {
          pages.push(...partitions.map(({ partitionIndex }) => `${name}-${partitionIndex}`));
        }
        cursor = answer.nextCursor;
        if (cursor === null) break;
      }
      expect([pages, cursor]).toEqual([['bills-0', 'orders-0', 'orders-1'], null]);
    });
  });

  test('says what there is not', async () => {
    await withBrokers({ brokers: 1 }, async (rig) => {
      await rig.allRunning();
      const { topics } = await rig.ask(4, 'describeTopicPartitions', 0, named('nothing', 'a b'));
      expect(topics.map(({ name, errorCode }) => [name, errorCode])).toEqual([
        ['a b', ERROR.INVALID_TOPIC_EXCEPTION],
        ['nothing', ERROR.UNKNOWN_TOPIC_OR_PARTITION],
      ]);
    });
  });
});
