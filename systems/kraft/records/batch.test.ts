import { createRequire } from 'node:module';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  addSequence,
  AT,
  ATTRIBUTE,
  BATCH_HEADER_BYTES,
  BATCH_PREFIX_BYTES,
  batchAt,
  NONE,
  readBatches,
  RecordBatch,
  verifyCrc,
} from './batch.ts';
import { BatchBuilder, type BatchOptions } from './batch-builder.ts';
import { CODEC } from './compression.ts';
import { decodeControlBatch, encodeControlBatch } from './control.ts';
import { RecordError } from './errors.ts';
import { DEFAULT_MAX_DECOMPRESSED_BYTES, readRecords, type NewRecord } from './record.ts';
import { ByteReader, ByteWriter, readInt64, varintLength, writeInt64 } from './varint.ts';

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const concat = (...parts: Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]));

function batchOf(values: readonly string[], options: BatchOptions = {}): Uint8Array {
  const builder = new BatchBuilder(options);
  values.forEach((value, i) =>
    builder.append({ key: text(`k${i}`), value: text(value), timestampMs: 1000 + i }),
  );
  return builder.build();
}

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof RecordError) return error.code;
    throw error;
  }
  return 'fine';
}

const arbitraryBytes = fc.option(fc.uint8Array({ maxLength: 60 }), { nil: null });
const arbitraryRecord: fc.Arbitrary<NewRecord> = fc.record({
  key: arbitraryBytes,
  value: arbitraryBytes,
  headers: fc.array(
    fc.record({ key: fc.string({ unit: 'grapheme', maxLength: 9 }), value: arbitraryBytes }),
    {
      maxLength: 3,
    },
  ),
  timestampMs: fc.integer({ min: 0, max: 4_102_444_800_000 }),
});

describe('integers', () => {
  test('varints of any size come back, and take the length that is foretold', () => {
    fc.assert(
      fc.property(fc.integer({ min: -(2 ** 52), max: 2 ** 52 - 1 }), (value) => {
        const writer = new ByteWriter(1);
        writer.varint(value);
        const bytes = writer.take();
        expect(bytes.length).toBe(varintLength(value));
        expect(new ByteReader(bytes).varint()).toBe(value);
      }),
    );
  });

  test('a varint whose zigzag has no exact number is not written', () => {
    for (const value of [2 ** 52, -(2 ** 52) - 1]) {
      expect(() => new ByteWriter(1).varint(value)).toThrow(RangeError);
    }
  });

  test('64-bit integers agree with DataView', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (value) => {
        const bytes = new Uint8Array(8);
        writeInt64(bytes, 0, value);
        expect(new DataView(bytes.buffer).getBigInt64(0)).toBe(BigInt(value));
        expect(readInt64(bytes, 0)).toBe(value);
      }),
    );
    expect(() => readInt64(new Uint8Array(8).fill(0x7f), 0)).toThrow(/beyond 2\^53/);
  });

  test('a varint that does not end, or is too large, is refused', () => {
    expect(codeOf(() => new ByteReader(new Uint8Array(20).fill(0xff)).varint())).toBe('bad-record');
    expect(codeOf(() => new ByteReader(Uint8Array.of(0x80)).varint())).toBe('truncated');
    expect(codeOf(() => new ByteReader(Uint8Array.of(1, 2)).finish())).toBe('bad-record');
  });
});

