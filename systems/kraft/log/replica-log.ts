/**
 * One replicated log: batches by offset, in segments, on the files of a node. A partition's, or the quorum's metadata.
 *
 *     const log = await ReplicaLog.open(files, 'orders-0', { segmentBytes: 1 << 30 });
 *     const { baseOffset } = log.append(batches, { leaderEpoch: 3, assignOffsets: true }); // at once: readable now
 *     const durableEnd = await log.flush();                                              // on the disk now
 *     const bytes = await log.read(0, 1 << 20, { upTo: highWatermark });
 *
 * Appending is synchronous: offsets are assigned and the batches can be read; they are written behind that, in order, and
 * flushes share an fsync. Nothing that was flushed is lost in a power loss; of the rest a prefix survives.
 *
 * The first error of the disk ends the log: everything fails with it, and `onFailure` tells the node to crash. One thing at
 * a time changes files; `append` must not be called while a truncation is under way.
 */
import { assert } from '../../../harness/errors.ts';
import type { Files } from '../../runtime/runtime.ts';
import { readBatches, type RecordBatch } from '../records/batch.ts';
import { stampAppendTime } from '../records/batch-builder.ts';
import { cleanLog, isWorthCleaning, type CleaningResult } from './cleaner.ts';
import { OffsetOutOfRangeError, UnexpectedOffsetError } from './errors.ts';
import type { EpochEnd, LeaderEpochs } from './leader-epochs.ts';
import { listOrMake } from './durable-files.ts';
import { LogCheckpoint } from './log-checkpoint.ts';
import { DEFAULT_LOG_OPTIONS, type LogOptions } from './log-options.ts';
import { findByTimestamp, readLog, readTail, type TimestampedOffset } from './log-reader.ts';
import { LogState } from './log-state.ts';
import { LogStorage } from './log-storage.ts';
import { LogWriter } from './log-writer.ts';
import type { ProducerState } from './producer-state.ts';
import { Recovery, type Recovered } from './recovery.ts';
import { retainedFrom, startAt } from './retention.ts';
import { truncateFully, truncateTo } from './truncation.ts';

export interface AppendOptions {
  /** True for a leader: offsets and leader epoch are set in the batches. False for a follower: they are there. */
  readonly assignOffsets: boolean;
  /** Of the leader; needed to assign. */
  readonly leaderEpoch?: number;
  /** Compare CRCs; true by default. */
  readonly verify?: boolean;
  /** The batches get this time (topic option message.timestamp.type=LogAppendTime). */
  readonly appendTimeMs?: number;
}

export interface AppendResult {
  readonly baseOffset: number;
  readonly lastOffset: number;
  /** As they are in the log. */
  readonly batches: readonly RecordBatch[];
}

export interface ReadOptions {
  /** Only batches that are wholly below this offset; the log end by default. */
  readonly upTo?: number;
}

export class ReplicaLog {
  /** What opening found: what to tell people, how much was cut off, and how many segments were read. */
  readonly recovered: Pick<Recovered, 'notes' | 'tornBytes' | 'scannedSegments'>;
  private readonly state: LogState;
  private readonly storage: LogStorage;
  private readonly writer: LogWriter;
  private isCutting = false;
  private isClosed = false;
  private isCleaning = false;

  private constructor(state: LogState, recovered: Recovered) {
    this.state = state;
    this.recovered = recovered;
    this.storage = new LogStorage(state);
    this.writer = new LogWriter(this.storage);
  }

  /**
   * Opens a log, or begins one at offset 0 in a folder that it makes if need be (its parent must be there).
   *
   * @throws LogCorruptError where durable batches are damaged or missing
   */
  static async open(files: Files, directory: string, options: Partial<LogOptions> = {}): Promise<ReplicaLog> {
    const settings = { ...DEFAULT_LOG_OPTIONS, ...options };
    const names = await listOrMake(files, directory);
    const checkpoint = await LogCheckpoint.open(files, directory, names);
    if (checkpoint.state.clean === null) {
      // Names that a killed process made, and did not sync, are seen and yet not durable.
      await files.syncDirectory(directory);
      if (directory !== '') await files.syncDirectory(directory.split('/').slice(0, -1).join('/'));
    }
    const recovered = await new Recovery(files, directory, checkpoint, settings).run(names);
    const state = new LogState(files, directory, settings, checkpoint, recovered);
    // Before anything is written, the log is not as it was closed any more.
    if (checkpoint.state.clean !== null) await checkpoint.save({ clean: null });
    return new ReplicaLog(state, recovered);
  }

  // Where it begins and ends

  get logStartOffset(): number {
    return this.state.startOffset;
  }

  get logEndOffset(): number {
    return this.state.endOffset;
  }

