/** Three brokers, and partitions that are each replicated by a Raft group: what clients are told, and what the groups withstand. */
import { describe, expect, test } from 'vitest';
import { batchOf } from '../../log/testing/batches.ts';
import { ERROR } from '../../wire/error-codes.ts';
import { ReplicaCluster, type ReplicaClusterOptions, withReplicas } from './testing/replica-cluster.ts';
import type { ReplicaClient } from './testing/replica-client.ts';

const FAST = [
  'controller.quorum.election.timeout.ms=200',
  'controller.quorum.fetch.timeout.ms=400',
  'controller.quorum.request.timeout.ms=400',
  'replica.fetch.wait.max.ms=100',
];
const RAFT = { 'replication.protocol': 'raft' };
const TOPIC = 't';

const withThree = <T>(
  body: (cluster: ReplicaCluster) => Promise<T>,
  options: ReplicaClusterOptions = {},
): Promise<T> =>
  withReplicas({ brokers: 3, properties: FAST, ...options }, (cluster) => {
    cluster.createTopic(TOPIC, { configs: RAFT });
    return body(cluster);
  });

/** As the metadata show it, when they do. */
async function leaderOf(cluster: ReplicaCluster, besides: readonly number[] = []): Promise<number> {
  for (let i = 0; i < 200; i++) {
    const { leader } = cluster.partition(TOPIC);
    if (leader !== -1 && !besides.includes(leader)) return leader;
    await cluster.sleep(20);
  }
  return expect.fail('the group did not elect a leader that the controller knows');
}

const clientOf = (cluster: ReplicaCluster, broker: number): Promise<ReplicaClient> =>
  cluster.client(`n${broker}`);

/** As `offset:value`, without the records of elections: clients skip control batches. */
async function recordsOf(client: ReplicaClient, topic = TOPIC): Promise<string[]> {
  return (await client.records(topic, 0, 0)).filter((record) => /^\d+:\w+$/.test(record));
}

const othersOf = (broker: number): number[] => [1, 2, 3].filter((id) => id !== broker);

/** From the others, both ways. */
const links = async (cluster: ReplicaCluster, broker: number, what: 'cut' | 'heal'): Promise<void> => {
  for (const other of othersOf(broker)) {
    await cluster.sim[what](`n${broker}`, `n${other}`);
    await cluster.sim[what](`n${other}`, `n${broker}`);
  }
};

test('the group elects, the controller notes it, and clients are served', async () => {
  await withThree(async (cluster) => {
    expect(cluster.partition(TOPIC)).toMatchObject({ leader: -1, isr: [1, 2, 3], leaderEpoch: 0 });
    await cluster.sleep(100);
    // The first replica of a new group does not wait.
    expect(cluster.partition(TOPIC)).toMatchObject({ leader: 1, leaderEpoch: 1 });
    const leader = 1;
    const client = await clientOf(cluster, leader);
    // Offset 0 is the record of the election.
    expect(await client.produce(TOPIC, 0, ['a', 'b'])).toMatchObject({ errorCode: 0, baseOffset: 1 });
    expect(await client.produce(TOPIC, 0, ['c'], { acks: 1 })).toMatchObject({ errorCode: 0, baseOffset: 3 });
    client.post(TOPIC, 0, ['d']);
    await cluster.sleep(200);
    expect(await client.records(TOPIC, 0, 1)).toEqual(['1:a', '2:b', '3:c', '4:d']);
    expect(await client.listOffsets(TOPIC, 0, -1)).toMatchObject({ errorCode: 0, offset: 5 });
    const [other = 0] = othersOf(leader);
    client.to(`n${other}`);
    expect(await client.produce(TOPIC, 0, ['x'])).toMatchObject({ errorCode: ERROR.NOT_LEADER_OR_FOLLOWER });
  });
});

