import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { History } from '../../harness/history/history.ts';
import type { Json } from '../../harness/history/operation.ts';
import { type Random, randomStream } from '../../harness/random.ts';
import { call, historyOf, interleave, type Row } from '../findings/testing/history-of.ts';
import { bank } from './index.ts';

const read = (value: Json, key?: string): Row[] =>
  call(0, 'read', value, 'ok', key === undefined ? {} : { key });
const transfer = (from: Json, to: Json, amount: number): Row[] => call(0, 'transfer', { from, to, amount });
const judge = (rows: readonly Row[], options = {}) => bank(options).check({ history: historyOf(rows) });
const names = (anomalies: readonly { readonly name: string }[]) => anomalies.map(({ name }) => name);

describe('a bank', () => {
  it('whose total stays', () => {
    const rows = [
      ...read({ a: 60, b: 40 }),
      ...transfer('a', 'b', 60),
      ...read({ a: 0, b: 100 }),
      ...read({ b: 100 }),
    ];
    expect(judge(rows, { total: 100, accounts: ['a', 'b'] })).toMatchObject({
      valid: true,
      statistics: { reads: 3, errors: 0, lowest: 100, highest: 100, worst: null, deduced: [] },
    });
  });

  it('says what it deduces', () => {
    const { statistics } = judge([
      ...read({ 0: 60, 1: 40 }),
      ...transfer(1, 2, 5),
      ...read({ 0: 60, 1: 35, 2: 5 }),
    ]);
    expect(statistics).toMatchObject({
      deduced: [
        'the total is 100, as 2 of 2 reads show it',
        'there are 3 accounts, as operation 1 and the transfers name them',
      ],
    });
  });

  it('wrong-total, with the worst and the first', () => {
    const verdict = judge([...read({ a: 10 }), ...read({ a: 9 }), ...read({ a: 10 }), ...read({ a: 14 })]);
    expect(verdict).toMatchObject({
      valid: false,
      statistics: {
        errors: 2,
        first: { operation: 3, timeNs: 3e6, total: 9 },
        worst: { operation: 7, timeNs: 7e6, total: 14, deviation: 4 },
        found: { 'wrong-total': 2 },
      },
    });
    expect(verdict.anomalies[0]).toMatchObject({
      name: 'wrong-total',
      explanation:
        'The read of the accounts in operation 3 shows 9 in all, 1 less than the 10 that there are, 0.003 s into the run.',
      operations: [2, 3],
    });
  });

  it.each<[string, Row[], object]>([
    ['negative-value', read({ a: -10, b: 20 }), {}],
    ['nil-balance', read({ a: 10, b: null }), {}],
    ['unexpected-key', [...read({ a: 10 }), ...read({ a: 5, b: 5 })], {}],
    ['unexpected-key', read({ a: 5, b: 5 }), { accounts: ['a'] }],
    ['wrong-total', read({ a: 5 }), { total: 10 }],
    ['malformed-read', [...read(10), ...read({ a: 10 })], {}],
    ['malformed-read', [...read({ a: 'ten' }), ...read({ a: 10 })], {}],
  ])('%s', (name, rows, options) => {
    expect(names(judge(rows, options).anomalies)).toEqual([name]);
  });

  it('may be overdrawn where that is allowed', () => {
    const rows = [...transfer('a', 'b', 20), ...read({ a: -10, b: 20 })];
    expect(judge(rows, { negativeBalances: true, total: 10 }).valid).toBe(true);
    expect(judge(rows, { total: 10 }).valid).toBe(false);
  });

  it('of each key has a total of its own', () => {
    const moved = transfer('a', 'a', 1);
    const twice = [...moved, ...read({ a: 1 }, 'x'), ...read({ a: 2 }, 'y'), ...read({ a: 2 }, 'y')];
    expect(judge(twice).valid).toBe(true);
    expect(judge([...read({ a: 1 }, 'x'), ...read({ a: 2 }, 'x')]).valid).toBe(false);
  });

  it('that was never read is unknown', () => {
    expect(judge(transfer('a', 'b', 1)).valid).toBe('unknown');
  });

  it('in which nothing moved, or of which one read says what the total is, is unknown', () => {
    const still = [...call(0, 'transfer', { from: 'a', to: 'b', amount: 1 }, 'fail'), ...read({ a: 1 })];
    expect(judge(still, { total: 1 }).reason).toMatch('no transfer can have happened');
    const once = [...transfer('a', 'b', 1), ...read({ a: 1, b: 1 })];
    expect(judge(once).reason).toMatch('known from one read only');
    expect(judge(once, { total: 2 }).valid).toBe(true);
    expect(judge(once, { total: 3 }).valid).toBe(false);
  });

  it('is no other thing', () => {
    expect(() => judge(call(0, 'add', 1))).toThrow('a bank has read and transfer, no add');
    expect(() => judge(call(0, 'transfer', 5))).toThrow('a transfer wants {from, to, amount}, not 5');
    expect(() => judge(read({ a: 0.5 }))).toThrow('count in the smallest unit');
  });
});

