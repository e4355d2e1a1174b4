/** What a leader takes as the records of a batch: exactly what every reader gets through. */
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AT, batchAt, type RecordBatch } from './batch.ts';
import { BatchBuilder } from './batch-builder.ts';
import { checkRecords } from './check-records.ts';
import { CODEC, compress, decompress } from './compression.ts';
import { RecordError } from './errors.ts';
import { type NewRecord, readRecords } from './record.ts';
import { writeInt16, writeInt32 } from './varint.ts';

const MAX = 1 << 20;
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

function batchOf(records: readonly NewRecord[], codec: number = CODEC.none): RecordBatch {
  const builder = new BatchBuilder({ codec });
  for (const record of records) builder.append(record);
  return batchAt(builder.build(), 0);
}

/** The header of a batch, and other bytes as its records. */
function withRecords(batch: RecordBatch, records: Uint8Array, codec = batch.codec): RecordBatch {
  const bytes = new Uint8Array(AT.records + records.length);
  bytes.set(batch.bytes.subarray(0, AT.records));
  bytes.set(records, AT.records);
  writeInt32(bytes, AT.length, bytes.length - AT.leaderEpoch);
  writeInt16(bytes, AT.attributes, codec);
  return batchAt(bytes, 0);
}

function errorOf(action: () => unknown): string | null {
  try {
    action();
    return null;
  } catch (error) {
    if (error instanceof RecordError) return error.message;
    throw error;
  }
}

const check = (batch: RecordBatch, needsKeys = false): string | null =>
  errorOf(() => checkRecords(batch, { maxDecompressedBytes: MAX, needsKeys }));

const arbitraryBytes = fc.option(fc.uint8Array({ maxLength: 20 }), { nil: null });
const arbitraryRecord: fc.Arbitrary<NewRecord> = fc.record({
  key: arbitraryBytes,
  value: arbitraryBytes,
  headers: fc.array(fc.record({ key: fc.string({ maxLength: 5 }), value: arbitraryBytes }), { maxLength: 2 }),
  timestampMs: fc.integer({ min: 0, max: 4_102_444_800_000 }),
});
const arbitraryRecords = fc.array(arbitraryRecord, { minLength: 1, maxLength: 5 });
const codecs = Object.entries(CODEC);

test.each(codecs)('%s: whatever a builder makes is taken, and its largest time is found', (_, codec) => {
  fc.assert(
    fc.property(arbitraryRecords, (records) => {
      const maxTimestamp = Math.max(...records.map(({ timestampMs }) => timestampMs));
      expect(checkRecords(batchOf(records, codec), { maxDecompressedBytes: MAX })).toBe(maxTimestamp);
    }),
    { numRuns: 100 },
  );
});

test.each(codecs)('%s: of changed records, what is taken can be read, in number and in place', (_, codec) => {
  let [taken, refused] = [0, 0];
  const change = fc.tuple(
    fc.nat(),
    fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constantFrom(0, 1, 2, 255)),
  );
  const input = fc.tuple(
    arbitraryRecords,
    fc.array(change, { maxLength: 2 }),
    fc.integer({ min: -2, max: 2 }),
  );
  fc.assert(
    fc.property(input, ([records, changes, more]) => {
      const good = batchOf(records, codec);
      const plain = decompress(codec, good.recordBytes, MAX);
      const changed = new Uint8Array(Math.max(0, plain.length + Math.max(more, -1)));
      changed.set(plain.subarray(0, changed.length));
      for (const [at, byte] of changes) if (changed.length > 0) changed[at % changed.length] = byte;
      const batch = withRecords(good, compress(codec, changed));
      if (check(batch) !== null) return void refused++;
      taken++;
      expect([...readRecords(batch)].map(({ offset }) => offset)).toEqual(records.map((_record, i) => i));
    }),
    { numRuns: 400 },
  );
  expect([taken > 40, refused > 40]).toEqual([true, true]);
});

test.each(codecs)('%s: bytes that nobody compressed are refused', (_, codec) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      const batch = withRecords(batchOf([{ value: text('v'), timestampMs: 0 }]), bytes, codec);
      if (check(batch) === null) expect([...readRecords(batch)]).toHaveLength(1);
    }),
  );
  expect(
    check(withRecords(batchOf([{ timestampMs: 0 }]), new Uint8Array(40).fill(0xff), codec)),
  ).not.toBeNull();
});

