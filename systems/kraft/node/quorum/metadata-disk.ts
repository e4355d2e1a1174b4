/**
 * The disk of the quorum: log, snapshots and `quorum-state`, written in the order in which the core asked.
 *
 *     const { disk, recovered } = await MetadataDisk.open(files, { segmentBytes, staticVoters });
 *     disk.write(effect);            // at once readable; durable when onStored says so
 *
 * The order, and what shares a flush, is the business of `write-queue.ts`.
 */
import type { Files } from '../../../runtime/runtime.ts';
import { METADATA_DIRECTORY } from '../../internal-topics.ts';
import { LogCorruptError } from '../../log/errors.ts';
import type { RecoveryNote } from '../../log/recovery.ts';
import { ReplicaLog } from '../../log/replica-log.ts';
import { SnapshotStore } from '../../log/snapshot-store.ts';
import type { Entry, Voter } from '../../quorum/messages.ts';
import { endOffsetOf } from '../../quorum/messages.ts';
import type { Recovered, StoredSnapshot } from '../../quorum/state-types.ts';
import { readBatches } from '../../records/batch.ts';
import { entryOf } from './metadata-batches.ts';
import type { LoadedSnapshot } from './metadata-snapshots.ts';
import { MetadataSnapshots, snapshotPattern } from './metadata-snapshots.ts';
import { readQuorumState } from './quorum-state-file.ts';
import { WriteQueue } from './write-queue.ts';

export interface DiskSettings {
  readonly segmentBytes: number;
  readonly staticVoters: readonly Voter[];
}

export interface DiskListener {
  /** Everything up to this write is durable. */
  onStored(write: number): void;
  onFailure(error: unknown): void;
}

export interface OpenedDisk {
  readonly disk: MetadataDisk;
  readonly recovered: Recovered;
  /** What the state begins with. */
  readonly snapshot: LoadedSnapshot | null;
  /** Voters that the cluster was formatted with, in a snapshot of nothing (KIP-853); null where there is none. */
  readonly formatted: StoredSnapshot | null;
  readonly notes: readonly RecoveryNote[];
}

const RECOVERY_READ_BYTES = 1024 * 1024;
/** The quorum decides what goes; nothing goes by age or size. */
const KEEP_ALL = { retentionBytes: -1, retentionMs: -1 } as const;

export class MetadataDisk {
  readonly snapshots: MetadataSnapshots;
  private readonly log: ReplicaLog;
  private readonly writes: WriteQueue;
  private listener: DiskListener | null = null;

  private constructor(files: Files, log: ReplicaLog, snapshots: MetadataSnapshots) {
    this.log = log;
    this.snapshots = snapshots;
    this.writes = new WriteQueue(files, METADATA_DIRECTORY, log, {
      onStored: (write) => this.listener?.onStored(write),
      onFailure: (error) => this.listener?.onFailure(error),
      deletePrefix: (logStartOffset) => this.deletePrefix(logStartOffset),
    });
  }

  /**
   * @throws LogCorruptError, QuorumStateError that name the file
   */
  static async open(files: Files, settings: DiskSettings): Promise<OpenedDisk> {
    let disk: MetadataDisk | null = null;
    const log = await ReplicaLog.open(files, METADATA_DIRECTORY, {
      segmentBytes: settings.segmentBytes,
      ...KEEP_ALL,
      onFailure: (error) => disk?.listener?.onFailure(error),
    });
    const store = await SnapshotStore.open(files, METADATA_DIRECTORY);
    const snapshots = new MetadataSnapshots(store, settings.staticVoters);
    disk = new MetadataDisk(files, log, snapshots);
    // What a killed process wrote, and nobody flushed, counts from now on.
    await log.flush();
    await disk.dropUncovered();
    const latest = snapshots.latest;
    const loaded = latest === null ? null : await snapshots.load(latest);
    const isOfNothing = latest?.endOffset === 0;
    const snapshot = isOfNothing ? null : loaded;
    const recovered = {
      quorumState: await readQuorumState(files, METADATA_DIRECTORY, log.logEndOffset),
      snapshot: snapshot?.stored ?? null,
      logStartOffset: log.logStartOffset,
      logStartEpoch: disk.logStartEpoch(),
      entries: await disk.readEntries(),
    };
    const formatted = isOfNothing ? (loaded?.stored ?? null) : null;
    return { disk, recovered, snapshot, formatted, notes: log.recovered.notes };
  }

  listen(listener: DiskListener): void {
    this.listener = listener;
  }

  // Recovery

  /** The log begins where a snapshot ends. If that one is gone, or the log start is, a later one has all that is before it. */
  private async dropUncovered(): Promise<void> {
    const { logStartOffset, logEndOffset } = this.log;
    if (logStartOffset === 0 || this.snapshots.endingAt(logStartOffset) !== null) return;
    const next = this.snapshots.firstFrom(logStartOffset);
    if (next !== null && next.endOffset <= logEndOffset) await this.deletePrefix(next.endOffset);
  }

  private logStartEpoch(): number {
    const { logStartOffset } = this.log;
    if (logStartOffset === 0) return 0;
    const snapshotId = this.snapshots.endingAt(logStartOffset);
    if (snapshotId !== null) return snapshotId.epoch;
    throw new LogCorruptError(
      snapshotPattern(logStartOffset),
      0,
      `it is missing, and the log begins at offset ${logStartOffset}, where it ends`,
    );
  }

  private async readEntries(): Promise<Entry[]> {
    const { log } = this;
    const entries: Entry[] = [];
    let offset = log.logStartOffset;
    while (offset < log.logEndOffset) {
      const bytes = await log.read(offset, RECOVERY_READ_BYTES);
      if (bytes.length === 0) {
        throw new LogCorruptError(METADATA_DIRECTORY, 0, `there is nothing at offset ${offset}`);
      }
      for (const batch of readBatches(bytes)) {
        const entry = entryOf(batch, null);
        if (entry.offset !== offset) {
          throw new LogCorruptError(METADATA_DIRECTORY, 0, `offset ${entry.offset} follows ${offset - 1}`);
        }
        entries.push(entry);
        offset = endOffsetOf(entry);
      }
    }
    return entries;
  }

  write(item: Parameters<WriteQueue['write']>[0]): void {
    this.writes.write(item);
  }

  private async deletePrefix(logStartOffset: number): Promise<void> {
    this.log.advanceHighWatermark(logStartOffset);
    await this.log.deleteRecords(logStartOffset);
    await this.snapshots.deleteBefore(logStartOffset);
  }

  /** See {@link WriteQueue.read}. */
  read(offset: number, maxBytes: number, upTo: number): Promise<Uint8Array | null> {
    return this.writes.read(offset, maxBytes, upTo);
  }

  /** Nothing is written any more; what was asked for before is durable when it resolves. */
  async close(): Promise<void> {
    if (await this.writes.close()) await this.log.close();
  }
}
