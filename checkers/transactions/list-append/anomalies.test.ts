import { describe, expect, it } from 'vitest';
import { History } from '../../../harness/history/history.ts';
import type { Operation } from '../../../harness/history/operation.ts';
import { concurrently as at, historyOfRows, sequentially as then } from '../testing/texts.ts';
import type { Row } from '../testing/texts.ts';
import { listAppend } from './list-append.ts';

function judge(rows: readonly Row[], consistencyModel = 'strict-serializable') {
  const verdict = listAppend({ consistencyModel }).check({ history: historyOfRows(rows) });
  return { ...verdict, names: verdict.anomalies.map(({ name }) => name) };
}

/** Each anomaly with a history that has it, all that is found there, and a history that nearly has it. */
const ANOMALIES: readonly (readonly [
  name: string,
  found: readonly string[],
  rows: Row[],
  nearMiss: Row[],
])[] = [
  ['garbage-read', ['garbage-read'], then('ax1', 'rx19'), then('ax1', 'ax9', 'rx19')],
  ['garbage-read of another list', ['garbage-read'], then('ax1 ay2', 'rx12'), then('ax1 ay2', 'rx1 ry2')],
  ['G1a', ['G1a'], then('ax1 !', 'rx1'), then('ax1 ?', 'rx1')],
  ['G1b', ['G1b', 'G-single'], at('ax1 ax2', 'rx1'), at('ax1 ax2', 'rx12')],
  ['dirty-update', ['dirty-update', 'G1a'], then('ax1 !', 'ax2', 'rx12'), then('ax1 ?', 'ax2', 'rx12')],
  ['duplicate-elements', ['duplicate-elements'], then('ax1', 'ax2', 'rx121'), then('ax1', 'ax2', 'rx12')],
  [
    'incompatible-order',
    ['incompatible-order'],
    [...at('ax1', 'ax2'), ...at('rx12', 'rx21')],
    [...at('ax1', 'ax2'), ...at('rx12', 'rx12')],
  ],
  [
    'incompatible-order of one transaction',
    ['incompatible-order', 'G1b'],
    then('ax1 ax2', 'rx21'),
    then('ax1 ax2', 'rx12'),
  ],
  [
    'incompatible-order: only the second',
    ['incompatible-order', 'G-single'],
    then('ax1 ax2', 'rx2'),
    then('ax1 ax2 ?', 'rx12'),
  ],
  ['internal: misses its own append', ['internal'], at('ax1 rx', 'ry'), at('ax1 rx1', 'ry')],
  ['internal: reads differ', ['internal'], at('rx rx1', 'ax1'), at('rx1 rx1', 'ax1')],
  [
    'internal: forgets what it read',
    ['internal', 'incompatible-order'],
    at('rx1 ax2 rx2', 'ax1'),
    at('rx1 ax2 rx12', 'ax1'),
  ],
  ['future-read', ['future-read'], at('rx1 ax1', 'ry'), at('rx ax1', 'ry')],
  [
    'lost-update',
    ['lost-update', 'G-single'],
    [...at('rx ax1', 'rx ax2'), ...then('rx12')],
    [...at('rx ax1', 'rx1 ax2'), ...then('rx12')],
  ],
  [
    'lost-update that nobody reads',
    ['lost-update', 'G2-item'],
    at('rx ax1', 'rx ax2'),
    at('rx ax1', 'rx1 ax2'),
  ],
  [
    'G0',
    ['G0'],
    [...at('ax1 ay1', 'ax2 ay2'), ...at('rx12', 'ry21')],
    [...at('ax1 ay1', 'ax2 ay2'), ...at('rx12', 'ry12')],
  ],
  ['G1c', ['G1c'], at('ax1 ry1', 'ay1 rx1'), at('ax1 ry', 'ay1 rx1')],
  ['G-single', ['G-single'], at('ax1 ay1', 'rx ry1'), at('ax1 ay1', 'rx1 ry1')],
  [
    'G-nonadjacent (long fork)',
    ['G-nonadjacent'],
    at('ax1', 'ay1', 'rx1 ry', 'rx ry1'),
    at('ax1', 'ay1', 'rx1 ry', 'rx1 ry1'),
  ],
  ['G2-item (write skew)', ['G2-item'], at('rx ry ax1', 'rx ry ay1'), at('rx ry ax1', 'rx1 ry ay1')],
  [
    'G0-process',
    ['G0-process'],
    [...then('p1 ax1', 'p1 ax2'), ...at('rx21')],
    [...then('p1 ax1', 'p1 ax2'), ...at('rx12')],
  ],
  [
    'G0-realtime',
    ['G0-realtime'],
    [...then('ax1', 'ax2'), ...at('rx21')],
    [...at('ax1', 'ax2'), ...at('rx21')],
  ],
  ['G1c-process', ['G1c-process'], [...then('p1 rx1', 'p1 ax1')], [...at('p1 rx1', 'p2 ax1')]],
  ['G1c-realtime', ['G1c-realtime'], then('rx1', 'ax1'), at('rx1', 'ax1')],
  ['G-single-process', ['G-single-process'], then('p1 ax1', 'p1 rx'), then('p1 rx', 'p1 ax1')],
  ['G-single-realtime (stale read)', ['G-single-realtime'], then('ax1', 'rx'), at('ax1', 'rx')],
  ['G-nonadjacent-realtime', ['G-nonadjacent-realtime'], staleFork(true), staleFork(false)],
  ['G2-item-realtime', ['G2-item-realtime'], crossedSkew(true), crossedSkew(false)],
];

