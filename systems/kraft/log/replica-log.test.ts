import { describe, expect, test } from 'vitest';
import { randomStream } from '../../../harness/random.ts';
import { Disk } from '../../runtime/disk-model/disk.ts';
import { FileError } from '../../runtime/runtime.ts';
import { readBatches } from '../records/batch.ts';
import { RecordError } from '../records/errors.ts';
import { LogCorruptError, OffsetOutOfRangeError, UnexpectedOffsetError } from './errors.ts';
import type { LogOptions } from './log-options.ts';
import { ReplicaLog } from './replica-log.ts';
import { batchOf, concat, describeRecords, idempotent, marker } from './testing/batches.ts';
import { MemoryFiles } from './testing/memory-files.ts';

const DIRECTORY = 't-0';
const LEADER = { assignOffsets: true, leaderEpoch: 1 } as const;
const SEGMENT = `${DIRECTORY}/00000000000000000000.log`;

const SECTOR_BYTES = 512;

const newDisk = (seed = 1): Disk => new Disk(randomStream(seed, 'disk'));
const open = (disk: Disk, options: Partial<LogOptions> = {}): Promise<ReplicaLog> =>
  ReplicaLog.open(new MemoryFiles(disk), DIRECTORY, options);

async function readAll(log: ReplicaLog, from = log.logStartOffset, maxBytes = 200): Promise<string[]> {
  const found: string[] = [];
  let offset = from;
  for (;;) {
    const bytes = await log.read(offset, maxBytes);
    if (bytes.length === 0) return found;
    found.push(...describeRecords(bytes).filter((record) => Number(record.split(':')[0]) >= offset));
    offset = [...readBatches(bytes)].at(-1)!.lastOffset + 1;
  }
}

/** Ten batches of two records, in segments of two or three batches. */
async function tenBatches(disk: Disk, options: Partial<LogOptions> = {}): Promise<ReplicaLog> {
  const log = await open(disk, { segmentBytes: 250, tailBytes: 0, ...options });
  for (let i = 0; i < 10; i++) {
    log.append(batchOf([`a${i}`, `b${i}`], { timestampMs: 1000 + i * 10 }), {
      ...LEADER,
      leaderEpoch: 1 + (i >> 2),
    });
    await log.flush();
  }
  return log;
}

const TWENTY = Array.from({ length: 20 }, (_, i) => `${i}:${i % 2 === 0 ? 'a' : 'b'}${i >> 1}`);

function damage(disk: Disk, path: string, at: number): void {
  const content = disk.open(path, false);
  const [byte] = content.read(at, 1);
  content.write(at, Uint8Array.of((byte as number) ^ 0x10));
  content.sync();
}

