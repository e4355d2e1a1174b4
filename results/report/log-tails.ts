/**
 * The lines that nodes logged around a moment: the last before it, and a few after.
 *
 *     tails.around(1_557_000_000)  // [{ node: 'n1', lines: [{ time: 1_501_000_000, text: '1.501 info  follower …' }, …] }, …]
 */
import { cutText } from './operation-columns.ts';
import type { LogTail } from './report-data.ts';

const LINES_BEFORE = 12;
const LINES_AFTER = 4;
const MAX_LINE_CHARACTERS = 300;
/** `12.345678901 info  …`: seconds since the run began. */
const TIME = /^\s*(\d+\.\d{3,9}) /;
const NS_PER_S = 1e9;

interface Line {
  readonly time: number;
  readonly text: string;
}

export class LogTails {
  /** By node; null where its lines carry no times. */
  readonly #logs: ReadonlyMap<string, { readonly lines: readonly Line[]; readonly isTimed: boolean }>;

  constructor(logs: ReadonlyMap<string, string>) {
    this.#logs = new Map([...logs].map(([node, text]) => [node, parse(text)]));
  }

  /** @param moment - nanoseconds since the run began */
  around(moment: number): readonly LogTail[] {
    return [...this.#logs].map(([node, { lines, isTimed }]) => {
      const after = isTimed ? firstAfter(lines, moment) : lines.length;
      const shown = lines.slice(Math.max(0, after - LINES_BEFORE), after + LINES_AFTER);
      return {
        node,
        lines: shown.map(({ text }) => text),
        before: isTimed ? Math.min(after, LINES_BEFORE) : null,
      };
    });
  }
}

/** A line without a time, such as those of a stack, belongs to the one before it. */
function parse(text: string): { readonly lines: readonly Line[]; readonly isTimed: boolean } {
  let time = 0;
  let isTimed = false;
  const lines = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const seconds = TIME.exec(line)?.[1];
      if (seconds !== undefined) {
        isTimed = true;
        time = Math.max(time, Number(seconds) * NS_PER_S);
      }
      return { time, text: cutText(line, MAX_LINE_CHARACTERS) };
    });
  return { lines, isTimed };
}

function firstAfter(lines: readonly Line[], moment: number): number {
  let [low, high] = [0, lines.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((lines[middle] as Line).time > moment) high = middle;
    else low = middle + 1;
  }
  return low;
}
