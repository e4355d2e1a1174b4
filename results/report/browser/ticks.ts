/**
 * Where axes have their marks.
 *
 *     linearTicks(0, 10, 5)    // { step: 2, values: [0, 2, 4, 6, 8, 10] }
 *     decades(3e5, 2e9)        // [1e5, 1e6, 1e7, 1e8, 1e9, 1e10]
 */

export interface Ticks {
  readonly step: number;
  readonly values: readonly number[];
}

/** Multiples of 1, 2 or 5 times a power of ten in the range, about `count` of them. */
export function linearTicks(from: number, to: number, count: number): Ticks {
  const rough = (to - from) / Math.max(1, count);
  if (!(rough > 0)) return { step: 1, values: [from] };
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((multiple) => multiple * power >= rough * 0.999) ?? 10) * power;
  const values: number[] = [];
  for (let i = Math.ceil(from / step - 1e-9); i * step <= to + step * 1e-9; i++) values.push(i * step + 0); // + 0: no −0
  return { step, values };
}

/** Digits behind the point that tell ticks of this step apart. @param step - in the axis's unit */
export function decimalsOf(step: number): number {
  return Math.min(9, Math.max(0, -Math.floor(Math.log10(step) + 1e-9)));
}

/** Powers of ten that enclose the range. */
export function decades(min: number, max: number): readonly number[] {
  const first = Math.floor(Math.log10(Math.max(1, min)) + 1e-9);
  const last = Math.max(first + 1, Math.ceil(Math.log10(Math.max(1, max)) - 1e-9));
  return Array.from({ length: last - first + 1 }, (_, i) => 10 ** (first + i));
}
