/** `shaketable replay`: does a simulated run again and proves that it is the same, operation by operation. */
import type { Command } from 'commander';
import { RunDirectory } from '../../results/run-directory.ts';
import { HarnessError } from '../errors.ts';
import { HistoryWriter } from '../history/json-lines.ts';
import type { History } from '../history/history.ts';
import { parsePlan } from '../run/plan.ts';
import type { CommandContext } from './command-context.ts';
import { executeRun, recordedEventHash } from './execute-run.ts';
import { interruptOnSignal } from './interrupt.ts';
import type { Output } from './output.ts';
import { exitCodeOf } from './run.ts';
import { openSavedRun } from './saved-run.ts';

interface Options {
  readonly plan?: boolean;
  readonly results: string;
  readonly json?: boolean;
}

export function addReplayCommand(program: Command, { output, finish }: CommandContext): void {
  program
    .command('replay')
    .description('do a simulated run again, exactly, and compare it with the record')
    .argument('<run>', 'a run directory')
    .option('--plan', 'from the explicit operations and faults of plan.json instead of the seed')
    .option('--results <folder>', 'where the new run directory goes', 'results/runs')
    .option('--json', 'the result for machines, on standard output')
    .addHelpText(
      'after',
      '\nExamples:\n  shaketable replay results/runs/raft-register/20261121T205103Z-7\n  shaketable replay --plan RUN',
    )
    .action(async (path: string, options: Options) => {
      finish(await replay(path, options, output));
    });
}

async function replay(path: string, options: Options, output: Output): Promise<number> {
  const saved = openSavedRun(path);
  for (const note of saved.notes) output.note(note);
  const { test } = saved;
  if (test.cluster !== 'sim') {
    throw new HarnessError('usage', `${path} ran on cluster ${test.cluster}: only simulated runs replay`);
  }
  const startedAt = new Date();
  const directory = RunDirectory.create(options.results, {
    system: test.system,
    workload: test.workload,
    seed: test.seed,
    startedAt,
  });
  const plan =
    options.plan === true
      ? parsePlan(saved.directory.read('plan.json').toString('utf8'), saved.directory.file('plan.json'))
      : undefined;
  const interrupt = interruptOnSignal(output);
  try {
    const run = await executeRun({
      test: { ...test, startedAt: startedAt.toISOString() },
      ...(plan === undefined ? undefined : { plan }),
      directory,
      interrupt,
      output,
    });
    const difference = firstDifference(saved.history, run.history, plan !== undefined);
    const recorded = recordedEventHash(saved.directory);
    // A plan has its own timers, so that only runs from the seed count the same events.
    const sameEvents = options.plan === true || recorded === undefined || recorded === run.eventHash;
    if (options.json === true) {
      output.print(
        JSON.stringify(
          {
            valid: run.valid,
            identical: difference === null && sameEvents,
            difference,
            directory: directory.path,
            report: directory.file('report.html'),
            verdicts: run.verdicts,
          },
          null,
          2,
        ),
      );
    } else {
      output.print(run.summary);
    }
    if (!run.interrupted && (difference !== null || !sameEvents)) {
      throw new HarnessError(
        'non-determinism',
        `the replay differs from the record: ${difference ?? `event hash ${run.eventHash}, recorded ${recorded ?? ''}`}` +
          ` (recorded by version ${test.shaketableVersion} at ${test.gitRevision ?? 'an unknown revision'}; other code may behave differently)`,
      );
    }
    if (options.json !== true && !run.interrupted) {
      output.print(`  replayed    ${run.history.length} operations, each the same as recorded`);
    }
    return exitCodeOf(run.valid);
  } finally {
    interrupt.dispose();
  }
}

/**
 * Null when the replay begins with all that was recorded (which may have been cut off). A plan asks the nemesis for
 * the faults as they turned out to be, so that its invocations differ by design; their effects must not.
 */
function firstDifference(recorded: History, replayed: History, fromPlan: boolean): string | null {
  const writer = new HistoryWriter();
  for (const operation of recorded.operations) {
    if (fromPlan && operation.process === 'nemesis' && operation.type === 'invoke') continue;
    const again = replayed.operations[operation.index];
    const before = writer.line(operation).trimEnd();
    const after = again === undefined ? 'nothing' : writer.line(again).trimEnd();
    if (before !== after) return `operation ${operation.index} was ${before} and is now ${after}`;
  }
  return null;
}
