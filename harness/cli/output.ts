/**
 * Where the command's words go: results to standard output, progress and errors to standard error.
 */
export interface Output {
  readonly isTerminal: boolean;
  /** Results. */
  print(text: string): void;
  /** A line of progress or a note. */
  note(text: string): void;
  /** Rewrites the live line on a terminal; nothing elsewhere. */
  live(text: string): void;
}

const CLEAR_LINE = '\r\u001b[K';

export function processOutput(): Output {
  const isTerminal = process.stderr.isTTY;
  let isLive = false;
  const endLive = (): void => {
    if (isLive) process.stderr.write(CLEAR_LINE);
    isLive = false;
  };
  return {
    isTerminal,
    print: (text) => {
      endLive();
      process.stdout.write(`${text}\n`);
    },
    note: (text) => {
      endLive();
      process.stderr.write(`${text}\n`);
    },
    live: (text) => {
      if (!isTerminal) return;
      process.stderr.write(`${CLEAR_LINE}${text.slice(0, Math.max(20, process.stderr.columns - 1))}`);
      isLive = true;
    },
  };
}

/** Standard output is a terminal, and nobody asked for plain text (no-color.org). */
export function wantsColour(): boolean {
  return process.stdout.isTTY && process.env['NO_COLOR'] === undefined;
}
