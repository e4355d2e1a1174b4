/** Groups end to end: a client's requests over a simulated network, records in real logs, brokers that take over. */
import { describe, expect, test } from 'vitest';
import { batchOf } from '../../log/testing/batches.ts';
import { AT, BATCH_HEADER_BYTES, RecordBatch } from '../../records/batch.ts';
import { writeInt32 } from '../../records/varint.ts';
import { Writer } from '../../wire/bytes.ts';
import { ERROR } from '../../wire/error-codes.ts';
import type { CoordinatorCluster } from './testing/coordinator-cluster.ts';
import { withCoordinators } from './testing/coordinator-cluster.ts';

/** Of the two partitions of `__consumer_offsets` the group `g` has this one. */
const PARTITION = 1;
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

async function coordinatorOf(cluster: CoordinatorCluster, key = 'g', keyType = 0): Promise<string> {
  for (let i = 0; i < 100; i++) {
    const found = await cluster.ask('n1', 'findCoordinator', 2, { key, keyType });
    if (found.errorCode === ERROR.NONE) return found.host;
    expect(found.errorCode).toBe(ERROR.COORDINATOR_NOT_AVAILABLE);
    await cluster.sleep(10);
  }
  throw new Error('no coordinator');
}

/** As a consumer says what it reads. */
function subscription(topic: string): Uint8Array {
  const writer = new Writer();
  writer.int16(0);
  writer.int32(1);
  writer.string(topic);
  writer.int32(-1);
  return writer.take();
}

const join = (
  cluster: CoordinatorCluster,
  node: string,
  memberId: string,
  via = 'client',
  metadata = subscription('orders'),
) =>
  cluster.ask(
    node,
    'joinGroup',
    5,
    {
      ...{ groupId: 'g', sessionTimeoutMs: 10_000, rebalanceTimeoutMs: 20_000, memberId },
      ...{ groupInstanceId: null, protocolType: 'consumer', protocols: [{ name: 'range', metadata }] },
    },
    via,
  );

/** Alone in the group, with an assignment. */
async function joinAlone(
  cluster: CoordinatorCluster,
  node: string,
  metadata = subscription('orders'),
): Promise<{ id: string; generation: number }> {
  const first = await join(cluster, node, '', 'client', metadata);
  expect(first.errorCode).toBe(ERROR.MEMBER_ID_REQUIRED);
  const { errorCode, memberId, generationId, members } = await join(
    cluster,
    node,
    first.memberId,
    'client',
    metadata,
  );
  expect({ errorCode, members: members.length }).toEqual({ errorCode: ERROR.NONE, members: 1 });
  const synced = await cluster.ask(node, 'syncGroup', 3, {
    ...{ groupId: 'g', generationId, memberId, groupInstanceId: null },
    assignments: [{ memberId, assignment: bytes('orders-0') }],
  });
  expect(synced.errorCode).toBe(ERROR.NONE);
  expect(new TextDecoder().decode(synced.assignment)).toBe('orders-0');
  return { id: memberId, generation: generationId };
}

const commitRequest = (offset: number, topic = 'orders') => ({
  ...{
    groupId: 'g',
    generationIdOrMemberEpoch: -1,
    memberId: '',
    groupInstanceId: null,
    retentionTimeMs: -1,
  },
  topics: [
    {
      name: topic,
      partitions: [
        { partitionIndex: 0, committedOffset: offset, committedLeaderEpoch: -1, committedMetadata: 'x' },
      ],
    },
  ],
});

async function commit(
  cluster: CoordinatorCluster,
  node: string,
  offset: number,
  topic?: string,
): Promise<number> {
  const { topics } = await cluster.ask(node, 'offsetCommit', 7, commitRequest(offset, topic), 'committer');
  return topics[0]?.partitions[0]?.errorCode ?? -1;
}

async function committed(cluster: CoordinatorCluster, node: string, groupId = 'g'): Promise<number | string> {
  const answer = await cluster.ask(node, 'offsetFetch', 5, {
    groupId,
    topics: [{ name: 'orders', partitionIndexes: [0] }],
  });
  if (answer.errorCode !== ERROR.NONE) return `error ${answer.errorCode}`;
  return answer.topics[0]?.partitions[0]?.committedOffset ?? 'nothing';
}