/** Transfers of unlike amounts, so that a torn read shows; some reads see one account later than the other. */
function randomRows(random: Random): Row[] {
  const balances = [50, 30, 20];
  const torn = random.chance(0.5);
  let amount = 0;
  let before = [...balances];
  return interleave(
    random,
    { threads: 3, calls: 8 },
    () => {
      if (random.chance(0.5)) return { f: 'read', value: null };
      const from = random.integer(0, 2);
      return { f: 'transfer', value: { from, to: (from + random.integer(1, 2)) % 3, amount: 2 ** amount++ } };
    },
    ({ f, value }) => {
      if (f === 'transfer') {
        const move = value as { from: 0 | 1 | 2; to: 0 | 1 | 2; amount: number };
        before = [...balances];
        balances[move.from] = (balances[move.from] as number) - move.amount;
        balances[move.to] = (balances[move.to] as number) + move.amount;
        return value;
      }
      return torn ? [before[0] ?? 0, balances[1] ?? 0, balances[2] ?? 0] : [...balances];
    },
  ).map(([process, type, f, value]) => [
    process,
    type,
    f,
    Array.isArray(value) ? { ...(value as number[]) } : value,
  ]);
}

/** Does every read show the outcome of some set of transfers, made whole? */
function readsAreOfWholeTransfers(history: History): boolean {
  const pairs = history.pairs();
  const transfers = pairs
    .filter(({ invocation, completion }) => invocation.f === 'transfer' && completion?.type !== 'fail')
    .map(({ invocation }) => invocation.value as { from: number; to: number; amount: number });
  return pairs.every(({ invocation, completion }) => {
    if (invocation.f !== 'read' || completion?.type !== 'ok') return true;
    const seen = Object.values(completion.value as Record<string, number>);
    for (let choice = 0; choice < 1 << transfers.length; choice++) {
      const balances = [50, 30, 20];
      transfers.forEach(({ from, to, amount }, i) => {
        if ((choice >> i) % 2 === 0) return;
        balances[from] = (balances[from] as number) - amount;
        balances[to] = (balances[to] as number) + amount;
      });
      if (balances.every((balance, account) => balance === seen[account])) return true;
    }
    return false;
  });
}

describe('against brute force', () => {
  it('condemns no history whose reads show whole transfers only, and most of the others', () => {
    const seen = { whole: 0, condemned: 0, missed: 0 };
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const history = historyOf(randomRows(randomStream(seed, 'bank')));
        const isWhole = readsAreOfWholeTransfers(history);
        const { valid } = bank({ total: 100, negativeBalances: true }).check({ history });
        if (isWhole) expect(valid).not.toBe(false);
        seen[isWhole ? 'whole' : valid === false ? 'condemned' : 'missed']++;
      }),
      { numRuns: 2_000 },
    );
    expect(Math.min(seen.whole, seen.condemned)).toBeGreaterThan(300);
    // Amounts differ, so that every torn transfer changes the total.
    expect(seen.missed).toBe(0);
  });
});
