import { describe, expect, it } from 'vitest';
import { historyOf } from '../findings/testing/history-of.ts';
import type { Row } from '../findings/testing/history-of.ts';
import { log } from './index.ts';
import { call, everything, judge, pairs, poll, send, sent, txn } from './testing/rows.ts';

describe('operations as they come', () => {
  it('partitions are numbers in sends and names of fields in polls; offsets are texts, or unknown', () => {
    const rows = [...send(0, [['0', 7]], 'ok', 11), ...send(0, [[null, 8]], 'ok', 11)];
    expect(
      judge([
        ...rows,
        ...poll(
          1,
          [
            ['0', 7],
            ['5000000000', 8],
          ],
          'ok',
          '11',
        ),
      ]),
    ).toMatchObject({ valid: true });
    expect(
      judge([
        ...rows,
        ...poll(
          1,
          [
            ['0', 7],
            ['5', 9],
          ],
          'ok',
          '11',
        ),
      ]).names,
    ).toEqual(['phantom']);
    expect(judge([...send(0, [[-1, 7]]), ...poll(1, [[3, 7]])])).toMatchObject({ valid: true });
  });

  it('a value that is a pair is no offset with a value', () => {
    const rows: Row[] = [
      [0, 'invoke', 'send', [['send', 'x', [5, 'a']]]],
      [0, 'info', 'send', [['send', 'x', [5, 'a']]]],
      ...send(1, [[0, 'b']]),
    ];
    expect(
      judge([
        ...rows,
        ...poll(2, [
          [0, 'b'],
          [1, [5, 'a']],
        ]),
      ]),
    ).toMatchObject({ valid: true, names: [] });
  });

  it('offsets beyond 2³² and far apart', () => {
    const far = 2 ** 40;
    const rows = send(0, [
      [1, 'a'],
      [far, 'b'],
      [far + 2, 'c'],
      [4 * far, 'd'],
    ]);
    expect(
      judge([
        ...rows,
        ...poll(1, [
          [1, 'a'],
          [far, 'b'],
          [far + 2, 'c'],
          [4 * far, 'd'],
        ]),
      ]),
    ).toMatchObject({
      valid: true,
      statistics: { partitions: [{ highestOffset: 4 * far, offsets: 4 }] },
    });
    expect(
      judge([
        ...rows,
        ...poll(1, [
          [1, 'a'],
          [far, 'b'],
          [4 * far, 'd'],
        ]),
      ]).names,
    ).toContain('lost-write');
  });

  it('crash and debug-topic-partitions say nothing; a crash makes a new consumer', () => {
    const rows = [
      ...sent(3),
      ...everything(3),
      ...poll(1, pairs(0, 1)),
      ...call(1, 'crash', null, null, 'info'),
    ];
    expect(judge([...rows, ...call(2, 'debug-topic-partitions', ['x']), ...poll(1, pairs(0))])).toMatchObject(
      {
        valid: true,
      },
    );
  });

  it.each<[string, Row[], RegExp]>([
    [
      'no list',
      [[0, 'invoke', 'send', 'x']],
      /operation 0: send carries a list of micro-operations, not "x"/,
    ],
    [
      'another function',
      [[0, 'invoke', 'txn', [['append', 'x', 1]]]],
      /operation 0: a log has send and poll, no append/,
    ],
    ['an offset', send(0, [[1.5, 'a']]), /operation 1: an offset is a whole number/],
    [
      'another send',
      [
        [0, 'invoke', 'send', [['send', 'x', 1]]],
        [0, 'ok', 'send', [['send', 'y', [0, 1]]]],
      ],
      /was not invoked there/,
    ],
    [
      'records',
      [
        [0, 'invoke', 'poll', [['poll']]],
        [0, 'ok', 'poll', [['poll', [1]]]],
      ],
      /operation 1: a poll returns/,
    ],
    [
      'pairs',
      [
        [0, 'invoke', 'poll', [['poll']]],
        [0, 'ok', 'poll', [['poll', { x: [1] }]]],
      ],
      /pairs \[offset, value\]/,
    ],
  ])('what is none is refused: %s', (_, rows, message) => {
    expect(() => judge(rows)).toThrow(message);
  });
});

describe('what policy removes', () => {
  it('is neither lost nor passed over when it is trimmed', () => {
    const rows = [...sent(4), ...poll(1, pairs(0)), ...poll(1, pairs(3))];
    expect(judge(rows).names.toSorted()).toEqual(['lost-write', 'poll-skip']);
    expect(judge([...rows, ...call(2, 'trim', { x: 3 })])).toMatchObject({ valid: true });
    expect(judge([...rows, ...call(2, 'trim', { x: 2 })]).names.toSorted()).toEqual([
      'lost-write',
      'poll-skip',
    ]);
    const shown = call(2, 'list-offsets', null, { x: { low: 3, high: 4 } });
    expect(judge([...rows, ...shown])).toMatchObject({ valid: true });
  });

  it('is not lost when a later record of the same record key supersedes it', () => {
    const value = (key: string, version: number) => ({ key, value: version });
    const sends = [
      ...send(0, [[0, value('k', 1)]]),
      ...send(0, [[1, value('l', 2)]]),
      ...send(0, [[2, value('k', 3)]]),
    ];
    const withoutFirst = [
      ...sends,
      ...poll(1, [
        [1, value('l', 2)],
        [2, value('k', 3)],
      ]),
    ];
    const withoutSecond = [
      ...sends,
      ...poll(1, [
        [0, value('k', 1)],
        [2, value('k', 3)],
      ]),
    ];
    expect(judge(withoutFirst).names).toEqual(['lost-write']);
    expect(judge(withoutFirst, { compaction: ['x'] })).toMatchObject({ valid: true });
    expect(judge(withoutSecond, { compaction: ['x'] }).names).toContain('lost-write');
    expect(judge(withoutFirst, { compaction: ['y'] }).names).toEqual(['lost-write']);
  });

  it('nobody misses what lies before the place where every consumer began', () => {
    const rows = [...sent(3), ...call(1, 'seek', { x: 2 }), ...poll(1, pairs(2))];
    expect(judge(rows)).toMatchObject({ valid: true });
    expect(judge([...sent(3), ...poll(1, pairs(2))], { offsetReset: 'latest' })).toMatchObject({
      valid: true,
    });
    expect(judge([...sent(3), ...poll(1, pairs(2))]).names).toEqual(['lost-write']);
  });
});

