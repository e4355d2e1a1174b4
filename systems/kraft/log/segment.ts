/**
 * One segment of a log: a file of batches, named by its base offset, with its indexes.
 *
 *     00000000000000000100.log        batches, one after the other
 *     00000000000000000100.index      see segment-index.ts; written when the segment is closed
 *     00000000000000000100.timeindex
 *     00000000000000000100.snapshot   what was known of producers before its first batch
 */
import type { Files, OpenFile } from '../../runtime/runtime.ts';
import type { RecordBatch } from '../records/batch.ts';
import { joinPath, readIfPresent, removeIfPresent } from './durable-files.ts';
import { LogCorruptError } from './errors.ts';
import { scanSegment, type ScanOptions, type ScanResult } from './scan.ts';
import { SegmentIndex } from './segment-index.ts';

const OFFSET_DIGITS = 20;
const SEGMENT_NAME = /^(\d{20})\.log$/;
/** Of all files that a log makes for its segments. */
const SEGMENT_FILE = /^\d{20}\.(log|index|timeindex|snapshot)$/;
const PRODUCER_SNAPSHOT = /^(\d{20})\.snapshot$/;
const SUFFIX = { log: 'log', offsets: 'index', times: 'timeindex', producers: 'snapshot' } as const;

const nameOf = (offset: number, suffix: string): string =>
  `${String(offset).padStart(OFFSET_DIGITS, '0')}.${suffix}`;

/** The base offset in a segment file's name; null for other files. */
export function segmentOffset(name: string): number | null {
  const match = SEGMENT_NAME.exec(name);
  return match === null ? null : Number(match[1]);
}

/** The offset in the name of a snapshot of producers; null for other files. */
export function producerSnapshotOffset(name: string): number | null {
  const match = PRODUCER_SNAPSHOT.exec(name);
  return match === null ? null : Number(match[1]);
}

/** Removes the files of all segments, newest first: what a power loss leaves begins at the beginning. Not durable. */
export async function removeAllSegments(files: Files, directory: string): Promise<void> {
  const names = (await files.list(directory)).filter((name) => SEGMENT_FILE.test(name));
  for (const name of names.toReversed()) await files.remove(joinPath(directory, name));
}

export const producerSnapshotName = (offset: number): string => nameOf(offset, SUFFIX.producers);

export class Segment {
  readonly baseOffset: number;
  readonly path: string;
  index: SegmentIndex;
  /** With what is to be written yet. */
  sizeBytes = 0;
  /** What the operating system has. */
  writtenBytes = 0;
  /** After its last batch; its base offset while it is empty. */
  nextOffset: number;
  firstTimestampMs: number | null = null;
  maxTimestampMs = -1;
  /** Of the batch that has it. */
  maxTimestampOffset: number;
  /** There is a file, and its name is durable. */
  isCreated: boolean;
  /** Its index files say what its indexes say. */
  hasIndexes = false;
  /** Bytes were written that no fsync followed. */
  isDirty = false;
  private readonly files: Files;
  private readonly directory: string;
  private readonly indexIntervalBytes: number;
  private opening: Promise<OpenFile> | null = null;
  private lastIndexedBytes = 0;

  constructor(
    files: Files,
    directory: string,
    baseOffset: number,
    options: { readonly indexIntervalBytes: number; readonly isCreated: boolean },
  ) {
    this.files = files;
    this.directory = directory;
    this.baseOffset = baseOffset;
    this.path = joinPath(directory, nameOf(baseOffset, SUFFIX.log));
    this.index = new SegmentIndex(baseOffset);
    this.nextOffset = baseOffset;
    this.maxTimestampOffset = baseOffset;
    this.isCreated = options.isCreated;
    this.indexIntervalBytes = options.indexIntervalBytes;
  }

  get isEmpty(): boolean {
    return this.sizeBytes === 0;
  }

  /** A batch stands at the end of it. */
  note(batch: RecordBatch): void {
    const { baseOffset, lastOffset, maxTimestamp } = batch;
    const position = this.sizeBytes;
    if (maxTimestamp > this.maxTimestampMs) {
      this.maxTimestampMs = maxTimestamp;
      this.maxTimestampOffset = lastOffset;
    }
    if (position - this.lastIndexedBytes >= this.indexIntervalBytes) {
      const { maxTimestampMs, maxTimestampOffset } = this;
      this.index.add({ offset: baseOffset, position, maxTimestampMs, maxTimestampOffset });
      this.lastIndexedBytes = position;
    }
    this.firstTimestampMs ??= maxTimestamp;
    this.sizeBytes = position + batch.sizeBytes;
    this.nextOffset = lastOffset + 1;
  }

  /** The open file; it is opened when first needed, and created with `create`. */
  async file(options?: { create: boolean }): Promise<OpenFile> {
    if (this.opening !== null) return this.opening;
    const opening = this.files.open(this.path, options);
    this.opening = opening;
    opening.catch(() => (this.opening = null));
    return opening;
  }

