/**
 * Record batch v2 as a view over its bytes: nothing is copied, and records are not looked at.
 *
 *     for (const batch of readBatches(bytes)) {
 *       if (!batch.isValid()) throw …;
 *       batch.baseOffset = nextOffset;       // in place; the CRC does not cover it
 *       nextOffset = batch.lastOffset + 1;
 *     }
 *
 *     batch := baseOffset:i64 length:i32 leaderEpoch:i32 magic:i8 crc:u32 attributes:i16 lastOffsetDelta:i32
 *              baseTimestamp:i64 maxTimestamp:i64 producerId:i64 producerEpoch:i16 baseSequence:i32 count:i32 record*
 *
 * `length` counts what follows it. The CRC-32C covers all from the attributes to the end, so that a broker sets offset and
 * leader epoch without computing it again. Attributes: codec in bits 0 to 2, timestamp type 3, transactional 4, control 5,
 * delete horizon 6 (the base timestamp is then the time from which tombstones may go). Offsets and other 64-bit integers
 * are numbers here; a batch with one beyond 2⁵³ is refused as it is read.
 */
import { crc32c } from './crc32c.ts';
import { RecordError } from './errors.ts';
import { readInt16, readInt32, readInt64, writeInt32, writeInt64 } from './varint.ts';

/** Where each field is. */
export const AT = {
  baseOffset: 0,
  length: 8,
  leaderEpoch: 12,
  magic: 16,
  crc: 17,
  attributes: 21,
  lastOffsetDelta: 23,
  baseTimestamp: 27,
  maxTimestamp: 35,
  producerId: 43,
  producerEpoch: 51,
  baseSequence: 53,
  count: 57,
  records: 61,
} as const;

/** Base offset and length: what is needed to find the next batch. */
export const BATCH_PREFIX_BYTES = 12;
export const BATCH_HEADER_BYTES = AT.records;
const MAGIC = 2;

export const ATTRIBUTE = {
  codecMask: 0x07,
  logAppendTime: 0x08,
  transactional: 0x10,
  control: 0x20,
  deleteHorizon: 0x40,
} as const;

/** For producer id, producer epoch and sequence: there is none. */
export const NONE = -1;

/** A sequence number after another; after 2³¹−1 comes 0. */
export const addSequence = (sequence: number, increment: number): number =>
  (sequence + increment) % 0x8000_0000;

export class RecordBatch {
  /** Exactly this batch. */
  readonly bytes: Uint8Array;

  /** @param bytes - of one batch whose header was checked: see {@link batchAt} */
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  get sizeBytes(): number {
    return this.bytes.length;
  }

  get baseOffset(): number {
    return readInt64(this.bytes, AT.baseOffset);
  }

  /** In place. The CRC does not cover it. */
  set baseOffset(offset: number) {
    writeInt64(this.bytes, AT.baseOffset, offset);
  }

  get lastOffset(): number {
    return this.baseOffset + this.lastOffsetDelta;
  }

  get lastOffsetDelta(): number {
    return readInt32(this.bytes, AT.lastOffsetDelta);
  }

  get leaderEpoch(): number {
    return readInt32(this.bytes, AT.leaderEpoch);
  }

  /** In place. The CRC does not cover it. */
  set leaderEpoch(epoch: number) {
    writeInt32(this.bytes, AT.leaderEpoch, epoch);
  }

  get crc(): number {
    return readInt32(this.bytes, AT.crc) >>> 0;
  }

  get attributes(): number {
    return readInt16(this.bytes, AT.attributes);
  }

  /** 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd; 5 to 7 are nothing. */
  get codec(): number {
    return this.attributes & ATTRIBUTE.codecMask;
  }

  get timestampType(): 'create-time' | 'log-append-time' {
    return (this.attributes & ATTRIBUTE.logAppendTime) === 0 ? 'create-time' : 'log-append-time';
  }

  get isTransactional(): boolean {
    return (this.attributes & ATTRIBUTE.transactional) !== 0;
  }

  get isControl(): boolean {
    return (this.attributes & ATTRIBUTE.control) !== 0;
  }

  /** From when a cleaner may drop its tombstones and markers; null before the first cleaning. */
  get deleteHorizonMs(): number | null {
    return (this.attributes & ATTRIBUTE.deleteHorizon) === 0 ? null : this.baseTimestamp;
  }

  get baseTimestamp(): number {
    return readInt64(this.bytes, AT.baseTimestamp);
  }

  get maxTimestamp(): number {
    return readInt64(this.bytes, AT.maxTimestamp);
  }

