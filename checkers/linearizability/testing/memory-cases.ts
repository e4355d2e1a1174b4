/** Histories whose search needs more memory than it is given: of every kind that the account must know. */
import { History } from '../../../harness/history/history.ts';
import type { Json, Operation } from '../../../harness/history/operation.ts';

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

export const cases = [
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
