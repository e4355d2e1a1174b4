/**
 * Numbered places in the order, to be filled by operations that are as good as each other: additions of the same amount
 * between the reads of a counter, appends that nobody saw at offsets that nobody saw.
 *
 *     read → 0, slot 1, read → 1, slot 2, …       slot 1 lies after every read of 0 and before every read of 1
 *
 * Both bounds of the slots grow with their numbers, so that an operation can go into a range of slots. Taking for each
 * slot the operation whose range ends first fills them all if that can be done (Glover, Maximum matching in a convex
 * bipartite graph, 1967), and two operations that follow each other in time never need to stand the other way round.
 * Behind the last slot is room for any number. An operation of unknown outcome need not be placed; it is taken last.
 */
import type { JudgedOperation } from '../problem.ts';
import { NEVER } from '../problem.ts';
import { Heap } from './heap.ts';
import { lowerBound, sortedBy } from './zones.ts';

export interface Slots {
  /** Slots are numbered from 1 to this; the room behind them is one more. */
  readonly count: number;
  /** By slot: the operation before it that is called last, and the one after it that returns first; −1 for none. */
  readonly after: Int32Array;
  readonly before: Int32Array;
}

export interface Misfit {
  readonly slot: number;
  /** What has no place; undefined where nothing is left for the slot. */
  readonly filler?: number;
}

export function slotsOf(count: number): Slots {
  return { count, after: new Int32Array(count + 2).fill(-1), before: new Int32Array(count + 2).fill(-1) };
}

/** Why the slots cannot be filled, or not all fillers placed; null when they can. */
export function fillSlots(
  operations: readonly JudgedOperation[],
  fillers: readonly number[],
  { count, after, before }: Slots,
): Misfit | null {
  const calledAt = (operation: number): number => operations[operation]?.calledAt ?? -1;
  const returnedAt = (operation: number): number => operations[operation]?.returnedAt ?? NEVER;
  for (let slot = 2; slot <= count + 1; slot++) {
    const earlier = after[slot - 1] as number;
    if (calledAt(earlier) > calledAt(after[slot] as number)) after[slot] = earlier;
  }
  for (let slot = count; slot >= 0; slot--) {
    const later = before[slot + 1] as number;
    if (returnedAt(later) < returnedAt(before[slot] as number)) before[slot] = later;
  }
  const begins = after.map(calledAt);
  const ends = before.map(returnedAt);
  const firstSlot = Int32Array.from(fillers, (filler) => lowerBound(ends, calledAt(filler), count + 1));
  const lastSlot = Int32Array.from(fillers, (filler) => lowerBound(begins, returnedAt(filler)) - 1);
  const byFirst = sortedBy(firstSlot, fillers.length);
  const waiting = new Heap(
    (a, b) =>
      (lastSlot[a] as number) - (lastSlot[b] as number) ||
      returnedAt(fillers[a] as number) - returnedAt(fillers[b] as number),
  );
  let next = 0;
  for (let slot = 1; slot <= count; slot++) {
    for (; next < byFirst.length && (firstSlot[byFirst[next] as number] as number) <= slot; next++) {
      waiting.push(byFirst[next] as number);
    }
    const taken = waiting.pop();
    if (taken === undefined) return { slot };
    if ((lastSlot[taken] as number) < slot) return { slot, filler: fillers[taken] as number };
  }
  for (; next < byFirst.length; next++) waiting.push(byFirst[next] as number);
  const left = waiting.pop();
  if (left === undefined || (lastSlot[left] as number) > count) return null;
  return { slot: count + 1, filler: fillers[left] as number };
}
