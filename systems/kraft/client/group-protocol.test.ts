import { describe, expect, test } from 'vitest';
import {
  assignRanges,
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
} from './group-protocol.ts';
import { keyOf } from './operations.ts';

describe('what members say to each other', () => {
  test('comes back as it was said', () => {
    expect(decodeSubscription(encodeSubscription(['b', 'a']))).toEqual(['b', 'a']);
    const keys = [keyOf('a', 0), keyOf('a', 2), keyOf('b', 1)];
    expect(decodeAssignment(encodeAssignment(keys))).toEqual(keys);
    expect(decodeAssignment(new Uint8Array(0))).toEqual([]);
  });
});

describe('ranges', () => {
  const names = (members: Parameters<typeof assignRanges>[0], counts: [string, number][]) =>
    [...assignRanges(members, new Map(counts))].map(([member, keys]) => [
      member,
      keys.map(({ name }) => name),
    ]);

  test('share each topic out in the order of the members, the first get one more', () => {
    const members = ['b', 'a', 'c'].map((memberId) => ({ memberId, topics: ['t'] }));
    expect(names(members, [['t', 5]])).toEqual([
      ['b', ['t-2', 't-3']],
      ['a', ['t-0', 't-1']],
      ['c', ['t-4']],
    ]);
  });

  test('give a topic to its subscribers only, and every partition once', () => {
    const members = [
      { memberId: 'a', topics: ['t', 'u'] },
      { memberId: 'b', topics: ['u'] },
    ];
    expect(
      names(members, [
        ['t', 1],
        ['u', 1],
      ]),
    ).toEqual([
      ['a', ['t-0', 'u-0']],
      ['b', []],
    ]);
  });
});
