/**
 * The messages of a small run as Lamport drew them ("Time, Clocks, and the Ordering of Events in a Distributed System", 1978): a
 * column for each client and node, time downwards, an arrow for each message from where it was sent to where it arrived. Only
 * the order is true to scale: every moment at which something happens has a line of its own.
 */
import type { RoleSpan, Story, StoryMessage, StoryStep } from '../report-data.ts';
import { arrowHead, asButton, CHARACTER_WIDTH, drawing, fit, svg } from './svg.ts';
import type { Drawn } from './svg.ts';

const GUTTER = 84;
const LANE_WIDTH_MAX = 196;
const LANE_WIDTH_MIN = 128;
/** As wide as the page, when columns are not too narrow then. */
const PAGE_WIDTH = 1230;
const HEAD = 34;
const LINE = 16;
/** Of a moment without words. */
const MOMENT = 9;
/** Below what a sender does: its messages begin there. */
const SENDING = 18;
const BAND = 22;
/** Where nothing happens for long. */
const PAUSE = 14;
const PAUSE_NS = 5e6;
/** Names of columns are repeated so often, for who scrolls. */
const NAMES_EVERY = 640;
const NAMES = 26;
/** A message that never arrives is drawn so far. */
const LOST_SHARE = 0.62;
const LOST_DROP = 16;
const MESSAGE_WIDTH_MAX = 190;
const SMALL = 0.84;

interface Moment {
  readonly time: number;
  readonly top: number;
  /** Of the lines of steps, below the bands of faults. */
  readonly lines: number;
  /** Of the band that says where the promise broke, and of messages that are sent. */
  readonly end: number;
  readonly bottom: number;
}

interface Layout {
  readonly moments: readonly Moment[];
  /** Where the names of columns stand. */
  readonly names: readonly number[];
  readonly laneWidth: number;
  at(time: number): Moment;
  x(lane: number): number;
}

/** @param roles - of nodes, whose place is that in the run's list of nodes */
export function storyDiagram(
  story: Story,
  roles: readonly RoleSpan[],
  jump: (operation: number) => void,
): Drawn {
  const layout = layOut(story);
  const height = (layout.moments.at(-1)?.bottom ?? HEAD) + 16;
  const width = GUTTER + story.lanes.length * layout.laneWidth + 12;
  const { definition, reference } = arrowHead();
  const label = `Message diagram: ${story.lanes.length} columns, ${story.messages.length} messages`;
  return drawing(
    width,
    height,
    label,
    svg('g', { class: 'message-heads' }, definition),
    ...story.lanes.map((_, lane) => {
      const x = layout.x(lane);
      return svg('line', { x1: x, y1: HEAD - 6, x2: x, y2: height - 4, class: 'lifeline' });
    }),
    ...roleSpans(story, roles, layout, height),
    ...bands(story, layout, width),
    ...timeMarks(story, layout),
    ...story.messages.map((message) => arrow(message, layout, reference)),
    ...stepTexts(story, layout, jump),
    ...layout.names.flatMap((y) => laneNames(story, layout, y)),
    ...labelled(story.messages).map((message) => messageText(message, layout)),
  );
}

