import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { previousRun } from './previous-run.ts';
import { compareWithPrevious } from './report/comparison-rows.ts';
import { sampleRun } from './report/sample.ts';
import { computeStatistics } from '../checkers/statistics/index.ts';
import { History } from '../harness/history/history.ts';
import { RunDirectory } from './run-directory.ts';
import { summarizeRun } from './saved-runs.ts';
import { verdictFile } from './verdict-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'shaketable-previous-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const { test: definition, history, trace } = sampleRun({ verdict: 'valid', operations: 300, hostile: false });
const statistics = computeStatistics(history, trace);

/** A night's run. */
function make(day: number, changes: object, isJudged = true): RunDirectory {
  const startedAt = new Date(Date.UTC(2026, 2, day, 2));
  const test = { ...definition, startedAt: startedAt.toISOString(), ...changes };
  const directory = RunDirectory.create(folder, { ...test, startedAt });
  directory.writeJson('test.json', test);
  const verdicts = [
    { checker: 'statistics', valid: true, anomalies: [], statistics: statistics as never },
  ] as const;
  const common = { signatures: [], interruptTime: null, operations: 600, eventHash: '', eventCount: 0 };
  if (isJudged) directory.writeJson('verdict.json', verdictFile({ valid: true, verdicts, ...common }));
  return directory;
}

test('the newest run before it with the same settings but for the seed, and a verdict', () => {
  const first = make(1, { seed: 1 });
  make(2, { seed: 2, rate: 99 });
  make(3, { seed: 3 }, false);
  const own = make(4, { seed: 4 });
  make(5, { seed: 5 });
  const found = previousRun(own, { ...definition, seed: 4, startedAt: '2026-03-04T02:00:00.000Z' });
  expect(found?.path).toBe(first.path);
  expect(previousRun(first, { ...definition, seed: 1, startedAt: '2026-03-01T02:00:00.000Z' })).toBeNull();

  const compared =
    found === null ? null : compareWithPrevious({ verdict: 'invalid', anomalies: ['x'], statistics }, found);
  expect(compared).toMatchObject({ seed: 1, startedAt: '2026-03-01 02:00:00 UTC' });
  expect(compared?.rows[0]).toEqual({ name: 'Verdict', previous: 'valid', now: 'invalid', change: 'worse' });
  expect(compared?.rows.slice(2).filter(({ change }) => change !== null && change !== 'same')).toEqual([]);
  expect(
    found === null
      ? 0
      : compareWithPrevious({ verdict: 'valid', anomalies: [], statistics }, { ...found, statistics: null }),
  ).toBeNull();
});

test('a compare-and-set that was refused was answered; a run of an older release does not say when', () => {
  const found = summarizeRun(make(6, { seed: 6 }).path);
  const lucky = history.operations.map((operation) => {
    const { error, ...rest } = operation;
    return error?.code === 'precondition-failed' ? { ...rest, type: 'ok' as const } : operation;
  });
  const now = computeStatistics(new History(lucky), trace);
  expect(now.total.ok).toBeGreaterThan(statistics.total.ok + 5);
  const answered = (previous: unknown) =>
    compareWithPrevious(
      { verdict: 'valid', anomalies: [], statistics: now },
      { ...found, statistics: previous as never },
    )?.rows.filter(({ name }) => name.startsWith('Answered'));
  expect(answered(statistics)).toMatchObject([
    { name: 'Answered during faults', change: 'same' },
    { name: 'Answered outside of faults', change: 'same' },
  ]);
  const old = JSON.stringify(statistics, (name, value: unknown) =>
    name.startsWith('answered') || name === 'refused' ? undefined : value,
  );
  expect(answered(JSON.parse(old))).toMatchObject([
    { previous: '–', change: null },
    { previous: '–', change: null },
  ]);
});
