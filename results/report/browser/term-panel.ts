/**
 * Who led which term: a step a term, a bar while a node said that it led it. Two bars on one step are two leaders of
 * one term.
 */
import { formatTime } from './format.ts';
import { clipToPlot, drawRowName, fitText, SMALL_FONT } from './frame.ts';
import type { Frame, Hit, Panel, View } from './frame.ts';
import { linearTicks } from './ticks.ts';

const HEIGHT = 130;
const PADDING = 20;
const BAR_HEIGHT = 8;
const TICKS = 5;

export function termPanel(view: View): Panel {
  const { data } = view;
  const leaders = data.roles.filter(({ role }) => role === 'leader');
  const terms = data.roles.filter(({ term }) => term > 0).map(({ term }) => term);
  const lowest = terms.reduce((a, b) => Math.min(a, b), Infinity);
  const highest = Math.max(
    lowest + 1,
    terms.reduce((a, b) => Math.max(a, b), 0),
  );
  const y = (term: number): number =>
    HEIGHT - PADDING - ((term - lowest) / (highest - lowest)) * (HEIGHT - 2 * PADDING);
  // A second leader of a term is drawn lower, so that neither hides the other.
  const sameTerm = leaders.map(
    (span, i) =>
      leaders.slice(0, i).filter(({ term, node }) => term === span.term && node !== span.node).length,
  );

  return {
    label: `Leader and term over time: ${leaders.length} leaderships. The leadership table lists them.`,
    height: HEIGHT,
    isShaded: true,
    draw(frame: Frame) {
      const { pen, theme, x, left, right } = frame;
      for (const term of linearTicks(lowest, highest, TICKS).values) {
        if (!Number.isInteger(term)) continue;
        drawRowName(frame, `term ${term}`, y(term));
        pen.fillStyle = theme.line;
        pen.fillRect(left, Math.round(y(term)), right - left, 0.5);
      }
      clipToPlot(frame, () => {
        pen.font = SMALL_FONT;
        leaders.forEach((span, i) => {
          const from = x(span.start);
          const to = Math.max(from + 2, x(span.end));
          if (to < left || from > right) return;
          const isSecond = (sameTerm[i] ?? 0) > 0;
          const top = y(span.term) - BAR_HEIGHT / 2 + (isSecond ? BAR_HEIGHT + 1 : 0);
          pen.fillStyle = isSecond ? theme.witness : theme.leader;
          pen.fillRect(from, top, to - from, BAR_HEIGHT);
          pen.fillStyle = theme.text;
          const name = data.nodes[span.node] ?? '';
          const start = Math.max(from, left) + 2;
          // The next step begins at this height: the name ends before it.
          const next = leaders[i + 1];
          const room = Math.min(right, next === undefined ? right : x(next.start)) - start - 4;
          pen.fillText(fitText(pen, name, room), start, isSecond ? top + BAR_HEIGHT + 7 : top - 7);
        });
      });
    },
    hit({ x }, px, py): Hit | null {
      const i = leaders.findIndex(
        (span, n) =>
          px >= x(span.start) - 2 &&
          px <= x(span.end) + 2 &&
          Math.abs(py - y(span.term) - ((sameTerm[n] ?? 0) > 0 ? BAR_HEIGHT + 1 : 0)) <= BAR_HEIGHT / 2 + 2,
      );
      const span = leaders[i];
      if (span === undefined) return null;
      return {
        lines: [
          `${data.nodes[span.node] ?? '?'} leads term ${span.term}`,
          `${formatTime(span.start)} – ${formatTime(span.end)}`,
        ],
      };
    },
  };
}
