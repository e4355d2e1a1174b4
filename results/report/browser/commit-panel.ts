/** How far each node had committed: a line a node, in steps. One that stays behind, or goes back, shows. */
import { formatCount, formatTime } from './format.ts';
import { clipToPlot, drawRowName } from './frame.ts';
import type { Frame, Hit, Panel, View } from './frame.ts';
import { drawNodeLegend, nodeLine } from './node-lines.ts';
import { lowerBound } from './operations.ts';
import { linearTicks } from './ticks.ts';

const HEIGHT = 150;
const PADDING_TOP = 22;
const TICKS = 4;

export function commitPanel(view: View): Panel {
  const { data } = view;
  const highest = data.commits.reduce((most, { values }) => values.reduce((a, b) => Math.max(a, b), most), 1);
  const y = (value: number): number => HEIGHT - 4 - (value / highest) * (HEIGHT - 4 - PADDING_TOP);
  const valueAt = (i: number, time: number): number | undefined => {
    const track = data.commits[i];
    return track?.values[lowerBound(track.times, time + 1) - 1];
  };

  const drawLegend = (frame: Frame): void => {
    const { pen } = frame;
    drawNodeLegend(frame, view, (node, from, to, height) => {
      nodeLine(frame, node);
      pen.beginPath();
      pen.moveTo(from, height);
      pen.lineTo(to, height);
      pen.stroke();
    });
    pen.setLineDash([]);
  };

  return {
    label: `Commit index of ${data.commits.length} nodes over time. The table of commit indexes lists them.`,
    height: HEIGHT,
    isShaded: true,
    draw(frame) {
      const { pen, theme, left, right, x } = frame;
      for (const value of linearTicks(0, highest, TICKS).values) {
        drawRowName(frame, formatCount(value), y(value));
        pen.fillStyle = theme.line;
        pen.fillRect(left, Math.round(y(value)), right - left, 0.5);
      }
      clipToPlot(frame, () => {
        data.commits.forEach(({ node, times, values }) => {
          nodeLine(frame, node);
          pen.beginPath();
          times.forEach((time, place) => {
            const [at, height] = [x(time), y(values[place] ?? 0)];
            if (place === 0) pen.moveTo(at, height);
            else {
              pen.lineTo(at, y(values[place - 1] ?? 0));
              pen.lineTo(at, height);
            }
          });
          const last = values.at(-1);
          if (last !== undefined) pen.lineTo(x(data.duration), y(last));
          pen.stroke();
        });
        pen.setLineDash([]);
      });
      drawLegend(frame);
    },
    hit({ time, left, right }, px): Hit | null {
      if (px < left || px > right) return null;
      const at = time(px);
      const lines = data.commits.map(({ node }, i) => {
        const value = valueAt(i, at);
        return `${data.nodes[node] ?? ''}: ${value === undefined ? 'nothing yet' : `commit index ${formatCount(value)}`}`;
      });
      return { lines: [`at ${formatTime(at)}`, ...lines] };
    },
  };
}
