import { expect, test } from 'vitest';
import { randomStream } from '../../../harness/random.ts';
import { Disk } from '../../runtime/disk-model/disk.ts';
import { LogCorruptError } from './errors.ts';
import { ReplicaLog } from './replica-log.ts';
import { compareSnapshots, SnapshotStore } from './snapshot-store.ts';
import { batchOf, concat } from './testing/batches.ts';
import { MemoryFiles } from './testing/memory-files.ts';

const DIRECTORY = '__cluster_metadata-0';
const ID = { endOffset: 100, epoch: 3 };
const CONTENT = concat(batchOf(['a', 'b']), batchOf(['c']));

async function start(seed = 1, operationsUntilPowerLoss?: number) {
  const disk = new Disk(randomStream(seed, 'disk'));
  disk.makeDirectory(DIRECTORY);
  disk.syncDirectory('');
  const files = new MemoryFiles(
    disk,
    operationsUntilPowerLoss === undefined ? {} : { operationsUntilPowerLoss },
  );
  return { disk, files, snapshots: await SnapshotStore.open(files, DIRECTORY) };
}

async function save(snapshots: SnapshotStore, id = ID): Promise<void> {
  const writer = await snapshots.create(id);
  // Cut in the middle of a batch, as fetched snapshots are.
  await writer.append(CONTENT.subarray(0, 50));
  await writer.append(CONTENT.subarray(50));
  expect(writer.sizeBytes).toBe(CONTENT.length);
  await writer.freeze();
}

test('a frozen snapshot can be read in pieces, and loaded', async () => {
  const { snapshots, disk } = await start();
  expect([snapshots.latest, snapshots.earliest]).toEqual([null, null]);
  await save(snapshots);
  expect(disk.list(DIRECTORY)).toEqual(['00000000000000000100-0000000003.checkpoint']);
  const pieces: Uint8Array[] = [];
  for (let at = 0; ; at += 33) {
    const piece = await snapshots.read(ID, at, 33);
    expect(piece?.sizeBytes).toBe(CONTENT.length);
    if (piece === null || piece.bytes.length === 0) break;
    pieces.push(piece.bytes);
  }
  expect(concat(...pieces)).toEqual(CONTENT);
  const counts: number[] = [];
  await snapshots.load(ID, (batch) => counts.push(batch.count));
  expect(counts).toEqual([2, 1]);
  expect(await snapshots.read({ endOffset: 100, epoch: 4 }, 0, 10)).toBe(null);
});

test('they are in order, and the old ones go', async () => {
  const { snapshots, files } = await start();
  const ids = [
    { endOffset: 200, epoch: 3 },
    { endOffset: 50, epoch: 9 },
    { endOffset: 200, epoch: 4 },
  ];
  for (const id of ids) await save(snapshots, id);
  await save(snapshots, ids[0]);
  const sorted = [...ids].sort(compareSnapshots);
  expect(snapshots.list()).toEqual(sorted);
  expect([snapshots.earliest, snapshots.latest]).toEqual([ids[1], ids[2]]);
  expect((await SnapshotStore.open(files, DIRECTORY)).list()).toEqual(sorted);
  expect(await snapshots.deleteBefore(200)).toBe(1);
  expect(snapshots.list()).toEqual([ids[0], ids[2]]);
  expect(snapshots.has(ids[1]!)).toBe(false);
  expect((await SnapshotStore.open(files, DIRECTORY)).list()).toEqual([ids[0], ids[2]]);
});

test('what is not whole batches does not become a snapshot', async () => {
  const { snapshots, disk } = await start();
  const writer = await snapshots.create(ID);
  await writer.append(CONTENT.subarray(0, CONTENT.length - 1));
  await expect(writer.freeze()).rejects.toThrow(LogCorruptError);
  expect([snapshots.latest, disk.list(DIRECTORY)]).toEqual([null, []]);
  const again = await snapshots.create(ID);
  await again.abandon();
  expect(disk.list(DIRECTORY)).toEqual([]);
});

test('a damaged snapshot is refused when it is loaded, with its name', async () => {
  const { snapshots, disk } = await start();
  await save(snapshots);
  disk.open(`${DIRECTORY}/00000000000000000100-0000000003.checkpoint`, false).write(70, Uint8Array.of(0xee));
  await expect(snapshots.load(ID, () => undefined)).rejects.toThrow(
    /0000000003\.checkpoint is corrupt at byte 0/,
  );
});

test('after a power loss at any moment: the old or the new, whole', async () => {
  const seen = new Set<number>();
  for (let seed = 0; seed < 60; seed++) {
    const { snapshots, files, disk } = await start(seed, 3 + (seed % 24));
    const first = save(snapshots).then(() => save(snapshots, { endOffset: 300, epoch: 3 }));
    const isDone = (await Promise.race([first, files.powerLost])) === undefined;
    const found = await SnapshotStore.open(new MemoryFiles(disk), DIRECTORY);
    seen.add(found.list().length);
    if (isDone) expect(found.list()).toHaveLength(2);
    for (const id of found.list()) await found.load(id, () => undefined);
    expect(disk.list(DIRECTORY).every((name) => name.endsWith('.checkpoint'))).toBe(true);
  }
  expect([...seen].sort()).toEqual([0, 1, 2]);
});

test('beside a log: cut behind a snapshot, and begun anew behind a fetched one', async () => {
  const { files, snapshots } = await start();
  const log = await ReplicaLog.open(files, DIRECTORY);
  log.append(batchOf(['a', 'b']), { assignOffsets: true, leaderEpoch: 2 });
  log.append(batchOf(['c', 'd']), { assignOffsets: true, leaderEpoch: 3 });
  await log.flush();
  log.advanceHighWatermark(4);
  await save(snapshots, { endOffset: 2, epoch: 2 });
  await log.deleteRecords(2);
  expect([log.logStartOffset, log.logEndOffset]).toEqual([2, 4]);
  await save(snapshots);
  await log.truncateFullyAndStartAt(ID.endOffset);
  await snapshots.deleteBefore(ID.endOffset);
  const again = await ReplicaLog.open(files, DIRECTORY);
  expect([again.logStartOffset, again.logEndOffset, again.epochs.latest]).toEqual([100, 100, null]);
  expect((await SnapshotStore.open(files, DIRECTORY)).latest).toEqual(ID);
});
