import { describe, expect, it } from 'vitest';
import { HarnessError } from '../../harness/errors.ts';
import type { History } from '../../harness/history/history.ts';
import { casRegister, kv, linearizability, register } from './index.ts';
import type { LinearizabilityOptions, Model } from './index.ts';
import { call, historyOf } from './testing/build.ts';
import type { CheckInput, Verdict } from '../checker.ts';

const check = (
  model: Model,
  history: History,
  options: Partial<LinearizabilityOptions> = {},
  input: Partial<CheckInput> = {},
): Verdict => linearizability({ model, ...options }).check({ history, ...input });

interface Evidence {
  readonly stuckAt: number;
  readonly possibleStates: readonly unknown[];
  readonly longestPrefix: readonly number[];
  readonly key: unknown;
}
const evidenceOf = (verdict: Verdict): Evidence => verdict.anomalies[0]?.evidence as unknown as Evidence;

describe('the verdict', () => {
  it('is true with figures of the search', () => {
    const verdict = check(
      casRegister,
      historyOf(...call(0, 'write', 'x', '1'), ...call(1, 'read', 'x', '1')),
    );
    expect(verdict).toMatchObject({ checker: 'linearizability', valid: true, anomalies: [] });
    expect(verdict.statistics).toMatchObject({
      model: 'cas-register',
      partitions: 1,
      operations: 2,
      legal: 1,
    });
  });

  it('names the operation that cannot be, and the states that it could have met', () => {
    const history = historyOf(
      ...call(0, 'write', 'x', '1'),
      '1 invoke write x 2',
      '2 invoke write x 4',
      '2 ok write x 4',
      '1 ok write x 2',
      ...call(5, 'write', 'y', '1'),
      '4 invoke write x 1',
      '4 info write x 1',
      ...call(3, 'read', 'x', '3'),
      ...call(3, 'read', 'x', '4'),
    );
    const verdict = check(register, history);
    expect(verdict.valid).toBe(false);
    expect(verdict.anomalies).toHaveLength(1);
    expect(verdict.anomalies[0]?.name).toBe('nonlinearizable');
    expect(verdict.anomalies[0]?.explanation).toBe(
      'Read of x by process 3 (operations 10–11) returned 3, but nothing that had been called before it returned can ' +
        'have led to that.',
    );
    expect(evidenceOf(verdict)).toMatchObject({ key: 'x', stuckAt: 11, possibleStates: [1, 4, 2] });
    expect(evidenceOf(verdict).longestPrefix).toEqual(expect.arrayContaining([0, 2, 3]));
    expect(verdict.anomalies[0]?.operations).toEqual(expect.arrayContaining([10, 11]));
  });

  it('explains without a key, and a refused compare-and-set', () => {
    const history = historyOf(
      '0 invoke write - 1',
      '0 ok write - 1',
      '1 invoke cas - [1,2]',
      '1 fail cas - [1,2]',
      '2 invoke read -',
      '2 ok read - 1',
    );
    const verdict = check(casRegister, history);
    expect(verdict.anomalies[0]?.explanation).toBe(
      'Cas of the register from 1 to 2 by process 1 (operations 2–3) was refused, although write of 1 to the register ' +
        'by process 0 had completed (operation 1) before it was called. These 2 operations show it: (1) write of 1 to ' +
        'the register by process 0 (0–1); (2) cas of the register from 1 to 2 by process 1 (2–3) was refused. (1) had ' +
        'returned before (2) was called. The order that comes furthest, (1), leaves the register at 1, where (2) ' +
        'cannot take effect.',
    );
    expect(evidenceOf(verdict)).toMatchObject({ key: null, stuckAt: 3, possibleStates: [1] });
  });

  it('does not speak of every order when only those were tried that fit later answers', () => {
    const texts = Array.from({ length: 16 }, (_, i) => `<${String.fromCharCode(97 + i)}>`);
    const all = texts.join('');
    const history = historyOf(
      ...texts.map((text, i) => `${i} invoke append x "${text}"`),
      ...texts.map((text, i) => `${i} ok append x "${text}"`),
      ...call(20, 'read', 'x', JSON.stringify(all)),
      ...call(20, 'append', 'x', '"z"'),
      ...call(20, 'append', 'x', '"z"'),
      ...call(20, 'read', 'x', JSON.stringify(`${all}z`)),
    );
    const verdict = linearizability({ model: kv, explain: false }).check({ history });
    expect(verdict.valid).toBe(false);
    expect(evidenceOf(verdict).stuckAt).toBe(history.length - 1);
    expect(verdict.anomalies[0]?.explanation).toMatch(
      /but no order of the operations before it that fits all answers, later ones too, lets it\./,
    );
  });

  it('gives an order that is one, up to where it is stuck', () => {
    const history = historyOf(
      '0 invoke write x 1',
      '1 invoke write x 2',
      '2 invoke read x',
      '2 ok read x 2',
      '0 ok write x 1',
      '1 ok write x 2',
      ...call(3, 'read', 'x', '1'),
      ...call(4, 'read', 'x', '2'),
    );
    const verdict = check(register, history);
    expect(evidenceOf(verdict)).toMatchObject({ stuckAt: 9, longestPrefix: [1, 2, 0, 6] });
  });

  it.each<[string, Model, string[], boolean]>([
    [
      'an unknown write may have happened',
      register,
      ['0 invoke write x 1', ...call(1, 'read', 'x', '1')],
      true,
    ],
    ['or not', register, ['0 invoke write x 1', ...call(1, 'read', 'x', 'null')], true],
    [
      'but not happened and gone',
      register,
      ['0 invoke write x 1', ...call(1, 'read', 'x', '1'), ...call(1, 'read', 'x', 'null')],
      false,
    ],
    [
      'a failed write did not happen',
      register,
      ['0 invoke write x 1', '0 fail write x 1', ...call(1, 'read', 'x', '1')],
      false,
    ],
    [
      'a read that nobody answered says nothing',
      register,
      ['0 invoke read x', '1 invoke read x', '1 info read x'],
      true,
    ],
    [
      'delete leaves null',
      register,
      [...call(0, 'write', 'x', '1'), ...call(0, 'delete', 'x', 'null'), ...call(0, 'read', 'x', 'null')],
      true,
    ],
    ['keys are apart', register, [...call(0, 'write', 'x', '1'), ...call(0, 'read', 'y', 'null')], true],
    [
      'values are equal as JSON',
      register,
      [...call(0, 'write', 'x', '{"a":1,"b":[2]}'), ...call(0, 'read', 'x', '{"b":[2],"a":1}')],
      true,
    ],
    ['1 is not "1"', register, [...call(0, 'write', 'x', '1'), ...call(0, 'read', 'x', '"1"')], false],
    [
      'a refused cas saw another value',
      casRegister,
      [...call(0, 'write', 'x', '1'), '0 invoke cas x [2,3]', '0 fail cas x [2,3]'],
      true,
    ],
    [
      'a cas needs its value',
      casRegister,
      [...call(0, 'write', 'x', '1'), ...call(0, 'cas', 'x', '[2,3]')],
      false,
    ],
    [
      'appends add up',
      kv,
      [...call(0, 'append', 'x', '"a"'), ...call(1, 'append', 'x', '"b"'), ...call(0, 'read', 'x', '"ab"')],
      true,
    ],
    [
      'in their order',
      kv,
      [...call(0, 'append', 'x', '"a"'), ...call(1, 'append', 'x', '"b"'), ...call(0, 'read', 'x', '"ba"')],
      false,
    ],
    [
      'an empty string reads as null too',
      kv,
      [...call(0, 'read', 'x', 'null'), ...call(0, 'read', 'x', '""')],
      true,
    ],
  ])('%s', (_, model, lines, valid) => {
    expect(check(model, historyOf(...lines)).valid).toBe(valid);
  });

  it('is unknown for a history without clients', () => {
    const verdict = check(register, historyOf('nemesis invoke cut -', 'nemesis info cut -'));
    expect(verdict).toMatchObject({ valid: 'unknown', reason: expect.stringContaining('vacuous') as string });
  });

  it('does not exist for functions and arguments that the model lacks', () => {
    const refusal = (model: Model, ...lines: string[]): string => {
      try {
        check(model, historyOf(...lines));
      } catch (error) {
        return error instanceof HarnessError ? `${error.code}: ${error.message}` : String(error);
      }
      return 'accepted';
    };
    expect(refusal(register, '0 invoke acquire - 1')).toBe(
      'bad-history: operation 0: the model register has no function acquire (it has read, write, delete); try another model',
    );
    expect(refusal(casRegister, '0 invoke cas x 1')).toContain(
      'cas of cas-register takes [expected, new], not 1',
    );
    expect(refusal(kv, '0 invoke append x 1')).toContain('takes a string');
    expect(refusal(register, '0 invoke toString x 1')).toContain('has no function toString');
  });
});

