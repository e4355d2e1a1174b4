/**
 * Figures for statistics: quantiles, intervals of numbers in a text, and series that stay small.
 *
 *     quantiles([5, 1, 9])                // { '0': 1, '0.5': 5, '0.95': 9, '0.99': 9, '1': 9 }
 *     intervalText([1, 2, 3, 7, 'x'])     // '1..3 7 "x"'
 */
import type { Json } from '../../harness/history/operation.ts';
import { show } from './findings.ts';

const QUANTILES = [0, 0.5, 0.95, 0.99, 1];
const INTERVALS_MAX = 50;
const POINTS_MAX = 512;

/** At 0, 0.5, 0.95, 0.99 and 1: exact ones, no interpolation. Null of nothing. */
export function quantiles(values: readonly number[]): { readonly [quantile: string]: number } | null {
  if (values.length === 0) return null;
  const sorted = Float64Array.from(values).sort();
  const at = (quantile: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * quantile))] as number;
  return Object.fromEntries(QUANTILES.map((quantile) => [String(quantile), at(quantile)]));
}

/** Whole numbers sorted and joined to intervals, then the other values; cut when it gets long. */
export function intervalText(values: readonly Json[]): string {
  const isWhole = (value: Json): value is number => Number.isSafeInteger(value);
  const numbers = Float64Array.from(values.filter(isWhole)).sort();
  const parts: string[] = [];
  let first: number | undefined;
  numbers.forEach((number, i) => {
    first ??= number;
    const next = numbers[i + 1];
    if (next === number + 1 || next === number) return;
    if (parts.length <= INTERVALS_MAX) parts.push(first === number ? `${number}` : `${first}..${number}`);
    first = undefined;
  });
  for (const value of values) {
    if (parts.length > INTERVALS_MAX) break;
    if (!isWhole(value)) parts.push(show(value));
  }
  return parts.length > INTERVALS_MAX ? `${parts.slice(0, INTERVALS_MAX).join(' ')} …` : parts.join(' ');
}

/** Points along a run for a plot: evenly thinned out when they become many. */
export class Series<T> {
  #points: T[] = [];
  #seen = 0;
  #stride = 1;

  add(point: T): void {
    if (this.#seen++ % this.#stride !== 0) return;
    this.#points.push(point);
    if (this.#points.length < POINTS_MAX) return;
    this.#points = this.#points.filter((_, i) => i % 2 === 0);
    this.#stride *= 2;
  }

  get points(): readonly T[] {
    return this.#points;
  }
}