describe('appending and reading', () => {
  test('a new log is empty; what is appended can be read at once', async () => {
    const log = await open(newDisk());
    expect([log.logStartOffset, log.logEndOffset, log.durableEndOffset]).toEqual([0, 0, 0]);
    expect((await log.read(0, 100)).length).toBe(0);
    expect(log.readRecent(0, 100)?.length).toBe(0);
    expect(log.append(batchOf(['a', 'b']), LEADER)).toMatchObject({ baseOffset: 0, lastOffset: 1 });
    expect(log.append(concat(batchOf(['c']), batchOf(['d', 'e'])), LEADER)).toMatchObject({
      baseOffset: 2,
      lastOffset: 4,
    });
    expect(log.pendingBytes).toBeGreaterThan(0);
    expect(describeRecords(await log.read(0, 1000))).toEqual(['0:a', '1:b', '2:c', '3:d', '4:e']);
    expect(log.readRecent(0, 1000)).toEqual(await log.read(0, 1000));
    expect([log.readRecent(-1, 1000), log.readRecent(6, 1000)]).toEqual([null, null]);
    expect(await log.flush()).toBe(5);
    expect([log.pendingBytes, log.durableEndOffset]).toEqual([0, 5]);
  });

  test('reads are whole batches: from the one with the offset, up to a limit of bytes and of offsets', async () => {
    for (const tailBytes of [0, 1 << 20]) {
      const log = await open(newDisk(), { tailBytes });
      for (const values of [['a', 'b'], ['c'], ['d', 'e']]) log.append(batchOf(values), LEADER);
      await log.flush();
      const size = batchOf(['c']).length;
      expect(describeRecords(await log.read(1, 1))).toEqual(['0:a', '1:b']);
      expect(describeRecords(await log.read(2, size))).toEqual(['2:c']);
      expect(describeRecords(await log.read(2, 10_000, { upTo: 4 }))).toEqual(['2:c']);
      expect(describeRecords(await log.read(2, 10_000, { upTo: 5 }))).toEqual(['2:c', '3:d', '4:e']);
      expect((await log.read(3, 10_000, { upTo: 4 })).length).toBe(0);
      expect((await log.read(5, 10_000)).length).toBe(0);
      await expect(log.read(6, 1)).rejects.toThrow(OffsetOutOfRangeError);
    }
  });

  test('segments are rolled by size and by age', async () => {
    const disk = newDisk();
    const log = await tenBatches(disk);
    expect(log.segmentOffsets.length).toBeGreaterThan(3);
    expect(await readAll(log)).toEqual(TWENTY);
    for (let offset = 0; offset < 20; offset++) expect((await readAll(log, offset))[0]).toBe(TWENTY[offset]);
    const aged = await ReplicaLog.open(new MemoryFiles(disk), 'aged', { segmentMs: 100 });
    for (const timestampMs of [0, 50, 100, 101, 150, 300])
      aged.append(batchOf(['x'], { timestampMs }), LEADER);
    expect(aged.segmentOffsets).toEqual([0, 3, 5]);
  });

  test('a follower keeps offsets and epochs, and refuses what does not follow', async () => {
    const log = await open(newDisk());
    const follower = { assignOffsets: false } as const;
    log.append(batchOf(['a', 'b'], { baseOffset: 0, leaderEpoch: 4 }), follower);
    log.append(batchOf(['c'], { baseOffset: 7, leaderEpoch: 5 }), follower);
    expect(log.epochs.list()).toEqual([
      { epoch: 4, startOffset: 0 },
      { epoch: 5, startOffset: 7 },
    ]);
    expect(() => log.append(batchOf(['d'], { baseOffset: 7 }), follower)).toThrow(UnexpectedOffsetError);
    const twice = concat(batchOf(['d'], { baseOffset: 8 }), batchOf(['e'], { baseOffset: 8 }));
    expect(() => log.append(twice, follower)).toThrow(UnexpectedOffsetError);
    expect(log.logEndOffset).toBe(8);
    // Offsets that are not there: the next batch.
    expect(describeRecords(await log.read(3, 1000))).toEqual(['7:c']);
  });

  test('damaged batches are refused whole', async () => {
    const log = await open(newDisk(), { maxBatchBytes: 1000 });
    const bytes = concat(batchOf(['a']), batchOf(['b']));
    bytes[bytes.length - 2]! ^= 1;
    expect(() => log.append(bytes, LEADER)).toThrow(RecordError);
    expect(() => log.append(batchOf(['x'.repeat(2000)]), LEADER)).toThrow(RecordError);
    expect(log.logEndOffset).toBe(0);
    log.append(bytes, { ...LEADER, verify: false });
    expect(log.logEndOffset).toBe(2);
  });

  test('log append time', async () => {
    const log = await open(newDisk());
    log.append(batchOf(['a', 'b'], { timestampMs: 5 }), { ...LEADER, appendTimeMs: 777 });
    const [batch] = [...readBatches(await log.read(0, 1000), { verify: true })];
    expect([batch?.timestampType, batch?.maxTimestamp]).toEqual(['log-append-time', 777]);
    expect(await log.lookupByTimestamp(700)).toEqual({ offset: 0, timestampMs: 777 });
  });

  test('flushes that come together share an fsync', async () => {
    const files = new MemoryFiles(newDisk());
    const log = await ReplicaLog.open(files, DIRECTORY);
    log.append(batchOf(['x']), LEADER);
    await log.flush();
    const before = files.syncs;
    const ends = await Promise.all(
      Array.from({ length: 20 }, (_, i) => {
        log.append(batchOf([`${i}`]), LEADER);
        return log.flush();
      }),
    );
    expect(ends.at(-1)).toBe(21);
    expect(files.syncs - before).toBeLessThanOrEqual(2);
  });

  test('a failing disk ends the log, and says so once', async () => {
    const failures: unknown[] = [];
    const files = new MemoryFiles(newDisk());
    const log = await ReplicaLog.open(files, DIRECTORY, { onFailure: (error) => failures.push(error) });
    log.append(batchOf(['a']), LEADER);
    await log.flush();
    files.failure = new FileError('ENOSPC', SEGMENT);
    log.append(batchOf(['b']), LEADER);
    await expect(log.flush()).rejects.toThrow(/ENOSPC/);
    expect(failures).toEqual([files.failure]);
    expect(() => log.append(batchOf(['c']), LEADER)).toThrow(/ENOSPC/);
    await expect(log.read(0, 100)).rejects.toThrow(/ENOSPC/);
    await expect(log.truncateTo(0)).rejects.toThrow(/ENOSPC/);
    files.failure = null;
    const again = await ReplicaLog.open(files, DIRECTORY);
    expect(await readAll(again)).toEqual(['0:a']);
  });
});

