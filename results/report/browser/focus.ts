/** Brings an anomaly into view: its operations numbered, its key in front, the range of time around it. */
import type { AnomalyRow } from '../report-data.ts';
import type { Stage } from './stage.ts';

/** Left and right of the witness, as shares of its length. */
const PADDING_SHARE = 0.35;
/** A witness shorter than this is shown with some surroundings. */
const MIN_SPAN_NS = 2e6;

/** Nanoseconds; null when nothing of the anomaly has a time. */
export function anomalyRange(
  { data, operations }: Stage,
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

export function showAnomaly(stage: Stage, anomaly: AnomalyRow): void {
  stage.witness = anomaly.operations;
  stage.events = anomaly.events;
  stage.keyFilter = anomaly.key === null ? -1 : stage.data.texts.indexOf(anomaly.key);
  const range = anomalyRange(stage, anomaly);
  if (range !== null) stage.viewport.show(...range);
  stage.schedule();
}

/** Brings one operation into the middle, no nearer than the reader already is, unless that hides it. */
export function showOperation(stage: Stage, row: number): void {
  const start = stage.operations.start[row] as number;
  const end = Math.min(stage.operations.end[row] as number, stage.data.duration);
  const { from, to, span } = stage.viewport;
  const wanted = Math.max(4 * (end - start), MIN_SPAN_NS);
  if (start >= from && end <= to && span <= 20 * wanted) return;
  const middle = (start + end) / 2;
  stage.viewport.show(middle - wanted / 2, middle + wanted / 2);
}
