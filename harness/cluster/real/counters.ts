/** Sums of what faults were seen to do, by fault: a cut, a degraded link, a clock. */
import type { Observed } from '../cluster.ts';

export class Counters {
  readonly #sums = new Map<string, Record<string, number>>();

  add(key: string, observed: Observed): void {
    let sums = this.#sums.get(key);
    if (sums === undefined) this.#sums.set(key, (sums = {}));
    for (const [name, count] of Object.entries(observed)) sums[name] = (sums[name] ?? 0) + count;
  }

  get(key: string): Observed {
    return this.#sums.get(key) ?? {};
  }

  /** What was counted since it was last taken. */
  take(key: string): Observed {
    const observed = this.get(key);
    this.#sums.delete(key);
    return observed;
  }
}
