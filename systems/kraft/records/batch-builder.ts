/**
 * Builds one record batch.
 *
 *     const builder = new BatchBuilder({ codec: CODEC.zstd });
 *     builder.append({ key: null, value: bytes, timestampMs: 1_700_000_000_000 });
 *     const batch: Uint8Array = builder.build();
 */
import { assert } from '../../../harness/errors.ts';
import { pooledBytes } from '../../runtime/pooled-bytes.ts';
import { AT, ATTRIBUTE, BATCH_HEADER_BYTES, BATCH_PREFIX_BYTES, NONE, type RecordBatch } from './batch.ts';
import { CODEC, compress } from './compression.ts';
import { crc32c } from './crc32c.ts';
import { writeRecord, type NewRecord } from './record.ts';
import { ByteWriter, writeInt16, writeInt32, writeInt64 } from './varint.ts';

export interface BatchOptions {
  /** 0 where a leader will assign it. */
  readonly baseOffset?: number;
  /** {@link NONE} where a leader will assign it. */
  readonly leaderEpoch?: number;
  /** One of {@link CODEC}. */
  readonly codec?: number;
  readonly producerId?: number;
  readonly producerEpoch?: number;
  readonly baseSequence?: number;
  readonly isTransactional?: boolean;
  readonly isControl?: boolean;
  readonly timestampType?: 'create-time' | 'log-append-time';
  /** Set by a cleaner: see {@link RecordBatch.deleteHorizonMs}. Record timestamps are then relative to it. */
  readonly deleteHorizonMs?: number | null;
  /** The batch's last offset delta where it is not its last record's: a batch that a cleaner thinned out. */
  readonly lastOffsetDelta?: number;
  /** Of a batch that has no record, or whose records got their time from the log. */
  readonly maxTimestamp?: number;
}

export class BatchBuilder {
  private readonly options: BatchOptions;
  private readonly writer = new ByteWriter();
  private recordCount = 0;
  private lastDelta = -1;
  private baseTimestamp = NONE;
  private maxTimestamp = NONE;

  constructor(options: BatchOptions = {}) {
    this.options = options;
    if (typeof options.deleteHorizonMs === 'number') this.baseTimestamp = options.deleteHorizonMs;
  }

  get count(): number {
    return this.recordCount;
  }

  /** Of the batch without compression. */
  get sizeBytes(): number {
    return BATCH_HEADER_BYTES + this.writer.length;
  }

  /** @param offsetDelta - from the batch's base offset; the next by default */
  append(record: NewRecord, offsetDelta = this.lastDelta + 1): this {
    assert(offsetDelta > this.lastDelta, 'offsets of a batch ascend');
    if (this.baseTimestamp === NONE) this.baseTimestamp = record.timestampMs;
    this.maxTimestamp = Math.max(this.maxTimestamp, record.timestampMs);
    writeRecord(this.writer, record, record.timestampMs - this.baseTimestamp, offsetDelta);
    this.lastDelta = offsetDelta;
    this.recordCount++;
    return this;
  }

  /** The batch; the builder is spent. */
  build(): Uint8Array {
    const { options } = this;
    const codec = options.codec ?? CODEC.none;
    const records = compress(codec, this.writer.written);
    const bytes = pooledBytes(BATCH_HEADER_BYTES + records.length);
    writeInt64(bytes, AT.baseOffset, options.baseOffset ?? 0);
    writeInt32(bytes, AT.length, bytes.length - BATCH_PREFIX_BYTES);
    writeInt32(bytes, AT.leaderEpoch, options.leaderEpoch ?? NONE);
    bytes[AT.magic] = 2;
    writeInt16(bytes, AT.attributes, codec | this.flags());
    writeInt32(bytes, AT.lastOffsetDelta, options.lastOffsetDelta ?? Math.max(this.lastDelta, 0));
    writeInt64(bytes, AT.baseTimestamp, this.baseTimestamp);
    writeInt64(bytes, AT.maxTimestamp, options.maxTimestamp ?? this.maxTimestamp);
    writeInt64(bytes, AT.producerId, options.producerId ?? NONE);
    writeInt16(bytes, AT.producerEpoch, options.producerEpoch ?? NONE);
    writeInt32(bytes, AT.baseSequence, options.baseSequence ?? NONE);
    writeInt32(bytes, AT.count, this.recordCount);
    bytes.set(records, AT.records);
    writeInt32(bytes, AT.crc, crc32c(bytes.subarray(AT.attributes)));
    return bytes;
  }

  private flags(): number {
    const { options } = this;
    return (
      (options.timestampType === 'log-append-time' ? ATTRIBUTE.logAppendTime : 0) |
      (options.isTransactional === true ? ATTRIBUTE.transactional : 0) |
      (options.isControl === true ? ATTRIBUTE.control : 0) |
      (typeof options.deleteHorizonMs === 'number' ? ATTRIBUTE.deleteHorizon : 0)
    );
  }
}

/** Gives all records of a batch the time at which a log takes it, in place: attributes, largest timestamp and CRC. */
export function stampAppendTime(batch: RecordBatch, timestampMs: number): void {
  const { bytes } = batch;
  writeInt16(bytes, AT.attributes, batch.attributes | ATTRIBUTE.logAppendTime);
  writeInt64(bytes, AT.maxTimestamp, timestampMs);
  writeInt32(bytes, AT.crc, batch.computeCrc());
}

/** Lets a batch say of its records' times what is so, in place, where it says another thing: attributes, largest timestamp and CRC. */
export function stampCreateTime(batch: RecordBatch, maxTimestamp: number): void {
  const { bytes } = batch;
  const attributes = batch.attributes & ~ATTRIBUTE.logAppendTime;
  if (batch.attributes === attributes && batch.maxTimestamp === maxTimestamp) return;
  writeInt16(bytes, AT.attributes, attributes);
  writeInt64(bytes, AT.maxTimestamp, maxTimestamp);
  writeInt32(bytes, AT.crc, batch.computeCrc());
}
