import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FrameReader } from './pipe.ts';

const frame = (kind: number, text: string): Buffer => {
  const head = Buffer.alloc(8);
  head[0] = kind;
  head.writeUInt32BE(Buffer.byteLength(text), 4);
  return Buffer.concat([head, Buffer.from(text)]);
};

test('frames are told apart wherever the stream is cut', () => {
  const frames = fc.array(fc.record({ isError: fc.boolean(), text: fc.string() }), { maxLength: 8 });
  fc.assert(
    fc.property(frames, fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1 }), (sent, cuts) => {
      const got = { output: '', error: '' };
      const bytes = { output: [] as Uint8Array[], error: [] as Uint8Array[] };
      const reader = new FrameReader({
        onOutput: (part) => bytes.output.push(Uint8Array.from(part)),
        onError: (part) => bytes.error.push(Uint8Array.from(part)),
      });
      const stream = Buffer.concat(sent.map(({ isError, text }) => frame(isError ? 2 : 1, text)));
      for (let offset = 0, i = 0; offset < stream.length; i++) {
        const length = cuts[i % cuts.length] ?? 1;
        reader.push(stream.subarray(offset, offset + length));
        offset += length;
      }
      got.output = Buffer.concat(bytes.output).toString();
      got.error = Buffer.concat(bytes.error).toString();
      const expected = (isError: boolean): string =>
        sent
          .filter((one) => one.isError === isError)
          .map(({ text }) => Buffer.from(text).toString())
          .join('');
      expect(got).toEqual({ output: expected(false), error: expected(true) });
    }),
  );
});
