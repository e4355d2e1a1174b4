/**
 * Reading a log's segments: batches from an offset on, and the first record from a time on. CRCs are compared, so that what
 * a disk changed is not handed out.
 */
import { joinedBytes } from '../../runtime/joined-bytes.ts';
import { FileError } from '../../runtime/runtime.ts';
import {
  AT,
  BATCH_HEADER_BYTES,
  BATCH_PREFIX_BYTES,
  batchAt,
  readBatches,
  type RecordBatch,
  verifyCrc,
} from '../records/batch.ts';
import { RecordError } from '../records/errors.ts';
import { readRecords } from '../records/record.ts';
import { readInt32 } from '../records/varint.ts';
import { LogCorruptError, OffsetOutOfRangeError } from './errors.ts';
import type { LogState } from './log-state.ts';
import type { Segment } from './segment.ts';

/** A record, by the time that it has. */
export interface TimestampedOffset {
  readonly offset: number;
  readonly timestampMs: number;
}

const EMPTY = new Uint8Array(0);
/** Scanning begins at an index entry, so that what is read is longer than what was asked for. */
const READ_AHEAD_BYTES = 16 * 1024;
/** Segments are replaced and removed seldom; a read that meets this many changes is out of luck. */
const ATTEMPTS_MAX = 10;

/** As {@link ReplicaLog.readRecent}. */
export function readTail(state: LogState, offset: number, maxBytes: number, upTo: number): Uint8Array | null {
  if (offset < state.startOffset || offset > state.endOffset) return null;
  return offset >= upTo ? EMPTY : state.tail.read(offset, maxBytes, upTo);
}

/** As {@link ReplicaLog.read}, from memory if it is there. */
export async function readLog(
  state: LogState,
  offset: number,
  maxBytes: number,
  upTo: number,
): Promise<Uint8Array> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const { generation } = state;
    if (offset < state.startOffset || offset > state.endOffset) break;
    const recent = readTail(state, offset, maxBytes, upTo);
    if (recent !== null) return recent;
    try {
      const bytes = await readSegments(state, offset, maxBytes, upTo);
      if (generation === state.generation) return bytes;
    } catch (error) {
      // Closed, cut or removed under our hands; else it is what it says.
      const isClosed = error instanceof FileError && (error.code === 'EINVAL' || error.code === 'ENOENT');
      if (generation === state.generation && !isClosed) throw error;
    }
  }
  throw new OffsetOutOfRangeError(offset, state.startOffset, state.endOffset);
}

/**
 * From one segment, if it has a record there. Compaction may leave batches without one; some clients take an answer of nothing
 * else for the end of the log, and so what follows comes with them.
 */
async function readSegments(
  state: LogState,
  offset: number,
  maxBytes: number,
  upTo: number,
): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for (let next = offset; next < upTo;) {
    const segment = state.segments.find((candidate) => candidate.nextOffset > next);
    if (segment === undefined) break;
    // Behind the first piece there were only headers: what they took does not count.
    const bytes = await readSegment(segment, next, maxBytes, upTo);
    await closeIdle(state, segment);
    if (bytes.length > 0) pieces.push(bytes);
    const end = endOfNothing(bytes);
    if (end === null) break;
    next = end;
  }
  return joinedBytes(pieces);
}

/** The offset behind batches that have no record; null where one has, and where there is no batch. */
function endOfNothing(bytes: Uint8Array): number | null {
  let end: number | null = null;
  for (const { count, lastOffset } of readBatches(bytes)) {
    if (count > 0) return null;
    end = lastOffset + 1;
  }
  return end;
}

