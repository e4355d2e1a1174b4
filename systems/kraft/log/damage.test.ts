/**
 * Damage in what no flush covered. Whatever a power loss or a kill leaves of it, the log opens; a bit that changed is told, with
 * file and byte, and nothing that follows it goes without a word.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { randomStream } from '../../../harness/random.ts';
import { Disk } from '../../runtime/disk-model/disk.ts';
import { AT } from '../records/batch.ts';
import { LogCorruptError } from './errors.ts';
import { ReplicaLog } from './replica-log.ts';
import { batchOf, concat, describeRecords } from './testing/batches.ts';
import { MemoryFiles } from './testing/memory-files.ts';

const DIRECTORY = 't-0';
const SEGMENT = `${DIRECTORY}/00000000000000000000.log`;
const SECTOR_BYTES = 512;
const OFFSET_BYTES = 8;

interface Written {
  readonly disk: Disk;
  /** Where each batch begins; then the end. */
  readonly positions: readonly number[];
}

const open = (disk: Disk): Promise<ReplicaLog> => ReplicaLog.open(new MemoryFiles(disk), DIRECTORY);

/** A killed log of batches of one record, of these sizes, of which the operating system has all: a number of them a write. */
async function written(
  groups: readonly (readonly number[])[],
  { seed = 0, flushed = 0, fill = 'x' } = {},
): Promise<Written> {
  const disk = new Disk(randomStream(seed, 'disk'));
  disk.makeDirectory(DIRECTORY);
  disk.syncDirectory('');
  const log = await open(disk);
  const positions = [0];
  for (const [i, sizes] of groups.entries()) {
    if (i === flushed) await log.flush();
    const batches = sizes.map((size) => batchOf([fill.repeat(size)]));
    for (const { length } of batches) positions.push((positions.at(-1) as number) + length);
    log.append(concat(...batches), { assignOffsets: true, leaderEpoch: 1 });
    await log.written();
  }
  return { disk, positions };
}

function change(disk: Disk, at: number, to: (byte: number) => number): void {
  const content = disk.open(SEGMENT, false);
  content.write(at, Uint8Array.of(to(content.read(at, 1)[0] as number)));
}
const zero = (disk: Disk, from: number, to: number): void =>
  disk.open(SEGMENT, false).write(from, new Uint8Array(to - from));

const size = fc.oneof(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 3000 }));
const groups = fc.array(fc.array(size, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 8 });

test('whatever a power loss leaves is no corruption', { timeout: 60_000 }, async () => {
  let cut = 0;
  await fc.assert(
    fc.asyncProperty(groups, fc.nat(8), fc.nat(100_000), async (sizes, flushed, seed) => {
      const { disk } = await written(sizes, { seed, flushed });
      const durable = flushed < sizes.length ? sizes.slice(0, flushed).flat().length : 0;
      disk.losePower();
      const log = await open(disk);
      expect(log.logEndOffset).toBeGreaterThanOrEqual(durable);
      if (log.recovered.tornBytes > 0) cut++;
      expect(log.recovered.notes.length).toBe(log.recovered.tornBytes > 0 ? 1 : 0);
      expect((await open(disk)).logEndOffset).toBe(log.logEndOffset);
    }),
    { numRuns: Number(process.env['POWER_LOSS_RUNS'] ?? 400) },
  );
  expect(cut).toBeGreaterThan(50);
});

test('wherever a write ended early, it is cut off there, and that is a warning', async () => {
  const { disk, positions } = await written([[30, 700, 20]]);
  const content = disk.open(SEGMENT, false);
  for (let end = content.length - 1; end > 0; end--) {
    content.truncate(end);
    const log = await open(disk);
    const kept = positions.filter((position) => position <= end).length - 1;
    expect(log.logEndOffset).toBe(kept);
    const levels = log.recovered.notes.map(({ level }) => level);
    expect(levels).toEqual(positions.includes(end) ? [] : ['warn']);
    end = Math.min(end, positions[kept] as number);
  }
});

