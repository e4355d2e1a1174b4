/**
 * The nodes: what each said that it was (leader, candidate, down), and below it the faults that concerned it.
 */
import { formatDuration, formatTime } from './format.ts';
import { clipToPlot, drawRowName, fitText, SMALL_FONT } from './frame.ts';
import type { Frame, Hit, Ink, Panel, View } from './frame.ts';
import { faultColour } from './theme.ts';
import { faultLines } from './fault-panel.ts';

const ROW_HEIGHT = 34;
const ROLE_TOP = 4;
const ROLE_HEIGHT = 16;
const FAULT_TOP = 22;
/** Shared by the kinds, each on a line of its own: faults overlap. */
const FAULTS_HEIGHT = 9;

export function nodePanel(view: View): Panel {
  const { data } = view;
  const drawRole = (frame: Frame, index: number, hatch: Ink): void => {
    const { pen, theme, x, left, right } = frame;
    const span = data.roles[index];
    if (span === undefined) return;
    const from = Math.max(left - 2, x(span.start));
    const to = Math.min(right + 2, Math.max(x(span.end), x(span.start) + 1));
    if (to < left || from > right) return;
    const top = span.node * ROW_HEIGHT + ROLE_TOP;
    if (span.role === 'follower') {
      pen.fillStyle = theme.line;
      pen.fillRect(from, top + ROLE_HEIGHT / 2 - 1, to - from, 2);
      return;
    }
    const isLeader = span.role === 'leader';
    pen.fillStyle = isLeader ? theme.leader : span.role === 'down' ? hatch : theme.candidate;
    const inset = span.role === 'pre-candidate' ? 4 : 0;
    pen.fillRect(from, top + inset, Math.max(1, to - from), ROLE_HEIGHT - 2 * inset);
    const start = Math.max(from, left) + 5;
    const room = Math.min(to, right) - start - 4;
    if (span.role === 'pre-candidate' || room < 14) return;
    const word = isLeader
      ? `leader, term ${span.term}`
      : span.role === 'down'
        ? 'down'
        : `candidate, term ${span.term}`;
    const text =
      pen.measureText(word).width <= room ? word : fitText(pen, isLeader ? `t${span.term}` : '', room);
    if (span.role === 'down' && text !== '') {
      pen.fillStyle = theme.surface;
      pen.fillRect(start - 2, top + 1, pen.measureText(text).width + 4, ROLE_HEIGHT - 2);
    }
    pen.fillStyle = isLeader ? theme.onLeader : theme.text;
    pen.fillText(text, start, top + ROLE_HEIGHT / 2 + 0.5);
  };

  const lineHeight = Math.max(2, Math.min(5, Math.floor(FAULTS_HEIGHT / Math.max(1, view.kinds.length))));
  const drawFaults = (frame: Frame): void => {
    const { pen, theme, x } = frame;
    for (const fault of data.faults) {
      if (fault.tookEffect === false) continue;
      const kind = view.kinds.indexOf(fault.fault);
      pen.fillStyle = faultColour(theme, kind);
      const from = x(fault.start);
      const width = Math.max(3, x(fault.end ?? data.duration) - from);
      for (const name of fault.nodes) {
        const node = data.nodes.indexOf(name);
        const line = (kind * lineHeight) % FAULTS_HEIGHT;
        if (node >= 0) pen.fillRect(from, node * ROW_HEIGHT + FAULT_TOP + line, width, lineHeight - 0.5);
      }
    }
  };

  /** Trace records that prove the anomaly in focus. */
  const drawEvents = ({ pen, theme, x, left, right }: Frame): void => {
    pen.fillStyle = theme.witness;
    for (const event of view.events) {
      const node = event.node === null ? -1 : data.nodes.indexOf(event.node);
      const at = x(event.time);
      if (node < 0 || at < left || at > right) continue;
      const top = node * ROW_HEIGHT;
      pen.beginPath();
      pen.moveTo(at - 6, top);
      pen.lineTo(at + 6, top);
      pen.lineTo(at, top + 9);
      pen.fill();
      pen.fillRect(at - 1, top, 2, ROW_HEIGHT - 2);
    }
  };

  return {
    label:
      'Nodes over time: leader, candidate or down, and the faults on each. The leadership table lists the leaders.',
    height: data.nodes.length * ROW_HEIGHT + 4,
    isShaded: true,
    draw(frame) {
      const { pen, theme, left, right } = frame;
      data.nodes.forEach((node, i) => {
        drawRowName(frame, node, i * ROW_HEIGHT + ROLE_TOP + ROLE_HEIGHT / 2);
        pen.fillStyle = theme.line;
        pen.fillRect(left, (i + 1) * ROW_HEIGHT, right - left, 0.5);
      });
      const hatch = frame.hatch(theme.muted, theme.surface);
      clipToPlot(frame, () => {
        pen.font = SMALL_FONT;
        // Leaders last: a short candidacy must not hide the term that followed.
        data.roles.forEach(({ role }, i) => {
          if (role !== 'leader') drawRole(frame, i, hatch);
        });
        data.roles.forEach(({ role }, i) => {
          if (role === 'leader') drawRole(frame, i, hatch);
        });
        drawFaults(frame);
      });
      drawEvents(frame);
    },
    hit({ time, x }, px, py): Hit | null {
      const node = Math.floor(py / ROW_HEIGHT);
      const name = data.nodes[node];
      if (name === undefined) return null;
      const at = time(px);
      const lines: string[] = view.events
        .filter((event) => event.node === name && Math.abs(x(event.time) - px) <= 6)
        .map((event) => `witness: ${event.text} at ${formatTime(event.time, 6)}`);
      for (const span of data.roles) {
        if (span.node !== node || at < span.start || at >= span.end) continue;
        lines.push(
          `${name}: ${span.role}${span.role === 'down' ? '' : `, term ${span.term}`}`,
          `${formatTime(span.start)} – ${formatTime(span.end)} (${formatDuration(span.end - span.start)})`,
        );
      }
      for (const fault of data.faults) {
        const isHit = px >= x(fault.start) - 3 && px <= x(fault.end ?? data.duration) + 3;
        if (isHit && fault.nodes.includes(name)) lines.push(...faultLines(fault, data.duration));
      }
      return lines.length === 0 ? { lines: [name] } : { lines };
    },
  };
}
