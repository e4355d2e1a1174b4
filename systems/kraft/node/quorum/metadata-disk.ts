/**
 * The disk of the quorum: log, snapshots and `quorum-state`, written in the order in which the core asked.
 *
 *     const { disk, recovered } = await MetadataDisk.open(files, { segmentBytes, staticVoters });
 *     disk.write(effect);            // at once readable; durable when onStored says so
 *
 * At most one flush is under way. What is asked for meanwhile goes into the next (group commit): first the latest
 * `quorum-state`, then the log. That file may so be newer than the log, as after any crash, and never older than a vote that left.
 * Truncations wait for what is before them, and what is behind them waits for them.
 */
import type { Files } from '../../../runtime/runtime.ts';
import { METADATA_DIRECTORY } from '../../internal-topics.ts';
import { LogCorruptError, OffsetOutOfRangeError } from '../../log/errors.ts';
import { ReplicaLog } from '../../log/replica-log.ts';
import { SnapshotStore } from '../../log/snapshot-store.ts';
import type { Effect, QuorumStateData } from '../../quorum/effects.ts';
import type { Entry, Voter } from '../../quorum/messages.ts';
import { endOffsetOf } from '../../quorum/messages.ts';
import type { Recovered, StoredSnapshot } from '../../quorum/state-types.ts';
import { readBatches, RecordBatch } from '../../records/batch.ts';
import { entryOf } from './metadata-batches.ts';
import type { LoadedSnapshot } from './metadata-snapshots.ts';
import { MetadataSnapshots } from './metadata-snapshots.ts';
import { readQuorumState, writeQuorumState } from './quorum-state-file.ts';

type Write = Extract<Effect, { readonly write: number }>;
type DeletePrefix = Extract<Effect, { readonly kind: 'delete-prefix' }>;
type Item = Write | DeletePrefix;

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
}

const RECOVERY_READ_BYTES = 1024 * 1024;
/** The quorum decides what goes; nothing goes by age or size. */
const KEEP_ALL = { retentionBytes: -1, retentionMs: -1 } as const;

export class MetadataDisk {
  readonly snapshots: MetadataSnapshots;
  private readonly files: Files;
  private readonly log: ReplicaLog;
  private listener: DiskListener | null = null;
  private queue: Item[] = [];
  /** Appends in the queue up to this write are in the log already. */
  private appendedWrite = 0;
  /** Truncations and resets that are queued or under way. */
  private cutsPending = 0;
  /** How many truncations and resets there were: what was read across one is not what it was asked for. */
  private cuts = 0;
  private isRunning = false;
  private isStopped = false;
  private readonly waitingForCuts: (() => void)[] = [];
  private readonly waitingForIdle: (() => void)[] = [];

  private constructor(files: Files, log: ReplicaLog, snapshots: MetadataSnapshots) {
    this.files = files;
    this.log = log;
    this.snapshots = snapshots;
  }

  /**
   * @throws LogCorruptError, QuorumStateError that name the file
   */
  static async open(files: Files, settings: DiskSettings): Promise<OpenedDisk> {
    let disk: MetadataDisk | null = null;
    const log = await ReplicaLog.open(files, METADATA_DIRECTORY, {
      segmentBytes: settings.segmentBytes,
      ...KEEP_ALL,
      onFailure: (error) => disk?.fail(error),
    });
    const store = await SnapshotStore.open(files, METADATA_DIRECTORY);
    const snapshots = new MetadataSnapshots(store, settings.staticVoters);
    disk = new MetadataDisk(files, log, snapshots);
    // What a killed process wrote, and nobody flushed, counts from now on.
    await log.flush();
    const latest = snapshots.latest;
    const loaded = latest === null ? null : await snapshots.load(latest);
    const isOfNothing = latest?.endOffset === 0;
    const snapshot = isOfNothing ? null : loaded;
    const recovered = {
      quorumState: await readQuorumState(files, METADATA_DIRECTORY),
      snapshot: snapshot?.stored ?? null,
      logStartOffset: log.logStartOffset,
      logStartEpoch: disk.logStartEpoch(),
      entries: await disk.readEntries(),
    };
    return { disk, recovered, snapshot, formatted: isOfNothing ? (loaded?.stored ?? null) : null };
  }

  listen(listener: DiskListener): void {
    this.listener = listener;
  }

  // Recovery

