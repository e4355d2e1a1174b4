import { gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync, constants } from 'node:zlib';
import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CODEC, compress, decompress } from './compression.ts';
import { crc32c } from './crc32c.ts';
import { RecordError } from './errors.ts';
import { xxh32 } from './xxh32.ts';

const MAX = 1 << 22;
/** The command of the reference library, where it is installed. */
const LZ4 = 'lz4';
const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const codecs = Object.entries(CODEC);

/** Bytes that repeat themselves, as records do, and some that do not. */
const arbitraryContent = fc.oneof(
  fc.uint8Array({ maxLength: 2000 }),
  fc
    .array(fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 200 })), {
      maxLength: 40,
    })
    .map((parts) =>
      Uint8Array.from(
        parts.flatMap(([part, times]) =>
          Array(times)
            .fill([...part])
            .flat(),
        ),
      ),
    ),
);

const large = (() => {
  const bytes = new Uint8Array(300_000);
  for (let i = 0, x = 1; i < bytes.length; i++) {
    x = (Math.imul(x, 1103515245) + 12345) >>> 0;
    bytes[i] = i % 1000 < 500 ? x >>> 24 : 65 + (i % 7);
  }
  return bytes;
})();

describe('checksums', () => {
  test('CRC-32C of its check string and of nothing', () => {
    expect(crc32c(text('123456789'))).toBe(0xe3069283);
    expect(crc32c(text(''))).toBe(0);
  });

  test('xxHash of known texts', () => {
    expect(xxh32(text(''))).toBe(0x02cc5d05);
    expect(xxh32(text('a'))).toBe(0x550d7456);
    expect(xxh32(text('Nobody inspects the spammish repetition'))).toBe(0xe2293b2f);
  });
});

describe.each(codecs)('%s', (_, codec) => {
  test('gives back what it was given', () => {
    fc.assert(
      fc.property(arbitraryContent, (content) => {
        expect(decompress(codec, compress(codec, content), MAX)).toEqual(content);
      }),
      { numRuns: 60 },
    );
    expect(Buffer.compare(decompress(codec, compress(codec, large), MAX), large)).toBe(0);
  });

  test('takes Buffers, and leaves what it reads as it was', () => {
    const packed = Buffer.from(compress(codec, Buffer.from(large)));
    const copy = Buffer.from(packed);
    expect(decompress(codec, packed, MAX).length).toBe(large.length);
    expect(packed.equals(copy)).toBe(true);
  });

  test('stops at its limit', () => {
    if (codec === CODEC.none) return;
    const bomb = compress(codec, new Uint8Array(3_000_000));
    expect(() => decompress(codec, bomb, 1_000_000)).toThrow(expect.objectContaining({ code: 'too-large' }));
  });

  test('any bytes give bytes or an error', () => {
    const good = [compress(codec, large.subarray(0, 3000)), compress(codec, text('hello hello hello hello'))];
    const mutated = fc
      .tuple(
        fc.constantFrom(...good),
        fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 4 }),
        fc.nat(),
      )
      .map(([base, changes, cut]) => {
        const bytes = base.slice(0, cut % 3 === 0 ? cut % (base.length + 1) : base.length);
        for (const [at, byte] of changes) if (bytes.length > 0) bytes[at % bytes.length] = byte;
        return bytes;
      });
    fc.assert(
      fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 200 })), (bytes) => {
        try {
          expect(decompress(codec, bytes, MAX).length).toBeLessThanOrEqual(MAX);
        } catch (error) {
          expect(error).toBeInstanceOf(RecordError);
        }
      }),
      { numRuns: 1500 },
    );
  });

  test('refuses every truncation', () => {
    if (codec === CODEC.none) return;
    const packed = compress(codec, large.subarray(0, 2000));
    for (let length = 0; length < packed.length; length += 7) {
      expect(() => {
        const got = decompress(codec, packed.subarray(0, length), MAX);
        // A cut between two xerial blocks is not seen: the framing has no end; the batch's CRC sees it.
        if (codec === CODEC.snappy && got.length < 2000) throw new RecordError('truncated', 0, 'short');
      }).toThrow(RecordError);
    }
  });
});

test('codecs that are none are refused', () => {
  for (const codec of [5, 6, 7]) {
    expect(() => compress(codec, large)).toThrow(RecordError);
    expect(() => decompress(codec, large, MAX)).toThrow(RecordError);
  }
});

describe('others read what we write, and we what they write', () => {
  test('gzip: zlib', () => {
    expect(gunzipSync(compress(CODEC.gzip, large)).equals(large)).toBe(true);
    expect(Buffer.from(decompress(CODEC.gzip, gzipSync(large), MAX)).equals(large)).toBe(true);
  });

  test('zstd: the reference library', () => {
    for (const content of [large, new Uint8Array(200_000), text(''), text('x')]) {
      expect(zstdDecompressSync(compress(CODEC.zstd, content)).equals(content)).toBe(true);
      for (const level of [1, 3, 12, 19]) {
        const packed = zstdCompressSync(content, {
          params: { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_checksumFlag]: level & 1 },
        });
        expect(Buffer.from(decompress(CODEC.zstd, packed, MAX)).equals(content)).toBe(true);
      }
    }
  });

  test.skipIf(spawnSync(LZ4, ['--version']).error !== undefined)('lz4: the command', () => {
    const ours = spawnSync(LZ4, ['-d', '-c'], { input: compress(CODEC.lz4, large), maxBuffer: MAX });
    expect(ours.stdout.equals(large)).toBe(true);
    for (const flags of [['-1'], ['-9', '-BD'], ['-B4', '--content-size'], ['-BX'], ['--no-frame-crc']]) {
      const theirs = spawnSync(LZ4, [...flags, '-c'], { input: large, maxBuffer: MAX });
      expect(Buffer.from(decompress(CODEC.lz4, theirs.stdout, MAX)).equals(large)).toBe(true);
    }
  });

  test('snappy: raw blocks, too', () => {
    // Twelve bytes: the literal "abcd", a copy of four from four before (short form), of four from eight (long form).
    const raw = Uint8Array.of(12, 0x0c, 97, 98, 99, 100, 0x01, 4, 0x0e, 8, 0);
    expect(decompress(CODEC.snappy, raw, MAX)).toEqual(text('abcdabcdabcd'));
    const far = raw.slice();
    far[9] = 9;
    expect(() => decompress(CODEC.snappy, far, MAX)).toThrow(/copy from 9 bytes before/);
    // A literal whose length is negative in 32 bits sends the library round for ever.
    const hostile = Uint8Array.of(10, 0xfc, 0xfa, 0xff, 0xff, 0xff, 1, 2);
    expect(() => decompress(CODEC.snappy, hostile, MAX)).toThrow(RecordError);
  });
});

describe('frames that ask for memory', () => {
  test('a zstd window of a gigabyte', () => {
    const frame = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa0, 1, 0, 0);
    expect(() => decompress(CODEC.zstd, frame, MAX)).toThrow(/window of 1073741824 bytes/);
  });

  test('a zstd content of an exabyte', () => {
    const frame = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0, 0, 0, 0, 0, 0, 0, 0x10, 1, 0, 0);
    expect(() => decompress(CODEC.zstd, frame, MAX)).toThrow(expect.objectContaining({ code: 'too-large' }));
  });

  test('a snappy block of four gigabytes', () => {
    const block = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x0f, 0x00, 1);
    expect(() => decompress(CODEC.snappy, block, MAX)).toThrow(/claims 4294967295/);
  });
});
