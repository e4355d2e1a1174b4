import { describe, expect, it } from 'vitest';
import type { Json } from '../../harness/history/operation.ts';
import { historyOf, type Row } from '../findings/testing/history-of.ts';
import { groups } from './index.ts';

const call = (process: number, f: string, value: Json, type: Row[1] = 'ok', asked: Json = value): Row[] => [
  [process, 'invoke', f, asked],
  [process, type, f, value],
];
const subscribe = (process: number): Row[] => call(process, 'subscribe', ['t-0', 't-1']);
const assignment = (process: number, generation: number, ...partitions: string[]): Row[] =>
  call(process, 'assignment', { member: `m${process}`, generation, partitions }, 'ok', null);
const commit = (process: number, offset: number, type: Row[1] = 'ok'): Row[] =>
  call(process, 'commit', { 't-0': offset }, type);
const poll = (process: number, given: readonly string[], ...offsets: number[]): Row[] => [
  [process, 'invoke', 'poll', [['poll']]],
  [
    process,
    'ok',
    'poll',
    [
      ...(given.length === 0 ? [] : [['rebalance', given] as Json]),
      ['poll', offsets.length === 0 ? {} : { 't-0': offsets.map((offset) => [offset, offset]) }],
    ],
  ],
];

function judge(...rows: readonly Row[][]) {
  const { valid, anomalies, statistics, reason } = groups().check({ history: historyOf(rows.flat()) });
  return { valid, names: anomalies.map(({ name }) => name), anomalies, statistics, reason };
}

describe('ownership', () => {
  it('of one partition by two members in a generation', () => {
    const { names, anomalies } = judge(assignment(0, 3, 't-0'), assignment(1, 3, 't-0', 't-1'));
    expect(names).toEqual(['owned-twice']);
    expect(anomalies[0]?.operations).toEqual([0, 1, 2, 3]);
  });

  it('in different generations, of different partitions, by the same member, or of nobody', () => {
    expect(judge(assignment(0, 3, 't-0'), assignment(1, 4, 't-0')).valid).toBe(true);
    expect(judge(assignment(0, 3, 't-0'), assignment(1, 3, 't-1')).valid).toBe(true);
    expect(judge(assignment(0, 3, 't-0'), assignment(0, 3, 't-0')).valid).toBe(true);
    expect(judge(assignment(0, -1, 't-0'), assignment(1, -1, 't-0')).valid).toBe('unknown');
  });
});

describe('commits of an older generation', () => {
  it('are known by an assignment before or after them', () => {
    expect(judge(assignment(0, 3, 't-0'), assignment(1, 4, 't-0'), commit(0, 5)).names).toEqual([
      'fenced-commit-accepted',
    ]);
    expect(judge(assignment(1, 4, 't-0'), commit(0, 5), assignment(0, 3, 't-0')).names).toEqual([
      'fenced-commit-accepted',
    ]);
  });

  it('that were refused, came before, or after a poll of which nobody knows, are none', () => {
    const later = assignment(1, 4, 't-0');
    expect(judge(assignment(0, 3, 't-0'), later, commit(0, 5, 'fail')).valid).toBe(true);
    expect(judge(assignment(0, 3, 't-0'), commit(0, 5), later).valid).toBe(true);
    expect(judge(assignment(0, 3, 't-0'), later, poll(0, []), commit(0, 5)).valid).toBe(true);
    expect(judge(later, assignment(0, 4, 't-1'), commit(0, 5)).valid).toBe(true);
  });
});

describe('a member that was given a partition', () => {
  const before = [assignment(0, 1, 't-0'), subscribe(0), poll(0, ['t-0'], 0, 1, 2, 3), commit(0, 4)];

  it('goes on where the group has committed', () => {
    expect(judge(...before, subscribe(1), poll(1, ['t-0'], 4)).valid).toBe(true);
    expect(judge(...before, subscribe(1), poll(1, ['t-0']), poll(1, [], 4)).valid).toBe(true);
  });

  it('and not before', () => {
    const { names, anomalies } = judge(...before, subscribe(1), poll(1, ['t-0'], 2));
    expect(names).toEqual(['commit-ignored']);
    expect(anomalies[0]?.explanation).toMatch(/t-0 and goes on in it at offset 2.*had committed 4/);
  });

  it('unless somebody may have committed less, or it began to ask before', () => {
    expect(judge(...before, commit(7, 2, 'info'), subscribe(1), poll(1, ['t-0'], 2)).valid).toBe(true);
    expect(
      judge(
        assignment(0, 1, 't-0'),
        subscribe(0),
        subscribe(1),
        poll(0, ['t-0'], 0, 1, 2, 3),
        commit(0, 4),
        poll(1, ['t-0'], 0),
      ).valid,
    ).toBe(true);
  });

  it('and not behind all that was committed', () => {
    const more = poll(0, [], 4, 5);
    expect(judge(...before, more, subscribe(1), poll(1, ['t-0'], 6)).names).toEqual(['group-skip']);
    expect(judge(...before, more, commit(0, 6, 'info'), subscribe(1), poll(1, ['t-0'], 6)).valid).toBe(true);
    // Nobody saw a record between: it may be the marker of a transaction.
    expect(judge(...before, subscribe(1), poll(1, ['t-0'], 6)).valid).toBe(true);
  });

  it('who assigns to himself goes on where he likes', () => {
    expect(judge(...before, call(1, 'assign', ['t-0']), poll(1, ['t-0'], 2)).valid).toBe(true);
  });
});

it('is unknown without a member', () => {
  expect(judge(commit(0, 1)).reason).toMatch(/no member of a group/);
});
