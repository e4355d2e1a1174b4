/** What the operations of each model look like, for random histories: few values, so that many histories are linearizable. */
import fc from 'fast-check';
import type { Json } from '../../../harness/history/operation.ts';
import type { DrawnOperation } from './arbitraries.ts';

const outcomes = fc.oneof(
  { weight: 8, arbitrary: fc.constant('ok' as const) },
  { weight: 1, arbitrary: fc.constantFrom('fail' as const, 'none' as const) },
  { weight: 2, arbitrary: fc.constant('info' as const) },
);
const outcomesOfAttempts = fc.oneof(
  { weight: 9, arbitrary: outcomes },
  { weight: 2, arbitrary: fc.constant('refused' as const) },
);

type Draw = fc.Arbitrary<DrawnOperation>;

/** Answered with what it was invoked with. */
const change = (
  f: string,
  values: readonly Json[],
  fates: fc.Arbitrary<DrawnOperation['outcome']> = outcomes,
): Draw =>
  fc
    .tuple(fc.constantFrom(...values), fates)
    .map(([value, outcome]) => ({ f, value, answer: value, outcome }));
const attempted = (f: string, values: readonly Json[]): Draw => change(f, values, outcomesOfAttempts);
/** Answered with one of some values. */
const answered = (
  f: string,
  value: Json,
  answers: readonly Json[],
  fates: fc.Arbitrary<DrawnOperation['outcome']> = outcomes,
): Draw =>
  fc.tuple(fc.constantFrom(...answers), fates).map(([answer, outcome]) => ({ f, value, answer, outcome }));
const reads = (...answers: readonly Json[]): Draw => answered('read', null, answers);
const keyed = (operation: Draw): Draw =>
  fc.tuple(operation, fc.constantFrom('x', 'y')).map(([drawn, key]) => ({ ...drawn, key }));

const text = fc.oneof(
  reads('', 'a', 'b', 'ab', 'ba', null),
  change('append', ['a', 'b', '']),
  change('write', ['a', 'b']),
  change('delete', [null]),
);
const locks = (owners: readonly Json[]): Draw =>
  fc.oneof(attempted('acquire', owners), attempted('release', owners));
const fences = fc.oneof(
  answered(
    'acquire',
    { client: 'a' },
    [1, 2, 3].map((fence) => ({ client: 'a', fence })),
    outcomesOfAttempts,
  ),
  answered(
    'acquire',
    { client: 'b' },
    [1, 2, 3, -1].map((fence) => ({ client: 'b', fence })),
    outcomesOfAttempts,
  ),
  attempted('release', [{ client: 'a' }, { client: 'b' }]),
);
const takes = (f: string): Draw => answered(f, null, [1, 2, 1, 2, null], outcomesOfAttempts);

/** By the model's name. */
export const drawnOperations: Readonly<Record<string, Draw>> = {
  register: fc.oneof(reads(0, 1, 2, null), change('write', [0, 1, 2]), change('delete', [null])),
  'cas-register': fc.oneof(
    reads(0, 1, 2, null),
    change('write', [0, 1, 2]),
    attempted(
      'cas',
      [0, 1, 2].flatMap((expected) => [0, 1, 2].map((next) => [expected, next])),
    ),
  ),
  'multi-register': fc.oneof(
    change('txn', [
      [
        ['w', 'x', 1],
        ['w', 'y', 1],
      ],
      [['w', 'x', 2]],
      [
        ['write', 'y', 2],
        ['r', 'y', 2],
      ],
    ]),
    answered(
      'txn',
      [
        ['r', 'x', null],
        ['w', 'y', 1],
      ],
      [
        [
          ['r', 'x', 1],
          ['w', 'y', 1],
        ],
        [
          ['r', 'x', null],
          ['w', 'y', 1],
        ],
      ],
    ),
    answered(
      'txn',
      [
        ['r', 'x', null],
        ['read', 'y', null],
      ],
      [
        [
          ['r', 'x', 1],
          ['read', 'y', null],
        ],
        [
          ['r', 'x', 1],
          ['read', 'y', 1],
        ],
        [
          ['r', 'x', 2],
          ['read', 'y', 2],
        ],
      ],
    ),
    keyed(fc.oneof(reads(1, 2, null), change('write', [1, 2]))),
  ),
  kv: text,
  'kv-store': keyed(text),
  set: fc.oneof(
    reads([], [1], [2], [2, 1], null),
    attempted('add', [1, 2]),
    attempted('remove', [1, 2]),
    answered('contains', 1, [true, false, [1, true]]),
  ),
  'fifo-queue': fc.oneof(change('enqueue', [1, 2]), takes('dequeue'), answered('peek', null, [1, 2, null])),
  'unordered-queue': fc.oneof(change('enqueue', [1, 2]), takes('dequeue')),
  'priority-queue': fc.oneof(
    change('enqueue', [1, 2, 10]),
    takes('dequeue'),
    answered('peek', null, [1, 2, 10]),
  ),
  stack: fc.oneof(change('push', [1, 2]), takes('pop'), answered('peek', null, [1, 2, null])),
  mutex: locks([null]),
  'owner-mutex': fc.oneof(locks([null]), locks([{ client: 'a' }, { client: 'b' }])),
  'reentrant-mutex': fc.oneof(locks([null]), locks([{ client: 'a' }, { client: 'b' }])),
  'fenced-mutex': fences,
  semaphore: locks([null]),
  'owner-semaphore': locks([{ client: 'a' }, { client: 'b' }]),
  counter: fc.oneof(
    reads(0, 1, 2, 3),
    change('add', [0, 1, 2]),
    change('increment', [null]),
    change('decrement', [null, 2]),
  ),
  log: fc.oneof(
    answered('append', 'a', ['a', [0, 'a'], [1, 'a']]),
    change('append', ['b']),
    reads(['a'], ['a', 'b'], [], ['b']),
    answered('read', 1, [['b'], []]),
    answered('poll', null, [[[0, 'a']], [[1, 'b']], []]),
  ),
  'versioned-register': fc.oneof(
    reads([0, null], [1, 1], [2, 2], [2, 1], [1, 2]),
    answered('write', 1, [[1, 1], 1, [2, 1]]),
    answered('write', 2, [[2, 2], 2]),
    answered('cas', [1, 2], [[2, [1, 2]]], outcomesOfAttempts),
  ),
  'versioned-kv': keyed(
    fc.oneof(
      reads(
        [0, null],
        [null, 1],
        [1, 1],
        [3, 1],
        [5, 2],
        { told: [3, 1], position: 5 },
        { told: 2, position: 5 },
        { told: [1, 1], position: 3 },
      ),
      answered('write', 1, [[1, 1], [3, 1], 1]),
      answered('write', 2, [[5, 2], [1, 2], 2]),
      answered('cas', [1, 2], [[5, [1, 2]]], outcomesOfAttempts),
      change('delete', [null]),
    ),
  ),
  'unique-ids': answered('generate', null, [1, 2, 3, 4, 5]),
};
