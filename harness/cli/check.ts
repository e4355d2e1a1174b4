/** `shaketable check`: judges saved runs again, or histories that others recorded. */
import { writeFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { combineValidity, type Validity } from '../../checkers/checker.ts';
import { statistics, vacuity } from '../../checkers/statistics/index.ts';
import { RunDirectory } from '../../results/run-directory.ts';
import { renderReport } from '../../results/report/build-report.ts';
import { collectReportData } from '../../results/report/collect-data.ts';
import { textSummary } from '../../results/report/text-summary.ts';
import { HarnessError } from '../errors.ts';
import { checkBudget } from './check-budget.ts';
import { type ChooseJudge, judgeChooser, type JudgeOptions } from './choose-judge.ts';
import type { CommandContext } from './command-context.ts';
import { describeCheck } from './describe-check.ts';
import { interruptNotes } from './execute-run.ts';
import { type HistoryFile, readHistoryFile } from './history-file.ts';
import { type Judgement, judgeHistory } from './judge.ts';
import { judges } from './judges/index.ts';
import { DEFAULT_CHECK_BUDGET_S, parseNumber } from './numbers.ts';
import { type Output, wantsColour } from './output.ts';
import { models } from './registries.ts';
import { ownCommandLine, replayCommand } from './replay-command.ts';
import { exitCodeOf } from './run.ts';
import { about, judgeSavedRun, openSavedRun } from './saved-run.ts';

interface Options extends JudgeOptions {
  readonly timeBudget: string;
  readonly memoryBudget: string;
  readonly report?: string;
  readonly json?: boolean;
}

/** The options as they are meant. */
interface Settings {
  readonly chooseJudge: ChooseJudge;
  /** Somebody was named to judge: of a run, too, its history alone. */
  readonly isJudgeNamed: boolean;
  readonly budgetMs: number;
  readonly reportFile: string | null;
  /** All goes into the JSON. */
  readonly isForMachines: boolean;
}

interface Checked extends Judgement {
  readonly path: string;
  readonly operations: number;
  readonly checkMs: number;
  readonly notes: readonly string[];
  /** What is printed. */
  readonly text: string;
}

/** A path that could not be judged. */
interface Refused {
  readonly path: string;
  readonly error: HarnessError;
}

const BYTES_PER_MIB = 1 << 20;

const EXAMPLES = `
Examples:
  shaketable check results/runs/raft-register/*
  shaketable check --model cas-register etcd_000.log
  shaketable check --workload list-append store/append/latest
  shaketable check --consistency-model snapshot-isolation history.edn
  shaketable check history.edn --report history.html
  shaketable check RUN --json

A path is a run directory, a history.jsonl, a Jepsen history (history.edn, history.txt, a log),
JSON (an array of operations, or one a line), or a folder of a Jepsen or Maelstrom store. One that
cannot be read does not keep the others from being judged.
Without --workload and --model whoever recognises the history judges it, with a note that says who.
See shaketable list checkers, list models, list consistency-models.`;

export function addCheckCommand(program: Command, { output, finish }: CommandContext): void {
  program
    .command('check')
    .description('judge saved runs again, or histories that others recorded')
    .argument('<path...>', 'run directories, history files, or folders of a store')
    .option('--workload <name>', `who judges it: ${judges.map(({ name }) => name).join(', ')}`)
    .option('--model <name>', `linearizability, and of what: ${[...models.keys()].join(', ')}`)
    .option('--consistency-model <name>', 'what transactions were promised: see list consistency-models')
    .addOption(
      new Option('--option <name=value>', 'an option of the workload’s checker (may be repeated)')
        .argParser((value: string, previous: readonly string[]) => [...previous, value])
        .default([], 'see list options'),
    )
    .addOption(
      new Option(
        '--time-budget <seconds>',
        'for each path; the verdict is unknown when it is used up',
      ).default(String(DEFAULT_CHECK_BUDGET_S), String(DEFAULT_CHECK_BUDGET_S)),
    )
    .addOption(new Option('--memory-budget <MiB>', "for the search's tables").default('1024', '1024'))
    .option('--report <file>', 'writes an HTML report of the one path')
    .option('--json', 'the verdicts for machines, on standard output')
    .addHelpText('after', EXAMPLES)
    .action(async (paths: string[], options: Options) => {
      finish(await check(paths, options, output));
    });
}

async function check(paths: readonly string[], options: Options, output: Output): Promise<number> {
  const memoryBytes = parseNumber('--memory-budget', options.memoryBudget, { above: 0 }) * BYTES_PER_MIB;
  const settings: Settings = {
    chooseJudge: await judgeChooser(options, memoryBytes),
    isJudgeNamed: [options.workload, options.model, options.consistencyModel].some(
      (name) => name !== undefined,
    ),
    budgetMs: parseNumber('--time-budget', options.timeBudget, { above: 0 }) * 1000,
    reportFile: options.report ?? null,
    isForMachines: options.json === true,
  };
  if (settings.reportFile !== null && paths.length > 1) {
    throw new HarnessError('usage', '--report is of one path: check the others without it');
  }
  const results: (Checked | Refused)[] = [];
  for (const path of paths) {
    const result = await checkPath(path, settings, output).catch((error: unknown): Refused => ({
      path,
      error: HarnessError.from(error),
    }));
    results.push(result);
    if ('error' in result) {
      // Of one path the command says it, as of any other mistake.
      if (paths.length === 1) throw result.error;
      output.note(`shaketable: ${result.error.message}`);
    } else {
      if (options.json !== true) output.print(result.text);
    }
  }
  const valid = combineValidity(
    results.map((result): Validity => ('error' in result ? 'unknown' : result.valid)),
  );
  if (options.json === true) {
    const rows = results.map((result) => {
      if ('error' in result) return { path: result.path, error: result.error.message };
      const { text: _, ...row } = result;
      return row;
    });
    output.print(JSON.stringify({ valid, results: rows }, null, 2));
  }
  const refused = results.find((result) => 'error' in result);
  return valid === false || refused === undefined ? exitCodeOf(valid) : refused.error.exitCode;
}

function checkPath(path: string, settings: Settings, output: Output): Promise<Checked> {
  return RunDirectory.isRun(path) && !settings.isJudgeNamed
    ? checkRun(path, settings, output)
    : checkFile(path, settings, output);
}

async function checkRun(path: string, settings: Settings, output: Output): Promise<Checked> {
  const startedMs = performance.now();
  const saved = openSavedRun(path);
  const { budgetMs, reportFile } = settings;
  const judged = await judgeSavedRun(saved, checkBudget({ output, label: path, budgetMs }));
  const notes = [...judged.notes, ...interruptNotes(saved.verdict?.interruptTime ?? null)];
  const data = collectReportData({ ...saved, ...judged, notes, replayCommand: replayCommand(path) });
  if (reportFile !== null) writeReport(reportFile, renderReport(data));
  return {
    path,
    operations: saved.history.length,
    valid: judged.valid,
    verdicts: judged.verdicts,
    checkMs: performance.now() - startedMs,
    notes,
    text: textSummary(data, { colour: wantsColour() }),
  };
}

async function checkFile(path: string, settings: Settings, output: Output): Promise<Checked> {
  const startedMs = performance.now();
  const found = readHistoryFile(path);
  const { file, history } = found;
  const { name, checker, note } = about(path, () => settings.chooseJudge(history));
  const notes = [...found.notes, ...(note === null ? [] : [`${path}: ${note}`])];
  if (!settings.isForMachines) for (const told of notes) output.note(told);
  const input = { history, ...checkBudget({ output, label: file, budgetMs: settings.budgetMs }) };
  const judgement = about(path, () => judgeHistory([checker, vacuity(), statistics()], input));
  const checkMs = performance.now() - startedMs;
  if (settings.reportFile !== null) {
    writeReport(settings.reportFile, reportOf(found, name, judgement, notes));
  }
  return {
    path,
    operations: history.length,
    ...judgement,
    checkMs,
    notes,
    text: describeCheck({
      path,
      records: history.length,
      judge: name,
      verdicts: judgement.verdicts,
      checkMs,
    }),
  };
}

function reportOf(
  { file, format, history }: HistoryFile,
  judge: string,
  judgement: Judgement,
  notes: readonly string[],
): string {
  const test = { file, judge, format, commandLine: ownCommandLine() };
  return renderReport(collectReportData({ test, history, trace: [], ...judgement, notes }));
}

function writeReport(file: string, html: string): void {
  try {
    writeFileSync(file, html);
  } catch (error) {
    throw HarnessError.from(error, 'io', `cannot write ${file}`);
  }
}
