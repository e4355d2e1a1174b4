import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { randomStream } from '../../../harness/random.ts';
import { Disk } from '../../runtime/disk-model/disk.ts';
import { AT, readBatches, type RecordBatch } from '../records/batch.ts';
import { CODEC } from '../records/compression.ts';
import { writeInt32 } from '../records/varint.ts';
import type { LogOptions } from './log-options.ts';
import { ReplicaLog } from './replica-log.ts';
import { batchOf, describeRecords, idempotent, marker, viewOf } from './testing/batches.ts';
import { MemoryFiles } from './testing/memory-files.ts';

const LEADER = { assignOffsets: true, leaderEpoch: 1 } as const;

async function start(options: Partial<LogOptions> = {}) {
  const disk = new Disk(randomStream(1, 'disk'));
  const settings = { segmentBytes: 300, tailBytes: 0, deleteRetentionMs: 1000, ...options };
  const reopen = (): Promise<ReplicaLog> => ReplicaLog.open(new MemoryFiles(disk), 'log', settings);
  return { disk, reopen, log: await reopen() };
}

async function batchesOf(log: ReplicaLog): Promise<RecordBatch[]> {
  const batches: RecordBatch[] = [];
  for (let offset = log.logStartOffset; offset < log.logEndOffset;) {
    const found = [...readBatches(await log.read(offset, 10_000), { verify: true })];
    batches.push(...found);
    offset = found.at(-1)!.lastOffset + 1;
  }
  return batches;
}

async function recordsOf(log: ReplicaLog): Promise<string[]> {
  return (await batchesOf(log)).flatMap((batch) => (batch.isControl ? [] : describeRecords(batch.bytes)));
}

/** Fills the last segment, so that all before is closed. */
async function closeSegment(log: ReplicaLog): Promise<void> {
  for (let i = 0; i < 5; i++) log.append(batchOf([`end=${'x'.repeat(60)}`]), LEADER);
  await log.flush();
  log.advanceHighWatermark(log.logEndOffset);
}

const latest = (records: readonly string[]): Map<string, string> =>
  new Map(records.map((record) => record.split(':')[1]!.split('=') as [string, string]));

