/** Histories that textbooks and Elle's tests have: what is found, and the weakest models that it refutes. */
import { describe, expect, it } from 'vitest';
import { concurrently as at, historyOfRows, sequentially as then } from '../testing/texts.ts';
import type { Row } from '../testing/texts.ts';
import { listAppend } from './list-append.ts';

function judge(rows: readonly Row[], consistencyModel: string) {
  const { valid, anomalies, statistics } = listAppend({ consistencyModel }).check({
    history: historyOfRows(rows),
  });
  const { weakestRefuted } = statistics as { readonly weakestRefuted: readonly string[] };
  return { valid, names: anomalies.map(({ name }) => name).sort(), weakestRefuted };
}

const SINGLE = ['consistent-view', 'parallel-snapshot-isolation', 'repeatable-read'];

const CASES: readonly (readonly [what: string, rows: Row[], names: string[], weakestRefuted: string[]])[] = [
  ['two lists in opposite orders', at('ax1 ay1', 'ax2 ay2', 'rx12 ry21'), ['G0'], ['read-uncommitted']],
  ['a failed append that is read', then('ax1 !', 'rx1'), ['G1a'], ['read-committed']],
  ['an intermediate append', then('ax1 ax2', 'rx1'), ['G-single', 'G1b'], ['read-committed']],
  ['its own intermediate append', at('ax1 rx1 ax2', 'rx12'), [], []],
  ['ww one way, wr the other', at('ax1 ry1', 'ax2 ay1', 'rx12 ry1'), ['G1c'], ['read-committed']],
  ['ww one way, rw the other', at('ax1 ay1', 'ax2 ry', 'rx12'), ['G-single'], SINGLE],
  ['write skew', at('ax1 ry', 'ay1 rx'), ['G2-item'], ['repeatable-read']],
  ['Adya’s serializable history', at('az1 ax1 ay1', 'rx1 ay2', 'ry12 az3', 'rz13'), [], []],
  ['a stale read', then('ax1', 'ax2', 'rx1', 'rx12'), ['G-single-realtime'], ['strong-snapshot-isolation']],
  [
    'a process that misses its own append',
    then('ax1', 'p1 ax2', 'p1 rx1', 'rx12'),
    ['G-single-process'],
    ['strong-session-snapshot-isolation'],
  ],
  [
    'reads of two orders, and a cycle along the longer one, which came last',
    at('ax1 ry1', 'ax2', 'ax3 ay1', 'rx13', 'rx123'),
    ['G1c', 'incompatible-order'],
    ['read-committed'],
  ],
  [
    'a failed append under one in doubt under one that is acknowledged',
    then('ax1 !', 'ax2 ?', 'ax3', 'rx123'),
    ['G1a', 'dirty-update'],
    ['read-committed'],
  ],
  [
    'an element twice, and a cycle',
    at('ax1 ry1', 'ax2 ay1', 'rx121'),
    ['G1c', 'duplicate-elements'],
    ['read-uncommitted'],
  ],
  ['more behind its own append', at('ax1 ax2 ax4', 'ax3 rx1234'), ['G0', 'internal'], ['read-uncommitted']],
  [
    'an append that no read shows is behind',
    at('ax1 ay1', 'ax2 ay2', 'ax3 ay3', 'rx12', 'ry2'),
    ['G-single', 'G0'],
    ['read-uncommitted'],
  ],
  [
    'a long fork',
    at('ax1', 'rx1 ry', 'ay1', 'ry1 rx'),
    ['G-nonadjacent'],
    ['repeatable-read', 'snapshot-isolation'],
  ],
  ['a read in doubt of nothing', at('ax2 ry ?', 'ax1 ay1', 'rx12 ry1'), [], []],
  ['its own append of later', at('rx012 ax1', 'ax0', 'ax2'), ['G1c', 'future-read'], ['read-committed']],
  ['missed, forgotten, cut', at('rx12 ax3 rx1', 'ax1', 'ax2'), ['internal'], ['read-atomic']],
];

describe('known histories', () => {
  it.each(CASES)('%s', (_what, rows, names, weakestRefuted) => {
    expect(judge(rows, 'strict-serializable')).toEqual({
      valid: names.length === 0,
      names: [...names].sort(),
      weakestRefuted,
    });
  });

  it('rw, wr, rw and the order of a process: no violation of serializability, but of sessions', () => {
    const rows = then('rx rz1', 'p1 ax1', 'p1 rz', 'az1');
    expect(judge(rows, 'serializable').valid).toBe(true);
    expect(judge(rows, 'strong-session-snapshot-isolation')).toMatchObject({
      valid: false,
      names: ['G-nonadjacent-process'],
    });
  });

  it('what a weaker model permits is no failure', () => {
    expect(judge(at('ax1 ry', 'ay1 rx'), 'read-committed').valid).toBe(true);
    expect(judge(then('ax1 !', 'rx1'), 'read-uncommitted').valid).toBe(true);
    expect(judge(then('ax1', 'ax2', 'rx1', 'rx12'), 'serializable').valid).toBe(true);
  });

  it('a cycle of thousands is told shortly and quickly', () => {
    const count = 3000;
    const rows = (type: 'invoke' | 'ok'): Row[] =>
      Array.from({ length: count }, (_, i): Row => [
        i,
        type,
        [
          ['append', i, 1],
          ['r', (i + 1) % count, type === 'ok' ? [1] : null],
        ],
      ]);
    const verdict = listAppend().check({ history: historyOfRows([...rows('invoke'), ...rows('ok')]) });
    expect(verdict.anomalies.map(({ name }) => name)).toEqual(['G1c']);
    expect(JSON.stringify(verdict).length).toBeLessThan(20_000);
  });

  it('keys that look alike are two', () => {
    const rows: Row[] = [
      [
        0,
        'invoke',
        [
          ['append', 1, 1],
          ['append', '1', 2],
          ['r', '1', null],
        ],
      ],
      [
        0,
        'ok',
        [
          ['append', 1, 1],
          ['append', '1', 2],
          ['r', '1', [1]],
        ],
      ],
    ];
    const { anomalies } = listAppend().check({ history: historyOfRows(rows) });
    expect(anomalies.map(({ explanation }) => explanation)).toContain(
      'operation 0 read "1" and found 1 in it, which nobody ever appended there.',
    );
  });
});
