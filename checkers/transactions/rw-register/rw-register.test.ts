import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { History } from '../../../harness/history/history.ts';
import type { Json, Operation, OperationType } from '../../../harness/history/operation.ts';
import { randomStream } from '../../../harness/random.ts';
import { historyOf, randomTransactions } from '../weak/testing/toy-histories.ts';
import { rwRegister } from './index.ts';
import type { RwRegisterOptions } from './index.ts';
import { isSerializable } from './testing/serial.ts';
import type { Order } from './testing/serial.ts';

type Call = readonly [process: number, type: OperationType, transaction: string];

/** `wx1 ry_`: write x = 1, read y → null. */
function parse(transaction: string, isAsked: boolean): Json {
  return transaction.split(' ').map((text) => {
    const [f, key, ...value] = text as unknown as [string, string, ...string[]];
    const read = value.join('');
    return [f, key, (isAsked && f === 'r') || read === '_' ? null : Number(read)];
  });
}

/** One after the other; a process that begins with `!` overlaps with all that comes. */
function judge(calls: readonly Call[], options: RwRegisterOptions = {}) {
  const operations: Operation[] = [];
  const add = (process: number, type: OperationType, value: Json): void => {
    const index = operations.length;
    operations.push({ index, time: index, process, type, f: 'txn', value });
  };
  for (const [process, type, text] of calls) {
    if (type === 'invoke') {
      add(process, 'invoke', parse(text, true));
    } else {
      if (!operations.some((o, i) => o.process === process && isOpen(operations, i)))
        add(process, 'invoke', parse(text, true));
      add(process, type, parse(text, type !== 'ok'));
    }
  }
  const verdict = rwRegister(options).check({ history: new History(operations) });
  return {
    ...verdict,
    names: verdict.anomalies.map(({ name }) => name),
    allowedNames: (verdict.allowed ?? []).map(({ name }) => name),
  };
}

function isOpen(operations: readonly Operation[], i: number): boolean {
  const { process, type } = operations[i] as Operation;
  return type === 'invoke' && !operations.slice(i + 1).some((later) => later.process === process);
}

/** All at once. */
function together(...calls: readonly Call[]): Call[] {
  return [...calls.map(([process, , text]): Call => [process, 'invoke', text]), ...calls];
}

describe('reads that are wrong on their own', () => {
  it.each<[string, Call[]]>([
    [
      'garbage-read',
      [
        [0, 'ok', 'wx1'],
        [1, 'ok', 'rx2'],
      ],
    ],
    [
      'G1a',
      [
        [0, 'fail', 'wx1'],
        [1, 'ok', 'rx1'],
      ],
    ],
    [
      'G1b',
      [
        [0, 'ok', 'wx1 wx2'],
        [1, 'ok', 'rx1'],
      ],
    ],
    ['internal', [[0, 'ok', 'wx1 rx_']]],
    [
      'internal',
      [
        [0, 'ok', 'wx1'],
        [1, 'ok', 'rx1 rx_'],
      ],
    ],
    ['future-read', [[0, 'ok', 'rx1 wx1']]],
  ])('%s', (name, calls) => {
    expect(judge(calls).names).toContain(name);
  });

  it.each<[string, Call[]]>([
    [
      'a write in doubt is seen',
      [
        [0, 'info', 'wx1'],
        [1, 'ok', 'rx1'],
      ],
    ],
    [
      'the final write',
      [
        [0, 'ok', 'wx1 wx2'],
        [1, 'ok', 'rx2'],
      ],
    ],
    [
      'its own writes',
      [
        [0, 'ok', 'wx1 rx1 wx2 rx2'],
        [1, 'ok', 'rx2'],
      ],
    ],
    [
      'a failed write that was tried again',
      [
        [0, 'fail', 'wx1'],
        [0, 'ok', 'wx1'],
        [1, 'ok', 'rx1'],
      ],
    ],
  ])('near miss: %s', (_name, calls) => {
    expect(judge(calls)).toMatchObject({ valid: true, names: [] });
  });

  it('dirty-update: made of what was aborted', () => {
    expect(
      judge([
        [0, 'fail', 'wx1'],
        [1, 'ok', 'rx1 wx2'],
      ]).names,
    ).toEqual(['G1a', 'dirty-update']);
    expect(
      judge([
        [0, 'fail', 'wx1'],
        [1, 'ok', 'rx1 wy2'],
      ]).names,
    ).toEqual(['G1a']);
  });
});

