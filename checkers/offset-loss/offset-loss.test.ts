import { describe, expect, it } from 'vitest';
import type { ReplicaEvent } from '../../harness/history/replica-trace.ts';
import type { TraceRecord } from '../../harness/history/trace.ts';
import { historyOf, type Row } from '../findings/testing/history-of.ts';
import { offsetLoss, type OffsetLossOptions } from './index.ts';

const OF = { partition: 't-0', topicId: 'id' };
const batch = (offset: number, leaderEpoch = 1, hash = offset) => ({
  baseOffset: offset,
  lastOffset: offset,
  leaderEpoch,
  hash,
});
type Rest<T> = T extends ReplicaEvent ? Omit<T, 'partition' | 'topicId'> : never;
const says = (node: string, event: Rest<ReplicaEvent>): TraceRecord => ({
  node,
  time: 1e6,
  event: { ...OF, ...event },
});
const role = (node: string, name: 'leader' | 'follower', leaderEpoch = 1): TraceRecord =>
  says(node, { kind: 'replica-role', role: name, leaderEpoch, leader: null });
const append = (node: string, ...batches: ReturnType<typeof batch>[]): TraceRecord =>
  says(node, { kind: 'replica-append', batches });
const acknowledge = (node: string, offset: number): TraceRecord =>
  says(node, { kind: 'replica-acknowledge', acks: -1, baseOffset: offset, lastOffset: offset });

const send = (value: number, offset: number): Row[] => [
  [0, 'invoke', 'send', [['send', 't-0', value]], { time: offset * 1e6 }],
  [0, 'ok', 'send', [['send', 't-0', [offset, value]]], { time: offset * 1e6 }],
];
/** Five seconds later. */
const rest: Row[] = [
  [1, 'invoke', 'poll', [['poll']], { time: 5e9 }],
  [1, 'ok', 'poll', [['poll', {}]], { time: 5e9 }],
];

function judge(rows: readonly Row[], trace: readonly TraceRecord[], options: OffsetLossOptions = {}) {
  const verdict = offsetLoss(options).check({ history: historyOf(rows), trace });
  const { valid, anomalies, allowed = [], statistics, reason } = verdict;
  return {
    valid,
    names: anomalies.map(({ name }) => name),
    allowed: allowed.map(({ name }) => name),
    anomalies,
    statistics,
    reason,
  };
}

const whole = [
  role('n1', 'leader'),
  role('n2', 'follower'),
  append('n1', batch(0), batch(1)),
  append('n2', batch(0), batch(1)),
  acknowledge('n1', 0),
  acknowledge('n1', 1),
];
const two = [...send(7, 0), ...send(8, 1), ...rest];

describe('an acknowledged offset', () => {
  it('is kept', () => {
    expect(judge(two, whole)).toMatchObject({ valid: true, statistics: { acknowledged: 2, kept: 2 } });
    expect(judge(two, [...whole, role('n2', 'leader', 2)]).valid).toBe(true);
  });

  it('is lost where the last leader ends before it', () => {
    const { names, anomalies } = judge(two, [
      ...whole.slice(0, 3),
      append('n2', batch(0)),
      ...whole.slice(4),
      role('n2', 'leader', 2),
    ]);
    expect(names).toEqual(['lost-offset']);
    expect(anomalies[0]?.explanation).toBe(
      'The send of 8 to t-0 was acknowledged at offset 1, in operation 3, and the log of n2, which leads at the end, in leader epoch 2, ends at offset 1.',
    );
  });

  it('is lost where another batch is there', () => {
    const other = [
      ...whole,
      role('n2', 'leader', 2),
      says('n2', { kind: 'replica-truncate', endOffset: 1 }),
      append('n2', batch(1, 2)),
    ];
    expect(judge(two, other).anomalies[0]?.explanation).toMatch(
      /has offset 1 of epoch 2 there, and not offset 1 of epoch 1 as it was acknowledged/,
    );
  });

  it('is lost once where the batch that replaced it was acknowledged, too', () => {
    const trace = [
      ...whole,
      role('n2', 'leader', 2),
      says('n2', { kind: 'replica-truncate', endOffset: 1 }),
      append('n2', batch(1, 2)),
      acknowledge('n2', 1),
    ];
    const rows = [...send(7, 0), ...send(8, 1), ...send(9, 1), ...rest];
    expect(judge(rows, trace)).toMatchObject({ names: ['lost-offset'], statistics: { kept: 2 } });
    const third = [...send(7, 0), ...send(8, 1), ...send(9, 1), ...send(10, 1), ...rest];
    expect(judge(third, trace).names).toEqual(['lost-offset', 'lost-offset']);
  });

  it('is lost where two sends have it', () => {
    expect(judge([...send(7, 0), ...send(9, 0), ...rest], whole).names).toEqual(['lost-offset']);
  });

  it('may be lost without acks=-1: a note with a count', () => {
    const lost = [role('n1', 'leader'), append('n1', batch(0))];
    expect(judge(two, lost, { acks: 'leader' })).toMatchObject({ valid: true, allowed: ['lost-offset'] });
  });

  it('is gone by policy', () => {
    const trimmed = [...whole, says('n1', { kind: 'replica-log-start', offset: 1 })];
    expect(judge(two, trimmed)).toMatchObject({ valid: true, statistics: { goneByPolicy: 1, kept: 1 } });
    const cleaned = [...whole, says('n1', { kind: 'replica-clean', endOffset: 2 })];
    expect(judge(two, cleaned)).toMatchObject({ valid: true, statistics: { goneByPolicy: 2 } });
  });
});

