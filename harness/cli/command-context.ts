/** What every subcommand is given: where its words go, and how it says its exit code. */
import type { Output } from './output.ts';

export interface CommandContext {
  readonly output: Output;
  finish(exitCode: number): void;
}