/** T3 saw the append to x of T1, and not that to y of T2; T4, perhaps invoked after T2 completed, did not see T1's. */
function staleFork(isLate: boolean): Row[] {
  const begin: Row = [4, 'invoke', [['r', 'x', null]]];
  return [
    [1, 'invoke', [['append', 'x', 1]]],
    [
      3,
      'invoke',
      [
        ['r', 'x', null],
        ['r', 'y', null],
      ],
    ],
    [2, 'invoke', [['append', 'y', 1]]],
    ...(isLate ? [] : [begin]),
    [2, 'ok', [['append', 'y', 1]]],
    ...(isLate ? [begin] : []),
    [4, 'ok', [['r', 'x', []]]],
    [
      3,
      'ok',
      [
        ['r', 'x', [1]],
        ['r', 'y', []],
      ],
    ],
    [1, 'ok', [['append', 'x', 1]]],
  ];
}

/** T2 appended to x, which T3 did not see, and did not see what T1 appended to z; T3 perhaps began after T1 completed. */
function crossedSkew(isLate: boolean): Row[] {
  const reader: Row[] = [
    [3, 'invoke', [['r', 'x', null]]],
    [3, 'ok', [['r', 'x', []]]],
  ];
  const early: Row[] = isLate ? [] : reader;
  const late: Row[] = isLate ? reader : [];
  return [
    [
      2,
      'invoke',
      [
        ['r', 'z', null],
        ['append', 'x', 1],
      ],
    ],
    ...early,
    [1, 'invoke', [['append', 'z', 1]]],
    [1, 'ok', [['append', 'z', 1]]],
    ...late,
    [
      2,
      'ok',
      [
        ['r', 'z', []],
        ['append', 'x', 1],
      ],
    ],
  ];
}

describe('each anomaly', () => {
  it.each(ANOMALIES)('%s', (_name, found, rows, nearMiss) => {
    const { names, valid, anomalies } = judge(rows);
    expect([...names].sort()).toEqual([...found].sort());
    expect(valid).toBe(false);
    for (const { explanation, operations } of anomalies) {
      expect(explanation).toMatch(/\.$/);
      expect(operations).toEqual([...operations].sort((a, b) => a - b));
      expect(operations.length).toBeGreaterThan(1);
    }
    expect(judge(nearMiss)).toMatchObject({ names: [], valid: true });
  });
});