describe('lookup by timestamp', () => {
  test('finds the first record that is as young, as a scan of everything does', async () => {
    const log = await tenBatches(newDisk(), { indexIntervalBytes: 1 });
    for (let timestampMs = 990; timestampMs < 1100; timestampMs += 5) {
      const i = Math.max(0, Math.ceil((timestampMs - 1000) / 10));
      const expected = i < 10 ? { offset: 2 * i, timestampMs: 1000 + 10 * i } : null;
      expect(await log.lookupByTimestamp(timestampMs)).toEqual(expected);
    }
  });
});

describe('opening again', () => {
  test('after a close nothing is scanned; after a kill the last segment', async () => {
    const disk = newDisk();
    const log = await tenBatches(disk);
    const { segmentOffsets } = log;
    log.advanceHighWatermark(15);
    await log.close();
    const clean = await open(disk, { segmentBytes: 250 });
    expect(clean.recovered).toMatchObject({ scannedSegments: 0, notes: [] });
    expect(clean.segmentOffsets).toEqual(segmentOffsets);
    expect(clean.epochs.list()).toEqual(log.epochs.list());
    expect([clean.highWatermark, clean.durableEndOffset]).toEqual([15, 20]);
    expect(await readAll(clean)).toEqual(TWENTY);
    const killed = await open(disk, { segmentBytes: 250 });
    expect(killed.recovered.scannedSegments).toBe(1);
    expect(killed.epochs.list()).toEqual(log.epochs.list());
    expect(await readAll(killed)).toEqual(TWENTY);
    expect((await open(disk, { verifyAll: true })).recovered.scannedSegments).toBe(segmentOffsets.length);
  });

  test('missing or damaged indexes, epochs and snapshots are built anew', async () => {
    const names = [/\.index$/, /\.timeindex$/, /leader-epoch-checkpoint$/, /\.snapshot$/];
    for (const pattern of names) {
      for (const how of ['remove', 'damage', 'empty'] as const) {
        const disk = newDisk();
        const log = await tenBatches(disk, { indexIntervalBytes: 1 });
        await log.close();
        for (const [path, content] of disk.walk()) {
          if (!pattern.test(path) || content === null) continue;
          if (how === 'remove') disk.remove(path);
          else if (how === 'damage' && content.length > 3) damage(disk, path, content.length - 3);
          else content.truncate(0);
        }
        const again = await open(disk, { indexIntervalBytes: 1, tailBytes: 0 });
        expect(await readAll(again)).toEqual(TWENTY);
        expect(again.epochs.list()).toEqual(log.epochs.list());
        expect(await again.lookupByTimestamp(1055)).toEqual({ offset: 12, timestampMs: 1060 });
      }
    }
  });

  test('a torn tail is cut off, and writing goes on there', async () => {
    const disk = newDisk();
    const log = await open(disk);
    log.append(batchOf(['a']), LEADER);
    await log.flush();
    log.append(batchOf(['b']), LEADER);
    await log.lookupByTimestamp(0); // written, not flushed
    const content = disk.open(SEGMENT, false);
    content.truncate(content.length - 5);
    const again = await open(disk);
    expect(again.recovered.tornBytes).toBe(batchOf(['b']).length - 5);
    again.append(batchOf(['c']), LEADER);
    await again.flush();
    expect(await readAll(await open(disk))).toEqual(['0:a', '1:c']);
  });

  test.each([11, 8, 7])(
    'a batch that lost its first %i bytes with the sector before was torn',
    async (bytes) => {
      const disk = newDisk();
      const log = await open(disk);
      const before = Array.from({ length: 258 }, () => 'a');
      while ((batchOf(before).length + bytes) % SECTOR_BYTES !== 0) before[0] += 'a';
      const first = batchOf(before);
      log.append(first, LEADER);
      await log.flush();
      log.append(batchOf(['b']), LEADER);
      await log.lookupByTimestamp(0); // written, not flushed
      disk.open(SEGMENT, false).write(first.length, new Uint8Array(bytes));
      const again = await open(disk);
      expect(again.recovered.tornBytes).toBe(batchOf(['b']).length);
      expect(again.logEndOffset).toBe(258);
    },
  );

  test('a batch at a wrong offset that no power loss leaves is refused, also where nothing was flushed', async () => {
    const disk = newDisk();
    const log = await open(disk);
    for (const value of ['a', 'b', 'c', 'd']) log.append(batchOf([value]), LEADER);
    await log.lookupByTimestamp(0);
    disk.open(SEGMENT, false).write(3 * batchOf(['a']).length + 7, Uint8Array.of(1));
    await expect(open(disk)).rejects.toThrow(LogCorruptError);
  });

  test('a flipped byte anywhere in what was flushed is refused, with file and place', async () => {
    const disk = newDisk();
    const log = await open(disk);
    for (const value of ['a', 'b', 'c']) log.append(batchOf([value]), LEADER);
    await log.flush();
    const size = batchOf(['a']).length;
    for (let at = 0; at < 3 * size; at++) {
      damage(disk, SEGMENT, at);
      const isOffsetOrEpoch = at % size < 16 && !(at % size >= 8 && at % size < 12);
      const opened = open(disk).then(readAll);
      // The CRC does not cover offset and epoch: only a gap or a step back shows.
      if (!isOffsetOrEpoch) {
        await expect(opened).rejects.toThrow(LogCorruptError);
        await expect(opened).rejects.toThrow(`${SEGMENT} is corrupt at byte ${at - (at % size)}`);
      } else await opened.catch(() => undefined);
      damage(disk, SEGMENT, at);
    }
  });

  test('a flipped byte in an earlier segment is refused when it is read, and when all is verified', async () => {
    const disk = newDisk();
    await (await tenBatches(disk, { indexIntervalBytes: 1 })).close();
    damage(disk, SEGMENT, batchOf(['a0', 'b0']).length + 40);
    const log = await open(disk, { tailBytes: 0, indexIntervalBytes: 1 });
    expect(describeRecords(await log.read(0, 1000))).toEqual(TWENTY.slice(0, 2));
    await expect(log.read(2, 1000)).rejects.toThrow(LogCorruptError);
    expect((await readAll(log, 6)).length).toBe(14);
    await expect(open(disk, { verifyAll: true })).rejects.toThrow(
      /00000000000000000000\.log is corrupt at byte [1-9]/,
    );
  });

  test('missing files are refused', async () => {
    const disk = newDisk();
    const { segmentOffsets } = await tenBatches(disk);
    const nameOf = (offset: number): string => `${DIRECTORY}/${String(offset).padStart(20, '0')}.log`;
    const middle = newDisk();
    await tenBatches(middle);
    middle.remove(nameOf(segmentOffsets[1]!));
    await expect(open(middle)).rejects.toThrow(
      `${nameOf(segmentOffsets[1]!)} is corrupt at byte 0: it is missing`,
    );
    const first = newDisk();
    await tenBatches(first);
    first.remove(nameOf(0));
    await expect(open(first)).rejects.toThrow(`${nameOf(0)} is corrupt at byte 0: it is missing`);
    for (const offset of segmentOffsets) disk.remove(nameOf(offset));
    await expect(open(disk)).rejects.toThrow(/is missing, and the log was durable up to offset 20/);
    const last = newDisk();
    await tenBatches(last);
    last.remove(nameOf(segmentOffsets.at(-1)!));
    await expect(open(last)).rejects.toThrow(/durable up to offset 20/);
  });
});

