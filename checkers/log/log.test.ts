import { describe, expect, it } from 'vitest';
import type { Json, OperationType } from '../../harness/history/operation.ts';
import type { Row } from '../findings/testing/history-of.ts';
import type { LogOptions } from './index.ts';
import { call, everything, judge, pairs, poll, send, sent, txn } from './testing/rows.ts';

interface Case {
  readonly name: string;
  readonly bad: readonly Row[];
  readonly good: readonly Row[];
  readonly options?: Partial<LogOptions>;
  /** What comes with it, when something does. */
  readonly besides?: readonly string[];
}

const overlapping = (first: [Json, Json], second: [Json, Json], end: OperationType = 'ok'): Row[] => [
  [0, 'invoke', 'txn', first[0]],
  [1, 'invoke', 'txn', second[0]],
  [0, 'ok', 'txn', first[1]],
  [1, end, 'txn', second[1]],
];

const sendAndPoll = (key: string, offset: number, value: Json, polled: Json): [Json, Json] => [
  [['send', key, value], ['poll']],
  [
    ['send', key, [offset, value]],
    ['poll', polled],
  ],
];

const CASES: readonly Case[] = [
  {
    name: 'inconsistent-offsets',
    bad: [
      ...send(0, [[0, 'a']]),
      ...send(1, [[null, 'b']], 'info'),
      ...poll(2, [[0, 'a']]),
      ...poll(3, [[0, 'b']]),
    ],
    good: [
      ...send(0, [[0, 'a']]),
      ...send(1, [[null, 'b']], 'info'),
      ...poll(2, [[0, 'a']]),
      ...poll(3, [[1, 'b']]),
    ],
  },
  {
    name: 'inconsistent-offsets',
    bad: [...send(0, [[0, 'a']]), ...send(1, [[0, 'b']]), ...poll(2, [[0, 'a']])],
    // What is in doubt did not commit, as far as anybody knows.
    good: [...send(0, [[0, 'a']]), ...send(1, [[0, 'b']], 'info'), ...poll(2, [[0, 'a']])],
    besides: ['content-mismatch', 'lost-write'],
  },
  {
    name: 'duplicate',
    bad: [
      ...send(0, [[0, 'a']]),
      ...poll(1, [
        [0, 'a'],
        [3, 'a'],
      ]),
    ],
    good: [
      ...send(0, [[0, 'a']]),
      ...send(0, [[3, 'a']]),
      ...poll(1, [
        [0, 'a'],
        [3, 'a'],
      ]),
    ],
  },
  {
    name: 'lost-write',
    bad: [...sent(3), ...poll(1, pairs(0, 2))],
    good: [...sent(3), ...poll(1, pairs(0, 1))],
    besides: ['int-poll-skip'],
  },
  {
    name: 'lost-write',
    // One of the two was lost.
    bad: [
      ...send(0, [[0, 'a']]),
      ...send(0, [[1, 'a']]),
      ...send(0, [[2, 'b']]),
      ...poll(1, [
        [0, 'a'],
        [2, 'b'],
      ]),
    ],
    good: [
      ...send(0, [[0, 'a']]),
      ...send(0, [[1, 'a']], 'info'),
      ...send(2, [[2, 'b']]),
      ...poll(1, [
        [0, 'a'],
        [2, 'b'],
      ]),
    ],
    besides: ['int-poll-skip'],
  },
  {
    name: 'unseen',
    bad: [
      ...sent(2),
      ...call(1, 'assign', ['x']),
      ...poll(1, pairs(0)),
      ...poll(1, []),
      ...poll(1, []),
      ...poll(1, []),
    ],
    good: [...sent(2), ...call(1, 'assign', ['x']), ...poll(1, pairs(0)), ...poll(1, []), ...poll(1, [])],
  },
  {
    name: 'unseen',
    bad: [...sent(2), ...poll(1, pairs(0))],
    good: [...sent(2), ...poll(1, pairs(0, 1))],
    options: { finalPolls: true },
  },
  {
    name: 'phantom',
    bad: [
      ...sent(1),
      ...poll(1, [
        [0, 0],
        [1, 'z'],
      ]),
    ],
    good: [
      ...sent(1),
      [5, 'invoke', 'send', [['send', 'x', 'z']]],
      ...poll(1, [
        [0, 0],
        [1, 'z'],
      ]),
    ],
  },
  {
    name: 'phantom',
    bad: [
      ...sent(1),
      ...poll(1, [
        [0, 0],
        [1, 'z'],
      ]),
      ...send(0, [[1, 'z']]),
    ],
    good: [
      ...sent(1),
      ...send(0, [[1, 'z']]),
      ...poll(1, [
        [0, 0],
        [1, 'z'],
      ]),
    ],
  },
  {
    name: 'aborted-read',
    bad: [
      ...sent(1),
      ...send(0, [[null, 'a']], 'fail'),
      ...poll(1, [
        [0, 0],
        [1, 'a'],
      ]),
    ],
    good: [
      ...sent(1),
      ...send(0, [[null, 'a']], 'info'),
      ...poll(1, [
        [0, 0],
        [1, 'a'],
      ]),
    ],
  },
  {
    name: 'precommitted-read',
    bad: [
      ...sent(1),
      ...txn(
        0,
        ...sendAndPoll('x', 1, 'a', {
          x: [
            [0, 0],
            [1, 'a'],
          ],
        }),
      ),
    ],
    good: [...sent(1), ...txn(0, ...sendAndPoll('x', 1, 'a', { x: [[0, 0]] })), ...poll(0, [[1, 'a']])],
  },
  {
    name: 'poll-skip',
    bad: [...sent(4), ...everything(4), ...poll(1, pairs(0, 1)), ...poll(1, pairs(3))],
    good: [...sent(4), ...everything(4), ...poll(1, pairs(0, 1)), ...poll(1, pairs(2))],
  },
  {
    name: 'poll-skip',
    bad: [...sent(4), ...everything(4), ...call(1, 'seek', { x: 1 }), ...poll(1, pairs(2))],
    good: [
      ...sent(4),
      ...everything(4),
      ...poll(1, pairs(0)),
      ...call(1, 'seek', { x: 2 }),
      ...poll(1, pairs(2)),
    ],
  },
  {
    name: 'poll-skip',
    // A failed transaction rewinds.
    bad: [
      ...sent(4),
      ...everything(4),
      ...poll(1, pairs(0)),
      ...poll(1, pairs(1), 'fail'),
      ...poll(1, pairs(2)),
    ],
    good: [
      ...sent(4),
      ...everything(4),
      ...poll(1, pairs(0)),
      ...poll(1, pairs(1), 'fail'),
      ...poll(1, pairs(1, 2)),
    ],
  },
  {
    name: 'int-poll-skip',
    bad: [...sent(3), ...everything(3), ...poll(1, pairs(0, 2))],
    good: [
      ...send(9, [
        [0, 0],
        [2, 2],
      ]),
      ...poll(8, pairs(0, 2)),
      ...poll(1, pairs(0, 2)),
    ],
  },
  {
    name: 'nonmonotonic-poll',
    bad: [...sent(3), ...everything(3), ...poll(1, pairs(0, 1)), ...poll(1, pairs(1, 2))],
    good: [
      ...sent(3),
      ...everything(3),
      ...poll(1, pairs(0, 1)),
      ...call(1, 'assign', ['y']),
      ...poll(1, pairs(1, 2)),
    ],
  },
  {
    name: 'nonmonotonic-poll',
    bad: [
      ...sent(3),
      ...everything(3),
      ...poll(1, pairs(0, 1)),
      ...call(1, 'assign', ['x', 'y']),
      ...poll(1, pairs(0)),
    ],
    good: [
      ...sent(3),
      ...everything(3),
      ...poll(1, pairs(0, 1)),
      ...call(1, 'rebalance', ['x']),
      ...poll(1, pairs(0)),
    ],
  },
  {
    name: 'int-nonmonotonic-poll',
    bad: [...sent(2), ...poll(1, pairs(1, 0))],
    good: [
      ...sent(2),
      ...txn(
        1,
        [['poll']],
        [
          ['rebalance', ['x']],
          ['poll', { x: pairs(1, 0) }],
        ],
      ),
    ],
  },
  {
    name: 'nonmonotonic-send',
    bad: [
      ...send(0, [[1, 'a']]),
      ...send(0, [[0, 'b']]),
      ...poll(1, [
        [0, 'b'],
        [1, 'a'],
      ]),
    ],
    good: [
      [0, 'invoke', 'send', [['send', 'x', 'a']]],
      ...send(2, [[0, 'b']]),
      [0, 'ok', 'send', [['send', 'x', [1, 'a']]]],
      ...poll(1, [
        [0, 'b'],
        [1, 'a'],
      ]),
    ],
    besides: ['realtime-inversion'],
  },
  {
    name: 'int-nonmonotonic-send',
    bad: [
      ...send(0, [
        [1, 'a'],
        [0, 'b'],
      ]),
      ...poll(1, [
        [0, 'b'],
        [1, 'a'],
      ]),
    ],
    good: [
      ...send(0, [
        [0, 'a'],
        [1, 'b'],
      ]),
      ...poll(1, [
        [0, 'a'],
        [1, 'b'],
      ]),
    ],
  },
  {
    name: 'realtime-inversion',
    bad: [
      ...send(0, [[5, 'a']]),
      ...send(1, [[4, 'b']]),
      ...poll(2, [
        [4, 'b'],
        [5, 'a'],
      ]),
    ],
    good: [
      [1, 'invoke', 'send', [['send', 'x', 'b']]],
      ...send(0, [[5, 'a']]),
      [1, 'ok', 'send', [['send', 'x', [4, 'b']]]],
      ...poll(2, [
        [4, 'b'],
        [5, 'a'],
      ]),
    ],
  },
  {
    name: 'content-mismatch',
    bad: [...send(0, [[0, 'a']]), ...send(1, [[null, 'b']], 'info'), ...poll(2, [[0, 'b']])],
    good: [
      ...send(0, [[0, 'a']], 'info'),
      ...send(1, [[null, 'b']], 'info'),
      ...send(2, [[1, 'c']]),
      ...poll(2, [[0, 'b']]),
    ],
    besides: ['lost-write'],
  },
  {
    name: 'committed-offset-regression',
    bad: [
      ...sent(1),
      ...everything(1),
      ...call(0, 'commit', { x: 3 }),
      ...call(0, 'commit', { x: 5 }),
      ...call(1, 'committed', null, { x: 3 }),
    ],
    good: [
      ...sent(1),
      ...everything(1),
      [2, 'invoke', 'commit', { x: 3 }],
      ...call(0, 'commit', { x: 5 }),
      ...call(1, 'committed', null, { x: 3 }),
    ],
  },
  {
    name: 'committed-offset-regression',
    bad: [
      ...sent(1),
      ...everything(1),
      ...call(0, 'commit', { group: 'g', offsets: { x: 5 } }),
      ...call(1, 'commit', { group: 'g', offsets: { x: 3 } }),
    ],
    good: [
      ...sent(1),
      ...everything(1),
      ...call(0, 'commit', { group: 'g', offsets: { x: 5 } }),
      ...call(0, 'seek', { x: 3 }),
      ...call(0, 'commit', { group: 'g', offsets: { x: 3 } }),
      ...call(1, 'commit', { group: 'h', offsets: { x: 1 } }),
    ],
  },
  {
    name: 'committed-offset-regression',
    // One that never answered may take effect late; one that failed never does.
    bad: [
      ...sent(1),
      ...everything(1),
      ...call(2, 'commit', { x: 3 }, { x: 3 }, 'fail'),
      ...call(0, 'commit', { x: 5 }),
      ...call(1, 'committed', null, { x: 3 }),
    ],
    good: [
      ...sent(1),
      ...everything(1),
      ...call(2, 'commit', { x: 3 }, { x: 3 }, 'info'),
      ...call(3, 'commit', { x: 3 }),
      ...call(0, 'commit', { x: 5 }),
      ...call(1, 'committed', null, { x: 3 }),
    ],
  },
  {
    name: 'committed-offset-regression',
    // Offsets that a transaction commits are there when it is.
    bad: [
      ...sent(1),
      ...everything(1),
      ...call(1, 'commit', { x: 3 }),
      ...txn(
        0,
        [['poll'], ['commit', { x: 5 }]],
        [
          ['poll', {}],
          ['commit', { x: 5 }],
        ],
      ),
      ...call(1, 'committed', null, { x: 3 }),
    ],
    good: [
      ...sent(1),
      ...everything(1),
      ...call(1, 'commit', { x: 3 }),
      ...txn(
        0,
        [['poll'], ['commit', { x: 5 }]],
        [
          ['poll', {}],
          ['commit', { x: 5 }],
        ],
        'fail',
      ),
      ...call(1, 'committed', null, { x: 3 }),
    ],
  },
  {
    name: 'committed-from-nowhere',
    // A commit that never answered has been sent, and so has one that failed: part of it may have been accepted.
    bad: [
      ...sent(1),
      ...everything(1),
      ...call(0, 'commit', { x: 5 }),
      ...call(1, 'committed', null, { x: 6 }),
      ...call(0, 'commit', { x: 6 }),
    ],
    good: [
      ...sent(1),
      ...everything(1),
      ...call(0, 'commit', { x: 5 }),
      ...call(2, 'commit', { x: 6 }, { x: 6 }, 'info'),
      [0, 'invoke', 'commit', { x: 7 }],
      ...call(1, 'committed', null, { x: 6, y: 4 }),
      ...call(1, 'committed', null, { x: 7 }),
      ...call(3, 'commit', { x: 8 }, { x: 8 }, 'fail'),
      ...call(1, 'committed', null, { x: 8 }),
    ],
  },
  {
    name: 'committed-from-nowhere',
    // What a group had before the history, or commits of which it does not tell, come from somewhere.
    bad: [
      ...sent(1),
      ...everything(1),
      ...call(1, 'committed', null, { x: 9 }),
      ...call(0, 'commit', { group: 'g', offsets: { x: 5 } }),
      ...call(1, 'committed', { group: 'g', offsets: { x: null } }, { group: 'g', offsets: { x: 9 } }),
    ],
    good: [
      ...sent(1),
      ...everything(1),
      ...call(1, 'committed', null, { x: 9 }),
      ...call(0, 'seek', { x: 5 }),
      ...call(0, 'commit', { x: 5 }),
      ...call(0, 'commit', { group: 'g', offsets: { x: 5 } }),
      ...call(1, 'committed', null, { x: 9 }),
      ...call(0, 'commit', null, { x: 10 }),
      ...call(1, 'committed', null, { x: 11 }),
    ],
  },
  {
    name: 'committed-from-nowhere',
    // A transaction commits offsets as well.
    bad: [
      ...sent(1),
      ...everything(1),
      ...txn(
        0,
        [['poll'], ['commit', { x: 5 }]],
        [
          ['poll', {}],
          ['commit', { x: 5 }],
        ],
      ),
      ...call(1, 'committed', null, { x: 6 }),
    ],
    good: [
      ...sent(1),
      ...everything(1),
      ...call(0, 'commit', { x: 4 }),
      ...txn(
        0,
        [['poll'], ['commit', { x: 5 }]],
        [
          ['poll', {}],
          ['commit', { x: 5 }],
        ],
      ),
      ...call(1, 'committed', null, { x: 5 }),
    ],
  },
  {
    name: 'high-watermark-regression',
    bad: [...sent(3), ...everything(3), ...call(0, 'list-offsets', null, { x: { low: 0, high: 2 } })],
    good: [
      ...sent(3),
      [0, 'invoke', 'list-offsets', null],
      ...everything(3),
      [0, 'ok', 'list-offsets', { x: { low: 0, high: 2 } }],
    ],
  },
  {
    name: 'high-watermark-regression',
    // A deposed leader may show what was; nobody may go on showing it.
    options: { staleViews: true },
    bad: [...sent(3), ...everything(3), ...call(0, 'list-offsets', null, { x: { low: 0, high: 2 } })],
    good: [
      ...sent(3),
      ...everything(3),
      ...call(0, 'list-offsets', null, { x: { low: 0, high: 2 } }),
      ...call(0, 'list-offsets', null, { x: { low: 0, high: 3 } }),
    ],
  },
  {
    name: 'committed-offset-regression',
    options: { staleViews: true },
    bad: [
      ...sent(1),
      ...everything(1),
      ...call(0, 'commit', { x: 3 }),
      ...call(0, 'commit', { x: 5 }),
      ...call(1, 'committed', null, { x: 3 }),
      ...call(2, 'committed', null, { x: 3 }),
    ],
    good: [
      ...sent(1),
      ...everything(1),
      ...call(0, 'commit', { x: 3 }),
      ...call(0, 'commit', { x: 5 }),
      ...call(1, 'committed', null, { x: 3 }),
      ...call(2, 'committed', null, { x: 5 }),
    ],
  },
  {
    name: 'G1c',
    bad: overlapping(
      sendAndPoll('x', 0, 'a', { y: [[0, 'b']] }),
      sendAndPoll('y', 0, 'b', { x: [[0, 'a']] }),
    ),
    good: overlapping(sendAndPoll('x', 0, 'a', {}), sendAndPoll('y', 0, 'b', { x: [[0, 'a']] })),
  },
];

describe('every anomaly and its near miss', () => {
  it.each(CASES.map((it, i) => [`${it.name} (${i})`, it] as const))(
    '%s',
    (_, { name, bad, good, options, besides }) => {
      const found = judge(bad, options);
      expect(found.valid).toBe(false);
      expect(found.names.toSorted()).toEqual([name, ...(besides ?? [])].toSorted());
      const told = found.anomalies.find((anomaly) => anomaly.name === name);
      expect(told?.explanation).toMatch(/^\S.*[.)]$/s);
      expect(told?.operations.length).toBeGreaterThan(0);
      expect(judge(good, options)).toMatchObject({ valid: true, names: [] });
    },
  );
});