describe('each reason by itself', () => {
  const two = batchOf([
    { key: text('k'), value: text('v'), timestampMs: 0 },
    { key: text('l'), value: text('w'), headers: [{ key: 'h', value: null }], timestampMs: 0 },
  ]);
  // 8 bytes and a length: attributes, time, offset, key, value, headers.
  const damage = (at: number, byte: number): string | null => {
    const records = two.recordBytes.slice();
    records[at] = byte;
    return check(withRecords(two, records));
  };

  test('of the bytes of two records', () => {
    expect([...two.recordBytes.subarray(0, 9)]).toEqual([16, 0, 0, 0, 2, 107, 2, 118, 0]);
    expect(damage(5, 0x6a)).toBeNull();
    expect(damage(0, 14)).toContain('record 0 has not the 7 bytes that it claims');
    expect(damage(0, 18)).toContain('record 0 has not the 9 bytes that it claims');
    expect(damage(3, 2)).toContain('offset delta 1 of record 0');
    expect(damage(12, 0)).toContain('offset delta 0 of record 1');
    expect(damage(4, 3)).toContain('a length of -2');
    expect(damage(6, 126)).toContain('bytes short');
    expect(damage(8, 1)).toContain('-1 headers');
    expect(damage(18, 1)).toContain('a header without a key');
  });

  test('fewer, more, and what is left over', () => {
    const counted = (count: number): string | null => {
      const bytes = two.bytes.slice();
      writeInt32(bytes, AT.count, count);
      writeInt32(bytes, AT.lastOffsetDelta, count - 1);
      return check(batchAt(bytes, 0));
    };
    expect(counted(2)).toBeNull();
    expect(counted(1)).toContain('bytes too many');
    expect(counted(3)).toContain('bytes short');
    expect(counted(0x7fff_ffff)).toContain('bytes short');
  });

  test('a length in six bytes, which Java does not read', () => {
    const records = Uint8Array.of(0x90, 0x80, 0x80, 0x80, 0x80, 0, ...two.recordBytes.subarray(1, 9));
    const one = batchOf([{ key: text('k'), value: text('v'), timestampMs: 0 }]);
    expect([...readRecords(withRecords(one, records))]).toHaveLength(1);
    expect(check(withRecords(one, records))).toContain('beyond 32 bits');
    const shorter = Uint8Array.of(0x90, 0x80, 0x80, 0x80, 0, ...two.recordBytes.subarray(1, 9));
    expect(check(withRecords(one, shorter))).toBeNull();
  });

  test('no key, where keys are needed', () => {
    expect(check(two, true)).toBeNull();
    const keyless = batchOf([
      { key: text('k'), timestampMs: 0 },
      { value: text('v'), timestampMs: 0 },
    ]);
    expect(check(keyless)).toBeNull();
    expect(check(keyless, true)).toContain('a record without a key');
  });

  test('a time before the earliest or after the latest; no time is taken', () => {
    const timed = batchOf([5, -1, 9].map((timestampMs) => ({ value: text('v'), timestampMs })));
    const within = (earliestMs: number, latestMs: number): string | null =>
      errorOf(() => checkRecords(timed, { maxDecompressedBytes: MAX, times: [earliestMs, latestMs] }));
    expect(within(5, 9)).toBeNull();
    expect(within(6, 9)).toContain('bad-timestamp');
    expect(within(5, 8)).toContain('the time 9 of record 2 is not between 5 and 8');
  });

  test('a header name that is no UTF-8 is none: Java writes what it likes, and readers get through', () => {
    const records = two.recordBytes.slice();
    records[19] = 0xff;
    const batch = withRecords(two, records);
    expect(check(batch)).toBeNull();
    expect([...readRecords(batch)][1]?.headers).toEqual([{ key: '\ufffd', value: null }]);
  });
});

test('a bomb is stopped at the limit', () => {
  const batch = batchOf([{ value: new Uint8Array(MAX), timestampMs: 0 }], CODEC.gzip);
  expect(check(batch)).toContain('too-large');
  const smaller = batchOf([{ value: new Uint8Array(MAX - 100), timestampMs: 0 }], CODEC.gzip);
  expect(check(smaller)).toBeNull();
  // Also where it is not what it claims.
  expect(check(withRecords(smaller, gzipSync(new Uint8Array(10 * MAX))))).toContain('too-large');
});
