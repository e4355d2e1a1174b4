/** Random schedules: the correct replica never fails, and the same seed gives the same schedule. */
import { describe, expect, test } from 'vitest';
import { findProblem, runSchedule } from './testing/schedule.ts';

/** More of them were run by hand: 26,000 of other seeds. */
const SCHEDULES = 3000;

describe('a shaken partition', () => {
  test(`${SCHEDULES} schedules of the correct replica are without a problem, and prove something`, () => {
    const sums = { acknowledged: 0, read: 0, stable: 0, truncated: 0 };
    for (let seed = 1; seed <= SCHEDULES; seed++) {
      const { problem, counts } = runSchedule({ seed });
      expect(problem, `seed ${seed}`).toBeNull();
      for (const name of ['acknowledged', 'read', 'stable', 'truncated'] as const) sums[name] += counts[name];
    }
    expect(sums.acknowledged).toBeGreaterThan(SCHEDULES);
    expect(sums.read).toBeGreaterThan(SCHEDULES);
    expect(sums.stable).toBeGreaterThan(SCHEDULES / 10);
    expect(sums.truncated).toBeGreaterThan(SCHEDULES / 2);
  }, 120_000);

  test.each(['fetch', 'offset-for-leader-epoch'] as const)('truncation by %s', (truncation) => {
    for (let seed = 1; seed <= 300; seed++) {
      expect(runSchedule({ seed, options: { truncation } }).problem, `seed ${seed}`).toBeNull();
    }
  });

  test('schedules that found mistakes in this code', () => {
    // A follower asked again for an epoch that it had just cut away, and took the answer for the end of what both have.
    for (const seed of [10732, 20301]) expect(runSchedule({ seed }).problem).toBeNull();
  });

  test('the same seed gives the same', () => {
    for (let seed = 1; seed <= 20; seed++) expect(runSchedule({ seed })).toEqual(runSchedule({ seed }));
  });

  test('a schedule can be shorter', () => {
    expect(runSchedule({ seed: 3, steps: 10 }).steps).toBe(10);
  });

  test('nothing is found where nothing is wrong', () => {
    expect(findProblem([], 20)).toBeNull();
  });
});
