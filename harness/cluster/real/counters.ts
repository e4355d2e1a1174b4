/** Sums of what faults were seen to do, by fault: a cut, a degraded link, a clock. */
import type { Observed } from '../cluster.ts';

export class Counters {
  readonly #sums = new Map<string, Observed>();

  add(key: string, observed: Observed): void {
    this.#sums.set(key, sumObserved([this.get(key), observed]));
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

export function sumObserved(parts: readonly Observed[]): Observed {
  const sum: Record<string, number> = {};
  for (const part of parts) {
    for (const [name, count] of Object.entries(part)) sum[name] = (sum[name] ?? 0) + count;
  }
  return sum;
}
