/** One broker: produce, fetch and what else clients ask of its partitions. */
import { describe, expect, test } from 'vitest';
import { OFFSETS_TOPIC, TRANSACTIONS_TOPIC } from '../../internal-topics.ts';
import { batchOf, concat, idempotent } from '../../log/testing/batches.ts';
import { AT, ATTRIBUTE, batchAt } from '../../records/batch.ts';
import { CODEC } from '../../records/compression.ts';
import { encodeControlBatch } from '../../records/control.ts';
import { writeInt32 } from '../../records/varint.ts';
import { EARLIEST_TIMESTAMP, LATEST_TIMESTAMP } from '../../wire/api/offsets.ts';
import { ERROR } from '../../wire/error-codes.ts';
import type { ReplicaClient } from './testing/replica-client.ts';
import { ReplicaCluster, type ReplicaClusterOptions, withReplicas } from './testing/replica-cluster.ts';

interface Setup extends ReplicaClusterOptions {
  readonly configs?: Readonly<Record<string, string>>;
}

const withOne = (
  body: (cluster: ReplicaCluster, client: ReplicaClient) => Promise<void>,
  { configs = {}, ...options }: Setup = {},
): Promise<void> =>
  withReplicas({ brokers: 1, ...options }, async (cluster) => {
    cluster.createTopic('t', { configs });
    await cluster.sleep(100);
    await body(cluster, await cluster.client('n1'));
  });

/** Of a batch that was changed after it was made. */
function seal(bytes: Uint8Array): Uint8Array {
  writeInt32(bytes, AT.crc, batchAt(bytes, 0).computeCrc());
  return bytes;
}

