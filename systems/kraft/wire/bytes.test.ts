import { createRequire } from 'node:module';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  EncodeError,
  MalformedError,
  Reader,
  uuidFromBytes,
  uuidToBytes,
  Writer,
  ZERO_UUID,
} from './bytes.ts';
import { parseVersions, includesVersion } from './versions.ts';

const require = createRequire(import.meta.url);

/** kafkajs's, as an independent implementation. */
interface TheirEncoder {
  readonly buffer: Buffer;
  writeVarInt(value: number): TheirEncoder;
  writeVarLong(value: bigint | number): TheirEncoder;
  writeUVarInt(value: number): TheirEncoder;
  writeInt64(value: bigint | number): TheirEncoder;
  writeString(value: string | null): TheirEncoder;
  writeUVarIntString(value: string | null): TheirEncoder;
  writeUVarIntBytes(value: Buffer): TheirEncoder;
}
const Encoder = require('kafkajs/src/protocol/encoder.js') as new () => TheirEncoder;

const written = (write: (writer: Writer) => void): Uint8Array => {
  const writer = new Writer(1);
  write(writer);
  return writer.take();
};
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const reader = (text: string): Reader => new Reader(Buffer.from(text.replaceAll(' ', ''), 'hex'));

const int32 = fc.integer();
const int64 = fc.oneof(
  fc.maxSafeInteger(),
  int32,
  fc.constantFrom(
    Number.MAX_SAFE_INTEGER,
    Number.MIN_SAFE_INTEGER,
    2 ** 31,
    -(2 ** 31) - 1,
    2 ** 32,
    -(2 ** 32),
  ),
);
const text = fc.oneof(
  fc.string({ unit: 'grapheme-ascii', maxLength: 200 }),
  fc.string({ unit: 'grapheme', maxLength: 200 }),
);

describe('primitives as bytes', () => {
  test.each<[string, (writer: Writer) => void, string]>([
    ['true', (w) => w.boolean(true), '01'],
    ['false', (w) => w.boolean(false), '00'],
    ['an int8', (w) => w.int8(-2), 'fe'],
    ['an int16', (w) => w.int16(-2), 'fffe'],
    ['a uint16', (w) => w.uint16(65534), 'fffe'],
    ['an int32', (w) => w.int32(0x01020304), '01020304'],
    ['a uint32', (w) => w.uint32(0xfffffffe), 'fffffffe'],
    ['an int64', (w) => w.int64(2 ** 32 + 5), '0000000100000005'],
    ['a negative int64', (w) => w.int64(-1), 'ffffffffffffffff'],
    ['the smallest int64', (w) => w.int64(Number.MIN_SAFE_INTEGER), 'ffe0000000000001'],
    ['an unsigned varint', (w) => w.unsignedVarint(300), 'ac02'],
    ['the largest unsigned varint', (w) => w.unsignedVarint(0xffff_ffff), 'ffffffff0f'],
    ['a varint', (w) => w.varint(-1), '01'],
    ['the smallest varint', (w) => w.varint(-0x8000_0000), 'ffffffff0f'],
    ['a varlong', (w) => w.varlong(2 ** 40), '808080808040'],
    ['a string', (w) => w.string('hi'), '00026869'],
    ['a string beyond ASCII', (w) => w.string('é'), '0002c3a9'],
    ['no string', (w) => w.nullableString(null), 'ffff'],
    ['a compact string', (w) => w.compactString('hi'), '036869'],
    ['no compact string', (w) => w.compactNullableString(null), '00'],
    ['bytes', (w) => w.bytes(Uint8Array.of(7)), '0000000107'],
    ['no bytes', (w) => w.nullableBytes(null), 'ffffffff'],
    ['compact bytes', (w) => w.compactBytes(Uint8Array.of(7)), '0207'],
    ['no compact bytes', (w) => w.compactNullableBytes(null), '00'],
    ['no tags', (w) => w.emptyTags(), '00'],
    ['a UUID', (w) => w.uuid('AAECAwQFBgcICQoLDA0ODw'), '000102030405060708090a0b0c0d0e0f'],
  ])('%s', (_, write, expected) => {
    expect(hex(written(write))).toBe(expected);
  });

  test('patching overwrites', () => {
    const writer = new Writer();
    writer.int32(0);
    writer.uint32(0);
    writer.patchInt32(0, -1);
    writer.patchInt32(4, 0xffff_fffe);
    expect(hex(writer.take())).toBe('fffffffffffffffe');
  });
});

