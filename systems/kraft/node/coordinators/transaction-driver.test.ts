/** Transactions end to end: requests over a simulated network, markers between brokers, brokers that take over. */
import { describe, expect, test } from 'vitest';
import { readBatches } from '../../records/batch.ts';
import { decodeControlBatch } from '../../records/control.ts';
import { ERROR } from '../../wire/error-codes.ts';
import type { CoordinatorCluster } from './testing/coordinator-cluster.ts';
import { withCoordinators } from './testing/coordinator-cluster.ts';

interface Producer {
  readonly node: string;
  readonly producerId: number;
  readonly producerEpoch: number;
}

const NAMES = ['n1', 'n2', 'n3'];

/** Of the two partitions of each internal topic: where `t` and `g` live. */
const PARTITION_OF = { t: 0, g: 1 };

async function coordinatorOf(cluster: CoordinatorCluster, key: string, keyType: number): Promise<string> {
  for (let i = 0; i < 100; i++) {
    const found = await cluster.ask('n1', 'findCoordinator', 2, { key, keyType });
    if (found.errorCode === ERROR.NONE) return found.host;
    await cluster.sleep(10);
  }
  throw new Error('no coordinator');
}

const init = (cluster: CoordinatorCluster, node: string, transactionalId: string | null = 't') =>
  cluster.ask(node, 'initProducerId', 1, { transactionalId, transactionTimeoutMs: 20_000 }, 'init');

/** Comes again while the coordinator is busy, as clients do. */
async function producer(cluster: CoordinatorCluster, node: string): Promise<Producer> {
  for (let i = 0; i < 200; i++) {
    const { errorCode, producerId, producerEpoch } = await init(cluster, node);
    if (errorCode === ERROR.NONE) return { node, producerId, producerEpoch };
    expect([ERROR.CONCURRENT_TRANSACTIONS, ERROR.COORDINATOR_LOAD_IN_PROGRESS]).toContain(errorCode);
    await cluster.sleep(20);
  }
  throw new Error('no producer id');
}

async function add(
  cluster: CoordinatorCluster,
  { node, ...claim }: Producer,
  partitions: readonly number[],
  topic = 'orders',
): Promise<readonly number[]> {
  const answer = await cluster.ask(node, 'addPartitionsToTxn', 2, {
    ...{ transactionalId: 't', ...claim },
    topics: [{ name: topic, partitions }],
  });
  return answer.resultsByTopic.flatMap(({ resultsByPartition }) =>
    resultsByPartition.map(({ partitionErrorCode }) => partitionErrorCode),
  );
}

async function end(cluster: CoordinatorCluster, { node, ...claim }: Producer, committed: boolean) {
  const request = { transactionalId: 't', ...claim, committed };
  return (await cluster.ask(node, 'endTxn', 2, request, 'end')).errorCode;
}

/** As `commit 1/0`: what, for which producer and epoch. */
async function markersIn(
  cluster: CoordinatorCluster,
  partition: number,
  topic = 'orders',
): Promise<string[]> {
  const log = cluster.partitions.find(topic, partition)?.log;
  if (log === undefined) return [];
  const batches = [...readBatches(await log.read(0, 1 << 20))];
  return batches
    .filter(({ isControl }) => isControl)
    .map((batch) => {
      const type = decodeControlBatch(batch)[0]?.type ?? 'nothing';
      return `${type} ${batch.producerId}/${batch.producerEpoch}`;
    });
}

async function commitOffset(cluster: CoordinatorCluster, from: Producer, offset: number): Promise<number> {
  const node = await coordinatorOf(cluster, 'g', 0);
  const { producerId, producerEpoch } = from;
  const added = await cluster.ask(from.node, 'addOffsetsToTxn', 2, {
    ...{ transactionalId: 't', groupId: 'g', producerId, producerEpoch },
  });
  expect(added.errorCode).toBe(ERROR.NONE);
  const { topics } = await cluster.ask(node, 'txnOffsetCommit', 3, {
    ...{ transactionalId: 't', groupId: 'g', producerId, producerEpoch },
    ...{ generationId: -1, memberId: '', groupInstanceId: null },
    topics: [
      {
        name: 'orders',
        partitions: [
          { partitionIndex: 0, committedOffset: offset, committedLeaderEpoch: -1, committedMetadata: null },
        ],
      },
    ],
  });
  return topics[0]?.partitions[0]?.errorCode ?? -1;
}