describe('produce', () => {
  test('what was produced can be fetched', async () => {
    await withOne(async (cluster, client) => {
      expect(cluster.leaderships).toEqual(['n1 t-0 0']);
      for (const acks of [-1, 1]) {
        expect(await client.produce('t', 0, ['a', 'b'], { acks })).toMatchObject({ errorCode: 0 });
      }
      expect(await client.records('t', 0, 0)).toEqual(['0:a', '1:b', '2:a', '3:b']);
      expect(await client.records('t', 0, 2)).toEqual(['2:a', '3:b']);
      expect(await client.records('t', 0, 4)).toEqual([]);
      expect(await client.produce('t', 1, ['a'])).toMatchObject({
        errorCode: ERROR.UNKNOWN_TOPIC_OR_PARTITION,
      });
    });
  });

  test('with acks=0 there is no answer, and an error ends the connection', async () => {
    await withOne(async (cluster, client) => {
      client.post('t', 0, ['a']);
      await cluster.sleep(20);
      expect(await client.records('t', 0, 0)).toEqual(['0:a']);
      client.post('t', 7, ['b']);
      await expect(client.fetch('t', 0, 0)).rejects.toThrow('connection');
    });
  });

  test('what is no batch is refused with the error that says why', async () => {
    const damaged = batchOf(['a']);
    damaged[66] = 99;
    const countless = batchOf(['a']);
    writeInt32(countless, AT.count, 0);
    const gap = batchOf(['a', 'b']);
    writeInt32(gap, AT.lastOffsetDelta, 5);
    const codec = batchOf(['a']);
    codec[AT.attributes + 1] = 6;
    const old = batchOf(['a']);
    old[AT.magic] = 1;
    const options = { producerId: 7, producerEpoch: 0, isTransactional: true, timestampMs: 1 };
    const control = encodeControlBatch([{ type: 'commit', coordinatorEpoch: 0 }], options);
    const cases: [Uint8Array | null, number, number?][] = [
      [null, ERROR.INVALID_RECORD],
      [new Uint8Array(0), ERROR.INVALID_RECORD],
      [new Uint8Array(40).fill(7), ERROR.INVALID_RECORD],
      [batchOf(['a']).subarray(0, 50), ERROR.CORRUPT_MESSAGE],
      [damaged, ERROR.CORRUPT_MESSAGE],
      [seal(countless), ERROR.INVALID_RECORD],
      [seal(gap), ERROR.INVALID_RECORD],
      [seal(codec), ERROR.UNSUPPORTED_COMPRESSION_TYPE],
      [old, ERROR.INVALID_RECORD],
      [control, ERROR.INVALID_RECORD],
      [concat(batchOf(['a']), batchOf(['b'])), ERROR.INVALID_RECORD],
      [batchOf(['x'.repeat(3000)]), ERROR.MESSAGE_TOO_LARGE],
      [batchOf(['x'.repeat(1500)]), ERROR.RECORD_LIST_TOO_LARGE],
      [batchOf(['a'], { producerId: 5, producerEpoch: 0 }), ERROR.INVALID_RECORD],
      [batchOf(['a'], { isTransactional: true }), ERROR.INVALID_RECORD],
      [batchOf(['a'], { codec: CODEC.zstd }), ERROR.UNSUPPORTED_COMPRESSION_TYPE, 6],
      [batchOf(['a']), ERROR.UNSUPPORTED_FOR_MESSAGE_FORMAT, 2],
    ];
    const configs = { 'max.message.bytes': '2000', 'segment.bytes': '1000' };
    await withOne(
      async (_, client) => {
        for (const [bytes, errorCode, version = 8] of cases) {
          expect(await client.produce('t', 0, [], { bytes, version })).toMatchObject({ errorCode });
        }
        for (const acks of [2, -2]) {
          expect(await client.produce('t', 0, ['a'], { acks })).toMatchObject({
            errorCode: ERROR.INVALID_REQUIRED_ACKS,
          });
        }
        expect(await client.records('t', 0, 0)).toEqual([]);
      },
      { configs },
    );
  });

  test('records that no reader gets past are refused, with a right checksum, too', async () => {
    const bogus = batchOf(['value', 'value']);
    bogus.fill(0xff, AT.records);
    const jump = batchOf(['a', 'b']);
    jump[AT.records + 3] = 2;
    const three = batchOf(['a', 'b']);
    writeInt32(three, AT.count, 3);
    writeInt32(three, AT.lastOffsetDelta, 2);
    const unzipped = batchOf(['value']);
    unzipped[AT.attributes + 1] = CODEC.gzip;
    const bomb = batchOf(['\0'.repeat(32 * 1024 * 1024)], { codec: CODEC.gzip });
    expect(bomb.length).toBeLessThan(50_000);
    await withOne(async (_, client) => {
      for (const bytes of [bogus, jump, three, unzipped]) {
        expect(await client.produce('t', 0, [], { bytes: seal(bytes) })).toMatchObject({
          errorCode: ERROR.INVALID_RECORD,
        });
      }
      expect(await client.produce('t', 0, [], { bytes: bomb })).toMatchObject({
        errorCode: ERROR.MESSAGE_TOO_LARGE,
      });
      expect(await client.produce('t', 0, ['good'], { codec: CODEC.gzip })).toMatchObject({ errorCode: 0 });
      expect(await client.records('t', 0, 0)).toEqual(['0:good']);
    });
  });

  test.each([OFFSETS_TOPIC, TRANSACTIONS_TOPIC])('%s is not for clients', async (topic) => {
    await withOne(async (cluster, client) => {
      cluster.createTopic(topic, { configs: { 'cleanup.policy': 'compact' } });
      await cluster.sleep(100);
      expect(await client.produce(topic, 0, ['k=v'])).toMatchObject({
        errorCode: ERROR.INVALID_TOPIC_EXCEPTION,
        baseOffset: -1,
      });
      // But for its coordinators, and for whoever repairs it by hand and says so.
      const request = { topic, partition: 0, batches: batchOf(['k=w']), acks: -1, timeoutMs: 1000 } as const;
      const outcome = await new Promise((resolve) => cluster.manager(1).append(request, resolve));
      expect(outcome).toEqual({ error: 'NONE', baseOffset: 0 });
      const admin = (await cluster.client('n1')).as('__admin_client');
      expect(await admin.produce(topic, 0, ['k='])).toMatchObject({ errorCode: 0, baseOffset: 1 });
      expect(await client.records(topic, 0, 0)).toEqual(['0:k=w', '1:k=']);
      const topics = [{ name: topic, partitions: [{ partitionIndex: 0, offset: 1 }] }];
      const deleted = await client.request('deleteRecords', 1, { topics, timeoutMs: 1000 });
      expect(deleted.topics[0]?.partitions).toMatchObject([{ errorCode: ERROR.INVALID_TOPIC_EXCEPTION }]);
    });
  });

  test('an idempotent producer: a duplicate has the first answer, gaps and old epochs are refused', async () => {
    await withOne(async (_, client) => {
      const send = (epoch: number, sequence: number) =>
        client.produce('t', 0, ['a', 'b'], idempotent(9, epoch, sequence));
      expect(await send(0, 0)).toMatchObject({ errorCode: 0, baseOffset: 0 });
      expect(await send(0, 2)).toMatchObject({ errorCode: 0, baseOffset: 2 });
      expect(await send(0, 0)).toMatchObject({ errorCode: 0, baseOffset: 0 });
      expect(await send(0, 9)).toMatchObject({ errorCode: ERROR.OUT_OF_ORDER_SEQUENCE_NUMBER });
      expect(await send(1, 0)).toMatchObject({ errorCode: 0, baseOffset: 4 });
      expect(await send(0, 4)).toMatchObject({ errorCode: ERROR.INVALID_PRODUCER_EPOCH });
    });
  });

  test('a compacted topic needs keys', async () => {
    await withOne(
      async (_, client) => {
        expect(await client.produce('t', 0, ['a'])).toMatchObject({ errorCode: ERROR.INVALID_RECORD });
        expect(await client.produce('t', 0, ['k=a'])).toMatchObject({ errorCode: 0 });
        const bytes = batchOf(['k=a']);
        bytes.fill(0xff, AT.records);
        expect(await client.produce('t', 0, [], { bytes: seal(bytes) })).toMatchObject({
          errorCode: ERROR.INVALID_RECORD,
        });
      },
      { configs: { 'cleanup.policy': 'compact' } },
    );
  });

  test('a batch that claims another largest time than its records have is put right', async () => {
    await withOne(async (_, client) => {
      const lying = batchOf(['a'], { timestampMs: 1000, maxTimestamp: 9_000_000_000_000 });
      lying[AT.attributes + 1] = ATTRIBUTE.logAppendTime;
      expect(await client.produce('t', 0, [], { bytes: seal(lying) })).toMatchObject({ errorCode: 0 });
      const stored = batchAt((await client.fetch('t', 0, 0)).records as Uint8Array, 0);
      expect([stored.isValid(), stored.maxTimestamp, stored.timestampType]).toEqual([
        true,
        1000,
        'create-time',
      ]);
      await client.produce('t', 0, ['b'], { timestampMs: 2000 });
      expect(await client.listOffsets('t', 0, 1500)).toMatchObject({ offset: 1, timestamp: 2000 });
    });
  });

  test('LogAppendTime: the log says when', async () => {
    await withOne(
      async (_, client) => {
        const { logAppendTimeMs } = await client.produce('t', 0, ['a'], { timestampMs: 5 });
        expect(logAppendTimeMs).toBeGreaterThan(1e12);
        const { records } = await client.fetch('t', 0, 0);
        expect(batchAt(records as Uint8Array, 0).maxTimestamp).toBe(logAppendTimeMs);
      },
      { configs: { 'message.timestamp.type': 'LogAppendTime' } },
    );
  });

  test('flush.messages=1: what is acknowledged survives the loss of power', async () => {
    const left: Record<string, number> = { 1: 0, 1000: 0 };
    for (const messages of [1, 1000]) {
      for (let seed = 1; seed <= 5; seed++) {
        await withOne(
          async (cluster, client) => {
            for (let i = 0; i < 4; i++) await client.produce('t', 0, [`v${i}`], { acks: 1 });
            await cluster.kill(1, { loseUnsynced: true });
            await cluster.restart(1);
            const again = await cluster.client('n1');
            left[messages]! += (await again.records('t', 0, 0)).length;
          },
          { configs: { 'flush.messages': String(messages) }, seed },
        );
      }
    }
    expect(left[1]).toBe(20);
    expect(left[1000]).toBeLessThan(20);
  });
});

