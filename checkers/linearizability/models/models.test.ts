import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HarnessError } from '../../../harness/errors.ts';
import type { History } from '../../../harness/history/history.ts';
import type { Json } from '../../../harness/history/operation.ts';
import { linearizability } from '../linearizability.ts';
import { internKey, sameJson } from '../model.ts';
import type { Call, Model } from '../model.ts';
import { deterministic } from '../nondeterministic.ts';
import type { NondeterministicModel } from '../nondeterministic.ts';
import { partitionHistory } from '../problem.ts';
import type { JudgedOperation } from '../problem.ts';
import { histories } from '../testing/arbitraries.ts';
import type { DrawnOperation } from '../testing/arbitraries.ts';
import { isLinearizable } from '../testing/brute-force.ts';
import { historyOf } from '../testing/build.ts';
import { drawnOperations } from '../testing/drawn-operations.ts';
import { modelNamed, models } from './index.ts';

const named = (text: string): Model => modelNamed(text) as Model;
const check = (model: Model, history: History) => linearizability({ model }).check({ history });
const verdict = (model: string, ...lines: string[]) => check(named(model), historyOf(...lines)).valid;

const PARAMETERS = [
  'semaphore=2',
  'owner-semaphore=2',
  'reentrant-mutex=2',
  'counter=1',
  'fifo-queue=[1]',
  'set=[2,1]',
];

describe.each([...models.keys(), ...PARAMETERS])('%s', (name) => {
  const model = named(name);
  const operation = drawnOperations[model.name] as fc.Arbitrary<DrawnOperation>;

  it('is judged as the definition says', () => {
    const seen = { true: 0, false: 0 };
    fc.assert(
      fc.property(histories({ processes: 3, maxOperations: 7, operation }), (history) => {
        const expected = isLinearizable(history, model);
        seen[`${expected}`]++;
        const { valid } = check(model, history);
        if (valid !== 'unknown') expect(valid).toBe(expected);
        else expect(expected).toBe(true);
      }),
      { numRuns: 800, seed: 3 },
    );
    expect(Math.min(seen.true, seen.false), JSON.stringify(seen)).toBeGreaterThan(80);
  });

  it('describes each call and each state in a few words', () => {
    fc.assert(
      fc.property(histories({ processes: 2, maxOperations: 5, operation }), (history) => {
        for (const { operations } of partitionHistory(history, model)) {
          let state = model.init;
          for (const { call } of operations) {
            expect(model.describeCall(call, 'it')).toMatch(/^[a-z].{3,}/);
            state = model.step(state, call) ?? state;
            expect(model.describeState(state)).not.toBe('');
          }
        }
      }),
      { numRuns: 100, seed: 5 },
    );
  });

  it('has steps that only observe where it says so, and changes no state that it was given', () => {
    fc.assert(
      fc.property(histories({ processes: 2, maxOperations: 8, operation }), (history) => {
        for (const { operations } of partitionHistory(history, model)) {
          let state = model.init;
          for (const { call } of operations) {
            const before = JSON.stringify(state);
            const after = model.step(state, call);
            expect(JSON.stringify(state)).toBe(before);
            const observes = model.functions[call.f]?.reads === true || model.onlyObserves?.(call) === true;
            // What its reads tell of revisions narrows what the others can have been.
            const narrows = model.name === 'versioned-kv';
            if (observes && !narrows && after !== undefined) expect(sameJson(after, state)).toBe(true);
            state = after ?? state;
          }
        }
      }),
      { numRuns: 300, seed: 9 },
    );
  });
});

