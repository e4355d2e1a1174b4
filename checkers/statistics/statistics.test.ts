import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { History } from '../../harness/history/history.ts';
import { NS_PER_S, sToNs } from '../../harness/units.ts';
import { parseTrace } from '../invariants/trace-text.ts';
import { mergeSpans } from './availability.ts';
import { RunBuilder } from './run-builder.ts';
import { computeStatistics, statistics } from './statistics.ts';

const EMPTY = new History([]);

describe('counts', () => {
  const history = new RunBuilder()
    .ok('write', 0, 1)
    .op('write', 0.5, 'fail', 1.2, { code: 'not-leader' })
    .op('write', 0.6, 'info', 3.5, { code: 'timeout', message: 'after 3 s' })
    .op('read', 0.7, 'fail', 0.8, { code: 'not-leader' })
    .op('write', 0.8, 'fail', 0.9, { code: 'not-leader' })
    .op('read', 4)
    .history();
  const report = computeStatistics(history);

  test('by function and type', () => {
    expect(report.total).toEqual({ invoked: 6, ok: 1, fail: 3, refused: 0, info: 1, pending: 1 });
    expect(report.functions).toEqual([
      { f: 'write', invoked: 4, ok: 1, fail: 2, refused: 0, info: 1, pending: 0 },
      { f: 'read', invoked: 2, ok: 0, fail: 1, refused: 0, info: 0, pending: 1 },
    ]);
    expect(report.warnings).toEqual(['No read was ok in 2 attempts.']);
  });

  test('errors, most frequent first', () => {
    expect(report.errors).toEqual([
      { code: 'not-leader', type: 'fail', f: 'write', count: 2 },
      { code: 'timeout', type: 'info', f: 'write', count: 1 },
      { code: 'not-leader', type: 'fail', f: 'read', count: 1 },
    ]);
  });

  test('rates by second', () => {
    expect(report.rate).toEqual({
      completedPerS: 5 / 3.5,
      okPerS: 1 / 3.5,
      bucketNs: NS_PER_S,
      ok: [0, 1, 0, 0],
      fail: [2, 1, 0, 0],
      info: [0, 0, 0, 1],
    });
  });

  test('buckets of a long run are wider', () => {
    const { rate } = computeStatistics(new RunBuilder().ok('read', 1, 10_000).history());
    expect(rate.bucketNs).toBe(4 * NS_PER_S);
    expect(rate.ok).toHaveLength(2501);
  });

  test('of nothing', () => {
    const verdict = statistics().check({ history: EMPTY, trace: [] });
    expect(verdict.valid).toBe(true);
    expect(computeStatistics(EMPTY)).toMatchObject({
      total: { invoked: 0 },
      rate: { okPerS: 0, ok: [] },
      availability: { overall: { okShare: null, answeredShare: null }, longestGap: null, windows: [] },
      leaderChanges: null,
      faults: { count: 0 },
      warnings: [],
    });
  });

  test('is plain JSON', () => {
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  });
});

describe('latencies', () => {
  test('quantiles are within one in a thousand of the exact ones', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 100 * NS_PER_S }), { minLength: 1, maxLength: 300 }),
        (latencies) => {
          const builder = new RunBuilder();
          for (const latency of latencies) builder.ok('read', 0, latency / NS_PER_S);
          const [row] = computeStatistics(builder.history()).latencies;
          const sorted = [...latencies].sort((a, b) => a - b);
          const exact = (share: number): number =>
            sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
          expect(row).toMatchObject({ f: 'read', type: 'ok', count: latencies.length });
          expect(row?.minNs).toBe(sorted[0]);
          expect(row?.maxNs).toBe(sorted.at(-1));
          for (const [value, share] of [
            [row?.p50Ns, 0.5],
            [row?.p90Ns, 0.9],
            [row?.p99Ns, 0.99],
            [row?.p999Ns, 0.999],
          ] as const) {
            expect(Math.abs((value ?? -1) - exact(share))).toBeLessThanOrEqual(exact(share) / 1000);
          }
        },
      ),
    );
  });

  test('are apart by function and type', () => {
    const history = new RunBuilder().ok('write', 0, 1).op('write', 0, 'info', 5).ok('read', 0, 2).history();
    expect(computeStatistics(history).latencies).toMatchObject([
      { f: 'write', type: 'ok', count: 1, p50Ns: sToNs(1), meanNs: expect.closeTo(sToNs(1), -7) as number },
      { f: 'write', type: 'info', count: 1, maxNs: sToNs(5) },
      { f: 'read', type: 'ok', count: 1, p99Ns: sToNs(2) },
    ]);
  });
});

