import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Anomaly, Verdict } from '../checkers/checker.ts';
import { History } from '../harness/history/history.ts';
import type { Json, Operation } from '../harness/history/operation.ts';
import { signaturesOf } from './signatures.ts';
import { witnessShape } from './witness-shape.ts';

const RAFT = { system: 'raft', workload: 'register' };

type Row = readonly [process: number, type: Operation['type'], f: string, value: Json, error?: string];

const historyOf = (rows: readonly Row[], key: string | number = 'x', startNs = 0): History =>
  new History(
    rows.map(([process, type, f, value, code], index) => ({
      index,
      time: startNs + index * 1000,
      process,
      type,
      f,
      key,
      value,
      ...(code === undefined ? {} : { error: { code } }),
    })),
  );

const all = ({ operations }: History): readonly number[] => operations.map(({ index }) => index);
const anomaly = (given: Partial<Anomaly> = {}): Anomaly => ({
  name: 'nonlinearizable',
  explanation: 'It is not.',
  operations: [],
  ...given,
});
const failed = (checker: string, ...anomalies: readonly Anomaly[]): Verdict => ({
  checker,
  valid: false,
  anomalies,
});

const staleRead = (
  older: number,
  newer: number,
  [a, b, c]: readonly number[] = [0, 1, 2],
): readonly Row[] => [
  [a ?? 0, 'invoke', 'write', older],
  [a ?? 0, 'ok', 'write', older],
  [b ?? 0, 'invoke', 'write', newer],
  [b ?? 0, 'ok', 'write', newer],
  [c ?? 0, 'invoke', 'read', null],
  [c ?? 0, 'ok', 'read', older],
];

describe('a signature', () => {
  it('names system, workload, checker and anomaly, and hashes the shape', () => {
    const history = historyOf(staleRead(1, 2));
    const found = anomaly({ operations: all(history) });
    expect(signaturesOf(RAFT, [failed('linearizability', found, found)], history)).toEqual([
      {
        signature: expect.stringMatching(
          /^raft-register\/linearizability\/nonlinearizable\/[0-9a-f]{6}$/,
        ) as string,
        checker: 'linearizability',
        anomaly: 'nonlinearizable',
        shape: 'contradicted answer',
        explanation: 'It is not.',
        count: 2,
      },
    ]);
  });

  it('is the same whatever the values, keys, processes and times are', () => {
    const signature = (history: History): string | undefined =>
      signaturesOf(RAFT, [failed('linearizability', anomaly({ operations: all(history) }))], history)[0]
        ?.signature;
    const first = signature(historyOf(staleRead(1, 2)));
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer(), { minLength: 2, maxLength: 2 }),
        fc.uniqueArray(fc.nat(), { minLength: 3, maxLength: 3 }),
        fc.oneof(fc.string(), fc.nat()),
        fc.nat(),
        ([older, newer], processes, key, startNs) => {
          const history = historyOf(staleRead(older ?? 0, newer ?? 0, processes), key, startNs);
          expect(signature(history)).toBe(first);
        },
      ),
    );
  });

  it('is another one for another system, workload, checker, anomaly or shape', () => {
    const history = historyOf(staleRead(1, 2));
    const whole = anomaly({ operations: all(history) });
    const signatures = [
      signaturesOf(RAFT, [failed('a', whole)], history),
      signaturesOf({ ...RAFT, system: 'kraft' }, [failed('a', whole)], history),
      signaturesOf({ ...RAFT, workload: 'append' }, [failed('a', whole)], history),
      signaturesOf(RAFT, [failed('b', whole)], history),
      signaturesOf(RAFT, [failed('a', { ...whole, name: 'lost-write' })], history),
      signaturesOf(RAFT, [failed('a', { ...whole, operations: [0, 1] })], history),
    ].map(([first]) => first?.signature);
    expect(new Set(signatures).size).toBe(signatures.length);
  });

  it('is of what is false alone, one an anomaly that a checker names, by its smallest witness', () => {
    const history = historyOf(staleRead(1, 2));
    const [large, small] = [anomaly({ operations: all(history) }), anomaly({ operations: [4, 5] })];
    const verdicts: readonly Verdict[] = [
      { checker: 'x', valid: 'unknown', anomalies: [anomaly()] },
      failed('y', large, { ...small, explanation: 'Short.' }, anomaly({ name: 'other' })),
      { checker: 'z', valid: false, anomalies: [], reason: 'No witness.' },
    ];
    expect(signaturesOf(RAFT, verdicts, history)).toMatchObject([
      {
        checker: 'y',
        anomaly: 'nonlinearizable',
        shape: 'contradicted answer',
        explanation: 'Short.',
        count: 2,
      },
      { checker: 'y', anomaly: 'other', shape: '', count: 1 },
      { checker: 'z', anomaly: 'no-witness', explanation: 'No witness.', count: 1 },
    ]);
  });

  it('can be copied into a shell, whatever names a user has', () => {
    const verdict = failed('$(rm)', anomaly({ name: 'a b/c' }));
    const [found] = signaturesOf({ system: 'x;y', workload: 'w' }, [verdict], new History([]));
    expect(found?.signature).toMatch(/^x-y-w\/-rm-\/a-b-c\/[0-9a-f]{6}$/);
  });
});

