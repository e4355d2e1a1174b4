import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MalformedError } from '../../wire/bytes.ts';
import type { TransactionMetadata } from './transaction-records.ts';
import { decodeTransaction, encodeTransaction } from './transaction-records.ts';

const hex = (bytes: Uint8Array | null): string | null =>
  bytes === null ? null : [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
const bytes = (text: string): Uint8Array =>
  Uint8Array.from((text.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16)));

const OPEN: TransactionMetadata = {
  producerId: 9,
  producerEpoch: 1,
  timeoutMs: 60_000,
  state: 'PrepareCommit',
  partitions: [
    { topic: 'a', partition: 0 },
    { topic: 'a', partition: 2 },
    { topic: 'b', partition: 1 },
  ],
  startMs: 3,
  lastUpdateMs: 4,
};

describe('records of __transaction_state', () => {
  test('byte for byte', () => {
    const { key, value } = encodeTransaction('t', OPEN);
    expect(hex(key)).toBe('0000' + '000174');
    expect(hex(value)).toBe(
      '0000' +
        '0000000000000009' +
        '0001' +
        '0000ea60' +
        '02' + // prettier-ignore
        '00000002' +
        '000161' +
        '00000002' +
        '00000000' +
        '00000002' +
        '000162' +
        '00000001' +
        '00000001' +
        '0000000000000004' +
        '0000000000000003',
    );
    const empty = encodeTransaction('t', { ...OPEN, state: 'Empty', partitions: [], startMs: -1 });
    expect(hex(empty.value)).toBe(
      '0000' +
        '0000000000000009' +
        '0001' +
        '0000ea60' +
        '00' +
        'ffffffff' +
        '0000000000000004' +
        'ffffffffffffffff',
    );
    expect(hex(encodeTransaction('t', null).value)).toBeNull();
  });

  test('the flexible version is read, with fields that are not known', () => {
    const value =
      '0001' +
      '0000000000000009' +
      '0001' +
      '0000ea60' +
      '01' +
      '02' +
      '0261' +
      '02' +
      '00000005' +
      '00' + // prettier-ignore
      '0000000000000004' +
      '0000000000000003' +
      '01' +
      '00' +
      '08' +
      '0000000000000007';
    expect(decodeTransaction(bytes('0000000174'), bytes(value))).toEqual({
      transactionalId: 't',
      metadata: { ...OPEN, state: 'Ongoing', partitions: [{ topic: 'a', partition: 5 }] },
    });
  });

  test('keys from the future are passed over; what is none is refused', () => {
    expect(decodeTransaction(bytes('0001000174'), null)).toBeNull();
    expect(() => decodeTransaction(bytes('ffff'), null)).toThrow(
      'a key of version -1 in __transaction_state',
    );
    const dead =
      '0000' +
      '0000000000000009' +
      '0001' +
      '0000ea60' +
      '06' +
      'ffffffff' +
      '0000000000000004' +
      '0000000000000003';
    expect(() => decodeTransaction(bytes('0000000174'), bytes(dead))).toThrow('a transaction of status 6');
  });

  const long = fc.nat(2 ** 50);
  const partition = fc.record({ topic: fc.constantFrom('a', 'b'), partition: fc.nat(5) });
  const metadata: fc.Arbitrary<TransactionMetadata> = fc.record({
    producerId: long,
    producerEpoch: fc.nat(32_767),
    timeoutMs: fc.nat(2 ** 31 - 1),
    state: fc.constantFrom('Ongoing', 'PrepareCommit', 'PrepareAbort', 'CompleteCommit', 'CompleteAbort'),
    partitions: fc.array(partition, { maxLength: 4 }),
    startMs: long,
    lastUpdateMs: long,
  });
  const order = (all: TransactionMetadata['partitions']): string[] =>
    all.map((each) => `${each.topic}-${each.partition}`).sort();

  test('whatever is written is read again', () => {
    fc.assert(
      fc.property(fc.string(), metadata, (id, each) => {
        const { key, value } = encodeTransaction(id, each);
        const read = decodeTransaction(key, value);
        expect(read?.transactionalId).toBe(id);
        expect({ ...read?.metadata, partitions: [] }).toEqual({ ...each, partitions: [] });
        expect(order(read?.metadata?.partitions ?? [])).toEqual(order(each.partitions));
      }),
    );
  });

  test('any bytes are read or refused', () => {
    const start = fc.constantFrom('0000', '0001').map(bytes);
    const any = fc
      .tuple(start, fc.uint8Array({ maxLength: 40 }))
      .map(([a, b]) => Uint8Array.from([...a, ...b]));
    fc.assert(
      fc.property(any, any, (key, value) => {
        try {
          decodeTransaction(key, value);
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedError);
        }
      }),
    );
  });
});