  /** Offsets below are the operating system's, and outlive this process. */
  get writtenEndOffset(): number {
    return this.state.writtenOffset;
  }

  /** Offsets below are on the disk. */
  get durableEndOffset(): number {
    return this.state.durableOffset;
  }

  /** As far as this log was told; kept over a restart, though not to the last. */
  get highWatermark(): number {
    return this.state.highWatermark;
  }

  /** Up to where a read-committed consumer may read. */
  get lastStableOffset(): number {
    return this.state.producers.lastStableOffset(this.state.highWatermark);
  }

  get sizeBytes(): number {
    return this.state.segments.reduce((sum, segment) => sum + segment.sizeBytes, 0);
  }

  /** The base offset of each segment. */
  get segmentOffsets(): readonly number[] {
    return this.state.segments.map((segment) => segment.baseOffset);
  }

  /** Bytes that were appended and that the operating system does not have yet: wait for a flush when there are many. */
  get pendingBytes(): number {
    return this.writer.pendingBytes;
  }

  get epochs(): LeaderEpochs {
    return this.state.epochs;
  }

  get producers(): ProducerState {
    return this.state.producers;
  }

  /** Moves forward only, and not beyond the end. Returns whether it moved. */
  advanceHighWatermark(offset: number): boolean {
    const { state } = this;
    const capped = Math.min(offset, state.endOffset);
    if (capped <= state.highWatermark) return false;
    state.highWatermark = capped;
    state.producers.advanceHighWatermark(capped);
    return true;
  }

  /** See {@link LeaderEpochs.endOffsetFor}. */
  endOffsetForEpoch(epoch: number): EpochEnd | null {
    return this.state.epochs.endOffsetFor(epoch, this.state.endOffset);
  }

  // Appending

  /**
   * Appends whole batches, which the log keeps and, with `assignOffsets`, changes: the caller hands the bytes over. All of
   * them or none.
   *
   * @throws RecordError where the bytes are not valid batches
   * @throws UnexpectedOffsetError where a follower's batches do not follow the log
   */
  append(bytes: Uint8Array, options: AppendOptions): AppendResult {
    this.assertOpen();
    assert(!this.isCutting, 'a log that is being truncated takes no batches');
    const { state } = this;
    const { maxBatchBytes } = state.options;
    const batches = [...readBatches(bytes, { maxBatchBytes, verify: options.verify !== false })];
    const [first] = batches;
    assert(first !== undefined, 'an append has a batch');
    if (options.assignOffsets) this.assign(batches, options);
    else this.checkOffsets(batches);
    this.take(batches, bytes);
    state.tail.trim(state.writtenOffset);
    return { baseOffset: first.baseOffset, lastOffset: state.endOffset - 1, batches };
  }

  private assign(batches: readonly RecordBatch[], options: AppendOptions): void {
    assert(options.leaderEpoch !== undefined, 'a leader has an epoch');
    let next = this.state.endOffset;
    for (const batch of batches) {
      batch.baseOffset = next;
      batch.leaderEpoch = options.leaderEpoch;
      if (options.appendTimeMs !== undefined) stampAppendTime(batch, options.appendTimeMs);
      next = batch.lastOffset + 1;
    }
  }

  private checkOffsets(batches: readonly RecordBatch[]): void {
    let next = this.state.endOffset;
    for (const batch of batches) {
      // A leader whose log was compacted sends gaps.
      if (batch.baseOffset < next) throw new UnexpectedOffsetError(batch.baseOffset, next);
      next = batch.lastOffset + 1;
    }
  }

  private take(batches: readonly RecordBatch[], bytes: Uint8Array): void {
    const { state, writer } = this;
    let from = 0;
    let to = 0;
    const enqueue = (): void => {
      if (to === from) return;
      writer.enqueue({ segment: state.active, bytes: bytes.subarray(from, to), endOffset: state.endOffset });
      from = to;
    };
    for (const batch of batches) {
      if (state.isFullFor(batch)) {
        enqueue();
        state.beginSegment(state.endOffset);
      }
      state.take(batch);
      to += batch.sizeBytes;
    }
    enqueue();
  }

  /** Everything that was appended before is durable when it resolves. Resolves with the durable end offset. */
  async flush(): Promise<number> {
    const { state, writer } = this;
    writer.assertUsable();
    return state.durableOffset === state.endOffset ? state.durableOffset : writer.flush();
  }

  /** Resolves when the operating system has all that was appended before: no fsync, only back-pressure. */
  async written(): Promise<void> {
    if (this.writer.pendingBytes > 0) await this.writer.exclusively(() => Promise.resolve());
  }

