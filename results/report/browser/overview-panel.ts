/**
 * The whole run, always: rate of answers, faults below, anomalies above, a window on what the charts show, and when it begins and
 * ends, since the axis below it is that of the charts.
 */
import { formatTime } from './format.ts';
import { FAIL, INFO, lowerBound, OK } from './operations.ts';
import { drawRowName, SMALL_FONT } from './frame.ts';
import type { Frame, Panel, View } from './frame.ts';
import { faultColour } from './theme.ts';

const MARKER_HEIGHT = 9;
const FAULT_HEIGHT = 6;
/** Of its first and its last time. */
const TIMES_HEIGHT = 16;
/** From the bottom of a stack. */
const STACK = [OK, FAIL, INFO] as const;
const FULL_HEIGHT_SHARE = 0.98;

export interface OverviewPanel extends Panel {
  /** Time at a place on the overview, which does not follow the viewport. */
  timeAt(frame: Pick<Frame, 'left' | 'right'>, x: number): number;
}

export function overviewPanel(view: View): OverviewPanel {
  const { data, operations, viewport } = view;
  const height = 46 + TIMES_HEIGHT;
  const bottomOfPlot = height - TIMES_HEIGHT;
  const ends = STACK.map((): number[] => []);
  for (let row = 0; row < operations.count; row++)
    ends[operations.outcome[row] as number]?.push(operations.end[row] as number);
  for (const each of ends) each.sort((a, b) => a - b);
  const place = ({ left, right }: Pick<Frame, 'left' | 'right'>, time: number): number =>
    left + ((time - viewport.min) / (viewport.max - viewport.min)) * (right - left);

  const drawRates = (frame: Frame, top: number, bottom: number): void => {
    const { pen, left, right, theme } = frame;
    const bins = Math.max(1, Math.floor((right - left) / 3));
    const count = (ofOutcome: readonly number[], bin: number): number => {
      const edge = (i: number): number => viewport.min + ((viewport.max - viewport.min) * i) / bins;
      return lowerBound(ofOutcome, edge(bin + 1)) - lowerBound(ofOutcome, edge(bin));
    };
    const counts = Array.from({ length: bins }, (_, bin) => ends.map((each) => count(each, bin)));
    // A burst, such as the final reads, must not flatten the rest: what is higher is cut.
    const sums = counts.map((each) => each.reduce((a, b) => a + b, 0)).sort((a, b) => a - b);
    const most = Math.max(1, sums[Math.floor(sums.length * FULL_HEIGHT_SHARE)] ?? 1);
    const scale = (bottom - top) / most;
    counts.forEach((each, bin) => {
      const at = left + (bin * (right - left)) / bins;
      let [below, sum] = [bottom, 0];
      STACK.forEach((outcome, i) => {
        sum += each[i] ?? 0;
        const upTo = Math.max(top, bottom - sum * scale);
        pen.fillStyle = theme.outcomes[outcome];
        pen.fillRect(at, upTo, 2, below - upTo);
        below = upTo;
      });
    });
  };

  const drawWindow = (frame: Frame): void => {
    const { pen, theme, left, right } = frame;
    const from = place(frame, viewport.from);
    const to = Math.max(place(frame, viewport.to), from + 2);
    pen.fillStyle = theme.surface;
    pen.globalAlpha = 0.72;
    pen.fillRect(left, MARKER_HEIGHT, from - left, bottomOfPlot - MARKER_HEIGHT);
    pen.fillRect(to, MARKER_HEIGHT, right - to, bottomOfPlot - MARKER_HEIGHT);
    pen.globalAlpha = 1;
    pen.strokeStyle = theme.text;
    pen.lineWidth = 1.5;
    pen.strokeRect(from, MARKER_HEIGHT + 0.75, to - from, bottomOfPlot - MARKER_HEIGHT - 1.5);
  };

  const drawTimes = ({ pen, theme, width, left, right }: Frame): void => {
    const y = bottomOfPlot + TIMES_HEIGHT / 2 - 1;
    pen.font = SMALL_FONT;
    pen.fillStyle = theme.muted;
    pen.fillText(formatTime(viewport.min), left, y);
    pen.textAlign = 'right';
    pen.fillText(formatTime(viewport.max), right, y);
    pen.textAlign = 'left';
    pen.fillStyle = theme.line;
    pen.fillRect(0, height - 1, width, 1);
  };

  return {
    label: 'Overview of the whole run: rate of answers, faults and anomalies',
    height,
    isShaded: false,
    timeAt: ({ left, right }, x) =>
      viewport.min + ((x - left) / (right - left)) * (viewport.max - viewport.min),
    draw(frame) {
      const { pen, theme } = frame;
      const faultTop = bottomOfPlot - FAULT_HEIGHT - 2;
      drawRowName(frame, 'whole run', (MARKER_HEIGHT + bottomOfPlot) / 2);
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
      drawTimes(frame);
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
