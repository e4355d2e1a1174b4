import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { History } from '../../harness/history/history.ts';
import type { Json, Operation, OperationType } from '../../harness/history/operation.ts';
import { randomStream } from '../../harness/random.ts';
import { causalReverse } from './index.ts';

type Row = readonly [process: number, type: OperationType, f: string, value: Json, key?: string];

function historyOf(rows: readonly Row[]): History {
  return new History(
    rows.map(([process, type, f, value, key], index): Operation => {
      return { index, time: index, process, type, f, value, ...(key === undefined ? {} : { key }) };
    }),
  );
}

const judge = (rows: readonly Row[]) => causalReverse().check({ history: historyOf(rows) });

const write = (value: Json, type: OperationType = 'ok', process = 0): Row[] => [
  [process, 'invoke', 'write', value],
  [process, type, 'write', value],
];
const read = (value: Json, process = 9): Row[] => [
  [process, 'invoke', 'read', null],
  [process, 'ok', 'read', value],
];

describe('writes that are seen', () => {
  it('causal-reverse: the later without the earlier', () => {
    const { valid, anomalies } = judge([...write(1), ...write(2), ...read([2])]);
    expect(valid).toBe(false);
    expect(anomalies).toMatchObject([
      {
        name: 'causal-reverse',
        explanation:
          'The read in operation 5 saw 2 but not 1, though the write of 1 had been acknowledged (operation 1) before that ' +
          'of 2 was invoked (operation 2).',
        operations: [0, 1, 2, 5],
        evidence: { missing: [1], missingCount: 1 },
      },
    ]);
  });

  it.each<[string, Row[]]>([
    ['both', [...write(1), ...write(2), ...read([2, 1])]],
    [
      'an old read',
      [...write(1), ...write(2), ...write(3), ...read([1]), ...read([1, 2]), ...read([1, 2, 3])],
    ],
    [
      'the later of two at once',
      [
        ...write(0),
        [1, 'invoke', 'write', 1],
        [2, 'invoke', 'write', 2],
        [1, 'ok', 'write', 1],
        [2, 'ok', 'write', 2],
        ...read([0, 2]),
      ],
    ],
    ['without one in doubt', [...write(0), ...write(1, 'info', 1), ...write(2), ...read([0, 2])]],
    ['nothing, as null', [...write(0), ...write(1), ...read(null), ...read([0, 1])]],
    ['without one that failed', [...write(0), ...write(1, 'fail'), ...write(2), ...read([0, 2])]],
  ])('fine: %s', (_name, rows) => {
    expect(judge(rows)).toMatchObject({ valid: true, anomalies: [] });
  });

  it('keys are judged apart', () => {
    const keyed = (rows: readonly Row[], key: string): Row[] => rows.map(([p, t, f, v]) => [p, t, f, v, key]);
    const rows = [...keyed(write(1), 'a'), ...keyed(write(2), 'b'), ...keyed(read([2]), 'b')];
    expect(judge(rows).valid).toBe('unknown');
    expect(judge([...rows, ...keyed(write(3), 'a'), ...keyed(read([3]), 'a')]).valid).toBe(false);
  });

  it('garbage-read, G1a, malformed-read', () => {
    const names = (rows: readonly Row[]) => judge(rows).anomalies.map(({ name }) => name);
    expect(names([...write(1), ...read([1, 7])])).toEqual(['garbage-read']);
    expect(names([...write(1, 'fail'), ...read([1])])).toEqual(['G1a']);
    expect(names([...write(1, 'fail'), ...write(1), ...read([1])])).toEqual([]);
    expect(names([...write(1), ...read(1)])).toEqual(['malformed-read']);
    expect(names([...read([1]), ...write(1)])).toEqual(['future-read']);
    expect(names([[1, 'invoke', 'write', 1], ...read([1]), [1, 'ok', 'write', 1]])).toEqual([]);
    expect(() => judge([[0, 'invoke', 'add', 1]])).toThrow('no add');
  });

  it('as Jepsen’s own tests have it', () => {
    const two: Row[] = [...write(1), ...write(2)];
    expect(judge([...two, ...read([1, 2])]).valid).toBe(true);
    expect(judge([...two, ...read([1])]).valid).not.toBe(false);
    expect(judge([...two, ...read([2])]).valid).toBe(false);
    for (const [first, second] of [
      [2, 1],
      [1, 2],
    ] as const) {
      const rows: Row[] = [
        [0, 'invoke', 'write', first],
        [1, 'invoke', 'write', second],
        [first === 1 ? 0 : 1, 'ok', 'write', 1],
        [2, 'invoke', 'read', null],
        [first === 2 ? 0 : 1, 'ok', 'write', 2],
        [2, 'ok', 'read', [second, first]],
      ];
      // Nothing was acknowledged before anything began: where Jepsen says true, nothing is proven.
      expect(judge(rows)).toMatchObject({ valid: 'unknown', anomalies: [] });
    }
  });

  it('asks whether time is up', () => {
    const history = historyOf([...write(1), ...write(2), ...read([2])]);
    expect(causalReverse().check({ history, isOverdue: () => true })).toMatchObject({ valid: 'unknown' });
  });

  it('as many as the definition finds', () => {
    let reversed = 0;
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const random = randomStream(seed, 'causal-reverse');
        const rows: Row[] = [];
        const open = new Map<number, Json>();
        for (let i = 0; i < 10; i++) {
          const process = random.integer(0, 2);
          const value = open.get(process);
          if (value === undefined) {
            open.set(process, i);
            rows.push([process, 'invoke', 'write', i]);
          } else {
            open.delete(process);
            rows.push([process, random.pick<OperationType>(['ok', 'ok', 'fail']), 'write', value]);
          }
        }
        const history = historyOf(rows);
        const writes = history.pairs().filter(({ completion }) => completion?.type !== 'fail');
        const seen = writes.filter(() => random.chance(0.7)).map(({ invocation }) => invocation);
        const expected = seen.some((late) =>
          writes.some(
            ({ invocation, completion }) =>
              completion?.type === 'ok' && completion.index < late.index && !seen.includes(invocation),
          ),
        );
        const { valid } = judge([...rows, ...read(seen.map(({ value }) => value))]);
        expect(valid === false).toBe(expected);
        if (expected) reversed++;
      }),
      { numRuns: 1000 },
    );
    expect(reversed).toBeGreaterThan(200);
    expect(reversed).toBeLessThan(800);
  });
});
