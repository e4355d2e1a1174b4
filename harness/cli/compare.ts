/** `shaketable compare`: the same workload under the same faults on several variants of a system, measured side by side. */
import { relative } from 'node:path';
import { type Command, Option } from 'commander';
import { RunDirectory } from '../../results/run-directory.ts';
import { renderComparison } from '../../results/comparison/page.ts';
import { chaptersOf } from '../compare/chapters.ts';
import {
  COMPARISON_FORMAT,
  COMPARISON_VERSION,
  type Comparison,
  type Sample,
} from '../compare/comparison.ts';
import { measureRun } from '../compare/measure-run.ts';
import { MEASURES } from '../compare/measures.ts';
import { RunObserver } from '../compare/observed-run.ts';
import { describeScenario, durationS } from '../compare/scenario.ts';
import { SCENARIOS } from '../compare/scenarios.ts';
import { comparisonText } from '../compare/table.ts';
import { CLUSTER_KINDS } from '../cluster/capabilities.ts';
import { EXIT, HarnessError } from '../errors.ts';
import type { TestDefinition } from '../run/test-definition.ts';
import { requireEngine } from './clusters.ts';
import type { CommandContext } from './command-context.ts';
import { type ComparisonPlan, type PlannedScenario, planComparison } from './compare-plan.ts';
import { variantsOf } from './compare-variants.ts';
import { executeRun } from './execute-run.ts';
import { interruptOnSignal, type SignalInterrupt } from './interrupt.ts';
import { lookUp, unknownName } from './names.ts';
import { DEFAULT_CHECK_BUDGET_S, parseNumber } from './numbers.ts';
import type { Output } from './output.ts';
import { systems } from './registries.ts';
import { collect } from './settings.ts';
import { ownCommandLine } from './replay-command.ts';
import { recordedCode } from './version.ts';
import { resolveNames } from './own/test-names.ts';
import type { System, Variant } from '../../systems/system.ts';

interface Options {
  readonly system?: string;
  readonly workload: string;
  readonly cluster: string;
  readonly count: string;
  readonly seed: string;
  readonly only: readonly string[];
  readonly option: readonly string[];
  readonly results: string;
  readonly keepRuns?: boolean;
  readonly json?: boolean;
}

const EXAMPLES = `
Examples:
  shaketable compare isr raft
  shaketable compare isr raft isr-flush --only loss --count 10
  shaketable compare isr raft --only latency,unavailability,power-loss-all --seed 7
  shaketable compare isr 'eager=acks=1,idempotence=false' --only loss
  shaketable compare isr raft --cluster process --count 1 --only latency

Measures: ${MEASURES.join(', ')}.
Scenarios: ${wrap(SCENARIOS.map(({ name }) => name))}.
\`shaketable list variants\` tells what can be compared; a variant of your own is
NAME=OPTION=VALUE,OPTION=VALUE. docs/compare.md says what each measure means.
Ctrl-C keeps the runs that are done. The same seeds print the same table (in sim).
Exit codes: 0 all was measured, 2 interrupted, 64 usage error, 70 the harness itself failed.`;

function wrap(names: readonly string[]): string {
  const lines: string[] = ['Scenarios: '];
  names.forEach((name, i) => {
    const word = i === names.length - 1 ? name : `${name}, `;
    if ((lines.at(-1) ?? '').length + word.length > 90) lines.push(`  ${word}`);
    else lines[lines.length - 1] += word;
  });
  return lines
    .map((line) => line.trimEnd())
    .join('\n')
    .slice('Scenarios: '.length);
}

const collectNames = (value: string, before: readonly string[]): readonly string[] => [
  ...before,
  ...value
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== ''),
];

export function addCompareCommand(program: Command, context: CommandContext): void {
  const option = (flags: string, meaning: string, fallback: string): Option =>
    new Option(flags, meaning).default(fallback, fallback);
  program
    .command('compare')
    .description('measure variants of a system side by side: the same load, seeds and faults for each')
    .argument('<variants...>', 'two or more: names, or NAME=OPTION=VALUE,OPTION=VALUE')
    .option('--system <name>', 'of which they are variants (default: the first that has any)')
    .addOption(option('--workload <name>', 'what clients do: log, or another that sends records', 'log'))
    .addOption(option('--cluster <kind>', 'sim, process or docker', 'sim'))
    .addOption(option('--count <number>', 'seeds for each scenario and variant', '3'))
    .addOption(option('--seed <number>', 'the first of them', '1'))
    .addOption(
      new Option('--only <names>', 'measures and scenarios, separated by commas')
        .default([], 'all')
        .argParser(collectNames),
    )
    .addOption(
      new Option('--option <name=value>', 'of every variant; may be repeated')
        .default([], 'none')
        .argParser(collect),
    )
    .addOption(option('--results <folder>', 'where the comparison goes', 'results/runs'))
    .option('--keep-runs', 'keep a run directory of each run, with a report that can be replayed')
    .option('--json', 'the comparison for machines, on standard output')
    .addHelpText('after', EXAMPLES)
    .action(async (variants: readonly string[], options: Options) => {
      context.finish(await compare(variants, options, context.output));
    });
}