/** Every moment from top to bottom: first the bands of faults, then a line for each step of the lane that has most. */
function layOut({ lanes, steps, messages }: Story): Layout {
  const counts = new Map<
    number,
    { faults: number; breaks: number; sends: boolean; lanes: Map<number, number> }
  >();
  const countAt = (time: number) => {
    const known = counts.get(time) ?? {
      faults: 0,
      breaks: 0,
      sends: false,
      lanes: new Map<number, number>(),
    };
    counts.set(time, known);
    return known;
  };
  for (const { time, lane, label, kind } of steps) {
    if (label === '') continue;
    const count = countAt(time);
    if (kind === 'break') count.breaks++;
    else if (lane < 0) count.faults++;
    else count.lanes.set(lane, (count.lanes.get(lane) ?? 0) + 1);
  }
  for (const { sent, arrived } of messages) {
    countAt(sent).sends = true;
    if (arrived !== null) countAt(arrived);
  }
  const moments: Moment[] = [];
  const names = [18];
  let y = HEAD;
  let before: number | null = null;
  for (const [time, count] of [...counts].sort(([a], [b]) => a - b)) {
    if (before !== null && time - before > PAUSE_NS) y += PAUSE;
    before = time;
    if (y - (names.at(-1) ?? 0) > NAMES_EVERY) {
      names.push(y + NAMES - 8);
      y += NAMES;
    }
    const lines = y + count.faults * BAND;
    const end = lines + Math.max(0, ...count.lanes.values()) * LINE;
    const least = count.faults + count.lanes.size > 0 ? end : end + MOMENT;
    const bottom = Math.max(least, end + (count.sends ? SENDING : 0)) + count.breaks * BAND;
    moments.push({ time, top: y, lines, end, bottom });
    y = bottom;
  }
  const laneWidth = Math.max(LANE_WIDTH_MIN, Math.min(LANE_WIDTH_MAX, (PAGE_WIDTH - GUTTER) / lanes.length));
  const first = moments[0] ?? { time: 0, top: HEAD, lines: HEAD, end: HEAD, bottom: HEAD };
  return {
    moments,
    names,
    laneWidth,
    // The last moment that is not after this time.
    at: (time) => moments.findLast((moment) => moment.time <= time) ?? first,
    x: (lane) => GUTTER + lane * laneWidth + 14,
  };
}

/** Leaders are thick, candidates thin, and who is down has a gap in its line. */
function roleSpans(
  { lanes, steps, messages }: Story,
  roles: readonly RoleSpan[],
  layout: Layout,
  height: number,
): readonly Drawn[] {
  const firstNode = lanes.findIndex(({ isNode }) => isNode);
  const startTime = layout.moments[0]?.time ?? 0;
  const endTime = Math.max(...steps.map(({ time }) => time), ...messages.map(({ sent }) => sent), 0);
  return roles.flatMap(({ node, role, start, end }) => {
    if (role === 'follower' || start > endTime || end < startTime) return [];
    const y = layout.at(start).top + 4;
    const bottom = end >= endTime ? height - 4 : layout.at(end).top + 4;
    const half = role === 'leader' ? 4 : role === 'down' ? 3 : 2.5;
    const x = layout.x(firstNode + node) - half;
    return [svg('rect', { x, y, width: 2 * half, height: Math.max(3, bottom - y), class: `lane-${role}` })];
  });
}

/** What concerns all: faults, and where the promise broke. */
function bands({ steps }: Story, layout: Layout, width: number): readonly Drawn[] {
  const seen = new Map<number, number>();
  return steps.flatMap(({ time, lane, label, text, kind }) => {
    if (lane >= 0 || label === '') return [];
    const moment = layout.at(time);
    const place = seen.get(time) ?? 0;
    if (kind !== 'break') seen.set(time, place + 1);
    const y = kind === 'break' ? moment.bottom - BAND : moment.top + place * BAND;
    const said = kind === 'break' ? `✕ the promise broke: ${label}` : text;
    return [
      svg(
        'g',
        { class: `story-band ${kind}` },
        svg('title', {}, text),
        svg('rect', { x: GUTTER - 4, y: y + 2, width: width - GUTTER, height: BAND - 4, rx: 3 }),
        svg('text', { x: GUTTER + 4, y: y + BAND / 2 + 4 }, fit(said, width - GUTTER - 16)),
      ),
    ];
  });
}

/** Beside what has words; two of them do not touch. */
function timeMarks({ steps }: Story, { moments }: Layout): readonly Drawn[] {
  const told = new Set(steps.filter(({ label }) => label !== '').map(({ time }) => time));
  let free = 0;
  return moments.flatMap(({ time, top }) => {
    if (!told.has(time) || top < free) return [];
    free = top + LINE;
    return [
      svg(
        'text',
        { x: GUTTER - 10, y: top + 12, class: 'row-name', 'text-anchor': 'end' },
        `${(time / 1e6).toFixed(1)} ms`,
      ),
    ];
  });
}

interface Ends {
  readonly x1: number;
  readonly y1: number;
  readonly x2: number;
  readonly y2: number;
}

/** From below what its sender did at that moment to what its receiver did. */
function endsOf({ from, to, sent, arrived }: StoryMessage, { at, x }: Layout): Ends {
  const x1 = x(from);
  const y1 = at(sent).end + 10;
  if (arrived !== null) return { x1, y1, x2: x(to), y2: Math.max(y1 + 4, at(arrived).lines + 5) };
  return { x1, y1, x2: x1 + (x(to) - x1) * LOST_SHARE, y2: y1 + LOST_DROP };
}

