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

/** With several live lines. */
export interface ScreenOutput extends Output {
  /** Rewrites the live lines on a terminal, drawn for its size; nothing elsewhere. Lines that do not fit are left out. */
  liveLines(draw: (size: ScreenSize) => readonly string[]): void;
}

export interface ScreenSize {
  readonly columns: number;
  readonly rows: number;
}

/** What standard output and standard error have that is used here. */
export interface Stream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
}

const CLEAR_LINE = '\r\u001b[K';
/** A terminal that does not say how wide it is, or says nonsense. */
const MIN_COLUMNS = 20;
const DEFAULT_COLUMNS = 80;
const MIN_ROWS = 3;
const DEFAULT_ROWS = 24;

export function outputTo(stdout: Stream, stderr: Stream): ScreenOutput {
  const isTerminal = stderr.isTTY === true;
  /** Lengths of the live lines that stand there. */
  let live: readonly number[] = [];
  const size = (): ScreenSize => ({
    columns: Math.max(MIN_COLUMNS, stderr.columns ?? DEFAULT_COLUMNS),
    rows: Math.max(MIN_ROWS, stderr.rows ?? DEFAULT_ROWS),
  });
  /** To the begin of the first live line. A terminal that became narrower has broken lines in two. */
  const clearLive = (): string => {
    const { columns } = size();
    const above = live.reduce((sum, length) => sum + Math.max(1, Math.ceil(length / columns)), 0) - 1;
    return above > 0 ? `\r\u001b[${above}A\u001b[J` : CLEAR_LINE;
  };
  const endLive = (): void => {
    if (live.length > 0) stderr.write(clearLive());
    live = [];
  };
  const drawLive = (lines: readonly string[]): void => {
    const { columns, rows } = size();
    const cut = lines
      .slice(0, rows - 1)
      .map((line) => (line.length >= columns ? `${line.slice(0, columns - 2)}…` : line));
    stderr.write(`${clearLive()}${cut.join('\n')}`);
    live = cut.map((line) => line.length);
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
      if (isTerminal) drawLive([text]);
    },
    liveLines: (draw) => {
      if (isTerminal) drawLive(draw(size()));
    },
  };
}

/** Of this process. A reader that has gone away (`shaketable … | head`) is no failure: the rest is for nobody. */
export function processOutput(): ScreenOutput {
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
