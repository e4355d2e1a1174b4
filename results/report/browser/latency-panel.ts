/**
 * Latency of every completed operation over its invocation, on a logarithmic axis; a strip a function. Dots are ok,
 * crosses fail, triangles info. What took no time at all, as it can in virtual time, has a line of its own below the others.
 */
import { formatDuration } from './format.ts';
import { FAIL, INFO, lowerBound, OK, PENDING } from './operations.ts';
import { clipToPlot, drawRowName, fitText, SMALL_FONT } from './frame.ts';
import type { Frame, Hit, Panel, Pen, View } from './frame.ts';
import { decades } from './ticks.ts';
import { describe } from './words.ts';

const STRIP_HEIGHT = 120;
const PADDING_TOP = 24;
const PADDING_BOTTOM = 8;
/** Of the line of 0 below the shortest. */
const ZERO_HEIGHT = 16;
const DOT = 3;
/** A cross or triangle hides others nearer than this. */
const MARK = 3;
const DIMMED_SHARE = 0.12;
const MAX_NAME_PX = 160;
const HIT_RADIUS_PX = 8;
/** Functions beyond these share the last strip. */
const MAX_STRIPS = 6;

export function latencyPanel(view: View): Panel {
  const { data, operations } = view;
  const functions = [...new Set(operations.f)];
  const strips = Math.min(MAX_STRIPS, Math.max(1, functions.length));
  const stripOf = new Map(functions.map((f, i) => [f, Math.min(i, strips - 1)]));
  const names = Array.from({ length: strips }, (_, i) =>
    functions.length > strips && i === strips - 1
      ? 'others'
      : (data.texts[functions[i] ?? -1] ?? 'no operations'),
  );
  let [shortest, longest, zeroHeight] = [Infinity, 0, 0];
  for (let row = 0; row < operations.count; row++) {
    if (operations.outcome[row] === PENDING) continue;
    const latency = (operations.end[row] as number) - (operations.start[row] as number);
    if (latency > 0) shortest = Math.min(shortest, latency);
    else zeroHeight = ZERO_HEIGHT;
    longest = Math.max(longest, latency);
  }
  const scale = decades(Number.isFinite(shortest) ? shortest : 1e6, longest);
  const [bottomLog, topLog] = [Math.log10(scale[0] ?? 1), Math.log10(scale.at(-1) ?? 10)];
  const scaleHeight = STRIP_HEIGHT - PADDING_TOP - PADDING_BOTTOM - zeroHeight;
  const yOf = (strip: number, latency: number): number => {
    const lowest = (strip + 1) * STRIP_HEIGHT - PADDING_BOTTOM;
    if (latency <= 0) return lowest;
    const share = (Math.log10(latency) - bottomLog) / (topLog - bottomLog);
    return lowest - zeroHeight - share * scaleHeight;
  };
  // Panning and zooming move points sideways only.
  const ys = Float32Array.from({ length: operations.count }, (_, row) => {
    const latency = (operations.end[row] as number) - (operations.start[row] as number);
    return Number.isFinite(latency) ? yOf(stripOf.get(operations.f[row] as number) ?? 0, latency) : NaN;
  });
  const point = ({ x }: Frame, row: number): readonly [x: number, y: number] => [
    x(operations.start[row] as number),
    ys[row] as number,
  ];
  const inSight = (visit: (row: number) => void): void => {
    const { from, to } = view.viewport;
    for (let row = lowerBound(operations.start, from); row < operations.count; row++) {
      if ((operations.start[row] as number) > to) return;
      if (operations.outcome[row] !== PENDING) visit(row);
    }
  };

  const drawAxes = (frame: Frame): void => {
    const { pen, theme, left, right } = frame;
    const every = Math.ceil((scale.length * 16) / scaleHeight);
    const drawLine = (y: number, name: string): void => {
      pen.fillStyle = theme.line;
      pen.fillRect(left, Math.round(y), right - left, 0.5);
      drawRowName(frame, name, y);
    };
    names.forEach((_, strip) => {
      pen.font = SMALL_FONT;
      scale.forEach((value, i) => {
        drawLine(yOf(strip, value), i % every === 0 ? formatDuration(value).replace(/\.0+ /, ' ') : '');
      });
      if (zeroHeight > 0) drawLine(yOf(strip, 0), '0');
      pen.fillStyle = theme.line;
      if (strip > 0) pen.fillRect(left, strip * STRIP_HEIGHT, right - left, 1);
    });
  };

  const drawNames = ({ pen, theme, left }: Frame): void => {
    pen.font = `bold ${SMALL_FONT}`;
    names.forEach((name, strip) => {
      const text = fitText(pen, name, MAX_NAME_PX);
      const y = strip * STRIP_HEIGHT + 10;
      pen.fillStyle = theme.surface;
      pen.fillRect(left + 3, y - 8, pen.measureText(text).width + 8, 16);
      pen.fillStyle = theme.text;
      pen.fillText(text, left + 7, y);
    });
  };

  const drawPoints = (frame: Frame): void => {
    const { pen, theme } = frame;
    // What the filter leaves out lies below what it shows.
    for (const isShown of view.keyFilter < 0 ? [true] : [false, true]) {
      for (const outcome of [OK, FAIL, INFO] as const) drawOutcome(frame, outcome, isShown);
    }
    pen.globalAlpha = 1;
    pen.lineWidth = 2;
    for (const row of view.witness) ring(frame, row, theme.witness);
    if (view.selected >= 0) ring(frame, view.selected, theme.text);
  };

  const drawOutcome = (
    frame: Frame,
    outcome: typeof OK | typeof FAIL | typeof INFO,
    isShown: boolean,
  ): void => {
    const { pen, theme, width, height } = frame;
    // Where marks are dense, one in a square of a few pixels says as much.
    const size = outcome === OK ? 1 : MARK;
    const columns = Math.ceil(width / size) + 1;
    const painted = new Uint8Array(columns * (Math.ceil(height / size) + 1));
    pen.globalAlpha = (isShown ? 1 : DIMMED_SHARE) * (outcome === OK ? 0.6 : 0.85);
    pen.strokeStyle = pen.fillStyle = theme.outcomes[outcome];
    pen.lineWidth = 1.5;
    pen.beginPath();
    inSight((row) => {
      if (operations.outcome[row] !== outcome || view.isShown(row) !== isShown) return;
      const x = frame.x(operations.start[row] as number);
      const y = ys[row] as number;
      const cell = Math.round(y / size) * columns + Math.round(x / size);
      if (painted[cell] === 1) return;
      painted[cell] = 1;
      if (outcome === OK) pen.fillRect(x - DOT / 2, y - DOT / 2, DOT, DOT);
      else if (outcome === FAIL) cross(pen, x, y);
      else triangle(pen, x, y);
    });
    if (outcome === FAIL) pen.stroke();
    else if (outcome === INFO) pen.fill();
  };

  const ring = (frame: Frame, row: number, colour: string): void => {
    if (operations.outcome[row] === PENDING) return;
    const [x, y] = point(frame, row);
    frame.pen.strokeStyle = colour;
    frame.pen.beginPath();
    frame.pen.arc(x, y, 6, 0, 2 * Math.PI);
    frame.pen.stroke();
  };

  return {
    label: `Latency of ${operations.count} operations by function and outcome. The statistics table has the quantiles.`,
    height: strips * STRIP_HEIGHT,
    isShaded: true,
    draw(frame) {
      drawAxes(frame);
      clipToPlot(frame, () => drawPoints(frame));
      drawNames(frame);
    },
    hit(frame, px, py): Hit | null {
      let nearest = -1;
      let distance = HIT_RADIUS_PX ** 2;
      inSight((row) => {
        const [x, y] = point(frame, row);
        const away = (x - px) ** 2 + (y - py) ** 2;
        if (away > distance || !view.isShown(row)) return;
        nearest = row;
        distance = away;
      });
      if (nearest < 0) return null;
      const words = describe(data, operations, nearest);
      const latency = (operations.end[nearest] as number) - (operations.start[nearest] as number);
      return {
        lines: [formatDuration(latency), words.sentence, words.outcome, words.when],
        operation: nearest,
      };
    },
  };
}

function cross(pen: Pen, x: number, y: number): void {
  pen.moveTo(x - 3, y - 3);
  pen.lineTo(x + 3, y + 3);
  pen.moveTo(x + 3, y - 3);
  pen.lineTo(x - 3, y + 3);
}

function triangle(pen: Pen, x: number, y: number): void {
  pen.moveTo(x, y - 4);
  pen.lineTo(x + 4, y + 3);
  pen.lineTo(x - 4, y + 3);
  pen.closePath();
}
