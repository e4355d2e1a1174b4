import { describe, expect, it } from 'vitest';
import { History } from '../../harness/history/history.ts';
import type { Json, Operation } from '../../harness/history/operation.ts';
import { quorumViews } from './index.ts';

interface Asked {
  readonly process: number;
  readonly node: string;
  readonly value: Json;
}

const view = (
  node: string,
  leaderId: number,
  leaderEpoch: number,
  highWatermark: number,
  process = 0,
): Asked => ({
  process,
  node,
  value: { leaderId, leaderEpoch, highWatermark, voters: {}, observers: {} },
});

/** One after the other; those of an inner list side by side, asked in their order and answered in the reverse one. */
function historyOf(asked: readonly (Asked | readonly Asked[])[]): History {
  const operations: Operation[] = [];
  const add = (type: 'invoke' | 'ok', { process, node, value }: Asked): void => {
    const index = operations.length;
    const base = { index, time: index * 1e6, process, type, f: 'describe-quorum' };
    operations.push(type === 'ok' ? { ...base, value, node } : { ...base, value: null });
  };
  for (const one of asked) {
    const all = (Array.isArray(one) ? one : [one]) as readonly Asked[];
    for (const each of all) add('invoke', each);
    for (const each of all.toReversed()) add('ok', each);
  }
  return new History(operations);
}

function judge(...asked: readonly (Asked | readonly Asked[])[]) {
  const { valid, anomalies, reason } = quorumViews().check({ history: historyOf(asked) });
  return { valid, names: anomalies.map(({ name }) => name), anomalies, reason };
}

describe('quorum views', () => {
  it('pass where epochs and high watermarks rise', () => {
    expect(judge(view('n1', 1, 1, 5), view('n2', 1, 1, 7), view('n1', 2, 3, 9)).valid).toBe(true);
  });

  it('two leaders in an epoch', () => {
    const { names, anomalies } = judge(view('n1', 1, 4, 5), view('n2', 2, 4, 5, 1));
    expect(names).toEqual(['two-leaders-in-an-epoch']);
    expect(anomalies[0]?.operations).toEqual([0, 1, 2, 3]);
    expect(judge(view('n1', 1, 4, 5), view('n2', 2, 5, 5)).valid).toBe(true);
  });

  it('an epoch that goes back through one node; through another it may', () => {
    expect(judge(view('n1', 2, 5, 9), view('n1', 1, 4, 8)).names).toEqual(['epoch-went-back']);
    expect(judge(view('n1', 2, 5, 9), view('n2', 1, 4, 8)).valid).toBe(true);
    // Asked before the other was answered.
    expect(judge([view('n1', 1, 4, 8, 0), view('n1', 2, 5, 9, 1)]).valid).toBe(true);
  });

  it('a high watermark that goes back within an epoch', () => {
    expect(judge(view('n1', 1, 4, 8), view('n2', 1, 4, 7)).names).toEqual(['high-watermark-went-back']);
    expect(judge([view('n1', 1, 4, 7, 0), view('n2', 1, 4, 8, 1)]).valid).toBe(true);
    expect(judge(view('n1', 1, 4, 8), view('n2', 1, 4, -1)).valid).toBe(true);
  });

  it('a later epoch that shows less, whoever was asked first', () => {
    expect(judge(view('n1', 1, 4, 8), view('n2', 2, 5, 7)).names).toEqual(['high-watermark-went-back']);
    expect(judge(view('n2', 2, 5, 7), view('n1', 1, 4, 8)).names).toEqual(['high-watermark-went-back']);
    expect(judge(view('n1', 1, 4, 8), view('n2', 2, 5, 8)).valid).toBe(true);
  });

  it('what is no description', () => {
    const odd = { process: 0, node: 'n1', value: { leaderId: 'me' } };
    expect(judge(view('n1', 1, 1, 1), view('n1', 1, 1, 1), odd).names).toEqual(['malformed-view']);
  });

  it('is unknown where nothing could contradict', () => {
    expect(judge(view('n1', 1, 1, 1)).valid).toBe('unknown');
    expect(judge(view('n1', -1, 4, -1), view('n1', -1, 3, -1)).reason).toMatch(/fewer than two views/);
  });
});