  /** The topic's configuration changed. What is written already stays as it is. */
  configure(options: Partial<Omit<LogOptions, 'producerRules' | 'onFailure'>>): void {
    this.state.options = { ...this.state.options, ...options };
  }

  // Reading

  /**
   * Whole batches, the first of them with this offset in it or behind it. Empty at the end of what may be read. Not to be
   * changed: they may be the log's own.
   *
   * @param maxBytes - of all, though the first batch may be larger
   * @throws OffsetOutOfRangeError below the log start and above the log end
   * @throws LogCorruptError where the disk does not have what was written
   */
  async read(offset: number, maxBytes: number, options: ReadOptions = {}): Promise<Uint8Array> {
    this.writer.assertUsable();
    const { state } = this;
    return readLog(state, offset, maxBytes, Math.min(options.upTo ?? state.endOffset, state.endOffset));
  }

  /** The same at once, where it is in memory; null where it is not, or the offset is out of range. */
  readRecent(offset: number, maxBytes: number, options: ReadOptions = {}): Uint8Array | null {
    this.writer.assertUsable();
    const { state } = this;
    return readTail(state, offset, maxBytes, Math.min(options.upTo ?? state.endOffset, state.endOffset));
  }

  /** The first record with this timestamp or a later one; null where there is none. */
  async lookupByTimestamp(timestampMs: number): Promise<TimestampedOffset | null> {
    const { state } = this;
    return this.writer.exclusively(() => findByTimestamp(state, timestampMs));
  }

  // Cutting

  /**
   * Removes the batches that reach an offset. Durable when it resolves, with the new log end: lower than the offset where
   * that is inside a batch. Truncating below the high watermark takes that back, too: the caller knows whether it may.
   *
   * @throws OffsetOutOfRangeError below the log start
   */
  async truncateTo(offset: number): Promise<number> {
    const { state } = this;
    if (offset >= state.endOffset) return state.endOffset;
    if (offset < state.startOffset)
      throw new OffsetOutOfRangeError(offset, state.startOffset, state.endOffset);
    return this.cut(() => truncateTo(state, offset));
  }

  /** Gives up all batches: the log begins and ends at this offset. Durable when it resolves. */
  async truncateFullyAndStartAt(offset: number): Promise<void> {
    return this.cut(() => truncateFully(this.state, offset));
  }

  private async cut<T>(job: () => Promise<T>): Promise<T> {
    this.assertOpen();
    assert(!this.isCutting, 'one truncation at a time');
    this.isCutting = true;
    try {
      return await this.writer.exclusively(job);
    } finally {
      this.isCutting = false;
    }
  }

  /**
   * The log begins at this offset now (DeleteRecords, or behind a snapshot). Durable when it resolves.
   *
   * @throws OffsetOutOfRangeError above the high watermark
   */
  async deleteRecords(beforeOffset: number): Promise<void> {
    this.assertOpen();
    const { state } = this;
    if (beforeOffset > state.highWatermark) {
      throw new OffsetOutOfRangeError(beforeOffset, state.startOffset, state.highWatermark);
    }
    await this.writer.exclusively(async () => {
      if (beforeOffset > state.startOffset) await startAt(state, beforeOffset);
    });
  }

  /** Removes segments by size and age, never beyond the high watermark. Resolves with how many went. */
  async deleteSegments(nowMs: number): Promise<number> {
    this.assertOpen();
    const { state } = this;
    return this.writer.exclusively(async () => {
      const from = retainedFrom(state, nowMs);
      if (from <= state.startOffset) return 0;
      if (from === state.endOffset && !state.active.isEmpty) {
        state.beginSegment(from);
        await this.storage.create(state.active);
      }
      return startAt(state, from);
    });
  }

  /** By `min.cleanable.dirty.ratio` and `max.compaction.lag.ms`. */
  isWorthCleaning(nowMs: number): boolean {
    return isWorthCleaning(this.state, this.lastStableOffset, nowMs);
  }

  /** Keeps the last record of each key, in closed segments below the last stable offset: see cleaner.ts. */
  async compact(nowMs: number): Promise<CleaningResult> {
    this.assertOpen();
    assert(!this.isCleaning, 'one cleaning at a time');
    this.isCleaning = true;
    try {
      return await cleanLog(this.state, this.writer, this.lastStableOffset, nowMs);
    } finally {
      this.isCleaning = false;
    }
  }

  /** Flushes and closes: opening it again reads no batch. */
  async close(): Promise<void> {
    this.assertOpen();
    this.isClosed = true;
    await this.flush();
    await this.writer.exclusively(() => this.storage.close());
  }

  private assertOpen(): void {
    this.writer.assertUsable();
    assert(!this.isClosed, 'the log is closed');
  }
}
