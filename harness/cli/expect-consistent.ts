/**
 * Shaketable inside a test of the user's own, with any test runner:
 *
 *     await expectConsistent({ system: './shake/kv-system.ts', workload: 'register', nemesis: 'partition', seeds: 5 });
 *     await expectConsistent({ model: 'register', history: [
 *       { process: 0, type: 'invoke', f: 'write', value: 1 },
 *       { process: 0, type: 'ok', f: 'write', value: 1 },
 *     ] });
 *
 * It throws an Error whose message is the verdict as text, and needs no test runner itself.
 */
import { join, resolve } from 'node:path';
import { combineValidity, type Validity, type Verdict } from '../../checkers/checker.ts';
import { RunDirectory } from '../../results/run-directory.ts';
import { textSummary } from '../../results/report/text-summary.ts';
import { HarnessError } from '../errors.ts';
import { History } from '../history/history.ts';
import type { TestDefinition } from '../run/test-definition.ts';
import { NS_PER_MS } from '../units.ts';
import { judgeChooser, type JudgeOptions } from './choose-judge.ts';
import { requireEngine } from './clusters.ts';
import { executeRun } from './execute-run.ts';
import { type ExpectedHistory, type ExpectedRun, requireExpected, type ToldOperation } from './expected.ts';
import { type HistoryFile, readHistoryFile } from './history-file.ts';
import { judgeFound, reportDataOfFile } from './judge-file.ts';
import { DEFAULT_CHECK_BUDGET_S, DEFAULT_MEMORY_MIB, MIB_BYTES } from './numbers.ts';
import { loadConfig } from './own/config-file.ts';
import { resolveNames } from './own/test-names.ts';
import { type Kind, ownSourceOf } from './registries.ts';
import type { Scalar } from './settings.ts';
import { RUN_DEFAULTS, type RunOptions, testFromOptions } from './test-from-options.ts';
import { NEVER, SILENT } from './unattended.ts';

export interface Consistent {
  /** True, or with `allowUnknown` perhaps `unknown`. */
  readonly valid: Validity;
  /** Of all seeds, one after the other. */
  readonly verdicts: readonly Verdict[];
  /** Of the last seed. */
  readonly history: History;
}

/**
 * Does a run, or judges a history, and throws when a checker finds an anomaly or nothing was proved.
 *
 * @throws Error whose message is the summary of a terminal, with the command that replays the run and the path of its report;
 *   HarnessError for a name, an option or a file that is wrong
 */
export async function expectConsistent(expected: ExpectedRun | ExpectedHistory): Promise<Consistent> {
  requireExpected(expected);
  await loadConfig();
  if ('history' in expected) return expectHistory(expected);
  // One after the other: what a definition is called is known to the whole process, and two may have one name.
  const runs = lastRuns.then(() => expectRuns(expected));
  lastRuns = runs.catch(() => undefined);
  return runs;
}

let lastRuns: Promise<unknown> = Promise.resolve();

async function expectRuns(expected: ExpectedRun): Promise<Consistent> {
  const { seed = 1, seeds = 1 } = expected;
  const verdicts: Verdict[] = [];
  let history = new History([]);
  const validities: Validity[] = [];
  for (let i = 0; i < seeds; i++) {
    const test = await testOf(expected, seed + i);
    const run = await runOnce(test, expected, test.cluster === 'sim' ? null : directoryOf(test, expected));
    verdicts.push(...run.verdicts);
    validities.push(run.valid);
    history = run.history;
    if (isAccepted(run.valid, expected)) continue;
    // The same again, written down this time.
    const { summary } =
      test.cluster === 'sim' ? await runOnce(test, expected, directoryOf(test, expected)) : run;
    throw new Error(`${nameOf(expected)} is ${wordOf(run.valid)} with seed ${test.seed}\n${summary}`);
  }
  return { valid: combineValidity(validities), verdicts, history };
}

function runOnce(
  test: TestDefinition,
  { checkBudgetS = DEFAULT_CHECK_BUDGET_S }: ExpectedRun,
  directory: RunDirectory | null,
) {
  return executeRun({
    test,
    directory,
    interrupt: NEVER,
    output: SILENT,
    checkBudgetMs: 1000 * checkBudgetS,
  });
}

function directoryOf(test: TestDefinition, { results = join('results', 'runs') }: ExpectedRun): RunDirectory {
  return RunDirectory.create(results, { ...test, startedAt: new Date(test.startedAt) });
}

