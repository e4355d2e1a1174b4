import { describe, expect, test } from 'vitest';
import { History } from '../../harness/history/history.ts';
import type { Operation } from '../../harness/history/operation.ts';
import { formatCount, formatDuration, formatShare } from './browser/format.ts';
import { lowerBound, unpackOperations } from './browser/operations.ts';
import { decades, decimalsOf, linearTicks } from './browser/ticks.ts';
import { Viewport } from './browser/viewport.ts';
import { describe as inWords, describeMoment, operationsWithin } from './browser/words.ts';
import { buildReport, renderReport } from './build-report.ts';
import { collectReportData } from './collect-data.ts';
import { roleSpans } from './role-spans.ts';
import { HOSTILE_TEXTS, sampleRun } from './sample.ts';
import { readReport } from './testing/read-report.ts';

const S = 1e9;

describe('collectReportData', () => {
  test('says in words what was violated, on which key', () => {
    const data = collectReportData(sampleRun({ verdict: 'invalid' }));
    expect(data.verdict).toBe('invalid');
    expect(data.headline).toBe('Consistency violated: nonlinearizable on key k3, two-leaders');
    expect(data.anomalies.map(({ name, key }) => [name, key])).toEqual([
      ['nonlinearizable', 'k3'],
      ['two-leaders', null],
    ]);
  });

  test('tells a run that proves nothing from one that was not decided', () => {
    const vacuous = sampleRun({ verdict: 'unknown' });
    expect(collectReportData(vacuous).headline).toBe('Proves nothing: no write was ok in 277 attempts');
    const undecided = vacuous.verdicts.filter(({ checker }) => checker !== 'vacuous');
    expect(collectReportData({ ...vacuous, verdicts: undecided }).headline).toBe(
      'Not decided: the time budget of 60 s was used up on key k2; try --check-time 600',
    );
    expect(collectReportData({ ...vacuous, verdicts: [] }).headline).toMatch(/^Proves nothing: no checker/);
  });

  test('flags faults that never took effect, whatever the verdict', () => {
    for (const verdict of ['valid', 'invalid', 'unknown'] as const) {
      const data = collectReportData(sampleRun({ verdict }));
      expect(data.notes.join('\n')).toContain('1 of 8 faults never took effect (lossy)');
    }
  });

  test('links an anomaly of the trace to the events in its evidence', () => {
    const [, anomaly] = collectReportData(sampleRun({ verdict: 'invalid', hostile: false })).anomalies;
    expect(anomaly?.events.map(({ node, text }) => `${node} ${text}`)).toEqual([
      'n3 leader in term 3',
      'n4 leader in term 4',
    ]);
  });

  test('the same run gives the same bytes', () => {
    const first = buildReport(sampleRun({ verdict: 'invalid' }));
    expect(buildReport(sampleRun({ verdict: 'invalid' }))).toBe(first);
  });

  test('a run without operations has a report', () => {
    const run = sampleRun({ verdict: 'valid' });
    const data = collectReportData({ ...run, history: new History([]), trace: [], verdicts: [] });
    expect(data.operations.count).toBe(0);
    expect(data.notes).toContain('No fault was injected: the system was only tested in fair weather.');
    expect(renderReport(data)).toContain('</html>');
  });

  test('cuts long values, so that growing lists do not make the report quadratic', () => {
    const value = Array.from({ length: 10_000 }, (_, i) => i);
    const operations: Operation[] = [
      { index: 0, time: 0, process: 0, type: 'invoke', f: 'read', key: 'x', value: null },
      { index: 1, time: 9, process: 0, type: 'ok', f: 'read', key: 'x', value },
    ];
    const data = collectReportData({
      ...sampleRun({ verdict: 'valid' }),
      history: new History(operations),
      verdicts: [],
    });
    const text = data.texts[data.operations.output[0] ?? -1] ?? '';
    expect(text).toMatch(/… \(48891 characters\)$/);
    expect(text.length).toBeLessThan(300);
  });
});

