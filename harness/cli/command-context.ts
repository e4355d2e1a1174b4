/** What every subcommand is given: where its words go, and how it says its exit code. */
import type { ScreenOutput } from './output.ts';

export interface CommandContext {
  readonly output: ScreenOutput;
  finish(exitCode: number): void;
}
