/** `shaketable run`: shakes a system and judges it, one seed or many. */
import { type Command, Option } from 'commander';
import { combineValidity, type Validity } from '../../checkers/checker.ts';
import { RunDirectory } from '../../results/run-directory.ts';
import { EXIT, HarnessError } from '../errors.ts';
import type { TestDefinition } from '../run/test-definition.ts';
import { requireEngine } from './clusters.ts';
import type { CommandContext } from './command-context.ts';
import { differenceOf } from './determinism.ts';
import { type ExecutedRun, executeRun } from './execute-run.ts';
import { interruptOnSignal, type SignalInterrupt } from './interrupt.ts';
import type { Output } from './output.ts';
import { DEFAULT_CHECK_BUDGET_S, parseNumber } from './numbers.ts';
import { systems, workloads } from './registries.ts';
import { resolveNames } from './own/test-names.ts';
import { againCommand, ownCommandLine } from './replay-command.ts';
import { collect } from './settings.ts';
import { RUN_DEFAULTS, type RunOptions, testFromOptions } from './test-from-options.ts';

interface Options extends RunOptions {
  readonly count: string;
  readonly keepGoing?: boolean;
  readonly results: string;
  readonly verifyDeterminism?: boolean;
  readonly checkBudget: string;
  readonly json?: boolean;
}

const EXAMPLES = `
Examples:
  shaketable run raft register
  shaketable run raft register --nemesis partition,kill --time-limit 60 --seed 7
  shaketable run raft register --bug stale-read --nemesis partition-leader
  shaketable run raft register --cluster process --nemesis partition,kill
  shaketable run raft register --count 500 --seed 1 --keep-going
  shaketable run raft register --option values=small --option electionTimeoutMs=500

\`shaketable list\` tells the systems, workloads, nemeses, bugs and options.
Ctrl-C ends a run in order: faults are healed, and what there is by then is judged.
Exit codes: 0 valid, 1 invalid, 2 unknown, 64 usage error, 70 the harness itself failed.`;

export function addRunCommand(program: Command, context: CommandContext): void {
  const option = (flags: string, meaning: string, fallback: string): Option =>
    new Option(flags, meaning).default(fallback, fallback);
  const repeated = (flags: string, meaning: string): Option =>
    new Option(flags, meaning).default([], 'none').argParser(collect);
  const names = (registry: ReadonlyMap<string, unknown>): string => [...registry.keys()].join(', ');
  program
    .command('run')
    .description('shake a system, judge it, write a run directory with a report')
    .argument('<system>', `what is shaken: ${names(systems)}, or a module of your own`)
    .argument('<workload>', `what clients do: ${names(workloads)}, or a module of your own`)
    .option(
      '--cluster <kind>',
      'sim (simulated), process (child processes) or docker (containers) (default: the first that can)',
    )
    .option('--nodes <count>', "members of the cluster (default: the system's own number)")
    .addOption(option('--concurrency <count>', 'client threads', RUN_DEFAULTS.concurrency))
    .addOption(option('--rate <operations>', 'client operations a second, on average', RUN_DEFAULTS.rate))
    .addOption(option('--time-limit <seconds>', 'how long clients and faults go on', RUN_DEFAULTS.timeLimit))
    .addOption(option('--quiet <seconds>', 'rest between healing and the final reads', RUN_DEFAULTS.quiet))
    .addOption(option('--nemesis <names>', 'faults to inject, separated by commas', RUN_DEFAULTS.nemesis))
    .addOption(
      option(
        '--nemesis-interval <seconds>',
        'mean time between faults of one nemesis',
        RUN_DEFAULTS.nemesisInterval,
      ),
    )
    .addOption(
      option(
        '--operation-timeout <ms>',
        'when a client gives up on an operation',
        RUN_DEFAULTS.operationTimeout,
      ),
    )
    .addOption(
      option(
        '--ready-timeout <seconds>',
        'in real time: how long nodes may take until they serve',
        RUN_DEFAULTS.readyTimeout,
      ),
    )
    .option(
      '--image <image>',
      'in containers: what our nodes run on (default: one of ours, made when it is missing)',
    )
    .option('--seed <number>', 'decides everything random; chosen and printed when absent')
    .addOption(option('--count <number>', 'how many seeds to run in turn, from --seed on', '1'))
    .option('--keep-going', 'with --count: do not stop at the first seed that is not valid')
    .addOption(repeated('--bug <name>', 'run the nodes with this bug; may be repeated'))
    .addOption(repeated('--option <name=value>', 'of the workload or the system; may be repeated'))
    .addOption(option('--results <folder>', 'where run directories go', 'results/runs'))
    .option('--verify-determinism', 'run twice and compare every event')
    .addOption(
      option(
        '--check-budget <seconds>',
        'for judging one run; the verdict is unknown when it is used up',
        String(DEFAULT_CHECK_BUDGET_S),
      ),
    )
    .option('--json', 'the result for machines, on standard output')
    .addHelpText('after', EXAMPLES)
    .action(async (system: string, workload: string, options: Options) => {
      context.finish(await run(system, workload, options, context.output));
    });
}

