/**
 * Where in a segment an offset or a time is: every few kilobytes one entry, as in Kafka's `.index` and `.timeindex`.
 *
 *     index.add({ offset: 120, position: 8192, maxTimestampMs: 1_700_000_000_000, maxTimestampOffset: 118 });
 *     index.positionOf(130)  // 8192: scanning from there finds it
 *
 *     .index     := (relative offset:i32 position:i32)*
 *     .timeindex := (timestamp:i64 relative offset:i32)*
 *
 * An entry is of a batch that begins at that position, and says the largest timestamp up to and with that batch and the
 * last offset of the batch that has it.
 */
import { readInt32, readInt64, writeInt32, writeInt64 } from '../records/varint.ts';

export interface IndexEntry {
  /** The base offset of the batch at the position. */
  readonly offset: number;
  readonly position: number;
  readonly maxTimestampMs: number;
  readonly maxTimestampOffset: number;
}

const OFFSET_ENTRY_BYTES = 8;
const TIME_ENTRY_BYTES = 12;

export class SegmentIndex {
  readonly baseOffset: number;
  private entries: IndexEntry[] = [];

  constructor(baseOffset: number) {
    this.baseOffset = baseOffset;
  }

  get length(): number {
    return this.entries.length;
  }

  get last(): IndexEntry | undefined {
    return this.entries.at(-1);
  }

  add(entry: IndexEntry): void {
    this.entries.push(entry);
  }

  /** From where to scan for a batch with this offset. */
  positionOf(offset: number): number {
    return this.floor((entry) => entry.offset <= offset)?.position ?? 0;
  }

  /** From where to scan for the first batch that reaches this timestamp: all before it are older. */
  positionOfTime(timestampMs: number): number {
    return this.floor((entry) => entry.maxTimestampMs < timestampMs)?.position ?? 0;
  }

  /** The last entry for which it holds; it holds for a prefix. */
  private floor(holds: (entry: IndexEntry) => boolean): IndexEntry | undefined {
    let low = 0;
    let high = this.entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (holds(this.entries[middle] as IndexEntry)) low = middle + 1;
      else high = middle;
    }
    return this.entries[low - 1];
  }

  /** The segment ends at this position now. */
  truncate(position: number): void {
    while ((this.last?.position ?? -1) >= position) this.entries.pop();
  }

  encodeOffsets(): Uint8Array {
    const bytes = new Uint8Array(this.entries.length * OFFSET_ENTRY_BYTES);
    this.entries.forEach((entry, i) => {
      writeInt32(bytes, i * OFFSET_ENTRY_BYTES, entry.offset - this.baseOffset);
      writeInt32(bytes, i * OFFSET_ENTRY_BYTES + 4, entry.position);
    });
    return bytes;
  }

  encodeTimes(): Uint8Array {
    const bytes = new Uint8Array(this.entries.length * TIME_ENTRY_BYTES);
    this.entries.forEach((entry, i) => {
      writeInt64(bytes, i * TIME_ENTRY_BYTES, entry.maxTimestampMs);
      writeInt32(bytes, i * TIME_ENTRY_BYTES + 8, entry.maxTimestampOffset - this.baseOffset);
    });
    return bytes;
  }

  /** Null where the two files are not of one segment of this size: they are then built anew from it. */
  static decode(
    baseOffset: number,
    offsets: Uint8Array,
    times: Uint8Array,
    segmentBytes: number,
  ): SegmentIndex | null {
    const count = offsets.length / OFFSET_ENTRY_BYTES;
    if (!Number.isInteger(count) || times.length !== count * TIME_ENTRY_BYTES) return null;
    const index = new SegmentIndex(baseOffset);
    let before: IndexEntry | undefined;
    for (let i = 0; i < count; i++) {
      const entry = {
        offset: baseOffset + readInt32(offsets, i * OFFSET_ENTRY_BYTES),
        position: readInt32(offsets, i * OFFSET_ENTRY_BYTES + 4),
        maxTimestampMs: readInt64(times, i * TIME_ENTRY_BYTES),
        maxTimestampOffset: baseOffset + readInt32(times, i * TIME_ENTRY_BYTES + 8),
      };
      const ascends =
        before === undefined
          ? entry.position >= 0 && entry.offset >= baseOffset
          : entry.position > before.position &&
            entry.offset > before.offset &&
            entry.maxTimestampMs >= before.maxTimestampMs;
      if (!ascends || entry.position >= segmentBytes) return null;
      index.add((before = entry));
    }
    return index;
  }
}
