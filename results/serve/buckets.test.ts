import { expect, test } from 'vitest';
import type { RunPoint } from '../index/run-index.ts';
import { trendOf } from './buckets.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const point = (startedAt: string, more: Partial<RunPoint> = {}): RunPoint => ({
  startedAt,
  outcome: 'valid',
  answeredShare: null,
  faultAnsweredShare: null,
  p99Ms: null,
  ...more,
});

test('runs are counted in their stretch, and stretches without runs are there', () => {
  const { buckets, lengthMs } = trendOf([
    point('2026-11-28T10:59:59.999Z', { outcome: 'invalid' }),
    point('2026-11-28T11:00:00.000Z'),
    point('2026-11-28T13:30:00.000Z', { outcome: 'cut off' }),
  ]);
  expect(lengthMs).toBe(HOUR_MS);
  expect(buckets.map(({ valid, invalid, unknown }) => [valid, invalid, unknown])).toEqual([
    [0, 1, 0],
    [1, 0, 0],
    [0, 0, 0],
    [0, 0, 1],
  ]);
  expect(new Date(buckets[0]?.fromMs ?? 0).toISOString()).toBe('2026-11-28T10:00:00.000Z');
});

test('a median is of what was seen; runs without a figure do not count', () => {
  const shares = [0.5, null, 1, 0.9, 0.8];
  const { buckets } = trendOf(
    shares.map((answeredShare) => point('2026-11-28T10:00:00.000Z', { answeredShare })),
  );
  expect(buckets).toMatchObject([{ answeredShare: { median: 0.8, min: 0.5, max: 1 }, p99Ms: null }]);
});

test.each([
  [2, HOUR_MS],
  [14, 6 * HOUR_MS],
  [50, DAY_MS],
  [300, 7 * DAY_MS],
  [1500, 28 * DAY_MS],
  [10_000, 364 * DAY_MS],
  [1_000_000, 47 * 364 * DAY_MS],
])('%i days: stretches of a length that makes a few dozen', (days, expected) => {
  const first = Date.UTC(2000, 0, 1, 5);
  const points = [first, first + days * DAY_MS].map((ms) => point(new Date(ms).toISOString()));
  const { buckets, lengthMs } = trendOf(points);
  expect(lengthMs).toBe(expected);
  expect(buckets.length).toBeLessThanOrEqual(61);
  expect(buckets.at(-1)?.valid).toBe(1);
});

test('weeks begin on Mondays', () => {
  const { buckets } = trendOf([point('2026-01-01T00:00:00.000Z'), point('2026-11-28T00:00:00.000Z')]);
  expect(new Set(buckets.map(({ fromMs }) => new Date(fromMs).getUTCDay()))).toEqual(new Set([1]));
});

test('what is no time is told, and breaks nothing', () => {
  expect(trendOf([point('once upon a time'), point('')])).toEqual({
    lengthMs: DAY_MS,
    buckets: [],
    undated: 2,
  });
});
