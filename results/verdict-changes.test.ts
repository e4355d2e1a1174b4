import { describe, expect, it } from 'vitest';
import type { Verdict } from '../checkers/checker.ts';
import { verdictChanges } from './verdict-changes.ts';

const verdict = (
  checker: string,
  valid: Verdict['valid'],
  anomalies: readonly string[] = [],
  reason?: string,
): Verdict => ({
  checker,
  valid,
  anomalies: anomalies.map((name) => ({ name, explanation: `${name}!`, operations: [] })),
  ...(reason === undefined ? {} : { reason }),
});

describe('changes of verdicts', () => {
  it('are none where the same is found, whatever the words', () => {
    const was = [
      verdict('a', true),
      verdict('b', false, ['x', 'x', 'y']),
      verdict('c', 'unknown', [], 'slow'),
    ];
    const now = [
      verdict('c', 'unknown', [], 'slower'),
      verdict('a', true),
      verdict('b', false, ['y', 'x', 'x']),
    ];
    expect(verdictChanges(was, now)).toEqual([]);
  });

  it.each<[string, readonly Verdict[], readonly Verdict[], unknown]>([
    [
      'a failure that is gone',
      [verdict('a', false, ['x', 'x'])],
      [verdict('a', true)],
      { was: false, now: true, gained: [], lost: [{ anomaly: 'x', was: 2, now: 0 }], because: null },
    ],
    [
      'a failure that is new',
      [verdict('a', true)],
      [verdict('a', false, ['x'])],
      { was: true, now: false, gained: [{ anomaly: 'x', was: 0, now: 1 }], lost: [], because: 'x!' },
    ],
    [
      'more of it, by another name',
      [verdict('a', false, ['x', 'y'])],
      [verdict('a', false, ['x', 'x'])],
      { gained: [{ anomaly: 'x', was: 1, now: 2 }], lost: [{ anomaly: 'y', was: 1, now: 0 }], because: 'x!' },
    ],
    [
      'a verdict that is not known any more',
      [verdict('a', true)],
      [verdict('a', 'unknown', [], 'no time')],
      { was: true, now: 'unknown', because: 'no time' },
    ],
    [
      'a verdict that was not known',
      [verdict('a', 'unknown', [], 'no time')],
      [verdict('a', true)],
      { was: 'unknown', now: true, because: 'it was unknown: no time' },
    ],
    ['a checker that is new', [], [verdict('a', true)], { was: null, now: true, because: null }],
    ['a checker that is gone', [verdict('a', true)], [], { was: true, now: null, because: null }],
  ])('are told: %s', (_, was, now, change) => {
    expect(verdictChanges(was, now)).toMatchObject([{ checker: 'a', ...(change as object) }]);
  });
});