async function fetchedOffset(cluster: CoordinatorCluster, version: number, requireStable: boolean) {
  const node = await coordinatorOf(cluster, 'g', 0);
  const topics = [{ name: 'orders', partitionIndexes: [0] }];
  const answer = await cluster.ask(node, 'offsetFetch', version, { groupId: 'g', topics, requireStable });
  expect(answer.errorCode).toBe(ERROR.NONE);
  return answer.topics[0]?.partitions[0];
}

const committedOffset = async (cluster: CoordinatorCluster): Promise<number | undefined> =>
  (await fetchedOffset(cluster, 5, false))?.committedOffset;

/** As who goes on from it asks. */
const stableOffset = (cluster: CoordinatorCluster) => fetchedOffset(cluster, 7, true);
const UNSTABLE = { committedOffset: -1, errorCode: ERROR.UNSTABLE_OFFSET_COMMIT };

async function begun(cluster: CoordinatorCluster): Promise<Producer> {
  await cluster.createTopic('orders', 3);
  return producer(cluster, await coordinatorOf(cluster, 't', 1));
}

async function failOver(
  cluster: CoordinatorCluster,
  from: string,
  topic = '__transaction_state',
): Promise<string> {
  const [name, id] = from === 'n1' ? ['n2', 2] : ['n1', 1];
  const partition = topic === '__transaction_state' ? PARTITION_OF.t : PARTITION_OF.g;
  await cluster.partitions.lead(topic, partition, id, 'lose');
  return name;
}

describe('a transaction', () => {
  test('its topic is created as the properties say', async () => {
    await withCoordinators({}, async (cluster) => {
      await coordinatorOf(cluster, 't', 1);
      expect(cluster.created[0]).toMatchObject({ name: '__transaction_state', numPartitions: 2 });
      expect(
        Object.fromEntries(cluster.created[0]?.configs.map(({ name, value }) => [name, value]) ?? []),
      ).toEqual({
        'cleanup.policy': 'compact',
        'compression.type': 'uncompressed',
        'min.insync.replicas': '1',
        'segment.bytes': '104857600',
        'unclean.leader.election.enable': 'false',
      });
    });
  });

  test('commits, aborts, and its markers are in every partition, whoever leads it', async () => {
    await withCoordinators({}, async (cluster) => {
      const mine = await begun(cluster);
      expect(await add(cluster, mine, [0, 1])).toEqual([ERROR.NONE, ERROR.NONE]);
      expect(await end(cluster, mine, true)).toBe(ERROR.NONE);
      await cluster.sleep(100);
      expect(await add(cluster, mine, [1, 2])).toEqual([ERROR.NONE, ERROR.NONE]);
      expect(await end(cluster, mine, false)).toBe(ERROR.NONE);
      await cluster.sleep(100);
      const name = `${mine.producerId}/0`;
      expect(await markersIn(cluster, 0)).toEqual([`commit ${name}`]);
      expect(await markersIn(cluster, 1)).toEqual([`commit ${name}`, `abort ${name}`]);
      expect(await markersIn(cluster, 2)).toEqual([`abort ${name}`]);
    });
  });

  test('takes no partition that is not there; the others of the request are not attempted', async () => {
    await withCoordinators({}, async (cluster) => {
      const mine = await begun(cluster);
      const { OPERATION_NOT_ATTEMPTED, UNKNOWN_TOPIC_OR_PARTITION } = ERROR;
      expect(await add(cluster, mine, [0, 3])).toEqual([OPERATION_NOT_ATTEMPTED, UNKNOWN_TOPIC_OR_PARTITION]);
      expect(await add(cluster, mine, [0], 'nothing')).toEqual([UNKNOWN_TOPIC_OR_PARTITION]);
      for (const topic of ['__consumer_offsets', '__transaction_state']) {
        expect(await add(cluster, mine, [0], topic)).toEqual([ERROR.TOPIC_AUTHORIZATION_FAILED]);
      }
      expect(await end(cluster, mine, true)).toBe(ERROR.INVALID_TXN_STATE);
    });
  });

  test('takes no partition that Raft replicates', async () => {
    await withCoordinators({}, async (cluster) => {
      const mine = await begun(cluster);
      cluster.setConfig('orders', 'replication.protocol', 'raft');
      expect(await add(cluster, mine, [0])).toEqual([ERROR.POLICY_VIOLATION]);
    });
  });

  test('a second process fences the first, whose transaction is aborted', async () => {
    await withCoordinators({}, async (cluster) => {
      const zombie = await begun(cluster);
      await add(cluster, zombie, [0]);
      const mine = await producer(cluster, zombie.node);
      expect(mine.producerId).toBe(zombie.producerId);
      expect(mine.producerEpoch).toBeGreaterThan(zombie.producerEpoch);
      expect(await end(cluster, zombie, true)).toBe(ERROR.PRODUCER_FENCED);
      expect(await markersIn(cluster, 0)).toEqual([`abort ${zombie.producerId}/1`]);
    });
  });

  test('open for too long, it is aborted', async () => {
    await withCoordinators({}, async (cluster) => {
      const mine = await begun(cluster);
      await add(cluster, mine, [2]);
      await cluster.sleep(19_000);
      expect(await markersIn(cluster, 2)).toEqual([]);
      await cluster.sleep(12_000);
      expect(await markersIn(cluster, 2)).toEqual([`abort ${mine.producerId}/1`]);
    });
  });

  test('producers without a transactional id get ids of any broker, and of blocks that never meet', async () => {
    await withCoordinators({}, async (cluster) => {
      const told: unknown[] = [];
      cluster.sim.onTrace(({ node, event }) => {
        if (event.kind === 'producer-ids') told.push([node, event.firstId, event.count]);
      });
      const ids = [];
      for (const node of ['n1', 'n2', 'n1', 'n2']) ids.push((await init(cluster, node, null)).producerId);
      expect(ids).toEqual([0, 1000, 1, 1001]);
      // Whoever reads the trace sees that they do not.
      expect(told).toEqual([
        ['n1', 0, 1000],
        ['n2', 1000, 1000],
      ]);
    });
  });

  test('without a controller there are no producer ids: come again', async () => {
    await withCoordinators({}, async (cluster) => {
      cluster.hasController = false;
      expect((await init(cluster, 'n1', null)).errorCode).toBe(ERROR.COORDINATOR_LOAD_IN_PROGRESS);
      cluster.hasController = true;
      expect((await init(cluster, 'n1', null)).errorCode).toBe(ERROR.NONE);
    });
  });
});

