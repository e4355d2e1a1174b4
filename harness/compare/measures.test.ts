import { describe, expect, it } from 'vitest';
import type { Verdict } from '../../checkers/checker.ts';
import type { TraceRecord } from '../history/trace.ts';
import { sToNs } from '../units.ts';
import { electionsOf } from './elections.ts';
import { latencyOf } from './latency.ts';
import { lossOf } from './loss.ts';
import { survivalOf } from './survival.ts';
import { runOf } from './testing/made-up-run.ts';
import { trafficOf } from './traffic.ts';
import { outagesOf } from './unavailability.ts';

const LED: readonly (readonly [number, string, string, number])[] = [
  [1, 't0-0', 'n1', 0],
  [1, 't0-1', 'n2', 0],
];

describe('loss', () => {
  const sends = [
    [1, 1.1, 't0-0'],
    [2, 2.1, 't0-0'],
    [3, null, 't0-0'],
  ] as const;
  const quiet = [{}, {}, {}];

  it('is what was acknowledged and no final poll returned; what was not acknowledged may be gone', () => {
    expect(lossOf(runOf({ sends, healS: 9, finalPolls: [{ 't0-0': [0] }, ...quiet] }))).toEqual({
      acknowledged: 2,
      lost: 1,
      undecided: 0,
      anomalies: [],
    });
    expect(lossOf(runOf({ sends, healS: 9, finalPolls: [{ 't0-0': [0, 1] }, ...quiet] })).lost).toBe(0);
  });

  it('is per partition: the same value elsewhere is another record', () => {
    expect(lossOf(runOf({ sends, healS: 9, finalPolls: [{ 't0-1': [0, 1] }, ...quiet] })).lost).toBe(2);
  });

  it('is not known where no consumer came to the end', () => {
    const cutShort = [{ 't0-0': [0] }, {}, null, {}];
    expect(lossOf(runOf({ sends, healS: 9, finalPolls: cutShort }))).toMatchObject({ lost: 0, undecided: 1 });
  });

  it('names what the checkers found, once each', () => {
    const anomaly = (name: string) => ({ name, explanation: '', operations: [] });
    const verdicts: Verdict[] = [
      { checker: 'log', valid: false, anomalies: [anomaly('unseen'), anomaly('unseen')] },
      { checker: 'offset-loss', valid: false, anomalies: [anomaly('lost-offset')] },
    ];
    expect(lossOf(runOf({ healS: 9, verdicts })).anomalies).toEqual(['lost-offset', 'unseen']);
  });
});

describe('unavailability', () => {
  const outages = (made: Parameters<typeof runOf>[0]) =>
    outagesOf(runOf(made)).map(({ partition, hit, outageNs, beyondNs }) => [
      partition,
      hit,
      outageNs === null ? null : Math.round(outageNs / 1e6),
      beyondNs === null ? null : Math.round(beyondNs / 1e6),
    ]);

  it('lasts from a send that begins after the fault until it or a later one is acknowledged, for each partition', () => {
    const sends = [
      [4.9, 5.3, 't0-0'], // under way when the fault came
      [5.2, null, 't0-0'],
      [5.5, 6.4, 't0-0'],
      [5.1, 5.2, 't0-1'],
    ] as const;
    expect(outages({ leaders: LED, sends, faults: [[5, 6, 'kill', ['n1']]], healS: 10 })).toEqual([
      ['t0-0', 'leader', 1200, 400],
      ['t0-1', 'follower', 100, 0],
    ]);
  });

  it('is found in the middle of a fault: who is asked to end hands over first', () => {
    const sends = [
      [5, 5.01, 't0-0'],
      [5.2, null, 't0-0'],
      [5.4, 5.9, 't0-0'],
    ] as const;
    expect(outages({ leaders: LED, sends, faults: [[5, 7, 'terminate', ['n1']]], healS: 10 })).toEqual([
      ['t0-0', 'leader', 700, 0],
    ]);
  });

  it('is of the leader when the fault began, has no end where none came before the next, and is not asked where nobody writes', () => {
    const sends = [
      [4, 4.1, 't0-0'],
      [5.5, null, 't0-0'],
      [8.1, 8.2, 't0-0'],
      [8.1, 8.15, 't0-1'],
    ] as const;
    const made = { leaders: [...LED, [5.5, 't0-0', 'n2', 1] as const], sends, healS: 10 };
    const faults = [
      [5, 6, 'kill', ['n1']],
      [8, 9, 'kill', ['n1']],
    ] as const;
    expect(outages({ ...made, faults })).toEqual([
      ['t0-0', 'leader', null, null],
      ['t0-0', 'follower', 100, 0],
      ['t0-1', 'follower', 50, 0],
    ]);
  });
});