describe('followers', () => {
  const behind = [...whole.slice(0, 3), append('n2', batch(0)), ...whole.slice(4)];

  it('have it a second later', () => {
    expect(judge(two, behind).names).toEqual(['not-converged']);
    expect(judge(two.slice(0, 4), behind).valid).toBe(true);
    expect(
      judge(two, [
        ...behind,
        { node: 'n2', time: 2e6, event: { kind: 'stop', by: 'harness', reason: 'killed' } },
      ]).valid,
    ).toBe(true);
  });
});

describe('what cannot be said', () => {
  it('is unknown', () => {
    expect(judge(two, []).reason).toMatch(/no trace of replicas/);
    const down: TraceRecord = {
      node: 'n1',
      time: 2e6,
      event: { kind: 'stop', by: 'harness', reason: 'killed' },
    };
    expect(judge(two, [...whole, down]).reason).toMatch(
      /2 acknowledged sends are in partitions whose last leader is down/,
    );
  });

  it('is what travelled when all was cut off: only the stop of the leader proves that its log is whole', () => {
    const stop = (node: string): TraceRecord => ({
      node,
      time: 6e9,
      event: { kind: 'stop', by: 'harness', reason: 'the run is over' },
    });
    const short = [
      role('n1', 'leader'),
      role('n2', 'follower'),
      append('n1', batch(0)),
      append('n2', batch(0)),
    ];
    const travelling = { recordsTravel: true };
    expect(judge(two, [...short, stop('n1')], travelling).names).toEqual(['lost-offset']);
    expect(judge(two, [...short, stop('n2')], travelling)).toMatchObject({
      valid: 'unknown',
      names: [],
      reason: expect.stringMatching(/^1 acknowledged sends are behind what the trace shows/) as string,
    });
    // Another batch at the offset was not missed.
    const other = [...short, append('n1', batch(1)), acknowledge('n1', 1), append('n1', batch(1, 2))];
    expect(judge(two, other, travelling).names).toEqual(['lost-offset']);
    // Nor is a follower behind whose last words are missing.
    const behind = [...whole.slice(0, 3), append('n2', batch(0)), ...whole.slice(4)];
    expect(judge(two, [...behind, stop('n2')], travelling).names).toEqual(['not-converged']);
    expect(judge(two, behind, travelling).valid).toBe(true);
  });

  it('says nothing where nothing was sent', () => {
    expect(judge(rest, whole).valid).toBe(true);
  });

  it('a topic that was created again has another log', () => {
    const again = whole.map((record): TraceRecord => ({
      ...record,
      event: { ...record.event, topicId: 'old' } as ReplicaEvent,
    }));
    expect(judge(two, [...again, ...whole]).valid).toBe(true);
  });
});
