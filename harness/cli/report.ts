/** `shaketable report`: writes the HTML report of a saved run anew. */
import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { buildReport } from '../../results/report/build-report.ts';
import { EXIT, HarnessError } from '../errors.ts';
import type { CommandContext } from './command-context.ts';
import { checkersOf, judge } from './judge.ts';
import { replayCommand } from './replay-command.ts';
import { openSavedRun } from './saved-run.ts';

export function addReportCommand(program: Command, { output, finish }: CommandContext): void {
  program
    .command('report')
    .description("judge a saved run again and write its HTML report, with today's checkers")
    .argument('<run>', 'a run directory')
    .option('--output <file>', 'where to; the report.html of the run directory when absent')
    .addHelpText(
      'after',
      '\nExamples:\n  shaketable report results/runs/raft-register/20261121T205103Z-7\n  shaketable report RUN --output /tmp/report.html',
    )
    .action((path: string, options: { output?: string }) => {
      const { directory, test, history, trace, notes } = openSavedRun(path);
      for (const note of notes) output.note(note);
      const { valid, verdicts } = judge(checkersOf(test), { history, trace });
      const html = buildReport({ test, history, verdicts, valid, trace, replayCommand: replayCommand(path) });
      if (options.output === undefined) {
        directory.write('report.html', html);
      } else {
        try {
          writeFileSync(options.output, html);
        } catch (error) {
          throw HarnessError.from(error, 'io', `cannot write ${options.output}`);
        }
      }
      output.print(options.output ?? directory.file('report.html'));
      finish(EXIT.valid);
    });
}
