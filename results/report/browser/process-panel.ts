/**
 * The clients: a row a thread, a bar an operation from invocation to completion.
 *
 * Filled: ok. Outlined: fail. Hatched: info, and it may take effect at any later time. Bars narrower than a pixel are
 * drawn once a pixel, and only those in sight are looked at, so that fifty thousand cost as little as fit the screen.
 */
import { FAIL, INFO, lowerBound, OK } from './operations.ts';
import { clipToPlot, drawRowName, fitText, SMALL_FONT } from './frame.ts';
import type { Frame, Hit, Ink, Panel, View } from './frame.ts';
import { describe } from './words.ts';

const PREFERRED_HEIGHT = 420;
const [MIN_ROW, MAX_ROW] = [6, 22];
/** Narrower bars have neither outline nor hatching. */
const MIN_DETAIL_PX = 4;
const MIN_LABEL_PX = 26;
const MIN_LABEL_HEIGHT = 12;
/** ok, fail, info, pending. */
const OUTCOMES = 4;
const HIT_SLACK_PX = 3;
const BADGE_RADIUS = 8;
const MAX_CALLOUTS = 12;
const MAX_CALLOUT_PX = 220;
/** Wider bars carry their label themselves. */
const MAX_CALLOUT_BAR_PX = 90;
const DIMMED = 0.15;