test('acks=1 waits for a majority, too, and one that is deposed says that nobody knows', async () => {
  await withThree(async (cluster) => {
    const leader = await leaderOf(cluster);
    const client = await clientOf(cluster, leader);
    await client.produce(TOPIC, 0, ['a']);
    await links(cluster, leader, 'cut');
    const waits = [
      client.produce(TOPIC, 0, ['b'], { acks: 1 }),
      (await clientOf(cluster, leader)).produce(TOPIC, 0, ['c']),
    ];
    const unknown = { errorCode: ERROR.NOT_LEADER_OR_FOLLOWER };
    expect(await Promise.all(waits)).toMatchObject([unknown, unknown]);
    // Nobody fetched from it: it stepped down, and takes nothing any more.
    expect(await client.produce(TOPIC, 0, ['d'])).toMatchObject(unknown);
    const next = await leaderOf(cluster, [leader]);
    const other = await clientOf(cluster, next);
    expect(await other.produce(TOPIC, 0, ['e'])).toMatchObject({ errorCode: 0 });
    await links(cluster, leader, 'heal');
    await cluster.sleep(1500);
    const found = await recordsOf(other);
    expect(found.map((record) => record.split(':')[1])).toEqual(['a', 'e']);
  });
});

test('a power loss of all brokers loses nothing that was acknowledged', async () => {
  await withThree(async (cluster) => {
    const client = await clientOf(cluster, await leaderOf(cluster));
    for (const value of ['a', 'b', 'c']) {
      expect(await client.produce(TOPIC, 0, [value])).toMatchObject({ errorCode: 0 });
    }
    const { leaderEpoch } = cluster.partition(TOPIC);
    for (const id of [1, 2, 3]) await cluster.kill(id, { loseUnsynced: true });
    for (const id of [1, 2, 3]) await cluster.restart(id);
    const again = await clientOf(cluster, await leaderOf(cluster));
    await cluster.sleep(500);
    expect(cluster.partition(TOPIC).leaderEpoch).toBeGreaterThan(leaderEpoch);
    expect(await recordsOf(again)).toEqual(['1:a', '2:b', '3:c']);
  });
});

test('who is fenced is forgotten as the leader, and noted again when it is back', async () => {
  await withThree(async (cluster) => {
    const leader = await leaderOf(cluster);
    const { leaderEpoch } = cluster.partition(TOPIC);
    cluster.fence(leader);
    expect(cluster.partition(TOPIC)).toMatchObject({ leader: -1, leaderEpoch });
    await cluster.sleep(500);
    cluster.unfence(leader);
    await cluster.sleep(500);
    expect(cluster.partition(TOPIC)).toMatchObject({ leader, leaderEpoch });
  });
});

test('a broker that shuts down hands over what it leads', async () => {
  await withThree(async (cluster) => {
    const leader = await leaderOf(cluster);
    const epoch = cluster.controller.core.image.brokers.get(leader)?.epoch ?? -1;
    const beat = { brokerId: leader, brokerEpoch: epoch, metadataOffset: epoch, wantsFence: false };
    cluster.decide(cluster.controller.core.heartbeat(cluster.nowMs, { ...beat, wantsShutdown: true }));
    const begunMs = cluster.nowMs;
    await leaderOf(cluster, [leader]);
    // Long before anybody misses it.
    expect(cluster.nowMs - begunMs).toBeLessThan(200);
  });
});

test('elects without the controller, which hears of it later', async () => {
  await withThree(async (cluster) => {
    const leader = await leaderOf(cluster);
    cluster.isControllerAway = true;
    await cluster.kill(leader);
    await cluster.sleep(2000);
    expect(cluster.partition(TOPIC).leader).toBe(leader);
    cluster.isControllerAway = false;
    const next = await leaderOf(cluster, [leader]);
    expect(await (await clientOf(cluster, next)).produce(TOPIC, 0, ['a'])).toMatchObject({ errorCode: 0 });
  });
});

test('an idempotent producer is known to the next leader', async () => {
  await withThree(async (cluster) => {
    const sent = { producerId: 7, producerEpoch: 0, baseSequence: 0 };
    const leader = await leaderOf(cluster);
    const client = await clientOf(cluster, leader);
    const { baseOffset } = await client.produce(TOPIC, 0, ['a'], sent);
    await cluster.kill(leader);
    const other = await clientOf(cluster, await leaderOf(cluster, [leader]));
    expect(await other.produce(TOPIC, 0, ['a'], sent)).toMatchObject({ errorCode: 0, baseOffset });
    const ahead = { ...sent, baseSequence: 5 };
    expect(await other.produce(TOPIC, 0, ['z'], ahead)).toMatchObject({
      errorCode: ERROR.OUT_OF_ORDER_SEQUENCE_NUMBER,
    });
  });
});

