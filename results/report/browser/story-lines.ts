/**
 * The steps of a story as lines to read: what several nodes do alike within a moment is one line. Used by the viewer and by the
 * terminal, so it touches no document.
 *
 *     storyLines(story)[7]    // { time, who: 'n3, n4, n2', text: 'appends entry 2 of term 1', kind: 'node' }
 */
import type { Story, StoryStep } from '../report-data.ts';

/** Nodes that do the same within this do it together. */
const MOMENT_NS = 5e6;

export interface StoryLine {
  readonly kind: StoryStep['kind'];
  /** Of the first. Nanoseconds since the run began. */
  readonly time: number;
  readonly who: string;
  readonly text: string;
  /** Row of the operation; −1 where it is none. */
  readonly operation: number;
  readonly isWitness: boolean;
}

interface OpenLine extends StoryLine {
  who: string;
}

export function storyLines({ lanes, steps, anomaly }: Story): readonly StoryLine[] {
  const lines: OpenLine[] = [];
  /** Lines of nodes since something else happened, by what they do. */
  let nodes = new Map<string, OpenLine>();
  for (const step of steps) {
    const { kind, time, text, lane, operation, isWitness } = step;
    const name = lanes[lane]?.name ?? '';
    const known = kind === 'node' ? nodes.get(text) : undefined;
    if (known !== undefined && time - known.time <= MOMENT_NS && !known.who.split(', ').includes(name)) {
      known.who += `, ${name}`;
      continue;
    }
    const who = WHO[kind] ?? name;
    const line = {
      kind,
      time,
      who,
      text: kind === 'break' ? `${anomaly ?? ''}. ${text}` : text,
      operation,
      isWitness,
    };
    lines.push(line);
    if (kind === 'node') nodes.set(text, line);
    else nodes = new Map();
  }
  return lines;
}

const WHO: Partial<Record<StoryStep['kind'], string>> = {
  fault: 'the nemesis',
  belief: 'believed',
  break: 'here the promise broke',
};
