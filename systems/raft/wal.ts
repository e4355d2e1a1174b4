/**
 * The write-ahead log's bytes: what one group commit writes, and what a segment file says when it is read again.
 *
 *     segment := batch*
 *     batch   := magic:u32 checksum:u32 length:u32 sequence:f64 record*
 *                checksum is CRC-32C of all that follows it; length is that of the records; sequence counts batches over
 *                all segments, without gaps
 *     record  := 1 term vote:string                              term and vote; '' for none
 *              | 2 index term payload:bytes                      an entry; replaces what was at and after its index
 *              | 3 fromIndex                                     the log was truncated: entries from here on are gone
 *              | 4 index term                                    the log begins anew after this index (a snapshot's)
 *
 * A batch is one append and one fsync, and the next begins when that is durable. So damage in the last batch is a
 * torn write that was never acknowledged, and is cut off; damage that a valid batch follows is corruption of what was
 * durable, and refuses to start. (A last batch that was durable and is damaged later looks like a torn one: one node
 * cannot tell them apart.)
 */
import { MalformedError, Reader, Writer } from './bytes.ts';
import { checksum } from './hash.ts';
import type { LogEntry } from './log.ts';
import { newEntry } from './log.ts';

const MAGIC = 0x314c5752; // "RWL1"; the digit is the version
const HEADER_BYTES = 20;
/** Where what the checksum covers begins. */
const COVERED_FROM = 8;

const RECORD = { hardState: 1, entry: 2, truncate: 3, reset: 4 } as const;

/** Collects the records of the next batch. */
export class Batch {
  private readonly writer = new Writer(4096);
  /** The core's number of the last write in it. */
  lastWrite = 0;
  /** The highest index of an entry in it. */
  maxIndex = 0;

  get isEmpty(): boolean {
    return this.writer.length === 0;
  }

  private begin(type: number): void {
    const { writer } = this;
    if (writer.length === 0) {
      writer.u32(MAGIC);
      writer.u32(0);
      writer.u32(0);
      writer.f64(0);
    }
    writer.u8(type);
  }

  hardState(term: number, votedFor: string | null): void {
    this.begin(RECORD.hardState);
    this.writer.varint(term);
    this.writer.string(votedFor ?? '');
  }

  entry(entry: LogEntry): void {
    this.begin(RECORD.entry);
    this.writer.varint(entry.index);
    this.writer.varint(entry.term);
    this.writer.bytes(entry.payload);
    this.maxIndex = Math.max(this.maxIndex, entry.index);
  }

  truncate(fromIndex: number): void {
    this.begin(RECORD.truncate);
    this.writer.varint(fromIndex);
  }

  reset(index: number, term: number): void {
    this.begin(RECORD.reset);
    this.writer.varint(index);
    this.writer.varint(term);
  }

  /** The batch's bytes; the next begins empty. */
  take(sequence: number): Uint8Array {
    const { writer } = this;
    const length = writer.length;
    this.maxIndex = 0;
    writer.patchU32(8, length - HEADER_BYTES);
    writer.patchF64(12, sequence);
    writer.patchU32(4, checksum(writer.buffer.subarray(COVERED_FROM, length)));
    return writer.take();
  }
}

/** A durable file says what it cannot say: the node must not start. */
export class CorruptionError extends Error {
  override readonly name = 'CorruptionError';
  constructor(file: string, what: string) {
    super(`${file} is corrupt: ${what}; restore the file, or wipe the node's folder and let it join anew`);
  }
}

/** What the segments say, in order. */
export class Replay {
  term = 0;
  votedFor: string | null = null;
  /** The entries follow this index; null until the first record that says. */
  baseIndex: number | null = null;
  entries: LogEntry[] = [];
  /** Of the last batch; 0 before the first. */
  sequence = 0;

  get lastIndex(): number {
    return (this.baseIndex ?? 0) + this.entries.length;
  }