async function readSegment(
  segment: Segment,
  offset: number,
  maxBytes: number,
  upTo: number,
): Promise<Uint8Array> {
  const file = await segment.file();
  let position = segment.index.positionOf(offset);
  let wanted = maxBytes + READ_AHEAD_BYTES;
  while (position < segment.writtenBytes) {
    const piece = await file.read(position, Math.min(wanted, segment.writtenBytes - position));
    const found = cut(segment, position, piece, offset, maxBytes, upTo);
    if (found.bytes !== null) return found.bytes;
    if (piece.length === 0 || (found.at === 0 && found.missingBytes > segment.writtenBytes - position)) break;
    position += found.at;
    wanted = Math.max(wanted, found.missingBytes);
  }
  return EMPTY;
}

interface Cut {
  /** The batches that were asked for; null where none was reached yet. */
  readonly bytes: Uint8Array | null;
  /** How far the piece has whole batches. */
  readonly at: number;
  /** How long the next one is. */
  readonly missingBytes: number;
}

function cut(
  segment: Segment,
  position: number,
  piece: Uint8Array,
  offset: number,
  maxBytes: number,
  upTo: number,
): Cut {
  let at = 0;
  let first = -1;
  let missingBytes = 0;
  while (at < piece.length) {
    const available = piece.length - at;
    missingBytes =
      available < BATCH_PREFIX_BYTES
        ? BATCH_HEADER_BYTES
        : readInt32(piece, at + AT.length) + BATCH_PREFIX_BYTES;
    if (missingBytes > available) break;
    try {
      const batch = batchAt(piece, at);
      const { lastOffset, sizeBytes } = batch;
      if (lastOffset >= offset) {
        if (lastOffset >= upTo)
          return { bytes: first === -1 ? EMPTY : piece.subarray(first, at), at, missingBytes };
        if (first !== -1 && at + sizeBytes - first > maxBytes) break;
        verifyCrc(batch);
        if (first === -1) first = at;
      }
      at += sizeBytes;
    } catch (error) {
      if (!(error instanceof RecordError)) throw error;
      // What came before it is good.
      if (first !== -1) break;
      throw new LogCorruptError(segment.path, position + at, error.message, { cause: error });
    }
  }
  return { bytes: first === -1 ? null : piece.subarray(first, at), at, missingBytes };
}

/** Readers open files of earlier segments; only a few stay open. */
async function closeIdle(state: LogState, used: Segment): Promise<void> {
  const { readers, active } = state;
  if (used === active || readers.at(-1) === used) return;
  const before = readers.indexOf(used);
  if (before !== -1) readers.splice(before, 1);
  readers.push(used);
  while (readers.length > state.options.maxOpenSegments) {
    const idle = readers.shift();
    if (idle !== state.active) await idle?.close();
  }
}

/** The first record with this timestamp or a later one, of what is written; null where there is none. */
export async function findByTimestamp(
  state: LogState,
  timestampMs: number,
): Promise<TimestampedOffset | null> {
  const { startOffset } = state;
  for (const segment of [...state.segments]) {
    if (segment.maxTimestampMs < timestampMs || segment.nextOffset <= startOffset) continue;
    let found: TimestampedOffset | null = null;
    await segment.walk(segment.index.positionOfTime(timestampMs), (batch) => {
      if (batch.maxTimestamp < timestampMs || batch.lastOffset < startOffset) return true;
      found = findInBatch(batch, timestampMs, startOffset);
      return found === null;
    });
    await closeIdle(state, segment);
    if (found !== null) return found;
  }
  return null;
}

/** The CRC says that the bytes are the producer's, not that they are records: then the batch is found as a whole. */
function findInBatch(batch: RecordBatch, timestampMs: number, startOffset: number): TimestampedOffset | null {
  try {
    for (const record of readRecords(batch)) {
      if (record.timestampMs < timestampMs || record.offset < startOffset) continue;
      return { offset: record.offset, timestampMs: record.timestampMs };
    }
    return null;
  } catch (error) {
    if (!(error instanceof RecordError)) throw error;
    return { offset: Math.max(batch.baseOffset, startOffset), timestampMs: batch.maxTimestamp };
  }
}
