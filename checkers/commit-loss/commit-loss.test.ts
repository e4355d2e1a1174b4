import { describe, expect, test } from 'vitest';
import { History } from '../../harness/history/history.ts';
import type { FaultEffect, Json, Operation, Position } from '../../harness/history/operation.ts';
import type { TraceRecord } from '../../harness/history/trace.ts';
import { NS_PER_S } from '../../harness/units.ts';
import { parseTrace } from '../invariants/trace-text.ts';
import type { Verdict } from '../checker.ts';
import { commitLoss } from './commit-loss.ts';

interface Write {
  readonly f?: string;
  readonly position?: Position;
  /** When it was acknowledged. */
  readonly atS?: number;
}

/** Writes one after the other, then the final read at second 10. */
function historyOf(writes: readonly Write[], tail: readonly Partial<Operation>[] = []): History {
  const operations: Operation[] = [];
  const add = (operation: Partial<Operation>): void => {
    operations.push({
      index: operations.length,
      time: 0,
      process: 0,
      type: 'invoke',
      f: 'write',
      value: null,
      ...operation,
    });
  };
  writes.forEach(({ f = 'write', position, atS = 1 }, i) => {
    const time = atS * NS_PER_S;
    add({ time, f, value: i, key: 'x' });
    add({
      time,
      f,
      value: i,
      key: 'x',
      type: 'ok',
      node: 'n1',
      ...(position === undefined ? {} : { position }),
    });
  });
  for (const operation of tail) add(operation);
  add({ time: 10 * NS_PER_S, process: 9, f: 'read' });
  add({ time: 10 * NS_PER_S, process: 9, f: 'read', type: 'ok', position: { index: 99, term: 9 } });
  return new History(operations);
}

const END_NS = 10 * NS_PER_S;

/** A trace that goes on to the end of the history. */
function check(trace: string, history: History): Verdict {
  const last: TraceRecord = {
    node: 'n1',
    time: END_NS,
    event: { kind: 'role', role: 'follower', term: 9, leader: null },
  };
  return commitLoss().check({ history, trace: [...parseTrace(trace), last] });
}

const namesOf = (verdict: Verdict): string[] => verdict.anomalies.map((anomaly) => anomaly.name);

const STARTED = `
  n1 start
  n2 start
  n3 start`;

/** All three have committed indexes 1 and 2 of term 1. */
const COMMITTED = `${STARTED}
  n1 append 1:1 2:1
  n2 append 1:1 2:1
  n3 append 1:1 2:1
  n1 commit 2
  n2 commit 2
  n3 commit 2`;

describe('a run that kept everything', () => {
  test('is valid; positions of reads do not count', () => {
    const verdict = check(
      COMMITTED,
      historyOf([{ position: { index: 1, term: 1 } }, { position: { index: 2, term: 1 } }]),
    );
    expect(verdict).toMatchObject({
      valid: true,
      anomalies: [],
      statistics: { acknowledgedWrites: 2, lost: 0, commitIndexes: { n1: 2, n2: 2, n3: 2 }, downNodes: [] },
    });
  });

  test('also when the harness stops all nodes in the end', () => {
    const stops = ['n1', 'n2', 'n3'].map((node) => ({
      node,
      time: 10 * NS_PER_S,
      event: { kind: 'stop', by: 'harness', reason: 'killed' } as const,
    }));
    const history = historyOf([{ position: { index: 1, term: 1 } }]);
    const verdict = commitLoss().check({ history, trace: [...parseTrace(COMMITTED), ...stops] });
    expect(verdict).toMatchObject({ valid: true, statistics: { downNodes: [] } });
  });

  test('also behind snapshots, one of them installed', () => {
    const trace = `${STARTED}
      n1 append 1:1 2:1
      n2 append 1:1 2:1
      n1 commit 2
      n2 commit 2
      n1 snapshot taken 2
      n3 snapshot installed 2 term=1
      n1 start term=1`;
    expect(check(trace, historyOf([{ position: { index: 1, term: 1 } }])).valid).toBe(true);
    expect(namesOf(check(trace, historyOf([{ position: { index: 1, term: 2 } }])))).toEqual(['lost-commit']);
  });
});

test('is known of what every node has replaced by a snapshot since', () => {
  const installed = ['n1', 'n2', 'n3'].map((node) => `${node} snapshot installed 5 term=1`).join('\n');
  const trace = `${COMMITTED} \n ${installed}`;
  expect(check(trace, historyOf([{ position: { index: 2, term: 1 } }])).valid).toBe(true);
  expect(namesOf(check(trace, historyOf([{ position: { index: 2, term: 2 } }])))).toEqual(['lost-commit']);
  expect(check(trace, historyOf([{ position: { index: 4, term: 1 } }])).valid).toBe('unknown');
});

