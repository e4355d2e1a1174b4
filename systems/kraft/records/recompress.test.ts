import { expect, test } from 'vitest';
import { batchAt } from './batch.ts';
import { BatchBuilder } from './batch-builder.ts';
import { CODEC } from './compression.ts';
import { readRecords } from './record.ts';
import { recompressed } from './recompress.ts';

const VALUE = new TextEncoder().encode('the same again and again '.repeat(50));
const LIMIT = 1 << 20;

const batchWith = (codec: number) => {
  const builder = new BatchBuilder({
    ...{ baseOffset: 7, leaderEpoch: 3, codec, timestampType: 'log-append-time', maxTimestamp: 9000 },
    ...{ producerId: 12, producerEpoch: 2, baseSequence: 40, isTransactional: true },
  });
  for (let i = 0; i < 3; i++) builder.append({ key: Uint8Array.of(i), value: VALUE, timestampMs: 5000 + i });
  return batchAt(builder.build(), 0);
};

const CODECS = Object.values(CODEC);

test.each(CODECS.flatMap((from) => CODECS.map((to) => [from, to] as const)))(
  'from codec %d to %d all but the codec stays',
  (from, to) => {
    const batch = recompressed(batchWith(from), to, LIMIT);
    expect(batch.isValid()).toBe(true);
    expect(batch.bytes).toEqual(batchWith(to).bytes);
    expect([...readRecords(batch)]).toEqual([...readRecords(batchWith(from))]);
  },
);

test('a batch that has the codec is handed back as it is', () => {
  const batch = batchWith(CODEC.lz4);
  expect(recompressed(batch, CODEC.lz4, LIMIT)).toBe(batch);
});

test('more than the limit is not decompressed', () => {
  expect(() => recompressed(batchWith(CODEC.gzip), CODEC.none, 100)).toThrow(/100/);
});
