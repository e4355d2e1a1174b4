/** `shaketable replay`: does a simulated run again and proves that it is the same, operation by operation. */
import type { Command } from 'commander';
import { RunDirectory } from '../../results/run-directory.ts';
import { HarnessError } from '../errors.ts';
import { HistoryWriter } from '../history/json-lines.ts';
import type { History } from '../history/history.ts';
import { nsToS } from '../units.ts';
import type { CommandContext } from './command-context.ts';
import { type ExecutedRun, executeRun } from './execute-run.ts';
import { interruptOnSignal } from './interrupt.ts';
import { DEFAULT_CHECK_BUDGET_S } from './numbers.ts';
import type { Output } from './output.ts';
import { exitCodeOf } from './run.ts';
import { readPlan, requireReplayable } from './saved-plan.ts';
import { openSavedRun, type SavedRun } from './saved-run.ts';
import { recordedCode } from './version.ts';

interface Options {
  readonly plan?: boolean;
  readonly results: string;
  readonly json?: boolean;
}

const EXAMPLES = `
Examples:
  shaketable replay results/runs/raft-register/20261121T205103Z-7
  shaketable replay --plan RUN

A run that was interrupted is interrupted again at the same moment. Of a run that was cut off
as much is done again as was recorded. Exit code 70 says that the replay differs from the record.`;

export function addReplayCommand(program: Command, { output, finish }: CommandContext): void {
  program
    .command('replay')
    .description('do a simulated run again, exactly, and compare it with the record')
    .argument('<run>', 'a run directory')
    .option('--plan', 'from the explicit operations and faults of plan.json instead of the seed')
    .option('--results <folder>', 'where the new run directory goes', 'results/runs')
    .option('--json', 'the result for machines, on standard output')
    .addHelpText('after', EXAMPLES)
    .action(async (path: string, options: Options) => {
      finish(await replay(path, options, output));
    });
}

async function replay(path: string, options: Options, output: Output): Promise<number> {
  const saved = await openSavedRun(path);
  for (const note of saved.notes) output.note(note);
  const { test } = saved;
  requireReplayable(saved, 'replay');
  const plan =
    options.plan === true || test.planned === true
      ? readPlan(saved.directory, 'replay it without --plan')
      : undefined;
  const interruptTime = endOfRecord(saved);
  const startedAt = new Date();
  const directory = RunDirectory.create(options.results, {
    system: test.system,
    workload: test.workload,
    seed: test.seed,
    startedAt,
  });
  const interrupt = interruptOnSignal(output);
  const run = await executeRun({
    test: {
      ...test,
      ...recordedCode(),
      startedAt: startedAt.toISOString(),
      ...(plan === undefined ? undefined : { planned: true }),
    },
    ...(plan === undefined ? undefined : { plan }),
    ...(interruptTime === null ? undefined : { interruptTime }),
    directory,
    interrupt,
    output,
    checkBudgetMs: DEFAULT_CHECK_BUDGET_S * 1000,
  });
  interrupt.letSignalsEnd();
  const compared = compare(saved, run, {
    isOtherwise: plan !== undefined && test.planned !== true,
    stopTime: interrupt.requested ? run.interruptTime : null,
  });
  if (options.json === true) {
    output.print(JSON.stringify(toJson(run, compared, directory), null, 2));
  } else {
    output.print(run.summary);
  }
  if (compared.difference !== null) {
    throw new HarnessError(
      'non-determinism',
      `the replay differs from the record: ${compared.difference} ` +
        `(recorded by version ${test.shaketableVersion} at ${test.gitRevision ?? 'an unknown revision'}; other code may behave differently)`,
    );
  }
  if (options.json !== true) {
    output.print(`  replayed    ${compared.operations} records, each the same as before${compared.limit}`);
  }
  return exitCodeOf(run.valid);
}

/** When the replay has to be interrupted: as the run was, or when there is nothing more to compare it with. Null: not at all. */
function endOfRecord({ history, verdict, isCutOff }: SavedRun): number | null {
  if (isCutOff) return (history.operations.at(-1)?.time ?? 0) + 1;
  return verdict?.interruptTime ?? null;
}

interface Comparison {
  /** Records that were compared. */
  readonly operations: number;
  /** The first, in words; null when there is none. */
  readonly difference: string | null;
  /** What was left out, in words. */
  readonly limit: string;
}

interface CompareOptions {
  /**
   * The record came of the seed, the replay of the plan. A plan asks for faults as they turned out to be, so that what is
   * asked differs by design, and it has its own timers; what comes of it must be the same.
   */
  readonly isOtherwise: boolean;
  /** The replay itself was interrupted at this time; null when it was not. */
  readonly stopTime: number | null;
}

function compare(saved: SavedRun, run: ExecutedRun, { isOtherwise, stopTime }: CompareOptions): Comparison {
  const recorded = saved.history.operations.filter(({ time }) => stopTime === null || time < stopTime);
  const comparison = { operations: recorded.length };
  const different = firstDifference(recorded, run.history, isOtherwise);
  if (different !== null) return { ...comparison, difference: different, limit: '' };
  if (stopTime !== null) {
    const limit = `; the replay was interrupted at ${nsToS(stopTime).toFixed(1)} s, and no more is compared`;
    return { ...comparison, difference: null, limit };
  }
  if (saved.isCutOff) return { ...comparison, difference: null, limit: '; the record ends there' };
  const rest = run.history.length - recorded.length;
  const { verdict } = saved;
  const sameEvents = isOtherwise || verdict === null || verdict.eventHash === run.eventHash;
  const difference =
    rest > 0
      ? `${rest} more records follow those that were recorded`
      : sameEvents
        ? null
        : `every record is the same, but the event hash is ${run.eventHash} and was ${verdict.eventHash}`;
  return { ...comparison, difference, limit: '' };
}

function firstDifference(
  recorded: History['operations'],
  replayed: History,
  isOtherwise: boolean,
): string | null {
  const writer = new HistoryWriter();
  for (const operation of recorded) {
    if (isOtherwise && operation.process === 'nemesis' && operation.type === 'invoke') continue;
    const again = replayed.operations[operation.index];
    const before = writer.line(operation).trimEnd();
    const after = again === undefined ? 'nothing' : writer.line(again).trimEnd();
    if (before !== after) return `operation ${operation.index} was ${before} and is now ${after}`;
  }
  return null;
}

function toJson(run: ExecutedRun, { operations, difference }: Comparison, directory: RunDirectory): unknown {
  return {
    valid: run.valid,
    identical: difference === null,
    compared: operations,
    difference,
    directory: directory.path,
    report: directory.file('report.html'),
    verdicts: run.verdicts,
  };
}