  /** The log begins where a snapshot ends. */
  private logStartEpoch(): number {
    const { logStartOffset } = this.log;
    if (logStartOffset === 0) return 0;
    const snapshotId = this.snapshots.endingAt(logStartOffset);
    if (snapshotId !== null) return snapshotId.epoch;
    throw new LogCorruptError(
      METADATA_DIRECTORY,
      0,
      `the log begins at offset ${logStartOffset}, and no snapshot ends there`,
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

  // Writing

  write(item: Item): void {
    if (this.isStopped) return;
    this.queue.push(item);
    if (item.kind === 'truncate' || item.kind === 'reset') {
      this.cutsPending++;
      this.cuts++;
    } else if (item.kind === 'append' && this.cutsPending === 0) {
      this.append(item);
    }
    if (!this.isRunning) void this.run();
  }

  private append({ write, entries }: Extract<Item, { kind: 'append' }>): void {
    for (const { offset, epoch, payload } of entries) {
      const batch = new RecordBatch(payload as Uint8Array);
      batch.baseOffset = offset;
      batch.leaderEpoch = epoch;
      // Ours, or checked when it came.
      this.log.append(batch.bytes, { assignOffsets: false, verify: false });
    }
    this.appendedWrite = write;
  }

  private async run(): Promise<void> {
    this.isRunning = true;
    try {
      while (this.queue.length > 0 && !this.isStopped) await this.step();
    } catch (error) {
      this.fail(error);
    }
    this.isRunning = false;
    for (const resume of this.waitingForIdle.splice(0)) resume();
  }

  private async step(): Promise<void> {
    const [first] = this.queue;
    if (first === undefined) return;
    if (first.kind === 'persist' || first.kind === 'append') {
      const isOther = (item: Item): boolean => item.kind !== 'persist' && item.kind !== 'append';
      const end = this.queue.findIndex(isOther);
      await this.store(this.queue.splice(0, end === -1 ? this.queue.length : end));
      return;
    }
    this.queue.shift();
    if (first.kind === 'delete-prefix') {
      await this.deletePrefix(first.logStartOffset);
      return;
    }
    if (first.kind === 'truncate') {
      const end = await this.log.truncateTo(first.endOffset);
      if (end !== first.endOffset) throw new Error(`a truncation to ${first.endOffset} went back to ${end}`);
    } else {
      await this.log.truncateFullyAndStartAt(first.snapshotId.endOffset);
    }
    this.cutsPending--;
    // Readable again, and before anybody reads.
    for (const item of this.queue) {
      if (item.kind === 'truncate' || item.kind === 'reset') break;
      if (item.kind === 'append') this.append(item);
    }
    if (this.cutsPending === 0) for (const resume of this.waitingForCuts.splice(0)) resume();
    this.listener?.onStored(first.write);
  }

  private async store(items: readonly Item[]): Promise<void> {
    let state: QuorumStateData | null = null;
    let hasAppends = false;
    let last = 0;
    for (const item of items) {
      if (item.kind === 'persist') state = item.state;
      if (item.kind === 'append') {
        hasAppends = true;
        if (item.write > this.appendedWrite) this.append(item);
      }
      if ('write' in item) last = item.write;
    }
    if (state !== null) await writeQuorumState(this.files, METADATA_DIRECTORY, state);
    if (hasAppends) await this.log.flush();
    if (!this.isStopped) this.listener?.onStored(last);
  }

  private async deletePrefix(logStartOffset: number): Promise<void> {
    this.log.advanceHighWatermark(logStartOffset);
    await this.log.deleteRecords(logStartOffset);
    await this.snapshots.deleteBefore(logStartOffset);
  }

  private fail(error: unknown): void {
    if (this.isStopped) return;
    this.isStopped = true;
    this.listener?.onFailure(error);
  }

  // Reading

  /**
   * Whole batches from an offset on, below another. Null where the log was cut meanwhile, or its beginning has gone.
   *
   * @throws LogCorruptError, FileError
   */
  async read(offset: number, maxBytes: number, upTo: number): Promise<Uint8Array | null> {
    const { cuts } = this;
    if (this.cutsPending > 0) await new Promise<void>((resolve) => this.waitingForCuts.push(resolve));
    try {
      const bytes = await this.log.read(offset, maxBytes, { upTo });
      return cuts === this.cuts ? bytes : null;
    } catch (error) {
      if (error instanceof OffsetOutOfRangeError) return null;
      throw error;
    }
  }

  /** Nothing is written any more; what was asked for before is durable when it resolves. */
  async close(): Promise<void> {
    if (this.isRunning) await new Promise<void>((resolve) => this.waitingForIdle.push(resolve));
    if (this.isStopped) return;
    this.isStopped = true;
    await this.log.close();
  }
}
