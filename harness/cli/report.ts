/**
 * `shaketable report`: writes the HTML report of a saved run anew, or of a history that others recorded; or one chart of it
 * as a picture for elsewhere, or its words.
 */
import { type Command, Option } from 'commander';
import { renderReport } from '../../results/report/build-report.ts';
import { collectReportData } from '../../results/report/collect-data.ts';
import { chartNames, chartSvg } from '../../results/report/elsewhere/charts.ts';
import { pngOf } from '../../results/report/elsewhere/png.ts';
import type { ReportData } from '../../results/report/report-data.ts';
import { textSummary } from '../../results/report/text-summary.ts';
import { RunDirectory } from '../../results/run-directory.ts';
import { EXIT, HarnessError } from '../errors.ts';
import { checkBudget } from './check-budget.ts';
import { judgeChooser, type JudgeOptions } from './choose-judge.ts';
import type { CommandContext } from './command-context.ts';
import { interruptNotes } from './execute-run.ts';
import { judgeFile, reportDataOfFile } from './judge-file.ts';
import { DEFAULT_CHECK_BUDGET_S, DEFAULT_MEMORY_MIB, MIB_BYTES } from './numbers.ts';
import type { Output } from './output.ts';
import { againCommand } from './replay-command.ts';
import { reportExtras } from './report-extras.ts';
import { assertWritable, writeReport } from './report-file.ts';
import { judgeSavedRun, openSavedRun } from './saved-run.ts';

interface Options extends Pick<JudgeOptions, 'workload' | 'model'> {
  readonly output?: string;
  readonly svg?: string;
  readonly png?: string;
  readonly text?: true;
}

const BUDGET_MS = DEFAULT_CHECK_BUDGET_S * 1000;
/** Of `--text`: a line of an e-mail. */
const TEXT_COLUMNS = 80;

const EXAMPLES = `
Examples:
  shaketable report results/runs/raft-register/20261121T205103Z-7
  shaketable report RUN --output /tmp/report.html
  shaketable report RUN --svg anomaly-1 --output stale-read.svg
  shaketable report RUN --text | mail -s 'last night' team@example.com
  shaketable report store/etcd/latest/history.edn --model cas-register --output etcd.html

Charts are timeline, clients, faults, roles, terms, commits, partitions, latency, rate, story, and
anomaly-N and order-N of the Nth anomaly: another name lists those of the run.

The exit code says whether the report was written; \`shaketable check\` tells the verdict, and has
more options of judging a history, with --report.`;

export function addReportCommand(program: Command, { output, finish }: CommandContext): void {
  program
    .command('report')
    .description("judge a run or a history again, and write its HTML report with today's checkers")
    .argument('<path>', 'a run directory, a history file, or a folder of a store')
    .option(
      '--output <file>',
      'where to; when absent the report.html (or CHART.svg, CHART.png) of the run directory, or of a history in this folder',
    )
    .addOption(
      new Option('--svg <chart>', 'instead: one chart as a picture that stands alone').conflicts([
        'png',
        'text',
      ]),
    )
    .addOption(
      new Option('--png <chart>', 'instead: the same as a PNG, without a browser').conflicts(['svg', 'text']),
    )
    .option(
      '--text',
      `instead: verdict and explanation as text of ${TEXT_COLUMNS} columns, to standard output`,
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
  const isRun = RunDirectory.isRun(path);
  if (isRun && (options.workload !== undefined || options.model !== undefined)) {
    throw new HarnessError(
      'usage',
      `${path} is a run, which says itself how it is judged: shaketable check takes --workload and --model for its history`,
    );
  }
  const { svg, png, text, output: named } = options;
  const name = svg === undefined ? (png === undefined ? 'report.html' : `${png}.png`) : `${svg}.svg`;
  const directory = isRun ? RunDirectory.open(path) : null;
  const target = named ?? (text === true ? null : (directory?.file(name) ?? name));
  if (target !== null && (named !== undefined || directory === null)) assertWritable(target);
  const data = isRun ? await dataOfRun(path, output) : await dataOfFile(path, options, output);
  const content = await contentOf(data, options);
  if (target === null) {
    output.print(String(content));
    return;
  }
  // Whole or not at all, as all of a run directory.
  if (directory !== null && named === undefined) directory.write(name, content);
  else writeReport(target, text === true ? `${String(content)}\n` : content);
  output.print(target);
}

async function contentOf(data: ReportData, { svg, png, text }: Options): Promise<string | Uint8Array> {
  if (text === true) return textSummary(data, { width: TEXT_COLUMNS });
  const chart = svg ?? png;
  if (chart === undefined) return renderReport(data);
  const drawn = chartSvg(data, chart);
  if (drawn === undefined) {
    throw new HarnessError(
      'unknown-name',
      `there is no chart ${JSON.stringify(chart)} of this run; it has ${chartNames(data).join(', ')}`,
    );
  }
  return png === undefined ? drawn : pngOf(drawn);
}

async function dataOfFile(path: string, options: Options, output: Output): Promise<ReportData> {
  const chooseJudge = await judgeChooser({ ...options, option: [] }, DEFAULT_MEMORY_MIB * MIB_BYTES);
  const onNotes = (notes: readonly string[]): void => notes.forEach((note) => output.note(note));
  return reportDataOfFile(await judgeFile(path, { chooseJudge, budgetMs: BUDGET_MS, output, onNotes }));
}

async function dataOfRun(path: string, output: Output): Promise<ReportData> {
  const saved = await openSavedRun(path);
  const judged = await judgeSavedRun(saved, checkBudget({ output, label: path, budgetMs: BUDGET_MS }));
  for (const note of judged.notes) output.note(note);
  const notes = [...judged.notes, ...interruptNotes(saved.verdict?.interruptTime ?? null)];
  const { directory, test, history } = saved;
  return collectReportData({
    test,
    history,
    ...judged,
    notes,
    ...reportExtras(directory, test),
    ...againCommand(test, path),
  });
}
