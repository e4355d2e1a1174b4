/** The story of a small run for a terminal: a line a step, or for what several nodes do at about the same time. */
import { nsToMs } from '../../harness/units.ts';
import { storyLines } from './browser/story-lines.ts';
import { wrap } from './printable.ts';
import type { Story } from './report-data.ts';

const MAX_LINES = 80;
/** As the summary above it. */
const WIDTH = 100;
const LABEL = '  story       ';

/**
 *     story         195.000 ms  client 3: asks n4: write k0 1
 *                   198.946 ms  n5, n3, n4: appends entry 2 of term 1
 */
export function storyText(story: Story): string {
  const lines = storyLines(story);
  const shown = lines.slice(-MAX_LINES);
  const width = Math.max(...shown.map(({ time }) => timeText(time).length), 0);
  const room = Math.max(40, WIDTH - LABEL.length - width - 2);
  const texts = shown.flatMap(({ time, who, text }) =>
    wrap(`${who}: ${text}`, room, '  ').map((line, i) =>
      i === 0 ? `${timeText(time).padStart(width)}  ${line}` : `${' '.repeat(width + 2)}${line}`,
    ),
  );
  if (lines.length > shown.length) texts.unshift(`… ${lines.length - shown.length} lines before`);
  return texts.map((line, i) => `${i === 0 ? LABEL : ' '.repeat(LABEL.length)}${line}`).join('\n');
}

const timeText = (timeNs: number): string => `${nsToMs(timeNs).toFixed(3)} ms`;
