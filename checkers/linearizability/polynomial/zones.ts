/**
 * Blocks: sets of operations that take effect in one stretch, without one of another block between. A write and the
 * reads of what it wrote are one; so are an acquisition of a lock and its release.
 *
 * Of a block only two times matter: the first return *f* and the last call *s*. A block has to come before another
 * when one of its operations returned before one of the other's was called: when its f is before the other's s.
 * Blocks can be ordered if, and only if, no two have to come before each other: in a longer circle the block with
 * the smallest f and the one before it are such two.
 *
 * In the words of Gibbons and Korach (Testing shared memories, 1997): a block with f < s is a forward zone, one
 * with s < f a backward zone; two forward zones must not overlap, and a backward zone must not lie in a forward one.
 */

/** By block. Times are indexes of the history. */
export interface Blocks {
  readonly count: number;
  readonly firstReturn: Int32Array;
  readonly lastCall: Int32Array;
}

/** Two blocks that have to come before each other; null where all can be ordered. */
export function findCrossing({ count, firstReturn, lastCall }: Blocks): readonly [number, number] | null {
  const sorted = sortedBy(firstReturn, count);
  const returns = Int32Array.from(sorted, (block) => firstReturn[block] as number);
  /** Of the blocks sorted so far, the one that was called last. */
  const latest = new Int32Array(count);
  let last = -1;
  for (let i = 0; i < count; i++) {
    const block = sorted[i] as number;
    const first = returns[i] as number;
    const call = lastCall[block] as number;
    // Those whose first return is before both of this one's times.
    const before = call < first ? lowerBound(returns, call, i) : i;
    if (before > 0) {
      const other = latest[before - 1] as number;
      if ((lastCall[other] as number) > first) return [other, block];
    }
    if (last < 0 || call > (lastCall[last] as number)) last = block;
    latest[i] = last;
  }
  return null;
}

/** An order that fits; only where there is no crossing. */
export function orderBlocks({ count, firstReturn, lastCall }: Blocks): Int32Array {
  const from = new Int32Array(count);
  for (let i = 0; i < count; i++) from[i] = Math.min(firstReturn[i] as number, lastCall[i] as number);
  return sortedBy(from, count);
}

/** The numbers 0 … count − 1 in the order of their keys. */
export function sortedBy(keys: Int32Array, count: number): Int32Array {
  const order = new Int32Array(count);
  let isSorted = true;
  for (let i = 0; i < count; i++) {
    order[i] = i;
    if (i > 0 && (keys[i] as number) < (keys[i - 1] as number)) isSorted = false;
  }
  return isSorted ? order : order.sort((a, b) => (keys[a] as number) - (keys[b] as number) || a - b);
}

/** How many of the first `length` sorted values are below `bound`. */
export function lowerBound(values: Int32Array, bound: number, length: number = values.length): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((values[middle] as number) < bound) low = middle + 1;
    else high = middle;
  }
  return low;
}