describe('explanations', () => {
  it('tell a cycle in sentences, with a picture', () => {
    const { anomalies } = judge(then('ax1', 'ax5', 'rx1', 'rx15'));
    expect(anomalies).toHaveLength(1);
    expect(anomalies[0]).toMatchObject({
      name: 'G-single-realtime',
      explanation:
        'T1 (operation 4) and T2 (operation 2) would each have to come before itself. ' +
        'T2 appended 5 to x, and T1 read x without it, so T1 comes before T2. ' +
        'T2 was acknowledged in operation 3, before T1 was invoked in operation 4, so T2 comes before T1.',
      operations: [2, 3, 4, 5],
      picture: {
        kind: 'graph',
        nodes: [
          { label: 'T1', operation: 4 },
          { label: 'T2', operation: 2 },
        ],
        edges: [
          { from: 0, to: 1, label: 'rw x: without 5' },
          { from: 1, to: 0, label: 'realtime' },
        ],
      },
    });
  });

  it('tell what was read and appended in the others', () => {
    const told = (rows: Row[]): string | undefined => judge(rows).anomalies[0]?.explanation;
    expect(told(then('ax1', 'rx19'))).toBe(
      'operation 2 read x and found 9 in it, which nobody ever appended there.',
    );
    expect(told(then('ax1 !', 'rx1'))).toBe(
      'operation 2 read x and found 1 in it, which operation 0 appended, and which failed.',
    );
    expect(told([...at('ax1', 'ax2'), ...at('rx12', 'rx21')])).toBe(
      'operation 5 read x as [2,1], and operation 4 read x as [1,2]: neither is a beginning of the other, since place 0 ' +
        'has 2 in the one and 1 in the other.',
    );
  });

  it('tell the ends of a long cycle, and draw none', () => {
    const letters = [...'bcdefghijklmnopqrstuvw'];
    const chain = letters.map((letter, i) => `r${letter}1 a${letters[i + 1] ?? 'y'}1`);
    const { names, anomalies } = judge(at('ax1 ab1', ...chain, 'ry1 rx', 'rz'));
    expect(names).toEqual(['G-single']);
    expect(anomalies[0]?.explanation).toMatch(
      / and 12 more would each have to come before itself\. .* And so on: 12 more steps/,
    );
    expect(anomalies[0]?.explanation.length).toBeLessThan(2_000);
    expect(anomalies[0]?.operations).toHaveLength(48);
  });

  it('are told of the first ten of a name, and all are counted', () => {
    const { anomalies, statistics } = judge(then('ax1', ...Array.from({ length: 30 }, () => 'rx19')));
    expect(anomalies).toHaveLength(10);
    expect(statistics).toMatchObject({ found: { 'garbage-read': 30 } });
  });
});

describe('the consistency model', () => {
  const writeSkew = at('rx ry ax1', 'rx ry ay1');

  it('permits what it does not forbid, and says so', () => {
    const verdict = judge([...writeSkew, ...at('rx1 ry1')], 'snapshot-isolation');
    expect(verdict).toMatchObject({ valid: true, names: [], allowed: [{ name: 'G2-item' }] });
    expect(verdict.statistics).toMatchObject({
      weakestRefuted: ['repeatable-read'],
      strongestNotRefuted: ['update-serializable', 'strong-snapshot-isolation'],
    });
    expect(verdict.notes).toEqual([
      'What was found refutes repeatable-read, and whatever is stronger. The strongest that it does not refute: ' +
        'update-serializable, strong-snapshot-isolation.',
    ]);
    expect(judge(then('ax1', 'rx1'), 'serializable').notes).toEqual([
      'Nothing was found that refutes strict-serializable.',
    ]);
    expect(judge(then('ax1', 'rx1')).notes).toBeUndefined();
    expect(judge(then('ax1'), 'serializable').notes).toBeUndefined();
  });

  it('forbids what it forbids', () => {
    expect(judge(writeSkew, 'repeatable-read').valid).toBe(false);
    expect(judge(writeSkew, 'PL-3').valid).toBe(false);
    expect(judge(then('ax1', 'rx'), 'serializable')).toMatchObject({ valid: true });
    expect(judge(then('p1 ax1', 'p1 rx'), 'strong-session-snapshot-isolation').valid).toBe(false);
  });

  it('must be one', () => {
    expect(() => listAppend({ consistencyModel: 'serialisable' })).toThrow('did you mean "serializable"?');
  });
});

