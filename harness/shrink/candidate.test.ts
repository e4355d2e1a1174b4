import { describe, expect, it } from 'vitest';
import type { PlanEntry } from '../generator/index.ts';
import { History } from '../history/history.ts';
import type { Json } from '../history/operation.ts';
import { NS_PER_MS } from '../units.ts';
import { type Candidate, closeGap, cutEnd, cutMain, sizeOf, timesOf, withPlan } from './candidate.ts';
import { findingIn } from './finding.ts';
import {
  foldClients,
  mergeClients,
  simplerFaults,
  simplerKeys,
  simplerValues,
  withoutNodes,
} from './members.ts';

const MS = NS_PER_MS;

function candidateOf(main: readonly PlanEntry[], final: readonly PlanEntry[] = []): Candidate {
  const test = {
    nodes: ['n1', 'n2', 'n3'],
    concurrency: 4,
    nemeses: ['partition', 'kill', 'clock'],
  } as unknown as Candidate['test'];
  const plan = {
    format: 'shaketable-plan' as const,
    version: 1 as const,
    main,
    healTime: 100 * MS,
    final,
    finalTime: final.length === 0 ? null : 150 * MS,
    interruptTime: null,
  };
  return withPlan({ test, plan }, {});
}

const op = (time: number, process: number, more: Partial<PlanEntry> = {}): PlanEntry => ({
  time: time * MS,
  process,
  f: 'write',
  key: 'k7',
  value: 40,
  ...more,
});

const fault = (time: number, parameters: Json, f = 'begin'): PlanEntry => ({
  time: time * MS,
  process: 'nemesis',
  f,
  value: { parameters },
});

describe('times', () => {
  const candidate = candidateOf([op(10, 0), op(60, 1), op(90, 2)], [op(160, 3)]);

  it('end early, without what follows', () => {
    const { plan, test } = cutEnd(candidate, 60 * MS);
    expect(plan.main.map(({ time }) => time / MS)).toEqual([10, 60]);
    expect(plan).toMatchObject({ healTime: 60 * MS, final: [], finalTime: null });
    expect(test).toMatchObject({ timeLimitS: 0.06, quietS: 0, planned: true });
  });

  it('end early, with what follows', () => {
    const { plan } = cutMain(candidate, 60 * MS);
    expect(plan).toMatchObject({ healTime: 60 * MS, finalTime: 110 * MS });
    expect(plan.final.map(({ time }) => time / MS)).toEqual([120]);
  });

  it('close a gap and move all that comes after it', () => {
    expect(timesOf(candidate).map((time) => time / MS)).toEqual([0, 10, 60, 90, 100, 150, 160]);
    const closed = closeGap(candidate, 10 * MS, 60 * MS, MS);
    expect(timesOf(closed).map((time) => time / MS)).toEqual([0, 10, 11, 41, 51, 101, 111]);
    expect(sizeOf(closed).lengthS).toBeCloseTo(0.111);
  });
});

describe('nodes that go', () => {
  const partition = { fault: 'partition', faultId: 1, grudge: { n1: ['n2', 'n3'], n3: ['n1'] } };
  const kill = { fault: 'kill', faultId: 2, nodes: ['n3'] };
  const clock = { fault: 'clock', faultId: 3, offsetsMs: { n2: 16, n3: -4 } };
  const end = { fault: 'kill', faultId: 2 };
  const candidate = candidateOf([fault(1, partition), fault(2, kill), fault(3, clock), fault(4, end, 'end')]);

  it('are no longer in faults, and a fault that has nobody left is gone with its end', () => {
    const { test, plan } = withoutNodes(candidate, ['n3']);
    expect(test.nodes).toEqual(['n1', 'n2']);
    expect(test.nemeses).toEqual(['partition', 'clock']);
    expect(plan.main.map(({ value }) => value)).toEqual([
      { parameters: { ...partition, grudge: { n1: ['n2'] } } },
      { parameters: { ...clock, offsetsMs: { n2: 16 } } },
    ]);
  });

  it('may be the parts of a fault alone', () => {
    const grudges = [...simplerFaults(candidateOf([fault(1, partition)]))].map(
      ({ plan }) => (plan.main[0]?.value as { parameters: { grudge: Json } }).parameters.grudge,
    );
    expect(grudges).toEqual([
      { n3: ['n1'] },
      { n1: ['n2', 'n3'] },
      { n1: ['n3'], n3: ['n1'] },
      { n1: ['n2'], n3: ['n1'] },
    ]);
  });
});