describe('a batch', () => {
  test('has the bytes of the format', () => {
    const bytes = batchOf(['v'], {
      baseOffset: 5,
      leaderEpoch: 3,
      producerId: 9,
      producerEpoch: 1,
      baseSequence: 7,
    });
    expect(Buffer.from(bytes).toString('hex')).toBe(
      '0000000000000005' + // base offset
        '0000003b' + // length
        '00000003' + // leader epoch
        '02' + // magic
        Buffer.from(bytes.subarray(17, 21)).toString('hex') +
        '0000' + // attributes
        '00000000' + // last offset delta
        '00000000000003e8' + // base timestamp
        '00000000000003e8' + // max timestamp
        '0000000000000009' + // producer id
        '0001' + // producer epoch
        '00000007' + // base sequence
        '00000001' + // count
        '12' + // a record of nine bytes
        '00' + // attributes
        '0000' + // deltas
        '046b30' + // key
        '0276' + // value
        '00', // headers
    );
    expect(batchAt(bytes, 0).isValid()).toBe(true);
  });

  test('says what it is', () => {
    const options = { codec: CODEC.lz4, isTransactional: true, timestampType: 'log-append-time' } as const;
    const batch = batchAt(batchOf(['a', 'b', 'c'], { ...options, baseOffset: 40, producerId: 2 ** 40 }), 0);
    expect(batch).toMatchObject({
      baseOffset: 40,
      lastOffset: 42,
      leaderEpoch: NONE,
      codec: CODEC.lz4,
      timestampType: 'log-append-time',
      isTransactional: true,
      isControl: false,
      producerId: 2 ** 40,
      count: 3,
      baseTimestamp: 1000,
      maxTimestamp: 1002,
      lastSequence: NONE,
      deleteHorizonMs: null,
    });
    // All its records have the time at which the log took them.
    expect([...readRecords(batch)].map((record) => record.timestampMs)).toEqual([1002, 1002, 1002]);
  });

  test('offset and epoch are set in place, and the CRC stays right', () => {
    const batch = batchAt(batchOf(['a', 'b']), 0);
    batch.baseOffset = 2 ** 41 + 3;
    batch.leaderEpoch = 77;
    expect(batch.isValid()).toBe(true);
    expect([batch.baseOffset, batch.lastOffset, batch.leaderEpoch]).toEqual([2 ** 41 + 3, 2 ** 41 + 4, 77]);
    expect([...readRecords(batch)].map((record) => record.offset)).toEqual([2 ** 41 + 3, 2 ** 41 + 4]);
  });

  test('sequences go round at 2^31', () => {
    expect(addSequence(0x7fff_fffe, 3)).toBe(1);
    const batch = batchAt(batchOf(['a', 'b', 'c'], { baseSequence: 0x7fff_ffff }), 0);
    expect(batch.lastSequence).toBe(1);
  });

  test('thinned out by a cleaner: gaps, no record at all, a delete horizon', () => {
    const builder = new BatchBuilder({ baseOffset: 10, lastOffsetDelta: 9, deleteHorizonMs: 5000 });
    builder.append({ value: text('x'), timestampMs: 4000 }, 3).append({ value: null, timestampMs: 6000 }, 7);
    expect(builder.count).toBe(2);
    const batch = batchAt(builder.build(), 0);
    expect([batch.lastOffset, batch.deleteHorizonMs]).toEqual([19, 5000]);
    expect([...readRecords(batch)].map((record) => [record.offset, record.timestampMs])).toEqual([
      [13, 4000],
      [17, 6000],
    ]);
    const empty = batchAt(
      new BatchBuilder({ baseOffset: 4, lastOffsetDelta: 2, maxTimestamp: 9 }).build(),
      0,
    );
    expect([empty.count, empty.lastOffset, empty.maxTimestamp, [...readRecords(empty)].length]).toEqual([
      0, 6, 9, 0,
    ]);
  });

  test.each(Object.entries(CODEC))('any records come back through %s', (_, codec) => {
    fc.assert(
      fc.property(fc.array(arbitraryRecord, { minLength: 1, maxLength: 12 }), (records) => {
        const builder = new BatchBuilder({ codec, baseOffset: 100 });
        for (const record of records) builder.append(record);
        expect(builder.sizeBytes).toBeGreaterThan(BATCH_HEADER_BYTES);
        const batch = batchAt(builder.build(), 0);
        expect(batch.isValid()).toBe(true);
        expect([...readRecords(batch)]).toEqual(
          records.map((record, i) => ({ ...record, offset: 100 + i, timestampType: 'create-time' })),
        );
      }),
      { numRuns: 50 },
    );
  });

  test('a bomb is stopped at the limit', () => {
    const value = new Uint8Array(500_000);
    const bytes = new BatchBuilder({ codec: CODEC.gzip }).append({ value, timestampMs: 0 }).build();
    expect(bytes.length).toBeLessThan(1000);
    expect(value.length).toBeLessThan(DEFAULT_MAX_DECOMPRESSED_BYTES);
    expect(codeOf(() => [...readRecords(batchAt(bytes, 0), { maxDecompressedBytes: 100_000 })])).toBe(
      'too-large',
    );
  });
});

