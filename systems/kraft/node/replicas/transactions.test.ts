/** Transactions on partitions: markers, read committed, fencing, and what coordinators hear of. */
import { expect, test } from 'vitest';
import { batchOf, idempotent } from '../../log/testing/batches.ts';
import { ERROR } from '../../wire/error-codes.ts';
import type { ReplicaClient } from './testing/replica-client.ts';
import { type ReplicaCluster, withReplicas } from './testing/replica-cluster.ts';

const PROPERTIES = ['replica.fetch.wait.max.ms=100', 'replica.fetch.backoff.ms=50'];

const inCluster = (
  brokers: number,
  body: (cluster: ReplicaCluster, client: ReplicaClient) => Promise<void>,
): Promise<void> =>
  withReplicas({ brokers, properties: PROPERTIES }, async (cluster) => {
    cluster.createTopic('t');
    await cluster.sleep(200);
    await body(cluster, await cluster.client('n1'));
  });

const within = (producerId: number, epoch: number, sequence: number) => ({
  ...idempotent(producerId, epoch, sequence),
  isTransactional: true,
});

async function end(
  client: ReplicaClient,
  producerId: number,
  { epoch = 0, commits = true, coordinatorEpoch = 0, partitions = [0] } = {},
): Promise<number[]> {
  const topics = [{ name: 't', partitionIndexes: partitions }];
  const marker = { producerId, producerEpoch: epoch, transactionResult: commits, topics, coordinatorEpoch };
  const { markers } = await client.request('writeTxnMarkers', 1, { markers: [marker] });
  return markers[0]?.topics[0]?.partitions.map(({ errorCode }) => errorCode) ?? [];
}

test('read committed: nothing of what is open, nothing of what was aborted', async () => {
  await inCluster(1, async (cluster, client) => {
    const committed = async () => {
      const { records, abortedTransactions, lastStableOffset } = await client.fetch('t', 0, 0, {
        isolation: 1,
      });
      return { bytes: records?.length ?? 0, abortedTransactions, lastStableOffset };
    };
    await client.produce('t', 0, ['plain']);
    await client.produce('t', 0, ['a', 'b'], within(7, 0, 0));
    await client.produce('t', 0, ['c'], within(8, 0, 0));
    expect(await committed()).toMatchObject({ abortedTransactions: [], lastStableOffset: 1 });
    expect((await client.records('t', 0, 0)).length).toBe(4);
    expect(await client.listOffsets('t', 0, -1, 1)).toMatchObject({ offset: 1 });
    expect(await client.listOffsets('t', 0, -1, 0)).toMatchObject({ offset: 4 });
    expect(await end(client, 7, { commits: false })).toEqual([0]);
    expect(await committed()).toMatchObject({ lastStableOffset: 3 });
    expect(await end(client, 8)).toEqual([0]);
    expect(await committed()).toMatchObject({
      lastStableOffset: 6,
      abortedTransactions: [{ producerId: 7, firstOffset: 1 }],
    });
    expect(cluster.markers).toEqual(['n1 t-0 7 abort at 4', 'n1 t-0 8 commit at 5']);
  });
});

test('a reader of committed records waits for the marker', async () => {
  await inCluster(1, async (cluster, client) => {
    await client.produce('t', 0, ['a'], within(7, 0, 0));
    const reader = await cluster.client('n1');
    const waiting = reader.fetch('t', 0, 0, { isolation: 1, maxWaitMs: 60_000 });
    await cluster.sleep(100);
    await end(client, 7);
    expect((await waiting).records?.length).toBeGreaterThan(100);
  });
});

test('old producers and old coordinators are fenced; partitions that are not here say so', async () => {
  await inCluster(1, async (_, client) => {
    await client.produce('t', 0, ['a'], within(7, 3, 0));
    expect(await end(client, 7, { epoch: 2 })).toEqual([ERROR.INVALID_PRODUCER_EPOCH]);
    expect(await end(client, 7, { epoch: 3, coordinatorEpoch: 5 })).toEqual([0]);
    expect(await end(client, 7, { epoch: 3, coordinatorEpoch: 4 })).toEqual([
      ERROR.TRANSACTION_COORDINATOR_FENCED,
    ]);
    expect(await client.produce('t', 0, ['b'], within(7, 2, 1))).toMatchObject({
      errorCode: ERROR.INVALID_PRODUCER_EPOCH,
    });
    expect(await end(client, 7, { epoch: 3, coordinatorEpoch: 5, partitions: [0, 4] })).toEqual([
      0,
      ERROR.UNKNOWN_TOPIC_OR_PARTITION,
    ]);
  });
});

test('a new leader knows the transactions that its log speaks of', async () => {
  await inCluster(3, async (cluster, client) => {
    await client.produce('t', 0, ['a'], within(7, 0, 0));
    await client.produce('t', 0, ['b'], within(8, 0, 0));
    await end(client, 8, { commits: false });
    await cluster.sleep(300);
    await cluster.kill(1, { loseUnsynced: true });
    cluster.fence(1);
    await cluster.sleep(300);
    const second = await cluster.client('n2');
    expect(await second.fetch('t', 0, 0, { isolation: 1 })).toMatchObject({ lastStableOffset: 0 });
    expect(await second.produce('t', 0, ['a'], within(7, 0, 0))).toMatchObject({
      errorCode: 0,
      baseOffset: 0,
    });
    expect(await end(second, 7)).toEqual([0]);
    expect(await second.fetch('t', 0, 0, { isolation: 1 })).toMatchObject({
      lastStableOffset: 4,
      abortedTransactions: [{ producerId: 8, firstOffset: 1 }],
    });
    // Each is told once, by who leads when it is below the high watermark.
    expect(cluster.markers).toEqual(['n1 t-0 8 abort at 2', 'n2 t-0 7 commit at 3']);
  });
});

test('coordinators append as producers do', async () => {
  await inCluster(1, async (cluster) => {
    const manager = cluster.manager(1);
    const outcomes: unknown[] = [];
    const append = (partition: number, value: string): void =>
      manager.append(
        { topic: 't', partition, batches: batchOf([value]), acks: -1, timeoutMs: 1000 },
        (outcome) => outcomes.push(outcome),
      );
    append(0, 'a');
    append(3, 'b');
    await cluster.sleep(50);
    expect(outcomes).toEqual([
      { error: 'UNKNOWN_TOPIC_OR_PARTITION', baseOffset: -1 },
      { error: 'NONE', baseOffset: 0 },
    ]);
    expect(manager.leads('t', 0)?.leaderEpoch).toBe(0);
    expect(manager.leads('t', 3)).toBeNull();
  });
});
