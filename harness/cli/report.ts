/** `shaketable report`: writes the HTML report of a saved run anew. */
import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { buildReport } from '../../results/report/build-report.ts';
import { EXIT, HarnessError } from '../errors.ts';
import { checkBudget } from './check-budget.ts';
import type { CommandContext } from './command-context.ts';
import { interruptNotes } from './execute-run.ts';
import { DEFAULT_CHECK_BUDGET_S } from './numbers.ts';
import type { Output } from './output.ts';
import { replayCommand } from './replay-command.ts';
import { judgeSavedRun, openSavedRun } from './saved-run.ts';

const EXAMPLES = `
Examples:
  shaketable report results/runs/raft-register/20261121T205103Z-7
  shaketable report RUN --output /tmp/report.html

The exit code says whether the report was written; \`shaketable check\` tells the verdict.`;

export function addReportCommand(program: Command, { output, finish }: CommandContext): void {
  program
    .command('report')
    .description("judge a saved run again and write its HTML report, with today's checkers")
    .argument('<run>', 'a run directory')
    .option('--output <file>', 'where to; the report.html of the run directory when absent')
    .addHelpText('after', EXAMPLES)
    .action(async (path: string, options: { output?: string }) => {
      await report(path, options.output, output);
      finish(EXIT.valid);
    });
}

async function report(path: string, target: string | undefined, output: Output): Promise<void> {
  const saved = openSavedRun(path);
  const { directory, test, history, verdict } = saved;
  const judged = await judgeSavedRun(
    saved,
    checkBudget({ output, label: path, budgetMs: DEFAULT_CHECK_BUDGET_S * 1000 }),
  );
  for (const note of judged.notes) output.note(note);
  const notes = [...judged.notes, ...interruptNotes(verdict?.interruptTime ?? null)];
  const html = buildReport({ test, history, ...judged, notes, replayCommand: replayCommand(path) });
  if (target === undefined) {
    directory.write('report.html', html);
  } else {
    try {
      writeFileSync(target, html);
    } catch (error) {
      throw HarnessError.from(error, 'io', `cannot write ${target}`);
    }
  }
  output.print(target ?? directory.file('report.html'));
}