describe('cycles', () => {
  it('G1c: two read from each other', () => {
    const { names, anomalies } = judge(together([0, 'ok', 'wx1 ry1'], [1, 'ok', 'wy1 rx1']));
    expect(names).toEqual(['G1c']);
    expect(anomalies[0]?.explanation).toBe(
      'T1 (operation 0) and T2 (operation 1) would each have to come before itself. T1 wrote x = 1, and T2 read it, so T1 ' +
        'comes before T2. T2 wrote y = 1, and T1 read it, so T2 comes before T1.',
    );
  });

  it('G2-item: write skew, which snapshot isolation allows', () => {
    const calls = together([0, 'ok', 'rx_ ry_ wx1'], [1, 'ok', 'rx_ ry_ wy1']);
    expect(judge(calls).names).toEqual(['G2-item']);
    expect(judge(calls, { consistencyModel: 'snapshot-isolation' })).toMatchObject({
      valid: true,
      allowedNames: ['G2-item'],
    });
  });

  it('G-single: fractured reads', () => {
    const calls = together([0, 'ok', 'wx1 wy1'], [1, 'ok', 'rx_ ry1']);
    expect(judge(calls).names).toEqual(['G-single']);
    expect(judge(calls).anomalies[0]?.explanation).toContain(
      'T2 (operation 0) would each have to come before itself. T1 read x = null, and T2 wrote 1 after the initial state',
    );
    expect(judge(together([0, 'ok', 'wx1 wy1'], [1, 'ok', 'rx1 ry1'])).names).toEqual([]);
  });

  it('lost-update: two of one version', () => {
    const calls = (seen: string): Call[] => [
      [2, 'ok', 'wx1'],
      ...together([0, 'ok', 'rx1 wx2'], [1, 'ok', `rx${seen} wx3`]),
    ];
    expect(judge(calls('1')).names).toContain('lost-update');
    expect(judge(calls('2')).names).toEqual([]);
  });

  it('stale in real time, if keys are linearizable or not', () => {
    const stale: Call[] = [
      [0, 'ok', 'wx1'],
      [1, 'ok', 'rx_'],
    ];
    expect(judge(stale).names).toEqual(['G-single-realtime']);
    expect(judge(stale, { consistencyModel: 'serializable' }).valid).toBe(true);
  });
});