describe('clients', () => {
  it('fold into the first threads; later processes of a thread stay later', () => {
    const { plan, test } = foldClients(candidateOf([op(1, 1), op(2, 3), op(3, 5)]), [1, 3]);
    expect(plan.main.map(({ process }) => process)).toEqual([0, 1, 2]);
    expect(test.concurrency).toBe(2);
  });

  it('do what another did', () => {
    const { plan } = mergeClients(candidateOf([op(1, 1), op(2, 3), op(3, 7)]), 3, 1);
    expect(plan.main.map(({ process }) => process)).toEqual([1, 1, 5]);
  });
});

describe('values and keys', () => {
  it('become the first that there are, in the same order', () => {
    const candidate = candidateOf([
      op(1, 0, { value: 120 }),
      op(2, 0, { f: 'cas', value: [120, 77], key: 'k12' }),
      op(3, 0, { f: 'read', value: null }),
    ]);
    expect(simplerValues(candidate).plan.main.map(({ value }) => value)).toEqual([2, [2, 1], null]);
    expect(simplerKeys(candidate).plan.main.map(({ key }) => key)).toEqual(['k0', 'k1', 'k0']);
  });
});

describe('a finding', () => {
  const candidate = candidateOf([op(1, 0), op(2, 1), op(3, 0, { f: 'read', value: null })]);
  const history = new History([
    { index: 0, time: MS, process: 0, type: 'invoke', f: 'write', key: 'k7', value: 40 },
    { index: 1, time: 2 * MS, process: 1, type: 'invoke', f: 'write', key: 'k7', value: 40 },
    { index: 2, time: 3 * MS, process: 0, type: 'ok', f: 'write', key: 'k7', value: 40 },
    { index: 3, time: 4 * MS, process: 0, type: 'invoke', f: 'read', key: 'k7', value: null },
    { index: 4, time: 5 * MS, process: 0, type: 'ok', f: 'read', key: 'k7', value: null },
  ]);
  const phases = { healTime: 6 * MS, healIndex: 5, finalTime: null, finalIndex: 5, interruptTime: null };
  const ran = { candidate, history, phases };
  const target = { checker: 'linearizability', anomaly: 'nonlinearizable' };
  const anomaly = { name: 'nonlinearizable', explanation: '', operations: [0, 2, 3, 4] };

  it('is the witness as entries of the plan, and when it was complete', () => {
    const verdicts = [{ checker: 'linearizability', valid: false as const, anomalies: [anomaly] }];
    expect(findingIn(verdicts, target, ran)).toEqual({
      places: { main: [0, 2], final: [] },
      endTime: 5 * MS,
    });
  });

  it('knows the time of trace records in the evidence', () => {
    const evidence = { records: [{ node: 'n1', time: 9 * MS }] };
    const verdicts = [
      {
        checker: 'linearizability',
        valid: false as const,
        anomalies: [{ ...anomaly, operations: [], evidence }],
      },
    ];
    expect(findingIn(verdicts, target, ran)).toEqual({ places: { main: [], final: [] }, endTime: 9 * MS });
  });

  it('is null when the checker says something else', () => {
    expect(findingIn([], target, ran)).toBeNull();
    const other = { ...anomaly, name: 'lost-write' };
    expect(
      findingIn([{ checker: 'linearizability', valid: false, anomalies: [other] }], target, ran),
    ).toBeNull();
  });
});
