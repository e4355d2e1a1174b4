/**
 * Whether a batch has the records that its header claims: the check of a leader on what clients send, before it is in the log for
 * good. A reader that met worse would not get past it.
 *
 *     checkRecords(batch, { maxDecompressedBytes: 32 << 20 }); // the largest time of its records, or throws RecordError
 *
 * As many records as counted, their offsets 0, 1, 2 …, every length what it says, nothing behind the last. Records are walked over
 * where they are and not built; those with a codec are decompressed first, up to the limit. Lengths have at most 32 bits, as the Java
 * client reads them. What keys, values and headers hold is nobody's business.
 */
import { NONE, type RecordBatch } from './batch.ts';
import { decompress } from './compression.ts';
import { RecordError } from './errors.ts';
import { ByteReader } from './varint.ts';

export interface RecordDemands {
  /** Of what the batch decompresses to. */
  readonly maxDecompressedBytes: number;
  /** As topics that are compacted do. */
  readonly needsKeys?: boolean;
  /** The earliest and the latest time that a record may have; it may also have none. */
  readonly times?: readonly [earliestMs: number, latestMs: number];
}

const ANY_TIME = [-Infinity, Infinity] as const;

/**
 * @returns the largest timestamp of a record, by their producer; the header may claim another
 * @throws RecordError
 */
export function checkRecords(
  batch: RecordBatch,
  { maxDecompressedBytes, needsKeys = false, times = ANY_TIME }: RecordDemands,
): number {
  const { codec, count, baseTimestamp } = batch;
  const [earliestMs, latestMs] = times;
  let maxTimestamp = NONE;
  const reader = new ByteReader(decompress(codec, batch.recordBytes, maxDecompressedBytes));
  for (let i = 0; i < count; i++) {
    const length = reader.varint32();
    const end = reader.position + length;
    // Attributes, which mean nothing yet.
    reader.skip(1);
    const timestamp = baseTimestamp + reader.varint();
    const isTaken = timestamp === NONE || (timestamp >= earliestMs && timestamp <= latestMs);
    if (!isTaken || !Number.isSafeInteger(timestamp)) {
      const what = `the time ${timestamp} of record ${i} is not between ${earliestMs} and ${latestMs}`;
      throw new RecordError('bad-timestamp', reader.position, what);
    }
    if (timestamp > maxTimestamp) maxTimestamp = timestamp;
    const offsetDelta = reader.varint32();
    if (offsetDelta !== i) throw wrong(reader, `offset delta ${offsetDelta} of record ${i}`);
    const hasKey = skipBytes(reader);
    if (needsKeys && !hasKey) throw wrong(reader, 'a record without a key');
    skipBytes(reader);
    const headers = reader.varint32();
    if (headers < 0) throw wrong(reader, `${headers} headers`);
    for (let h = 0; h < headers; h++) {
      if (!skipBytes(reader)) throw wrong(reader, 'a header without a key');
      skipBytes(reader);
    }
    if (reader.position !== end)
      throw wrong(reader, `record ${i} has not the ${length} bytes that it claims`);
  }
  reader.finish();
  return maxTimestamp;
}

/** @returns whether they are there: false for null */
function skipBytes(reader: ByteReader): boolean {
  const length = reader.varint32();
  if (length === -1) return false;
  reader.skip(length);
  return true;
}

const wrong = (reader: ByteReader, what: string): RecordError =>
  new RecordError('bad-record', reader.position, what);
