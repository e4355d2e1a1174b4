/** `shaketable shrink`: makes a failing simulated run small, while the same anomaly remains, and tells its story. */
import { availableParallelism } from 'node:os';
import { type Command, Option } from 'commander';
import { RunDirectory } from '../../results/run-directory.ts';
import { filedSignatures, signaturesOf } from '../../results/signatures.ts';
import { EXIT, HarnessError } from '../errors.ts';
import { type Candidate, type CandidateSize, sizeOf, withPlan } from '../shrink/candidate.ts';
import { type Finding, findingIn, type Target, undecided } from '../shrink/finding.ts';
import type { ShrinkResult } from '../shrink/search.ts';
import { shrink } from '../shrink/shrink.ts';
import type { CommandContext } from './command-context.ts';
import { type ExecutedRun, executeRun } from './execute-run.ts';
import { interruptOnSignal } from './interrupt.ts';
import { parseNumber } from './numbers.ts';
import type { Output } from './output.ts';
import { ownCommandLine } from './replay-command.ts';
import { failureOf, targetName } from './saved-failure.ts';
import { readPlan, requireReplayable } from './saved-plan.ts';
import { openSavedRun, type SavedRun } from './saved-run.ts';
import { ShrinkPool } from './shrink-pool.ts';
import { recordedCode } from './version.ts';

interface Options {
  readonly anomaly?: string;
  readonly attempts: string;
  readonly workers: string;
  readonly checkBudget: string;
  readonly results: string;
  readonly json?: boolean;
}

const ATTEMPTS = 3_000;
const ATTEMPTS_MAX = 1_000_000;
const WORKERS_MAX = 64;
/** For one candidate, and the smallest in the end: each is smaller than the run. */
const CHECK_BUDGET_S = 60;

const EXAMPLES = `
Examples:
  shaketable shrink results/runs/raft-register/20261121T205103Z-7
  shaketable shrink RUN --anomaly commit-loss/lost-commit
  shaketable promote SHRUNK                     keep it as a regression test

Candidates are runs with fewer faults, operations, keys, clients and nodes, less time and an
earlier end. The same run shrinks to the same run, on any number of cores. Ctrl-C takes the
smallest so far. The result is a run directory like any other: it replays in milliseconds, and
its report tells the story step by step. Exit code 0 says that there is one.`;

export function addShrinkCommand(program: Command, { output, finish }: CommandContext): void {
  program
    .command('shrink')
    .description('make a failing simulated run small, and tell its story')
    .argument('<run>', 'a run directory')
    .option('--anomaly <checker/name>', 'which has to remain; the first of the verdict when absent')
    .option('--attempts <count>', 'candidates that are run at most', String(ATTEMPTS))
    .addOption(
      new Option('--workers <count>', 'processes').default(
        String(availableParallelism()),
        'the cores of the machine',
      ),
    )
    .option('--check-budget <seconds>', 'for judging one candidate', String(CHECK_BUDGET_S))
    .option('--results <folder>', 'where the new run directory goes', 'results/runs')
    .option('--json', 'the result for machines, on standard output')
    .addHelpText('after', EXAMPLES)
    .action(async (path: string, options: Options) => {
      await shrinkRun(path, options, output);
      finish(EXIT.valid);
    });
}

async function shrinkRun(path: string, options: Options, output: Output): Promise<void> {
  const attemptsMax = parseNumber('--attempts', options.attempts, {
    integer: true,
    min: 1,
    max: ATTEMPTS_MAX,
  });
  const workers = parseNumber('--workers', options.workers, { integer: true, min: 1, max: WORKERS_MAX });
  const checkBudgetMs = 1000 * parseNumber('--check-budget', options.checkBudget, { above: 0 });
  const saved = await openSavedRun(path);
  requireReplayable(saved, 'shrink');
  const start: Candidate = withPlan(
    { test: saved.test, plan: readPlan(saved.directory, 'run its seed again, and let it end') },
    {},
  );
  const target = failureOf(saved, options.anomaly);
  const startedMs = performance.now();
  const interrupt = interruptOnSignal(output, 'taking the smallest so far');
  const pool = new ShrinkPool(workers, { target, runPath: path, checkBudgetMs });
  interrupt.onRequest(() => pool.stop());
  let result: ShrinkResult;
  try {
    result = await search(start, { pool, target, attemptsMax, output, path });
  } finally {
    pool.end();
  }
  await interrupt.settle();
  interrupt.letSignalsEnd();
  const tookMs = performance.now() - startedMs;
  const before = sizeOf(start);
  const after = sizeOf(result.smallest);
  const directory = await perform(saved, result, { target, before, options, checkBudgetMs, output });
  const anomaly = targetName(target);
  if (options.json === true) {
    output.print(
      JSON.stringify(
        {
          anomaly,
          before,
          after,
          attempts: result.attempts,
          end: result.end,
          tookMs: Math.round(tookMs),
          directory: directory.path,
          report: directory.file('report.html'),
        },
        null,
        2,
      ),
    );
    return;
  }
  output.print(
    `  shrunk      ${sizesText(before, after)}\n` +
      `              ${result.attempts} runs in ${(tookMs / 1000).toFixed(1)} s, ${anomaly} remains${ENDS[result.end]}`,
  );
}

