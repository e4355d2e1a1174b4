/** Where in time an anomaly is. */
import type { AnomalyRow } from '../report-data.ts';
import type { View } from './frame.ts';

/** Left and right of the witness, as shares of its length. */
const PADDING_SHARE = 0.35;
/** A witness shorter than this is shown with some surroundings. */
export const MIN_SPAN_NS = 2e6;

/** Nanoseconds; null when nothing of the anomaly has a time. */
export function anomalyRange(
  { data, operations }: View,
  anomaly: AnomalyRow,
): readonly [number, number] | null {
  let [from, to] = [Infinity, -Infinity];
  const include = (time: number): void => {
    from = Math.min(from, time);
    to = Math.max(to, Math.min(time, data.duration));
  };
  for (const row of anomaly.operations) {
    include(operations.start[row] as number);
    // One that never completed would stretch the range to the end of the run.
    if (Number.isFinite(operations.end[row])) include(operations.end[row] as number);
  }
  for (const event of anomaly.events) include(event.time);
  if (from > to) return null;
  const padding = Math.max((to - from) * PADDING_SHARE, MIN_SPAN_NS / 2);
  return [from - padding, to + padding];
}
