import { describe, expect, test } from 'vitest';
import { joinedBytes } from '../../runtime/joined-bytes.ts';
import { encodeFramePieces } from './frames.ts';
import { PieceWriter } from './piece-writer.ts';
import { Writer } from './writer.ts';

const LONG = Uint8Array.from({ length: 100_000 }, (_, i) => i * 7);
const SHORT = LONG.subarray(0, 100);

function write(writer: Writer): void {
  writer.bytes(LONG);
  writer.int8(1);
  writer.compactBytes(SHORT);
  writer.sized((inner) => inner.sized((innermost) => innermost.bytes(LONG)));
  writer.bytes(LONG);
  writer.raw(LONG);
}

describe('a writer in pieces', () => {
  test('writes what a writer writes, and copies no long bytes', () => {
    const whole = new Writer();
    write(whole);
    const writer = new PieceWriter();
    for (let round = 0; round < 2; round++) {
      write(writer);
      expect(writer.sizeBytes).toBe(whole.length);
      const pieces = writer.takePieces();
      expect(pieces.map((piece) => piece === LONG)).toEqual([false, true, false, true, true]);
      expect(Buffer.compare(joinedBytes(pieces), whole.buffer.subarray(0, whole.length))).toBe(0);
      expect(writer.sizeBytes).toBe(0);
    }
  });

  test('counts long bytes in the length of a frame', () => {
    const [length, ...rest] = encodeFramePieces((writer) => writer.raw(LONG));
    expect(length).toEqual(Uint8Array.of(0, 1, 0x86, 0xa0));
    expect(rest).toEqual([LONG]);
    expect(rest[0]).toBe(LONG);
    expect(encodeFramePieces((writer) => writer.int8(5))).toEqual([Uint8Array.of(0, 0, 0, 1, 5)]);
  });
});
