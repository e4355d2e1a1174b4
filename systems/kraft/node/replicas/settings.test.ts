/** What `server.properties` and dynamic configurations do to the logs of a broker. */
import { describe, expect, test } from 'vitest';
import { readBatches } from '../../records/batch.ts';
import { CODEC } from '../../records/compression.ts';
import { ERROR } from '../../wire/error-codes.ts';
import { withReplicas, type ReplicaCluster } from './testing/replica-cluster.ts';
import type { ReplicaClient } from './testing/replica-client.ts';

const SMALL_SEGMENTS = { configs: { 'segment.bytes': '200' } };
const RECORDS = 10;
/** How long records must lie before retention sees that they are old, and its round has come. */
const LONG_MS = 8000;

async function fill(cluster: ReplicaCluster, client: ReplicaClient): Promise<void> {
  const timestampMs = cluster.wallMs;
  for (let i = 0; i < RECORDS; i++) await client.produce('t', 0, [`v${i}`], { timestampMs });
}

const logStart = async (client: ReplicaClient): Promise<number> =>
  (await client.listOffsets('t', 0, -2)).offset;

describe('retention', () => {
  const EVERY_SECOND = 'log.retention.check.interval.ms=1000';

  test.each([
    { line: 'log.retention.ms=2000', from: RECORDS },
    { line: 'log.retention.ms=3600000', from: 0 },
  ])('$line of the file', async ({ line, from }) => {
    await withReplicas({ brokers: 1, properties: [EVERY_SECOND, line] }, async (cluster) => {
      const client = await cluster.serve('t', SMALL_SEGMENTS);
      await fill(cluster, client);
      await cluster.sleep(LONG_MS);
      expect(await logStart(client)).toBe(from);
    });
  });

  test('what was set for a broker counts there, more than what was set for all, and nowhere else', async () => {
    await withReplicas({ brokers: 2, properties: [EVERY_SECOND] }, async (cluster) => {
      const client = await cluster.serve('t', SMALL_SEGMENTS);
      await fill(cluster, client);
      cluster.setBrokerConfig('2', 'log.retention.ms', '2000');
      await cluster.sleep(LONG_MS);
      expect(await logStart(client)).toBe(0);
      cluster.setBrokerConfig('', 'log.retention.ms', '3600000');
      cluster.setBrokerConfig('1', 'log.retention.ms', '2000');
      await cluster.sleep(2000);
      expect(await logStart(client)).toBe(RECORDS);
    });
  });
});

describe('flushes', () => {
  const SHORT = 500;
  const LONG = 2500;
  test.each([
    { lines: [], after: [0, 0] },
    { lines: ['log.flush.interval.ms=1000'], after: [0, 1] },
    { lines: ['log.flush.interval.messages=1'], after: [1, 1] },
    // Looked at only so often; it is also what the interval is by default.
    { lines: ['log.flush.interval.ms=10', 'log.flush.scheduler.interval.ms=2000'], after: [0, 1] },
    { lines: ['log.flush.scheduler.interval.ms=1000'], after: [0, 1] },
  ])('with $lines', async ({ lines: properties, after }) => {
    await withReplicas({ brokers: 1, properties }, async (cluster) => {
      const client = await cluster.serve('t');
      await client.produce('t', 0, ['v']);
      const durable: (number | undefined)[] = [];
      for (const ms of [SHORT, LONG - SHORT]) {
        await cluster.sleep(ms);
        durable.push(cluster.manager(1).leads('t', 0)?.log.durableEndOffset);
      }
      expect(durable).toEqual(after);
    });
  });
});

describe('times of records, as their producers say them', () => {
  const HOUR = 3_600_000;
  const AFTER = 'log.message.timestamp.after.max.ms';
  const BEFORE = 'message.timestamp.before.max.ms';
  const refused = ERROR.INVALID_TIMESTAMP;

  test.each([
    {
      of: 'an hour ahead',
      lines: [],
      configs: {},
      takes: [-1e12, -1, 0, HOUR - 9],
      refuses: [HOUR + 9, 1e12, 2 ** 60],
    },
    {
      of: 'by the file and the topic',
      lines: [`${AFTER}=1000`],
      configs: { [BEFORE]: '2000' },
      takes: [-1900, 900],
      refuses: [-2100, 1100],
    },
    {
      of: 'LogAppendTime',
      lines: [],
      configs: { 'message.timestamp.type': 'LogAppendTime', [BEFORE]: '1' },
      takes: [-HOUR, 1e12],
      refuses: [],
    },
    {
      of: 'of partitions that Raft replicates',
      lines: [],
      configs: { 'replication.protocol': 'raft' },
      takes: [HOUR - 9],
      refuses: [HOUR + 9],
    },
  ])('$of', async ({ lines: properties, configs, takes, refuses }) => {
    await withReplicas({ brokers: 1, properties }, async (cluster) => {
      const client = await cluster.serve('t', { configs });
      const produced = async (aheadMs: number): Promise<number> => {
        const timestampMs = Math.floor(cluster.wallMs) + aheadMs;
        return (await client.produce('t', 0, ['v'], { timestampMs })).errorCode;
      };
      for (const aheadMs of takes) expect([aheadMs, await produced(aheadMs)]).toEqual([aheadMs, ERROR.NONE]);
      for (const aheadMs of refuses) expect([aheadMs, await produced(aheadMs)]).toEqual([aheadMs, refused]);
    });
  });
});

