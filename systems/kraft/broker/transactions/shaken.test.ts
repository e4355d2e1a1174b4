/** The transaction coordinator shaken: the correct one never fails, and each bug is found. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TRANSACTION_BUGS, transactionRulesWith } from './bugs.ts';
import { correctRules } from './rules.ts';
import { shakeTransactions } from './testing/shaken-transactions.ts';

const SEEDS = 400;

describe('shaken transactions', () => {
  test('the correct coordinator', () => {
    for (let seed = 0; seed < SEEDS; seed++) {
      expect({ seed, problem: shakeTransactions(correctRules, seed) }).toEqual({ seed, problem: null });
    }
  });

  test('the correct coordinator, whatever the seed', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        expect(shakeTransactions(correctRules, seed)).toBeNull();
      }),
      { numRuns: 100 },
    );
  });

  test.each(TRANSACTION_BUGS.map(({ name }) => name))('finds %s', (name) => {
    const rules = transactionRulesWith([name]);
    const found = Array.from({ length: SEEDS }, (_, seed) => seed).find(
      (seed) => shakeTransactions(rules, seed) !== null,
    );
    if (process.env['SHOW_SEEDS'] === '1' && found !== undefined)
      console.log(name, found, shakeTransactions(rules, found));
    expect(found).toBeDefined();
  });

  test('a bug that there is not', () => {
    expect(() => transactionRulesWith(['none'])).toThrow('the transaction coordinator has no bug none');
  });
});