describe('offsets of a group in a transaction', () => {
  test('count from the marker on, and only if it commits', async () => {
    await withCoordinators({}, async (cluster) => {
      const mine = await begun(cluster);
      expect(await commitOffset(cluster, mine, 5)).toBe(ERROR.NONE);
      expect(await committedOffset(cluster)).toBe(-1);
      expect(await end(cluster, mine, true)).toBe(ERROR.NONE);
      await cluster.sleep(100);
      expect(await committedOffset(cluster)).toBe(5);
      expect(await commitOffset(cluster, mine, 9)).toBe(ERROR.NONE);
      expect(await commitOffset(cluster, mine, 10)).toBe(ERROR.NONE);
      expect(await end(cluster, mine, false)).toBe(ERROR.NONE);
      await cluster.sleep(100);
      expect(await committedOffset(cluster)).toBe(5);
    });
  });

  test('a coordinator that takes over finds the markers in their places', async () => {
    await withCoordinators({}, async (cluster) => {
      const mine = await begun(cluster);
      await commitOffset(cluster, mine, 5);
      await end(cluster, mine, true);
      await cluster.sleep(100);
      await commitOffset(cluster, mine, 9);
      const node = await coordinatorOf(cluster, 'g', 0);
      await failOver(cluster, node, '__consumer_offsets');
      await cluster.sleep(50);
      expect(await coordinatorOf(cluster, 'g', 0)).not.toBe(node);
      expect(await committedOffset(cluster)).toBe(5);
      expect(await fetchedOffset(cluster, 7, false)).toMatchObject({ committedOffset: 5, errorCode: 0 });
      expect(await stableOffset(cluster)).toMatchObject(UNSTABLE);
      await end(cluster, mine, true);
      await cluster.sleep(100);
      expect(await committedOffset(cluster)).toBe(9);
      expect(await stableOffset(cluster)).toMatchObject({ committedOffset: 9, errorCode: 0 });
    });
  });
});

