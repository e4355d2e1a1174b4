/**
 * Snapshots of the metadata as the quorum keeps them (KIP-630): written from the state, read at the start, fetched from a leader.
 *
 *     header batch    SnapshotHeader; KRaftVersion and Voters where the voters are dynamic
 *     data batches    metadata records, at most MAX_BATCH_RECORDS of them each
 *     footer batch    SnapshotFooter
 *
 * One operation on files at a time, in the order in which they were asked for.
 */
import { FileError } from '../../../runtime/runtime.ts';
import type { MetadataRecord } from '../../controller/metadata-records.ts';
import { encodeRecord } from '../../controller/record-codec.ts';
import { METADATA_DIRECTORY } from '../../internal-topics.ts';
import type { OffsetAndEpoch, Voter } from '../../quorum/messages.ts';
import type { StoredSnapshot } from '../../quorum/state-types.ts';
import { joinPath } from '../../log/durable-files.ts';
import { LogCorruptError } from '../../log/errors.ts';
import { compareSnapshots, type SnapshotStore, type SnapshotWriter } from '../../log/snapshot-store.ts';
import { RecordBatch } from '../../records/batch.ts';
import { decodeControlBatch, encodeControlBatch } from '../../records/control.ts';
import { crc32c } from '../../records/crc32c.ts';
import { RecordError } from '../../records/errors.ts';
import { MalformedError } from '../../wire/codec-error.ts';
import { controlOf, encodeControls, encodeMetadata, metadataOf } from './metadata-batches.ts';

/** Of one batch, so that no record of a large state makes a batch that nobody can send. */
const MAX_BATCH_RECORDS = 1000;

export interface LoadedSnapshot {
  readonly stored: StoredSnapshot;
  readonly records: readonly MetadataRecord[];
}

export type SnapshotContext = Omit<StoredSnapshot, 'size' | 'stateHash'>;

/** The same for the same state, in whatever order it is told: what the trace compares between nodes. */
export function hashOfState(records: readonly MetadataRecord[]): number {
  let hash = 0;
  for (const record of records) hash = (hash + crc32c(encodeRecord(record))) >>> 0;
  return hash;
}

/** Of the file of a snapshot, for people. */
const pathOf = (endOffset: number, epoch: string): string =>
  joinPath(METADATA_DIRECTORY, `${String(endOffset).padStart(20, '0')}-${epoch}.checkpoint`);

/** The same of one whose epoch nobody knows. */
export const snapshotPattern = (endOffset: number): string => pathOf(endOffset, '*');

export class MetadataSnapshots {
  private readonly store: SnapshotStore;
  private readonly staticVoters: readonly Voter[];
  /** Of the snapshot that is being fetched. */
  private fetched: SnapshotWriter | null = null;
  private last: Promise<unknown> = Promise.resolve();

  /** @param staticVoters - what counts where a snapshot names no voters */
  constructor(store: SnapshotStore, staticVoters: readonly Voter[]) {
    this.store = store;
    this.staticVoters = staticVoters;
  }

  private inTurn<T>(job: () => Promise<T>): Promise<T> {
    const result = this.last.then(job);
    this.last = result.catch(() => undefined);
    return result;
  }

  /** Makes a snapshot of this state, durable when it resolves; null where that one is being fetched at the moment. */
  take(
    context: SnapshotContext,
    records: readonly MetadataRecord[],
    timestampMs: number,
  ): Promise<StoredSnapshot | null> {
    return this.inTurn(async () => {
      const { snapshotId, kraftVersion, voters } = context;
      if (this.fetched !== null && compareSnapshots(this.fetched.id, snapshotId) === 0) return null;
      const writer = await this.store.create(snapshotId);
      let offset = 0;
      const append = async (bytes: Uint8Array): Promise<void> => {
        const batch = new RecordBatch(bytes);
        batch.baseOffset = offset;
        batch.leaderEpoch = snapshotId.epoch;
        offset = batch.lastOffset + 1;
        await writer.append(bytes);
      };
      const header = { type: 'snapshot-header', lastContainedLogTimestampMs: timestampMs } as const;
      await append(encodeControlBatch([header], { timestampMs }));
      if (kraftVersion > 0) {
        const controls = [
          { type: 'kraft-version', kRaftVersion: kraftVersion },
          { type: 'voters', voters },
        ] as const;
        await append(encodeControls(controls, timestampMs).payload);
      }
      for (let i = 0; i < records.length; i += MAX_BATCH_RECORDS) {
        await append(encodeMetadata(records.slice(i, i + MAX_BATCH_RECORDS), timestampMs).payload);
      }
      await append(encodeControlBatch([{ type: 'snapshot-footer' }], { timestampMs }));
      const size = writer.sizeBytes;
      await writer.freeze();
      return { ...context, size, stateHash: hashOfState(records) };
    });
  }

