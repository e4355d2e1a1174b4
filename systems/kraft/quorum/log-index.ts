/**
 * What the quorum must know of the log to decide: where it begins and ends, and where each epoch starts. Not the records.
 *
 *     const log = new LogIndex();
 *     log.append(0, 3, 1);            // offsets 0 … 2 of epoch 1
 *     log.append(3, 2, 4);            // offsets 3, 4 of epoch 4
 *     log.endOffsetForEpoch(2);       // { endOffset: 3, epoch: 1 }: the largest epoch up to 2, and where it ends
 */
import { assert } from '../../../harness/errors.ts';
import type { OffsetAndEpoch } from './messages.ts';

interface EpochStart {
  readonly epoch: number;
  readonly startOffset: number;
}

export class LogIndex {
  /** The first offset that is still there. */
  startOffset: number;
  endOffset: number;
  /** Ascending in both. The first covers `startOffset`, unless the log is empty. */
  private epochs: EpochStart[] = [];
  /** The epoch of the record before `startOffset`; 0 where there never was one. */
  private baseEpoch: number;

  constructor(startOffset = 0, baseEpoch = 0) {
    this.startOffset = startOffset;
    this.endOffset = startOffset;
    this.baseEpoch = baseEpoch;
  }

  get lastEpoch(): number {
    return this.epochs[this.epochs.length - 1]?.epoch ?? this.baseEpoch;
  }

  append(offset: number, count: number, epoch: number): void {
    assert(offset === this.endOffset, `append at ${offset} to a log that ends at ${this.endOffset}`);
    assert(epoch >= this.lastEpoch, `append of epoch ${epoch} behind epoch ${this.lastEpoch}`);
    if (this.epochs.length === 0 || epoch > this.lastEpoch) this.epochs.push({ epoch, startOffset: offset });
    this.endOffset = offset + count;
  }

  /** Of the record at `offset`; undefined where there is none, known for the one before the start. */
  epochAt(offset: number): number | undefined {
    if (offset === this.startOffset - 1) return this.baseEpoch;
    if (offset < this.startOffset || offset >= this.endOffset) return undefined;
    return this.epochs.findLast((start) => start.startOffset <= offset)?.epoch;
  }

  /** Whether a log that ends there, with a record of that epoch, is a prefix of this one as far as this one knows. */
  contains({ endOffset, epoch }: OffsetAndEpoch): boolean {
    return endOffset === 0 || this.epochAt(endOffset - 1) === epoch;
  }

  /** The largest epoch up to `epoch` of which there is a record, and the offset after its last one. */
  endOffsetForEpoch(epoch: number): OffsetAndEpoch {
    for (let i = this.epochs.length - 1; i >= 0; i--) {
      const start = this.epochs[i] as EpochStart;
      if (start.epoch <= epoch) {
        return { epoch: start.epoch, endOffset: this.epochs[i + 1]?.startOffset ?? this.endOffset };
      }
    }
    return { epoch: this.baseEpoch, endOffset: this.startOffset };
  }

  /** Where the epoch of that record begins. */
  epochStartAt(offset: number): number {
    return this.epochs.findLast((start) => start.startOffset <= offset)?.startOffset ?? this.startOffset;
  }

  /** Removes the records at `endOffset` and after it. */
  truncateTo(endOffset: number): void {
    assert(
      endOffset >= this.startOffset,
      `truncation to ${endOffset}, before the log start ${this.startOffset}`,
    );
    this.endOffset = Math.min(this.endOffset, endOffset);
    this.epochs = this.epochs.filter((start) => start.startOffset < this.endOffset);
  }

  /** Removes the records before `startOffset`. */
  deletePrefix(startOffset: number): void {
    if (startOffset <= this.startOffset) return;
    assert(startOffset <= this.endOffset, `the log start ${startOffset} beyond the end ${this.endOffset}`);
    this.baseEpoch = this.epochAt(startOffset - 1) ?? this.baseEpoch;
    const covering = this.epochs.findLast((start) => start.startOffset <= startOffset);
    const after = this.epochs.filter((start) => start.startOffset > startOffset);
    this.startOffset = startOffset;
    const covers = covering !== undefined && startOffset < this.endOffset;
    this.epochs = covers ? [{ epoch: covering.epoch, startOffset }, ...after] : after;
  }

  /** Empty, beginning at a snapshot's end. */
  reset({ endOffset, epoch }: OffsetAndEpoch): void {
    this.startOffset = endOffset;
    this.endOffset = endOffset;
    this.baseEpoch = epoch;
    this.epochs = [];
  }
}