describe('availability', () => {
  test('during a fault, outside, and the time to recover', () => {
    const history = new RunBuilder()
      .ok('write', 1)
      .ok('write', 2)
      .fault('partition', 3, 10)
      .ok('write', 4)
      .op('write', 5, 'info', 9)
      .op('write', 6, 'fail', 7)
      .ok('write', 8, 11.5)
      .ok('write', 12)
      .history();
    const { availability } = computeStatistics(history);
    expect(availability).toMatchObject({
      overall: { invoked: 7, ok: 5 },
      duringFaults: { invoked: 4, ok: 2, okShare: 0.5 },
      outsideFaults: { invoked: 3, ok: 3, okShare: 1 },
      longestGap: { startNs: sToNs(4), endNs: sToNs(11.5), lengthNs: sToNs(7.5) },
      windows: [
        {
          faultId: 1,
          fault: 'partition',
          startNs: sToNs(3),
          endNs: sToNs(10),
          okShare: 0.5,
          longestGap: { startNs: sToNs(4), endNs: sToNs(10), lengthNs: sToNs(6) },
          recoveryNs: sToNs(1.5),
          tookEffect: true,
        },
      ],
    });
  });

  test('what was refused was answered', () => {
    const refused = { code: 'precondition-failed' };
    const history = new RunBuilder()
      .fault('partition', 3, 10)
      .ok('cas', 4)
      .op('cas', 5, 'fail', 9, refused)
      .op('cas', 6, 'fail', 7, { code: 'unreachable' })
      .op('cas', 7, 'info', 8, refused)
      .op('create-topic', 11, 'fail', 12, { code: 'TOPIC_ALREADY_EXISTS' })
      .op('delete-topic', 11, 'fail', 12, { code: 'UNKNOWN_TOPIC_OR_PARTITION' })
      .op('send', 11, 'fail', 12, { code: 'UNKNOWN_TOPIC_OR_PARTITION' })
      .op('cas', 13)
      .history();
    const { availability, total, functions } = computeStatistics(history);
    const duringFaults = { invoked: 4, ok: 1, okShare: 0.25, answered: 2, answeredShare: 0.5 };
    expect(availability).toMatchObject({
      overall: { invoked: 8, answered: 4 },
      duringFaults,
      outsideFaults: { answered: 2, answeredShare: 0.5 },
      windows: [duringFaults],
    });
    expect(total).toMatchObject({ fail: 5, refused: 3 });
    expect(functions[0]).toMatchObject({ f: 'cas', fail: 2, refused: 1 });
  });

  /** 5 operations a second up to second 10, answered but for the last 2 seconds; one final read at second 40. */
  function withQuietPeriod(): RunBuilder {
    const run = new RunBuilder();
    for (let i = 0; i < 50; i++) {
      if (i < 40) run.ok('write', i / 5, i / 5 + 0.01);
      else run.op('write', i / 5, 'fail', i / 5 + 0.01);
    }
    return run.ok('read', 40, 40.25);
  }

  test('the rest before the final reads is no silence, and no time to recover', () => {
    const { availability } = computeStatistics(withQuietPeriod().fault('kill', 7.95, 9.9).history());
    // From the last ok to the last failure.
    expect(availability.longestGap).toEqual({
      startNs: sToNs(7.81),
      endNs: sToNs(9.81),
      lengthNs: sToNs(2),
    });
    expect(availability.windows).toMatchObject([{ recoveryNs: sToNs(0.25) }]);
    const early = computeStatistics(withQuietPeriod().fault('kill', 7.95, 9).history()).availability;
    expect(early.windows[0]?.recoveryNs).toBe(sToNs(9.81) - sToNs(9) + sToNs(0.25));
  });

  test('a fault while nobody asks has no longest time without an ok', () => {
    const { availability } = computeStatistics(withQuietPeriod().fault('kill', 20, 30).history());
    expect(availability.windows).toMatchObject([{ longestGap: null, recoveryNs: sToNs(0.25), invoked: 0 }]);
  });

  test('clients that ask seldom ask all the time', () => {
    const run = new RunBuilder().ok('write', 0).ok('write', 10).op('write', 20, 'fail', 21).ok('write', 30);
    expect(computeStatistics(run.history()).availability.longestGap).toMatchObject({ lengthNs: sToNs(20) });
  });

  test('a fault in force at the end never recovers', () => {
    const history = new RunBuilder().ok('write', 1).fault('kill', 2).op('write', 3, 'fail', 6).history();
    expect(computeStatistics(history).availability.windows).toMatchObject([
      { endNs: null, recoveryNs: null, tookEffect: null, okShare: 0, longestGap: { lengthNs: sToNs(4) } },
    ]);
  });

  test('equals a count one by one', () => {
    const time = fc.integer({ min: 0, max: 40 });
    const span = fc.tuple(time, time).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);
    const operation = fc.record({
      span,
      type: fc.constantFrom<'ok' | 'fail' | 'info'>('ok', 'ok', 'fail', 'info'),
    });
    fc.assert(
      fc.property(
        fc.array(operation, { minLength: 1, maxLength: 30 }),
        fc.array(span, { maxLength: 4 }),
        (drawn, faults) => {
          // Somebody asks all the time.
          const operations = [...drawn, { span: [0, 40] as const, type: 'info' as const }];
          const builder = new RunBuilder();
          for (const {
            span: [from, to],
            type,
          } of operations)
            builder.op('f', from, type, to);
          for (const [from, to] of faults) builder.fault('cut', from, to);
          const { availability } = computeStatistics(builder.history());
          const okTimes = operations.filter(({ type }) => type === 'ok').map(({ span: [, to] }) => to);

          for (const [i, [from, to]] of [...faults].sort((a, b) => a[0] - b[0]).entries()) {
            const window = availability.windows[i];
            expect(window?.startNs).toBe(sToNs(from));
            if (faults.some(([other], j) => other === from && faults[j]?.[1] !== to)) continue; // order of ties
            const inside = operations.filter(({ span: [at] }) => at >= from && at <= to);
            expect(window?.invoked).toBe(inside.length);
            expect(window?.ok).toBe(inside.filter(({ type }) => type === 'ok').length);
            // What became ok at the very time stands before the end of the fault.
            const after = okTimes.filter((ok) => ok > to).sort((a, b) => a - b)[0];
            expect(window?.recoveryNs).toBe(after === undefined ? null : sToNs(after - to));
            const marks = [from, ...okTimes.filter((ok) => ok >= from && ok <= to), to].sort((a, b) => a - b);
            const gaps = marks.slice(1).map((mark, j) => mark - (marks[j] ?? 0));
            expect(window?.longestGap?.lengthNs).toBe(sToNs(Math.max(0, ...gaps)));
          }
          const during = operations.filter(({ span: [at] }) => faults.some(([a, b]) => at >= a && at <= b));
          expect(availability.duringFaults.invoked).toBe(during.length);
          expect(availability.outsideFaults.invoked).toBe(operations.length - during.length);
        },
      ),
    );
  });

  test('overlapping windows are counted once', () => {
    const spans = [
      { startNs: 5, endNs: 9 },
      { startNs: 1, endNs: 3 },
      { startNs: 3, endNs: 4 },
      { startNs: 6, endNs: 7 },
    ];
    expect(mergeSpans(spans)).toEqual([
      { startNs: 1, endNs: 4 },
      { startNs: 5, endNs: 9 },
    ]);
  });
});