async function testOf(expected: ExpectedRun, seed: number): Promise<TestDefinition> {
  const nemeses = expected.nemesis === undefined ? ['none'] : [expected.nemesis].flat();
  const { modules, ...names } = await resolveNames({
    system: await nameIn('system', expected.system),
    workload: await nameIn('workload', expected.workload),
    nemesis: (await Promise.all(nemeses.map((nemesis) => nameIn('nemesis', nemesis)))).join(','),
  });
  const test = testFromOptions(
    names.system,
    names.workload,
    { ...optionsOf(expected), nemesis: names.nemesis, seed: String(seed) },
    commandOf(names, seed),
  );
  if (test.cluster !== 'sim' && typeof expected.system !== 'string') {
    throw new HarnessError(
      'usage',
      `system: cluster ${test.cluster} needs the path of its module, not the object`,
    );
  }
  await requireEngine(test);
  return { ...test, ...modules };
}

/** A definition is made known by its name; it takes the place of one of the user's that had it. */
async function nameIn(kind: Kind, given: string | { readonly name: string }): Promise<string> {
  if (typeof given === 'string') return given;
  const { addDefinition } = await import('./own/definitions.ts');
  const before = ownSourceOf(kind, given.name);
  return addDefinition(kind, given, before ?? { modulePath: resolve('a test'), exportName: 'default' });
}

function optionsOf(expected: ExpectedRun): RunOptions {
  const { nodes, cluster, bugs = [], options = {} } = expected;
  const text = (value: number | undefined, otherwise: string): string =>
    value === undefined ? otherwise : String(value);
  return {
    ...RUN_DEFAULTS,
    ...(nodes === undefined ? undefined : { nodes: String(nodes) }),
    ...(cluster === undefined ? undefined : { cluster }),
    concurrency: text(expected.concurrency, RUN_DEFAULTS.concurrency),
    rate: text(expected.rate, RUN_DEFAULTS.rate),
    timeLimit: text(expected.timeLimitS, RUN_DEFAULTS.timeLimit),
    quiet: text(expected.quietS, RUN_DEFAULTS.quiet),
    nemesisInterval: text(expected.nemesisIntervalS, RUN_DEFAULTS.nemesisInterval),
    operationTimeout: text(expected.operationTimeoutMs, RUN_DEFAULTS.operationTimeout),
    bug: bugs,
    option: settingsOf(options),
  };
}

const settingsOf = (options: Readonly<Record<string, Scalar>>): readonly string[] =>
  Object.entries(options).map(([name, value]) => `${name}=${String(value)}`);

const commandOf = (names: { readonly system: string; readonly workload: string }, seed: number): string =>
  `expectConsistent ${names.system} ${names.workload} (seed ${seed})`;

function nameOf({ system, workload }: ExpectedRun): string {
  const name = (given: string | { readonly name: string }): string =>
    typeof given === 'string' ? given : given.name;
  return `${name(system)} ${name(workload)}`;
}

async function expectHistory(expected: ExpectedHistory): Promise<Consistent> {
  const { checkBudgetS = DEFAULT_CHECK_BUDGET_S, options = {} } = expected;
  const judgeOptions: JudgeOptions = {
    ...(expected.workload === undefined ? undefined : { workload: expected.workload }),
    ...(expected.model === undefined ? undefined : { model: expected.model }),
    ...(expected.consistencyModel === undefined
      ? undefined
      : { consistencyModel: expected.consistencyModel }),
    option: settingsOf(options),
  };
  const chooseJudge = await judgeChooser(judgeOptions, DEFAULT_MEMORY_MIB * MIB_BYTES);
  const given = expected.history;
  const found: HistoryFile =
    typeof given === 'string'
      ? readHistoryFile(given)
      : { file: 'the history', format: 'shaketable', notes: [], history: historyOf(given) };
  const judged = await judgeFound(found, {
    chooseJudge,
    budgetMs: 1000 * checkBudgetS,
    output: SILENT,
    onNotes: () => undefined,
  });
  if (!isAccepted(judged.valid, expected)) {
    throw new Error(`${found.file} is ${wordOf(judged.valid)}\n${textSummary(reportDataOfFile(judged))}`);
  }
  return { valid: judged.valid, verdicts: judged.verdicts, history: judged.history };
}

function historyOf(told: readonly ToldOperation[]): History {
  return new History(
    told.map((operation, place) => ({
      ...operation,
      index: operation.index ?? place,
      time: operation.time ?? place * NS_PER_MS,
    })),
  );
}

const isAccepted = (valid: Validity, { allowUnknown = false }: Pick<ExpectedRun, 'allowUnknown'>): boolean =>
  valid === true || (valid === 'unknown' && allowUnknown);

const wordOf = (valid: Validity): string => (valid === false ? 'inconsistent' : 'not proved consistent');
