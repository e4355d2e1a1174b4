import { describe, expect, test } from 'vitest';
import { BatchBuilder } from '../records/batch-builder.ts';
import { encodeControlBatch } from '../records/control.ts';
import { RecordError } from '../records/errors.ts';
import { readFetched } from './fetched-records.ts';
import { decodeValue, encodeValue } from './values.ts';

const timestampMs = 1;

function data(baseOffset: number, values: readonly number[], producerId = -1): Uint8Array {
  const isTransactional = producerId >= 0;
  const builder = new BatchBuilder({ baseOffset, producerId, producerEpoch: 0, isTransactional });
  for (const value of values) builder.append({ value: encodeValue(value), timestampMs });
  return builder.build();
}

const marker = (baseOffset: number, producerId: number, type: 'commit' | 'abort'): Uint8Array =>
  encodeControlBatch([{ type, coordinatorEpoch: 0 }], {
    baseOffset,
    producerId,
    producerEpoch: 0,
    isTransactional: true,
    timestampMs,
  });

const read = (
  bytes: readonly Uint8Array[],
  options: Partial<Parameters<typeof readFetched>[1]> = {},
): [values: unknown[], nextOffset: number] => {
  const { records, nextOffset } = readFetched(Buffer.concat(bytes), {
    fromOffset: 0,
    aborted: [],
    isolation: 'read-committed',
    ...options,
  });
  return [records.map(({ value }) => decodeValue(value)), nextOffset];
};

describe('what a consumer sees of a fetch', () => {
  const log = [
    data(0, [1], 7),
    data(1, [2], 8),
    marker(2, 7, 'abort'),
    data(3, [3], 7),
    marker(4, 8, 'commit'),
    marker(5, 7, 'commit'),
  ];

  test('nothing of aborted transactions, until their marker', () => {
    expect(read(log, { aborted: [{ producerId: 7, firstOffset: 0 }] })).toEqual([[2, 3], 6]);
  });

  test('all of it, read uncommitted, but no markers', () => {
    const aborted = [{ producerId: 7, firstOffset: 0 }];
    expect(read(log, { aborted, isolation: 'read-uncommitted' })).toEqual([[1, 2, 3], 6]);
  });

  test('nothing before the offset that it asked for', () => {
    expect(read([data(0, [1, 2, 3])], { fromOffset: 2 })).toEqual([[3], 3]);
    expect(read([data(0, [1, 2, 3]), data(3, [4])], { fromOffset: 3 })).toEqual([[4], 4]);
    expect(read([], { fromOffset: 3 })).toEqual([[], 3]);
  });

  test('a batch that is cut off waits for the next fetch', () => {
    const second = data(1, [2]);
    expect(read([data(0, [1]), second.subarray(0, second.length - 3)])).toEqual([[1], 1]);
  });

  test('a damaged batch is found out', () => {
    const damaged = data(0, [1]);
    damaged[damaged.length - 2] = (damaged[damaged.length - 2] as number) ^ 1;
    expect(() => read([damaged])).toThrow(RecordError);
  });

  test('bytes that are no JSON are a value that nobody sent', () => {
    expect(decodeValue(new Uint8Array([0xff, 1]))).toBe('undecodable bytes ff01');
    expect(decodeValue(null)).toBe(null);
  });
});
