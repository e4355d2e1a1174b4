/**
 * Where the command's words go: results to standard output, notes and errors to standard error.
 *
 * A reader that has gone away (`kraft topics … | head`) is no failure: the rest is for nobody.
 */
export interface Output {
  /** Results: a text, whose line is ended. */
  print(text: string): void;
  /** Bytes of records, as they are. */
  write(bytes: Uint8Array): void;
  /** A note or an error: one line. */
  note(text: string): void;
  /** Something is written that nobody reads any more. */
  readonly isBroken: boolean;
}

/** Of this process. */
export function processOutput(): Output {
  let isBroken = false;
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
      isBroken = true;
    });
  }
  return {
    print: (text) => void process.stdout.write(`${text}\n`),
    write: (bytes) => void process.stdout.write(bytes),
    note: (text) => void process.stderr.write(`${text}\n`),
    get isBroken() {
      return isBroken;
    },
  };
}

/** What a subcommand is given when it is made. */
export interface CommandContext {
  readonly output: Output;
  /** Says the exit code where it is not 0. */
  finish(exitCode: number): void;
}