const other = (node: string): { name: string; id: number } =>
  node === 'n1' ? { name: 'n2', id: 2 } : { name: 'n1', id: 1 };

/** The next coordinator of `g`, when it answers. */
async function failOver(
  cluster: CoordinatorCluster,
  from: string,
  uncommitted: 'keep' | 'lose' = 'lose',
): Promise<string> {
  const { name, id } = other(from);
  await cluster.partitions.lead('__consumer_offsets', PARTITION, id, uncommitted);
  return name;
}

describe('finding the coordinator', () => {
  test('creates the topic as the properties say; everybody is told the same broker then', async () => {
    await withCoordinators({ properties: ['offsets.topic.num.partitions=5'] }, async (cluster) => {
      const node = await coordinatorOf(cluster);
      expect(cluster.created).toEqual([
        {
          ...{ name: '__consumer_offsets', numPartitions: 5, replicationFactor: 1, assignments: [] },
          configs: [
            { name: 'cleanup.policy', value: 'compact' },
            { name: 'compression.type', value: 'producer' },
            { name: 'segment.bytes', value: '104857600' },
          ],
        },
      ]);
      const asked = await cluster.ask('n2', 'findCoordinator', 0, { key: 'g' });
      expect(asked).toMatchObject({ errorCode: ERROR.NONE, host: node, port: 7000 });
    });
  });

  test('the partitions that the topic has count, and not what the property says', async () => {
    await withCoordinators({ properties: ['offsets.topic.num.partitions=50'] }, async (cluster) => {
      await cluster.createTopic('orders', 1);
      await cluster.createTopic('__consumer_offsets', 1, 2);
      expect(await coordinatorOf(cluster)).toBe('n2');
      expect(await commit(cluster, 'n2', 5)).toBe(ERROR.NONE);
      expect(await committed(cluster, 'n2')).toBe(5);
      expect(cluster.created).toEqual([]);
    });
  });

  test('waits for as many brokers as there must be replicas', async () => {
    await withCoordinators({ properties: ['offsets.topic.replication.factor=3'] }, async (cluster) => {
      for (let i = 0; i < 3; i++) {
        const found = await cluster.ask('n1', 'findCoordinator', 2, { key: 'g', keyType: 0 });
        expect(found).toMatchObject({ errorCode: ERROR.COORDINATOR_NOT_AVAILABLE, nodeId: -1 });
        await cluster.sleep(100);
      }
      expect(cluster.created).toEqual([]);
      expect(cluster.sim.logs('n1').filter((line) => line.includes('cannot be created yet'))).toHaveLength(1);
    });
  });

  test('a coordinator of an unknown type is refused; without a controller nothing is created', async () => {
    await withCoordinators({}, async (cluster) => {
      cluster.hasController = false;
      const wrong = await cluster.ask('n1', 'findCoordinator', 2, { key: 'g', keyType: 9 });
      expect(wrong.errorCode).toBe(ERROR.INVALID_REQUEST);
      const found = await cluster.ask('n1', 'findCoordinator', 2, { key: 'g', keyType: 0 });
      expect(found.errorCode).toBe(ERROR.COORDINATOR_NOT_AVAILABLE);
      await cluster.sleep(100);
      cluster.hasController = true;
      await coordinatorOf(cluster);
    });
  });
});