describe('models', () => {
  it.each<[string, string, boolean, string[]]>([
    [
      'a queue is first in, first out',
      'fifo-queue',
      false,
      [
        '0 invoke enqueue - 1',
        '0 ok enqueue - 1',
        '0 invoke enqueue - 2',
        '0 ok enqueue - 2',
        '0 invoke dequeue -',
        '0 ok dequeue - 2',
      ],
    ],
    [
      'a stack is not',
      'stack',
      true,
      [
        '0 invoke push - 1',
        '0 ok push - 1',
        '0 invoke push - 2',
        '0 ok push - 2',
        '0 invoke pop -',
        '0 ok pop - 2',
      ],
    ],
    [
      'a lost dequeue may have taken the item',
      'fifo-queue',
      true,
      [
        '0 invoke enqueue - 1',
        '0 ok enqueue - 1',
        '1 invoke dequeue -',
        '1 info dequeue -',
        '0 invoke dequeue -',
        '0 ok dequeue - null',
      ],
    ],
    [
      'or not',
      'fifo-queue',
      true,
      [
        '0 invoke enqueue - 1',
        '0 ok enqueue - 1',
        '1 invoke dequeue -',
        '1 info dequeue -',
        '0 invoke dequeue -',
        '0 ok dequeue - 1',
      ],
    ],
    [
      'a process may not release what another holds',
      'owner-mutex',
      false,
      ['0 invoke acquire -', '0 ok acquire -', '1 invoke release -', '1 ok release -'],
    ],
    [
      'a mutex lets it',
      'mutex',
      true,
      ['0 invoke acquire -', '0 ok acquire -', '1 invoke release -', '1 ok release -'],
    ],
    [
      'a client holds across processes',
      'owner-mutex',
      true,
      [
        '0 invoke acquire - {"client":"a"}',
        '0 ok acquire - {"client":"a"}',
        '1 invoke release - {"client":"a"}',
        '1 ok release - {"client":"a"}',
      ],
    ],
    [
      'fences only grow',
      'fenced-mutex',
      false,
      [
        '0 invoke acquire -',
        '0 ok acquire - 5',
        '0 invoke release -',
        '0 ok release -',
        '1 invoke acquire -',
        '1 ok acquire - 5',
      ],
    ],
    [
      'a client may hold twice',
      'reentrant-mutex',
      true,
      ['0 invoke acquire -', '0 ok acquire -', '0 invoke acquire -', '0 ok acquire -'],
    ],
    [
      'but not three times',
      'reentrant-mutex=2',
      false,
      [
        '0 invoke acquire -',
        '0 ok acquire -',
        '0 invoke acquire -',
        '0 ok acquire -',
        '0 invoke acquire -',
        '0 ok acquire -',
      ],
    ],
    [
      'two permits',
      'semaphore=2',
      true,
      ['0 invoke acquire -', '0 ok acquire -', '1 invoke acquire -', '1 ok acquire -'],
    ],
    [
      'one permit',
      'semaphore',
      false,
      ['0 invoke acquire -', '0 ok acquire -', '1 invoke acquire -', '1 ok acquire -'],
    ],
    [
      'a transaction reads several registers at one moment',
      'multi-register',
      false,
      [
        '0 invoke txn - [["w","x",1],["w","y",1]]',
        '0 ok txn - [["w","x",1],["w","y",1]]',
        '1 invoke txn - [["r","x",null],["r","y",null]]',
        '1 ok txn - [["r","x",1],["r","y",null]]',
      ],
    ],
    [
      'registers have an initial value',
      'multi-register={"x":0}',
      true,
      ['1 invoke txn - [["r","x",null]]', '1 ok txn - [["r","x",0]]'],
    ],
    ['and so has a register', 'register=0', true, ['1 invoke read -', '1 ok read - 0']],
    [
      'an element that was refused was there',
      'set',
      false,
      ['0 invoke contains - 1', '0 ok contains - true'],
    ],
    [
      'a set is read in any order',
      'set',
      true,
      [
        '0 invoke add - 1',
        '0 ok add - 1',
        '0 invoke add - 2',
        '0 ok add - 2',
        '0 invoke read -',
        '0 ok read - [2,1]',
      ],
    ],
    [
      'but without doubles',
      'set',
      false,
      [
        '0 invoke add - 1',
        '0 ok add - 1',
        '0 invoke add - 2',
        '0 ok add - 2',
        '0 invoke read -',
        '0 ok read - [1,1]',
      ],
    ],
    ['offsets of a log count up', 'log', false, ['0 invoke append - "a"', '0 ok append - [1,"a"]']],
    [
      'no identifier twice',
      'unique-ids',
      false,
      ['0 invoke generate -', '0 ok generate - 7', '0 invoke generate -', '0 ok generate - 7'],
    ],
    [
      'keys of a store are apart',
      'kv-store',
      true,
      [
        '0 invoke append 1 "a"',
        '0 ok append 1 "a"',
        '0 invoke read 1',
        '0 ok read 1 "a"',
        '0 invoke append x "b:1"',
        '0 ok append x "b:1"',
        '0 invoke read x',
        '0 ok read x "b:1"',
      ],
    ],
  ])('%s: %s is %s', (_, model, valid, lines) => {
    expect(verdict(model, ...lines)).toBe(valid);
  });

  it('a store of keys is the product of its keys', () => {
    fc.assert(
      fc.property(
        histories({
          processes: 3,
          maxOperations: 8,
          operation: drawnOperations['kv-store'] as fc.Arbitrary<DrawnOperation>,
        }),
        (history) => {
          expect(check(named('kv-store'), history).valid).toBe(check(named('kv'), history).valid);
        },
      ),
      { numRuns: 1000, seed: 4 },
    );
  });

  it.each([
    ['counter="a"', '--model counter=… takes an initial state of type number, such as 0'],
    ['set=1', '--model set=… takes an initial state of type array, such as []'],
    ['semaphore=0', '--model semaphore=N takes a whole number above 0, not 0'],
    ['semaphore=two', '--model semaphore=… takes JSON, not two'],
    ['kv=1', 'the model kv takes no parameter'],
  ])('%s is refused', (text, message) => {
    expect(() => modelNamed(text)).toThrow(new HarnessError('usage', message));
  });

  it('is undefined where none has that name', () => {
    expect(modelNamed('regster')).toBeUndefined();
    expect(modelNamed('regster=1')).toBeUndefined();
  });
});

