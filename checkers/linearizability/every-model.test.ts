/** The search alone, without refutations and deciders, against the definition and another algorithm: for every model. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { History } from '../../harness/history/history.ts';
import { MemoryBudget } from './memory.ts';
import type { Model } from './model.ts';
import { models } from './models/index.ts';
import { partitionHistory } from './problem.ts';
import { Search } from './search.ts';
import { histories } from './testing/arbitraries.ts';
import type { DrawnOperation } from './testing/arbitraries.ts';
import { isLinearizable } from './testing/brute-force.ts';
import { drawnOperations } from './testing/drawn-operations.ts';
import { runModel } from './testing/runs.ts';
import { hasWorld } from './testing/worlds.ts';

const AMPLE_BYTES = 1 << 28;

function searchAlone(model: Model, history: History, memoryBytes = AMPLE_BYTES): boolean {
  return partitionHistory(history, model).every(({ operations }) => {
    const account = new MemoryBudget(memoryBytes).open(() => {});
    const search = new Search(model, operations, account);
    while (search.run(1) === 'undecided');
    return search.outcome === 'legal';
  });
}

/** A model over keys with its states as JSON, not as rows of parts. */
function withoutPart({ part: _, ...model }: Model): Model {
  return model;
}

interface LongHistory {
  readonly maxOperations: number;
  readonly processes: number;
}

function longHistories(model: Model, { maxOperations, processes }: LongHistory): fc.Arbitrary<History> {
  const operation = drawnOperations[model.name] as fc.Arbitrary<DrawnOperation>;
  return fc
    .record({
      operations: fc.array(operation, { minLength: maxOperations / 2, maxLength: maxOperations }),
      turns: fc.array(fc.nat(processes - 1), {
        minLength: maxOperations * 3,
        maxLength: maxOperations * 3,
      }),
      liar: fc.integer({ min: -3, max: processes - 1 }),
    })
    .map(({ operations, turns, liar }) => runModel(model, operations, turns, processes, liar));
}

describe.each([...models.values()])('the search alone: $name', (model) => {
  const operation = drawnOperations[model.name] as fc.Arbitrary<DrawnOperation>;

  it('decides short histories as the definition does', () => {
    const seen = { true: 0, false: 0 };
    fc.assert(
      fc.property(histories({ processes: 4, maxOperations: 7, operation }), (history) => {
        const expected = isLinearizable(history, model);
        seen[`${expected}`]++;
        expect(searchAlone(model, history)).toBe(expected);
        if (model.part !== undefined) expect(searchAlone(withoutPart(model), history)).toBe(expected);
      }),
      { numRuns: 300, seed: 41 },
    );
    expect(Math.min(seen.true, seen.false), JSON.stringify(seen)).toBeGreaterThan(20);
  });

  it('decides longer histories as the set of all worlds does', () => {
    const seen = { true: 0, false: 0 };
    fc.assert(
      fc.property(longHistories(model, { maxOperations: 18, processes: 3 }), (history) => {
        const expected = hasWorld(history, model);
        seen[`${expected}`]++;
        expect(searchAlone(model, history)).toBe(expected);
        if (model.part !== undefined) expect(searchAlone(withoutPart(model), history)).toBe(expected);
      }),
      { numRuns: 120, seed: 43 },
    );
    expect(Math.min(seen.true, seen.false), JSON.stringify(seen)).toBeGreaterThan(8);
  });
});
