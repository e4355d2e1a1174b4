/** The story of a small run for a terminal: a line a step, or for what several nodes do at about the same time. */
import { nsToMs } from '../../harness/units.ts';
import { storyLines } from './browser/story-lines.ts';
import { printable } from './printable.ts';
import type { Story } from './report-data.ts';

const MAX_LINES = 80;

/**
 *     story         195.000 ms  client 3: asks n4: write k0 1
 *                   198.946 ms  n5, n3, n4: appends entry 2 of term 1
 */
export function storyText(story: Story): string {
  const lines = storyLines(story);
  const shown = lines.slice(-MAX_LINES);
  const width = Math.max(...shown.map(({ time }) => timeText(time).length), 0);
  const texts = shown.map(
    ({ time, who, text }) => `${timeText(time).padStart(width)} ms  ${printable(`${who}: ${text}`)}`,
  );
  if (lines.length > shown.length) texts.unshift(`… ${lines.length - shown.length} lines before`);
  return texts.map((line, i) => `${i === 0 ? '  story       ' : '              '}${line}`).join('\n');
}

const timeText = (timeNs: number): string => nsToMs(timeNs).toFixed(3);