describe('several batches in one byte string', () => {
  const parts = [batchOf(['a']), batchOf(['b', 'c'], { codec: CODEC.zstd }), batchOf(['d'])];
  const bytes = concat(...parts);

  test('one after the other', () => {
    const batches = [...readBatches(bytes, { verify: true })];
    expect(batches.map((batch) => [batch.count, batch.sizeBytes])).toEqual(
      parts.map((part, i) => [i === 1 ? 2 : 1, part.length]),
    );
    expect([...readBatches(new Uint8Array(0))]).toEqual([]);
  });

  test('cut anywhere: whole batches, then truncated', () => {
    const ends = [0];
    for (const part of parts) ends.push((ends.at(-1) as number) + part.length);
    for (let length = 0; length < bytes.length; length++) {
      const read = readBatches(bytes.subarray(0, length), { verify: true });
      const whole = ends.filter((end) => end > 0 && end <= length).length;
      for (let i = 0; i < whole; i++) expect(read.next().done).toBe(false);
      if (ends.includes(length)) expect(read.next().done).toBe(true);
      else expect(codeOf(() => read.next())).toBe('truncated');
    }
  });

  test('a changed bit anywhere is refused, but in what the CRC does not cover', () => {
    const one = parts[0] as Uint8Array;
    for (let bit = 0; bit < one.length * 8; bit++) {
      const damaged = one.slice();
      damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (0x80 >> (bit & 7));
      const at = bit >> 3;
      const isCovered = at >= AT.length && !(at >= AT.leaderEpoch && at < AT.magic);
      const code = codeOf(() => [...readBatches(damaged, { verify: true })]);
      if (isCovered) expect(code).not.toBe('fine');
    }
  });

  test('each error by its name, with the place', () => {
    const damage = (at: number, ...values: number[]): Uint8Array => {
      const copy = bytes.slice();
      copy.set(values, at);
      return copy;
    };
    const read = (damaged: Uint8Array, limits = {}) =>
      codeOf(() => [...readBatches(damaged, { verify: true, ...limits })]);
    expect(read(damage(AT.magic, 1))).toBe('bad-magic');
    expect(read(damage(AT.length, 0, 0, 0, 10))).toBe('bad-length');
    expect(read(damage(AT.length, 0xff, 0xff, 0xff, 0xff))).toBe('bad-length');
    expect(read(damage(AT.length, 0x7f, 0xff, 0xff, 0xff))).toBe('truncated');
    expect(read(damage(AT.crc, 1, 2, 3, 4))).toBe('bad-crc');
    expect(read(damage(AT.lastOffsetDelta, 0xff))).toBe('bad-record');
    expect(read(damage(AT.count, 0xff))).toBe('bad-record');
    expect(read(damage(AT.baseOffset, 0xff))).toBe('bad-record');
    expect(read(damage(AT.producerId, 0x7f))).toBe('bad-record');
    expect(read(bytes, { maxBatchBytes: 65 })).toBe('bad-length');
    const second = (parts[0] as Uint8Array).length;
    expect(() => [...readBatches(damage(second + AT.magic, 0))]).toThrow(
      expect.objectContaining({ positionBytes: second }),
    );
    expect(BATCH_PREFIX_BYTES).toBe(12);
    expect(ATTRIBUTE.control).toBe(0x20);
  });

  test('any bytes give batches and records, or an error', () => {
    const mutated = fc
      .tuple(
        fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 0, max: 255 }))),
        fc.nat(bytes.length),
      )
      .map(([changes, length]) => {
        const copy = bytes.slice(0, length);
        for (const [at, value] of changes) if (at < length) copy[at] = value;
        return copy;
      });
    fc.assert(
      fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 300 })), (input) => {
        codeOf(() => {
          for (const batch of readBatches(input)) {
            codeOf(() => verifyCrc(batch));
            codeOf(() => [...readRecords(batch, { maxDecompressedBytes: 10_000 })]);
            codeOf(() => decodeControlBatch(batch));
          }
        });
      }),
      { numRuns: 3000 },
    );
  });
});

describe('control batches', () => {
  const options = { timestampMs: 123, producerId: 7, producerEpoch: 2, isTransactional: true };
  const voter = { id: 3, directoryId: '00112233445566778899aabbccddeeff' };

  test('each record comes back', () => {
    const records = [
      { type: 'commit', coordinatorEpoch: 4 },
      { type: 'abort', coordinatorEpoch: -1 },
      { type: 'leader-change', leaderId: 3, voters: [voter], grantingVoters: [voter] },
      { type: 'snapshot-header', lastContainedLogTimestampMs: 1_700_000_000_000 },
      { type: 'snapshot-footer' },
      { type: 'kraft-version', kraftVersion: 1 },
      {
        type: 'kraft-voters',
        voters: [
          {
            ...voter,
            endpoints: [{ name: 'CONTROLLER', host: 'n1', port: 65535 }],
            minKRaftVersion: 0,
            maxKRaftVersion: 1,
          },
        ],
      },
    ] as const;
    const batch = batchAt(encodeControlBatch(records, options), 0);
    expect([batch.isControl, batch.isTransactional, batch.producerId, batch.isValid()]).toEqual([
      true,
      true,
      7,
      true,
    ]);
    expect(decodeControlBatch(batch)).toEqual(records);
  });

  test('a marker has the bytes of the format', () => {
    const batch = batchAt(encodeControlBatch([{ type: 'commit', coordinatorEpoch: 258 }], options), 0);
    const [record] = [...readRecords(batch)];
    expect(record?.key).toEqual(Uint8Array.of(0, 0, 0, 1));
    expect(record?.value).toEqual(Uint8Array.of(0, 0, 0, 0, 1, 2));
  });

  test('a leader change without directories, tagged fields, and a type from the future', () => {
    const builder = new BatchBuilder({ isControl: true });
    const change = Uint8Array.of(0, 0, 0, 0, 0, 5, 2, 0, 0, 0, 5, 0, 1, 1, 9, 2, 7, 7);
    builder.append({ key: Uint8Array.of(0, 0, 0, 2), value: change, timestampMs: 0 });
    builder.append({ key: Uint8Array.of(0, 0, 0, 99), value: Uint8Array.of(0, 0), timestampMs: 0 });
    expect(decodeControlBatch(batchAt(builder.build(), 0))).toEqual([
      {
        type: 'leader-change',
        leaderId: 5,
        voters: [{ id: 5, directoryId: '0'.repeat(32) }],
        grantingVoters: [],
      },
      { type: 'unknown', code: 99 },
    ]);
  });

  test('what is no control batch is refused', () => {
    expect(codeOf(() => decodeControlBatch(batchAt(batchOf(['a']), 0)))).toBe('bad-record');
    const keyless = new BatchBuilder({ isControl: true })
      .append({ value: text('v'), timestampMs: 0 })
      .build();
    expect(codeOf(() => decodeControlBatch(new RecordBatch(keyless)))).toBe('bad-record');
  });
});

