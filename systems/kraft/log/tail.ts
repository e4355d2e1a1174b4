/**
 * The newest batches in memory: those that are not written yet, and as many before them as there is room for. Followers
 * and consumers that keep up read from here and never wait for the disk.
 *
 *     tail.push(batch);
 *     tail.read(offset, maxBytes, upTo) // bytes of whole batches, or null: it is not here
 */
import { joinedBytes } from '../../runtime/joined-bytes.ts';
import type { RecordBatch } from '../records/batch.ts';

interface Entry {
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly bytes: Uint8Array;
}

/** Then the array is made short again. */
const DEAD_ENTRIES_MAX = 1024;

export class Tail {
  private readonly maxBytes: number;
  private entries: Entry[] = [];
  /** Entries before it are gone. */
  private head = 0;
  private heldBytes = 0;
  /** Offsets below are not here. */
  private fromOffset: number;

  constructor(maxBytes: number, fromOffset: number) {
    this.maxBytes = maxBytes;
    this.fromOffset = fromOffset;
  }

  get sizeBytes(): number {
    return this.heldBytes;
  }

  push(batch: RecordBatch): void {
    const { baseOffset, lastOffset, bytes } = batch;
    this.entries.push({ baseOffset, lastOffset, bytes });
    this.heldBytes += bytes.length;
  }

  /** Makes room, of what lies below an offset: the operating system has that. */
  trim(writtenOffset: number): void {
    while (this.heldBytes > this.maxBytes && this.head < this.entries.length) {
      const entry = this.entries[this.head] as Entry;
      if (entry.lastOffset >= writtenOffset) break;
      this.heldBytes -= entry.bytes.length;
      this.fromOffset = entry.lastOffset + 1;
      this.head++;
    }
    if (this.head > DEAD_ENTRIES_MAX) {
      this.entries = this.entries.slice(this.head);
      this.head = 0;
    }
  }

  /** Nothing is here any more; the next batch has at least this offset. */
  clear(nextOffset: number): void {
    this.entries = [];
    this.head = 0;
    this.heldBytes = 0;
    this.fromOffset = nextOffset;
  }

  /** As {@link ReplicaLog.read}; null where the offset is too old to be here. */
  read(offset: number, maxBytes: number, upTo: number): Uint8Array | null {
    if (offset < this.fromOffset) return null;
    const { entries } = this;
    const first = this.find(offset);
    let end = first;
    let sizeBytes = 0;
    while (end < entries.length) {
      const { lastOffset, bytes } = entries[end] as Entry;
      if (lastOffset >= upTo || (end > first && sizeBytes + bytes.length > maxBytes)) break;
      sizeBytes += bytes.length;
      end++;
    }
    return joinedBytes(entries.slice(first, end).map(({ bytes }) => bytes));
  }

  /** The first entry that reaches the offset. */
  private find(offset: number): number {
    let low = this.head;
    let high = this.entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.entries[middle] as Entry).lastOffset < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