describe('a group', () => {
  test('is joined, commits, is described, listed, left and deleted', async () => {
    await withCoordinators({}, async (cluster) => {
      await cluster.createTopic('orders', 1);
      const node = await coordinatorOf(cluster);
      const { id, generation } = await joinAlone(cluster, node);
      const membership = { groupId: 'g', generationId: generation, memberId: id, groupInstanceId: null };
      expect((await cluster.ask(node, 'heartbeat', 3, membership)).errorCode).toBe(ERROR.NONE);
      const stale = { ...membership, generationId: generation - 1 };
      expect((await cluster.ask(node, 'heartbeat', 3, stale)).errorCode).toBe(ERROR.ILLEGAL_GENERATION);
      const own = { ...commitRequest(7), generationIdOrMemberEpoch: generation, memberId: id };
      expect((await cluster.ask(node, 'offsetCommit', 7, own)).topics[0]?.partitions).toEqual([
        { partitionIndex: 0, errorCode: ERROR.NONE },
      ]);
      expect(await committed(cluster, node)).toBe(7);
      const described = await cluster.ask(node, 'describeGroups', 4, {
        ...{ groups: ['g', 'nobody'], includeAuthorizedOperations: false },
      });
      expect(described.groups[0]).toMatchObject({ groupState: 'Stable', protocolData: 'range' });
      expect(described.groups[0]?.members[0]).toMatchObject({ memberId: id, clientId: 'client' });
      const listed = await cluster.ask(node, 'listGroups', 2, {});
      expect(listed.groups).toEqual([{ groupId: 'g', protocolType: 'consumer' }]);
      const left = await cluster.ask(node, 'leaveGroup', 3, {
        ...{ groupId: 'g', memberId: '', members: [{ memberId: id, groupInstanceId: null }] },
      });
      expect(left.errorCode).toBe(ERROR.NONE);
      const deleted = await cluster.ask(node, 'deleteGroups', 1, { groupsNames: ['g', 'nobody'] });
      expect(deleted.results.find(({ groupId }) => groupId === 'g')?.errorCode).toBe(ERROR.NONE);
      expect(await committed(cluster, node)).toBe(-1);
    });
  });

  test('whose member falls silent is empty when its session is over', async () => {
    await withCoordinators({}, async (cluster) => {
      const node = await coordinatorOf(cluster);
      const { id, generation } = await joinAlone(cluster, node);
      await cluster.sleep(9_900);
      const membership = { groupId: 'g', generationId: generation, memberId: id, groupInstanceId: null };
      expect((await cluster.ask(node, 'heartbeat', 3, membership)).errorCode).toBe(ERROR.NONE);
      await cluster.sleep(10_100);
      expect((await cluster.ask(node, 'heartbeat', 3, membership)).errorCode).toBe(ERROR.UNKNOWN_MEMBER_ID);
    });
  });

  test('two members share a rebalance; the one that waited is answered when the other has joined', async () => {
    await withCoordinators({}, async (cluster) => {
      const node = await coordinatorOf(cluster);
      const { id, generation } = await joinAlone(cluster, node);
      const second = await join(cluster, node, '', 'second');
      const joining = join(cluster, node, second.memberId, 'second');
      await cluster.sleep(50);
      const membership = { groupId: 'g', generationId: generation, memberId: id, groupInstanceId: null };
      expect((await cluster.ask(node, 'heartbeat', 3, membership)).errorCode).toBe(
        ERROR.REBALANCE_IN_PROGRESS,
      );
      const [first, last] = await Promise.all([join(cluster, node, id), joining]);
      expect(first).toMatchObject({ errorCode: ERROR.NONE, generationId: generation + 1, leader: id });
      expect(first.members.map(({ memberId }) => memberId).sort()).toEqual([id, second.memberId].sort());
      expect(last).toMatchObject({ errorCode: ERROR.NONE, generationId: generation + 1, members: [] });
    });
  });

  test('offsets of a topic that is not there are refused, the others committed', async () => {
    await withCoordinators({}, async (cluster) => {
      await cluster.createTopic('orders', 1);
      const node = await coordinatorOf(cluster);
      expect(await commit(cluster, node, 3, 'nothing')).toBe(ERROR.UNKNOWN_TOPIC_OR_PARTITION);
      const both = {
        ...commitRequest(4),
        topics: [...commitRequest(9, 'nothing').topics, ...commitRequest(4).topics],
      };
      const { topics } = await cluster.ask(node, 'offsetCommit', 7, both);
      const codes = topics.map(({ name, partitions }) => [name, partitions[0]?.errorCode]);
      expect(codes).toEqual([
        ['nothing', ERROR.UNKNOWN_TOPIC_OR_PARTITION],
        ['orders', ERROR.NONE],
      ]);
      expect(await committed(cluster, node)).toBe(4);
    });
  });
});