describe('kafkajs', () => {
  interface TheirBatch {
    readonly records: readonly { key: Buffer | null; value: Buffer | null; offset: string }[];
  }
  const require = createRequire(import.meta.url);
  const { RecordBatch: encodeTheirs } = require('kafkajs/src/protocol/recordBatch/v0/index.js') as {
    RecordBatch: (batch: object) => Promise<{ buffer: Buffer }>;
  };
  const theirRecord = require('kafkajs/src/protocol/recordBatch/record/v0/index.js') as (
    record: object,
  ) => object;
  const decodeTheirs = require('kafkajs/src/protocol/recordBatch/v0/decoder.js') as (
    decoder: object,
  ) => Promise<TheirBatch>;
  const Decoder = require('kafkajs/src/protocol/decoder.js') as new (bytes: Buffer) => object;

  // The codecs that they have without help.
  test.each([CODEC.none, CODEC.gzip])('codec %i: we read theirs and they read ours', async (codec) => {
    const records = Array.from({ length: 20 }, (_, i) => ({
      key: i % 3 === 0 ? null : text(`key ${i}`),
      value: i === 7 ? null : text('value '.repeat(i)),
      headers: i % 2 === 0 ? [] : [{ key: 'h', value: text(`${i}`) }],
      timestampMs: 1_700_000_000_000 + i * 1000,
    }));
    const encoded = await encodeTheirs({
      compression: codec,
      firstTimestamp: 1_700_000_000_000,
      maxTimestamp: 1_700_000_019_000,
      producerId: 77,
      producerEpoch: 3,
      firstSequence: 5,
      lastOffsetDelta: records.length - 1,
      transactional: true,
      records: records.map((record, i) =>
        theirRecord({
          offsetDelta: i,
          timestampDelta: i * 1000,
          key: record.key === null ? null : Buffer.from(record.key),
          value: record.value === null ? null : Buffer.from(record.value),
          headers: Object.fromEntries(record.headers.map((h) => [h.key, Buffer.from(h.value)])),
        }),
      ),
    });
    const [batch, ...rest] = [...readBatches(encoded.buffer, { verify: true })];
    expect(rest).toEqual([]);
    expect(batch).toMatchObject({
      codec,
      producerId: 77,
      producerEpoch: 3,
      baseSequence: 5,
      isTransactional: true,
    });
    const plain = [...readRecords(batch as RecordBatch)].map((record) => ({
      key: record.key === null ? null : new Uint8Array(record.key),
      value: record.value === null ? null : new Uint8Array(record.value),
      headers: record.headers.map((h) => ({ key: h.key, value: new Uint8Array(h.value as Uint8Array) })),
      timestampMs: record.timestampMs,
    }));
    expect(plain).toEqual(records);

    const builder = new BatchBuilder({ codec, baseOffset: 1000, producerId: 77, isTransactional: true });
    for (const record of records) builder.append(record);
    const decoder = new Decoder(Buffer.from(builder.build()));
    const read = await decodeTheirs(decoder);
    expect(read).toMatchObject({ firstOffset: '1000', producerId: '77', inTransaction: true });
    expect(
      read.records.map((record) => [record.offset, record.key?.toString(), record.value?.toString()]),
    ).toEqual(
      records.map((record, i) => [
        `${1000 + i}`,
        record.key === null ? undefined : Buffer.from(record.key).toString(),
        record.value === null ? undefined : Buffer.from(record.value).toString(),
      ]),
    );
  });
});
