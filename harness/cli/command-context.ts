import type { Output } from './output.ts';

/** What every subcommand is given: where its words go, and how it says its exit code. */
export interface CommandContext {
  readonly output: Output;
  finish(exitCode: number): void;
}
