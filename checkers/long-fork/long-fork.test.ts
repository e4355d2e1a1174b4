import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { History } from '../../harness/history/history.ts';
import type { Json, Operation, OperationType } from '../../harness/history/operation.ts';
import { type LongForkOptions, longFork } from './index.ts';

type Call = readonly [type: OperationType, value: Json];

/** One after the other, each by a process of its own. */
function judge(calls: readonly Call[], options?: LongForkOptions, isOverdue = false) {
  const operations = calls.flatMap(([type, value], process): Operation[] => {
    const f = JSON.stringify(value).includes('"w"') ? 'write' : 'read';
    const [index, time] = [2 * process, 2 * process];
    return [
      { index, time, process, type: 'invoke', f, value },
      { index: index + 1, time: time + 1, process, type, f, value },
    ];
  });
  return longFork(options).check({ history: new History(operations), isOverdue: () => isOverdue });
}

const write = (key: string | number): Call => ['ok', [['w', key, 1]]];
const read = (values: Readonly<Record<string, Json>>): Call => [
  'ok',
  Object.entries(values).map(([key, value]) => ['r', key, value]),
];

describe('reads of a group', () => {
  it('long-fork when two see two writes in opposite order', () => {
    const { valid, anomalies } = judge([
      write('x'),
      write('y'),
      read({ x: 1, y: null }),
      read({ y: 1, x: null }),
    ]);
    expect(valid).toBe(false);
    expect(anomalies).toMatchObject([
      {
        name: 'long-fork',
        explanation:
          'Operation 5 saw the write of x (operation 0) but not that of y (operation 2), so x was written first; ' +
          'operation 7 saw the write of y but not that of x, so y was written first.',
        operations: [0, 2, 4, 5, 6, 7],
        picture: { kind: 'graph' },
      },
    ]);
  });

  it('fine when they are ordered', () => {
    const calls = [write('x'), write('y'), read({ x: 1, y: null }), read({ y: 1, x: 1 })];
    expect(judge([...calls, read({ x: 1, y: null })])).toMatchObject({ valid: true, anomalies: [] });
  });

  it('garbage-read and G1a', () => {
    const names = (calls: readonly Call[]) => judge(calls).anomalies.map(({ name }) => name);
    expect(names([write('x'), read({ x: 2, y: null })])).toEqual(['garbage-read']);
    expect(names([['fail', [['w', 'x', 1]]], read({ x: 1, y: null })])).toEqual(['G1a']);
    expect(names([['info', [['w', 'x', 1]]], read({ x: 1, y: null })])).toEqual([]);
    expect(names([read({ x: 1, y: null }), write('x')])).toEqual(['future-read']);
  });

  it('a read of garbage is no side of a fork', () => {
    const { anomalies } = judge([
      write('x'),
      write('y'),
      read({ x: 7, y: 1, z: null }),
      read({ x: 1, y: null, z: null }),
    ]);
    expect(anomalies.map(({ name }) => name)).toEqual(['garbage-read']);
  });

  it('as Jepsen’s own test has it', () => {
    const calls = [
      write(0),
      write(1),
      write(2),
      read({ 0: 1, 1: 1, 2: null }),
      read({ 2: 1, 0: 1, 1: null }),
    ];
    expect(judge(calls, { groupSize: 3 })).toMatchObject({
      valid: false,
      anomalies: [{ name: 'long-fork' }],
      statistics: { reads: 2, earlyReads: 0, lateReads: 0 },
    });
  });

  it('asks whether time is up', () => {
    expect(judge([write('x')], {}, true).reason).toMatch('time budget');
  });

  it('unknown when nothing tells an order, or a key is written twice', () => {
    expect(judge([write('x'), read({ x: 1, y: null }), read({ x: null, y: null })]).valid).toBe('unknown');
    expect(judge([write('x'), write('x')]).reason).toMatch('key x is written by operations 0 and 2');
    // Two that saw a part, of two groups.
    const apart = [write('x'), write('v'), read({ x: 1, y: null }), read({ v: 1, w: null })];
    expect(judge(apart)).toMatchObject({ valid: 'unknown', anomalies: [] });
  });

  it('refuses what is no such history', () => {
    expect(() => judge([['ok', 'x']])).toThrow('operation 0: the transaction has no list');
    expect(() => judge([['ok', [['append', 'x', 1]]]])).toThrow('["append","x",1], which is no');
    expect(() => judge([['ok', [['w', 'x', null]]]])).toThrow('writes null to x');
    const twice: Json = [
      ['r', 'x', 1],
      ['r', 'x', null],
    ];
    expect(() => judge([['ok', twice]])).toThrow('operation 1: the transaction reads a key more than once');
    expect(() => judge([read({ x: null })], { groupSize: 2 })).toThrow('reads 1 keys where groups have 2');
    expect(() =>
      judge([
        [
          'ok',
          [
            ['w', 1, 1],
            ['r', 1, 1],
          ],
        ],
      ]),
    ).toThrow('is neither');
  });

  it('finds a fork exactly when two reads are incomparable', () => {
    let forked = 0;
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), fc.boolean(), fc.boolean()), { maxLength: 4 }), (reads) => {
        const isFork = reads.some((a) =>
          reads.some((b) => a.some((saw, k) => saw && !b[k]) && b.some((saw, k) => saw && !a[k])),
        );
        const calls = reads.map(([x, y, z]) => read({ x: x ? 1 : null, y: y ? 1 : null, z: z ? 1 : null }));
        const { valid } = judge([write('x'), write('y'), write('z'), ...calls]);
        expect(valid === false).toBe(isFork);
        if (isFork) forked++;
      }),
      { numRuns: 400 },
    );
    expect(forked).toBeGreaterThan(80);
    expect(forked).toBeLessThan(320);
  });
});