  async close(): Promise<void> {
    const { opening } = this;
    this.opening = null;
    await (await opening)?.close();
  }

  /** Forgets what is behind a position, in memory; the time index then says too much, until it is scanned. */
  private reset(): void {
    this.index = new SegmentIndex(this.baseOffset);
    this.lastIndexedBytes = 0;
    this.sizeBytes = 0;
    this.nextOffset = this.baseOffset;
    this.firstTimestampMs = null;
    this.maxTimestampMs = -1;
    this.maxTimestampOffset = this.baseOffset;
  }

  /**
   * Reads all its batches and builds its indexes. Offsets that do not ascend are damage, too.
   *
   * @param onBatch - may say `false` to stop
   */
  async scan(
    endBytes: number,
    onBatch: (batch: RecordBatch) => boolean | void,
    options?: ScanOptions,
  ): Promise<ScanResult> {
    this.reset();
    let disorder: string | null = null;
    const result = await scanSegment(
      await this.file(),
      0,
      endBytes,
      (batch) => {
        if (batch.baseOffset < this.nextOffset) {
          disorder = `offset ${batch.baseOffset} follows offset ${this.nextOffset - 1}`;
          return false;
        }
        if (onBatch(batch) === false) return false;
        this.note(batch);
        return true;
      },
      options,
    );
    return { ...result, problem: result.problem ?? disorder };
  }

  /** Batches from a position on, as far as the operating system has them. @throws LogCorruptError */
  async walk(
    fromBytes: number,
    onBatch: (batch: RecordBatch, position: number) => boolean | void,
    options?: ScanOptions,
  ): Promise<void> {
    const { goodBytes, problem } = await scanSegment(
      await this.file(),
      fromBytes,
      this.writtenBytes,
      onBatch,
      options,
    );
    if (problem !== null) throw new LogCorruptError(this.path, goodBytes, problem);
  }

  // Its index files

  /** Not durable: what is lost or torn is seen when they are read, and built anew. */
  async writeIndexes(): Promise<void> {
    await this.removeIndexes();
    const contents = [
      [SUFFIX.offsets, this.index.encodeOffsets()],
      [SUFFIX.times, this.index.encodeTimes()],
    ] as const;
    for (const [suffix, bytes] of contents) {
      const path = joinPath(this.directory, nameOf(this.baseOffset, suffix));
      const file = await this.files.open(path, { create: true });
      await file.append(bytes);
      await file.close();
    }
    this.hasIndexes = true;
  }

  /**
   * Believes the index files, and reads only what follows their last entry. Returns whether they fit the segment; if not,
   * it must be scanned.
   */
  async loadIndexes(sizeBytes: number): Promise<boolean> {
    const [offsets, times] = await Promise.all(
      [SUFFIX.offsets, SUFFIX.times].map((suffix) =>
        readIfPresent(this.files, joinPath(this.directory, nameOf(this.baseOffset, suffix))),
      ),
    );
    if (offsets === undefined || offsets === null || times === undefined || times === null) return false;
    const index = SegmentIndex.decode(this.baseOffset, offsets, times, sizeBytes);
    if (index === null) return false;
    this.reset();
    const { last } = index;
    this.index = index;
    this.lastIndexedBytes = last?.position ?? 0;
    this.sizeBytes = this.lastIndexedBytes;
    this.nextOffset = last?.offset ?? this.baseOffset;
    this.maxTimestampMs = last?.maxTimestampMs ?? -1;
    this.maxTimestampOffset = last?.maxTimestampOffset ?? this.baseOffset;
    const file = await this.file();
    let first: RecordBatch | null = null;
    await scanSegment(file, 0, sizeBytes, (batch) => {
      first = batch;
      return false;
    });
    if (first === null && sizeBytes > 0) return false;
    this.firstTimestampMs = (first as RecordBatch | null)?.maxTimestamp ?? null;
    const { problem } = await scanSegment(file, this.sizeBytes, sizeBytes, (batch) => {
      if (batch.baseOffset < this.nextOffset) return false;
      this.note(batch);
      return true;
    });
    this.hasIndexes = problem === null && this.sizeBytes === sizeBytes;
    return this.hasIndexes;
  }

  async removeIndexes(): Promise<void> {
    this.hasIndexes = false;
    for (const suffix of [SUFFIX.offsets, SUFFIX.times]) {
      await removeIfPresent(this.files, joinPath(this.directory, nameOf(this.baseOffset, suffix)));
    }
  }

  /** All its files. Durable only with the directory. */
  async remove(): Promise<void> {
    await this.close();
    await removeIfPresent(this.files, this.path);
    await this.removeIndexes();
    const snapshot = joinPath(this.directory, producerSnapshotName(this.baseOffset));
    await removeIfPresent(this.files, snapshot);
  }
}