async function run(system: string, workload: string, options: Options, output: Output): Promise<number> {
  const count = parseNumber('--count', options.count, { integer: true, min: 1 });
  const checkBudgetMs = parseNumber('--check-budget', options.checkBudget, { above: 0 }) * 1000;
  const { modules, ...names } = await resolveNames({ system, workload, nemesis: options.nemesis });
  const first = {
    ...testFromOptions(
      names.system,
      names.workload,
      { ...options, nemesis: names.nemesis },
      ownCommandLine(),
    ),
    ...modules,
  };
  if (!Number.isSafeInteger(first.seed + count)) {
    throw new HarnessError(
      'usage',
      `--seed ${first.seed} --count ${count}: the last seed would be too large`,
    );
  }
  if (first.cluster !== 'sim' && options.verifyDeterminism === true) {
    throw new HarnessError('usage', '--verify-determinism: only simulated runs can be the same twice');
  }
  await requireEngine(first);
  const interrupt = interruptOnSignal(output);
  const settings: RunSettings = {
    output,
    interrupt,
    checkBudgetMs,
    results: options.results,
    verifyDeterminism: options.verifyDeterminism === true,
  };
  const finished: Finished[] = [];
  for (let i = 0; i < count && !interrupt.requested; i++) {
    const test = { ...first, seed: first.seed + i, startedAt: new Date().toISOString() };
    const label = count === 1 ? '' : `seed ${test.seed} (${i + 1} of ${count}) · `;
    const one = await runOne(test, settings, label);
    finished.push(one);
    // For machines the results come together at the end; people who wait for them see the seeds go by nevertheless.
    if (count > 1 && options.json === true) output.note(seedLine(one));
    else if (count > 1) output.print(seedLine(one));
    if (one.run.valid !== true && options.keepGoing !== true) break;
  }
  interrupt.letSignalsEnd();
  const valid = combineValidity(finished.map(({ run }) => run.valid));
  if (options.json === true) output.print(JSON.stringify(toJson(finished, valid), null, 2));
  else if (count === 1) finished.forEach((one) => output.print(oneRun(one)));
  else printSummary(finished, count, output);
  return exitCodeOf(valid);
}

interface RunSettings {
  readonly output: Output;
  readonly interrupt: SignalInterrupt;
  readonly checkBudgetMs: number;
  readonly results: string;
  readonly verifyDeterminism: boolean;
}

/** What is kept of a run: with --count, thousands of histories would not fit. */
interface Finished {
  readonly run: Omit<ExecutedRun, 'history' | 'trace'> & { readonly operations: number };
  readonly directory: RunDirectory;
  /** It ran a second time, and every event was the same. */
  readonly isSameTwice: boolean;
}

async function runOne(test: TestDefinition, settings: RunSettings, label: string): Promise<Finished> {
  const { results, verifyDeterminism, ...shared } = settings;
  const directory = RunDirectory.create(results, {
    system: test.system,
    workload: test.workload,
    seed: test.seed,
    startedAt: new Date(test.startedAt),
  });
  const run = await executeRun({ ...shared, test, directory, label });
  const { history, trace: _, ...kept } = run;
  const finished = { run: { ...kept, operations: history.length }, directory, isSameTwice: false };
  if (!verifyDeterminism || run.interruptTime !== null) return finished;
  const again = await executeRun({ ...shared, test, directory: null, label: `${label}again · ` });
  if (again.interruptTime !== null) return finished;
  const difference = differenceOf(run, again);
  if (difference !== null) {
    throw new HarnessError(
      'non-determinism',
      `seed ${test.seed} ran twice and differed: ${difference}; something reads a clock, randomness or an order from outside the seed`,
    );
  }
  return { ...finished, isSameTwice: true };
}

export function exitCodeOf(valid: Validity): number {
  return valid === true ? EXIT.valid : valid === false ? EXIT.invalid : EXIT.unknown;
}

const WORD: ReadonlyMap<Validity, string> = new Map<Validity, string>([
  [true, 'valid'],
  [false, 'INVALID'],
  ['unknown', 'unknown'],
]);

function oneRun({ run, isSameTwice }: Finished): string {
  if (!isSameTwice) return run.summary;
  return `${run.summary}\n  determinism run twice: ${run.eventCount} events, each the same`;
}

/** `seed 7  INVALID  nonlinearizable: …`. */
function seedLine({ run }: Finished): string {
  const anomaly = run.verdicts.flatMap((verdict) => verdict.anomalies)[0];
  const reason = run.verdicts.find((verdict) => verdict.valid === 'unknown')?.reason;
  const why =
    anomaly !== undefined
      ? `  ${anomaly.name}: ${anomaly.explanation}`
      : reason !== undefined
        ? `  ${reason}`
        : '';
  return `seed ${run.test.seed}  ${WORD.get(run.valid) ?? ''}${why}`;
}

function printSummary(finished: readonly Finished[], count: number, output: Output): void {
  const of = (valid: Validity): readonly Finished[] => finished.filter(({ run }) => run.valid === valid);
  output.print(
    `\n${finished.length} of ${count} seeds run: ${of(true).length} valid, ${of(false).length} invalid, ${of('unknown').length} unknown`,
  );
  for (const { directory } of [...of(false), ...of('unknown')].slice(0, 5)) {
    output.print(`  report  ${directory.file('report.html')}`);
  }
  const firstFailure = of(false)[0];
  if (firstFailure !== undefined) {
    const { replayCommand, replaysExactly } = againCommand(
      firstFailure.run.test,
      firstFailure.directory.path,
    );
    output.print(`  ${replaysExactly ? 'replay' : 'again '}  ${replayCommand}`);
  }
}

function toJson(finished: readonly Finished[], valid: Validity): unknown {
  return {
    valid,
    runs: finished.map(({ run, directory, isSameTwice }) => ({
      directory: directory.path,
      report: directory.file('report.html'),
      seed: run.test.seed,
      valid: run.valid,
      interrupted: run.interruptTime !== null,
      ...(isSameTwice ? { deterministic: true } : undefined),
      operations: run.operations,
      eventHash: run.eventHash,
      eventCount: run.eventCount,
      runMs: Math.round(run.runMs),
      checkMs: Math.round(run.checkMs),
      signatures: run.signatures.map(({ signature }) => signature),
      verdicts: run.verdicts,
    })),
  };
}
