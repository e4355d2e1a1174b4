import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RealFiles } from '../runtime/real/real-files.ts';
import { newEntry } from './log.ts';
import { correctRules } from './rules.ts';
import { encodeSnapshot } from './snapshot.ts';
import { StateMachine } from './state-machine.ts';
import { Storage } from './storage.ts';
import { Batch, CorruptionError, Replay, replaySegment } from './wal.ts';

function entryAt(index: number, term = 1) {
  const entry = newEntry(term, Uint8Array.of(index, term, 7));
  entry.index = index;
  return entry;
}

/** Three batches: a term and vote, two entries, one more entry. */
function threeBatches(): { bytes: Uint8Array; ends: number[] } {
  const batch = new Batch();
  const parts: Uint8Array[] = [];
  batch.hardState(3, 'n2');
  parts.push(batch.take(1));
  batch.entry(entryAt(1));
  batch.entry(entryAt(2));
  parts.push(batch.take(2));
  batch.entry(entryAt(3));
  parts.push(batch.take(3));
  const ends: number[] = [];
  let end = 0;
  for (const part of parts) ends.push((end += part.length));
  return { bytes: Uint8Array.from(parts.flatMap((part) => [...part])), ends };
}

function replayed(bytes: Uint8Array, isLast = true): { replay: Replay; goodBytes: number } {
  const replay = new Replay();
  return { replay, goodBytes: replaySegment(replay, 'wal-1', bytes, isLast) };
}

describe('segments', () => {
  const { bytes, ends } = threeBatches();

  test('say again what was written', () => {
    const { replay, goodBytes } = replayed(bytes);
    expect(goodBytes).toBe(bytes.length);
    expect([replay.term, replay.votedFor, replay.lastIndex, replay.sequence]).toEqual([3, 'n2', 3, 3]);
    expect(replay.entries.map((entry) => [...entry.payload])).toEqual([
      [1, 1, 7],
      [2, 1, 7],
      [3, 1, 7],
    ]);
  });

  test('torn at any byte, the whole batches before it are good', () => {
    for (let length = 0; length < bytes.length; length++) {
      const { goodBytes, replay } = replayed(bytes.slice(0, length));
      expect(goodBytes).toBe(ends.filter((end) => end <= length).at(-1) ?? 0);
      expect(replay.entries.length).toBe(length >= (ends[1] as number) ? 2 : 0);
    }
  });

  test('torn with zeros instead of bytes, too', () => {
    for (let length = ends[1] as number; length < bytes.length; length++) {
      const torn = bytes.slice();
      torn.fill(0, length);
      // The last batch may end in zeros of its own.
      if (torn.every((byte, i) => byte === bytes[i])) continue;
      expect(replayed(torn).goodBytes).toBe(ends[1]);
    }
  });

  test('a torn segment that is not the last refuses to start', () => {
    expect(() => replayed(bytes.slice(0, -1), false)).toThrow(CorruptionError);
  });

  test('a changed bit before a good batch refuses to start, wherever it is', () => {
    for (let bit = 0; bit < (ends[1] as number) * 8; bit++) {
      const damaged = bytes.slice();
      damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(() => replayed(damaged)).toThrow(CorruptionError);
    }
  });

  test('a missing batch refuses to start', () => {
    const without = Uint8Array.from([...bytes.slice(0, ends[0]), ...bytes.slice(ends[1])]);
    expect(() => replayed(without)).toThrow(/batch 3 follows batch 1/);
  });

  test('an entry replaces what was at and after its index; truncation and reset count', () => {
    const batch = new Batch();
    for (const index of [1, 2, 3, 4]) batch.entry(entryAt(index));
    batch.entry(entryAt(2, 2));
    expect(replayed(batch.take(1)).replay.entries.map((entry) => entry.term)).toEqual([1, 2]);
    for (const index of [1, 2, 3]) batch.entry(entryAt(index));
    batch.truncate(3);
    expect(replayed(batch.take(1)).replay.lastIndex).toBe(2);
    batch.entry(entryAt(1));
    batch.reset(9, 2);
    batch.entry(entryAt(10, 2));
    const { replay } = replayed(batch.take(1));
    expect([replay.baseIndex, replay.lastIndex]).toEqual([9, 10]);
  });

  test('a gap between entries refuses to start', () => {
    const batch = new Batch();
    batch.entry(entryAt(1));
    batch.entry(entryAt(3));
    expect(() => replayed(batch.take(1))).toThrow(/entry 3 follows entry 1/);
  });
});

