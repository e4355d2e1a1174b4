import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { History } from '../../harness/history/history.ts';
import type { Json, Operation } from '../../harness/history/operation.ts';
import { finalCounter } from './index.ts';

type Call = readonly [f: string, value: Json, type?: 'ok' | 'fail' | 'info' | 'final', process?: number];

/** One call after another; of a read the value is its answer. */
const verdict = (...calls: readonly Call[]) =>
  finalCounter().check({
    history: new History(
      calls.flatMap(([f, value, type = 'ok', process = 0], i): Operation[] => {
        const common = { process, f, ...(type === 'final' ? { isFinal: true as const } : {}) };
        return [
          { ...common, index: 2 * i, time: i, type: 'invoke', value: f === 'read' ? null : value },
          { ...common, index: 2 * i + 1, time: i, type: type === 'final' ? 'ok' : type, value },
        ];
      }),
    ),
  });

describe('a counter at the end', () => {
  it('may have been behind before', () => {
    const calls: Call[] = [['add', 3], ['read', 0], ['add', -1], ['read', 5, 'ok', 1]]; // prettier-ignore
    expect(verdict(...calls, ['read', 2, 'final'], ['read', 2, 'final', 1])).toMatchObject({
      valid: true,
      statistics: { finalReads: 2 },
    });
    const wrong = verdict(...calls, ['read', 2, 'final'], ['read', 3, 'final', 1]);
    expect(wrong.anomalies).toMatchObject([
      { name: 'wrong-sum', operations: [10, 11] }, // prettier-ignore
    ]);
    expect(wrong.anomalies[0]?.explanation).toBe(
      'The final read of the counter in operation 11 returned 3, but 2 was acknowledged in all.',
    );
  });

  it('where no read is marked, it is the last operation of each process, after all additions', () => {
    expect(verdict(['read', 9], ['add', 3], ['read', 1, 'ok', 1], ['read', 3, 'ok', 1])).toMatchObject({
      valid: true,
      statistics: { finalReads: 1 },
    });
    expect(verdict(['read', 9, 'ok', 1], ['add', 3], ['read', 1])).toMatchObject({ valid: false });
    expect(verdict(['read', 9, 'ok', 1], ['add', 3])).toMatchObject({ valid: 'unknown' });
    expect(verdict(['add', 3], ['read', { a: 1 }])).toMatchObject({ valid: false });
  });

  it('has a sum of what was acknowledged and some of what is in doubt: as by hand', () => {
    const amount = fc.integer({ min: -4, max: 4 });
    const outcome = fc.constantFrom('ok', 'info', 'fail');
    const seen = { true: 0, false: 0 };
    fc.assert(
      fc.property(fc.array(fc.tuple(amount, outcome), { maxLength: 6 }), amount, (additions, read) => {
        const doubtful = additions.filter(([, type]) => type === 'info').map(([value]) => value);
        const sure = additions.reduce((sum, [value, type]) => sum + (type === 'ok' ? value : 0), 0);
        const possible = Array.from({ length: 1 << doubtful.length }, (_, chosen) =>
          doubtful.reduce((sum, value, i) => sum + ((chosen >> i) & 1) * value, sure),
        ).includes(read);
        const calls = additions.map(([value, type]): Call => ['add', value, type]);
        const { valid } = verdict(...calls, ['read', read, 'final']);
        expect(valid).toBe(possible);
        seen[String(possible) as 'true' | 'false']++;
      }),
      { numRuns: 500 },
    );
    expect(Math.min(seen.true, seen.false)).toBeGreaterThan(50);
  });

  it('accepts whatever lies between, of very many in doubt', () => {
    const many = Array.from({ length: 30 }, (_, i): Call => ['add', 2 ** i, 'info']);
    expect(verdict(...many, ['read', 12_345, 'final']).valid).toBe(true);
    expect(verdict(...many, ['read', 2 ** 31, 'final']).valid).toBe(false);
  });
});