describe('the checkpoint', () => {
  const CHECKPOINT = `${DIRECTORY}/log-checkpoint`;
  /** It begins at 7, and its first segment at 6. */
  const shortened = async (): Promise<Disk> => {
    const disk = newDisk();
    const log = await tenBatches(disk);
    log.advanceHighWatermark(20);
    await log.deleteRecords(7);
    return disk;
  };

  test.each<readonly [string, (disk: Disk) => void]>([
    ['gone', (disk) => disk.remove(CHECKPOINT)],
    ['empty', (disk) => disk.open(CHECKPOINT, false).truncate(0)],
    ['of zeros', (disk) => disk.open(CHECKPOINT, false).write(0, new Uint8Array(2000))],
  ])('%s: the log begins with its first segment, which is said, and goes on', async (_name, lose) => {
    const disk = await shortened();
    lose(disk);
    const log = await open(disk);
    expect(await readAll(log)).toEqual(TWENTY.slice(6));
    const message = `${CHECKPOINT} is missing or damaged: the log begins at offset 6 now, with its first segment`;
    expect(log.recovered.notes).toEqual([{ level: 'warn', message }]);
    log.append(batchOf(['on']), LEADER);
    await log.flush();
    const again = await open(disk);
    expect(again.recovered.notes).toEqual([]);
    expect(await readAll(again)).toEqual([...TWENTY.slice(6), '20:on']);
  });

  test('with a damaged line: the last good one counts, and only if none is damaged must a first segment be there', async () => {
    const disk = await shortened();
    damage(disk, CHECKPOINT, 20);
    const whole = await open(disk);
    expect([whole.logStartOffset, whole.recovered.notes]).toEqual([7, []]);
    const content = disk.open(CHECKPOINT, false);
    damage(disk, CHECKPOINT, content.length - 20);
    expect((await open(disk)).logStartOffset).toBe(6);
  });
});