async function compare(typed: readonly string[], options: Options, output: Output): Promise<number> {
  const count = parseNumber('--count', options.count, { integer: true, min: 1 });
  const firstSeed = parseNumber('--seed', options.seed, {
    integer: true,
    max: Number.MAX_SAFE_INTEGER - count,
  });
  const cluster = CLUSTER_KINDS.find((kind) => kind === options.cluster);
  if (cluster === undefined) throw unknownName('cluster', CLUSTER_KINDS, options.cluster);
  const system = await systemOf(options);
  const variants = variantsOf(system, typed);
  const plan = planComparison({
    system,
    workload: options.workload,
    variants,
    cluster,
    only: options.only,
    settings: options.option,
    seed: String(firstSeed),
  });
  await requireEngine({ cluster });
  const startedAt = new Date();
  const directory = RunDirectory.create(options.results, {
    system: `compare-${system.name}`,
    workload: variants.map(({ name }) => name).join('-'),
    seed: firstSeed,
    startedAt,
  });
  const seeds = Array.from({ length: count }, (_, i) => firstSeed + i);
  const interrupt = interruptOnSignal(output);
  const samples = await runAll(plan, {
    variants,
    seeds,
    output,
    interrupt,
    keptIn: options.keepRuns === true || cluster !== 'sim' ? directory : null,
  });
  interrupt.letSignalsEnd();
  const comparison: Comparison = {
    format: COMPARISON_FORMAT,
    version: COMPARISON_VERSION,
    ...recordedCode(),
    startedAt: startedAt.toISOString(),
    commandLine: ownCommandLine(),
    system: system.name,
    workload: options.workload,
    cluster,
    seeds,
    variants,
    runsDone: samples.length,
    runsPlanned: runsOf(plan, variants, seeds),
    interrupted: interrupt.requested,
    scenarios: plan.planned.map(({ scenario }) => ({
      name: scenario.name,
      title: scenario.title,
      how: describeScenario(scenario),
    })),
    skipped: plan.skipped,
    chapters: chaptersOf({
      samples,
      variants: variants.map(({ name }) => name),
      scenarios: plan.planned.map(({ scenario }) => scenario),
    }),
    samples,
  };
  directory.writeJson('comparison.json', comparison);
  directory.write('report.html', renderComparison(comparison));
  if (options.json === true) output.print(JSON.stringify(comparison, null, 2));
  else output.print(`${comparisonText(comparison)}\n\nreport  ${directory.file('report.html')}`);
  return interrupt.requested ? EXIT.unknown : EXIT.valid;
}

async function systemOf({ system, workload }: Options): Promise<System> {
  if (system !== undefined) {
    const names = await resolveNames({ system, workload, nemesis: 'none' });
    return lookUp('system', systems, names.system);
  }
  const able = [...systems.values()].find(({ variants = [] }) => variants.length > 0);
  if (able === undefined) throw new HarnessError('usage', 'no system has variants: name one with --system');
  return able;
}

const runsOf = (
  { planned }: ComparisonPlan,
  variants: readonly Variant[],
  seeds: readonly number[],
): number => planned.length * variants.length * seeds.length;

interface RunSettings {
  readonly variants: readonly Variant[];
  readonly seeds: readonly number[];
  readonly output: Output;
  readonly interrupt: SignalInterrupt;
  /** Null: runs are measured and forgotten. */
  readonly keptIn: RunDirectory | null;
}

/** Variants take turns, so that an interrupt leaves as much of each as can be. */
async function runAll(plan: ComparisonPlan, settings: RunSettings): Promise<readonly Sample[]> {
  const { variants, seeds, output, interrupt } = settings;
  const samples: Sample[] = [];
  const all = runsOf(plan, variants, seeds);
  const clockS = plan.planned.reduce((sum, { scenario }) => sum + durationS(scenario), 0);
  output.note(
    `${all} runs: ${plan.planned.length} scenarios, ${variants.length} variants, ${seeds.length} seeds; ` +
      `${Math.round(clockS * variants.length * seeds.length)} s on the cluster's clock`,
  );
  for (const planned of plan.planned) {
    for (const seed of seeds) {
      for (const [i, variant] of variants.entries()) {
        if (interrupt.requested) return samples;
        const label = `run ${samples.length + 1} of ${all} · ${planned.scenario.title} · ${variant.name} · seed ${seed} · `;
        const sample = await runOne(planned, { variant: variant.name, i, seed, label }, settings);
        if (sample !== null) samples.push(sample);
      }
    }
    if (!interrupt.requested) output.note(`${samples.length} of ${all} runs  ${planned.scenario.name}`);
  }
  return samples;
}

interface Turn {
  readonly variant: string;
  /** Its place among the variants. */
  readonly i: number;
  readonly seed: number;
  readonly label: string;
}

/** Null when it was interrupted. */
async function runOne(
  { scenario, tests }: PlannedScenario,
  { variant, i, seed, label }: Turn,
  { output, interrupt, keptIn }: RunSettings,
): Promise<Sample | null> {
  const test: TestDefinition = {
    ...(tests[i] as TestDefinition),
    seed,
    startedAt: new Date().toISOString(),
  };
  const directory =
    keptIn === null
      ? null
      : RunDirectory.create(keptIn.file(`runs/${scenario.name}/${variant}`), {
          system: test.system,
          workload: test.workload,
          seed,
          startedAt: new Date(test.startedAt),
        });
  const observer = new RunObserver();
  try {
    const run = await executeRun({
      test,
      directory,
      observer,
      interrupt,
      output,
      label,
      checkBudgetMs: DEFAULT_CHECK_BUDGET_S * 1000,
      // Nobody looks at the verdicts of what is only timed.
      ...(scenario.measures.includes('loss') || directory !== null ? {} : { checkers: [] }),
    });
    if (run.interruptTime !== null) return null;
    const { history, phases, verdicts } = run;
    const observed = observer.observed({ history, phases, verdicts, nodes: test.nodes });
    return {
      scenario: scenario.name,
      variant,
      seed,
      ...(directory === null || keptIn === null ? {} : { directory: relative(keptIn.path, directory.path) }),
      measured: measureRun(observed, scenario.measures),
    };
  } catch (error) {
    if (interrupt.requested && HarnessError.from(error).code === 'interrupted') return null;
    throw error;
  }
}
