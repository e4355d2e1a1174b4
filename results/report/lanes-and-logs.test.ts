import { describe, expect, test } from 'vitest';
import type { TraceEvent, TraceRecord } from '../../harness/history/trace.ts';
import { laneRows } from './lane-rows.ts';
import { LaneRecords } from './lane-records.ts';
import { LogTails } from './log-tails.ts';

const said = (node: string, time: number, event: TraceEvent): TraceRecord => ({ node, time, event });
const of = { partition: 't0-0', topicId: 'a' };
const lead = (node: string, time: number, leaderEpoch: number): TraceRecord =>
  said(node, time, { ...of, kind: 'replica-role', role: 'leader', leaderEpoch, leader: node });
const isr = (node: string, time: number, partitionEpoch: number, members: readonly string[]): TraceRecord =>
  said(node, time, { ...of, kind: 'replica-isr', partitionEpoch, isr: members, proposed: null });
const commit = (node: string, time: number, index: number): TraceRecord =>
  said(node, time, { kind: 'commit', index, term: 1, prefixHash: 0 });

describe('laneRows', () => {
  test('commit indexes by node; leaders until they stop or follow; replicas in sync by partition epoch', () => {
    const trace = [
      commit('n1', 1, 7),
      lead('n1', 2, 0),
      isr('n1', 2, 0, ['n2', 'n1']),
      lead('n1', 3, 0),
      lead('n2', 5, 1),
      isr('n2', 6, 1, ['n2']),
      isr('n1', 7, 0, ['n2', 'n1']),
      said('n1', 8, { kind: 'stop', by: 'harness', reason: 'killed' }),
      commit('stranger', 9, 1),
    ];
    expect(laneRows(trace, ['n1', 'n2'], 10)).toEqual({
      commits: [{ node: 0, times: [1], values: [7] }],
      partitions: [
        {
          name: 't0-0',
          leaders: [
            { node: 0, epoch: 0, start: 2, end: 8 },
            { node: 1, epoch: 1, start: 5, end: 10 },
          ],
          isr: [
            { time: 2, members: [0, 1] },
            { time: 6, members: [1] },
          ],
        },
      ],
    });
  });

  test('of indexes that rise all the time some are kept, of each node; of roles all', () => {
    const records = new LaneRecords();
    const kept = [0, 1, 20, 21, 40].filter((ms) => records.isKept(commit('n1', ms * 1e6, ms)));
    expect(kept).toEqual([0, 20, 40]);
    expect(records.isKept(commit('n2', 1e6, 1))).toBe(true);
    expect([lead('n1', 1, 0), lead('n1', 1, 1)].every((record) => records.isKept(record))).toBe(true);
  });
});

describe('LogTails', () => {
  test('the last lines before a moment and some after it; lines without a time belong to the one before', () => {
    const lines = Array.from({ length: 30 }, (_, i) => `${i}.000000000 info  line ${i}`);
    lines.splice(11, 0, '    at a stack');
    const [tail] = new LogTails(new Map([['n1', `${lines.join('\n')}\n`]])).around(10.5e9);
    expect(tail?.before).toBe(12);
    expect(tail?.lines.slice(10)).toEqual([
      '10.000000000 info  line 10',
      '    at a stack',
      ...[11, 12, 13, 14].map((i) => `${i}.000000000 info  line ${i}`),
    ]);
  });

  test('a log without times shows its end', () => {
    const [tail] = new LogTails(new Map([['n1', 'one\ntwo\n']])).around(1);
    expect(tail).toEqual({ node: 'n1', lines: ['one', 'two'], before: null });
  });
});