describe('columns', () => {
  const run = sampleRun({ verdict: 'invalid' });
  const data = collectReportData(run);
  const operations = unpackOperations(data);

  test('unpack to the pairs that were packed', () => {
    const pairs = run.history.pairs();
    expect(operations.count).toBe(pairs.length);
    pairs.forEach(({ invocation, completion }, row) => {
      expect(operations.start[row]).toBe(invocation.time);
      expect(operations.end[row]).toBe(completion?.time ?? Infinity);
      expect(operations.invocation[row]).toBe(invocation.index);
      expect(operations.completion[row]).toBe(completion?.index ?? -1);
      expect(data.texts[operations.f[row] ?? -1]).toBe(invocation.f);
    });
  });

  test('a retired process stays in the row of its thread', () => {
    expect(data.threads).toBe(run.test.concurrency);
    operations.byThread.forEach(({ rows }, thread) => {
      for (const row of rows) expect((data.operations.process[row] ?? 0) % data.threads).toBe(thread);
    });
  });

  test('describe operations as people say them', () => {
    const row = data.anomalies[0]?.operations.at(-1) ?? -1;
    const words = inWords(data, operations, row);
    expect(words.sentence).toMatch(/^process \d+: read k3 → \d+$/);
    expect(words.outcome).toBe('ok: it happened');
    const pending = operations.end.indexOf(Infinity);
    expect(inWords(data, operations, pending).when).toMatch(/no completion$/);
  });

  test('find what was under way in a range, as a scan of everything does', () => {
    for (const [from, to] of [
      [0, 1 * S],
      [26 * S, 26.2 * S],
      [58 * S, 60 * S],
    ] as const) {
      const scanned: number[] = [];
      for (let row = 0; row < operations.count; row++) {
        if ((operations.start[row] ?? 0) <= to && (operations.end[row] ?? 0) >= from) scanned.push(row);
      }
      expect(operationsWithin(operations, from, to, () => true, 1e6).rows).toEqual(scanned);
    }
    expect(operationsWithin(operations, 0, 60 * S, () => true, 5)).toMatchObject({ isCut: true });
  });

  test('a moment names the faults in force and the leader', () => {
    const lines = describeMoment(data, 5 * S, 0);
    expect(lines[0]).toBe('partition: isolated n1 (the leader) from the other four');
    expect(lines.at(-1)).toMatch(/^leader: n1 in term 1/);
  });
});

describe('roleSpans', () => {
  test('ends a role where the next begins, and at the stop of the node', () => {
    const role = (time: number, name: 'follower' | 'leader', term: number) =>
      ({ node: 'n1', time, event: { kind: 'role', role: name, term, leader: null } }) as const;
    const stop = { node: 'n1', time: 9, event: { kind: 'stop', by: 'harness', reason: 'killed' } } as const;
    expect(
      roleSpans([role(0, 'follower', 1), role(2, 'leader', 2), role(4, 'leader', 2), stop], ['n1'], 12),
    ).toEqual([
      { node: 0, role: 'follower', term: 1, start: 0, end: 2 },
      { node: 0, role: 'leader', term: 2, start: 2, end: 9 },
      { node: 0, role: 'down', term: 2, start: 9, end: 12 },
    ]);
  });
});

describe('renderReport', () => {
  test('inlines data that cannot end its script, and no other address than its own policy', () => {
    const html = buildReport(sampleRun({ verdict: 'invalid' }));
    for (const text of HOSTILE_TEXTS.slice(0, 3)) expect(html).not.toContain(text);
    expect(html.match(/<\/script>/g)).toHaveLength(3);
    expect(html).toContain("default-src 'none'");
    expect(readReport(html)).toEqual(collectReportData(sampleRun({ verdict: 'invalid' })));
  });
});

describe('Viewport', () => {
  test('zooms around a point that stays where it is', () => {
    const view = new Viewport(0, 60 * S);
    view.zoom(0.5, 15 * S);
    expect((15 * S - view.from) / view.span).toBeCloseTo(0.25);
    expect(view.span).toBeCloseTo(30 * S);
  });

  test('never leaves the run, never shows less than there is to see', () => {
    const view = new Viewport(0, 60 * S);
    let changes = 0;
    view.onChange(() => changes++);
    view.pan(1);
    expect([view.isWhole, changes]).toEqual([true, 0]);
    view.show(55 * S, 80 * S);
    expect([view.from, view.to]).toEqual([35 * S, 60 * S]);
    view.show(10, 10);
    expect(view.span).toBe(1000);
    view.zoom(1e12, 10);
    expect(view.isWhole).toBe(true);
  });

  test('holds for a run of no length', () => {
    const view = new Viewport(0, 0);
    expect(view.span).toBeGreaterThan(0);
  });
});

describe('axes and figures', () => {
  test('ticks lie on round numbers inside the range', () => {
    expect(linearTicks(0, 10, 5).values).toEqual([0, 2, 4, 6, 8, 10]);
    expect(linearTicks(33.624, 34.75, 10).values.length).toBeLessThan(13);
    expect(linearTicks(5, 5, 4).values).toEqual([5]);
    expect(decimalsOf(linearTicks(33.624, 34.75, 10).step)).toBe(1);
  });

  test('decades enclose what they are for', () => {
    expect(decades(3e5, 2e9)).toEqual([1e5, 1e6, 1e7, 1e8, 1e9, 1e10]);
    expect(decades(1e6, 1e6)).toEqual([1e6, 1e7]);
  });

  test('figures read as people write them', () => {
    expect([950, 1500, 12_345_678, 999_960_000, 99e9, 125e9].map(formatDuration)).toEqual([
      '950 ns',
      '1.50 µs',
      '12.3 ms',
      '1.00 s',
      '99.0 s',
      '2 min 5 s',
    ]);
    expect([0, 1, 0.99999, 0.00001, 0.5].map(formatShare)).toEqual([
      '0 %',
      '100 %',
      '> 99.99 %',
      '< 0.01 %',
      '50.00 %',
    ]);
    expect(formatCount(1234567)).toBe('1,234,567');
    expect(lowerBound([1, 3, 3, 7], 3)).toBe(1);
  });
});
