/** The three levels against their definition. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomStream } from '../../../harness/random.ts';
import type { Checker } from '../../checker.ts';
import { causalConsistency, readAtomic, readCommitted } from './index.ts';
import { holds } from './testing/brute-force.ts';
import type { Level } from './testing/brute-force.ts';
import { historyOf, randomTransactions } from './testing/toy-histories.ts';

const checkers: Readonly<Record<Level, (options: { dataType: 'list' | 'register' }) => Checker>> = {
  'read-committed': readCommitted,
  'read-atomic': readAtomic,
  causal: causalConsistency,
};

describe.each(Object.keys(checkers) as Level[])('%s', (level) => {
  it.each<[string, boolean]>([
    ['registers', false],
    ['lists', true],
  ])('holds exactly when there is an order of commits: %s', (_name, isList) => {
    const checker = checkers[level]({ dataType: isList ? 'list' : 'register' });
    let held = 0;
    let broken = 0;
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const random = randomStream(seed, level, _name);
        const transactions = randomTransactions(random, { isList, transactions: 5, canRepeat: false });
        const expected = holds(level, transactions, isList);
        const verdict = checker.check({ history: historyOf(transactions) });
        const told = JSON.stringify({ transactions, anomalies: verdict.anomalies.map(({ name }) => name) });
        expect(verdict.valid !== false, told).toBe(expected);
        if (expected) held++;
        else broken++;
      }),
      { numRuns: 1500 },
    );
    expect(held).toBeGreaterThan(100);
    expect(broken).toBeGreaterThan(100);
  });

  it.each<[string, boolean]>([
    ['registers', false],
    ['lists', true],
  ])('condemns nothing that can be, where values are written twice: %s', (_name, isList) => {
    const checker = checkers[level]({ dataType: isList ? 'list' : 'register' });
    let held = 0;
    let condemned = 0;
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const random = randomStream(seed, level, 'repeat', _name);
        const transactions = randomTransactions(random, { isList, transactions: 5, canRepeat: true });
        const verdict = checker.check({ history: historyOf(transactions) });
        if (verdict.valid === false) {
          condemned++;
          const told = JSON.stringify({ transactions, anomalies: verdict.anomalies.map(({ name }) => name) });
          expect(holds(level, transactions, isList), told).toBe(false);
        } else held++;
      }),
      { numRuns: 600 },
    );
    expect(held).toBeGreaterThan(30);
    expect(condemned).toBeGreaterThan(30);
  });
});
