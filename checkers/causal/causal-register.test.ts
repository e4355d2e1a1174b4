import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { History } from '../../harness/history/history.ts';
import type { Json, Operation, OperationType } from '../../harness/history/operation.ts';
import { causalRegister } from './index.ts';

type Call = readonly [
  type: OperationType,
  f: string,
  value: Json,
  more?: { readonly position?: number; readonly link?: Json; readonly key?: string },
];

/** One after the other; after info the process is another. */
function historyOf(calls: readonly Call[]): History {
  let process = 0;
  return new History(
    calls.flatMap(([type, f, value, { position, link, key } = {}], i): Operation[] => {
      const common = { f, process, ...(key === undefined ? {} : { key }) };
      if (type === 'info') process++;
      const completion = {
        ...(position === undefined ? {} : { position: { index: position } }),
        ...(link === undefined ? {} : { link }),
      };
      return [
        { index: 2 * i, time: 2 * i, type: 'invoke', value: f === 'write' ? value : null, ...common },
        { index: 2 * i + 1, time: 2 * i + 1, type, value, ...common, ...completion },
      ];
    }),
  );
}

function judge(calls: readonly Call[]) {
  const { valid, anomalies, reason } = causalRegister().check({ history: historyOf(calls) });
  return { valid, names: anomalies.map(({ name }) => name), anomalies, reason };
}

const init: Call = ['ok', 'read-init', 0];
const write = (value: number, type: OperationType = 'ok'): Call => [type, 'write', value];
const read = (value: Json): Call => ['ok', 'read', value];

describe('a causal order of one key', () => {
  it.each<[string, Call[]]>([
    ['every read sees what was written last', [init, write(1), read(1), write(2), read(2)]],
    ['null is the initial value', [['ok', 'read-init', null], read(null), write(1), read(1)]],
    ['a write in doubt is seen', [init, write(1, 'info'), read(1)]],
    ['a write in doubt is not seen', [init, write(1, 'info'), read(0)]],
    ['a write in doubt is seen late', [init, write(1, 'info'), write(2), read(2), read(1), read(1)]],
    ['a write failed', [init, write(1, 'fail'), write(2), read(2)]],
    [
      'two writes of one value in doubt are seen one after the other',
      [init, write(1, 'info'), write(1, 'info'), read(1), write(2), read(2), read(1)],
    ],
    ['null is written and read', [init, write(1), ['ok', 'write', null], read(null)]],
  ])('fine: %s', (_name, calls) => {
    expect(judge(calls)).toMatchObject({ valid: true, names: [] });
  });

  it.each<[string, Call[]]>([
    ['lost-causal-write', [init, write(1), read(0)]],
    ['lost-causal-write', [init, write(1), write(2), read(1)]],
    ['lost-causal-write', [init, write(1, 'info'), read(1), read(0)]],
    ['garbage-read', [init, write(1), read(7)]],
    ['G1a', [init, write(1, 'fail'), read(1)]],
    ['future-read', [init, read(1), write(1), read(1)]],
    ['lost-causal-write', [init, write(1, 'info'), read(1), write(2), read(2), read(1)]],
  ])('%s', (name, calls) => {
    expect(judge(calls)).toMatchObject({ valid: false, names: [name] });
  });

  it('says what was lost', () => {
    expect(judge([init, write(1), write(2), read(1)]).anomalies[0]).toMatchObject({
      explanation:
        'The read in operation 7 returned 1, but the write of 2 (operation 4) comes before it in the causal order, and after ' +
        'that value.',
      operations: [2, 4, 5, 7],
    });
  });

  it('broken-link: an operation builds on another than the one before', () => {
    const calls = (link: number): Call[] => [
      ['ok', 'read-init', 0, { position: 3, link: 'init' }],
      ['ok', 'write', 1, { position: 5, link: 3 }],
      ['ok', 'read', 1, { position: 5, link }],
    ];
    expect(judge(calls(5))).toMatchObject({ valid: true });
    expect(judge(calls(3))).toMatchObject({ valid: false, names: ['broken-link'] });
    // Nobody knows where a write of unknown outcome took effect.
    expect(judge([...calls(5), write(2, 'info'), ['ok', 'read', 2, { position: 8, link: 7 }]]).valid).toBe(
      true,
    );
  });

  it('keys are apart; keys with overlapping operations are skipped', () => {
    const keyed = ([type, f, value]: Call, key: string): Call => [type, f, value, { key }];
    expect(judge([keyed(write(1), 'a'), keyed(init, 'b'), keyed(read(1), 'a')]).valid).toBe(true);
    const operation = (
      index: number,
      process: number,
      type: OperationType,
      f: string,
      value: Json,
    ): Operation => {
      return { index, time: index, process, type, f, value };
    };
    const history = new History([
      operation(0, 0, 'invoke', 'write', 1),
      operation(1, 1, 'invoke', 'read', null),
      operation(2, 0, 'ok', 'write', 1),
      operation(3, 1, 'ok', 'read', 0),
    ]);
    expect(causalRegister().check({ history })).toMatchObject({
      valid: 'unknown',
      statistics: { overlappingKeys: 1 },
    });
    const other = historyOf([init, write(1), read(1)].map((call) => keyed(call, 'b'))).operations;
    const both = new History([
      ...history.operations,
      ...other.map((one) => ({ ...one, index: one.index + 4, time: one.time + 4 })),
    ]);
    expect(causalRegister().check({ history: both })).toMatchObject({
      valid: 'unknown',
      reason: expect.stringContaining('on 1 of 2 keys') as string,
    });
  });

  it('asks whether time is up', () => {
    const history = historyOf([init, write(1), read(0)]);
    expect(causalRegister().check({ history, isOverdue: () => true })).toMatchObject({ valid: 'unknown' });
  });

  it('proves nothing without reads, and knows no other functions', () => {
    expect(judge([init, write(1)]).valid).toBe('unknown');
    expect(() => judge([['ok', 'cas', 1]])).toThrow('no cas');
  });

  it('condemns exactly what no outcome of the writes in doubt explains', () => {
    const call = fc.oneof(
      fc.constant<'ok' | 'info' | 'fail'>('ok'),
      fc.constant<'info'>('info'),
      fc.constant<'fail'>('fail'),
    );
    let condemned = 0;
    let fine = 0;
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.boolean(), call, fc.integer({ min: 0, max: 4 })), { maxLength: 6 }),
        (steps) => {
          let next = 1;
          const calls = steps.map(([isWrite, type, seen]): Call => {
            return isWrite ? write(next++, type) : read(seen);
          });
          /** Writes in doubt take effect before any later read, or never. */
          const explain = (at: number, value: Json, pending: readonly Json[]): boolean => {
            const step = calls[at];
            if (step === undefined) return true;
            for (const [i, other] of pending.entries()) {
              if (explain(at, other, pending.toSpliced(i, 1))) return true;
            }
            const [type, f, given] = step;
            if (type === 'fail') return explain(at + 1, value, pending);
            if (type === 'info') return explain(at + 1, value, [...pending, given]);
            if (f === 'write') return explain(at + 1, given, pending);
            return given === value && explain(at + 1, value, pending);
          };
          const expected = explain(0, 0, []);
          expect(judge(calls).valid === false).toBe(!expected);
          if (expected) fine++;
          else condemned++;
        },
      ),
      { numRuns: 2000 },
    );
    expect(condemned).toBeGreaterThan(300);
    expect(fine).toBeGreaterThan(300);
  });
});
