/**
 * For every element of a set: which reads had it, which had not, as far as its fate depends on it. One pass over the reads
 * from the last invoked to the first.
 *
 * The last read that has an element is the first that this pass finds it in. For the last that lacks it, the elements
 * which no read lacked so far are kept in a list; those of them that a read does have stay on it, so the list is never longer
 * than the read before, and all passes over it together cost no more than all reads are long. An element leaves the
 * list when the pass comes to its addition; of the reads that were invoked before that, only those in flight at the
 * time can lack it, and each looks at the additions within it.
 */
import type { Pace } from '../findings/pace.ts';
import { type AddedSet, elementsOf, type SetRead } from './collect-sets.ts';

const NONE = -1;

/** By element: places in `reads`, NONE where there is none. */
export interface Timelines {
  /** Of all reads that have it, the first to complete. */
  readonly firstSeen: Int32Array;
  /** The last invoked of those that have it, and of those that lack it and completed after the addition was invoked. */
  readonly lastPresent: Int32Array;
  readonly lastAbsent: Int32Array;
  /** The most copies of it in one read, and that read. */
  readonly copies: Int32Array;
  readonly copiesIn: Int32Array;
}

/**
 * @param onImpossible - called with the place in the read of an element that was not added, or not yet, or whose
 * addition failed; once a value. A read from before the addition counts for nothing else.
 * @returns undefined when time was up before it was done
 */
export function followElements(
  set: AddedSet,
  pace: Pace,
  onImpossible: (read: SetRead, place: number) => void,
): Timelines | undefined {
  const { elements, invokedAt, possibleAt, reads } = set;
  const size = elements.size;
  const none = (): Int32Array => new Int32Array(size).fill(NONE);
  const firstSeen = none();
  const lastPresent = none();
  const lastAbsent = none();
  const copies = new Int32Array(size);
  const copiesIn = none();
  const mark = none();
  const copiesHere = new Int32Array(size);
  const isReported = new Uint8Array(size);
  const strangers = new Set<string>();

  // The numbers of elements are in the order of their invocations.
  const candidates = Int32Array.from({ length: size }, (_, id) => id);
  let candidateCount = size;

  const order = Int32Array.from(reads.keys()).sort(
    (a, b) => (reads[b] as SetRead).invocation.index - (reads[a] as SetRead).invocation.index,
  );
  for (const place of order) {
    const read = reads[place] as SetRead;
    const invokedIndex = read.invocation.index;
    const completedIndex = read.completion.index;
    const values = elementsOf(read);
    if (pace.spend(values.length + candidateCount)) return undefined;
    for (let i = 0; i < values.length; i++) {
      const value = values[i] as (typeof values)[number];
      const id = elements.find(value);
      if (id === NONE) {
        const text = JSON.stringify(value);
        if (!strangers.has(text)) onImpossible(read, i);
        strangers.add(text);
        continue;
      }
      if (mark[id] === place) {
        copiesHere[id] = (copiesHere[id] as number) + 1;
      } else {
        mark[id] = place;
        copiesHere[id] = 1;
        const isFuture = (invokedAt[id] as number) > completedIndex;
        if ((possibleAt[id] as number) > completedIndex && isReported[id] === 0) {
          isReported[id] = 1;
          onImpossible(read, i);
        }
        if (isFuture) continue;
        if (lastPresent[id] === NONE) lastPresent[id] = place;
        // `reads` are in the order of their completions.
        if (firstSeen[id] === NONE || place < (firstSeen[id] as number)) firstSeen[id] = place;
      }
      if (copiesHere[id] > (copies[id] as number)) {
        copies[id] = copiesHere[id];
        copiesIn[id] = place;
      }
    }
    let kept = 0;
    for (let i = 0; i < candidateCount; i++) {
      const id = candidates[i] as number;
      if ((invokedAt[id] as number) > invokedIndex) continue;
      if (mark[id] === place) candidates[kept++] = id;
      else lastAbsent[id] = place;
    }
    candidateCount = kept;
    for (let id = firstInvokedAfter(invokedAt, invokedIndex); id < size; id++) {
      if ((invokedAt[id] as number) > completedIndex) break;
      if (mark[id] !== place && lastAbsent[id] === NONE) lastAbsent[id] = place;
    }
  }
  return { firstSeen, lastPresent, lastAbsent, copies, copiesIn };
}

/** The first element whose addition was invoked after an index, by halving. */
function firstInvokedAfter(invokedAt: readonly number[], index: number): number {
  let low = 0;
  let high = invokedAt.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((invokedAt[middle] as number) > index) high = middle;
    else low = middle + 1;
  }
  return low;
}
