import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json } from '../../harness/history/operation.ts';
import { linearizability } from './index.ts';
import { traceLineage } from './lineage.ts';
import { MemoryBudget } from './memory.ts';
import type { Model } from './model.ts';
import { casRegister, kv, register } from './models/index.ts';
import { partitionHistory } from './problem.ts';
import { Search } from './search.ts';
import { histories, runObject } from './testing/arbitraries.ts';
import type { DrawnOperation, Intention } from './testing/arbitraries.ts';
import { isLinearizable } from './testing/brute-force.ts';
import { isLinearizable as isLinearizableJustInTime } from './testing/just-in-time.ts';

const outcomes = fc.oneof(
  { weight: 8, arbitrary: fc.constant('ok' as const) },
  { weight: 1, arbitrary: fc.constantFrom('fail' as const, 'none' as const) },
  { weight: 2, arbitrary: fc.constant('info' as const) },
);
const small = fc.constantFrom<Json>(0, 1, 2);
const seen = fc.constantFrom<Json>(0, 1, 2, 1, 2, null);

const reads = (values: fc.Arbitrary<Json>): fc.Arbitrary<DrawnOperation> =>
  fc.record({ f: fc.constant('read'), value: fc.constant(null), answer: values, outcome: outcomes });
const writes = (f: string, values: fc.Arbitrary<Json>): fc.Arbitrary<DrawnOperation> =>
  fc.tuple(values, outcomes).map(([value, outcome]) => ({ f, value, answer: value, outcome }));
const casses: fc.Arbitrary<DrawnOperation> = fc
  .tuple(small, small, fc.oneof(outcomes, fc.constant('refused' as const)))
  .map(([expected, next, outcome]) => {
    const value = [expected, next];
    return { f: 'cas', value, answer: value, outcome };
  });

const operationsOf: Readonly<Record<string, fc.Arbitrary<DrawnOperation>>> = {
  register: fc.oneof(reads(seen), writes('write', small), writes('delete', fc.constant(null))),
  'cas-register': fc.oneof(reads(seen), writes('write', small), casses),
  kv: fc.oneof(
    reads(fc.constantFrom('', 'a', 'b', 'ab', 'ba', 'aa', 'abc')),
    writes('append', fc.constantFrom('a', 'b', 'c', '')),
    writes('write', fc.constantFrom('a', 'b')),
  ),
};

/** Written values that no other operation writes; a cas expects what a recent one may have written. */
function uniqueValue(f: string, value: Json, i: number, back: number): Json {
  if (f === 'cas') return [i - back, i];
  if (f !== 'write' && f !== 'append') return value;
  return typeof value === 'string' ? `${i};` : i;
}

/** Searches every partition without refutations, in slices of one step. */
function searchAlone(model: Model, history: Parameters<typeof isLinearizable>[0]): boolean {
  return partitionHistory(history, model).every(({ operations }) => {
    const search = new Search(
      model,
      operations,
      new MemoryBudget(1 << 28).open(() => {}),
    );
    while (search.run(1) === 'undecided');
    return search.outcome === 'legal';
  });
}

describe.each([register, casRegister, kv])('the search, compared with the definition: $name', (model) => {
  const operation = operationsOf[model.name] as fc.Arbitrary<DrawnOperation>;

  it.each([
    { processes: 2, maxOperations: 5 },
    { processes: 3, maxOperations: 7 },
    { processes: 5, maxOperations: 8 },
  ])('$processes processes, up to $maxOperations operations', ({ processes, maxOperations }) => {
    const seen = { true: 0, false: 0 };
    fc.assert(
      fc.property(histories({ processes, maxOperations, operation }), (history) => {
        const expected = isLinearizable(history, model);
        seen[`${expected}`]++;
        expect(searchAlone(model, history)).toBe(expected);
        const { valid } = linearizability({ model }).check({ history });
        if (valid !== 'unknown') expect(valid).toBe(expected);
        else expect(expected).toBe(true);
      }),
      { numRuns: 2000, seed: 7 },
    );
    expect(Math.min(seen.true, seen.false)).toBeGreaterThan(200);
  });

  it.each([
    { values: 'few values', unique: false },
    { values: 'unique values', unique: true },
  ])('and with a plain search, on longer histories of an object that may lie: $values', ({ unique }) => {
    const fate = fc.oneof(
      { weight: 19, arbitrary: fc.constant('ok' as const) },
      { weight: 1, arbitrary: fc.constantFrom('lost-before' as const, 'lost-after' as const) },
    );
    const drawn = fc.tuple(operation, fate, fc.nat(3));
    const seen = { true: 0, false: 0 };
    fc.assert(
      fc.property(
        fc.array(drawn, { minLength: 15, maxLength: 40 }),
        fc.array(fc.nat(4), { minLength: 120, maxLength: 120 }),
        fc.option(fc.record({ at: fc.nat(3), changesAgo: fc.integer({ min: 1, max: 4 }) }), { freq: 2 }),
        (operations, turns, lie) => {
          const intentions = operations.map(([{ f, value }, fate, back], i): Intention => ({
            f,
            value: unique ? uniqueValue(f, value, i, back) : value,
            fate,
          }));
          const history = runObject(model, intentions, turns, 5, lie);
          const expected = isLinearizableJustInTime(history, model.name);
          seen[`${expected}`]++;
          if (lie === null) expect(expected).toBe(true);
          expect(searchAlone(model, history)).toBe(expected);
          expect(linearizability({ model }).check({ history }).valid).toBe(expected);
        },
      ),
      { numRuns: model.name === 'kv' && unique ? 100 : 300, seed: 23 },
    );
    expect(Math.min(seen.true, seen.false)).toBeGreaterThan(20);
  });

  it('the lineage refutes nothing that is linearizable', () => {
    let refuted = 0;
    fc.assert(
      fc.property(histories({ processes: 3, maxOperations: 6, operation }), (history) => {
        for (const { operations } of partitionHistory(history, model)) {
          const refutation = traceLineage(model, operations, 'x').refutation;
          if (refutation === null) continue;
          refuted++;
          expect(isLinearizable(history, model), refutation.explanation).toBe(false);
        }
      }),
      { numRuns: 3000, seed: 11 },
    );
    expect(refuted).toBeGreaterThan(300);
  });
});