/** Many concurrent appends of few texts, and a read that none of their many orders explains. */
function hardKey(key: string, firstProcess: number, appends: number): string[] {
  const texts = Array.from(
    { length: appends },
    (_, i) => `"${'abcdefgh'.charAt(i % 8)}${i % 3 === 0 ? 'x' : ''}"`,
  );
  return [
    ...texts.map((text, i) => `${firstProcess + i} invoke append ${key} ${text}`),
    ...texts.map((text, i) => `${firstProcess + i} ok append ${key} ${text}`),
    `${firstProcess} invoke read ${key}`,
    `${firstProcess} ok read ${key} ${JSON.stringify('h'.repeat(appends) + 'abcdefgh')}`,
  ];
}

/** True when it was asked so many times. */
function counter(times: number): () => boolean {
  let asked = 0;
  return () => ++asked > times;
}

/** Not linearizable, and its values do not show it: texts repeat. */
const illegalKey = (key: string): string[] => [
  ...call(900, 'append', key, '"a"'),
  ...call(900, 'append', key, '"a"'),
  ...call(901, 'read', key, '"a"'),
];

describe('budgets', () => {
  it('a hard key does not hide an illegal one', () => {
    const history = historyOf(...hardKey('hard', 0, 24), ...hardKey('harder', 100, 30), ...illegalKey('bad'));
    const verdict = linearizability({ model: kv, explain: false }).check({ history });
    expect(verdict.valid).toBe(false);
    expect(evidenceOf(verdict).key).toBe('bad');
    expect(verdict.statistics).toMatchObject({ illegal: 1, undecided: 2 });
  });

  it('memory that is used up makes it unknown, with the reason', () => {
    const verdict = check(kv, historyOf(...hardKey('hard', 0, 24)), { memoryBytes: 4 << 20 });
    expect(verdict.valid).toBe('unknown');
    expect(verdict.reason).toMatch(
      /^the memory budget of 4194304 bytes was used up with 1 of 1 partitions undecided/,
    );
    expect(verdict.reason).toContain('the hardest: hard, 25 operations');
    const { peakTableBytes } = verdict.statistics as { peakTableBytes: number };
    expect(peakTableBytes).toBeLessThanOrEqual(4 << 20);
  });

  it('memory that is used up by one key leaves the others their verdict', () => {
    const history = historyOf(
      ...hardKey('hard', 0, 24),
      ...illegalKey('bad'),
      ...call(950, 'append', 'z', '"a"'),
    );
    const verdict = check(kv, history, { memoryBytes: 2 << 20, keepGoing: true });
    expect(verdict.valid).toBe(false);
    expect(verdict.statistics).toMatchObject({ illegal: 1, undecided: 1, legal: 1 });
  });

  it('time that is used up makes it unknown, with the reason', () => {
    let asked = 0;
    const verdict = check(kv, historyOf(...hardKey('hard', 0, 24)), {}, { isOverdue: () => ++asked > 5 });
    expect(verdict.valid).toBe('unknown');
    expect(verdict.reason).toMatch(/^the time budget was used up with 1 of 1 partitions undecided/);
    expect(asked).toBe(6);
  });

  it('time is looked at as often where states are long texts, and steps slow', () => {
    const long = 'x'.repeat(1 << 20);
    let asked = 0;
    const history = historyOf(...call(99, 'write', 'hard', JSON.stringify(long)), ...hardKey('hard', 0, 24));
    const verdict = check(kv, history, {}, { isOverdue: () => ++asked > 2 });
    expect(verdict.valid).toBe('unknown');
    expect((verdict.statistics as { steps: number }).steps).toBeLessThan(100);
  });

  it('says how far it came, when it is unknown', () => {
    const history = historyOf(
      ...call(98, 'append', 'hard', '"0"'),
      ...call(98, 'append', 'hard', '"0"'),
      ...hardKey('hard', 0, 24),
    );
    for (const verdict of [
      check(kv, history, { memoryBytes: 1 << 20 }),
      check(kv, history, {}, { isOverdue: counter(5) }),
    ]) {
      expect(verdict.valid).toBe('unknown');
      expect(verdict.reason).toMatch(/; an order of 26 of its 27 operations was found$/);
      const { undecidedKeys } = verdict.statistics as unknown as {
        undecidedKeys: readonly {
          readonly key: string;
          readonly stuckAt: number;
          readonly longestPrefix: readonly number[];
        }[];
      };
      expect(undecidedKeys).toMatchObject([
        { key: 'hard', operations: 27, stuckAt: history.length - 1, longestPrefixLength: 26 },
      ]);
      expect(undecidedKeys[0]?.longestPrefix.slice(0, 2)).toEqual([0, 2]);
    }
    const unbegun = check(kv, history, {}, { isOverdue: () => true });
    expect(unbegun.reason).toMatch(/; an order of 0 of its 27 operations was found$/);
  });

  it('it stops at the first illegal key, or goes on when asked to', () => {
    const history = historyOf(...illegalKey('a'), ...illegalKey('b'), ...call(1, 'append', 'c', '"a"'));
    expect(check(kv, history).anomalies).toHaveLength(1);
    const all = check(kv, history, { keepGoing: true });
    expect(all.anomalies.map(({ evidence }) => (evidence as unknown as Evidence).key)).toEqual(['a', 'b']);
    expect(all.statistics).toMatchObject({ illegal: 2, legal: 1, partitions: 3 });
  });

  it('progress is told', () => {
    const shares: number[] = [];
    const history = historyOf(...call(0, 'append', 'a', '"a"'), ...call(0, 'append', 'b', '"a"'));
    check(kv, history, {}, { onProgress: (share) => shares.push(share) });
    expect(shares).toEqual([0.5, 1]);
  });
});

describe('large histories', () => {
  it('a long one of one key with unique values', () => {
    const lines: string[] = [];
    for (let i = 0; i < 5000; i++) {
      lines.push(`0 invoke write x ${i}`, '1 invoke read x', `0 ok write x ${i}`, `1 ok read x ${i}`);
    }
    expect(check(register, historyOf(...lines)).valid).toBe(true);
  });

  it('many pending operations of few kinds', () => {
    const lines: string[] = [];
    for (let i = 0; i < 300; i++) lines.push(`${i} invoke write x ${i % 3}`, `${i} info write x ${i % 3}`);
    for (let i = 0; i < 60; i++) lines.push(...call(1000, 'read', 'x', `${(i * i) % 3}`));
    expect(check(register, historyOf(...lines)).valid).toBe(true);
    expect(check(register, historyOf(...lines, ...call(1000, 'read', 'x', '7'))).valid).toBe(false);
  });
});
