/** What the quorum keeps in files, and what batches and entries make of each other. */
import { describe, expect, test } from 'vitest';
import { Disk } from '../../../runtime/disk-model/disk.ts';
import { randomStream } from '../../../../harness/random.ts';
import type { MetadataRecord } from '../../controller/metadata-records.ts';
import { METADATA_DIRECTORY } from '../../internal-topics.ts';
import { ReplicaLog } from '../../log/replica-log.ts';
import { SnapshotStore } from '../../log/snapshot-store.ts';
import { MemoryFiles } from '../../log/testing/memory-files.ts';
import type { ControlRecord } from '../../quorum/messages.ts';
import { RecordBatch } from '../../records/batch.ts';
import { RecordError } from '../../records/errors.ts';
import { encodeControls, encodeMetadata, entriesOf, metadataOf } from './metadata-batches.ts';
import { MetadataDisk } from './metadata-disk.ts';
import { MetadataSnapshots, hashOfState } from './metadata-snapshots.ts';
import {
  decodeQuorumState,
  encodeQuorumState,
  QuorumStateError,
  readQuorumState,
  writeQuorumState,
} from './quorum-state-file.ts';

const DIRECTORY_ID = 'SQAs5vVvSZmIs3mTVZqLqw';
const STATE = { leaderId: 2, leaderEpoch: 7, votedId: 1, votedDirectoryId: DIRECTORY_ID };
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const config = (name: string): MetadataRecord => ({
  type: 'config',
  resourceType: 2,
  resourceName: 't',
  name,
  value: 'v',
});

async function emptyFiles(): Promise<MemoryFiles> {
  const files = new MemoryFiles(new Disk(randomStream(1, 'disk')));
  await files.makeDirectory(METADATA_DIRECTORY);
  return files;
}

describe('quorum-state', () => {
  test('is written as Kafka writes it, and read back', async () => {
    expect(new TextDecoder().decode(encodeQuorumState({ ...STATE, votedDirectoryId: null }))).toBe(
      '{"leaderId":2,"leaderEpoch":7,"votedId":1,"votedDirectoryId":"AAAAAAAAAAAAAAAAAAAAAA","data_version":1}',
    );
    const files = await emptyFiles();
    expect(await readQuorumState(files, METADATA_DIRECTORY, 0)).toMatchObject({
      leaderEpoch: 0,
      votedId: -1,
    });
    await expect(readQuorumState(files, METADATA_DIRECTORY, 7)).rejects.toThrow(
      '__cluster_metadata-0/quorum-state is missing, and the log beside it ends at offset 7',
    );
    await writeQuorumState(files, METADATA_DIRECTORY, STATE);
    await writeQuorumState(files, METADATA_DIRECTORY, { ...STATE, leaderEpoch: 8 });
    expect(await readQuorumState(files, METADATA_DIRECTORY, 7)).toEqual({ ...STATE, leaderEpoch: 8 });
  });

  test('of a cluster with static voters, as Kafka 3 wrote it', () => {
    const text =
      '{"clusterId":"","leaderId":1,"leaderEpoch":2,"votedId":-1,"appliedOffset":0,"currentVoters":[{"voterId":1}],"data_version":0}';
    expect(decodeQuorumState(bytesOf(text), 'f')).toEqual({
      leaderId: 1,
      leaderEpoch: 2,
      votedId: -1,
      votedDirectoryId: null,
    });
  });

  test.each([
    ['', 'it is not JSON'],
    ['[', 'it is not JSON'],
    ['7', 'it is not an object'],
    ['{"data_version":2}', 'data_version 2'],
    ['{"data_version":1,"leaderEpoch":1,"votedId":1}', 'leaderId is undefined'],
    ['{"data_version":1,"leaderId":1,"leaderEpoch":-1,"votedId":1}', 'leaderEpoch is -1'],
    ['{"data_version":1,"leaderId":1,"leaderEpoch":1,"votedId":1.5}', 'votedId is 1.5'],
    ['{"data_version":1,"votedDirectoryId":"x"}', 'votedDirectoryId is "x"'],
  ])('%s is refused, and the file named', (text, what) => {
    const read = (): unknown => decodeQuorumState(bytesOf(text), 'd/quorum-state');
    expect(read).toThrow(QuorumStateError);
    expect(read).toThrow(`d/quorum-state is corrupt: ${what}`);
  });
});

describe('batches', () => {
  test('metadata records become an entry, and come back', () => {
    const records = [config('a'), config('b'), { type: 'no-op' } as const];
    const { payload, hash } = encodeMetadata(records, 1000);
    const batch = new RecordBatch(payload);
    batch.baseOffset = 40;
    batch.leaderEpoch = 3;
    const [entry, ...others] = entriesOf(payload);
    expect(others).toEqual([]);
    expect(entry).toMatchObject({ offset: 40, count: 3, epoch: 3, hash, controls: [] });
    expect(metadataOf(new RecordBatch(entry?.payload as Uint8Array))).toEqual(records);
  });

  test('control records keep what the quorum reads of them', () => {
    const controls: ControlRecord[] = [
      { type: 'leader-change', leaderId: 1, voters: [1, 2], grantingVoters: [2] },
      { type: 'kraft-version', kRaftVersion: 1 },
      {
        type: 'voters',
        voters: [
          { voterId: 1, voterDirectoryId: DIRECTORY_ID, listeners: [{ name: 'C', host: 'h', port: 9093 }] },
          { voterId: 2, voterDirectoryId: null, listeners: [] },
        ],
      },
    ];
    const batch = new RecordBatch(encodeControls(controls, 1000).payload);
    batch.leaderEpoch = 1;
    expect(entriesOf(batch.bytes)[0]?.controls).toEqual(controls);
  });

  test('bytes that are no batches are refused', () => {
    const { payload } = encodeMetadata([config('a')], 1000);
    expect(() => entriesOf(payload.subarray(0, 30))).toThrow(RecordError);
    payload[70] = 0xff;
    expect(() => entriesOf(payload)).toThrow(RecordError);
  });
});