describe('another broker takes over', () => {
  test('it knows offsets, members and generation; the old one sends clients away', async () => {
    await withCoordinators({}, async (cluster) => {
      await cluster.createTopic('orders', 1);
      const old = await coordinatorOf(cluster);
      const { id, generation } = await joinAlone(cluster, old);
      const own = { ...commitRequest(7), generationIdOrMemberEpoch: generation, memberId: id };
      await cluster.ask(old, 'offsetCommit', 7, own);
      const next = await failOver(cluster, old);
      await cluster.sleep(50);
      expect(await coordinatorOf(cluster)).toBe(next);
      const membership = { groupId: 'g', generationId: generation, memberId: id, groupInstanceId: null };
      expect((await cluster.ask(old, 'heartbeat', 3, membership)).errorCode).toBe(ERROR.NOT_COORDINATOR);
      expect((await cluster.ask(next, 'heartbeat', 3, membership)).errorCode).toBe(ERROR.NONE);
      expect(await committed(cluster, next)).toBe(7);
      expect(await committed(cluster, old)).toBe(`error ${ERROR.NOT_COORDINATOR}`);
    });
  });

  test('who waits for an answer at the old one is sent away', async () => {
    await withCoordinators({}, async (cluster) => {
      await cluster.createTopic('orders', 1);
      const old = await coordinatorOf(cluster);
      const { id, generation } = await joinAlone(cluster, old);
      const second = await join(cluster, old, '', 'second');
      const joining = join(cluster, old, second.memberId, 'second');
      cluster.partitions.isHeld = true;
      const own = { ...commitRequest(8), generationIdOrMemberEpoch: generation, memberId: id };
      const committing = cluster.ask(old, 'offsetCommit', 7, own, 'committer');
      await cluster.sleep(50);
      await failOver(cluster, old);
      expect((await joining).errorCode).toBe(ERROR.NOT_COORDINATOR);
      expect((await committing).topics[0]?.partitions[0]?.errorCode).toBe(ERROR.NOT_COORDINATOR);
    });
  });

  test('it serves nobody until the end that it found is committed', async () => {
    await withCoordinators({}, async (cluster) => {
      await cluster.createTopic('orders', 1);
      const old = await coordinatorOf(cluster);
      expect(await commit(cluster, old, 1)).toBe(ERROR.NONE);
      cluster.partitions.isHeld = true;
      const inDoubt = commit(cluster, old, 2);
      await cluster.sleep(50);
      const next = await failOver(cluster, old, 'keep');
      expect(await inDoubt).toBe(ERROR.NOT_COORDINATOR);
      await cluster.sleep(200);
      expect(await committed(cluster, next)).toBe(`error ${ERROR.COORDINATOR_LOAD_IN_PROGRESS}`);
      cluster.partitions.commit();
      await cluster.sleep(50);
      expect(await committed(cluster, next)).toBe(2);
    });
  });

  test('a load that another leadership overtakes is dropped', async () => {
    await withCoordinators({}, async (cluster) => {
      await cluster.createTopic('orders', 1);
      const first = await coordinatorOf(cluster);
      await commit(cluster, first, 1);
      cluster.partitions.isHeld = true;
      void commit(cluster, first, 2);
      await cluster.sleep(50);
      const second = await failOver(cluster, first, 'keep');
      await failOver(cluster, second, 'lose');
      cluster.partitions.isHeld = false;
      await cluster.sleep(50);
      expect(await committed(cluster, first)).toBe(1);
      expect(await committed(cluster, second)).toBe(`error ${ERROR.NOT_COORDINATOR}`);
    });
  });

  test('the same broker in a new epoch reads again', async () => {
    await withCoordinators({}, async (cluster) => {
      await cluster.createTopic('orders', 1);
      const node = await coordinatorOf(cluster);
      await commit(cluster, node, 5);
      const own = node === 'n1' ? 1 : 2;
      await cluster.partitions.lead('__consumer_offsets', PARTITION, own, 'lose');
      await cluster.sleep(50);
      expect(await committed(cluster, node)).toBe(5);
      expect(await commit(cluster, node, 6)).toBe(ERROR.NONE);
    });
  });
});