describe('the order of versions', () => {
  const g0: Call[] = [
    ...together([0, 'ok', 'wx1 wy2'], [1, 'ok', 'wx2 wy1']),
    [0, 'ok', 'rx2'],
    [1, 'ok', 'ry2'],
  ];

  it('nothing assumed, nothing known', () => {
    expect(judge(g0, { consistencyModel: 'serializable' })).toMatchObject({ valid: true, names: [] });
  });

  it('sequentialKeys: from what each process met', () => {
    const { names, anomalies } = judge(g0, { consistencyModel: 'serializable', sequentialKeys: true });
    expect(names).toEqual(['G0']);
    expect(anomalies[0]?.explanation).toContain(
      'T1 wrote x = 1, and T2 wrote 2 after it: process 0 met 1 in operation 0 and 2 in its later operation 4',
    );
  });

  it('linearizableKeys: from real time', () => {
    const calls: Call[] = [
      [0, 'ok', 'wx1'],
      [1, 'ok', 'wx2'],
      [2, 'ok', 'rx1 wy1'],
    ];
    expect(judge(calls, { consistencyModel: 'serializable' }).valid).toBe(true);
    const { names, anomalies } = judge(calls, {
      consistencyModel: 'serializable',
      linearizableKeys: true,
    });
    expect(names).toContain('cyclic-versions');
    expect(anomalies[0]?.explanation).toBe(
      'The versions 1, 2 of x would each come before itself: who met 1 was acknowledged in operation 1, before who met 2 ' +
        'was invoked in operation 2; who met 2 was acknowledged in operation 3, before who met 1 was invoked in operation 4.',
    );
  });

  it('wfrKeys: from what a transaction read before it wrote', () => {
    const calls: Call[] = [[2, 'ok', 'wx1'], ...together([0, 'ok', 'rx1 wx2 ry_'], [1, 'ok', 'rx1 wy1'])];
    expect(judge(calls, { consistencyModel: 'serializable' }).valid).toBe(true);
    const { names, anomalies } = judge(calls, { consistencyModel: 'serializable', wfrKeys: true });
    expect(names).toEqual(['G2-item']);
    expect(anomalies[0]?.explanation).toContain('operation 2 read 1 before it wrote 2');
  });

  it('cyclic-versions: the initial state comes first', () => {
    const calls: Call[] = [
      [0, 'ok', 'wx1'],
      [0, 'ok', 'rx_'],
    ];
    const { names, anomalies } = judge(calls, {
      consistencyModel: 'read-uncommitted',
      sequentialKeys: true,
    });
    expect(names).toEqual(['cyclic-versions']);
    expect(anomalies[0]?.explanation).toBe(
      'The initial state of x would come behind 1: process 0 met 1 in operation 0 and null in its later operation 2.',
    );
  });
});

describe('what says nothing', () => {
  it('values that were written twice', () => {
    const calls: Call[] = [
      [0, 'ok', 'wx1'],
      [1, 'ok', 'wx1'],
      [2, 'ok', 'rx1'],
    ];
    expect(judge(calls)).toMatchObject({
      valid: 'unknown',
      statistics: { ambiguousReads: 1, ambiguousValues: 1 },
    });
    expect(judge(calls).reason).toMatch('write every value to a key once');
  });

  it('no transactions, no reads, no time', () => {
    expect(judge([]).reason).toMatch('no operation is a transaction');
    expect(judge([[0, 'ok', 'wx1']]).reason).toMatch('no read completed');
    const history = historyOf([{ process: 0, type: 'ok', micros: [['r', 'x', null]] }]);
    const overdue = rwRegister({ wfrKeys: true }).check({ history, isOverdue: () => true });
    expect(overdue).toMatchObject({ valid: 'unknown' });
    expect(() => rwRegister({ consistencyModel: 'serialisable' })).toThrow('did you mean "serializable"');
  });
});

describe('against every serial order', () => {
  const cases: readonly [model: string, order: Order, rules: RwRegisterOptions][] = [
    ['serializable', 'any', {}],
    ['strong-session-serializable', 'session', { sequentialKeys: true }],
    ['strict-serializable', 'realtime', { linearizableKeys: true, sequentialKeys: true }],
  ];

  it.each(cases)('condemns nothing that is %s, and much of the rest', (model, order, rules) => {
    const checker = rwRegister({ consistencyModel: model, ...rules });
    let held = 0;
    let condemned = 0;
    let missed = 0;
    fc.assert(
      fc.property(fc.nat(), fc.boolean(), (seed, canRepeat) => {
        const random = randomStream(seed, model);
        const transactions = randomTransactions(random, { isList: false, transactions: 5, canRepeat });
        const history = historyOf(transactions);
        const { valid, anomalies } = checker.check({ history });
        const isRight = isSerializable(history, order);
        if (isRight) {
          held++;
          const told = JSON.stringify({ transactions, anomalies: anomalies.map(({ name }) => name) });
          expect(valid, told).not.toBe(false);
        } else if (valid === false) condemned++;
        else missed++;
      }),
      { numRuns: 1000 },
    );
    expect(held).toBeGreaterThan(80);
    expect(condemned).toBeGreaterThan(80);
    expect(missed).toBeLessThan(condemned);
  });
});