describe('what must have committed', () => {
  const doubtful: Row[] = [
    [
      0,
      'invoke',
      'send',
      [
        ['send', 'x', 'a'],
        ['send', 'y', 'b'],
      ],
    ],
    [
      0,
      'info',
      'send',
      [
        ['send', 'x', 'a'],
        ['send', 'y', [0, 'b']],
      ],
    ],
    ...send(1, [[null, 'c']], 'info', 'y'),
    ...send(1, [[0, 'd']], 'ok', 'z'),
    ...poll(3, [[1, 'c']], 'ok', 'y'),
  ];
  const seen = poll(2, [[0, 'a']]);

  it('is what is read of a transaction in doubt, and all the rest of it', () => {
    expect(judge(doubtful)).toMatchObject({ valid: true });
    expect(judge([...doubtful, ...seen]).names).toEqual(['lost-write']);
    expect(judge([...doubtful, ...seen], { transactions: false })).toMatchObject({ valid: true });
  });
});

describe('the verdict', () => {
  it('is unknown when nothing was acknowledged, or nothing polled', () => {
    expect(judge(send(0, [[0, 'a']])).reason).toMatch(/no poll returned a record/);
    expect(judge([...send(0, [[null, 'a']], 'info'), ...poll(1, [[0, 'a']])])).toMatchObject({
      valid: 'unknown',
    });
  });

  it('is unknown when time is up, and says what to try', () => {
    const verdict = log().check({ history: historyOf(sent(1)), isOverdue: () => true });
    expect(verdict).toMatchObject({
      valid: 'unknown',
      reason: expect.stringContaining('allow more time') as string,
    });
  });

  it('tells some anomalies of a name and counts all', () => {
    const values = Array.from({ length: 50 }, (_, i) => i + 100);
    const { anomalies, statistics } = judge([
      ...send(0, [[0, 'a']]),
      ...poll(2, [[0, 'a']]),
      ...poll(
        1,
        values.map((value) => [value, value]),
      ),
    ]);
    expect(anomalies.length).toBe(10);
    expect(statistics).toMatchObject({ found: { phantom: 50 } });
  });

  it('explains a poll-skip and draws it', () => {
    const rows = [...sent(12), ...everything(12), ...poll(1, pairs(0, 1)), ...poll(1, pairs(8))];
    const [anomaly] = judge(rows).anomalies;
    expect(anomaly?.explanation).toBe(
      'Process 1 passes over 6 records from 2 at offset 2 on of x: operation 7 begins at offset 8, but operation 5 had ended at offset 1.',
    );
    expect(anomaly?.picture).toEqual({
      kind: 'sequence',
      columns: ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '10', '11'],
      rows: [
        { label: 'acknowledged', cells: ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '10', '11'] },
        {
          label: '5 polled',
          cells: ['0', '1', ...Array<null>(10).fill(null)],
          operation: 5,
          wrong: [2, 3, 4],
        },
        {
          label: '7 polled',
          cells: [...Array<null>(8).fill(null), '8', null, null, null],
          operation: 7,
          wrong: [2, 3, 4],
        },
      ],
    });
  });

  it('counts by partition, and what is unseen over time', () => {
    const { statistics } = judge([...sent(3), ...poll(1, pairs(0, 1))]);
    expect(statistics).toMatchObject({
      sends: 3,
      acknowledged: 3,
      records: 2,
      partitions: [{ key: 'x', sends: 3, polled: 2, highestOffset: 2, unread: 1, duplicates: 0 }],
    });
    const { unseen } = statistics as unknown as { readonly unseen: readonly { readonly count: number }[] };
    expect(unseen.at(-1)?.count).toBe(1);
  });

  it('explains a cycle', () => {
    const { anomalies } = judge([
      [0, 'invoke', 'txn', [['send', 'x', 'a'], ['poll']]],
      [1, 'invoke', 'txn', [['send', 'y', 'b'], ['poll']]],
      [
        0,
        'ok',
        'txn',
        [
          ['send', 'x', [0, 'a']],
          ['poll', { y: [[0, 'b']] }],
        ],
      ],
      [
        1,
        'ok',
        'txn',
        [
          ['send', 'y', [0, 'b']],
          ['poll', { x: [[0, 'a']] }],
        ],
      ],
    ]);
    expect(anomalies[0]).toMatchObject({ name: 'G1c', operations: [0, 1, 2, 3], picture: { kind: 'graph' } });
    expect(anomalies[0]?.explanation).toMatch(/T1 sent "?.*"? to ., and T2 polled it, so T1 comes before T2/);
  });
});

it('a transaction that polls twice is one consumer', () => {
  const twice = (second: number) =>
    txn(
      1,
      [['poll'], ['poll']],
      [
        ['poll', { x: pairs(0) }],
        ['poll', { x: pairs(second) }],
      ],
    );
  expect(judge([...sent(3), ...everything(3), ...twice(1)])).toMatchObject({ valid: true });
  expect(judge([...sent(3), ...everything(3), ...twice(2)]).names).toEqual(['int-poll-skip']);
});
