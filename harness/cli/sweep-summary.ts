/** What a sweep leaves behind when it ends, and its exit code. */
import { renderSweep } from '../../results/sweep/page.ts';
import { EXIT } from '../errors.ts';
import { sweepJunit } from '../sweep/junit.ts';
import type { CellState, SweepOutcome } from '../sweep/outcome.ts';
import { sweepJson, sweepMarkdown, totalsText } from '../sweep/summaries.ts';
import type { Output } from './output.ts';
import type { SweepFolder } from './sweep-folder.ts';

const EXIT_CODES: Readonly<Record<CellState, number>> = {
  passed: EXIT.valid,
  failed: EXIT.invalid,
  unknown: EXIT.unknown,
  unfinished: EXIT.unknown,
  error: EXIT.harness,
};

/** Writes `summary.md`, `junit.xml`, `index.html` and `summary.json`, and says the rest. @returns the exit code */
export function sumUp(folder: SweepFolder, outcome: SweepOutcome, output: Output, asJson: boolean): number {
  const json = sweepJson(outcome);
  const summary = folder.write('summary.md', sweepMarkdown(outcome));
  folder.write('junit.xml', sweepJunit(outcome));
  const index = folder.write('index.html', renderSweep(outcome));
  folder.write('summary.json', json);
  if (asJson) output.print(json.trimEnd());
  else output.print(`\n${totalsText(outcome)}\n  summary  ${summary}\n  index    ${index}`);
  return EXIT_CODES[outcome.state];
}