test('a bit that changed in any batch is refused, with its place: what follows does not go silently', async () => {
  let refused = 0;
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(groups, fc.nat(), fc.nat(7), async (sizes, where, bit) => {
      const { disk, positions } = await written(sizes);
      const end = positions.at(-1) as number;
      const at = where % end;
      const batch = positions.findLastIndex((position) => position <= at);
      const position = positions[batch] as number;
      const field = at - position;
      // No CRC covers the offset and the epoch.
      fc.pre(field >= 16 || (field >= 8 && field < 12));
      change(disk, at, (byte) => byte ^ (1 << bit));
      runs++;
      try {
        const { logEndOffset, recovered } = await open(disk);
        expect(logEndOffset).toBe(batch);
        const isLast = batch === positions.length - 2;
        expect(recovered.notes).toMatchObject([{ level: isLast ? 'warn' : 'error' }]);
        expect(recovered.notes[0]?.message).toContain(
          `${SEGMENT} is cut off at byte ${position}, offset ${batch}`,
        );
      } catch (error) {
        if (!(error instanceof LogCorruptError)) throw error;
        expect(error).toMatchObject({ path: SEGMENT, positionBytes: position });
        refused++;
      }
    }),
    { numRuns: 500 },
  );
  expect(refused / runs).toBeGreaterThan(0.9);
});

describe('of five batches, the second is not good', () => {
  const SIZES = [
    [1000, 1000, 1000],
    [1000, 1000],
  ];

  test.each<readonly [string, number]>([
    ['in a value', 600],
    ['in the CRC', 18],
    ['in the magic', 16],
    ['in the length: it is too small', 11],
    ['in the length: it ends behind the file', 9],
    ['in the length: it is negative', 8],
    ['in the number of records', 57],
  ])('a bit changed %s: refused', async (_name, field) => {
    const { disk, positions } = await written(SIZES);
    const at = positions[1] as number;
    change(disk, at + field, (byte) => byte ^ 0x80);
    const opened = open(disk);
    await expect(opened).rejects.toThrow(`${SEGMENT} is corrupt at byte ${at}: `);
    await expect(opened).rejects.toThrow('with good batches up to offset 5 behind it: it was written whole');
  });

  test('a sector of it was lost: the rest goes, and an error says how much', async () => {
    const { disk, positions } = await written(SIZES);
    const [, at = 0, next = 0] = positions;
    const sector = Math.ceil(at / SECTOR_BYTES) * SECTOR_BYTES;
    expect(sector + SECTOR_BYTES).toBeLessThan(next);
    zero(disk, sector, sector + SECTOR_BYTES);
    const log = await open(disk);
    expect(log.logEndOffset).toBe(1);
    const [note] = log.recovered.notes;
    expect(note?.level).toBe('error');
    expect(note?.message).toMatch(
      new RegExp(
        `^${SEGMENT} is cut off at byte ${at}, offset 1: ${(positions.at(-1) as number) - at} bytes`,
      ),
    );
    expect(note?.message).toContain('with good batches up to offset 5 behind it (bad-crc');
    log.append(batchOf(['on']), { assignOffsets: true, leaderEpoch: 2 });
    await log.flush();
    expect(describeRecords(await (await open(disk)).read(1, 1000))).toEqual(['1:on']);
  });

  test.each<readonly [string, number]>([
    ['its beginning, up to the end of a sector', 300],
    ['its beginning, its length and no more', 10],
  ])('%s was lost: the rest goes', async (_name, lostBytes) => {
    const first = SECTOR_BYTES * 2 - lostBytes - batchOf(['']).length - 2;
    const { disk, positions } = await written([[first, 1000, 1000]]);
    const at = positions[1] as number;
    expect((at + lostBytes) % SECTOR_BYTES).toBe(0);
    zero(disk, at, at + lostBytes);
    expect((await open(disk)).logEndOffset).toBe(1);
  });

  test('it was a write, and was lost, all in a sector: the rest goes', async () => {
    const { disk, positions } = await written([[10], [10], [10]]);
    zero(disk, positions[1] as number, positions[2] as number);
    expect((await open(disk)).recovered.notes).toMatchObject([{ level: 'error' }]);
  });

  test('what looks like many batches, and is none, is read to an end', { timeout: 30_000 }, async () => {
    const fake = batchOf(['x'.repeat(300)]);
    fake[AT.crc]! ^= 1;
    fake[AT.baseOffset + OFFSET_BYTES - 1] = 9;
    const value = new TextDecoder('latin1').decode(fake.subarray(0, AT.producerId)).repeat(5000);
    const { disk, positions } = await written([[1], [1], [1]], { fill: value });
    change(disk, (positions[1] as number) + 30, (byte) => byte ^ 1);
    await expect(open(disk)).rejects.toThrow('with good batches up to offset 3 behind it');
  });
});