describe('lost-commit', () => {
  test('the committed log holds another entry at the index', () => {
    const verdict = check(COMMITTED, historyOf([{ position: { index: 2, term: 2 } }]));
    expect(verdict.valid).toBe(false);
    expect(verdict.anomalies).toMatchObject([
      {
        name: 'lost-commit',
        explanation: expect.stringMatching(
          /The write 0 of key "x" \(operation 1, process 0\) was acknowledged by n1 at 1\.0+ s as index 2 of term 2, and at the end of the run n1 has committed an entry of term 1 there/,
        ) as string,
        operations: [0, 1],
      },
    ]);
  });

  test('two writes were acknowledged at one place', () => {
    const verdict = check(
      COMMITTED,
      historyOf([{ position: { index: 2, term: 1 } }, {}, { position: { index: 2, term: 1 } }]),
    );
    expect(verdict.anomalies).toMatchObject([
      {
        name: 'lost-commit',
        explanation: expect.stringMatching(
          /The write 0 of key "x" \(operation 1, .* and the write 2 of key "x" \(operation 5, .* both acknowledged as index 2 of term 1, which is one entry/,
        ) as string,
        operations: [0, 1, 4, 5],
      },
    ]);
    const apart = [{ position: { index: 1, term: 1 } }, { position: { index: 2, term: 1 } }];
    expect(check(COMMITTED, historyOf(apart)).valid).toBe(true);
  });

  test('every log ends before it', () => {
    expect(namesOf(check(COMMITTED, historyOf([{ position: { index: 3, term: 1 } }])))).toEqual([
      'lost-commit',
    ]);
  });

  test('near miss: one node holds it, not yet committed', () => {
    const verdict = check(`${COMMITTED} \n n2 append 3:1`, historyOf([{ position: { index: 3, term: 1 } }]));
    expect(namesOf(verdict)).toEqual(['not-converged']);
  });

  test('a restart lost it, and another entry took its place', () => {
    const trace = `${COMMITTED}
      n1 append 3:1
      n1 stop power loss
      n1 start term=1 log=1:1,2:1
      n2 append 3:2
      n1 append 3:2
      n3 append 3:2
      n1 commit 3
      n2 commit 3
      n3 commit 3`;
    expect(namesOf(check(trace, historyOf([{ position: { index: 3, term: 1 } }])))).toEqual(['lost-commit']);
    expect(check(trace, historyOf([{ position: { index: 3, term: 2 } }])).valid).toBe(true);
  });

  test('a lost write does not make the nodes late as well, and many are counted', () => {
    const writes = Array.from({ length: 30 }, (_, i) => ({ position: { index: 10 + i, term: 1 } }));
    const verdict = check(COMMITTED, historyOf(writes));
    expect(new Set(namesOf(verdict))).toEqual(new Set(['lost-commit']));
    expect(verdict.anomalies).toHaveLength(10);
    expect(verdict.statistics).toMatchObject({ lost: 30 });
  });
});

describe('not-converged', () => {
  const LATE = `${STARTED}
    n1 append 1:1 2:1
    n2 append 1:1 2:1
    n3 append 1:1
    n1 commit 2
    n2 commit 2
    n3 commit 1`;

  test('a running node ends before an acknowledged write', () => {
    const verdict = check(LATE, historyOf([{ position: { index: 2, term: 1 } }]));
    expect(namesOf(verdict)).toEqual(['not-converged']);
    expect(verdict.anomalies[0]?.explanation).toMatch(/ended with n3 at commit index 1/);
    expect(verdict.anomalies[0]?.operations).toEqual([0, 1]);
  });

  test('near misses: it is down, the write is recent, it reached what was acknowledged', () => {
    const down = check(`${LATE} \n n3 stop kill`, historyOf([{ position: { index: 2, term: 1 } }]));
    expect(down).toMatchObject({ valid: true, statistics: { downNodes: ['n3 (kill)'] } });
    expect(check(LATE, historyOf([{ position: { index: 2, term: 1 }, atS: 9.5 }])).valid).toBe(true);
    expect(check(LATE, historyOf([{ position: { index: 1, term: 1 } }])).valid).toBe(true);
  });

  const effect = (edge: 'begin' | 'end'): FaultEffect => ({
    faultId: 1,
    fault: 'partition',
    edge,
    nodes: ['n3'],
    description: 'isolated n3',
    parameters: null,
  });
  const asValue = (edge: 'begin' | 'end'): Json => effect(edge) as unknown as Json;
  const late = [{ position: { index: 2, term: 1 } }];
  const cutAt = (time: number) => [
    { time, process: 'nemesis' as const, f: 'cut' },
    { time, process: 'nemesis' as const, f: 'cut', type: 'ok' as const, value: asValue('begin') },
  ];
  const healAt = (time: number) => [
    { time, process: 'nemesis' as const, f: 'heal' },
    { time, process: 'nemesis' as const, f: 'heal', type: 'ok' as const, value: asValue('end') },
  ];

  test('is not judged while a fault is in force', () => {
    expect(check(LATE, historyOf(late, cutAt(2 * NS_PER_S)))).toMatchObject({
      valid: 'unknown',
      reason: expect.stringContaining('isolated n3') as string,
      anomalies: [],
    });
  });

  test('is not judged when a fault was healed only just before the end: the run was interrupted', () => {
    const healed = (time: number) => check(LATE, historyOf(late, [...cutAt(2 * NS_PER_S), ...healAt(time)]));
    expect(healed(9.5 * NS_PER_S)).toMatchObject({ valid: true, anomalies: [] });
    expect(namesOf(healed(8.5 * NS_PER_S))).toEqual(['not-converged']);
  });
});

describe('a trace that ends before the history', () => {
  /** Its last record is written at that time, all others before. */
  const checkUpTo = (atS: number, trace: string, history: History): Verdict =>
    commitLoss().check({
      history,
      trace: parseTrace(trace).map((record, i, { length }) =>
        i === length - 1 ? { ...record, time: atS * NS_PER_S } : record,
      ),
    });
  const written = (atS: number): History => historyOf([{ position: { index: 3, term: 1 }, atS }]);

  test('says nothing of what was acknowledged after it', () => {
    expect(namesOf(checkUpTo(4.5, COMMITTED, written(4)))).toEqual(['lost-commit']);
    expect(checkUpTo(4.5, COMMITTED, written(5))).toMatchObject({
      valid: 'unknown',
      reason: expect.stringMatching(
        /^1 acknowledged write .* in no log, but the trace ends \(at 4\.500000 s\)/,
      ) as string,
      anomalies: [],
    });
  });

  test('may lack what travelled when all was cut off: only the stops of the running nodes prove that it is whole', () => {
    const stops = ['n1', 'n2', 'n3'].map((node) => ({
      node,
      time: END_NS,
      event: { kind: 'stop', by: 'harness', reason: 'killed' } as const,
    }));
    const judge = (ends: readonly TraceRecord[], trace = COMMITTED) =>
      commitLoss({ recordsTravel: true }).check({
        history: written(4),
        trace: [...parseTrace(trace), ...ends],
      });
    expect(namesOf(judge(stops))).toEqual(['lost-commit']);
    for (const some of [[], stops.slice(1)]) {
      expect(
        judge([...some, { ...stops[0]!, event: { kind: 'commit', index: 2, term: 1, prefixHash: 0 } }]),
      ).toMatchObject({
        valid: 'unknown',
        anomalies: [],
      });
    }
    // What another term has committed there was not missed.
    const replaced = `${COMMITTED} \n n1 append 3:2 \n n2 append 3:2 \n n1 commit 3 term=2`;
    expect(namesOf(judge([], replaced))).toEqual(['lost-commit']);
  });

  test('is the end of what is judged for convergence', () => {
    const trace = `${COMMITTED} \n n1 append 3:1 \n n2 append 3:1 \n n1 commit 3`;
    expect(namesOf(checkUpTo(6.5, trace, written(5)))).toEqual(['not-converged']);
    expect(checkUpTo(5.5, trace, written(5))).toMatchObject({ valid: true });
  });

  test('does not show what stands behind snapshots, when its beginning is missing', () => {
    const trace = ['n1', 'n2', 'n3'].map((node) => `${node} start term=1 snapshot=5 log=`).join('\n');
    expect(check(trace, written(1))).toMatchObject({
      valid: 'unknown',
      reason: expect.stringMatching(/^1 acknowledged write .* only snapshots/) as string,
    });
  });
});

describe('unknown', () => {
  test('without a trace, writes, or positions', () => {
    const written = historyOf([{ position: { index: 1, term: 1 } }]);
    expect(commitLoss().check({ history: historyOf([]) }).reason).toMatch(/no trace/);
    expect(check(COMMITTED, historyOf([])).reason).toMatch(/No write was acknowledged/);
    expect(check(COMMITTED, historyOf([{}, {}])).reason).toMatch(/None of 2 acknowledged writes/);
    expect(check(COMMITTED, written).valid).toBe(true);
  });

  test('when too many nodes are down to say that a write is lost', () => {
    const twoDown = `${COMMITTED} \n n1 stop kill \n n2 stop kill`;
    expect(check(twoDown, historyOf([{ position: { index: 3, term: 1 } }]))).toMatchObject({
      valid: 'unknown',
      reason: expect.stringMatching(/n1 \(kill\), n2 \(kill\)/) as string,
    });
    expect(check(twoDown, historyOf([{ position: { index: 2, term: 1 } }])).valid).toBe(true);
  });
});
