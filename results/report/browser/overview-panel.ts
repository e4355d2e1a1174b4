/**
 * The whole run, always: rate of answers, faults below, anomalies above, and a window on what the charts show.
 */
import { lowerBound, OK, PENDING } from './operations.ts';
import { drawRowName } from './frame.ts';
import type { Frame, Panel, View } from './frame.ts';
import { faultColour } from './theme.ts';

const MARKER_HEIGHT = 9;
const FAULT_HEIGHT = 6;
const FULL_HEIGHT_SHARE = 0.98;

export interface OverviewPanel extends Panel {
  /** Time at a place on the overview, which does not follow the viewport. */
  timeAt(frame: Pick<Frame, 'left' | 'right'>, x: number): number;
}

export function overviewPanel(view: View): OverviewPanel {
  const { data, operations, viewport } = view;
  const height = 46;
  const okEnds: number[] = [];
  const otherEnds: number[] = [];
  for (let row = 0; row < operations.count; row++) {
    const outcome = operations.outcome[row];
    if (outcome !== PENDING) (outcome === OK ? okEnds : otherEnds).push(operations.end[row] as number);
  }
  okEnds.sort((a, b) => a - b);
  otherEnds.sort((a, b) => a - b);
  const place = ({ left, right }: Pick<Frame, 'left' | 'right'>, time: number): number =>
    left + ((time - viewport.min) / (viewport.max - viewport.min)) * (right - left);

  const drawRates = (frame: Frame, top: number, bottom: number): void => {
    const { pen, left, right, theme } = frame;
    const bins = Math.max(1, Math.floor((right - left) / 3));
    const count = (ends: readonly number[], bin: number): number => {
      const edge = (i: number): number => viewport.min + ((viewport.max - viewport.min) * i) / bins;
      return lowerBound(ends, edge(bin + 1)) - lowerBound(ends, edge(bin));
    };
    const counts = Array.from(
      { length: bins },
      (_, bin) => [count(okEnds, bin), count(otherEnds, bin)] as const,
    );
    // A burst, such as the final reads, must not flatten the rest: what is higher is cut.
    const sums = counts.map(([ok, other]) => ok + other).sort((a, b) => a - b);
    const most = Math.max(1, sums[Math.floor(sums.length * FULL_HEIGHT_SHARE)] ?? 1);
    const scale = (bottom - top) / most;
    counts.forEach(([ok, other], bin) => {
      const at = left + (bin * (right - left)) / bins;
      pen.fillStyle = theme.outcomes[0];
      const okTop = Math.max(top, bottom - ok * scale);
      pen.fillRect(at, okTop, 2, bottom - okTop);
      pen.fillStyle = theme.outcomes[2];
      const otherTop = Math.max(top, bottom - (ok + other) * scale);
      pen.fillRect(at, otherTop, 2, okTop - otherTop);
    });
  };

  const drawWindow = (frame: Frame): void => {
    const { pen, theme, left, right } = frame;
    const from = place(frame, viewport.from);
    const to = Math.max(place(frame, viewport.to), from + 2);
    pen.fillStyle = theme.surface;
    pen.globalAlpha = 0.72;
    pen.fillRect(left, MARKER_HEIGHT, from - left, height);
    pen.fillRect(to, MARKER_HEIGHT, right - to, height);
    pen.globalAlpha = 1;
    pen.strokeStyle = theme.text;
    pen.lineWidth = 1.5;
    pen.strokeRect(from, MARKER_HEIGHT + 0.75, to - from, height - MARKER_HEIGHT - 1.5);
  };

  return {
    label: 'Overview of the whole run: rate of answers, faults and anomalies',
    height,
    isShaded: false,
    timeAt: ({ left, right }, x) =>
      viewport.min + ((x - left) / (right - left)) * (viewport.max - viewport.min),
    draw(frame) {
      const { pen, theme } = frame;
      const faultTop = height - FAULT_HEIGHT - 2;
      drawRowName(frame, 'whole run', (MARKER_HEIGHT + height) / 2);
      drawRates(frame, MARKER_HEIGHT + 2, faultTop - 1);
      for (const fault of data.faults) {
        const from = place(frame, fault.start);
        pen.fillStyle = faultColour(theme, view.kinds.indexOf(fault.fault));
        pen.fillRect(
          from,
          faultTop,
          Math.max(2, place(frame, fault.end ?? data.duration) - from),
          FAULT_HEIGHT,
        );
      }
      if (!viewport.isWhole) drawWindow(frame);
      pen.fillStyle = theme.witness;
      for (const anomaly of data.anomalies) {
        const row = anomaly.operations.at(-1);
        const time = row === undefined ? anomaly.events.at(-1)?.time : operations.start[row];
        if (time === undefined) continue;
        const at = place(frame, time);
        pen.beginPath();
        pen.moveTo(at - 5, 0);
        pen.lineTo(at + 5, 0);
        pen.lineTo(at, MARKER_HEIGHT);
        pen.fill();
      }
    },
  };
}
