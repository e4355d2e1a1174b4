import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MalformedError } from './bytes.ts';
import { DEFAULT_FRAME_BYTES_MAX, encodeFrame, FrameReader, LENGTH_BYTES } from './frames.ts';

function collect(frameBytesMax = DEFAULT_FRAME_BYTES_MAX): { reader: FrameReader; frames: Uint8Array[] } {
  const frames: Uint8Array[] = [];
  return { reader: new FrameReader(frameBytesMax, (frame) => frames.push(frame)), frames };
}

const frameOf = (content: Uint8Array): Uint8Array => encodeFrame((writer) => writer.raw(content));

describe('frames', () => {
  test('a length and its bytes', () => {
    expect(frameOf(Uint8Array.of(7, 8))).toEqual(Uint8Array.of(0, 0, 0, 2, 7, 8));
  });

  test('are the same however the stream is cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 6 }),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 20 }),
        (contents, cuts) => {
          const stream = Buffer.concat(contents.map(frameOf));
          const { reader, frames } = collect();
          for (let at = 0, i = 0; at < stream.length; i++) {
            const size = cuts[i % cuts.length] as number;
            reader.push(stream.subarray(at, at + size));
            at += size;
          }
          expect(frames.map((frame) => [...frame])).toEqual(contents.map((content) => [...content]));
          expect(reader.pendingBytes).toBe(0);
        },
      ),
    );
  });

  test('a whole one is a view into its chunk', () => {
    const chunk = frameOf(Uint8Array.of(1, 2, 3));
    const { reader, frames } = collect();
    reader.push(chunk);
    expect(frames[0]?.buffer).toBe(chunk.buffer);
  });

  test('an incomplete one waits', () => {
    const { reader, frames } = collect();
    reader.push(Uint8Array.of(0, 0));
    reader.push(Uint8Array.of(0, 3, 1));
    expect(frames).toEqual([]);
    expect(reader.pendingBytes).toBe(LENGTH_BYTES + 1);
    reader.push(Uint8Array.of(2, 3));
    expect(frames).toEqual([Uint8Array.of(1, 2, 3)]);
  });

  test.each([
    ['negative', [0xff, 0xff, 0xff, 0xff]],
    ['one too large', [0, 0, 0, 11]],
  ])('a length that is %s ends the connection', (_, length) => {
    const { reader, frames } = collect(10);
    expect(() => reader.push(Uint8Array.of(0, 0, 0, 1, 9, ...length))).toThrow(MalformedError);
    expect(frames).toEqual([Uint8Array.of(9)]);
  });

  test('the largest passes', () => {
    const { reader, frames } = collect(10);
    reader.push(frameOf(new Uint8Array(10)));
    expect(frames).toHaveLength(1);
  });

  test('a length promises much, and costs nothing until the bytes come', () => {
    const before = process.memoryUsage().arrayBuffers;
    const readers = Array.from({ length: 1000 }, () => {
      const { reader } = collect();
      reader.push(Uint8Array.of(6, 0, 0, 0, 1));
      return reader;
    });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 << 20);
    expect(readers.every(({ pendingBytes }) => pendingBytes === LENGTH_BYTES + 1)).toBe(true);
  });

  test('a large one in small chunks is copied in linear time', () => {
    const frame = frameOf(new Uint8Array(16 << 20).fill(3));
    const { reader, frames } = collect();
    const started = process.hrtime.bigint();
    for (let at = 0; at < frame.length; at += 1000) reader.push(frame.subarray(at, at + 1000));
    // Quadratic copying would move 100 GiB.
    expect(Number(process.hrtime.bigint() - started) / 1e6).toBeLessThan(3000);
    expect(frames[0]?.length).toBe(16 << 20);
    expect(frames[0]?.every((byte) => byte === 3)).toBe(true);
  });
});