describe('snapshots', () => {
  const snapshotId = { endOffset: 100, epoch: 3 };
  const voters = [{ voterId: 1, voterDirectoryId: DIRECTORY_ID, listeners: [] }];
  const records = Array.from({ length: 2500 }, (_, i) => config(`k${i}`));

  test('are written in several batches, sent in pieces, stored, and say the same', async () => {
    const files = await emptyFiles();
    const here = new MetadataSnapshots(await SnapshotStore.open(files, METADATA_DIRECTORY), []);
    const stored = await here.take({ snapshotId, kraftVersion: 1, voters }, records, 1000);
    expect(stored).toMatchObject({ snapshotId, kraftVersion: 1, voters, stateHash: hashOfState(records) });

    const others = await emptyFiles();
    const there = new MetadataSnapshots(await SnapshotStore.open(others, METADATA_DIRECTORY), []);
    const size = stored?.size ?? 0;
    for (let position = 0; position < size;) {
      const piece = await here.piece(snapshotId, position, 10_000);
      await there.chunk(snapshotId, position, piece ?? new Uint8Array(0));
      position += piece?.length ?? size;
    }
    expect(await there.storeFetched(snapshotId)).toEqual(stored);
    expect((await there.load(snapshotId)).records).toEqual(records);
    expect(await there.piece({ endOffset: 1, epoch: 1 }, 0, 10)).toBeNull();
  });

  test('bytes that are none are told, not stored', async () => {
    const snapshots = new MetadataSnapshots(
      await SnapshotStore.open(await emptyFiles(), METADATA_DIRECTORY),
      [],
    );
    expect(await snapshots.storeFetched(snapshotId)).toBe('nothing of it is there');
    await snapshots.chunk(snapshotId, 0, bytesOf('this is no batch at all'));
    expect(await snapshots.storeFetched(snapshotId)).toMatch(/corrupt at byte 0/);
    expect(snapshots.latest).toBeNull();
  });

  describe('and the log, which begins where one ends', () => {
    const settings = { segmentBytes: 300, staticVoters: [] };

    /** Ten records, four of them deleted, of which the last are in the first segment that is there; snapshots end at 4 and 8. */
    async function written(): Promise<MemoryFiles> {
      const files = await emptyFiles();
      const log = await ReplicaLog.open(files, METADATA_DIRECTORY, settings);
      for (const name of 'abcdefghij') {
        const { payload } = encodeMetadata([config(name)], 1000);
        log.append(payload, { assignOffsets: true, leaderEpoch: 3 });
      }
      const snapshots = new MetadataSnapshots(await SnapshotStore.open(files, METADATA_DIRECTORY), []);
      for (const endOffset of [4, 8]) {
        const context = { snapshotId: { endOffset, epoch: 3 }, kraftVersion: 0, voters: [] };
        await snapshots.take(context, [config(`up to ${endOffset}`)], 1000);
      }
      log.advanceHighWatermark(10);
      await log.deleteRecords(4);
      expect(log.segmentOffsets[0]).toBe(3);
      await log.close();
      await writeQuorumState(files, METADATA_DIRECTORY, STATE);
      return files;
    }
    const snapshotAt = (endOffset: number): string =>
      `${METADATA_DIRECTORY}/0000000000000000000${endOffset}-0000000003.checkpoint`;

    test('a log start that is lost is that of the next snapshot', async () => {
      const files = await written();
      await files.remove(`${METADATA_DIRECTORY}/log-checkpoint`);
      const { recovered, notes } = await MetadataDisk.open(files, settings);
      expect(recovered).toMatchObject({ logStartOffset: 4, logStartEpoch: 3 });
      expect(recovered.entries.map(({ offset }) => offset)).toEqual([4, 5, 6, 7, 8, 9]);
      expect(notes).toMatchObject([{ level: 'warn' }]);
    });

    test('a later one takes the place of one that is gone', async () => {
      const files = await written();
      await files.remove(snapshotAt(4));
      const { recovered } = await MetadataDisk.open(files, settings);
      expect(recovered).toMatchObject({ logStartOffset: 8, logStartEpoch: 3 });
      expect(recovered.entries.map(({ offset }) => offset)).toEqual([8, 9]);
    });

    test('without any, it is refused, and the file is named', async () => {
      const files = await written();
      for (const endOffset of [4, 8]) await files.remove(snapshotAt(endOffset));
      await expect(MetadataDisk.open(files, settings)).rejects.toThrow(
        `${METADATA_DIRECTORY}/00000000000000000004-*.checkpoint is corrupt at byte 0: it is missing`,
      );
    });
  });

  test('the hash of a state does not depend on its order, and does on its content', () => {
    const [a, b] = [config('a'), config('b')] as const;
    expect(hashOfState([a, b])).toBe(hashOfState([b, a]));
    expect(hashOfState([a])).not.toBe(hashOfState([b]));
  });
});
