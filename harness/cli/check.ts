/** `shaketable check`: judges saved runs again, or histories that others recorded. */
import type { Command } from 'commander';
import { combineValidity, type Verdict } from '../../checkers/checker.ts';
import { linearizability, models } from '../../checkers/linearizability/index.ts';
import { statistics, vacuity } from '../../checkers/statistics/index.ts';
import { readInput, RunDirectory } from '../../results/run-directory.ts';
import { collectReportData } from '../../results/report/collect-data.ts';
import { textSummary } from '../../results/report/text-summary.ts';
import { HarnessError } from '../errors.ts';
import type { History } from '../history/history.ts';
import { readHistory } from '../history/import/index.ts';
import type { CommandContext } from './command-context.ts';
import { checkersOf, judge, type Judgement } from './judge.ts';
import { lookUp } from './names.ts';
import { type Output, wantsColour } from './output.ts';
import { replayCommand } from './replay-command.ts';
import { exitCodeOf } from './run.ts';
import { openSavedRun } from './saved-run.ts';
import { parseNumber } from './test-from-options.ts';

interface Options {
  readonly model?: string;
  readonly timeBudget: string;
  readonly memoryBudget: string;
  readonly json?: boolean;
}

interface Checked extends Judgement {
  readonly path: string;
  readonly operations: number;
  readonly checkMs: number;
  /** What is printed. */
  readonly text: string;
}

const BYTES_PER_MIB = 1 << 20;
const MAX_ANOMALIES_PRINTED = 5;

const EXAMPLES = `
Examples:
  shaketable check results/runs/raft-register/*
  shaketable check --model cas-register etcd_000.log
  shaketable check --model kv history.edn --time-budget 300
  shaketable check RUN --json

A PATH is a run directory, a history.jsonl, a Jepsen history (EDN), or a log of Porcupine's test data.`;

export function addCheckCommand(program: Command, { output, finish }: CommandContext): void {
  program
    .command('check')
    .description('judge saved runs again, or histories that others recorded')
    .argument('<path...>', 'run directories or history files')
    .option('--model <name>', `what the history should look like: ${[...models.keys()].join(', ')}`)
    .option('--time-budget <seconds>', 'for each path; the verdict is unknown when it is used up', '600')
    .option('--memory-budget <MiB>', "for the search's tables", '1024')
    .option('--json', 'the verdicts for machines, on standard output')
    .addHelpText('after', EXAMPLES)
    .action((paths: string[], options: Options) => {
      const checked = paths.map((path) => {
        const one = checkPath(path, options, output);
        if (options.json !== true) output.print(one.text);
        return one;
      });
      const valid = combineValidity(checked.map((one) => one.valid));
      if (options.json === true) {
        const results = checked.map(({ text: _, ...rest }) => rest);
        output.print(JSON.stringify({ valid, results }, null, 2));
      }
      finish(exitCodeOf(valid));
    });
}

function checkPath(path: string, options: Options, output: Output): Checked {
  const budgetMs = parseNumber('time-budget', options.timeBudget) * 1000;
  const startedMs = performance.now();
  const limits = {
    isOverdue: () => performance.now() - startedMs > budgetMs,
    onProgress: (share: number) => output.live(`${path}: ${Math.round(share * 100)} % checked`),
  };
  if (RunDirectory.isRun(path) && options.model === undefined) {
    const { test, history, trace, notes } = openSavedRun(path);
    for (const note of notes) output.note(note);
    const judgement = judge(checkersOf(test), { history, trace, ...limits });
    const data = collectReportData({
      test,
      history,
      trace,
      ...judgement,
      replayCommand: replayCommand(path),
    });
    return {
      path,
      operations: history.length,
      ...judgement,
      checkMs: performance.now() - startedMs,
      text: textSummary(data, { colour: wantsColour() }),
    };
  }
  const file = RunDirectory.isRun(path) ? RunDirectory.open(path).file('history.jsonl') : path;
  const { history, notes } = readHistory(readInput(file), { fileName: file });
  for (const note of notes) output.note(`${file}: ${note}`);
  const model =
    options.model === undefined ? guessModel(history, file, output) : lookUp('model', models, options.model);
  const memoryBytes = parseNumber('memory-budget', options.memoryBudget) * BYTES_PER_MIB;
  const judgement = judge(
    [
      linearizability({ model, memoryBytes }),
      vacuity({ mustSucceed: [], requestedFaults: [] }),
      statistics(),
    ],
    { history, ...limits },
  );
  const checkMs = performance.now() - startedMs;
  return {
    path,
    operations: history.length,
    ...judgement,
    checkMs,
    text: describeFile(path, history, model.name, judgement, checkMs),
  };
}

/** The first model, in the order of the list, that knows every function of the history. */
function guessModel(history: History, path: string, output: Output) {
  const functions = new Set(history.clientOperations().map(({ f }) => f));
  for (const model of models.values()) {
    if ([...functions].every((f) => Object.hasOwn(model.functions, f))) {
      output.note(
        `${path}: no --model given: judged as ${model.name}, which knows ${[...functions].join(', ')}`,
      );
      return model;
    }
  }
  throw new HarnessError(
    'usage',
    `${path}: no model knows all of ${[...functions].join(', ')}: name one with --model (${[...models.keys()].join(', ')})`,
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
