/**
 * The records in a batch.
 *
 *     for (const record of readRecords(batch)) console.log(record.offset, record.key, record.value);
 *
 *     record := length:varint attributes:i8 timestampDelta:varint offsetDelta:varint key:bytes value:bytes
 *               headers:varint (key:bytes value:bytes)*
 *     bytes  := length:varint byte*; length -1 is null
 *
 * Keys and values are views of the batch's bytes, or of what it was decompressed to. Records are decoded one at a time as
 * they are asked for; what a batch claims is not believed before its bytes are seen.
 */
import type { RecordBatch } from './batch.ts';
import { decompress } from './compression.ts';
import { RecordError } from './errors.ts';
import { ByteReader, varintLength, type ByteWriter } from './varint.ts';

export interface Header {
  readonly key: string;
  readonly value: Uint8Array | null;
}

/** What a producer says. */
export interface NewRecord {
  readonly key?: Uint8Array | null;
  readonly value?: Uint8Array | null;
  readonly headers?: readonly Header[];
  /** Milliseconds since 1970. */
  readonly timestampMs: number;
}

export interface Record {
  readonly offset: number;
  readonly timestampMs: number;
  /** Whose clock that is: the producer's, or the leader's. */
  readonly timestampType: RecordBatch['timestampType'];
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: readonly Header[];
}

export interface RecordLimits {
  /** Of what a batch decompresses to. */
  readonly maxDecompressedBytes?: number;
}

/** Kafka takes batches of 1 MiB by default; a hundred times that is a bomb. */
export const DEFAULT_MAX_DECOMPRESSED_BYTES = 128 * 1024 * 1024;

const NO_HEADERS: readonly Header[] = [];
const encoder = new TextEncoder();
/** What is no UTF-8 in a header's name becomes U+FFFD, as in Java. */
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** @throws RecordError at the first record that is wrong; those before it were handed out */
export function* readRecords(
  batch: RecordBatch,
  limits: RecordLimits = {},
): Generator<Record, void, undefined> {
  const maxBytes = limits.maxDecompressedBytes ?? DEFAULT_MAX_DECOMPRESSED_BYTES;
  const bytes = decompress(batch.codec, batch.recordBytes, maxBytes);
  const { count, baseOffset, baseTimestamp, lastOffsetDelta } = batch;
  const { timestampType } = batch;
  const appendTimeMs = timestampType === 'log-append-time' ? batch.maxTimestamp : null;
  const reader = new ByteReader(bytes);
  let lastDelta = -1;
  for (let i = 0; i < count; i++) {
    const length = reader.varint();
    const start = reader.position;
    reader.skip(length);
    const body = new ByteReader(bytes, start, reader.position);
    body.int8();
    const timestampDelta = body.varint();
    const offsetDelta = body.varint();
    if (offsetDelta <= lastDelta || offsetDelta > lastOffsetDelta) {
      throw new RecordError('bad-record', start, `offset delta ${offsetDelta} after ${lastDelta}`);
    }
    lastDelta = offsetDelta;
    const key = readBytes(body);
    const value = readBytes(body);
    const headers = readHeaders(body);
    body.finish();
    const timestampMs = appendTimeMs ?? baseTimestamp + timestampDelta;
    yield { offset: baseOffset + offsetDelta, timestampMs, timestampType, key, value, headers };
  }
  reader.finish();
}

function readBytes(reader: ByteReader): Uint8Array | null {
  const length = reader.varint();
  return length === -1 ? null : reader.raw(length);
}

function readHeaders(reader: ByteReader): readonly Header[] {
  const count = reader.varint();
  if (count === 0) return NO_HEADERS;
  if (count < 0) throw new RecordError('bad-record', reader.position, `${count} headers`);
  const headers: Header[] = [];
  for (let i = 0; i < count; i++) {
    const at = reader.position;
    const key = readBytes(reader);
    if (key === null) throw new RecordError('bad-record', at, 'a header without a key');
    headers.push({ key: decoder.decode(key), value: readBytes(reader) });
  }
  return headers;
}

const bytesLength = (bytes: Uint8Array | null): number =>
  bytes === null ? 1 : varintLength(bytes.length) + bytes.length;

function writeBytes(writer: ByteWriter, bytes: Uint8Array | null): void {
  if (bytes === null) {
    writer.varint(-1);
    return;
  }
  writer.varint(bytes.length);
  writer.raw(bytes);
}

/** Appends one record, with its length in front. */
export function writeRecord(
  writer: ByteWriter,
  record: NewRecord,
  timestampDelta: number,
  offsetDelta: number,
): void {
  const key = record.key ?? null;
  const value = record.value ?? null;
  const headers = (record.headers ?? NO_HEADERS).map((header) => ({
    key: encoder.encode(header.key),
    value: header.value,
  }));
  let length = 1 + varintLength(timestampDelta) + varintLength(offsetDelta);
  length += bytesLength(key) + bytesLength(value) + varintLength(headers.length);
  for (const header of headers) length += bytesLength(header.key) + bytesLength(header.value);
  writer.varint(length);
  writer.int8(0);
  writer.varint(timestampDelta);
  writer.varint(offsetDelta);
  writeBytes(writer, key);
  writeBytes(writer, value);
  writer.varint(headers.length);
  for (const header of headers) {
    writeBytes(writer, header.key);
    writeBytes(writer, header.value);
  }
}
