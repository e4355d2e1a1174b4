/** `shaketable check`: judges saved runs again, or histories that others recorded. */
import { type Command, Option } from 'commander';
import { type Checker, combineValidity, type Validity, type Verdict } from '../../checkers/checker.ts';
import { linearizability, type Model, models } from '../../checkers/linearizability/index.ts';
import { statistics } from '../../checkers/statistics/index.ts';
import { readInput, RunDirectory } from '../../results/run-directory.ts';
import { collectReportData } from '../../results/report/collect-data.ts';
import { textSummary } from '../../results/report/text-summary.ts';
import { HarnessError } from '../errors.ts';
import type { History } from '../history/history.ts';
import { readHistory } from '../history/import/index.ts';
import { checkBudget } from './check-budget.ts';
import type { CommandContext } from './command-context.ts';
import { interruptNotes } from './execute-run.ts';
import type { Judgement } from './judge.ts';
import { lookUp } from './names.ts';
import { DEFAULT_CHECK_BUDGET_S, parseNumber } from './numbers.ts';
import { type Output, wantsColour } from './output.ts';
import { replayCommand } from './replay-command.ts';
import { exitCodeOf } from './run.ts';
import { judgeSavedRun, openSavedRun, tornNote } from './saved-run.ts';

interface Options {
  readonly model?: string;
  readonly timeBudget: string;
  readonly memoryBudget: string;
  readonly json?: boolean;
}

/** The options as they are meant. */
interface Settings {
  readonly model: Model | null;
  readonly budgetMs: number;
  readonly memoryBytes: number;
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
const MAX_ANOMALIES_PRINTED = 5;

const EXAMPLES = `
Examples:
  shaketable check results/runs/raft-register/*
  shaketable check --model cas-register etcd_000.log
  shaketable check --model kv history.edn --time-budget 300
  shaketable check RUN --json

A path that cannot be read does not keep the others from being judged.
A path is a run directory, a history.jsonl, a Jepsen history (EDN), or a log as Porcupine has them.`;

export function addCheckCommand(program: Command, { output, finish }: CommandContext): void {
  program
    .command('check')
    .description('judge saved runs again, or histories that others recorded')
    .argument('<path...>', 'run directories or history files')
    .option('--model <name>', `what the history should look like: ${[...models.keys()].join(', ')}`)
    .addOption(
      new Option(
        '--time-budget <seconds>',
        'for each path; the verdict is unknown when it is used up',
      ).default(String(DEFAULT_CHECK_BUDGET_S), String(DEFAULT_CHECK_BUDGET_S)),
    )
    .addOption(new Option('--memory-budget <MiB>', "for the search's tables").default('1024', '1024'))
    .option('--json', 'the verdicts for machines, on standard output')
    .addHelpText('after', EXAMPLES)
    .action(async (paths: string[], options: Options) => {
      finish(await check(paths, options, output));
    });
}

async function check(paths: readonly string[], options: Options, output: Output): Promise<number> {
  const settings: Settings = {
    model: options.model === undefined ? null : lookUp('model', models, options.model),
    budgetMs: parseNumber('--time-budget', options.timeBudget, { above: 0 }) * 1000,
    memoryBytes: parseNumber('--memory-budget', options.memoryBudget, { above: 0 }) * BYTES_PER_MIB,
    isForMachines: options.json === true,
  };
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
  return RunDirectory.isRun(path) && settings.model === null
    ? checkRun(path, settings, output)
    : checkFile(path, settings, output);
}

async function checkRun(path: string, { budgetMs }: Settings, output: Output): Promise<Checked> {
  const startedMs = performance.now();
  const saved = openSavedRun(path);
  const judged = await judgeSavedRun(saved, checkBudget({ output, label: path, budgetMs }));
  const notes = [...judged.notes, ...interruptNotes(saved.verdict?.interruptTime ?? null)];
  const data = collectReportData({ ...saved, ...judged, notes, replayCommand: replayCommand(path) });
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
  const file = RunDirectory.isRun(path) ? RunDirectory.open(path).file('history.jsonl') : path;
  const { history, notes, torn } = readHistory(readInput(file), { fileName: file });
  const told = notes.map((note) => `${file}: ${note}`);
  if (torn !== undefined) told.push(tornNote(file, torn));
  const model = settings.model ?? guessModel(history, file, told);
  if (!history.operations.some(({ process, type }) => process !== 'nemesis' && type === 'ok')) {
    told.push(`${file}: nothing was acknowledged: a valid verdict proves little`);
  }
  const input = { history, ...checkBudget({ output, label: file, budgetMs: settings.budgetMs }) };
  const checkers: readonly Checker[] = [
    linearizability({ model, memoryBytes: settings.memoryBytes }),
    statistics(),
  ];
  const verdicts = checkers.map((checker) => checker.check(input));
  const judgement = { valid: combineValidity(verdicts.map(({ valid }) => valid)), verdicts };
  const checkMs = performance.now() - startedMs;
  if (!settings.isForMachines) for (const note of told) output.note(note);
  return {
    path,
    operations: history.length,
    ...judgement,
    checkMs,
    notes: told,
    text: describeFile(path, history, model.name, judgement, checkMs),
  };
}

/** The first model, in the order of the list, that knows every function of the history. */
function guessModel(history: History, path: string, notes: string[]): Model {
  const functions = [...new Set(history.clientOperations().map(({ f }) => f))];
  for (const model of models.values()) {
    if (functions.every((f) => Object.hasOwn(model.functions, f))) {
      notes.push(
        `${path}: no --model given: judged as ${model.name}, which knows ${functions.join(', ') || 'all of nothing'}`,
      );
      return model;
    }
  }
  throw new HarnessError(
    'usage',
    `${path}: no model knows all of ${functions.join(', ')}: name one with --model (${[...models.keys()].join(', ')})`,
  );
}

function describeFile(
  path: string,
  history: History,
  model: string,
  { valid, verdicts }: Judgement,
  checkMs: number,
): string {
  const word = valid === true ? 'VALID' : valid === false ? 'INVALID' : 'UNKNOWN';
  const lines = [`${word}  ${path}  (${history.length} records, ${model}, ${checkMs.toFixed(0)} ms)`];
  for (const verdict of verdicts) lines.push(...describeVerdict(verdict));
  return lines.join('\n');
}

function describeVerdict({ checker, valid, reason, anomalies }: Verdict): string[] {
  const lines = anomalies
    .slice(0, MAX_ANOMALIES_PRINTED)
    .map(({ name, explanation }) => `  ${name}: ${explanation}`);
  if (anomalies.length > MAX_ANOMALIES_PRINTED) {
    lines.push(`  … and ${anomalies.length - MAX_ANOMALIES_PRINTED} more: --json has all`);
  }
  if (valid === 'unknown' && reason !== undefined) lines.push(`  ${checker}: ${reason}`);
  return lines;
}