describe('round trips', () => {
  const roundTrip = <T>(
    values: fc.Arbitrary<T>,
    write: (writer: Writer, value: T) => void,
    read: (from: Reader) => T,
  ): void => {
    fc.assert(
      fc.property(fc.array(values, { maxLength: 5 }), (given) => {
        const bytes = written((writer) => {
          for (const value of given) write(writer, value);
        });
        const from = new Reader(bytes);
        expect(given.map(() => read(from))).toEqual(given);
        from.finish();
        expect(() => read(from)).toThrow(MalformedError);
      }),
    );
  };

  test('integers', () => {
    roundTrip(
      fc.integer({ min: -0x80, max: 0x7f }),
      (w, v) => w.int8(v),
      (r) => r.int8(),
    );
    roundTrip(
      fc.integer({ min: -0x8000, max: 0x7fff }),
      (w, v) => w.int16(v),
      (r) => r.int16(),
    );
    roundTrip(
      fc.integer({ min: 0, max: 0xffff }),
      (w, v) => w.uint16(v),
      (r) => r.uint16(),
    );
    roundTrip(
      int32,
      (w, v) => w.int32(v),
      (r) => r.int32(),
    );
    roundTrip(
      fc.integer({ min: 0, max: 0xffff_ffff }),
      (w, v) => w.uint32(v),
      (r) => r.uint32(),
    );
    roundTrip(
      int64,
      (w, v) => w.int64(v),
      (r) => r.int64(),
    );
    roundTrip(
      fc.integer({ min: 0, max: 0xffff_ffff }),
      (w, v) => w.unsignedVarint(v),
      (r) => r.unsignedVarint(),
    );
    roundTrip(
      int32,
      (w, v) => w.varint(v),
      (r) => r.varint(),
    );
    roundTrip(
      int64,
      (w, v) => w.varlong(v),
      (r) => r.varlong(),
    );
    roundTrip(
      fc.boolean(),
      (w, v) => w.boolean(v),
      (r) => r.boolean(),
    );
  });

  test('texts, bytes, UUIDs', () => {
    const bytes: fc.Arbitrary<Uint8Array> = fc.uint8Array({ maxLength: 100 });
    roundTrip(
      text,
      (w, v) => w.string(v),
      (r) => r.string(),
    );
    roundTrip(
      fc.option(text),
      (w, v) => w.nullableString(v),
      (r) => r.nullableString(),
    );
    roundTrip(
      text,
      (w, v) => w.compactString(v),
      (r) => r.compactString(),
    );
    roundTrip(
      fc.option(text),
      (w, v) => w.compactNullableString(v),
      (r) => r.compactNullableString(),
    );
    roundTrip(
      bytes,
      (w, v) => w.bytes(v),
      (r) => r.bytes(),
    );
    roundTrip(
      fc.option(bytes),
      (w, v) => w.nullableBytes(v),
      (r) => r.nullableBytes(),
    );
    roundTrip(
      bytes,
      (w, v) => w.compactBytes(v),
      (r) => r.compactBytes(),
    );
    roundTrip(
      fc.option(bytes),
      (w, v) => w.compactNullableBytes(v),
      (r) => r.compactNullableBytes(),
    );
    const uuids = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((raw) => uuidFromBytes(raw) as string);
    roundTrip(
      uuids,
      (w, v) => w.uuid(v),
      (r) => r.uuid(),
    );
  });

  test('int64 and varlong as BigInt has them', () => {
    fc.assert(
      fc.property(int64, (value) => {
        expect(Buffer.from(written((w) => w.int64(value))).readBigInt64BE()).toBe(BigInt(value));
        const zigzag = BigInt.asUintN(64, (BigInt(value) << 1n) ^ (BigInt(value) >> 63n));
        let expected = '';
        for (let rest = zigzag; ; rest >>= 7n) {
          const more = rest >= 0x80n;
          expected += Number((rest & 0x7fn) | (more ? 0x80n : 0n))
            .toString(16)
            .padStart(2, '0');
          if (!more) break;
        }
        expect(hex(written((w) => w.varlong(value)))).toBe(expected);
      }),
    );
  });

  test('as kafkajs writes them', () => {
    fc.assert(
      fc.property(int32, int64, text, fc.uint8Array({ maxLength: 300 }), (small, large, string, raw) => {
        const theirs = new Encoder()
          .writeVarInt(small)
          .writeVarLong(BigInt(large))
          .writeUVarInt(small >>> 1)
          .writeInt64(BigInt(large))
          .writeString(string)
          .writeUVarIntString(string)
          .writeUVarIntBytes(Buffer.from(raw)).buffer;
        const ours = written((w) => {
          w.varint(small);
          w.varlong(large);
          w.unsignedVarint(small >>> 1);
          w.int64(large);
          w.string(string);
          w.compactString(string);
          w.compactBytes(raw);
        });
        expect(hex(ours)).toBe(hex(theirs));
      }),
    );
  });
});

