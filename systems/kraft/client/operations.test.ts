import { describe, expect, test } from 'vitest';
import type { Json } from '../../../harness/history/operation.ts';
import { FUNCTIONS, keyOf, MalformedOperationError, parseKey, parseOperation } from './operations.ts';

const parse = (f: string, value: Json) => parseOperation({ f, value });

describe('keys', () => {
  test('are a topic and a partition; a topic may contain dashes', () => {
    expect(parseKey('t0-1')).toEqual({ name: 't0-1', topic: 't0', partition: 1 });
    expect(parseKey('my-topic-12')).toEqual(keyOf('my-topic', 12));
  });

  test.each(['t0', '-1', 't-01', 't-x', 7, null])('%j is none', (name) => {
    expect(() => parseKey(name)).toThrow(MalformedOperationError);
  });
});

describe('operations', () => {
  test('sends, polls and commits in a transaction', () => {
    const key = keyOf('t0', 1);
    expect(
      parse('txn', [['send', 't0-1', { a: 1 }], ['poll'], ['commit'], ['commit', { 't0-1': 4 }]]),
    ).toEqual({
      f: 'txn',
      micros: [
        { kind: 'send', key, value: { a: 1 } },
        { kind: 'poll' },
        { kind: 'commit', offsets: null },
        { kind: 'commit', offsets: [{ key, offset: 4 }] },
      ],
    });
    expect(parse('poll', null)).toEqual({ f: 'poll', micros: [{ kind: 'poll' }] });
  });

  test('positions by name, by offset, or as they were', () => {
    expect(parse('assign', ['t0-0'])).toEqual({
      f: 'assign',
      positions: [{ key: keyOf('t0', 0), position: null }],
    });
    expect(parse('seek', { 't0-0': 'end', 't0-1': 5 })).toEqual({
      f: 'seek',
      positions: [
        { key: keyOf('t0', 0), position: 'end' },
        { key: keyOf('t0', 1), position: 5 },
      ],
    });
  });

  test('a subscription is to the topics of the partitions', () => {
    expect(parse('subscribe', ['b-0', 'a-1', 'b-1'])).toEqual({ f: 'subscribe', topics: ['b', 'a'] });
  });

  test('groups may be named', () => {
    expect(parse('commit', { group: 'g', offsets: { 't-0': 1 } })).toMatchObject({
      group: 'g',
      offsets: [{ offset: 1 }],
    });
    expect(parse('commit', null)).toEqual({ f: 'commit', group: null, offsets: null });
    expect(parse('committed', null)).toEqual({ f: 'committed', group: null, keys: null });
    expect(parse('committed', { group: 'g', offsets: { 't-0': null } })).toMatchObject({
      group: 'g',
      keys: [{ topic: 't' }],
    });
  });

  test('topics and banks', () => {
    expect(parse('create-topic', { topic: 't', configs: { 'min.insync.replicas': 2 } })).toEqual({
      f: 'create-topic',
      topic: 't',
      partitions: null,
      replicationFactor: null,
      configs: { 'min.insync.replicas': '2' },
    });
    expect(parse('transfer', { from: 0, to: 'b', amount: 3 })).toEqual({
      f: 'transfer',
      from: '0',
      to: 'b',
      amount: 3,
    });
    expect(parse('read', null)).toEqual({ f: 'read', torn: 'refused' });
    expect(parse('read', { final: true })).toEqual({ f: 'read', torn: 'shown-when-settled' });
    expect(parse('read', { final: true, last: true })).toEqual({ f: 'read', torn: 'shown' });
  });

  test.each([
    ['nothing', null],
    ['send', null],
    ['send', [['send', 't0-1']]],
    ['send', [['sing']]],
    ['assign', 't0-1'],
    ['assign', { 't0-1': -1 }],
    ['subscribe', null],
    ['commit', { 't0-1': 'x' }],
    ['commit', 4],
    ['create-topic', {}],
    ['create-topic', { topic: 't', partitions: 'many' }],
    ['transfer', { from: 1 }],
    ['transfer', { from: null, to: 1, amount: 1 }],
  ] as [string, Json][])('%s of %j is malformed', (f, value) => {
    expect(() => parse(f, value)).toThrow(MalformedOperationError);
  });

  test('every function is parsed', () => {
    for (const f of FUNCTIONS) {
      try {
        expect(parse(f, null).f).toBe(f);
      } catch (error) {
        expect((error as Error).message).not.toContain('no function');
      }
    }
  });
});