describe('storage', () => {
  let folder = '';
  const open = (segmentBytes = 1024): Storage =>
    new Storage(new RealFiles(folder), { segmentBytes, maxSessions: 10 }, correctRules);
  const fileNames = (): string[] => readdirSync(folder).sort();
  const damage = (name: string, at: number): void => {
    const bytes = readFileSync(join(folder, name));
    bytes[at] = (bytes[at] as number) ^ 1;
    writeFileSync(join(folder, name), bytes);
  };
  const snapshotAt = (index: number, term = 1) => {
    const configuration = { voters: ['n1'], outgoing: [], learners: [] };
    return encodeSnapshot(
      { index, term, prefixHash: 1, stateHash: 2, configuration },
      new StateMachine(10),
      true,
    );
  };
  const write = async (storage: Storage, from: number, to: number, term = 1): Promise<void> => {
    for (let index = from; index <= to; index++) {
      storage.entries(index, [entryAt(index, term)]);
      await storage.commit();
    }
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'raft-storage-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test('a fresh folder has nothing to say', async () => {
    expect(await open().recover()).toMatchObject({ term: 0, votedFor: null, snapshot: null, entries: [] });
  });

  test('what was committed is there after a start, and after the next', async () => {
    const storage = open();
    await storage.recover();
    storage.hardState(1, 4, 'n3');
    storage.entries(2, [entryAt(1), entryAt(2)]);
    expect(await storage.commit()).toBe(2);
    const again = open();
    expect(await again.recover()).toMatchObject({ term: 4, votedFor: 'n3' });
    await write(again, 3, 3);
    const { entries } = await open().recover();
    expect(entries.map((entry) => entry.index)).toEqual([1, 2, 3]);
  });

  test('a torn tail is cut off, and writing goes on there', async () => {
    const storage = open();
    await storage.recover();
    await write(storage, 1, 3);
    const name = 'wal-0000000001.log';
    truncateSync(join(folder, name), readFileSync(join(folder, name)).length - 3);
    const again = open();
    expect((await again.recover()).entries).toHaveLength(2);
    await write(again, 3, 4);
    expect((await open().recover()).entries).toHaveLength(4);
  });

  test('a corrupt middle refuses to start, and says which file', async () => {
    const storage = open();
    await storage.recover();
    await write(storage, 1, 3);
    damage('wal-0000000001.log', 60);
    await expect(open().recover()).rejects.toThrow(/wal-0000000001\.log is corrupt/);
  });

  test('segments that a snapshot covers go; the rest joins it', async () => {
    const storage = open(150);
    await storage.recover();
    for (let index = 1; index <= 20; index++) {
      await write(storage, index, index);
      if (storage.wantsRotation) await storage.rotate();
    }
    expect(fileNames().length).toBeGreaterThan(4);
    await storage.saveSnapshot(snapshotAt(15));
    storage.compact(15);
    await storage.rotate();
    await write(storage, 21, 22);
    expect(fileNames().filter((name) => name.startsWith('wal')).length).toBeLessThan(4);
    const recovered = await open().recover();
    expect(recovered.snapshot?.index).toBe(15);
    expect(recovered.entries.map((entry) => entry.index)).toEqual([16, 17, 18, 19, 20, 21, 22]);
  });

  test('the newest snapshot counts, the older ones go, an unfinished one is forgotten', async () => {
    const storage = open();
    await storage.recover();
    await write(storage, 1, 9);
    await storage.saveSnapshot(snapshotAt(3));
    await storage.saveSnapshot(snapshotAt(6));
    writeFileSync(join(folder, 'snapshot.tmp'), 'half');
    const recovered = await open().recover();
    expect(recovered.snapshot?.index).toBe(6);
    expect(recovered.entries.map((entry) => entry.index)).toEqual([7, 8, 9]);
    expect(fileNames()).toEqual(['snapshot-0000000000000006.snap', 'wal-0000000001.log']);
  });

  test('a snapshot ahead of the log replaces it', async () => {
    const storage = open();
    await storage.recover();
    storage.hardState(1, 2, null);
    await write(storage, 1, 4);
    await storage.saveSnapshot(snapshotAt(9, 2));
    const again = open();
    expect((await again.recover()).entries).toEqual([]);
    await write(again, 10, 11, 2);
    const recovered = await open().recover();
    expect(recovered.entries.map((entry) => entry.index)).toEqual([10, 11]);
    expect(recovered.term).toBe(2);
  });

  test('a snapshot that contradicts the log replaces it', async () => {
    const storage = open();
    await storage.recover();
    await write(storage, 1, 8);
    await storage.saveSnapshot(snapshotAt(5, 3));
    expect((await open().recover()).entries).toEqual([]);
  });

  test('a damaged snapshot, a missing one and a missing log refuse to start', async () => {
    const storage = open();
    await storage.recover();
    await write(storage, 1, 9);
    const name = 'snapshot-0000000000000006.snap';
    await storage.saveSnapshot(snapshotAt(6));
    storage.compact(6);
    await storage.rotate();
    damage(name, 20);
    await expect(open().recover()).rejects.toThrow(/snapshot-0+6\.snap is corrupt/);
    damage(name, 20);
    rmSync(join(folder, 'wal-0000000001.log'));
    rmSync(join(folder, 'wal-0000000002.log'));
    await expect(open().recover()).rejects.toThrow(/the log is missing/);
  });

  test('a crash in the middle of beginning a segment loses nothing', async () => {
    const storage = open();
    await storage.recover();
    await write(storage, 1, 3);
    writeFileSync(join(folder, 'wal-0000000002.log'), Uint8Array.of(1, 2, 3));
    const again = open();
    expect((await again.recover()).entries).toHaveLength(3);
    expect(fileNames()).toEqual(['wal-0000000001.log']);
    await write(again, 4, 4);
    expect((await open().recover()).entries).toHaveLength(4);
  });
});
