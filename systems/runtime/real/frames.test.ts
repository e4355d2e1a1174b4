import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeFrameHeader, FRAME_BYTES_MAX, FrameDecoder } from './frames.ts';

describe('FrameDecoder', () => {
  it('finds the frames again however the stream is cut', () => {
    const messages = fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 20 });
    fc.assert(
      fc.property(messages, fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }), (payloads, cuts) => {
        const stream = Buffer.concat(
          payloads.flatMap((payload) => [encodeFrameHeader(payload.length), payload]),
        );
        const decoded: number[][] = [];
        const decoder = new FrameDecoder((payload) => decoded.push([...payload]));
        for (let position = 0, i = 0; position < stream.length; i++) {
          const length = cuts[i % cuts.length]!;
          decoder.push(stream.subarray(position, position + length));
          position += length;
        }
        expect(decoded).toEqual(payloads.map((payload) => [...payload]));
      }),
    );
  });

  it('refuses a length that no datagram has', () => {
    const decoder = new FrameDecoder(() => undefined);
    expect(() => decoder.push(encodeFrameHeader(FRAME_BYTES_MAX + 1))).toThrow(RangeError);
  });
});