describe('what a Reader refuses', () => {
  test.each<[string, string, (from: Reader) => unknown]>([
    ['an int64 of 2^53', '0020000000000000', (r) => r.int64()],
    ['an int64 of −2^53', 'ffe0000000000000', (r) => r.int64()],
    ['the largest int64', '7fffffffffffffff', (r) => r.int64()],
    ['a varint of 33 bits', 'ffffffff1f', (r) => r.unsignedVarint()],
    ['a varint of six bytes', '808080808000', (r) => r.unsignedVarint()],
    ['a varlong of eleven bytes', '8080808080808080808000', (r) => r.varlong()],
    ['a varlong beyond 2^53', 'ffffffffffffffffff01', (r) => r.varlong()],
    ['a string of −2 bytes', 'fffe', (r) => r.nullableString()],
    ['null for a string', 'ffff', (r) => r.string()],
    ['null for a compact string', '00', (r) => r.compactString()],
    ['a compact string beyond 32767 bytes', '818002', (r) => r.compactString()],
    ['text that is not UTF-8', '0002c328', (r) => r.string()],
    ['−2 bytes', 'fffffffe', (r) => r.nullableBytes()],
    ['null for bytes', 'ffffffff', (r) => r.bytes()],
    ['null for compact bytes', '00', (r) => r.compactBytes()],
    ['bytes beyond the end', '7fffffff00', (r) => r.bytes()],
    ['compact bytes beyond the end', 'ffffffff0f00', (r) => r.compactBytes()],
    ['an array of −2 elements', 'fffffffe', (r) => r.arrayLength(1)],
    ['an array that cannot fit', '00000003 0000', (r) => r.arrayLength(1)],
    ['an array whose elements cannot fit', '00000002 000000', (r) => r.arrayLength(2)],
    ['an array of elements of nothing', '7fffffff', (r) => r.arrayLength(0)],
    ['a compact array that cannot fit', 'ffffffff0f', (r) => r.compactArrayLength(1)],
    ['tags out of order', '02 01 00 00 00', (r) => r.skipTags()],
    ['a tag twice', '02 01 00 01 00', (r) => r.skipTags()],
    ['a tag beyond the end', '01 01 05 00', (r) => r.skipTags()],
    ['what is left over', '00', (r) => r.finish()],
  ])('%s', (_, bytes, read) => {
    expect(() => read(reader(bytes))).toThrow(MalformedError);
  });

  test('a count of tags far beyond the bytes ends at the bytes', () => {
    expect(() => reader('ffffffff0f 01 00').skipTags()).toThrow(MalformedError);
  });

  test('what is just small enough', () => {
    expect(reader('001fffffffffffff').int64()).toBe(Number.MAX_SAFE_INTEGER);
    expect(reader('00000002 0000 0000').arrayLength(2)).toBe(2);
    expect(reader('ffffffff').arrayLength(4)).toBe(-1);
    expect(reader('00').compactArrayLength(4)).toBe(-1);
    expect(reader('03 0000').compactArrayLength(1)).toBe(2);
    expect(reader('02').boolean()).toBe(true);
  });

  test('any bytes give a value or MalformedError', () => {
    const reads: readonly ((from: Reader) => unknown)[] = [
      (r) => r.int64(),
      (r) => r.unsignedVarint(),
      (r) => r.varint(),
      (r) => r.varlong(),
      (r) => r.nullableString(),
      (r) => r.compactNullableString(),
      (r) => r.nullableBytes(),
      (r) => r.compactNullableBytes(),
      (r) => r.uuid(),
      (r) => r.arrayLength(1),
      (r) => r.skipTags(),
    ];
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 24 }), fc.constantFrom(...reads), (bytes, read) => {
        const from = new Reader(bytes);
        try {
          read(from);
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedError);
        }
        expect(from.position).toBeLessThanOrEqual(from.end);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('what a Writer refuses', () => {
  test.each<[string, (writer: Writer) => void]>([
    ['an int8 of 128', (w) => w.int8(128)],
    ['an int16 of 32768', (w) => w.int16(32768)],
    ['a uint16 of −1', (w) => w.uint16(-1)],
    ['an int32 of 2^31', (w) => w.int32(2 ** 31)],
    ['a uint32 of −1', (w) => w.uint32(-1)],
    ['an int64 of 2^53', (w) => w.int64(2 ** 53)],
    ['a fraction', (w) => w.int32(0.5)],
    ['no number', (w) => w.varint(NaN)],
    ['a varlong of 2^53', (w) => w.varlong(2 ** 53)],
    ['a string of 32768 bytes', (w) => w.string('x'.repeat(32768))],
    ['a compact string of 32768 bytes', (w) => w.compactString('é'.repeat(16384))],
    ['a UUID of 21 characters', (w) => w.uuid('A'.repeat(21))],
    ['a UUID with a character that is none', (w) => w.uuid('+'.repeat(22))],
    ['a UUID of more than 128 bits', (w) => w.uuid(`${'A'.repeat(21)}B`)],
  ])('%s', (_, write) => {
    expect(() => written(write)).toThrow(EncodeError);
  });
});

describe('UUIDs', () => {
  test('as Buffer has base64url', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (raw) => {
        const printed = Buffer.from(raw).toString('base64url');
        expect(uuidFromBytes(raw)).toBe(printed);
        expect(uuidToBytes(printed)).toEqual(raw);
      }),
    );
  });

  test('zero, and what is none', () => {
    expect(uuidToBytes(ZERO_UUID)).toEqual(new Uint8Array(16));
    expect(uuidFromBytes(new Uint8Array(15))).toBeNull();
    expect(uuidToBytes('é'.repeat(22))).toBeNull();
  });
});

describe('memory', () => {
  test('bytes are views', () => {
    const source = Uint8Array.of(0, 0, 0, 2, 7, 8);
    const view = new Reader(source).bytes();
    source[4] = 9;
    expect(view).toEqual(Uint8Array.of(9, 8));
  });

  test.each([10, 5000, 100_000])('what was taken of %i bytes does not change afterwards', (count) => {
    const writer = new Writer();
    writer.raw(new Uint8Array(count).fill(1));
    const taken = writer.take();
    writer.raw(new Uint8Array(count).fill(2));
    expect(taken).toEqual(new Uint8Array(count).fill(1));
    expect(writer.take()).toEqual(new Uint8Array(count).fill(2));
    expect(writer.take()).toHaveLength(0);
  });
});

describe('ranges of versions', () => {
  test('as Kafka writes them', () => {
    expect(parseVersions('2-7')).toEqual({ min: 2, max: 7 });
    expect(parseVersions('4+')).toEqual({ min: 4, max: Infinity });
    expect(parseVersions('0')).toEqual({ min: 0, max: 0 });
    expect([0, 1, 100].some((version) => includesVersion(parseVersions('none'), version))).toBe(false);
    expect(() => parseVersions('-1')).toThrow('no range of versions');
  });
});
