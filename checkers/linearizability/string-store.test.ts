/** Fifty clients append to ten strings, many at a time: the plain search of any of these keys runs for ever. */
import { describe, expect, it } from 'vitest';
import { linearizability } from './index.ts';
import { MemoryBudget } from './memory.ts';
import { kv } from './models/index.ts';
import { partitionHistory } from './problem.ts';
import { Search } from './search.ts';
import { stringStore } from './testing/string-store.ts';

const shape = { seed: 1, clients: 50, keys: 10, operations: 3000 };
const ALL = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
const MIB = 1 << 20;

describe('a store of strings with fifty clients', () => {
  it('gets its verdict for every key, each with a lost append', () => {
    const history = stringStore({ ...shape, lossy: ALL });
    const { valid, anomalies, statistics } = linearizability({ model: kv, keepGoing: true }).check({
      history,
    });
    expect(valid).toBe(false);
    expect(anomalies).toHaveLength(10);
    expect(statistics).toMatchObject({ illegal: 10, undecided: 0 });
    expect((statistics as { steps: number }).steps).toBeLessThan(20_000);
    // The values tell it: "1;" is the end of "11;", but did not make it.
    for (const { operations } of partitionHistory(history, kv)) {
      const plain = new Search(
        kv,
        operations,
        new MemoryBudget(64 * MIB).open(() => {}),
      );
      expect(plain.run(20_000)).toBe('undecided');
    }
  });

  it('gets its verdict for every key where nothing is lost', () => {
    const { valid, statistics } = linearizability({ model: kv }).check({ history: stringStore(shape) });
    expect(valid).toBe(true);
    expect(statistics).toMatchObject({ legal: 10 });
    expect((statistics as { steps: number }).steps).toBeLessThan(20_000);
  });

  it('where appends of some keys are not told apart, gets it for the others within the budget', () => {
    const history = stringStore({ ...shape, lossy: [1, 3, 5, 7, 9], ambiguous: [0, 1, 2, 3, 4] });
    let questions = 0;
    const { valid, anomalies, statistics } = linearizability({
      model: kv,
      keepGoing: true,
      explain: false,
      memoryBytes: 256 * MIB,
    }).check({ history, isOverdue: () => ++questions > 60 });
    expect(valid).toBe(false);
    const { illegal, undecided, undecidedKeys } = statistics as unknown as {
      illegal: number;
      undecided: number;
      undecidedKeys: readonly { key: number; longestPrefixLength: number }[];
    };
    const keyOf = (evidence: unknown): number => (evidence as { key: number }).key;
    expect(anomalies.map(({ evidence }) => keyOf(evidence)).sort()).toEqual([5, 7, 9]);
    expect(illegal).toBe(3);
    expect(undecided).toBe(undecidedKeys.length);
    expect(undecided).toBeGreaterThan(1);
    for (const { key, longestPrefixLength } of undecidedKeys) {
      expect(key).toBeLessThan(5);
      expect(longestPrefixLength).toBeGreaterThan(10);
    }
  });
});
