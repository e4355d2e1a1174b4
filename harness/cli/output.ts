/**
 * Where the command's words go: results to standard output, progress and errors to standard error.
 */
export interface Output {
  /** Somebody watches: the live line is shown. */
  readonly isTerminal: boolean;
  /** Results. */
  print(text: string): void;
  /** A line of progress or a note. */
  note(text: string): void;
  /** Rewrites the live line on a terminal; nothing elsewhere. */
  live(text: string): void;
}

/** What standard output and standard error have that is used here. */
export interface Stream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const CLEAR_LINE = '\r\u001b[K';
/** A terminal that does not say how wide it is, or says nonsense. */
const MIN_COLUMNS = 20;
const DEFAULT_COLUMNS = 80;

export function outputTo(stdout: Stream, stderr: Stream): Output {
  const isTerminal = stderr.isTTY === true;
  let isLive = false;
  const endLive = (): void => {
    if (isLive) stderr.write(CLEAR_LINE);
    isLive = false;
  };
  return {
    isTerminal,
    print: (text) => {
      endLive();
      stdout.write(`${text}\n`);
    },
    note: (text) => {
      endLive();
      stderr.write(`${text}\n`);
    },
    live: (text) => {
      if (!isTerminal) return;
      const width = Math.max(MIN_COLUMNS, stderr.columns ?? DEFAULT_COLUMNS) - 1;
      stderr.write(`${CLEAR_LINE}${text.length > width ? `${text.slice(0, width - 1)}…` : text}`);
      isLive = true;
    },
  };
}

/** Of this process. A reader that has gone away (`shaketable … | head`) is no failure: the rest is for nobody. */
export function processOutput(): Output {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
  return outputTo(process.stdout, process.stderr);
}

/** Standard output is a terminal, and nobody asked for plain text (no-color.org). */
export function wantsColour(): boolean {
  return process.stdout.isTTY && process.env['NO_COLOR'] === undefined;
}