/** A bag that forgets: `take` gives out any item, `drop` loses one or none. */
const bag: NondeterministicModel = {
  name: 'bag',
  summary: 'items in no order, one of which may be lost',
  init: [],
  functions: { put: {}, take: {}, drop: {}, size: { reads: true } },
  check: () => null,
  step: (state, call: Call) => {
    const items = state as readonly Json[];
    if (call.f === 'put') return [[...items, call.argument].sort()];
    if (call.f === 'size') return items.length === call.result ? [state] : [];
    const without = items.map((_, place) => items.toSpliced(place, 1));
    if (call.f === 'drop') return [items, ...without];
    return call.outcome === 'ok' ? without.filter((_, place) => items[place] === call.result) : without;
  },
  describeCall: ({ f }) => f,
  describeState: (state) => JSON.stringify(state),
};

/** By definition: every order, and every state that each call can lead to. */
function canOrder(model: NondeterministicModel, state: Json, remaining: readonly JudgedOperation[]): boolean {
  if (remaining.every(({ call }) => call.outcome === 'unknown')) return true;
  return remaining.some((operation) => {
    if (remaining.some((other) => other !== operation && other.returnedAt < operation.calledAt)) return false;
    const others = remaining.filter((other) => other !== operation);
    return model.step(state, operation.call).some((next) => canOrder(model, next, others));
  });
}

describe('a nondeterministic model', () => {
  const operation: fc.Arbitrary<DrawnOperation> = fc
    .record({
      f: fc.constantFrom('put', 'put', 'take', 'take', 'drop', 'size'),
      item: fc.constantFrom(1, 2),
      outcome: fc.constantFrom('ok' as const, 'ok' as const, 'ok' as const, 'info' as const, 'fail' as const),
    })
    .map(({ f, item, outcome }) => ({ f, value: f === 'put' ? item : null, answer: item, outcome }));

  it('is judged as the definition says', () => {
    const model = deterministic(bag);
    const seen = { true: 0, false: 0 };
    fc.assert(
      fc.property(histories({ processes: 3, maxOperations: 7, operation }), (history) => {
        const expected = partitionHistory(history, model).every(({ operations }) =>
          canOrder(bag, bag.init, operations),
        );
        seen[`${expected}`]++;
        const { valid } = check(model, history);
        if (valid !== 'unknown') expect(valid).toBe(expected);
      }),
      { numRuns: 2000, seed: 1 },
    );
    expect(Math.min(seen.true, seen.false), JSON.stringify(seen)).toBeGreaterThan(300);
  });

  it('says what the object may be', () => {
    const model = deterministic(bag);
    let state = model.init;
    const put = (argument: Json): Call => ({ f: 'put', argument, outcome: 'ok', result: null });
    for (const item of [1, 2, 3]) state = model.step(state, put(item)) as Json;
    const dropped = model.step(state, { f: 'drop', argument: null, outcome: 'ok', result: null }) as Json;
    expect(model.describeState(state)).toBe('[1,2,3]');
    expect(model.describeState(dropped)).toBe('any of [1,2,3], [1,2], [1,3], …');
    expect(
      internKey(model.step(dropped, { f: 'size', argument: null, outcome: 'ok', result: 3 }) as Json),
    ).toBe(internKey(state));
  });

  it('agrees with the unordered queue, which needs no sets', () => {
    const queue = deterministic({
      ...bag,
      functions: { enqueue: {}, dequeue: { refusable: true } },
      step: (state, call) => {
        const isEmpty = (state as readonly Json[]).length === 0;
        if (
          call.outcome === 'refused' ||
          (call.outcome === 'ok' && call.f === 'dequeue' && call.result === null)
        ) {
          return isEmpty ? [state] : [];
        }
        return bag.step(state, { ...call, f: call.f === 'enqueue' ? 'put' : 'take' });
      },
    });
    const operation = drawnOperations['unordered-queue'] as fc.Arbitrary<DrawnOperation>;
    fc.assert(
      fc.property(histories({ processes: 4, maxOperations: 12, operation }), (history) => {
        expect(check(named('unordered-queue'), history).valid).toBe(check(queue, history).valid);
      }),
      { numRuns: 1500, seed: 2 },
    );
  });
});