  private beginAfter(index: number): void {
    this.baseIndex = index;
    this.entries = [];
  }

  /** Removes the entry at an index and those behind it. */
  private cutFrom(index: number): void {
    if (this.baseIndex === null || index <= this.baseIndex) this.beginAfter(index - 1);
    else this.entries.length = Math.min(this.entries.length, index - this.baseIndex - 1);
  }

  /** @throws MalformedError */
  record(reader: Reader): void {
    const type = reader.u8();
    switch (type) {
      case RECORD.hardState:
        this.term = reader.varint();
        this.votedFor = reader.string() || null;
        return;
      case RECORD.entry: {
        const index = reader.varint();
        const entry = newEntry(reader.varint(), reader.bytes());
        if (this.baseIndex !== null && index > this.lastIndex + 1) {
          throw new MalformedError(`entry ${index} follows entry ${this.lastIndex}`);
        }
        this.cutFrom(index);
        entry.index = index;
        this.entries.push(entry);
        return;
      }
      case RECORD.truncate:
        this.cutFrom(reader.varint());
        return;
      case RECORD.reset:
        this.beginAfter(reader.varint());
        reader.varint();
        return;
      default:
        throw new MalformedError(`unknown record type ${type}`);
    }
  }
}

interface BatchView {
  readonly sequence: number;
  readonly reader: Reader;
  readonly end: number;
}

/** The batch at a place, or why there is none. */
function batchAt(bytes: Uint8Array, offset: number): BatchView | string {
  if (bytes.length - offset < HEADER_BYTES) return 'it ends inside a header';
  const header = new Reader(bytes, offset);
  if (header.u32() !== MAGIC) return 'no batch begins there';
  const expected = header.u32();
  const length = header.u32();
  const sequence = header.f64();
  const start = offset + HEADER_BYTES;
  if (length > bytes.length - start) return 'it ends inside a batch';
  const end = start + length;
  if (checksum(bytes.subarray(offset + COVERED_FROM, end)) !== expected) return 'a checksum does not match';
  return { sequence, reader: new Reader(bytes, start, end), end };
}

/** Whether a whole batch with a later sequence stands anywhere after an offset. */
function laterBatchAfter(bytes: Uint8Array, offset: number, sequence: number): number | null {
  const first = MAGIC & 0xff;
  for (let at = bytes.indexOf(first, offset); at !== -1; at = bytes.indexOf(first, at + 1)) {
    const batch = batchAt(bytes, at);
    if (typeof batch !== 'string' && batch.sequence > sequence) return at;
  }
  return null;
}

/**
 * Replays one segment.
 *
 * @param isLast - only the last segment may end in a torn batch
 * @returns how many bytes are good: less than all where the tail is torn
 * @throws CorruptionError
 */
export function replaySegment(replay: Replay, file: string, bytes: Uint8Array, isLast: boolean): number {
  let offset = 0;
  while (offset < bytes.length) {
    const batch = batchAt(bytes, offset);
    if (typeof batch === 'string') {
      if (!isLast)
        throw new CorruptionError(file, `at byte ${offset}, ${batch}, and a later segment follows`);
      const later = laterBatchAfter(bytes, offset + 1, replay.sequence);
      if (later === null) return offset;
      throw new CorruptionError(
        file,
        `at byte ${offset}, ${batch}, and a good batch follows at byte ${later}`,
      );
    }
    if (replay.sequence !== 0 && batch.sequence !== replay.sequence + 1) {
      throw new CorruptionError(
        file,
        `at byte ${offset}, batch ${batch.sequence} follows batch ${replay.sequence}`,
      );
    }
    replay.sequence = batch.sequence;
    try {
      while (batch.reader.remaining > 0) replay.record(batch.reader);
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      throw new CorruptionError(file, `in the batch at byte ${offset}, ${error.message}`);
    }
    offset = batch.end;
  }
  return offset;
}