test('a topic of the same name is another group', async () => {
  await withThree(async (cluster) => {
    await (await clientOf(cluster, await leaderOf(cluster))).produce(TOPIC, 0, ['old']);
    await cluster.kill(3);
    cluster.deleteTopic(TOPIC);
    cluster.createTopic(TOPIC, { configs: RAFT });
    const client = await clientOf(cluster, await leaderOf(cluster));
    await client.produce(TOPIC, 0, ['new']);
    await cluster.restart(3);
    await cluster.sleep(1500);
    expect(await recordsOf(client)).toEqual(['1:new']);
    const logs = [1, 2, 3].map((id) => cluster.manager(id).leads(TOPIC, 0)?.log.logEndOffset ?? null);
    expect(logs.filter((end) => end !== null)).toEqual([2]);
  });
});

describe('refused', () => {
  test('a transactional batch, and DeleteRecords', async () => {
    await withThree(async (cluster) => {
      const client = await clientOf(cluster, await leaderOf(cluster));
      const bytes = batchOf(['a'], {
        producerId: 7,
        producerEpoch: 0,
        baseSequence: 0,
        isTransactional: true,
      });
      expect(await client.produce(TOPIC, 0, [], { bytes })).toMatchObject({
        errorCode: ERROR.POLICY_VIOLATION,
      });
      const topics = [{ name: TOPIC, partitions: [{ partitionIndex: 0, offset: 1 }] }];
      const deleted = await client.request('deleteRecords', 1, { topics, timeoutMs: 1000 });
      expect(deleted.topics[0]?.partitions[0]).toMatchObject({ errorCode: ERROR.POLICY_VIOLATION });
    });
  });

  test('a vote for a partition that is not here, or of another group', async () => {
    await withThree(async (cluster) => {
      const client = await clientOf(cluster, await leaderOf(cluster));
      const partition = {
        partitionIndex: 0,
        replicaEpoch: 99,
        replicaId: 2,
        lastOffsetEpoch: 98,
        lastOffset: 1000,
        preVote: false,
      };
      const vote = (topicName: string) =>
        client.request('vote', 2, { clusterId: 'other', topics: [{ topicName, partitions: [partition] }] });
      expect(await vote('none')).toMatchObject({ errorCode: ERROR.UNKNOWN_TOPIC_OR_PARTITION });
      expect(await vote(TOPIC)).toMatchObject({ errorCode: ERROR.INCONSISTENT_CLUSTER_ID });
    });
  });
});

test('one replica is a group of its own', async () => {
  await withThree(async (cluster) => {
    cluster.createTopic('alone', { replicationFactor: 1, configs: RAFT });
    await cluster.sleep(1000);
    const client = await cluster.client('n1');
    expect(await client.produce('alone', 0, ['a'])).toMatchObject({ errorCode: 0, baseOffset: 1 });
    await cluster.kill(1, { loseUnsynced: true });
    await cluster.restart(1);
    await cluster.sleep(1000);
    const again = await cluster.client('n1');
    expect(await recordsOf(again, 'alone')).toEqual(['1:a']);
  });
});

describe('bugs of the quorum are found in partitions', () => {
  test.each(['ack-before-flush', 'vote-before-persist', 'vote-not-persisted'])('%s', async (bug) => {
    const cluster = new ReplicaCluster({ brokers: 3, properties: FAST, bugs: [bug] });
    await cluster.run(async () => {
      await cluster.start();
      cluster.createTopic(TOPIC, { configs: RAFT });
      const client = await clientOf(cluster, await leaderOf(cluster));
      for (const value of ['a', 'b', 'c']) await client.produce(TOPIC, 0, [value]);
    });
    expect(cluster.anomalies).not.toEqual([]);
  });
});