describe('latency', () => {
  it('is of acknowledged sends to partitions that other nodes lead, before and while one is slow', () => {
    const run = runOf({
      leaders: LED,
      sends: [
        [3, 3.9, 't0-1'], // while topics are made
        [5, 5.1, 't0-1'],
        [5, 5.2, 't0-0'], // led by the slow one
        [7.5, 8.5, 't0-1'], // neither before nor while
        [8.2, 8.5, 't0-1'],
        [8.3, null, 't0-1'],
        [9.5, 9.6, 't0-1'],
      ],
      faults: [[8, 9, 'slow', ['n1']]],
      healS: 10,
    });
    expect(latencyOf(run)).toEqual({
      healthyNs: [sToNs(5.1) - sToNs(5)],
      slowNs: [sToNs(8.5) - sToNs(8.2)],
      unacknowledged: 1,
    });
  });
});

describe('elections', () => {
  it('are changes of leaders after the warm-up; leaders are those at the end of the rest', () => {
    const run = runOf({
      leaders: [
        ...LED,
        [2, 't0-1', 'n3', 1], // before it counts
        [6, 't0-0', 'n2', 1],
        [6.1, 't0-0', 'n2', 1], // the same again
        [10.5, 't0-0', 'n3', 2],
        [12, 't0-0', 'n1', 3], // while everything is read
      ],
      sends: [
        [5, 5.1, 't0-0'],
        [5, 5.1, 't0-1'],
      ],
      faults: [[5, 6, 'kill', ['n1']]],
      finalPolls: [{}],
      healS: 10,
    });
    expect(electionsOf(run)).toEqual({ faults: 1, changes: 2, partitions: 2, led: [0, 0, 2] });
  });
});

describe('traffic', () => {
  const sample = (atS: number, messages: number, bytes: number, clientBytes: number) => ({
    timeNs: sToNs(atS),
    traffic: {
      betweenNodes: { messages, bytes },
      fromClients: { messages: 0, bytes: clientBytes },
      toClients: { messages: 0, bytes: 0 },
    },
  });
  const sends = [
    [3, 3.1, 't0-0'],
    [5, 5.1, 't0-0'],
    [6, 6.1, 't0-0'],
    [7, null, 't0-0'],
  ] as const;

  it('is what nodes sent while clients wrote, after the warm-up, and in the rest', () => {
    const traffic = [
      sample(1, 5, 50, 5),
      sample(4, 10, 100, 10),
      sample(9.5, 30, 900, 110),
      sample(11.5, 40, 1000, 110),
    ];
    expect(trafficOf(runOf({ sends, healS: 10, traffic }))).toEqual({
      acknowledged: 2,
      messages: 20,
      bytes: 800,
      clientBytes: 100,
      idleMessagesPerS: 5,
      idleBytesPerS: 50,
    });
  });

  it('is not there where nobody counts', () => {
    expect(trafficOf(runOf({ sends, healS: 10 }))).toBeNull();
  });
});

describe('survival', () => {
  const says = (atS: number, node: string, event: TraceRecord['event']): TraceRecord => ({
    node,
    time: sToNs(atS),
    event,
  });
  const of = { partition: 't0-0', topicId: 'id' };
  const batch = (offset: number) => ({
    baseOffset: offset,
    lastOffset: offset,
    leaderEpoch: 0,
    hash: offset,
  });
  const append = (atS: number, node: string, ...offsets: number[]): TraceRecord =>
    says(atS, node, { ...of, kind: 'replica-append', batches: offsets.map(batch) });
  const leads = (atS: number, node: string, leaderEpoch: number): TraceRecord =>
    says(atS, node, { ...of, kind: 'replica-role', role: 'leader', leaderEpoch, leader: node });
  const died = says(5, 'n1', { kind: 'stop', by: 'harness', reason: 'killed' });
  const before = [leads(0, 'n1', 0), append(2, 'n1', 0, 1), append(2, 'n2', 0), died];
  const sends = [
    [1, 1.1, 't0-0'],
    [2, 2.1, 't0-0'],
    [6, null, 't0-0'],
  ] as const;
  const made = { sends, healS: 10, faults: [[5, null, 'kill', ['n1']]] as const };

  it('is what a leader that runs has, and who takes writes in the last two seconds', () => {
    const run = runOf({ ...made, trace: [...before, leads(6, 'n2', 1)] });
    expect(survivalOf(run)).toEqual({ acknowledged: 2, kept: 1, unreachable: 0, partitions: 1, writing: 0 });
    const late = [...sends, [9, 9.1, 't0-0']] as const;
    const writing = runOf({
      ...made,
      sends: late,
      trace: [...before, leads(6, 'n2', 1), append(9, 'n2', 1, 2, 3)],
    });
    expect(survivalOf(writing).writing).toBe(1);
  });

  it('does not count what comes back when all is healed', () => {
    const back = [says(10, 'n1', { kind: 'start' } as TraceRecord['event']), leads(10.5, 'n1', 2)];
    expect(survivalOf(runOf({ ...made, trace: [...before, ...back] }))).toMatchObject({
      kept: 0,
      unreachable: 2,
    });
  });
});
