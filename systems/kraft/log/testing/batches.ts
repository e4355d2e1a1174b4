/** Batches for tests, made of short texts. */
import { batchAt, readBatches } from '../../records/batch.ts';
import { BatchBuilder, type BatchOptions } from '../../records/batch-builder.ts';
import { encodeControlBatch } from '../../records/control.ts';
import { readRecords } from '../../records/record.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export const text = (value: string): Uint8Array => encoder.encode(value);

/** Values, or `key=value` pairs; `key=` is a tombstone. */
export function batchOf(
  records: readonly string[],
  options: BatchOptions & { timestampMs?: number } = {},
): Uint8Array {
  const builder = new BatchBuilder(options);
  for (const record of records) {
    const [first = '', second] = record.split('=');
    const timestampMs = options.timestampMs ?? 1000;
    if (second === undefined) builder.append({ value: text(first), timestampMs });
    else builder.append({ key: text(first), value: second === '' ? null : text(second), timestampMs });
  }
  return builder.build();
}

export const idempotent = (
  producerId: number,
  producerEpoch: number,
  baseSequence: number,
): BatchOptions => ({
  producerId,
  producerEpoch,
  baseSequence,
});

export function marker(
  type: 'commit' | 'abort',
  producerId: number,
  producerEpoch: number,
  coordinatorEpoch = 0,
): Uint8Array {
  const options = { producerId, producerEpoch, isTransactional: true, timestampMs: 1000 };
  return encodeControlBatch([{ type, coordinatorEpoch }], options);
}

export const concat = (...parts: readonly Uint8Array[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((part) => [...part]));

/** As `offset:value` or `offset:key=value`. */
export function describeRecords(bytes: Uint8Array): string[] {
  return [...readBatches(bytes, { verify: true })].flatMap((batch) =>
    [...readRecords(batch)].map((record) => {
      const value = record.value === null ? '' : decoder.decode(record.value);
      return `${record.offset}:${record.key === null ? '' : `${decoder.decode(record.key)}=`}${value}`;
    }),
  );
}

export const viewOf = (bytes: Uint8Array) => batchAt(bytes, 0);
