/** Lines that stand for nodes: a colour and a dash each, the same in all charts, and a legend of them. */
import { SMALL_FONT } from './frame.ts';
import type { Frame, View } from './frame.ts';

/** Told apart without their colours. */
const DASHES = [[], [7, 3], [2, 3], [9, 3, 2, 3], [4, 4]] as const;
const SAMPLE_PX = 22;
const NAME_CHARACTERS_MAX = 16;
export const LEGEND_HEIGHT = 18;

export function nodeColour({ theme }: Frame, node: number): string {
  return theme.faults[node % theme.faults.length] ?? theme.text;
}

export function nodeLine(frame: Frame, node: number): void {
  frame.pen.strokeStyle = nodeColour(frame, node);
  frame.pen.lineWidth = 1.8;
  frame.pen.setLineDash([...(DASHES[node % DASHES.length] ?? [])]);
}

/** At the top of a panel. @param draw - a sample from one place to another */
export function drawNodeLegend(
  frame: Frame,
  { data }: View,
  draw: (node: number, from: number, to: number, y: number) => void,
): void {
  const { pen, theme, left, right } = frame;
  const y = LEGEND_HEIGHT / 2;
  let at = left + 6;
  pen.font = SMALL_FONT;
  data.nodes.forEach((name, node) => {
    if (at > right - 40) return;
    const shown = name.slice(0, NAME_CHARACTERS_MAX);
    draw(node, at, at + SAMPLE_PX, y);
    pen.fillStyle = theme.text;
    pen.fillText(shown, at + SAMPLE_PX + 4, y);
    at += SAMPLE_PX + 18 + pen.measureText(shown).width;
  });
}
