import { describe, expect, it } from 'vitest';
import type { Json } from '../../harness/history/operation.ts';
import { call, historyOf, type Row } from '../findings/testing/history-of.ts';
import { sequentialKeys } from './index.ts';

const judge = (rows: readonly Row[]) => sequentialKeys().check({ history: historyOf(rows) });
const write = (value: Json) => call(0, 'write', value);
const read = (value: Json) => call(1, 'read', value);

describe('keys that are written in order and read in reverse', () => {
  it('all, some and none of them', () => {
    const rows = [
      ...write(5),
      ...read([5, ['5_2', '5_1', '5_0']]),
      ...read([5, [null, '5_1', '5_0']]),
      ...read([5, [null, null, null]]),
    ];
    expect(judge(rows)).toMatchObject({
      valid: true,
      statistics: { reads: 3, all: 1, some: 1, none: 1, bad: 0 },
    });
  });

  it('missing-predecessor', () => {
    const verdict = judge([...write(5), ...read([5, ['5_2', null, '5_0']])]);
    expect(verdict).toMatchObject({ valid: false, statistics: { bad: 1, some: 1 } });
    expect(verdict.anomalies).toEqual([
      {
        name: 'missing-predecessor',
        explanation:
          'Operation 3 saw "5_2" of the write of 5, but then, asking again, not the key 2 of 3, which was written before it.',
        operations: [0, 1, 2, 3],
      },
    ]);
    expect(judge([...write(5), ...read([5, ['5_2', '5_1', null]])]).valid).toBe(false);
  });

  it('of a write of unknown outcome are judged the same', () => {
    const rows: Row[] = [...call(0, 'write', 5, 'info'), ...read([5, [null, '5_0']])];
    expect(judge(rows).valid).toBe(true);
    expect(judge([...rows.slice(0, 2), ...read([5, ['5_1', null]])]).valid).toBe(false);
  });

  it('with the group in the operation’s key', () => {
    const keyed = (value: Json): Row[] => call(1, 'read', value, 'ok', { key: 5 });
    expect(judge(keyed([null, 'a'])).valid).toBe(true);
    expect(judge(keyed(['b', null])).anomalies).toMatchObject([{ name: 'missing-predecessor' }]);
  });

  it('malformed-read', () => {
    expect(judge([...read(5), ...read([5, ['b', 'a']])]).anomalies).toMatchObject([
      { name: 'malformed-read' },
    ]);
  });

  it('of which nobody saw any are unknown', () => {
    expect(judge([...write(5), ...read([5, [null, null]])]).valid).toBe('unknown');
    expect(() => judge(call(0, 'add', 1))).toThrow('groups of keys have read and write, no add');
  });
});