  /** Bytes that a leader sent; position 0 begins anew. */
  chunk(snapshotId: OffsetAndEpoch, position: number, bytes: Uint8Array): Promise<void> {
    const copy = bytes.slice();
    return this.inTurn(async () => {
      if (position === 0) {
        const abandoned = this.fetched;
        this.fetched = null;
        await abandoned?.abandon();
        this.fetched = await this.store.create(snapshotId);
      }
      await this.fetched?.append(copy);
    });
  }

  /** The fetched bytes become a snapshot, durable when it resolves. A string says what is wrong with them. */
  storeFetched(snapshotId: OffsetAndEpoch): Promise<StoredSnapshot | string> {
    return this.inTurn(async () => {
      const writer = this.fetched;
      this.fetched = null;
      if (writer === null) return 'nothing of it is there';
      try {
        await writer.freeze();
      } catch (error) {
        if (error instanceof LogCorruptError) return error.message;
        throw error;
      }
      return (await this.read(snapshotId)).stored;
    });
  }

  /** @throws LogCorruptError that names the file */
  load(snapshotId: OffsetAndEpoch): Promise<LoadedSnapshot> {
    return this.inTurn(() => this.read(snapshotId));
  }

  private async read(snapshotId: OffsetAndEpoch): Promise<LoadedSnapshot> {
    const records: MetadataRecord[] = [];
    let kraftVersion = 0;
    let voters = this.staticVoters;
    let size = 0;
    let isComplete = false;
    const path = pathOf(snapshotId.endOffset, String(snapshotId.epoch).padStart(10, '0'));
    await this.store.load(snapshotId, (batch) => {
      try {
        if (!batch.isControl) {
          records.push(...metadataOf(batch));
        } else {
          for (const control of decodeControlBatch(batch)) {
            if (control.type === 'snapshot-footer') isComplete = true;
            const read = controlOf(control);
            if (read.type === 'kraft-version') kraftVersion = read.kRaftVersion;
            if (read.type === 'voters') voters = read.voters;
          }
        }
      } catch (error) {
        if (!(error instanceof RecordError || error instanceof MalformedError)) throw error;
        throw new LogCorruptError(path, size, error.message, { cause: error });
      }
      size += batch.sizeBytes;
    });
    if (!isComplete) throw new LogCorruptError(path, size, 'it has no end');
    return {
      stored: { snapshotId, size, kraftVersion, voters, stateHash: hashOfState(records) },
      records,
    };
  }

  /** Bytes to send; null where there is no such snapshot any more. */
  async piece(snapshotId: OffsetAndEpoch, position: number, maxBytes: number): Promise<Uint8Array | null> {
    try {
      return (await this.store.read(snapshotId, position, maxBytes))?.bytes ?? null;
    } catch (error) {
      // Removed while it was being opened.
      if (error instanceof FileError && error.code === 'ENOENT') return null;
      throw error;
    }
  }

  /** Of the latest; null where there is none. */
  get latest(): OffsetAndEpoch | null {
    return this.store.latest;
  }

  /** The one that ends there. */
  endingAt(endOffset: number): OffsetAndEpoch | null {
    return this.store.list().find((id) => id.endOffset === endOffset) ?? null;
  }

  /** The first that ends there or later. */
  firstFrom(endOffset: number): OffsetAndEpoch | null {
    return this.store.list().find((id) => id.endOffset >= endOffset) ?? null;
  }

  deleteBefore(endOffset: number): Promise<number> {
    return this.inTurn(() => this.store.deleteBefore(endOffset));
  }
}
