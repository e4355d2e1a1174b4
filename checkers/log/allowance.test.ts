import { describe, expect, it } from 'vitest';
import type { OperationType } from '../../harness/history/operation.ts';
import type { Row } from '../findings/testing/history-of.ts';
import type { LogOptions } from './index.ts';
import { call, everything, judge, pairs, poll, send, sent, txn } from './testing/rows.ts';

describe('what the options allow', () => {
  const skip = [...sent(4), ...everything(4), ...poll(1, pairs(0, 1)), ...poll(1, pairs(3))];
  const lost = [...sent(3), ...poll(1, pairs(0)), ...poll(2, pairs(2))];
  const twice = (type: OperationType): Row[] => [
    ...sent(1),
    ...send(0, [[null, 'a']], type),
    ...poll(1, [
      [0, 0],
      [1, 'a'],
      [2, 'a'],
    ]),
  ];
  const g0: Row[] = [
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
      1,
      'invoke',
      'send',
      [
        ['send', 'x', 'c'],
        ['send', 'y', 'd'],
      ],
    ],
    [
      0,
      'ok',
      'send',
      [
        ['send', 'x', [0, 'a']],
        ['send', 'y', [1, 'b']],
      ],
    ],
    [
      1,
      'ok',
      'send',
      [
        ['send', 'x', [1, 'c']],
        ['send', 'y', [0, 'd']],
      ],
    ],
    ...txn(
      2,
      [['poll']],
      [
        [
          'poll',
          {
            x: [
              [0, 'a'],
              [1, 'c'],
            ],
            y: [
              [0, 'd'],
              [1, 'b'],
            ],
          },
        ],
      ],
    ),
  ];
  // The second sees the first's send to x but not the one to y.
  const single: Row[] = [
    ...send(3, [[0, 'z']], 'ok', 'y'),
    ...txn(
      0,
      [
        ['send', 'x', 'a'],
        ['send', 'y', 'b'],
      ],
      [
        ['send', 'x', [0, 'a']],
        ['send', 'y', [1, 'b']],
      ],
    ),
    ...txn(2, [['poll']], [['poll', { x: [[0, 'a']], y: [[0, 'z']] }]]),
  ];
  it.each<[string, Row[], Partial<LogOptions>, string]>([
    ['poll-skip under a subscription', [...call(1, 'subscribe', ['x']), ...skip], {}, 'poll-skip'],
    ['lost-write with acks=leader', lost, { acks: 'leader' }, 'lost-write'],
    ['duplicate in doubt without idempotence', twice('info'), { idempotence: false }, 'duplicate'],
    ['G0', g0, {}, 'G0'],
    ['G-single', single, {}, 'G-single'],
    ['whatever they name', skip, { allow: ['poll-skip'] }, 'poll-skip'],
    [
      'int-send-skip',
      [
        [1, 'invoke', 'send', [['send', 'x', 'c']]],
        ...send(0, [
          [0, 'a'],
          [2, 'b'],
        ]),
        ...poll(2, [
          [0, 'a'],
          [1, 'c'],
          [2, 'b'],
        ]),
      ],
      {},
      'int-send-skip',
    ],
    [
      'send-skip',
      [
        ...send(0, [[0, 'a']]),
        ...send(1, [[1, 'c']]),
        ...send(0, [[2, 'b']]),
        ...poll(2, [
          [0, 'a'],
          [1, 'c'],
          [2, 'b'],
        ]),
      ],
      {},
      'send-skip',
    ],
  ])('%s', (_, rows, options, name) => {
    const { valid, names, allowed, notes } = judge(rows, options);
    expect({ valid, names }).toEqual({ valid: true, names: [] });
    expect(allowed).toContain(name);
    expect(notes.find((note) => note.name === name)?.explanation).toMatch(/ Allowed: .*\.$/);
  });

  it('notes nothing where there is nothing', () => {
    const close = [
      ...send(0, [[0, 'a']]),
      ...send(1, [[2, 'c']]),
      ...send(0, [[1, 'b']]),
      ...poll(2, [
        [0, 'a'],
        [1, 'b'],
        [2, 'c'],
      ]),
    ];
    // What lies between two sends failed, so nothing does; and the first of another's is behind both.
    const aborted = [
      [1, 'invoke', 'send', [['send', 'x', 'c']]],
      ...send(0, [
        [0, 'a'],
        [2, 'b'],
      ]),
      [1, 'fail', 'send', [['send', 'x', 'c']]],
      ...poll(2, [
        [0, 'a'],
        [2, 'b'],
      ]),
    ] satisfies Row[];
    expect(judge(close, { acks: 'leader' }).allowed).not.toContain('send-skip');
    expect(judge(aborted)).toMatchObject({ valid: true, allowed: [] });
    const swap = (rows: readonly Row[], from: unknown, to: unknown): Row[] =>
      JSON.parse(JSON.stringify(rows).replaceAll(JSON.stringify(from), JSON.stringify(to))) as Row[];
    // Both sends of the one lie before both of the other.
    const ordered = swap(swap(swap(g0, [1, 'b'], [9, 'b']), [0, 'd'], [1, 'd']), [9, 'b'], [0, 'b']).slice(
      0,
      4,
    );
    const both = { x: [[0, 'a'], [1, 'c']], y: [[0, 'b'], [1, 'd']] }; // prettier-ignore
    expect(judge([...ordered, ...txn(2, [['poll']], [['poll', both]])])).toMatchObject({
      valid: true,
      allowed: [],
    });
    // The second sees both of the first's sends.
    const whole = swap(single, [[0, 'z']], [[0, 'z'], [1, 'b']]).with(1, single[1] as Row); // prettier-ignore
    expect(judge(whole)).toMatchObject({ valid: true, allowed: [] });
  });

  it('and what they do not', () => {
    expect(judge(skip).names).toEqual(['poll-skip']);
    expect(judge([...call(1, 'subscribe', ['x']), ...skip], { rebalancesRecorded: true }).names).toEqual([
      'poll-skip',
    ]);
    expect(judge(lost).names).toEqual(['lost-write']);
    expect(judge(twice('ok'), { idempotence: false }).names).toEqual(['duplicate']);
    expect(judge(twice('info')).names).toEqual(['duplicate']);
    expect(judge(single, { snapshotReads: true }).names).toContain('G-single');
  });
});
