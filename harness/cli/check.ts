/** `shaketable check`: judges saved runs again, or histories that others recorded. */
import { type Command, Option } from 'commander';
import { combineValidity, type Validity } from '../../checkers/checker.ts';
import { RunDirectory } from '../../results/run-directory.ts';
import { renderReport } from '../../results/report/build-report.ts';
import { collectReportData } from '../../results/report/collect-data.ts';
import { textSummary } from '../../results/report/text-summary.ts';
import { HarnessError } from '../errors.ts';
import { checkAll } from './check-all.ts';
import { checkBudget } from './check-budget.ts';
import { type ChooseJudge, judgeChooser, type JudgeOptions } from './choose-judge.ts';
import type { CommandContext } from './command-context.ts';
import { describeCheck } from './describe-check.ts';
import { interruptNotes } from './execute-run.ts';
import type { Judgement } from './judge.ts';
import { judgeFile, reportOfFile } from './judge-file.ts';
import { judges } from './judges/index.ts';
import { DEFAULT_CHECK_BUDGET_S, DEFAULT_MEMORY_MIB, MIB_BYTES, parseNumber } from './numbers.ts';
import { type Output, wantsColour } from './output.ts';
import { models } from './registries.ts';
import { againCommand } from './replay-command.ts';
import { reportExtras } from './report-extras.ts';
import { assertWritable, writeReport } from './report-file.ts';
import { exitCodeOf } from './run.ts';
import { judgeSavedRun, openSavedRun } from './saved-run.ts';

interface Options extends JudgeOptions {
  readonly timeBudget: string;
  readonly memoryBudget: string;
  readonly report?: string;
  readonly json?: boolean;
  readonly all?: string | true;
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
  /** The HTML. */
  readonly report: () => string;
}

/** A path that could not be judged. */
interface Refused {
  readonly path: string;
  readonly error: HarnessError;
}

const DEFAULT_FOLDER = 'results';

const EXAMPLES = `
Examples:
  shaketable check results/runs/raft-register/*
  shaketable check --model cas-register etcd_000.log
  shaketable check --workload list-append store/append/latest
  shaketable check --consistency-model snapshot-isolation history.edn
  shaketable check history.edn --report history.html
  shaketable check RUN --json
  shaketable check --all                         every run below results/: what has changed?

A path is a run directory, a history.jsonl, a Jepsen history (history.edn, history.txt, a log),
JSON (an array of operations, or one a line), or a folder of a Jepsen or Maelstrom store. One that
cannot be read does not keep the others from being judged.
--all tells what today's checkers find otherwise than the run's own did: validity, anomalies, and
signatures, with the versions.
Without --workload and --model whoever recognises the history judges it, with a note that says who.
See shaketable list checkers, list models, list consistency-models.`;

export function addCheckCommand(program: Command, { output, finish }: CommandContext): void {
  program
    .command('check')
    .description('judge saved runs again, or histories that others recorded')
    .argument('[path...]', 'run directories, history files, or folders of a store')
    .option(
      '--all [folder]',
      'all runs below it, and each verdict that is not what it was (default: results)',
    )
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
    .addOption(
      new Option('--memory-budget <MiB>', "for the search's tables").default(
        String(DEFAULT_MEMORY_MIB),
        String(DEFAULT_MEMORY_MIB),
      ),
    )
    .option('--report <file>', 'writes an HTML report of the one path')
    .option('--json', 'the verdicts for machines, on standard output')
    .addHelpText('after', EXAMPLES)
    .action(async (paths: string[], options: Options) => {
      finish(
        options.all === undefined ? await check(paths, options, output) : await all(paths, options, output),
      );
    });
}

function all(paths: readonly string[], options: Options, output: Output): Promise<number> {
  const other = (['workload', 'model', 'consistencyModel', 'report'] as const).find(
    (name) => options[name] !== undefined,
  );
  if (other !== undefined || paths.length > 0) {
    throw new HarnessError(
      'usage',
      '--all judges runs as they were judged: leave other paths, judges and --report out',
    );
  }
  return checkAll({
    folder: typeof options.all === 'string' ? options.all : DEFAULT_FOLDER,
    budgetMs: parseNumber('--time-budget', options.timeBudget, { above: 0 }) * 1000,
    isForMachines: options.json === true,
    output,
  });
}

async function check(paths: readonly string[], options: Options, output: Output): Promise<number> {
  if (paths.length === 0) {
    throw new HarnessError(
      'usage',
      'name run directories or histories, or all runs with --all; see shaketable check --help',
    );
  }
  const memoryBytes = parseNumber('--memory-budget', options.memoryBudget, { above: 0 }) * MIB_BYTES;
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
  if (settings.reportFile !== null) assertWritable(settings.reportFile);
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
      const { text: _, report: __, ...row } = result;
      return row;
    });
    output.print(JSON.stringify({ valid, results: rows }, null, 2));
  }
  const [first] = results;
  if (settings.reportFile !== null && first !== undefined && 'report' in first) {
    writeReport(settings.reportFile, first.report());
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
  const saved = await openSavedRun(path);
  const judged = await judgeSavedRun(
    saved,
    checkBudget({ output, label: path, budgetMs: settings.budgetMs }),
  );
  const notes = [...judged.notes, ...interruptNotes(saved.verdict?.interruptTime ?? null)];
  const data = collectReportData({
    ...saved,
    ...judged,
    notes,
    ...reportExtras(saved.directory, saved.test),
    ...againCommand(saved.test, path),
  });
  return {
    path,
    operations: saved.history.length,
    valid: judged.valid,
    verdicts: judged.verdicts,
    checkMs: performance.now() - startedMs,
    notes,
    text: textSummary(data, { colour: wantsColour() }),
    report: () => renderReport(data),
  };
}

async function checkFile(path: string, settings: Settings, output: Output): Promise<Checked> {
  const judged = await judgeFile(path, {
    ...settings,
    output,
    onNotes: (notes) => {
      if (!settings.isForMachines) for (const note of notes) output.note(note);
    },
  });
  const { history, judge, valid, verdicts, checkMs, notes } = judged;
  const operations = history.length;
  return {
    path,
    operations,
    valid,
    verdicts,
    checkMs,
    notes,
    text: describeCheck({ path, history, judge, verdicts, checkMs }),
    report: () => reportOfFile(judged),
  };
}
