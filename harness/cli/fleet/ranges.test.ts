import { describe, expect, it } from 'vitest';
import { cell } from '../../sweep/testing/samples.ts';
import { firstRanges, rangeAfter } from './ranges.ts';

describe('the jobs of a cell', () => {
  it.each([
    [1, 1, 5],
    [1, 10, 5],
    [7, 31, 4],
    [100, 199, 10_000],
  ])('have each seed from %i to %i once, %i a job', (first, last, rangeSeeds) => {
    const ranges = firstRanges(cell('a', { seeds: { first, last } }), rangeSeeds);
    const seeds = ranges.flatMap((range) =>
      Array.from({ length: range.last - range.first + 1 }, (_, i) => range.first + i),
    );
    expect(seeds).toEqual(Array.from({ length: last - first + 1 }, (_, i) => first + i));
    expect(ranges.map(({ index }) => index)).toEqual([...ranges.keys()]);
    expect(rangeAfter(cell('a', { seeds: { first, last } }), rangeSeeds, ranges[0] as never)).toBeNull();
  });

  it('go on without an end where a budget is the end', () => {
    const open = cell('a', { seeds: { first: 1, last: null }, budgetS: 60 });
    const ranges = [...firstRanges(open, 5)];
    const count = ranges.length;
    for (const range of ranges.slice()) ranges.push(rangeAfter(open, 5, range) as never);
    expect(ranges.map(({ index }) => index)).toEqual(Array.from({ length: 2 * count }, (_, i) => i));
    expect(ranges.at(-1)).toEqual({ index: 2 * count - 1, first: 10 * count - 4, last: 10 * count });
  });
});
