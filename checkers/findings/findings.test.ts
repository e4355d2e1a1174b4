import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Json } from '../../harness/history/operation.ts';
import { canonicalJson } from '../linearizability/model.ts';
import { intervalText, quantiles, Series } from './figures.ts';
import { ValueTable } from './value-table.ts';

it('equal values have one number, in the order in which they came', () => {
  const value = fc.oneof(
    fc.integer({ min: -5, max: 300 }),
    fc.constantFrom<Json>(
      null,
      true,
      'a',
      '1',
      1e9,
      0.5,
      [1],
      [1, 2],
      { a: 1, b: 2 },
      { b: 2, a: 1 },
      100_000,
    ),
  );
  fc.assert(
    fc.property(fc.array(value, { maxLength: 200 }), (values) => {
      const table = new ValueTable();
      const known: string[] = [];
      for (const one of values) {
        const text = canonicalJson(one);
        expect(table.find(one)).toBe(known.indexOf(text));
        if (!known.includes(text)) known.push(text);
        expect(table.idOf(one)).toBe(known.indexOf(text));
        expect(canonicalJson(table.valueOf(table.find(one)))).toBe(text);
      }
      expect(table.size).toBe(known.length);
    }),
  );
});

it('quantiles are values that were there', () => {
  expect(quantiles([])).toBeNull();
  expect(quantiles([5, 1, 9])).toEqual({ '0': 1, '0.5': 5, '0.95': 9, '0.99': 9, '1': 9 });
});

it('intervals join neighbours, and are cut', () => {
  expect(intervalText([7, 2, 1, 3, 3, 'x', 2.5])).toBe('1..3 7 "x" 2.5');
  expect(intervalText(Array.from({ length: 1000 }, (_, i) => 2 * i))).toMatch(/^0 2 4 .* 98 …$/);
});

it('series stay small and even', () => {
  const series = new Series<number>();
  for (let i = 0; i < 100_000; i++) series.add(i);
  const { points } = series;
  expect(points.length).toBeLessThan(512);
  expect(new Set(points.map((point, i) => point - (points[i - 1] ?? -256))).size).toBe(1);
});
