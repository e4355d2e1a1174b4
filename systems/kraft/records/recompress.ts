/**
 * A batch with the codec that its topic wants (`compression.type`), which may not be its producer's.
 *
 *     recompressed(batch, CODEC.zstd).codec // CODEC.zstd; the batch itself where it has that codec
 *
 * All else stays: offsets, timestamps, producer and sequence. The records are not looked at; who calls it has checked them.
 */
import { pooledBytes } from '../../runtime/pooled-bytes.ts';
import { AT, ATTRIBUTE, BATCH_PREFIX_BYTES, RecordBatch } from './batch.ts';
import { compress, decompress } from './compression.ts';
import { writeInt16, writeInt32 } from './varint.ts';

/** @throws RecordError `bad-compression`, `truncated`, `too-large` */
export function recompressed(batch: RecordBatch, codec: number, maxDecompressedBytes: number): RecordBatch {
  if (batch.codec === codec) return batch;
  const records = compress(codec, decompress(batch.codec, batch.recordBytes, maxDecompressedBytes));
  const bytes = pooledBytes(AT.records + records.length);
  bytes.set(batch.bytes.subarray(0, AT.records));
  bytes.set(records, AT.records);
  writeInt32(bytes, AT.length, bytes.length - BATCH_PREFIX_BYTES);
  writeInt16(bytes, AT.attributes, (batch.attributes & ~ATTRIBUTE.codecMask) | codec);
  const result = new RecordBatch(bytes);
  writeInt32(bytes, AT.crc, result.computeCrc());
  return result;
}