test('leaders by time', () => {
  const trace = parseTrace(`
    n1 start
    n1 role leader 1
    n1 role leader 1
    n2 role leader 2
    n1 role follower 2
    n1 role leader 3
    n1 stop kill`);
  const report = computeStatistics(EMPTY, trace);
  expect(report.leaders).toEqual([
    { timeNs: 2_000_000, node: 'n1', term: 1 },
    { timeNs: 4_000_000, node: 'n2', term: 2 },
    { timeNs: 6_000_000, node: 'n1', term: 3 },
  ]);
  expect(report.leaderChanges).toBe(2);
});

test('faults, and those that did nothing', () => {
  const history = new RunBuilder()
    .ok('write', 0)
    .fault('kill', 1, 2)
    .fault('clock', 1, 3, false)
    .fault('kill', 4, 5, false)
    .fault('clock', 4, 5, false)
    .fault('pause', 6)
    .history();
  const report = computeStatistics(history);
  expect(report.faults).toEqual({
    count: 5,
    tookEffect: 1,
    unknown: 1,
    withoutEffect: [
      { faultId: 2, fault: 'clock', description: 'clock 2' },
      { faultId: 3, fault: 'kill', description: 'kill 3' },
      { faultId: 4, fault: 'clock', description: 'clock 4' },
    ],
    byFault: [
      { fault: 'kill', count: 2, tookEffect: 1 },
      { fault: 'clock', count: 2, tookEffect: 0 },
      { fault: 'pause', count: 1, tookEffect: 0 },
    ],
  });
  expect(report.warnings).toEqual([
    'None of the 2 faults of clock took effect.',
    'The only fault of pause took no effect as far as is known: it was in force when the run ended.',
  ]);
});
