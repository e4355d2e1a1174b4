/** A graph, most often a cycle of transactions: nodes on an ellipse in their order, clockwise from the top. */
import type { GraphPictureRow } from '../report-data.ts';
import type { View } from './frame.ts';
import { arrowHead, asButton, CHARACTER_WIDTH, drawing, fit, patchedText, svg } from './svg.ts';
import type { Drawn } from './svg.ts';
import { describe } from './words.ts';

const NODE_HEIGHT = 30;
/** A longer label says what the operation did already. */
const NAME_CHARACTERS_MAX = 8;
const NODE_WIDTH_MIN = 60;
const NODE_WIDTH_MAX = 280;
const LABEL_WIDTH_MAX = 240;
/** Between neighbours, along the ellipse. */
const SPACING = 150;
const RADIUS_MIN = 95;
/** Two lie side by side, and need room for their arrows only. */
const RADIUS_OF_TWO = 40;
/** How far an arrow bows out, for its length; arrows of one pair bow further and further. */
const BOW = 0.14;
/** A second arrow of a pair would lie on the first. */
const BOW_MORE = 0.16;
const MARGIN = 26;

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
}

export function graphPicture(view: View, picture: GraphPictureRow, jump: (row: number) => void): Drawn {
  const { edges } = picture;
  // What it did says more than the name that it has in the checker's sentence.
  const nodes = picture.nodes.map(({ label, operation }) => {
    const { short } = operation < 0 ? { short: '' } : describe(view.data, view.operations, operation);
    const isShort = short !== '' && label.length <= NAME_CHARACTERS_MAX;
    return { label: isShort ? `${label}: ${short}` : label, operation };
  });
  const count = nodes.length;
  const widths = nodes.map(({ label }) =>
    Math.max(NODE_WIDTH_MIN, Math.min(NODE_WIDTH_MAX, label.length * CHARACTER_WIDTH + 20)),
  );
  const widest = Math.max(NODE_WIDTH_MIN, ...widths);
  const radiusY = Math.max(count < 3 ? RADIUS_OF_TWO : RADIUS_MIN, (count * SPACING) / (2 * Math.PI) / 1.6);
  const radiusX = Math.max(radiusY * 1.7, widest / 2 + 110);
  const centreX = radiusX + widest / 2 + MARGIN;
  const centreY = radiusY + NODE_HEIGHT / 2 + MARGIN;
  const boxes = nodes.map((_, i): Box => {
    // Two lie side by side: their arrows have words that need the width.
    const angle = (2 * Math.PI * i) / Math.max(count, 1) - (count === 2 ? Math.PI : Math.PI / 2);
    return {
      x: centreX + radiusX * Math.cos(angle),
      y: centreY + (count === 1 ? 0 : radiusY * Math.sin(angle)),
      width: widths[i] ?? NODE_WIDTH_MIN,
    };
  });
  const { definition, reference } = arrowHead();
  const seen = new Map<string, number>();
  const lines: Drawn[] = [];
  const labels: Drawn[] = [];
  for (const { from, to, label } of edges) {
    const pair = `${from} ${to}`;
    const before = seen.get(pair) ?? 0;
    seen.set(pair, before + 1);
    const source = boxes[from];
    const target = boxes[to];
    if (source === undefined || target === undefined) continue;
    const { d, x, y } = from === to ? loop(source, before) : bow(source, target, BOW + BOW_MORE * before);
    lines.push(svg('path', { d, class: 'arrow', 'marker-end': reference }));
    if (label !== '') labels.push(patchedText(x, y, fit(label, LABEL_WIDTH_MAX)));
  }
  const shapes = nodes.map(({ label, operation }, i) => {
    const { x, y, width } = boxes[i] as Box;
    const node = svg(
      'g',
      { class: 'node' },
      svg('rect', { x: x - width / 2, y: y - NODE_HEIGHT / 2, width, height: NODE_HEIGHT, rx: 6 }),
      svg('text', { x, y: y + 4, 'text-anchor': 'middle' }, fit(label, width - 12)),
    );
    if (operation >= 0) return asButton(node, label, () => jump(operation));
    node.children.unshift(svg('title', {}, label));
    return node;
  });
  const nameOf = (place: number): string => nodes[place]?.label ?? '?';
  const sentence = edges.map(({ from, to, label }) => `${nameOf(from)} ${label} ${nameOf(to)}`);
  return drawing(2 * centreX, 2 * centreY, sentence.join('; '), definition, ...lines, ...shapes, ...labels);
}

interface Arrow {
  readonly d: string;
  /** Of the label. */
  readonly x: number;
  readonly y: number;
}

/** From border to border, bowed to the left as one walks along it: there and back are two arrows. */
function bow(source: Box, target: Box, share: number): Arrow {
  const [dx, dy] = [target.x - source.x, target.y - source.y];
  const controlX = (source.x + target.x) / 2 + dy * share;
  const controlY = (source.y + target.y) / 2 - dx * share;
  const start = borderOf(source, controlX, controlY);
  const end = borderOf(target, controlX, controlY);
  return {
    d: `M${round(start.x)} ${round(start.y)}Q${round(controlX)} ${round(controlY)} ${round(end.x)} ${round(end.y)}`,
    x: (start.x + 2 * controlX + end.x) / 4,
    y: (start.y + 2 * controlY + end.y) / 4,
  };
}

function loop({ x, y }: Box, before: number): Arrow {
  const top = y - NODE_HEIGHT / 2;
  const height = 34 + 18 * before;
  return {
    d: `M${round(x - 16)} ${round(top)}C${round(x - 34)} ${round(top - height)} ${round(x + 34)} ${round(top - height)} ${round(x + 16)} ${round(top)}`,
    x,
    y: top - height * 0.75,
  };
}

/** Where the line from the middle of a box to a point leaves the box. */
function borderOf(
  { x, y, width }: Box,
  toX: number,
  toY: number,
): { readonly x: number; readonly y: number } {
  const [dx, dy] = [toX - x, toY - y];
  const scale = Math.min(
    dx === 0 ? Infinity : (width / 2 + 2) / Math.abs(dx),
    dy === 0 ? Infinity : (NODE_HEIGHT / 2 + 2) / Math.abs(dy),
  );
  return Number.isFinite(scale) ? { x: x + dx * scale, y: y + dy * scale } : { x, y };
}

const round = (value: number): number => Math.round(value * 10) / 10;
