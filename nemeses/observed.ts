/** Sums and selections of the counters that a cluster reports of a fault. */
import type { Observed } from '../harness/cluster/cluster.ts';

export function addObserved(a: Observed, b: Observed): Observed {
  const sum: Record<string, number> = { ...a };
  for (const [counter, count] of Object.entries(b)) sum[counter] = (sum[counter] ?? 0) + count;
  return sum;
}

/** Whether any of the counters moved. */
export const anyObserved = (observed: Observed, counters: readonly string[]): boolean =>
  counters.some((counter) => (observed[counter] ?? 0) > 0);

/** Those counters alone. */
export const pickObserved = (observed: Observed, counters: readonly string[]): Observed =>
  Object.fromEntries(Object.entries(observed).filter(([counter]) => counters.includes(counter)));