  /** {@link NONE} of a producer without idempotence. */
  get producerId(): number {
    return readInt64(this.bytes, AT.producerId);
  }

  get producerEpoch(): number {
    return readInt16(this.bytes, AT.producerEpoch);
  }

  get baseSequence(): number {
    return readInt32(this.bytes, AT.baseSequence);
  }

  /** {@link NONE} where there is none. */
  get lastSequence(): number {
    const { baseSequence } = this;
    return baseSequence === NONE ? NONE : addSequence(baseSequence, this.lastOffsetDelta);
  }

  /** Records in it; after compaction fewer than offsets. */
  get count(): number {
    return readInt32(this.bytes, AT.count);
  }

  /** The records as they stand in the batch: compressed if there is a codec. */
  get recordBytes(): Uint8Array {
    return this.bytes.subarray(AT.records);
  }

  computeCrc(): number {
    return crc32c(this.bytes.subarray(AT.attributes));
  }

  /** Whether the CRC matches. */
  isValid(): boolean {
    return this.crc === this.computeCrc();
  }
}

export interface BatchLimits {
  /** A batch of more bytes is refused as soon as its header is read. */
  readonly maxBatchBytes?: number;
}

/**
 * The batch at a place, its header checked: length, magic, and that its numbers make sense. Not its CRC.
 *
 * @param end - of the bytes that may be read
 * @throws RecordError
 */
export function batchAt(
  bytes: Uint8Array,
  at: number,
  end = bytes.length,
  limits: BatchLimits = {},
): RecordBatch {
  if (end - at < BATCH_PREFIX_BYTES) {
    throw new RecordError('truncated', at, `${end - at} bytes are no header of a batch`);
  }
  const length = readInt32(bytes, at + AT.length);
  if (end - at > AT.magic) {
    const magic = bytes[at + AT.magic] as number;
    if (magic !== MAGIC) {
      throw new RecordError('bad-magic', at, `batches have magic 2, and here is ${magic}`);
    }
  }
  const sizeBytes = length + BATCH_PREFIX_BYTES;
  const maxBytes = limits.maxBatchBytes ?? Number.MAX_SAFE_INTEGER;
  if (sizeBytes < BATCH_HEADER_BYTES || sizeBytes > maxBytes) {
    throw new RecordError('bad-length', at, `a batch of ${sizeBytes} bytes`);
  }
  if (sizeBytes > end - at) {
    throw new RecordError('truncated', at, `${end - at} of the ${sizeBytes} bytes of a batch`);
  }
  const batch = new RecordBatch(bytes.subarray(at, at + sizeBytes));
  checkHeader(batch, at);
  return batch;
}

function checkHeader(batch: RecordBatch, at: number): void {
  const { bytes, baseOffset, lastOffsetDelta, count } = batch;
  // Reading them refuses what a number cannot hold.
  for (const field of [AT.baseTimestamp, AT.maxTimestamp]) readInt64(bytes, field, 'bad-timestamp');
  readInt64(bytes, AT.producerId);
  if (baseOffset < 0 || lastOffsetDelta < 0 || !Number.isSafeInteger(baseOffset + lastOffsetDelta)) {
    throw new RecordError('bad-record', at, `offsets from ${baseOffset}, last delta ${lastOffsetDelta}`);
  }
  if (count < 0 || count - 1 > lastOffsetDelta) {
    throw new RecordError('bad-record', at, `${count} records, last offset delta ${lastOffsetDelta}`);
  }
}

/**
 * The batches that fill the bytes, one after the other; their headers are checked, their CRCs only with `verify`.
 *
 * @throws RecordError at the first that is wrong; what came before it was handed out
 */
export function* readBatches(
  bytes: Uint8Array,
  options: BatchLimits & { readonly verify?: boolean } = {},
): Generator<RecordBatch, void, undefined> {
  let at = 0;
  while (at < bytes.length) {
    const batch = batchAt(bytes, at, bytes.length, options);
    if (options.verify === true) verifyCrc(batch, at);
    at += batch.sizeBytes;
    yield batch;
  }
}

/** @throws RecordError `bad-crc` */
export function verifyCrc(batch: RecordBatch, at = 0): void {
  const computed = batch.computeCrc();
  if (computed !== batch.crc) {
    const hex = (value: number): string => value.toString(16).padStart(8, '0');
    throw new RecordError('bad-crc', at, `the CRC is ${hex(batch.crc)}, and the bytes have ${hex(computed)}`);
  }
}
