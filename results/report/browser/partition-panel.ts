/**
 * The partitions of a log: who led each in which leader epoch, and below it a line for each replica while it was in sync. A red
 * line below is a leader that has been deposed and does not know it yet.
 */
import type { ReportData } from '../report-data.ts';
import { formatTime } from './format.ts';
import { clipToPlot, drawRowName, fitText, SMALL_FONT } from './frame.ts';
import type { Frame, Hit, Panel, View } from './frame.ts';
import { drawNodeLegend, LEGEND_HEIGHT, nodeColour } from './node-lines.ts';

type Leader = ReportData['partitions'][number]['leaders'][number];

const LEADER_HEIGHT = 18;
/** Of one that others have deposed, and that has not heard of it. */
const DEPOSED_HEIGHT = 3;
const LINE_HEIGHT = 4;
const GAP = 7;

export function partitionPanel(view: View): Panel {
  const { data } = view;
  const rowHeight = LEADER_HEIGHT + data.nodes.length * LINE_HEIGHT + GAP;
  const topOf = (lane: number): number => LEGEND_HEIGHT + lane * rowHeight + 2;
  const isrAt = (lane: number, time: number): readonly number[] =>
    data.partitions[lane]?.isr.findLast((change) => change.time <= time)?.members ?? [];

  /** Since then another leads, and this one does not know yet; its end, where it knew at once. */
  const deposedAt = (lane: number, { epoch, start, end }: Leader): number => {
    const later = (data.partitions[lane]?.leaders ?? []).filter(
      (other) => other.epoch > epoch && other.start > start,
    );
    return Math.min(end, ...later.map((other) => other.start));
  };

  const drawLeaders = (frame: Frame, lane: number, top: number): void => {
    const { pen, theme, x, left, right } = frame;
    for (const leader of data.partitions[lane]?.leaders ?? []) {
      const { node, epoch, start, end } = leader;
      const deposed = deposedAt(lane, leader);
      const from = Math.max(left - 2, x(start));
      const to = Math.min(right + 2, Math.max(x(deposed), x(start) + 1));
      const until = Math.min(right + 2, x(end));
      if (until < left || from > right) continue;
      pen.fillStyle = theme.witness;
      if (until > to) pen.fillRect(to, top + LEADER_HEIGHT - DEPOSED_HEIGHT, until - to, DEPOSED_HEIGHT);
      pen.fillStyle = theme.leader;
      pen.fillRect(from, top, to - from - 1, LEADER_HEIGHT - DEPOSED_HEIGHT - 1);
      pen.fillStyle = theme.onLeader;
      const begin = Math.max(from, left) + 4;
      const words = `${data.nodes[node] ?? ''}, epoch ${epoch}`;
      const middle = top + (LEADER_HEIGHT - DEPOSED_HEIGHT) / 2;
      pen.fillText(fitText(pen, words, Math.min(to, right) - begin - 4), begin, middle);
    }
  };

  const drawInSync = (frame: Frame, lane: number, top: number): void => {
    const { pen, x } = frame;
    const changes = data.partitions[lane]?.isr ?? [];
    changes.forEach(({ time, members }, i) => {
      const from = x(time);
      const to = x(changes[i + 1]?.time ?? data.duration);
      for (const member of members) {
        pen.fillStyle = nodeColour(frame, member);
        pen.fillRect(from, top + LEADER_HEIGHT + 2 + member * LINE_HEIGHT, Math.max(1, to - from), 2.5);
      }
    });
  };

  return {
    label: `Leaders and replicas in sync of ${data.partitions.length} partitions over time. The table of partitions lists them.`,
    height: LEGEND_HEIGHT + data.partitions.length * rowHeight + 4,
    isShaded: true,
    draw(frame) {
      const { pen, theme, left, right } = frame;
      data.partitions.forEach(({ name }, lane) => {
        drawRowName(frame, name, topOf(lane) + LEADER_HEIGHT / 2);
        pen.fillStyle = theme.line;
        pen.fillRect(left, topOf(lane + 1) - 4, right - left, 0.5);
      });
      clipToPlot(frame, () => {
        pen.font = SMALL_FONT;
        data.partitions.forEach((_, lane) => {
          drawLeaders(frame, lane, topOf(lane));
          drawInSync(frame, lane, topOf(lane));
        });
      });
      drawNodeLegend(frame, view, (node, from, to, y) => {
        pen.fillStyle = nodeColour(frame, node);
        pen.fillRect(from, y - 1.25, to - from, 2.5);
      });
    },
    hit({ time }, px, py): Hit | null {
      const lane = Math.floor((py - LEGEND_HEIGHT) / rowHeight);
      const partition = data.partitions[lane];
      if (partition === undefined) return null;
      const at = time(px);
      const leaders = partition.leaders
        .filter(({ start, end }) => start <= at && at < end)
        .map((leader) => {
          const words = `leader ${data.nodes[leader.node] ?? ''} in epoch ${leader.epoch}`;
          return at < deposedAt(lane, leader) ? words : `${words}: deposed, and does not know it`;
        });
      const inSync = isrAt(lane, at).map((member) => data.nodes[member] ?? '');
      return {
        lines: [
          `${partition.name} at ${formatTime(at)}`,
          ...(leaders.length === 0 ? ['no leader'] : leaders),
          `in sync: ${inSync.join(', ') || 'nobody'}`,
        ],
      };
    },
  };
}
