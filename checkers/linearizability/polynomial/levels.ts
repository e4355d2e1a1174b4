/**
 * Operations whose place in the order is known, or bounded, by what they saw: offsets, versions, sizes, sums.
 *
 *     append at offset 0    level 0        a read of one element   level 1
 *     append at offset 1    level 2        a poll that saw offset 0   level 1 or any higher one
 *
 * Of a lower level comes before of a higher level; operations of one level can stand in any order. There is an order
 * if, and only if, no operation returned before another was called that belongs to a level below all of its own: each
 * then takes the highest of its own least level and the least levels of those that precede it in time.
 */
import { place } from '../lineage.ts';
import type { Refutation } from '../lineage.ts';
import type { Model } from '../model.ts';
import type { JudgedOperation } from '../problem.ts';

/** Above all levels. */
export const ANY_LEVEL = 0x7fff_ffff;

export interface Levels {
  /** How many there are. */
  readonly count: number;
  /** By operation; below 0 where it takes no part. */
  readonly least: Int32Array;
  /** By operation: ANY_LEVEL where there is no upper bound. */
  readonly most: Int32Array;
}

/** An operation that had returned before another was called that has to come before it; null where there is none. */
export function findLevelInversion(
  operations: readonly JudgedOperation[],
  { count, least, most }: Levels,
): readonly [later: number, earlier: number] | null {
  const firstReturn = new Int32Array(count).fill(-1);
  const lastCall = new Int32Array(count).fill(-1);
  const returnedAt = (operation: number): number => (operations[operation] as JudgedOperation).returnedAt;
  const calledAt = (operation: number): number => (operations[operation] as JudgedOperation).calledAt;
  for (let operation = 0; operation < operations.length; operation++) {
    const low = least[operation] as number;
    const high = most[operation] as number;
    if (low < 0) continue;
    if (low < count) {
      const first = firstReturn[low] as number;
      if (first < 0 || returnedAt(operation) < returnedAt(first)) firstReturn[low] = operation;
    }
    if (high < count) {
      const last = lastCall[high] as number;
      if (last < 0 || calledAt(operation) > calledAt(last)) lastCall[high] = operation;
    }
  }
  let latest = -1;
  for (let level = 0; level < count; level++) {
    const first = firstReturn[level] as number;
    if (first >= 0 && latest >= 0 && returnedAt(first) < calledAt(latest)) return [first, latest];
    const last = lastCall[level] as number;
    if (last >= 0 && (latest < 0 || calledAt(last) > calledAt(latest))) latest = last;
  }
  return null;
}

/** @param since - what shows the order: `as the offsets show` */
export function describeLevelInversion(
  model: Model,
  name: string,
  operations: readonly JudgedOperation[],
  [later, earlier]: readonly [number, number],
  since: string,
): Refutation {
  const [one, other] = [operations[later] as JudgedOperation, operations[earlier] as JudgedOperation];
  return {
    test: 'inverted-order',
    explanation:
      `${model.describeCall(one.call, name)} ${place(one)}, and came after the ` +
      `${model.describeCall(other.call, name)} ${place(other)}, ${since}; but it had completed before that began.`,
    operations: [one, other],
  };
}