describe('fetch', () => {
  test('waits for enough, and not longer than it says', async () => {
    await withOne(async (cluster, client) => {
      const begun = cluster.nowMs;
      expect(await client.records('t', 0, 0, { maxWaitMs: 300 })).toEqual([]);
      expect(cluster.nowMs - begun).toBeGreaterThanOrEqual(300);
      const other = await cluster.client('n1');
      const waiting = client.records('t', 0, 0, { maxWaitMs: 10_000 });
      await cluster.sleep(50);
      await other.produce('t', 0, ['a']);
      expect(await waiting).toEqual(['0:a']);
      expect(cluster.nowMs - begun).toBeLessThan(1000);
      const patient = client.records('t', 0, 1, { maxWaitMs: 10_000, minBytes: 150 });
      await other.produce('t', 0, ['b']);
      await cluster.sleep(100);
      await other.produce('t', 0, ['c']);
      await other.produce('t', 0, ['d']);
      expect((await patient).length).toBeGreaterThanOrEqual(2);
    });
  });

  test('hears of what is new, also after records were deleted while one waited', async () => {
    await withOne(async (cluster, client) => {
      await client.produce('t', 0, ['a']);
      const other = await cluster.client('n1');
      for (let offset = 1; offset < 4; offset++) {
        const waiting = client.records('t', 0, offset, { maxWaitMs: 10_000 });
        await cluster.sleep(50);
        const topics = [{ name: 't', partitions: [{ partitionIndex: 0, offset }] }];
        await other.request('deleteRecords', 1, { topics, timeoutMs: 1000 });
        const begun = cluster.nowMs;
        await other.produce('t', 0, ['b']);
        expect(await waiting).toEqual([`${offset}:b`]);
        expect(cluster.nowMs - begun).toBeLessThan(1000);
      }
    });
  });

  test('of many partitions, the first that has something answers for all', async () => {
    const cluster = new ReplicaCluster({ brokers: 1 });
    await cluster.run(async () => {
      await cluster.start();
      cluster.createTopic('many', { partitions: 5 });
      await cluster.sleep(200);
      const client = await cluster.client('n1');
      const other = await cluster.client('n1');
      const waiting = client.fetchMany('many', [0, 1, 2, 3, 4], { maxWaitMs: 60_000 });
      await cluster.sleep(100);
      await other.produce('many', 3, ['x']);
      expect((await waiting).map(({ records }) => records?.length === 0)).toEqual([
        true,
        true,
        true,
        false,
        true,
      ]);
      const begun = cluster.nowMs;
      const wrong = await client.fetchMany('many', [0, 9], { maxWaitMs: 60_000 });
      expect(wrong.map(({ errorCode }) => errorCode)).toEqual([0, ERROR.UNKNOWN_TOPIC_OR_PARTITION]);
      expect(cluster.nowMs - begun).toBeLessThan(100);
    });
  });

  test('one batch at least, whatever the limits; of others only what fits', async () => {
    const cluster = new ReplicaCluster({ brokers: 1 });
    await cluster.run(async () => {
      await cluster.start();
      cluster.createTopic('many', { partitions: 2 });
      await cluster.sleep(200);
      const client = await cluster.client('n1');
      for (const index of [0, 1]) {
        for (let i = 0; i < 3; i++) await client.produce('many', index, ['x'.repeat(500)]);
      }
      const sizes = async (maxBytes: number, partitionMaxBytes: number): Promise<number[]> =>
        (await client.fetchMany('many', [0, 1], { maxBytes, partitionMaxBytes })).map(({ records }) =>
          Math.round((records?.length ?? 0) / 570),
        );
      expect(await sizes(10, 1 << 20)).toEqual([1, 0]);
      expect(await sizes(1 << 20, 10)).toEqual([1, 0]);
      expect(await sizes(1 << 20, 1200)).toEqual([2, 2]);
      expect(await sizes(1 << 20, 1 << 20)).toEqual([3, 3]);
      expect(await sizes(2000, 1 << 20)).toEqual([3, 0]);
    });
  });

  test('offsets and epochs that are not there', async () => {
    await withOne(async (_, client) => {
      await client.produce('t', 0, ['a']);
      for (const offset of [2, -1]) {
        expect(await client.fetch('t', 0, offset)).toMatchObject({ errorCode: ERROR.OFFSET_OUT_OF_RANGE });
      }
      expect(await client.fetch('t', 0, 0, { leaderEpoch: 9 })).toMatchObject({
        errorCode: ERROR.UNKNOWN_LEADER_EPOCH,
      });
    });
  });

  test('a session is not remembered', async () => {
    await withOne(async (_, client) => {
      const body = { maxWaitMs: 0, minBytes: 0, sessionId: 5, topics: [], forgottenTopicsData: [] };
      expect(await client.request('fetch', 11, body)).toMatchObject({
        errorCode: ERROR.FETCH_SESSION_ID_NOT_FOUND,
      });
    });
  });
});

