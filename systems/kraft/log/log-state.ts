/**
 * What is in memory of an open log: for the modules of this folder, which each do one thing with it.
 *
 *     segments            in order, never empty; the last is written to
 *     start ≤ high watermark ≤ end;   durable ≤ written ≤ end
 */
import type { Files } from '../../runtime/runtime.ts';
import type { RecordBatch } from '../records/batch.ts';
import type { LeaderEpochs } from './leader-epochs.ts';
import type { LogCheckpoint } from './log-checkpoint.ts';
import type { LogOptions } from './log-options.ts';
import type { ProducerState } from './producer-state.ts';
import type { Recovered } from './recovery.ts';
import { Segment } from './segment.ts';
import { Tail } from './tail.ts';

/** An index has offsets relative to the segment's in 31 bits. */
const MAX_RELATIVE_OFFSET = 0x7fff_ffff;

export class LogState {
  readonly files: Files;
  readonly directory: string;
  options: LogOptions;
  readonly checkpoint: LogCheckpoint;
  readonly epochs: LeaderEpochs;
  readonly producers: ProducerState;
  readonly tail: Tail;
  segments: Segment[];
  /** Counts what replaces or removes segments: a read under way begins again. */
  generation = 0;
  endOffset: number;
  /** The operating system has what is below. */
  writtenOffset: number;
  durableOffset: number;
  highWatermark: number;
  /** What was known when a segment began whose file is not created yet. */
  readonly beginnings = new Map<Segment, { readonly producers: string; readonly epochs: string }>();
  /** Earlier segments whose files are open for reading, the last used last. */
  readonly readers: Segment[] = [];
  /** As last written to their file. */
  savedEpochs = '';

  constructor(
    files: Files,
    directory: string,
    options: LogOptions,
    checkpoint: LogCheckpoint,
    found: Recovered,
  ) {
    this.files = files;
    this.directory = directory;
    this.options = options;
    this.checkpoint = checkpoint;
    this.segments = found.segments;
    this.epochs = found.epochs;
    this.producers = found.producers;
    const { recoveryPoint, highWatermark } = checkpoint.state;
    this.endOffset = Math.max(this.active.nextOffset, this.startOffset);
    this.writtenOffset = this.endOffset;
    this.durableOffset = this.active.isDirty ? Math.min(recoveryPoint, this.endOffset) : this.endOffset;
    this.highWatermark = Math.min(Math.max(highWatermark, this.startOffset), this.endOffset);
    this.producers.advanceHighWatermark(this.highWatermark);
    this.tail = new Tail(options.tailBytes, this.endOffset);
  }

  get startOffset(): number {
    return this.checkpoint.state.logStartOffset;
  }

  get active(): Segment {
    return this.segments.at(-1) as Segment;
  }

  newSegment(baseOffset: number): Segment {
    const { indexIntervalBytes } = this.options;
    return new Segment(this.files, this.directory, baseOffset, { indexIntervalBytes, isCreated: false });
  }

  /** In memory; its file is made when its first batch is written. */
  beginSegment(baseOffset: number): void {
    const segment = this.newSegment(baseOffset);
    this.beginnings.set(segment, { producers: this.producers.encode(), epochs: this.epochs.encode() });
    const { active } = this;
    if (active.isEmpty && !active.isCreated) {
      this.segments.pop();
      this.beginnings.delete(active);
    }
    this.segments.push(segment);
  }

  /** Whether a batch belongs into a new segment. */
  isFullFor(batch: RecordBatch): boolean {
    const { active, options } = this;
    if (batch.lastOffset - active.baseOffset > MAX_RELATIVE_OFFSET) return true;
    if (active.isEmpty) return false;
    const ageMs = batch.maxTimestamp - (active.firstTimestampMs ?? batch.maxTimestamp);
    return active.sizeBytes + batch.sizeBytes > options.segmentBytes || ageMs > options.segmentMs;
  }

  /** A batch is the log's last now, in memory. */
  take(batch: RecordBatch): void {
    this.active.note(batch);
    this.epochs.assign(batch.leaderEpoch, batch.baseOffset);
    this.producers.append(batch);
    this.tail.push(batch);
    this.endOffset = batch.lastOffset + 1;
  }

  /** The log ends here now, and nothing of it is on its way to the disk. */
  endAt(offset: number): void {
    this.endOffset = offset;
    this.writtenOffset = offset;
    this.durableOffset = Math.min(this.durableOffset, offset);
    this.highWatermark = Math.min(this.highWatermark, offset);
    this.tail.clear(offset);
    this.generation++;
  }
}
