/**
 * Observations against an order of changes that is already known: can each be placed between two changes where it
 * finds what it saw?
 *
 *     changes       write 1, write 2, write 1     in this order
 *     observations  read 1                        after the first or the third, as its times allow
 *
 * Gap g is what is there after g changes. An observation may stand in a gap when no change before it was called
 * after its return, and none after it returned before its call; both bounds grow with g, so that the gaps it may
 * stand in are a range. Each takes the first that fits, in the order of their calls, and not before one that it
 * follows in time: when that fails, no other choice within this order of changes does better. It looks at the gaps of
 * its range one by one: about as many as operations are open at a time.
 */
import { lowerBound } from './zones.ts';

export interface KnownOrder {
  /** Of each change, in order. The order fits the times of the changes themselves. */
  readonly calledAt: Int32Array;
  readonly returnedAt: Int32Array;
}

export interface Observation {
  readonly calledAt: number;
  readonly returnedAt: number;
  /** Whether it finds there what it saw. */
  readonly fits: (gap: number) => boolean;
}

/** Number of the first observation that has no place; -1 where all have one. `observations` in the order of calls. */
export function placeObservations(order: KnownOrder, observations: readonly Observation[]): number {
  const changes = order.calledAt.length;
  /** By gap: the latest call of the changes before, and the earliest return of those after. */
  const latestCall = new Int32Array(changes + 1).fill(-1);
  const earliestReturn = new Int32Array(changes + 1).fill(0x7fff_ffff);
  for (let i = 0; i < changes; i++) {
    latestCall[i + 1] = Math.max(latestCall[i] as number, order.calledAt[i] as number);
  }
  for (let i = changes - 1; i >= 0; i--) {
    earliestReturn[i] = Math.min(earliestReturn[i + 1] as number, order.returnedAt[i] as number);
  }
  // Those placed so far, by return: how far the ones that returned before a call have come.
  const floor = new RunningFloor(observations);
  for (const [i, { calledAt, returnedAt, fits }] of observations.entries()) {
    const from = Math.max(lowerBound(earliestReturn, calledAt), floor.before(calledAt));
    const to = lowerBound(latestCall, returnedAt) - 1;
    let gap = from;
    while (gap <= to && !fits(gap)) gap++;
    if (gap > to) return i;
    floor.place(i, gap);
  }
  return -1;
}

/** The latest gap among the observations that had returned by a time; times are asked in ascending order. */
class RunningFloor {
  readonly #byReturn: readonly number[];
  readonly #returnedAt: readonly number[];
  readonly #gaps: Int32Array;
  #next = 0;
  #floor = 0;

  constructor(observations: readonly Observation[]) {
    this.#returnedAt = observations.map(({ returnedAt }) => returnedAt);
    this.#byReturn = observations
      .map((_, i) => i)
      .sort((a, b) => (this.#returnedAt[a] as number) - (this.#returnedAt[b] as number));
    this.#gaps = new Int32Array(observations.length);
  }

  place(observation: number, gap: number): void {
    this.#gaps[observation] = gap;
  }

  before(time: number): number {
    for (; this.#next < this.#byReturn.length; this.#next++) {
      const observation = this.#byReturn[this.#next] as number;
      if ((this.#returnedAt[observation] as number) > time) break;
      this.#floor = Math.max(this.#floor, this.#gaps[observation] as number);
    }
    return this.#floor;
  }
}