describe('truncation', () => {
  test('at each offset: what is below stays, epochs and indexes with it, also after opening again', async () => {
    for (let offset = 0; offset <= 20; offset++) {
      const disk = newDisk();
      const log = await tenBatches(disk, { indexIntervalBytes: 1 });
      log.advanceHighWatermark(20);
      const end = offset - (offset % 2);
      expect(await log.truncateTo(offset)).toBe(end);
      expect([log.logEndOffset, log.durableEndOffset, log.highWatermark]).toEqual([end, end, end]);
      expect(await readAll(log)).toEqual(TWENTY.slice(0, end));
      expect(log.epochs.latest?.epoch ?? null).toBe(end === 0 ? null : 1 + ((end - 1) >> 3));
      log.append(batchOf(['new'], { timestampMs: 5000 }), { ...LEADER, leaderEpoch: 9 });
      await log.flush();
      const again = await open(disk, { tailBytes: 0 });
      expect(await readAll(again)).toEqual([...TWENTY.slice(0, end), `${end}:new`]);
      expect(again.epochs.list()).toEqual(log.epochs.list());
      expect(await again.lookupByTimestamp(2000)).toEqual({ offset: end, timestampMs: 5000 });
    }
  });

  test('fully: begins and ends elsewhere', async () => {
    const disk = newDisk();
    const log = await tenBatches(disk);
    await log.truncateFullyAndStartAt(100);
    expect([log.logStartOffset, log.logEndOffset, log.highWatermark]).toEqual([100, 100, 100]);
    expect(log.epochs.latest).toBe(null);
    const empty = await open(disk);
    expect([empty.logStartOffset, empty.logEndOffset]).toEqual([100, 100]);
    empty.append(batchOf(['x']), { ...LEADER, leaderEpoch: 7 });
    await empty.flush();
    const again = await open(disk);
    expect(await readAll(again)).toEqual(['100:x']);
    expect(again.endOffsetForEpoch(3)).toEqual({ epoch: 3, endOffset: 100 });
    expect(again.endOffsetForEpoch(7)).toEqual({ epoch: 7, endOffset: 101 });
    await again.truncateFullyAndStartAt(0);
    expect((await open(disk)).logEndOffset).toBe(0);
  });

  test('inside the batch in which the log begins: the log is empty, and goes on at its start', async () => {
    const disk = newDisk();
    const log = await open(disk);
    log.append(batchOf(['a', 'b']), LEADER);
    await log.flush();
    log.advanceHighWatermark(1);
    await log.deleteRecords(1);
    expect(await log.truncateTo(1)).toBe(1);
    const again = await open(disk);
    expect([again.logStartOffset, again.logEndOffset]).toEqual([1, 1]);
    again.append(batchOf(['c']), LEADER);
    await again.flush();
    expect(await readAll(await open(disk))).toEqual(['1:c']);
  });

  test('appending during it is a mistake of the caller', async () => {
    const log = await tenBatches(newDisk());
    const cut = log.truncateTo(4);
    expect(() => log.append(batchOf(['x']), LEADER)).toThrow(/being truncated/);
    await cut;
    await expect(log.truncateTo(-1)).rejects.toThrow(OffsetOutOfRangeError);
  });
});