/** What is said to several at once is written once, on the shortest of its arrows. */
function labelled(messages: readonly StoryMessage[]): readonly StoryMessage[] {
  const shortest = new Map<string, StoryMessage>();
  for (const message of messages) {
    const id = `${message.from} ${message.sent} ${message.fate} ${message.text}`;
    const known = shortest.get(id);
    if (known === undefined || reach(message) < reach(known)) shortest.set(id, message);
  }
  return [...shortest.values()];
}

const reach = ({ from, to }: StoryMessage): number => Math.abs(to - from);

function arrow(message: StoryMessage, layout: Layout, head: string): Drawn {
  const ends = endsOf(message, layout);
  const { fate, text } = message;
  const line = svg('line', {
    ...{ x1: ends.x1, y1: ends.y1, x2: ends.x2, y2: ends.y2 },
    class: `message ${fate}`,
    ...(fate === 'arrived' ? { 'marker-end': head } : {}),
  });
  line.children.push(svg('title', {}, `${text} (${WHAT_BECAME[fate]})`));
  if (fate === 'arrived') return line;
  const sign = fate === 'dropped' ? '✕' : '○';
  return svg('g', {}, line, svg('text', { x: ends.x2 - 4, y: ends.y2 + 5, class: `fate ${fate}` }, sign));
}

const WHAT_BECAME: Readonly<Record<StoryMessage['fate'], string>> = {
  arrived: 'arrived',
  dropped: 'dropped by the network',
  unseen: 'seen by nobody',
};

/** Along its arrow, at the end where it is sent. */
function messageText(message: StoryMessage, layout: Layout): Drawn {
  const { x1, y1, x2, y2 } = endsOf(message, layout);
  const isRight = x2 > x1;
  const slope = (y2 - y1) / (x2 - x1);
  const angle = (Math.atan(slope) * 180) / Math.PI;
  const room = Math.min(MESSAGE_WIDTH_MAX, Math.hypot(x2 - x1, y2 - y1) - 16);
  const x = isRight ? x1 + 10 : x1 - 10;
  const y = y1 + slope * (x - x1) - 3;
  const text = fit(message.text, room / SMALL);
  return svg(
    'text',
    {
      x,
      y,
      class: `message-text ${message.fate}`,
      transform: `rotate(${angle.toFixed(1)} ${x.toFixed(1)} ${y.toFixed(1)})`,
      'text-anchor': isRight ? 'start' : 'end',
    },
    text,
  );
}

function stepTexts({ steps }: Story, layout: Layout, jump: (operation: number) => void): readonly Drawn[] {
  const lines = new Map<string, number>();
  return steps.flatMap((step) => {
    const { time, lane } = step;
    if (lane < 0 || step.label === '') return [];
    const place = lines.get(`${time} ${lane}`) ?? 0;
    lines.set(`${time} ${lane}`, place + 1);
    return [stepText(step, layout.x(lane), layout.at(time).lines + place * LINE, layout.laneWidth, jump)];
  });
}

function stepText(
  { label, kind, text, isWitness, operation }: StoryStep,
  x: number,
  y: number,
  laneWidth: number,
  jump: (operation: number) => void,
): Drawn {
  const shown = fit(label, laneWidth - 24);
  const part = svg(
    'g',
    { class: `story-step ${kind}${isWitness ? ' witness' : ''}` },
    svg('rect', { x: x + 5, y: y + 1, width: shown.length * CHARACTER_WIDTH + 6, height: LINE - 1, rx: 2 }),
    svg('circle', { cx: x, cy: y + 8, r: 3 }),
    svg('text', { x: x + 8, y: y + 12 }, shown),
  );
  if (operation >= 0) return asButton(part, text, () => jump(operation));
  part.children.unshift(svg('title', {}, text));
  return part;
}

function laneNames({ lanes }: Story, { x, laneWidth }: Layout, y: number): readonly Drawn[] {
  return lanes.map(({ name }, lane) =>
    svg('text', { x: x(lane) - 10, y, class: 'lane-name' }, fit(name, laneWidth - 16)),
  );
}