describe('offsets that go', () => {
  const remove = async (cluster: CoordinatorCluster, node: string, topic: string) => {
    const topics = [{ name: topic, partitions: [{ partitionIndex: 0 }] }];
    const answer = await cluster.ask(node, 'offsetDelete', 0, { groupId: 'g', topics });
    return answer.errorCode === ERROR.NONE
      ? answer.topics[0]?.partitions[0]?.errorCode
      : `error ${answer.errorCode}`;
  };

  test('are deleted, unless a member has subscribed to the topic', async () => {
    await withCoordinators({}, async (cluster) => {
      for (const topic of ['orders', 'others']) await cluster.createTopic(topic, 1);
      const node = await coordinatorOf(cluster);
      expect(await remove(cluster, node, 'orders')).toBe(`error ${ERROR.GROUP_ID_NOT_FOUND}`);
      for (const topic of ['orders', 'others']) await commit(cluster, node, 4, topic);
      expect(await remove(cluster, node, 'nothing')).toBe(ERROR.UNKNOWN_TOPIC_OR_PARTITION);
      expect(await remove(cluster, node, 'others')).toBe(ERROR.NONE);
      expect(await committed(cluster, node)).toBe(4);
      await joinAlone(cluster, node, subscription('orders'));
      expect(await remove(cluster, node, 'orders')).toBe(ERROR.GROUP_SUBSCRIBED_TO_TOPIC);
      expect(await remove(cluster, node, 'others')).toBe(ERROR.NONE);
      expect(await committed(cluster, node)).toBe(4);
      const next = await failOver(cluster, node);
      await cluster.sleep(50);
      const all = await cluster.ask(next, 'offsetFetch', 5, { groupId: 'g', topics: null });
      expect(all.topics.map(({ name }) => name)).toEqual(['orders']);
    });
  });

  test('of members whose metadata nobody understands are kept', async () => {
    await withCoordinators({}, async (cluster) => {
      await cluster.createTopic('orders', 1);
      const node = await coordinatorOf(cluster);
      await commit(cluster, node, 4);
      await joinAlone(cluster, node, bytes('?'));
      expect(await remove(cluster, node, 'orders')).toBe(ERROR.GROUP_SUBSCRIBED_TO_TOPIC);
    });
  });

  test('go with their topic: a new one of its name is read from its start', async () => {
    await withCoordinators({}, async (cluster) => {
      for (const topic of ['orders', 'others']) await cluster.createTopic(topic, 1);
      const node = await coordinatorOf(cluster);
      for (const topic of ['orders', 'others']) await commit(cluster, node, 4, topic);
      cluster.removeTopic('orders');
      await cluster.sleep(20);
      expect(await committed(cluster, node)).toBe(-1);
      const next = await failOver(cluster, node);
      await cluster.sleep(50);
      const all = await cluster.ask(next, 'offsetFetch', 5, { groupId: 'g', topics: null });
      expect(all.topics.map(({ name }) => name)).toEqual(['others']);
    });
  });
});

