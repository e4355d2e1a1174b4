import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MalformedError } from '../../wire/bytes.ts';
import type { GroupRecord, GroupValue } from './group-records.ts';
import { decodeGroupRecord, encodeGroupRecord } from './group-records.ts';

const hex = (bytes: Uint8Array | null): string | null =>
  bytes === null ? null : [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
const bytes = (text: string): Uint8Array =>
  Uint8Array.from((text.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16)));

const roundTrip = (record: GroupRecord): GroupRecord => {
  const { key, value } = encodeGroupRecord(record);
  return decodeGroupRecord(key, value);
};

describe('records of __consumer_offsets', () => {
  test('an offset, byte for byte', () => {
    const value = { offset: 7, leaderEpoch: 2, metadata: 'm', commitMs: 258, expireMs: -1 };
    const record: GroupRecord = { type: 'offset', groupId: 'g', topic: 'ab', partition: 3, value };
    const encoded = encodeGroupRecord(record);
    expect(hex(encoded.key)).toBe('0001' + '000167' + '00026162' + '00000003');
    expect(hex(encoded.value)).toBe('0003' + '0000000000000007' + '00000002' + '00016d' + '0000000000000102');
  });

  test('an offset that expires by itself is of version 1', () => {
    const value = { offset: 7, leaderEpoch: 2, metadata: '', commitMs: 1, expireMs: 2 };
    const record: GroupRecord = { type: 'offset', groupId: 'g', topic: 't', partition: 0, value };
    expect(hex(encodeGroupRecord(record).value)).toBe(
      '0001' + '0000000000000007' + '0000' + '0000000000000001' + '0000000000000002',
    );
    expect(roundTrip(record)).toEqual({ ...record, value: { ...value, leaderEpoch: -1 } });
  });

  test('a group, byte for byte', () => {
    const value = {
      protocolType: 'c',
      generation: 1,
      protocol: null,
      leader: null,
      currentStateMs: 5,
      members: [],
    };
    const { key, value: encoded } = encodeGroupRecord({ type: 'group', groupId: 'g', value });
    expect(hex(key)).toBe('0002' + '000167');
    expect(hex(encoded)).toBe(
      '0003' + '000163' + '00000001' + 'ffff' + 'ffff' + '0000000000000005' + '00000000',
    );
  });

  test('older versions are read', () => {
    const key = bytes('0000' + '000167' + '000174' + '00000000');
    expect(
      decodeGroupRecord(key, bytes('0000' + '0000000000000009' + '0000' + '0000000000000001')),
    ).toMatchObject({
      value: { offset: 9, leaderEpoch: -1, commitMs: 1, expireMs: -1 },
    });
    const group = '000163' + '00000001' + '00016d' + '000161' + '00000001';
    const member = '000161' + '0000' + '0000' + '0000000a' + '0000000101' + '0000000102';
    expect(decodeGroupRecord(bytes('0002000167'), bytes(`0000${group}${member}`))).toMatchObject({
      value: {
        currentStateMs: -1,
        members: [{ groupInstanceId: null, rebalanceTimeoutMs: 10, sessionTimeoutMs: 10 }],
      },
    });
  });

  test('what no coordinator wrote is refused', () => {
    for (const key of ['0003000167', 'ffff']) {
      expect(() => decodeGroupRecord(bytes(key), null)).toThrow(/OffsetCommitKey has no version/);
    }
    expect(() => decodeGroupRecord(bytes('0002000167'), bytes('0009'))).toThrow(
      'GroupMetadataValue has no version 9',
    );
    const member = (memberId: string, groupInstanceId: string | null = null) => ({
      ...{
        memberId,
        groupInstanceId,
        clientId: '',
        clientHost: '',
        rebalanceTimeoutMs: 1,
        sessionTimeoutMs: 1,
      },
      ...{ subscription: new Uint8Array(0), assignment: new Uint8Array(0) },
    });
    const good: GroupValue = {
      ...{ protocolType: 'c', generation: 1, protocol: 'p', leader: 'a', currentStateMs: 5 },
      members: [member('a', 'i'), member('b', 'j'), member('c'), member('d')],
    };
    const read = (change: Partial<GroupValue>) =>
      roundTrip({ type: 'group', groupId: 'g', value: { ...good, ...change } });
    expect(read({})).toMatchObject({ value: good });
    expect(() => read({ generation: -1 })).toThrow('a group in generation -1');
    for (const leader of ['x', null]) expect(() => read({ leader })).toThrow('leader is no member');
    expect(() => read({ protocol: null })).toThrow('no protocol');
    expect(() => read({ protocolType: '' })).toThrow('no protocol');
    expect(() => read({ members: [member('a'), member('a')] })).toThrow('a member twice');
    expect(() => read({ members: [member('a', 'i'), member('b', 'i')] })).toThrow('a member twice');
    expect(read({ leader: 'x', protocol: null, protocolType: '', members: [] })).toBeDefined();
  });

  const name = fc.string({ maxLength: 8 });
  const binary = fc.uint8Array({ maxLength: 8 });
  const int = fc.nat(2 ** 31 - 1);
  const long = fc.nat(2 ** 50);
  const offset = fc.record({
    offset: long,
    leaderEpoch: int,
    metadata: name,
    commitMs: long,
    expireMs: fc.constant(-1),
  });
  const member = fc.record({
    memberId: name,
    groupInstanceId: fc.option(name),
    clientId: name,
    clientHost: name,
    rebalanceTimeoutMs: int,
    sessionTimeoutMs: int,
    subscription: binary,
    assignment: binary,
  });
  const named = fc.string({ minLength: 1, maxLength: 8 });
  const distinct = fc.uniqueArray(member, {
    maxLength: 3,
    comparator: (a, b) =>
      a.memberId === b.memberId || (a.groupInstanceId !== null && a.groupInstanceId === b.groupInstanceId),
  });
  const group = fc
    .record({ protocolType: named, generation: int, protocol: name, currentStateMs: long, members: distinct })
    .map((value) => ({ ...value, leader: value.members.at(-1)?.memberId ?? null }));
  const record: fc.Arbitrary<GroupRecord> = fc.oneof(
    fc.record({
      type: fc.constant('offset' as const),
      groupId: name,
      topic: name,
      partition: int,
      value: fc.option(offset),
    }),
    fc.record({ type: fc.constant('group' as const), groupId: name, value: fc.option(group) }),
  );

  test('whatever is written is read again', () => {
    fc.assert(
      fc.property(record, (each) => {
        expect(roundTrip(each)).toEqual(each);
      }),
    );
  });

  test('any bytes are read or refused', () => {
    const start = fc.constantFrom('0000', '0001', '0002', '0003').map(bytes);
    const any = fc
      .tuple(start, fc.uint8Array({ maxLength: 30 }))
      .map(([a, b]) => Uint8Array.from([...a, ...b]));
    fc.assert(
      fc.property(any, any, (key, value) => {
        try {
          decodeGroupRecord(key, value);
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedError);
        }
      }),
    );
  });
});
