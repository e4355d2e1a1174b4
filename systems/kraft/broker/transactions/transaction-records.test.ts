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

  test('what no coordinator wrote is refused', () => {
    const read = (value: string, key = '0000000174') => decodeTransaction(bytes(key), bytes(value)).metadata;
    const valueOf = (change: Partial<TransactionMetadata>): string =>
      hex(encodeTransaction('t', { ...OPEN, ...change }).value) ?? '';
    const good = valueOf({});
    expect(read(good)).toEqual(OPEN);
    for (const version of ['0001', 'ffff']) {
      expect(() => read(good, `${version}000174`)).toThrow(/TransactionLogKey has no version/);
      expect(() => read(`${version === '0001' ? '0002' : version}${good.slice(4)}`)).toThrow(
        /TransactionLogValue has no version/,
      );
    }
    const dead = good.replace('0000ea6002', '0000ea6006');
    expect(() => read(dead)).toThrow('a transaction of status 6');
    expect(() => read(valueOf({ producerId: -1 }))).toThrow('a transaction of producer -1 in epoch 1');
    expect(() => read(valueOf({ producerEpoch: -1 }))).toThrow('a transaction of producer 9 in epoch -1');
    expect(() => read(valueOf({ state: 'Ongoing', startMs: -1 }))).toThrow(
      'an open transaction without a start',
    );
    // Partitions of one that is over are no reason to forget that it is.
    for (const state of ['Empty', 'CompleteAbort'] as const) {
      expect(read(valueOf({ state }))).toEqual({ ...OPEN, state, partitions: [] });
    }
  });

  const long = fc.nat(2 ** 50);
  const partition = fc.record({ topic: fc.constantFrom('a', 'b'), partition: fc.nat(5) });
  const metadata: fc.Arbitrary<TransactionMetadata> = fc.record({
    producerId: long,
    producerEpoch: fc.nat(32_767),
    timeoutMs: fc.nat(2 ** 31 - 1),
    state: fc.constantFrom('Ongoing', 'PrepareCommit', 'PrepareAbort'),
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
        expect(read.transactionalId).toBe(id);
        expect({ ...read.metadata, partitions: [] }).toEqual({ ...each, partitions: [] });
        expect(order(read.metadata?.partitions ?? [])).toEqual(order(each.partitions));
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
