/** Completions a second by outcome, over the part of the run in view. */
import { formatCount, formatTime } from './format.ts';
import { FAIL, INFO, lowerBound, OK } from './operations.ts';
import { clipToPlot, drawRowName } from './frame.ts';
import type { Frame, Hit, Panel, View } from './frame.ts';
import { linearTicks } from './ticks.ts';

const HEIGHT = 160;
const PADDING_TOP = 10;
const BIN_PX = 7;
/** Fewer completions in a bin and the rate is noise. */
const PER_BIN = 6;
const MIN_BINS = 12;
const TICKS = 4;
const SERIES = [OK, FAIL, INFO] as const;
/** Told apart without their colours. */
const DASHES = [[], [6, 3], [2, 3]] as const;

export function ratePanel(view: View): Panel {
  const { operations, viewport } = view;
  let ends: readonly (readonly number[])[] = [];
  let endsFilter = NaN;
  const binned = (frame: Frame) => {
    if (endsFilter !== view.keyFilter) {
      ends = SERIES.map((outcome) => {
        const own: number[] = [];
        for (let row = 0; row < operations.count; row++) {
          if (operations.outcome[row] === outcome && view.isShown(row))
            own.push(operations.end[row] as number);
        }
        return own.sort((a, b) => a - b);
      });
      endsFilter = view.keyFilter;
    }
    const { from, to } = viewport;
    const inView = ends.reduce((sum, own) => sum + lowerBound(own, to) - lowerBound(own, from), 0);
    const widest = Math.floor((frame.right - frame.left) / BIN_PX);
    const bins = Math.max(1, Math.min(widest, Math.max(MIN_BINS, Math.ceil(inView / PER_BIN))));
    const seconds = viewport.span / bins / 1e9;
    const edge = (i: number): number => viewport.from + (viewport.span * i) / bins;
    const rates = ends.map((own) =>
      Array.from(
        { length: bins },
        (_, bin) => (lowerBound(own, edge(bin + 1)) - lowerBound(own, edge(bin))) / seconds,
      ),
    );
    const most = rates.reduce((highest, own) => own.reduce((a, b) => Math.max(a, b), highest), 0);
    return { bins, rates, most: most === 0 ? 1 : most * 1.05 };
  };

  return {
    label: 'Completions a second by outcome: ok, fail, info.',
    height: HEIGHT,
    isShaded: true,
    draw(frame) {
      const { pen, theme, left, right } = frame;
      const { bins, rates, most } = binned(frame);
      const y = (rate: number): number => HEIGHT - 2 - (rate / most) * (HEIGHT - 2 - PADDING_TOP);
      for (const rate of linearTicks(0, most, TICKS).values) {
        pen.fillStyle = theme.line;
        pen.fillRect(left, Math.round(y(rate)), right - left, 0.5);
        drawRowName(frame, `${formatCount(Number(rate.toPrecision(6)))} /s`, Math.min(y(rate), HEIGHT - 8));
      }
      clipToPlot(frame, () => {
        rates.forEach((own, series) => {
          pen.strokeStyle = theme.outcomes[series] ?? theme.text;
          pen.lineWidth = 2;
          pen.setLineDash([...(DASHES[series] ?? [])]);
          pen.beginPath();
          own.forEach((rate, bin) => {
            const [from, to] = [
              left + (bin * (right - left)) / bins,
              left + ((bin + 1) * (right - left)) / bins,
            ];
            if (bin === 0) pen.moveTo(from, y(rate));
            else pen.lineTo(from, y(rate));
            pen.lineTo(to, y(rate));
          });
          pen.stroke();
        });
        pen.setLineDash([]);
      });
    },
    hit(frame, px): Hit | null {
      if (px < frame.left || px > frame.right) return null;
      const { bins, rates } = binned(frame);
      const bin = Math.min(bins - 1, Math.floor(((px - frame.left) / (frame.right - frame.left)) * bins));
      const rate = (series: number): string => (rates[series]?.[bin] ?? 0).toFixed(1);
      const from = viewport.from + (viewport.span * bin) / bins;
      return {
        lines: [`ok ${rate(0)} /s, fail ${rate(1)} /s, info ${rate(2)} /s`, `from ${formatTime(from, 6)}`],
      };
    },
  };
}
