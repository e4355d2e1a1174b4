/** `shaketable report`: writes the HTML report of a saved run anew, or of a history that others recorded. */
import type { Command } from 'commander';
import { buildReport } from '../../results/report/build-report.ts';
import { RunDirectory } from '../../results/run-directory.ts';
import { EXIT, HarnessError } from '../errors.ts';
import { checkBudget } from './check-budget.ts';
import { judgeChooser, type JudgeOptions } from './choose-judge.ts';
import type { CommandContext } from './command-context.ts';
import { interruptNotes } from './execute-run.ts';
import { judgeFile, reportOfFile } from './judge-file.ts';
import { DEFAULT_CHECK_BUDGET_S, DEFAULT_MEMORY_MIB, MIB_BYTES } from './numbers.ts';
import type { Output } from './output.ts';
import { againCommand } from './replay-command.ts';
import { assertWritable, writeReport } from './report-file.ts';
import { judgeSavedRun, openSavedRun } from './saved-run.ts';

interface Options extends Pick<JudgeOptions, 'workload' | 'model'> {
  readonly output?: string;
}

const BUDGET_MS = DEFAULT_CHECK_BUDGET_S * 1000;
/** Beside where the command is, when it is about a history of others: their folders stay as they are. */
const DEFAULT_FILE = 'report.html';

const EXAMPLES = `
Examples:
  shaketable report results/runs/raft-register/20261121T205103Z-7
  shaketable report RUN --output /tmp/report.html
  shaketable report store/etcd/latest/history.edn --model cas-register --output etcd.html

The exit code says whether the report was written; \`shaketable check\` tells the verdict, and has
more options of judging a history, with --report.`;

export function addReportCommand(program: Command, { output, finish }: CommandContext): void {
  program
    .command('report')
    .description("judge a run or a history again, and write its HTML report with today's checkers")
    .argument('<path>', 'a run directory, a history file, or a folder of a store')
    .option(
      '--output <file>',
      `where to; when absent the report.html of the run directory, or of a history ${DEFAULT_FILE} here`,
    )
    .option('--workload <name>', 'who judges a history: see list checkers')
    .option('--model <name>', 'linearizability of a history, and of what: see list models')
    .addHelpText('after', EXAMPLES)
    .action(async (path: string, options: Options) => {
      await report(path, options, output);
      finish(EXIT.valid);
    });
}

async function report(path: string, options: Options, output: Output): Promise<void> {
  if (!RunDirectory.isRun(path)) {
    const target = options.output ?? DEFAULT_FILE;
    assertWritable(target);
    writeReport(target, await fileReport(path, options, output));
    output.print(target);
    return;
  }
  if (options.workload !== undefined || options.model !== undefined) {
    throw new HarnessError(
      'usage',
      `${path} is a run, which says itself how it is judged: shaketable check takes --workload and --model for its history`,
    );
  }
  const target = options.output;
  if (target !== undefined) assertWritable(target);
  const { directory, html } = await runReport(path, output);
  if (target === undefined) directory.write('report.html', html);
  else writeReport(target, html);
  output.print(target ?? directory.file('report.html'));
}

async function fileReport(path: string, options: Options, output: Output): Promise<string> {
  const chooseJudge = await judgeChooser({ ...options, option: [] }, DEFAULT_MEMORY_MIB * MIB_BYTES);
  const onNotes = (notes: readonly string[]): void => notes.forEach((note) => output.note(note));
  return reportOfFile(await judgeFile(path, { chooseJudge, budgetMs: BUDGET_MS, output, onNotes }));
}

async function runReport(path: string, output: Output): Promise<{ directory: RunDirectory; html: string }> {
  const saved = await openSavedRun(path);
  const { directory, test, history, verdict } = saved;
  const judged = await judgeSavedRun(saved, checkBudget({ output, label: path, budgetMs: BUDGET_MS }));
  for (const note of judged.notes) output.note(note);
  const notes = [...judged.notes, ...interruptNotes(verdict?.interruptTime ?? null)];
  const html = buildReport({ test, history, ...judged, notes, ...againCommand(test, path) });
  return { directory, html };
}