describe('compaction', () => {
  test('of each key the last record stays at its offset; the active segment is left alone', async () => {
    const { log, reopen } = await start();
    for (let i = 0; i < 12; i++) log.append(batchOf([`a=${i}`, `b${i % 3}=${i}`, 'without a key']), LEADER);
    await closeSegment(log);
    const before = await recordsOf(log);
    const sizeBefore = log.sizeBytes;
    const result = await log.compact(5000);
    expect(result.segments).toBeGreaterThan(3);
    expect(log.sizeBytes).toBe(sizeBefore - result.bytesBefore + result.bytesAfter);
    const after = await recordsOf(log);
    expect(after.length).toBe(before.length - result.removedRecords);
    expect(after.filter((record) => !record.includes('end='))).toEqual([
      '28:b0=9',
      '31:b1=10',
      '33:a=11',
      '34:b2=11',
    ]);
    expect(before).toEqual(expect.arrayContaining(after));
    expect(latest(after.filter((r) => r.includes('='))).get('a')).toBe('11');
    expect((await log.compact(5000)).segments).toBe(0);
    expect(await recordsOf(await reopen())).toEqual(after);
    expect(log.logEndOffset).toBe(12 * 3 + 5);
  });

  test('tombstones stay for their time, and go then', async () => {
    const { log, reopen } = await start();
    log.append(batchOf(['a=1', 'b=1']), LEADER);
    log.append(batchOf(['a=']), LEADER);
    await closeSegment(log);
    await log.compact(10_000);
    const kept = async (found: ReplicaLog) =>
      (await recordsOf(found)).filter((record) => !record.includes('end'));
    expect(await kept(log)).toEqual(['1:b=1', '2:a=']);
    const [, tombstone] = await batchesOf(log);
    expect([tombstone?.deleteHorizonMs, tombstone?.maxTimestamp]).toEqual([11_000, 1000]);
    await log.compact(11_000);
    expect(await kept(log)).toEqual(['1:b=1', '2:a=']);
    await log.compact(11_001);
    expect(await kept(log)).toEqual(['1:b=1']);
    expect(await kept(await reopen())).toEqual(['1:b=1']);
  });

  test('aborted records go, markers stay while something of their transaction does', async () => {
    const { log, reopen } = await start({ segmentBytes: 500 });
    const transactional = (id: number, sequence: number) => ({
      ...idempotent(id, 0, sequence),
      isTransactional: true,
    });
    log.append(batchOf(['a=0']), LEADER);
    log.append(batchOf(['a=aborted'], transactional(1, 0)), LEADER);
    log.append(marker('abort', 1, 0), LEADER);
    log.append(batchOf(['c=committed'], transactional(2, 0)), LEADER);
    log.append(marker('commit', 2, 0), LEADER);
    log.append(batchOf(['open=1'], transactional(3, 0)), LEADER);
    for (const id of [1, 2]) log.append(batchOf(['last=1'], idempotent(id, 0, 1)), LEADER);
    await closeSegment(log);
    // What is not stable is not cleaned.
    expect(log.lastStableOffset).toBe(5);
    expect((await log.compact(5000)).removedRecords).toBeLessThanOrEqual(1);
    log.append(marker('commit', 3, 0), LEADER);
    await closeSegment(log);
    await log.compact(5000);
    const records = (await recordsOf(log)).filter((record) => !record.includes('end='));
    expect(records).toEqual(['0:a=0', '3:c=committed', '5:open=1', '7:last=1']);
    await log.compact(50_000);
    const control = (await batchesOf(log)).filter((batch) => batch.isControl);
    expect(control.map((batch) => batch.producerId)).toEqual([2, 3]);
    const again = await reopen();
    again.advanceHighWatermark(again.logEndOffset);
    expect(again.lastStableOffset).toBe(again.logEndOffset);
  });

  test('the last batch of each producer stays, if need be without records', async () => {
    const { log, disk, reopen } = await start({ segmentBytes: 200 });
    for (let i = 0; i < 6; i++) log.append(batchOf([`k=${i}`], idempotent(i % 2, 0, i >> 1)), LEADER);
    log.append(batchOf(['k=last']), LEADER);
    await closeSegment(log);
    await log.compact(5000);
    const empty = (await batchesOf(log)).filter((batch) => batch.count === 0);
    expect(empty.map((batch) => [batch.producerId, batch.baseSequence])).toEqual(
      expect.arrayContaining([
        [0, 2],
        [1, 2],
      ]),
    );
    await log.close();
    for (const [path] of disk.walk()) if (path.endsWith('.snapshot')) disk.remove(path);
    const again = await reopen();
    for (const id of [0, 1]) expect(again.producers.entry(id)?.batches.at(-1)?.lastSequence).toBe(2);
  });

  test('compressed batches stay compressed', async () => {
    const { log } = await start();
    for (let i = 0; i < 6; i++) log.append(batchOf([`a=${i}`, `b${i}=`], { codec: CODEC.lz4 }), LEADER);
    await closeSegment(log);
    await log.compact(5000);
    const cleaned = (await batchesOf(log)).filter((batch) => batch.codec === CODEC.lz4);
    expect(cleaned.flatMap((batch) => describeRecords(batch.bytes))).toContain('10:a=5');
  });

  test('younger records than the lag, and keys beyond the limit, wait', async () => {
    const young = await start({ minCompactionLagMs: 10_000 });
    for (let i = 0; i < 9; i++) young.log.append(batchOf([`a=${i}`]), LEADER);
    await closeSegment(young.log);
    expect((await young.log.compact(9000)).removedRecords).toBe(0);
    expect((await young.log.compact(90_000)).removedRecords).toBeGreaterThan(0);
    const narrow = await start({ maxCleanerKeys: 2 });
    for (let i = 0; i < 40; i++) narrow.log.append(batchOf([`k${i % 10}=${i}`]), LEADER);
    await closeSegment(narrow.log);
    const removed: number[] = [];
    for (let round = 0; round < 40; round++) removed.push((await narrow.log.compact(5000)).removedRecords);
    expect(removed.filter((count) => count > 0).length).toBeGreaterThan(1);
    const left = (await recordsOf(narrow.log)).filter((record) => record.includes(':k'));
    expect(latest(left).size).toBe(10);
  });

  test('is worth it when more than the ratio was never cleaned, or some of it is older than the lag', async () => {
    const { log } = await start({ minCleanableDirtyRatio: 0.5, maxCompactionLagMs: 60_000 });
    const write = (batches: number, timestampMs: number): void => {
      for (let i = 0; i < batches; i++)
        log.append(batchOf([`k${i}=${'v'.repeat(200)}`], { timestampMs }), LEADER);
    };
    write(10, 1000);
    expect(log.isWorthCleaning(5000)).toBe(false); // nothing is committed
    await log.flush();
    log.advanceHighWatermark(log.logEndOffset);
    expect(log.isWorthCleaning(5000)).toBe(true);
    await log.compact(5000);
    expect(log.isWorthCleaning(5_000_000)).toBe(false);
    // The last of the first batches was in the segment that is written to, and waits as well.
    write(3, 10_000);
    await log.flush();
    log.advanceHighWatermark(log.logEndOffset);
    expect([61_000, 61_001].map((nowMs) => log.isWorthCleaning(nowMs))).toEqual([false, true]);
    write(10, 10_000);
    await log.flush();
    log.advanceHighWatermark(log.logEndOffset);
    expect(log.isWorthCleaning(11_000)).toBe(true);
    log.configure({ minCleanableDirtyRatio: 1 });
    expect(log.isWorthCleaning(11_000)).toBe(false);
  });

  test('appends, reads and a truncation go on meanwhile', async () => {
    const { log } = await start();
    for (let i = 0; i < 30; i++) log.append(batchOf([`a=${i}`]), LEADER);
    await closeSegment(log);
    const compacting = log.compact(5000);
    await expect(log.compact(5000)).rejects.toThrow(/one cleaning at a time/);
    log.append(batchOf(['late=1']), LEADER);
    const [bytes] = await Promise.all([log.read(0, 100), log.flush()]);
    expect(bytes.length).toBeGreaterThan(0);
    await log.truncateTo(3);
    await compacting;
    expect((await recordsOf(log)).at(-1)).toMatch(/^[0-2]:a=/);
    expect(log.logEndOffset).toBeLessThanOrEqual(3);
  });

  test('any log: what a consumer of the latest values sees does not change', async () => {
    const record = fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.constantFrom('', '1', '2', '3'));
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(record, { minLength: 1, maxLength: 3 }), { maxLength: 25 }),
        async (batches) => {
          const { log, reopen } = await start();
          for (const pairs of batches) log.append(batchOf(pairs.map(([k, v]) => `${k}=${v}`)), LEADER);
          await closeSegment(log);
          const before = latest(await recordsOf(log));
          await log.compact(5000);
          const after = await recordsOf(log);
          expect(latest(after)).toEqual(before);
          expect(await recordsOf(await reopen())).toEqual(after);
          await log.compact(100_000);
          const alive = (values: Map<string, string>) =>
            [...values].filter(([, value]) => value !== '').sort();
          expect(alive(latest(await recordsOf(log)))).toEqual(alive(before));
        },
      ),
      { numRuns: 60 },
    );
  });

  test('a power loss during it leaves each segment old or new', async () => {
    for (let operations = 1; operations < 60; operations += 2) {
      const { log, disk, reopen } = await start();
      for (let i = 0; i < 20; i++) log.append(batchOf([`a=${i}`, `b${i % 4}=${i}`]), LEADER);
      await closeSegment(log);
      const before = latest(await recordsOf(log));
      await log.close();
      const files = new MemoryFiles(disk, { operationsUntilPowerLoss: operations });
      const opening = ReplicaLog.open(files, 'log', { segmentBytes: 300 });
      const work = async (): Promise<void> => {
        const found = await opening;
        found.advanceHighWatermark(found.logEndOffset);
        await found.compact(5000);
      };
      await Promise.race([work(), files.powerLost]);
      files.losePower();
      expect(latest(await recordsOf(await reopen()))).toEqual(before);
    }
  });
});

