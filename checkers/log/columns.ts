/**
 * Columns of numbers that grow: a million rows in typed arrays, where a million objects would not fit.
 *
 *     const offsets = new FloatColumn();
 *     offsets.push(2 ** 40); // 0, the row
 *     offsets.at(0);         // 2 ** 40
 *
 * In memory that the garbage collector does not count: see transactions/columns.ts.
 */
import { int32Column } from '../transactions/columns.ts';

const INITIAL_CAPACITY = 1024;

/** 32-bit integers. */
export class IntColumn {
  #values: Int32Array;
  length = 0;

  /** @param capacity - rows that are likely: growing means to copy, and makes work for the garbage collector */
  constructor(capacity = INITIAL_CAPACITY) {
    this.#values = int32Column(Math.max(1, capacity));
  }

  push(value: number): number {
    if (this.length === this.#values.length) {
      const grown = int32Column(this.length * 2);
      grown.set(this.#values);
      this.#values = grown;
    }
    this.#values[this.length] = value;
    return this.length++;
  }

  at(row: number): number {
    return this.#values[row] as number;
  }

  set(row: number, value: number): void {
    this.#values[row] = value;
  }
}

/** Numbers as they are: offsets, which go beyond 2³². */
export class FloatColumn {
  #values: Float64Array;
  length = 0;

  constructor(capacity = INITIAL_CAPACITY) {
    this.#values = float64Column(Math.max(1, capacity));
  }

  push(value: number): number {
    if (this.length === this.#values.length) {
      const grown = float64Column(this.length * 2);
      grown.set(this.#values);
      this.#values = grown;
    }
    this.#values[this.length] = value;
    return this.length++;
  }

  at(row: number): number {
    return this.#values[row] as number;
  }

  set(row: number, value: number): void {
    this.#values[row] = value;
  }
}

/** Zeros. */
export function float64Column(length: number): Float64Array {
  return new Float64Array(new SharedArrayBuffer(length * Float64Array.BYTES_PER_ELEMENT));
}

/** The first place in `from` … `to` (excluded) of an ascending array whose value is not below `value`; `to` if none. */
export function lowerBound(values: Float64Array, value: number, from: number, to: number): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((values[middle] as number) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The last row of an ascending column whose value is not above `value`; -1 if none. */
export function lastAtMost(column: IntColumn, value: number): number {
  let low = 0;
  let high = column.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (column.at(middle) <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