export function processPanel(view: View): Panel {
  const { data, operations } = view;
  const rowHeight = Math.min(
    MAX_ROW,
    Math.max(MIN_ROW, Math.floor(PREFERRED_HEIGHT / Math.max(1, data.threads))),
  );
  const barHeight = Math.max(4, Math.floor(rowHeight * 0.72));
  const topOf = (thread: number): number => thread * rowHeight + 2 + (rowHeight - barHeight) / 2;

  const bar = ({ x, left, right }: Frame, row: number): readonly [from: number, to: number] => {
    // Whole pixels: a bar of one pixel would else be two pale ones.
    const from = Math.round(Math.max(left - 4, x(operations.start[row] as number)));
    return [from, Math.round(Math.min(right + 4, Math.max(from + 1, x(operations.end[row] as number))))];
  };

  /** Calls back for every operation of a thread that reaches into the viewport. */
  const inSight = (thread: number, visit: (row: number) => void): void => {
    const own = operations.byThread[thread];
    if (own === undefined) return;
    const { from, to } = view.viewport;
    for (let i = lowerBound(own.latestEnd, from); i < own.rows.length; i++) {
      const row = own.rows[i] as number;
      if ((operations.start[row] as number) > to) return;
      visit(row);
    }
  };

  const drawThread = (frame: Frame, thread: number, hatch: Ink): void => {
    const { pen, theme } = frame;
    const top = topOf(thread);
    const labelled: number[] = [];
    for (const pass of [OK, FAIL] as const) {
      // Where the last bar of each look ended: what lies on the same pixel is there already.
      const painted = new Float64Array(2 * OUTCOMES).fill(-1);
      inSight(thread, (row) => {
        const outcome = operations.outcome[row] as number;
        if ((outcome === OK) !== (pass === OK)) return;
        const [from, to] = bar(frame, row);
        const width = to - from;
        const isShown = view.isShown(row);
        const look = isShown ? outcome : OUTCOMES + outcome;
        if (width <= 1 && from < (painted[look] as number)) return;
        painted[look] = Math.max(painted[look] as number, from + 1);
        pen.globalAlpha = isShown ? 1 : DIMMED;
        if (outcome === FAIL && width >= MIN_DETAIL_PX) {
          pen.strokeStyle = theme.outcomes[FAIL];
          pen.lineWidth = 1.5;
          pen.strokeRect(from + 0.75, top + 0.75, width - 1.5, barHeight - 1.5);
        } else {
          pen.fillStyle =
            outcome >= INFO && width >= MIN_DETAIL_PX ? hatch : (theme.outcomes[outcome] ?? theme.text);
          pen.fillRect(from, top, width, barHeight);
        }
        if (width > MIN_LABEL_PX && barHeight >= MIN_LABEL_HEIGHT) labelled.push(row);
      });
    }
    for (const row of labelled) drawLabel(frame, row, top);
    pen.globalAlpha = 1;
  };

  const drawLabel = (frame: Frame, row: number, top: number): void => {
    const { pen, theme, left, right } = frame;
    const [from, to] = bar(frame, row);
    const start = Math.max(from, left) + 4;
    const room = Math.min(to, right) - start - 3;
    if (room < MIN_LABEL_PX) return;
    const outcome = operations.outcome[row] as number;
    pen.globalAlpha = view.isShown(row) ? 1 : 0.7;
    const text = fitText(pen, describe(data, operations, row).short, room);
    if (outcome >= INFO) {
      pen.fillStyle = theme.surface;
      pen.fillRect(start - 2, top + 1, pen.measureText(text).width + 4, barHeight - 2);
    }
    if (!view.isShown(row)) pen.fillStyle = theme.muted;
    else pen.fillStyle = outcome === OK ? theme.onOk : outcome === FAIL ? theme.outcomes[FAIL] : theme.text;
    pen.fillText(text, start, top + barHeight / 2 + 0.5);
  };

  const outline = (frame: Frame, row: number, colour: string, width = 2): void => {
    const { pen } = frame;
    const [from, to] = bar(frame, row);
    const top = topOf(operations.thread[row] as number);
    pen.strokeStyle = colour;
    pen.lineWidth = width;
    pen.strokeRect(from - 1.5, top - 1.5, to - from + 3, barHeight + 3);
  };

  /** The number of each operation of the witness, as in its list. */
  const drawBadge = (frame: Frame, row: number, number: number): void => {
    const { pen, theme, left, right } = frame;
    const [from, to] = bar(frame, row);
    if (to < left || from > right) return;
    const at = Math.max(from, left + BADGE_RADIUS);
    const y = Math.max(BADGE_RADIUS + 1, topOf(operations.thread[row] as number) - 3);
    pen.beginPath();
    pen.arc(at, y, BADGE_RADIUS, 0, 2 * Math.PI);
    pen.fillStyle = theme.witness;
    pen.fill();
    pen.fillStyle = theme.surface;
    pen.textAlign = 'center';
    pen.font = `bold ${SMALL_FONT}`;
    pen.fillText(String(number), at, y + 0.5);
    pen.textAlign = 'left';
  };

  /** What the operations of the witness are, beside bars too narrow to say it; those that would overlap are left out. */
  const drawCallouts = (frame: Frame): void => {
    const { pen, theme, left, right, x } = frame;
    const placed: (readonly [from: number, to: number, thread: number])[] = [];
    pen.font = `bold ${SMALL_FONT}`;
    for (const row of view.witness.slice(0, MAX_CALLOUTS)) {
      const [from, to] = bar(frame, row);
      const thread = operations.thread[row] as number;
      if (to < left || from > right || x(operations.end[row] as number) - from > MAX_CALLOUT_BAR_PX) continue;
      const text = fitText(pen, describe(data, operations, row).short, MAX_CALLOUT_PX);
      const width = pen.measureText(text).width + 8;
      const start = to + 12 + width > right ? from - 12 - width : to + 12;
      const hides = (at: number, other: number): boolean =>
        (other === thread || other === thread + 1) &&
        at > start - BADGE_RADIUS &&
        at < start + width + BADGE_RADIUS;
      const isTaken =
        placed.some(([a, b, other]) => other === thread && start < b && start + width > a) ||
        view.witness.some(
          (other) => other !== row && hides(bar(frame, other)[0], operations.thread[other] as number),
        );
      if (isTaken) continue;
      placed.push([start, start + width, thread]);
      const top = topOf(thread);
      pen.fillStyle = theme.surface;
      pen.fillRect(start, top - 1, width, barHeight + 2);
      pen.strokeStyle = theme.witness;
      pen.lineWidth = 1;
      pen.strokeRect(start + 0.5, top - 0.5, width - 1, barHeight + 1);
      pen.fillStyle = theme.text;
      pen.fillText(text, start + 4, top + barHeight / 2 + 0.5);
    }
  };

  return {
    label: `Timeline of ${data.threads} client threads. The table of operations in view lists the same.`,
    height: Math.max(1, data.threads) * rowHeight + 4,
    isShaded: true,
    draw(frame) {
      const { pen, theme, left, right } = frame;
      const hatch = frame.hatch(theme.outcomes[INFO], theme.surface);
      const nameEvery = Math.ceil(14 / rowHeight);
      for (let thread = 0; thread < data.threads; thread++) {
        const middle = topOf(thread) + barHeight / 2;
        if (thread % nameEvery === 0) drawRowName(frame, `thread ${thread}`, middle);
        pen.fillStyle = theme.line;
        pen.fillRect(left, Math.round(middle), right - left, 0.5);
      }
      clipToPlot(frame, () => {
        pen.font = SMALL_FONT;
        for (let thread = 0; thread < data.threads; thread++) drawThread(frame, thread, hatch);
        // Those of other anomalies stay marked, faintly.
        for (const row of view.allWitnesses) outline(frame, row, theme.witness, 0.6);
        for (const row of view.witness) outline(frame, row, theme.witness);
        if (view.selected >= 0) outline(frame, view.selected, theme.text);
      });
      if (!view.viewport.isWhole) drawCallouts(frame);
      view.witness.forEach((row, i) => drawBadge(frame, row, i + 1));
    },
    hit(frame, px, py): Hit | null {
      const thread = Math.floor((py - 2) / rowHeight);
      let nearest = -1;
      let distance = HIT_SLACK_PX;
      inSight(thread, (row) => {
        const [from, to] = bar(frame, row);
        const away = Math.max(from - px, px - to, 0);
        // Of those under the pointer the one in focus, then the latest.
        if (away < distance || (away === distance && (view.isShown(row) || !view.isShown(nearest)))) {
          nearest = row;
          distance = away;
        }
      });
      if (nearest < 0) return null;
      const words = describe(data, operations, nearest);
      const lines = [words.sentence, words.outcome, words.when, words.where];
      if (words.error !== null) lines.push(`error ${words.error}`);
      return { lines, operation: nearest };
    },
  };
}
