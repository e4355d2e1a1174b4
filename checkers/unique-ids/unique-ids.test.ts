import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json } from '../../harness/history/operation.ts';
import { call, historyOf, type Row } from '../findings/testing/history-of.ts';
import { uniqueIds } from './index.ts';

const generate = (id: Json, key?: string): Row[] =>
  call(0, 'generate', id, 'ok', key === undefined ? {} : { key });
const judge = (...ids: readonly Row[][]) => uniqueIds().check({ history: historyOf(ids.flat()) });

describe('unique ids', () => {
  it('that differ', () => {
    expect(judge(generate(3), generate(1), generate(2))).toMatchObject({
      valid: true,
      statistics: { attempted: 3, acknowledged: 3, duplicated: 0, range: [1, 3] },
    });
    expect(judge(generate('b'), generate('a'))).toMatchObject({ statistics: { range: ['a', 'b'] } });
    expect(judge(generate(1), generate('1'), generate([1]))).toMatchObject({
      valid: true,
      statistics: { range: null },
    });
  });

  it('duplicate-id, the most frequent first', () => {
    const verdict = judge(...[1, 2, 1, 2, 2].map((id) => generate(id)), generate([3]), generate([3]));
    expect(verdict).toMatchObject({
      valid: false,
      statistics: { duplicated: 3, found: { 'duplicate-id': 3 } },
    });
    expect(verdict.anomalies[0]).toEqual({
      name: 'duplicate-id',
      explanation: 'The id 2 was given 3 times: in operations 3, 7, 9.',
      operations: [3, 7, 9],
    });
  });

  it('of two keys may be equal; what failed or is unknown is none', () => {
    expect(judge(generate(1, 'x'), generate(1, 'y')).valid).toBe(true);
    expect(judge(generate(1), call(0, 'generate', 1, 'fail'), call(0, 'generate', 1, 'info')).valid).toBe(
      true,
    );
  });

  it('that were rounded are not compared', () => {
    const [a, b] = [2 ** 60, 2 ** 60 + 1];
    expect(judge(generate(a), generate(b))).toMatchObject({ valid: 'unknown', anomalies: [] });
    expect(judge(generate(a), generate(2 * a)).valid).toBe(true);
    expect(judge(generate(String(a)), generate(String(a))).valid).toBe(false);
  });

  it('as Jepsen’s own test has it', () => {
    const doubt = call(4, 'generate', null, 'info');
    expect(judge(generate(0), generate(1), generate(0), generate(0), doubt)).toMatchObject({
      valid: false,
      statistics: { attempted: 5, acknowledged: 4, duplicated: 1, range: [0, 1] },
    });
  });

  it('malformed-id', () => {
    expect(judge(generate(1), generate(null))).toMatchObject({
      valid: false,
      anomalies: [{ name: 'malformed-id' }],
    });
  });

  it('none at all is unknown; reads are no ids', () => {
    expect(judge(call(0, 'generate', null, 'fail')).valid).toBe('unknown');
    expect(() => judge(call(0, 'read', 1))).toThrow('operation 0: ids have generate, no read');
  });

  it('tells ten of many, and counts all', () => {
    const ids = Array.from({ length: 400 }, (_, i) => generate(i % 200));
    const verdict = judge(...ids);
    expect(verdict.anomalies).toHaveLength(10);
    expect(verdict.statistics).toMatchObject({ duplicated: 200, found: { 'duplicate-id': 200 } });
  });

  it('is what comparing each with each finds', () => {
    const seen = { unique: 0, not: 0 };
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.integer({ min: -3, max: 1000 }), fc.constantFrom('a', '1', 1e9))),
        (ids) => {
          const isUnique = ids.every((id, i) => ids.every((other, j) => i === j || id !== other));
          seen[isUnique ? 'unique' : 'not']++;
          expect(judge(...ids.map((id) => generate(id))).valid !== false).toBe(isUnique);
        },
      ),
      { numRuns: 500 },
    );
    expect(Math.min(seen.unique, seen.not)).toBeGreaterThan(50);
  });
});