describe('what proves nothing, and what is in doubt', () => {
  it.each([
    ['no transaction', [], 'no operation is a transaction'],
    ['no read', then('ax1', 'ax2'), 'no read completed'],
    ['no append', then('rx', 'ry'), 'nothing was appended'],
    ['no read that is known', then('ax1', 'rx ?'), 'no read completed'],
  ])('%s', (_name, rows, reason) => {
    const verdict = judge(rows);
    expect(verdict.valid).toBe('unknown');
    expect(verdict.reason).toContain(reason);
  });

  it('a transaction in doubt may have committed, or not', () => {
    expect(judge(then('ax1 ?', 'rx')).valid).toBe(true);
    expect(judge(then('ax1 ?', 'rx', 'rx1')).valid).toBe(true);
    // Once it is seen, all of it has happened.
    expect(judge(then('ax1 ay1 ?', 'rx1 ry')).names).toEqual(['G-single']);
    expect(judge(then('ax1 ?', 'rx1', 'rx')).names).toEqual(['G-single-realtime']);
    // It may take effect long after its process went on to something else.
    expect(judge(then('p1 ax1 ?', 'p1 rx', 'p2 rx1')).valid).toBe(true);
    expect(judge(then('p1 ax1', 'p1 rx ay1 ?', 'p2 ry1 rx')).names).toEqual(['G-single-process']);
  });

  it('a failed append may be tried again', () => {
    expect(judge(then('ax1 !', 'ax1', 'rx1')).valid).toBe(true);
  });

  it('time that runs out makes it unknown, and what was found stays', () => {
    let looks = 0;
    const history = historyOfRows([...then('ax1', 'rx19'), ...writeSkewOf(20)]);
    const late = listAppend().check({ history, isOverdue: () => true });
    expect(late).toMatchObject({ valid: 'unknown', anomalies: [] });
    expect(late.reason).toMatch(/time budget/);
    const later = listAppend({ consistencyModel: 'serializable' }).check({
      history,
      isOverdue: () => ++looks > 3,
    });
    expect(later).toMatchObject({ valid: false });
    expect(later.allowed?.map(({ name }) => name)).toContain('unclassified-cycle');
  });
});

function writeSkewOf(count: number): Row[] {
  return Array.from({ length: count }, (_, i) => {
    const [x, y] = [`x${i}`, `y${i}`];
    const read = (list: string) => ['r', list, []];
    return at('rx', 'rx').map(([process, type, value], j): Row => [
      process,
      type,
      j % 2 === 0 && value !== null
        ? [read(x), read(y), ['append', x, 1]]
        : [read(x), read(y), ['append', y, 1]],
    ]);
  }).flat();
}

describe('histories of something else', () => {
  it.each<[string, Row[], string]>([
    ['an element appended twice', then('ax1', 'ax1'), 'operation 2: appends 1 to "x", as operation 0 did'],
    [
      'no list of micro-operations',
      [[0, 'invoke', 7]],
      'operation 0: a transaction is a list of micro-operations, not 7',
    ],
    [
      'a register’s write',
      [[0, 'invoke', [['w', 'x', 1]]]],
      'operation 0: ["w","x",1] is neither ["r", key, value] nor ["append"',
    ],
    [
      'another number of answers',
      [
        [0, 'invoke', [['r', 'x', null]]],
        [0, 'ok', []],
      ],
      'operation 1: a transaction of 1 micro-operations completes with []',
    ],
    [
      'another micro-operation',
      [
        [0, 'invoke', [['r', 'x', null]]],
        [0, 'ok', [['r', 'y', []]]],
      ],
      'operation 1: micro-operation 0 is ["r","y",[]], but operation 0 had asked for',
    ],
  ])('refuse %s', (_name, rows, message) => {
    expect(() => judge(rows)).toThrow(message);
  });

  it('take any name of a transaction, pass over what is none, and take any JSON for keys and elements', () => {
    const operations = [
      [0, 'invoke', 'create-table', null],
      [0, 'ok', 'create-table', 't'],
      [
        0,
        'invoke',
        'update',
        [
          ['append', 1, 'a'],
          ['append', '1', { b: 1, c: 2 }],
        ],
      ],
      [
        0,
        'ok',
        'update',
        [
          ['append', 1, 'a'],
          ['append', '1', { c: 2, b: 1 }],
        ],
      ],
      [
        0,
        'invoke',
        'query',
        [
          ['r', 1, null],
          ['r', '1', null],
          ['r', false, null],
        ],
      ],
      [
        0,
        'ok',
        'query',
        [
          ['r', 1, ['a']],
          ['r', '1', [{ c: 2, b: 1 }]],
          ['r', false, null],
        ],
      ],
    ].map(
      ([process, type, f, value], index) => ({ index, time: index, process, type, f, value }) as Operation,
    );
    const verdict = listAppend().check({ history: new History(operations) });
    expect(verdict).toMatchObject({ valid: true, statistics: { transactions: 2, keys: 3 } });
  });

  it('malformed-read', () => {
    const rows: Row[] = [...then('ax1'), [0, 'invoke', [['r', 'x', null]]], [0, 'ok', [['r', 'x', 'one']]]];
    expect(judge([...rows, ...then('rx1')])).toMatchObject({
      names: ['malformed-read'],
      anomalies: [{ explanation: 'operation 2 read x and got "one", which is no list.' }],
    });
  });
});