describe('the shape of a witness', () => {
  const shapeOf = (rows: readonly Row[], given: Partial<Anomaly> = {}): string => {
    const history = historyOf(rows);
    return witnessShape(anomaly({ operations: all(history), ...given }), history).shape;
  };
  const write: readonly Row[] = [
    [0, 'invoke', 'write', 1],
    [0, 'ok', 'write', 1],
  ];

  it.each<[string, readonly Row[]]>([
    ['contradicted answer', [...write, [1, 'invoke', 'read', null], [1, 'ok', 'read', null]]],
    ['contradicted answer', [...write, [1, 'invoke', 'read', null], [1, 'ok', 'read', 9]]],
    ['contradicted answer', [...write, [1, 'invoke', 'read', null], [1, 'ok', 'read', { a: 1 }]]],
    [
      'contradicted answer',
      [
        [1, 'invoke', 'read', null],
        [1, 'ok', 'read', 9],
      ],
    ],
    [
      'contradicted answer',
      [...write, [1, 'invoke', 'cas', [1, 2]], [1, 'fail', 'cas', [1, 2], 'precondition-failed']],
    ],
    ['contradicted answer', [...write, [1, 'invoke', 'cas', [3, 2]], [1, 'ok', 'cas', [3, 2]]]],
    ['update; delete', [...write, [1, 'invoke', 'delete', null], [1, 'ok', 'delete', null]]],
    ['update; write failed', [...write, [1, 'invoke', 'write', 2], [1, 'fail', 'write', 2, 'timeout']]],
    ['update', write],
    [
      'update',
      [
        [1, 'invoke', 'cas', [3, 2]],
        [1, 'ok', 'cas', [3, 2]],
      ],
    ],
    ['update unknown', [[0, 'invoke', 'write', 1]]],
    [
      'contradicted answer',
      [
        [2, 'invoke', 'write', 7],
        ...write,
        [1, 'invoke', 'read', null],
        [1, 'ok', 'read', 7],
        [2, 'info', 'write', 7],
      ],
    ],
  ])('%s', (shape, rows) => {
    expect(shapeOf(rows)).toBe(shape);
  });

  it('of a cycle is the kinds of its edges, as often as they come', () => {
    const edges = ['rw x', 'wr y', 'wr x', 'process'].map((label, i) => ({
      from: i,
      to: (i + 1) % 4,
      label,
    }));
    const cycle = { picture: { kind: 'graph', nodes: [], edges } } as const;
    expect(shapeOf(write, cycle)).toBe('cycle of process, rw, wr');
    expect(shapeOf(write, { evidence: [{ from: 1, to: 2, kind: 'ww', because: '…' }] })).toBe('cycle of ww');
    expect(
      shapeOf(write, { picture: { kind: 'graph', nodes: [], edges: [{ from: 0, to: 0, label: 'k3' }] } }),
    ).toBe('update');
  });

  it('of what nodes said is the kinds of events, and the words of a crash', () => {
    const record = (node: string, event: Json): Json => ({ node, time: 5, event });
    const shape = (...events: readonly Json[]): string =>
      shapeOf([], { operations: [], evidence: { first: events[0] ?? null, others: events.slice(1) } });
    expect(
      shape(record('n1', { kind: 'truncate', fromIndex: 8 }), record('n2', { kind: 'commit', index: 8 })),
    ).toBe('commit – truncate');
    expect(
      shape(record('n1', { kind: 'stop', by: 'node', reason: 'assert: index 17 of n3 is gone\n at x.ts:3' })),
    ).toBe('stop: assert index of is gone');
    expect(shape(null)).toBe('');
  });
});