describe('compaction', () => {
  const RATIO_1 = 'log.cleaner.min.cleanable.ratio=1';
  test.each([
    { lines: [], isDone: true },
    { lines: ['log.cleaner.enable=false'], isDone: false },
    { lines: [RATIO_1], isDone: false },
    { lines: [RATIO_1, 'log.cleaner.max.compaction.lag.ms=3000'], isDone: true },
    { lines: ['log.cleaner.min.compaction.lag.ms=3600000'], isDone: false },
  ])('with $lines', async ({ lines, isDone }) => {
    const properties = ['log.retention.check.interval.ms=1000', ...lines];
    await withReplicas({ brokers: 1, properties }, async (cluster) => {
      const client = await cluster.serve('t', {
        configs: { 'segment.bytes': '200', 'cleanup.policy': 'compact' },
      });
      const timestampMs = cluster.wallMs;
      for (let i = 0; i < RECORDS; i++) await client.produce('t', 0, [`k=v${i}`], { timestampMs });
      await cluster.sleep(LONG_MS);
      expect(cluster.traces.some(({ event }) => event.kind === 'replica-clean')).toBe(isDone);
    });
  });
});

describe('a follower whose leader died while it was cut off from it', () => {
  const TOPICS = Array.from({ length: 12 }, (_, i) => `t${i}`);

  test.each([
    { line: 'replica.socket.timeout.ms=1000', errorCode: ERROR.NONE },
    // What it asked on the connection of before is not answered, and nobody tells.
    { line: 'replica.socket.timeout.ms=60000', errorCode: ERROR.REQUEST_TIMED_OUT },
  ])('asks again after $line', async ({ line, errorCode }) => {
    await withReplicas({ brokers: 3, properties: [line] }, async (cluster) => {
      // So many that every connection of the follower waits for an answer: those of busy partitions, and of idle ones.
      for (const topic of TOPICS) await cluster.serve(topic);
      await cluster.sleep(5000);
      const client = await cluster.client('n1');
      for (const topic of TOPICS.slice(6)) await client.produce(topic, 0, ['a'], { acks: -1 });
      await cluster.sim.cut('n3', 'n1');
      await cluster.sim.cut('n1', 'n3');
      await cluster.kill(1);
      await cluster.restart(1);
      await cluster.sleep(1000);
      const election = { type: 'preferred', partitions: null } as const;
      cluster.decide(cluster.controller.core.electLeaders(cluster.nowMs, election));
      expect(cluster.partition('t0')).toMatchObject({ leader: 1, isr: [2, 3, 1] });
      await cluster.sim.heal('n3', 'n1');
      await cluster.sim.heal('n1', 'n3');
      await cluster.sleep(100);
      const again = await cluster.client('n1');
      expect(await again.produce('t0', 0, ['b'], { acks: -1, timeoutMs: 5000 })).toMatchObject({ errorCode });
    });
  });
});

describe('codecs', () => {
  const long = 'x'.repeat(2000);

  test.each([
    { type: 'producer', stored: CODEC.gzip },
    { type: 'gzip', stored: CODEC.gzip },
    { type: 'zstd', stored: CODEC.zstd },
    { type: 'uncompressed', stored: CODEC.none },
  ])('compression.type=$type', async ({ type, stored }) => {
    for (const protocol of ['isr', 'raft']) {
      await withReplicas({ brokers: 1 }, async (cluster) => {
        const configs = { 'compression.type': type, 'replication.protocol': protocol };
        const client = await cluster.serve('t', { configs });
        for (const value of ['a', long]) await client.produce('t', 0, [value], { codec: CODEC.gzip });
        const { records } = await client.fetch('t', 0, 0);
        const batches = [...readBatches(records ?? new Uint8Array(0), { verify: true })];
        const ofClient = batches.filter(({ isControl }) => !isControl);
        expect(ofClient.map(({ codec }) => codec)).toEqual([stored, stored]);
        expect((await client.records('t', 0, 0)).map((record) => record.split(':')[1])).toEqual(
          expect.arrayContaining(['a', long]),
        );
      });
    }
  });

  test('a consumer too old for zstd is told so by topics that store it', async () => {
    await withReplicas({ brokers: 1 }, async (cluster) => {
      const client = await cluster.serve('t', { configs: { 'compression.type': 'zstd' } });
      await client.produce('t', 0, ['a']);
      const codes: (number | undefined)[] = [];
      for (const version of [9, 10]) {
        const partition = { partition: 0, fetchOffset: 0, partitionMaxBytes: 1000 };
        const { responses } = await client.request('fetch', version, {
          ...{ maxWaitMs: 0, minBytes: 1, forgottenTopicsData: [] },
          topics: [{ topic: 't', partitions: [partition] }],
        });
        codes.push(responses[0]?.partitions[0]?.errorCode);
      }
      expect(codes).toEqual([ERROR.UNSUPPORTED_COMPRESSION_TYPE, ERROR.NONE]);
    });
  });

  test('a batch that is too large without its codec is refused where topics store it so', async () => {
    await withReplicas({ brokers: 1 }, async (cluster) => {
      const configs = { 'compression.type': 'uncompressed', 'max.message.bytes': '1000' };
      const client = await cluster.serve('t', { configs });
      const produced = await client.produce('t', 0, [long], { codec: CODEC.gzip });
      expect(produced.errorCode).toBe(ERROR.MESSAGE_TOO_LARGE);
      expect(await client.listOffsets('t', 0, -1)).toMatchObject({ offset: 0 });
    });
  });
});