describe('what goes wrong', () => {
  test('an append that is given up is no commit, and the client may come again', async () => {
    await withCoordinators({}, async (cluster) => {
      await cluster.createTopic('orders', 1);
      const node = await coordinatorOf(cluster);
      cluster.partitions.isHeld = true;
      const committing = commit(cluster, node, 8);
      await cluster.sleep(50);
      cluster.partitions.fail('__consumer_offsets', PARTITION, 'NOT_ENOUGH_REPLICAS_AFTER_APPEND');
      expect(await committing).toBe(ERROR.COORDINATOR_NOT_AVAILABLE);
      expect(await committed(cluster, node)).toBe(-1);
      cluster.partitions.isHeld = false;
      expect(await commit(cluster, node, 9)).toBe(ERROR.NONE);
      expect(await committed(cluster, node)).toBe(9);
    });
  });

  test('records that say nothing sensible are logged and skipped', async () => {
    await withCoordinators({}, async (cluster) => {
      await cluster.createTopic('orders', 1);
      const node = await coordinatorOf(cluster);
      await commit(cluster, node, 3);
      const log = cluster.partitions.find('__consumer_offsets', PARTITION)?.log;
      const append = (batch: Uint8Array): unknown =>
        log?.append(batch, { assignOffsets: true, leaderEpoch: 0 });
      append(batchOf(['no key', '\0\x01x=value', '\0\x01x=']));
      // A batch whose records end too early.
      const broken = batchOf(['k=v']);
      broken[BATCH_HEADER_BYTES] = 120;
      writeInt32(broken, AT.crc, new RecordBatch(broken).computeCrc());
      append(broken);
      expect(await commit(cluster, node, 4)).toBe(ERROR.NONE);
      const next = await failOver(cluster, node);
      await cluster.sleep(50);
      expect(await committed(cluster, next)).toBe(4);
      const complaints = cluster.sim.logs(next).filter((line) => line.includes('skipped'));
      expect(complaints.length).toBe(4);
      expect(cluster.sim.crashes).toEqual([]);
    });
  });

  test('what is too large for a record is refused', async () => {
    await withCoordinators({ properties: ['message.max.bytes=300'] }, async (cluster) => {
      await cluster.createTopic('orders', 1);
      const node = await coordinatorOf(cluster);
      const topics = [
        {
          name: 'orders',
          partitions: Array.from({ length: 20 }, (_, partitionIndex) => ({
            ...{ partitionIndex, committedOffset: 1, committedLeaderEpoch: -1, committedMetadata: null },
          })),
        },
      ];
      const answer = await cluster.ask(node, 'offsetCommit', 7, { ...commitRequest(1), topics });
      expect(answer.topics[0]?.partitions[0]?.errorCode).toBe(ERROR.INVALID_COMMIT_OFFSET_SIZE);
      expect(await commit(cluster, node, 2)).toBe(ERROR.NONE);
    });
  });

  test('the longest names and times do no harm', async () => {
    await withCoordinators({}, async (cluster) => {
      await cluster.createTopic('orders', 1);
      const node = await coordinatorOf(cluster);
      const request = { groupId: 'g', sessionTimeoutMs: 10_000, rebalanceTimeoutMs: 20_000, memberId: '' };
      const protocols = [{ name: 'range', metadata: subscription('orders') }];
      const long = 'x'.repeat(32_767);
      const joined = await cluster.ask(
        ...([node, 'joinGroup', 3] as const),
        { ...request, protocolType: 'consumer', protocols },
        long,
      );
      expect(joined.errorCode).toBe(ERROR.NONE);
      const { memberId, generationId } = joined;
      const synced = await cluster.ask(node, 'syncGroup', 2, {
        ...{ groupId: 'g', generationId, memberId, assignments: [] },
      });
      expect(synced.errorCode).toBe(ERROR.NONE);
      const own = { ...commitRequest(5), generationIdOrMemberEpoch: generationId, memberId };
      const answer = await cluster.ask(node, 'offsetCommit', 4, {
        ...{ ...own, retentionTimeMs: Number.MAX_SAFE_INTEGER },
      });
      expect(answer.topics[0]?.partitions[0]?.errorCode).toBe(ERROR.NONE);
      expect(cluster.sim.crashes).toEqual([]);
    });
  });

  test('the same seed gives the same events', async () => {
    const run = (seed: number): Promise<string> =>
      withCoordinators({ seed }, async (cluster) => {
        await cluster.createTopic('orders', 1);
        const node = await coordinatorOf(cluster);
        await joinAlone(cluster, node);
        await failOver(cluster, node);
        await cluster.sleep(30_000);
        return cluster.sim.eventHash;
      });
    expect(await run(3)).toBe(await run(3));
    expect(await run(3)).not.toBe(await run(4));
  });
});
