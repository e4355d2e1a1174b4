/** Brings an anomaly into view: its operations numbered, its key in front, the range of time around it. */
import type { AnomalyRow } from '../report-data.ts';
import { anomalyRange, MIN_SPAN_NS } from './anomaly-range.ts';
import type { Stage } from './stage.ts';

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
