/** A search never takes more than its budget: by its own account, and by the engine's. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { History } from '../../harness/history/history.ts';
import type { Json, Operation } from '../../harness/history/operation.ts';
import { linearizability } from './index.ts';
import { MemoryBudget, MemoryExhausted } from './memory.ts';
import { modelNamed } from './models/index.ts';
import type { Model } from './model.ts';
import { partitionHistory } from './problem.ts';
import { Search } from './search.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as (options?: { execution: 'sync' | 'async' }) => Promise<void>;

const MIB = 1 << 20;

/** Held at this moment, garbage left out. */
function heldBytes(): number {
  void collectGarbage();
  void collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

interface Step {
  readonly f: string;
  readonly value: Json;
}

/** All at once, some of them never answered; then a read that nothing explains, if the model has one. */
function burst(steps: readonly Step[], unknown: readonly Step[], last: Step & { answer: Json }): History {
  const operations: Operation[] = [];
  const record = (process: number, type: Operation['type'], { f, value }: Step): void => {
    operations.push({ index: operations.length, time: operations.length, process, type, f, value });
  };
  unknown.forEach((step, i) => {
    record(steps.length + i, 'invoke', step);
  });
  steps.forEach((step, process) => {
    record(process, 'invoke', step);
  });
  steps.forEach((step, process) => {
    record(process, 'ok', step);
  });
  record(0, 'invoke', last);
  record(0, 'ok', { f: last.f, value: last.answer });
  return new History(operations);
}

/** A long state first, one after the other; then all at once, and a read that nothing explains. */
function longState(f: string, length: number, last: Step & { answer: Json }): History {
  const operations: Operation[] = [];
  const record = (process: number, type: Operation['type'], one: Step): void => {
    operations.push({ index: operations.length, time: operations.length, process, type, ...one });
  };
  for (const i of range(length)) {
    // Not unique, so that the deciders leave it to the search.
    const one = { f, value: f === 'add' ? i : i % 5 };
    record(0, 'invoke', one);
    record(0, 'ok', one);
  }
  const clients = range(16);
  for (const type of ['invoke', 'ok'] as const) {
    for (const i of clients) record(i, type, { f, value: `item ${i}` });
  }
  record(0, 'invoke', last);
  record(0, 'ok', { f: last.f, value: last.answer });
  return new History(operations);
}

const range = (size: number): readonly number[] => Array.from({ length: size }, (_, i) => i);

const cases = [
  {
    model: 'counter',
    what: 'many configurations',
    history: burst(
      range(26).map((i) => ({ f: 'add', value: 2 ** i })),
      [],
      { f: 'read', value: null, answer: 3 },
    ),
  },
  {
    model: 'counter',
    what: 'many sets of unknown operations',
    history: burst(
      [{ f: 'add', value: 1 }],
      range(200).map((i) => ({ f: 'add', value: 1000 + i })),
      { f: 'read', value: null, answer: -1 },
    ),
  },
  {
    model: 'fifo-queue',
    what: 'many lists as states',
    history: burst(
      range(12).map((i) => ({ f: 'enqueue', value: `item ${i}` })),
      [],
      { f: 'dequeue', value: null, answer: 'another' },
    ),
  },
  {
    model: 'kv',
    what: 'many long texts as states',
    history: burst(
      range(12).map((i) => ({ f: 'append', value: `${i} ${'-'.repeat(2000)}` })),
      [],
      { f: 'read', value: null, answer: 'another' },
    ),
  },
  {
    model: 'multi-register',
    what: 'many objects as states',
    history: burst(
      range(14).map((i) => ({
        f: 'txn',
        value: [
          ['w', 'x', i],
          ['w', `y${i}`, i],
        ],
      })),
      [],
      { f: 'txn', value: [['r', 'x', null]], answer: [['r', 'x', -1]] },
    ),
  },
  {
    model: 'log',
    what: 'long lists as states',
    history: longState('append', 1000, { f: 'read', value: 1000, answer: ['item 3'] }),
  },
  {
    model: 'fifo-queue',
    what: 'long lists as states',
    history: longState('enqueue', 1000, { f: 'dequeue', value: null, answer: 4 }),
  },
  {
    model: 'set',
    what: 'long lists as states',
    history: longState('add', 100, { f: 'contains', value: 'item 3', answer: false }),
  },
];

describe.each(cases)('$what: $model', ({ model: name, history }) => {
  const model = modelNamed(name) as Model;

  it.each([4, 12])('takes no more than %i MiB', async (mib) => {
    // In a task of its own no stack holds what the search of the test before has left.
    await collectGarbage({ execution: 'async' });
    const [partition] = partitionHistory(history, model);
    const before = heldBytes();
    let most = before;
    const budget = new MemoryBudget(mib * MIB);
    let search: Search | null = null;
    const run = (): void => {
      const account = budget.open(() => {});
      search = new Search(model, partition?.operations ?? [], account);
      while (search.run(1 << 20) === 'undecided') most = Math.max(most, heldBytes());
    };
    expect(run).toThrow(MemoryExhausted);
    most = Math.max(most, heldBytes());
    expect(budget.peakBytes).toBeLessThanOrEqual(mib * MIB);
    expect((most - before) / MIB, 'MiB that the engine holds').toBeLessThan(mib * 1.1 + 1);
    // The account must not be far above the truth either: memory is there to be used.
    expect((most - before) / MIB, 'MiB that the engine holds').toBeGreaterThan(mib / 6);
    expect(search).not.toBeNull();
  });
});

describe('a verdict without memory', () => {
  it('is unknown, with the longest prefix, and with what to try', () => {
    const [{ history }] = cases as unknown as [{ history: History }];
    const counter = modelNamed('counter') as Model;
    // With steps of its own: the counter has a decider, which needs no search.
    const model: Model = { ...counter, step: (state, call) => counter.step(state, call) };
    const verdict = linearizability({ model, memoryBytes: MIB }).check({ history });
    expect(verdict.valid).toBe('unknown');
    expect(verdict.reason).toMatch(/the memory budget of 1048576 bytes was used up.*raise it/);
    expect(verdict.statistics).toMatchObject({ undecidedKeys: [{ longestPrefixLength: 26, stuckAt: 53 }] });
  });
});
