import { expect, test } from 'vitest';
import { computeStatistics } from '../checkers/statistics/index.ts';
import { sampleRun } from './report/sample.ts';
import { answeredShareOf, type RunStatistics, statisticsOf } from './run-statistics.ts';

const PLACES = ['overall', 'duringFaults', 'outsideFaults'] as const;
const { history, trace } = sampleRun({ verdict: 'valid', operations: 300, hostile: false });
const statistics = computeStatistics(history, trace);

function sharesOf(json: unknown): readonly (number | null)[] {
  const read = statisticsOf(json) as RunStatistics;
  return PLACES.map((place) => answeredShareOf(read, place));
}

/** As a release wrote it that did not count what was answered. */
const old = JSON.parse(
  JSON.stringify(statistics, (name, value: unknown) =>
    name.startsWith('answered') || name === 'refused' ? undefined : value,
  ),
) as typeof statistics;

test('what was answered, of today and of an older release', () => {
  expect(sharesOf(statistics)).toEqual(PLACES.map((place) => statistics.availability[place].answeredShare));
  expect(sharesOf(old)).toEqual([statistics.availability.overall.answeredShare, null, null]);
  // Where nothing was refused, it is what was ok.
  const errors = old.errors.filter(({ code }) => code !== 'precondition-failed');
  expect(sharesOf({ ...old, errors })).toEqual(PLACES.map((place) => old.availability[place].okShare));
});

test('of who knows what', () => {
  expect(statisticsOf({ ...statistics, availability: null })).toBeNull();
});