const ENDS: Readonly<Record<ShrinkResult['end'], string>> = {
  done: '',
  attempts: '; more --attempts may make it smaller',
  stopped: '; interrupted: shrink it again to go on',
};

interface SearchOptions {
  readonly pool: ShrinkPool;
  readonly target: Target;
  readonly attemptsMax: number;
  readonly output: Output;
  readonly path: string;
}

async function search(
  start: Candidate,
  { pool, target, attemptsMax, output, path }: SearchOptions,
): Promise<ShrinkResult> {
  output.live(`shrinking ${path}: running it from its plan`);
  const finding = await firstFinding(pool, start, target, path);
  if (finding === null) {
    throw new HarnessError(
      'interrupted',
      `interrupted before ${targetName(target)} was seen: nothing is smaller yet`,
    );
  }
  const before = sizeOf(start);
  output.note(
    `${path}: ${targetName(target)} is there; shrinking ${before.operations.toLocaleString('en')} operations and ${before.faults} faults`,
  );
  return shrink({
    candidate: start,
    finding,
    firstOf: pool.firstOf,
    attemptsMax,
    isStopped: () => pool.isStopped,
    onProgress: (smallest, attempts) =>
      output.live(`shrinking · ${attempts} runs · ${sizesText(before, sizeOf(smallest))}`),
  });
}

/** Null: interrupted by then. */
async function firstFinding(
  pool: ShrinkPool,
  start: Candidate,
  { checker, anomaly }: Target,
  path: string,
): Promise<Finding | null> {
  const first = await pool.firstOf([start]);
  if (first !== null) return first.finding;
  if (pool.isStopped) return null;
  const { problem } = await pool.attempt(start);
  const why = problem ?? `${checker} finds no ${anomaly} when its plan is run: this code is not what failed`;
  throw new HarnessError('non-determinism', `${path} cannot be shrunk: ${why}`);
}

interface PerformOptions {
  readonly target: Target;
  readonly before: CandidateSize;
  readonly options: Options;
  readonly checkBudgetMs: number;
  readonly output: Output;
}

/**
 * The smallest once more, with all its checkers, into a directory of its own.
 *
 * @throws HarnessError `non-determinism` when it does not show the anomaly there; `interrupted` when that is why
 */
async function perform(
  saved: SavedRun,
  { smallest }: ShrinkResult,
  { target, before, options, checkBudgetMs, output }: PerformOptions,
): Promise<RunDirectory> {
  const { test, plan } = smallest;
  const startedAt = new Date();
  const { system, workload, seed } = test;
  const directory = RunDirectory.create(options.results, { system, workload, seed, startedAt });
  const interrupt = interruptOnSignal(output);
  const run = await executeRun({
    test: {
      ...test,
      ...recordedCode(),
      startedAt: startedAt.toISOString(),
      commandLine: ownCommandLine(),
      shrunk: {
        from: saved.directory.path,
        anomaly: targetName(target),
        operations: before.operations,
        faults: before.faults,
        nodes: before.nodes,
        ...knownBy(saved, target),
      },
    },
    plan,
    ...(plan.interruptTime === null ? undefined : { interruptTime: plan.interruptTime }),
    directory,
    interrupt,
    output,
    checkBudgetMs,
  });
  interrupt.letSignalsEnd();
  const { history, phases, verdicts } = run;
  if (findingIn(verdicts, target, { candidate: smallest, history, phases }) === null) {
    throw missing(run, { target, path: directory.path, wasInterrupted: interrupt.requested });
  }
  if (options.json !== true) output.print(run.summary);
  return directory;
}

/** The failure of the run that was shrunk, as triage knows it: where that was shrunk from another one, that one's. */
function knownBy({ test, verdict, history }: SavedRun, { checker, anomaly }: Target): object {
  const signatures = verdict?.signatures ?? signaturesOf(test, verdict?.verdicts ?? [], history);
  const found = filedSignatures(test, signatures).find(
    (each) => each.checker === checker && each.anomaly === anomaly,
  );
  return found === undefined ? {} : { failure: { signature: found.signature, shape: found.shape } };
}

interface Missing {
  readonly target: Target;
  readonly path: string;
  readonly wasInterrupted: boolean;
}

/** Why the smallest does not show when it is performed what it showed as a candidate. */
function missing({ verdicts }: ExecutedRun, { target, path, wasInterrupted }: Missing): HarnessError {
  const name = targetName(target);
  if (wasInterrupted) {
    return new HarnessError(
      'interrupted',
      `interrupted while the smallest was performed: ${path} does not show ${name}; shrink it again`,
    );
  }
  const why = undecided(verdicts, target) ?? 'is it deterministic?';
  return new HarnessError(
    'non-determinism',
    `the smallest showed ${name} as a candidate, and not when it was performed in ${path}: ${why}`,
  );
}

/** `4,902 → 7 operations, 12 → 1 faults, …`. */
function sizesText(before: CandidateSize, after: CandidateSize): string {
  const changed = (from: string, to: string): string => (from === to ? to : `${from} → ${to}`);
  const counts = (['operations', 'faults', 'nodes', 'clients', 'keys'] as const).map(
    (name) => `${changed(before[name].toLocaleString('en'), after[name].toLocaleString('en'))} ${name}`,
  );
  return [...counts, `${before.lengthS.toFixed(1)} → ${after.lengthS.toFixed(3)} s`].join(', ');
}