describe('another broker takes over', () => {
  test('it completes what was decided', async () => {
    await withCoordinators({}, async (cluster) => {
      const mine = await begun(cluster);
      await add(cluster, mine, [0, 1]);
      // The markers cannot leave: nobody leads.
      for (const partition of [0, 1]) await cluster.partitions.lead('orders', partition, -1, 'keep');
      expect(await end(cluster, mine, true)).toBe(ERROR.NONE);
      await cluster.sleep(500);
      const node = await failOver(cluster, mine.node);
      for (const partition of [0, 1]) await cluster.partitions.lead('orders', partition, 2, 'keep');
      await cluster.sleep(500);
      for (const partition of [0, 1]) {
        const found = await markersIn(cluster, partition);
        expect(found.length).toBeGreaterThan(0);
        expect(new Set(found)).toEqual(new Set([`commit ${mine.producerId}/0`]));
      }
      const again = { ...mine, node };
      expect(await end(cluster, again, true)).toBe(ERROR.NONE);
      expect(await add(cluster, again, [2])).toEqual([ERROR.NONE]);
      expect(await end(cluster, mine, true)).toBe(ERROR.NOT_COORDINATOR);
    });
  });

  test('a leader that does not answer holds up nobody once it is fenced', async () => {
    await withCoordinators({ brokers: 3 }, async (cluster) => {
      const mine = await begun(cluster);
      const index = NAMES.findIndex((name) => name !== mine.node);
      const silent = NAMES[index] as string;
      await add(cluster, mine, [index]);
      await cluster.sim.pause(silent);
      expect(await end(cluster, mine, true)).toBe(ERROR.NONE);
      await cluster.sleep(3_000);
      const coordinator = NAMES.indexOf(mine.node) + 1;
      cluster.fence(index + 1);
      await cluster.partitions.lead('orders', index, coordinator, 'keep');
      await cluster.sleep(500);
      expect(await markersIn(cluster, index)).toEqual([`commit ${mine.producerId}/0`]);
      expect(await add(cluster, mine, [index])).toEqual([ERROR.NONE]);
    });
  });

  test('markers are sent again by a clock that does not jump', async () => {
    await withCoordinators({}, async (cluster) => {
      const mine = await begun(cluster);
      await add(cluster, mine, [1]);
      await cluster.partitions.lead('orders', 1, -1, 'keep');
      expect(await end(cluster, mine, true)).toBe(ERROR.NONE);
      await cluster.sleep(200);
      await cluster.sim.bumpClock(mine.node, -3_600_000);
      await cluster.partitions.lead('orders', 1, 2, 'keep');
      await cluster.sleep(500);
      expect(await markersIn(cluster, 1)).toEqual([`commit ${mine.producerId}/0`]);
    });
  });

  test('many transactions at once: each ends as it was decided', async () => {
    await withCoordinators({}, async (cluster) => {
      await begun(cluster);
      const ids = Array.from({ length: 20 }, (_, i) => `many-${i}`);
      const producers = await Promise.all(
        ids.map(async (transactionalId) => {
          const node = await coordinatorOf(cluster, transactionalId, 1);
          const { producerId, producerEpoch } = await init(cluster, node, transactionalId);
          return { node, claim: { transactionalId, producerId, producerEpoch } };
        }),
      );
      const topics = [{ name: 'orders', partitions: [0, 1, 2] }];
      await Promise.all(
        producers.map(({ node, claim }, i) =>
          cluster.ask(node, 'addPartitionsToTxn', 2, { ...claim, topics }, `client-${i}`),
        ),
      );
      await Promise.all(
        producers.map(({ node, claim }, i) =>
          cluster.ask(node, 'endTxn', 2, { ...claim, committed: i % 3 > 0 }, `client-${i}`),
        ),
      );
      await cluster.sleep(500);
      const expected = producers.map(
        ({ claim }, i) => `${i % 3 > 0 ? 'commit' : 'abort'} ${claim.producerId}/0`,
      );
      for (const partition of [0, 1, 2]) {
        expect((await markersIn(cluster, partition)).sort()).toEqual([...expected].sort());
      }
    });
  });

  test('markers of a deleted topic are not waited for', async () => {
    await withCoordinators({}, async (cluster) => {
      const mine = await begun(cluster);
      await cluster.createTopic('gone', 1);
      await add(cluster, mine, [0], 'gone');
      await add(cluster, mine, [0]);
      cluster.removeTopic('gone');
      expect(await end(cluster, mine, true)).toBe(ERROR.NONE);
      await cluster.sleep(200);
      expect(await markersIn(cluster, 0)).toEqual([`commit ${mine.producerId}/0`]);
      expect(await add(cluster, mine, [1])).toEqual([ERROR.NONE]);
    });
  });

  test('a lost append of a decision leaves the transaction open', async () => {
    await withCoordinators({}, async (cluster) => {
      const mine = await begun(cluster);
      await add(cluster, mine, [0]);
      cluster.partitions.isHeld = true;
      const ending = end(cluster, mine, true);
      await cluster.sleep(50);
      const node = await failOver(cluster, mine.node);
      cluster.partitions.isHeld = false;
      expect(await ending).toBe(ERROR.NOT_COORDINATOR);
      await cluster.sleep(100);
      expect(await markersIn(cluster, 0)).toEqual([]);
      expect(await end(cluster, { ...mine, node }, false)).toBe(ERROR.NONE);
      await cluster.sleep(100);
      expect(await markersIn(cluster, 0)).toEqual([`abort ${mine.producerId}/0`]);
    });
  });
});