describe('producers and transactions', () => {
  test('are known again after a close, a kill, a truncation and with all files lost', async () => {
    const disk = newDisk();
    const log = await open(disk, { segmentBytes: 300 });
    for (let i = 0; i < 8; i++) log.append(batchOf([`${i}`], idempotent(7, 0, i)), LEADER);
    log.append(batchOf(['t'], { ...idempotent(8, 2, 0), isTransactional: true }), LEADER);
    log.append(marker('abort', 8, 2), LEADER);
    log.append(batchOf(['u'], { ...idempotent(8, 2, 1), isTransactional: true }), LEADER);
    log.advanceHighWatermark(11);
    const check = (found: ReplicaLog): void => {
      expect(found.producers.encode()).toBe(log.producers.encode());
      expect(found.producers.entry(7)?.batches.map((batch) => batch.firstSequence)).toEqual([3, 4, 5, 6, 7]);
      expect(found.producers.abortedTransactions(0, 11)).toEqual([
        { producerId: 8, firstOffset: 8, lastOffset: 9 },
      ]);
      found.advanceHighWatermark(11);
      expect(found.lastStableOffset).toBe(10);
    };
    check(log);
    await log.close();
    check(await open(disk, { segmentBytes: 300 }));
    check(await open(disk, { segmentBytes: 300 }));
    for (const [path] of disk.walk()) if (path.endsWith('.snapshot')) disk.remove(path);
    const rebuilt = await open(disk, { segmentBytes: 300 });
    rebuilt.advanceHighWatermark(11);
    check(rebuilt);
    await rebuilt.truncateTo(9);
    expect(rebuilt.producers.abortedTransactions(0, 11)).toEqual([]);
    expect(rebuilt.lastStableOffset).toBe(8);
    await rebuilt.truncateTo(5);
    expect(rebuilt.producers.entry(7)?.batches.at(-1)?.firstSequence).toBe(4);
    expect(rebuilt.producers.entry(8)).toBe(undefined);
  });
});

describe('retention', () => {
  test('by size and by age, whole segments, never beyond the high watermark', async () => {
    const disk = newDisk();
    const log = await tenBatches(disk, { retentionBytes: 400, retentionMs: -1 });
    expect(await log.deleteSegments(0)).toBe(0);
    log.advanceHighWatermark(9);
    await log.deleteSegments(0);
    expect(log.logStartOffset).toBe(6);
    log.advanceHighWatermark(20);
    await log.deleteSegments(0);
    expect(log.sizeBytes).toBeGreaterThan(400);
    const { logStartOffset } = log;
    await expect(log.read(logStartOffset - 1, 10)).rejects.toThrow(OffsetOutOfRangeError);
    expect(await readAll(log)).toEqual(TWENTY.slice(logStartOffset));
    const again = await open(disk, { retentionMs: 1000 });
    expect([again.logStartOffset, again.segmentOffsets[0]]).toEqual([logStartOffset, logStartOffset]);
    expect(again.epochs.list()[0]?.startOffset).toBe(logStartOffset);
    again.advanceHighWatermark(20);
    await again.deleteSegments(1_000_000);
    expect([again.logStartOffset, again.logEndOffset]).toEqual([20, 20]);
    again.append(batchOf(['new']), LEADER);
    await again.flush();
    expect(await readAll(await open(disk))).toEqual(['20:new']);
  });

  test('records are deleted up to any offset below the high watermark', async () => {
    const disk = newDisk();
    const log = await tenBatches(disk);
    await expect(log.deleteRecords(1)).rejects.toThrow(OffsetOutOfRangeError);
    log.advanceHighWatermark(20);
    await log.deleteRecords(7);
    expect(await readAll(log)).toEqual(TWENTY.slice(7));
    expect(log.segmentOffsets[0]).toBe(6);
    const again = await open(disk);
    expect(again.logStartOffset).toBe(7);
    expect(await again.lookupByTimestamp(0)).toEqual({ offset: 7, timestampMs: 1030 });
    await again.deleteRecords(20);
    expect(await readAll(again)).toEqual([]);
  });

  test('a high watermark that rises while the log start is written stays where it is', async () => {
    for (let wait = 0; wait < 8; wait++) {
      const log = await tenBatches(newDisk());
      log.advanceHighWatermark(5);
      const deleted = log.deleteRecords(2);
      for (let i = 0; i < wait; i++) await Promise.resolve();
      log.advanceHighWatermark(10);
      await deleted;
      expect([log.logStartOffset, log.highWatermark]).toEqual([2, 10]);
    }
  });
});
