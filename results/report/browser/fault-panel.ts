/** The faults: a lane a kind, more where faults of one kind overlap, with what was done in words. */
import type { FaultRow } from '../report-data.ts';
import { formatDuration, formatTime } from './format.ts';
import { clipToPlot, drawRowName, fitText, SMALL_FONT } from './frame.ts';
import type { Hit, Panel, View } from './frame.ts';
import { faultColour } from './theme.ts';

const LANE_HEIGHT = 20;
const BAR_HEIGHT = 16;
/** Of an instant fault: a diamond is easier to hit than a line. */
const DIAMOND = 6;
const MAX_LANES_PER_KIND = 4;

interface Placed {
  readonly fault: FaultRow;
  readonly kind: number;
  readonly lane: number;
  readonly end: number;
}

export function faultPanel(view: View): Panel {
  const { data, kinds } = view;
  const { placed, names } = placeFaults(view);
  return {
    label: `Faults by kind: ${kinds.join(', ')}. The table of faults lists them all.`,
    height: Math.max(1, names.length) * LANE_HEIGHT + 4,
    isShaded: false,
    draw(frame) {
      const { pen, theme, x, left, right } = frame;
      names.forEach((name, lane) => {
        drawRowName(frame, name, lane * LANE_HEIGHT + LANE_HEIGHT / 2 + 2);
      });
      if (names.length === 0) drawRowName(frame, 'no faults', LANE_HEIGHT / 2 + 2);
      clipToPlot(frame, () => {
        pen.font = SMALL_FONT;
        let inView = 0;
        for (const { fault, kind, lane, end } of placed) {
          const from = x(fault.start);
          const to = x(end);
          if (to < left - DIAMOND || from > right + DIAMOND) continue;
          inView++;
          const top = lane * LANE_HEIGHT + 4;
          const colour = faultColour(theme, kind);
          pen.fillStyle = colour;
          pen.strokeStyle = colour;
          pen.lineWidth = 1.5;
          if (fault.instant) {
            const middle = top + BAR_HEIGHT / 2;
            pen.beginPath();
            pen.moveTo(from, middle - DIAMOND);
            pen.lineTo(from + DIAMOND, middle);
            pen.lineTo(from, middle + DIAMOND);
            pen.lineTo(from - DIAMOND, middle);
            pen.fill();
          } else {
            pen.globalAlpha = fault.tookEffect === false ? 0 : 0.25;
            pen.fillRect(from, top, Math.max(2, to - from), BAR_HEIGHT);
            pen.globalAlpha = 1;
            if (fault.tookEffect === false) pen.setLineDash([4, 3]);
            pen.strokeRect(from + 0.75, top + 0.75, Math.max(1, to - from - 1.5), BAR_HEIGHT - 1.5);
            pen.setLineDash([]);
          }
          const words = fault.tookEffect === false ? `no effect: ${fault.description}` : fault.description;
          // A label stays in sight while its bar does; one that does not fit stands behind it.
          const inside = Math.max(from, left) + 5;
          const insideRoom = fault.instant ? 0 : Math.min(to, right) - inside - 4;
          const behind = Math.max(fault.instant ? from + DIAMOND : to, left) + 5;
          const behindRoom = roomBehind(placed, fault, lane, x, right) - behind;
          const isInside = behindRoom <= insideRoom || pen.measureText(words).width <= insideRoom;
          pen.fillStyle = theme.text;
          pen.fillText(
            fitText(pen, words, isInside ? insideRoom : behindRoom),
            isInside ? inside : behind,
            top + BAR_HEIGHT / 2 + 0.5,
          );
        }
        if (inView === 0 && placed.length > 0) {
          pen.fillStyle = theme.muted;
          pen.fillText('no fault in view', left + 6, LANE_HEIGHT / 2 + 2);
        }
      });
    },
    hit({ x }, px, py): Hit | null {
      for (const { fault, lane, end } of placed) {
        const slack = fault.instant ? DIAMOND : 2;
        const top = lane * LANE_HEIGHT + 4;
        if (py < top || py > top + BAR_HEIGHT || px < x(fault.start) - slack || px > x(end) + slack) continue;
        return { lines: faultLines(fault, data.duration) };
      }
      return null;
    },
  };
}

export function faultLines(fault: FaultRow, runEnd: number): readonly string[] {
  const end = fault.end ?? runEnd;
  return [
    `${fault.fault}: ${fault.description}`,
    fault.instant
      ? `at ${formatTime(fault.start)}`
      : `${formatTime(fault.start)} – ${fault.end === null ? 'end of the run' : formatTime(end)} (${formatDuration(end - fault.start)})`,
    fault.observed.length === 0
      ? 'nothing was counted'
      : fault.observed.map(({ name, value }) => `${name} ${value}`).join(', '),
    ...(fault.tookEffect === false ? ['It never took effect.'] : []),
  ];
}

function placeFaults({ data, kinds }: View): { placed: readonly Placed[]; names: readonly string[] } {
  const placed: Placed[] = [];
  const names: string[] = [];
  kinds.forEach((name, kind) => {
    const first = names.length;
    const ends: number[] = [];
    for (const fault of data.faults) {
      if (fault.fault !== name) continue;
      const end = fault.end ?? data.duration;
      let own = ends.findIndex((laneEnd) => laneEnd <= fault.start);
      if (own < 0) own = ends.length < MAX_LANES_PER_KIND ? ends.length : MAX_LANES_PER_KIND - 1;
      ends[own] = end;
      placed.push({ fault, kind, lane: first + own, end });
    }
    names.push(name, ...ends.slice(1).map(() => ''));
  });
  return { placed, names };
}

/** Where the next fault in the lane begins. */
function roomBehind(
  placed: readonly Placed[],
  fault: FaultRow,
  lane: number,
  x: (time: number) => number,
  right: number,
): number {
  const next = placed.find((other) => other.lane === lane && other.fault.start > fault.start);
  return next === undefined ? right : Math.min(right, x(next.fault.start) - DIAMOND - 4);
}
