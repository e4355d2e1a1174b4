/** What the table of configurations covers, and what it forgets when there is no memory to grow. */
import { describe, expect, it } from 'vitest';
import { History } from '../../harness/history/history.ts';
import type { Operation } from '../../harness/history/operation.ts';
import { ConfigurationTable, COVERED, NEW, OTHER } from './configuration-table.ts';
import { MemoryBudget, MemoryExhausted } from './memory.ts';
import type { Model } from './model.ts';
import { casRegister } from './models/index.ts';
import { partitionHistory } from './problem.ts';
import { Search } from './search.ts';
import { EMPTY, UnknownSets } from './unknown-sets.ts';

const account = (bytes = 1 << 24) => new MemoryBudget(bytes).open(() => {});

describe('the table of configurations', () => {
  it('covers what has placed more', () => {
    const sets = new UnknownSets(account());
    const [one, other] = [sets.with(EMPTY, 1), sets.with(EMPTY, 2)];
    const both = sets.with(one, 2);
    const table = new ConfigurationTable(3, sets, account());
    const insert = (set: number): number => table.insert(Int32Array.of(1, 7, 0, set));
    expect([both, both, one, both, other, one].map(insert)).toEqual([
      NEW,
      COVERED,
      NEW,
      COVERED,
      OTHER,
      COVERED,
    ]);
    expect(table.insert(Int32Array.of(1, 8, 0, one))).toBe(NEW);
    expect(table.count).toBe(2);
    expect([...table.secondWords(1)].sort()).toEqual([7, 8]);
  });

  it('forgets what is past, and only that, and only when it must', () => {
    const small = new ConfigurationTable(2, null, account(1 << 12), (due) => due < 200);
    const due = (i: number): number => (i < 160 ? 1 + i : 200 + i);
    for (let i = 0; i < 160; i++) expect(small.insert(Int32Array.of(due(i), i))).toBe(NEW);
    expect(small.count).toBe(160);
    for (let i = 160; i < 320; i++) expect(small.insert(Int32Array.of(due(i), i))).toBe(NEW);
    expect(small.count).toBe(160);
    for (let i = 160; i < 320; i++) expect(small.insert(Int32Array.of(due(i), i))).toBe(COVERED);
    expect(() => {
      for (let i = 400; i < 2000; i++) small.insert(Int32Array.of(due(i), i));
    }).toThrow(MemoryExhausted);
  });
});

describe('a search that forgets at quiet moments', () => {
  /** Without what the values tell, so that every order is tried. */
  const { lineage: _, ...plain } = casRegister;
  const model: Model = plain;

  /** Bursts of writes, each followed by a moment at which nothing is open and by a read of what one of them wrote. */
  function bursts(count: number, isLegal: boolean): History {
    const operations: Operation[] = [];
    const record = (process: number, type: Operation['type'], f: string, value: number | null): void => {
      operations.push({ index: operations.length, time: operations.length, process, type, f, value });
    };
    const writes = [1, 2, 3, 4, 5, 6, 7, 8, 9];
    for (let burst = 0; burst < count; burst++) {
      for (const value of writes) record(value, 'invoke', 'write', value);
      for (const value of writes) record(value, 'ok', 'write', value);
      record(0, 'invoke', 'read', null);
      record(0, 'ok', 'read', burst === count - 1 && !isLegal ? 0 : 1);
    }
    return new History(operations);
  }

  it.each([true, false])('comes to the same verdict: legal %s', (isLegal) => {
    const [partition] = partitionHistory(bursts(60, isLegal), model);
    const operations = partition?.operations ?? [];
    const judge = (
      bytes: number,
    ): { outcome: string; peakBytes: number; configurations: number; steps: number } => {
      const budget = new MemoryBudget(bytes);
      const search = new Search(
        model,
        operations,
        budget.open(() => {}),
      );
      const outcome = search.run(1 << 24);
      const { steps, configurations } = search;
      return { outcome, steps, configurations, peakBytes: budget.peakBytes };
    };
    const roomy = judge(1 << 28);
    expect(roomy.outcome).toBe(isLegal ? 'legal' : 'illegal');
    const tight = judge(roomy.peakBytes / 3);
    expect(tight.outcome).toBe(roomy.outcome);
    expect(tight.configurations).toBeLessThan(roomy.configurations / 2);
  });
});
