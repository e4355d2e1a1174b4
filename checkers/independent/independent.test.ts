import { describe, expect, it } from 'vitest';
import { HarnessError } from '../../harness/errors.ts';
import { History } from '../../harness/history/history.ts';
import type { Json, Operation } from '../../harness/history/operation.ts';
import type { Checker } from '../checker.ts';
import { listAppend } from '../transactions/index.ts';
import { independent } from './index.ts';

type Call = readonly [key: string | number | undefined, asked: Json, answer: Json, type?: Operation['type']];

/** One process, one call after another. */
function historyOf(calls: readonly Call[]): History {
  return new History(
    calls.flatMap(([key, asked, answer, type = 'ok'], i): Operation[] => {
      const common = { process: i, f: 'txn', ...(key === undefined ? {} : { key }) };
      return [
        { ...common, index: 2 * i, time: 2 * i, type: 'invoke', value: asked },
        { ...common, index: 2 * i + 1, time: 2 * i + 1, type, value: answer },
      ];
    }),
  );
}

const append = (key: Call[0], element: number): Call => [
  key,
  [['append', 'x', element]],
  [['append', 'x', element]],
];
const read = (key: Call[0], elements: readonly number[]): Call => [
  key,
  [['r', 'x', null]],
  [['r', 'x', elements]],
];

const checker = independent(listAppend());

describe('independent keys', () => {
  it('the same list of two keys are two lists', () => {
    const history = historyOf([append(1, 1), append(2, 1), read(1, [1]), read(2, [1])]);
    expect(checker.check({ history })).toMatchObject({
      valid: true,
      anomalies: [],
      statistics: { independentKeys: 2, valid: 2, invalid: 0 },
    });
  });

  it('one that is wrong is told, by the numbers of the whole history', () => {
    const history = historyOf([append(1, 1), append(2, 1), read(1, [1]), read(2, [1]), read(2, [])]);
    const verdict = checker.check({ history });
    expect(verdict).toMatchObject({ valid: false, statistics: { invalid: 1, invalidKeys: ['2'] } });
    expect(verdict.anomalies).toHaveLength(1);
    expect(verdict.anomalies[0]).toMatchObject({ name: 'G-single-realtime' });
    expect(verdict.anomalies[0]?.explanation).toMatch(/^Key 2: .*operation 8/);
    expect(verdict.anomalies[0]?.operations).toContain(8);
    // The near miss: the empty read is of another key, which nobody appended to.
    const near = historyOf([append(1, 1), append(2, 1), read(1, [1]), read(2, [1]), read(3, [])]);
    expect(checker.check({ history: near }).valid).not.toBe(false);
  });

  it('tells of ten keys, and counts the others', () => {
    const calls = Array.from({ length: 30 }, (_, key) => [append(key, 1), read(key, [1]), read(key, [])]);
    const verdict = checker.check({ history: historyOf(calls.flat()) });
    expect(verdict).toMatchObject({ valid: false, statistics: { invalid: 30 } });
    expect(verdict.anomalies).toHaveLength(10);
  });

  it('without keys is the checker itself', () => {
    const history = historyOf([append(undefined, 1), read(undefined, [1])]);
    expect(checker.check({ history })).toEqual(listAppend().check({ history }));
  });

  it('a key of which nothing was acknowledged is left out; when that is all, nothing is proved', () => {
    const nothing: Call = [9, [['append', 'x', 1]], null, 'info'];
    const some = historyOf([append(1, 1), read(1, [1]), nothing]);
    expect(checker.check({ history: some })).toMatchObject({
      valid: true,
      statistics: { nothingAcknowledged: 1 },
    });
    expect(checker.check({ history: historyOf([nothing]) })).toMatchObject({
      valid: 'unknown',
      reason: 'nothing was acknowledged of any of 1 keys',
    });
  });

  it('is unknown when the time is up', () => {
    const history = historyOf([append(1, 1), append(2, 1), read(1, [1]), read(2, [1])]);
    const verdict = checker.check({ history, isOverdue: () => true });
    expect(verdict).toMatchObject({
      valid: 'unknown',
      reason: 'the time budget was used up before 2 keys: allow more time',
    });
  });

  it('what cannot be judged is said with its key and place', () => {
    const history = historyOf([append(1, 1), append(2, 1), append(2, 1)]);
    expect(() => checker.check({ history })).toThrow(/^key 2: operation 4: appends 1/);
    expect(() => checker.check({ history })).toThrow(HarnessError);
    const crashing: Checker = {
      name: 'crashing',
      check: () => {
        throw new TypeError('oh');
      },
    };
    expect(() => independent(crashing).check({ history })).toThrow(TypeError);
  });
});