describe('offsets', () => {
  test('earliest, latest, by time', async () => {
    await withOne(async (_, client) => {
      for (const timestampMs of [1000, 2000, 3000]) await client.produce('t', 0, ['a', 'b'], { timestampMs });
      const at = async (timestamp: number): Promise<number[]> => {
        const { errorCode, offset, timestamp: found } = await client.listOffsets('t', 0, timestamp);
        return [errorCode, offset, found];
      };
      expect(await at(EARLIEST_TIMESTAMP)).toEqual([0, 0, -1]);
      expect(await at(LATEST_TIMESTAMP)).toEqual([0, 6, -1]);
      expect(await at(1500)).toEqual([0, 2, 2000]);
      expect(await at(9000)).toEqual([0, -1, -1]);
      expect(await at(-9)).toEqual([ERROR.UNSUPPORTED_VERSION, -1, -1]);
    });
  });

  test('the end of an epoch', async () => {
    await withOne(async (_, client) => {
      await client.produce('t', 0, ['a', 'b']);
      const ask = async (currentLeaderEpoch: number, leaderEpoch: number) => {
        const partitions = [{ partition: 0, currentLeaderEpoch, leaderEpoch }];
        const { topics } = await client.request('offsetForLeaderEpoch', 3, {
          topics: [{ topic: 't', partitions }],
        });
        return topics[0]?.partitions[0];
      };
      expect(await ask(0, 0)).toMatchObject({ errorCode: 0, leaderEpoch: 0, endOffset: 2 });
      expect(await ask(0, 5)).toMatchObject({ errorCode: 0, leaderEpoch: -1, endOffset: -1 });
      expect(await ask(3, 0)).toMatchObject({ errorCode: ERROR.UNKNOWN_LEADER_EPOCH });
    });
  });

  test('records are deleted', async () => {
    await withOne(async (_, client) => {
      await client.produce('t', 0, ['a']);
      await client.produce('t', 0, ['b']);
      const remove = async (offset: number) => {
        const topics = [{ name: 't', partitions: [{ partitionIndex: 0, offset }] }];
        const answer = await client.request('deleteRecords', 1, { topics, timeoutMs: 1000 });
        return answer.topics[0]?.partitions[0];
      };
      expect(await remove(9)).toMatchObject({ errorCode: ERROR.OFFSET_OUT_OF_RANGE });
      expect(await remove(1)).toMatchObject({ errorCode: 0, lowWatermark: 1 });
      expect(await client.fetch('t', 0, 0)).toMatchObject({
        errorCode: ERROR.OFFSET_OUT_OF_RANGE,
        logStartOffset: 1,
      });
      expect(await remove(-1)).toMatchObject({ errorCode: 0, lowWatermark: 2 });
      expect(await client.listOffsets('t', 0, EARLIEST_TIMESTAMP)).toMatchObject({ offset: 2 });
    });
  });

  test('log directories', async () => {
    await withOne(async (_, client) => {
      await client.produce('t', 0, ['a']);
      const all = await client.request('describeLogDirs', 1, { topics: null });
      expect(all.results).toMatchObject([
        { topics: [{ name: 't', partitions: [{ partitionIndex: 0, partitionSize: 69 }] }] },
      ]);
      const none = await client.request('describeLogDirs', 1, { topics: [{ topic: 'u', partitions: [0] }] });
      expect(none.results).toMatchObject([{ topics: [] }]);
    });
  });
});