test('a batch whose records nobody can read stays as it is, and its log can be used', async () => {
  const { log } = await start();
  const bytes = batchOf(['k=poison'], { timestampMs: 1500 });
  bytes.fill(0xff, AT.records); // records of lengths that nothing has
  writeInt32(bytes, AT.crc, viewOf(bytes).computeCrc());
  log.append(batchOf(['k=1']), LEADER);
  log.append(bytes, LEADER);
  log.append(batchOf(['k=2']), LEADER);
  await closeSegment(log);
  expect((await log.compact(2000)).removedRecords).toBeGreaterThan(0);
  expect((await batchesOf(log)).map((batch) => batch.baseOffset).slice(0, 2)).toEqual([1, 2]);
  expect(await log.lookupByTimestamp(1200)).toEqual({ offset: 1, timestampMs: 1500 });
  await log.flush();
});

test('where segments have nothing left, a read goes on to the next that has', async () => {
  const { log } = await start({ segmentBytes: 100 });
  for (let i = 0; i < 6; i++) log.append(batchOf([`k=${i}`]), LEADER);
  await closeSegment(log);
  await log.compact(2000);
  const batches = [...readBatches(await log.read(0, 1))];
  expect(batches.map(({ count }) => count)).toEqual([0, 0, 0, 0, 0, 1]);
  expect(batches.at(-1)?.baseOffset).toBe(5);
  // Unless it may not.
  expect([...readBatches(await log.read(0, 1, { upTo: 3 }))].map(({ count }) => count)).toEqual([0, 0, 0]);
});
