import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MemoryBudget, MemoryExhausted } from './memory.ts';
import { EMPTY, UnknownSets } from './unknown-sets.ts';

const account = (bytes = 1 << 24) => new MemoryBudget(bytes).open(() => {});
const numberOf = (sets: UnknownSets, members: readonly number[]): number =>
  members.reduce((set, member) => sets.with(set, member), EMPTY);

describe('sets of operations of unknown outcome', () => {
  it('are as sets are, whatever the order in which they grew', () => {
    const counts = { subset: 0, not: 0, equal: 0 };
    const members = fc.uniqueArray(fc.integer({ min: 0, max: 6 }), { maxLength: 7 });
    fc.assert(
      fc.property(fc.array(members, { minLength: 2, maxLength: 30 }), (drawn) => {
        const sets = new UnknownSets(account());
        const numbers = drawn.map((list) => numberOf(sets, list));
        drawn.forEach((a, i) => {
          drawn.forEach((b, j) => {
            const isSubset = a.every((member) => b.includes(member));
            const isEqual = isSubset && a.length === b.length;
            expect(sets.isSubset(numbers[i] as number, numbers[j] as number)).toBe(isSubset);
            expect(numbers[i] === numbers[j]).toBe(isEqual);
            counts[isEqual ? 'equal' : isSubset ? 'subset' : 'not']++;
          });
        });
      }),
    );
    for (const count of Object.values(counts)) expect(count).toBeGreaterThan(100);
  });

  it('never call one a subset that is none, also when they give up', () => {
    const sets = new UnknownSets(account());
    const odd = numberOf(
      sets,
      Array.from({ length: 1000 }, (_, i) => 2 * i + 1),
    );
    const all = numberOf(
      sets,
      Array.from({ length: 2000 }, (_, i) => i),
    );
    expect(sets.isSubset(all, odd)).toBe(false);
    expect(sets.isSubset(sets.with(odd, 0), sets.with(odd, 2))).toBe(false);
    // True, but it would take long to find out.
    expect(sets.isSubset(odd, all)).toBe(false);
  });

  it('take no more than they are given', () => {
    const sets = new UnknownSets(account(1 << 14));
    expect(() =>
      numberOf(
        sets,
        Array.from({ length: 1000 }, (_, i) => i),
      ),
    ).toThrow(MemoryExhausted);
  });
});
