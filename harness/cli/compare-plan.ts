/**
 * What a comparison will run, decided and refused before anything starts: a test for each scenario and variant, to be run once a seed.
 */
import type { System, Variant } from '../../systems/system.ts';
import { MEASURES } from '../compare/measures.ts';
import { nemesesOf, planOfFaults, type Scenario } from '../compare/scenario.ts';
import { SCENARIOS } from '../compare/scenarios.ts';
import { HarnessError } from '../errors.ts';
import type { TestDefinition } from '../run/test-definition.ts';
import { lookUp, unknownName } from './names.ts';
import { nemeses, workloads } from './registries.ts';
import { ownCommandLine } from './replay-command.ts';
import { testFromOptions } from './test-from-options.ts';

export interface CompareSettings {
  readonly system: System;
  readonly workload: string;
  readonly variants: readonly Variant[];
  readonly cluster: TestDefinition['cluster'] | undefined;
  /** Names of measures and scenarios; empty: all. */
  readonly only: readonly string[];
  /** Of every variant: `NAME=VALUE`. */
  readonly settings: readonly string[];
  readonly seed: string;
}

export interface PlannedScenario {
  readonly scenario: Scenario;
  /** In the order of the variants; their seed is the first. */
  readonly tests: readonly TestDefinition[];
}

export interface ComparisonPlan {
  readonly planned: readonly PlannedScenario[];
  readonly skipped: readonly { readonly scenario: string; readonly reason: string }[];
}

/** @throws HarnessError `usage`, `unknown-name`; `missing-capability` where nothing is left to be run */
export function planComparison(settings: CompareSettings): ComparisonPlan {
  requireSends(settings.workload);
  const planned: PlannedScenario[] = [];
  const skipped: { scenario: string; reason: string }[] = [];
  let refusal: HarnessError | null = null;
  for (const scenario of chosenScenarios(settings.only)) {
    try {
      planned.push(planScenario(scenario, settings));
    } catch (error) {
      if (!(error instanceof HarnessError) || error.code !== 'missing-capability') throw error;
      refusal ??= error;
      skipped.push({ scenario: scenario.title, reason: error.message });
    }
  }
  if (planned.length === 0 && refusal !== null) throw refusal;
  return { planned, skipped };
}

/** Those that are named, or are for a measure that is; with the measures that were asked for alone. */
function chosenScenarios(only: readonly string[]): readonly Scenario[] {
  const names = SCENARIOS.map(({ name }) => name);
  for (const name of only) {
    if (![...MEASURES, ...names].includes(name)) {
      throw unknownName('measure or scenario', [...MEASURES, ...names], name);
    }
  }
  if (only.length === 0) return SCENARIOS;
  return SCENARIOS.flatMap((scenario) => {
    if (only.includes(scenario.name)) return [scenario];
    const measures = scenario.measures.filter((measure) => only.includes(measure));
    return measures.length === 0 ? [] : [{ ...scenario, measures }];
  });
}

function requireSends(name: string): void {
  const workload = lookUp('workload', workloads, name);
  if (workload.functions.includes('send')) return;
  const able = [...workloads.values()].filter(({ functions }) => functions.includes('send'));
  throw new HarnessError(
    'usage',
    `workload ${name} sends no records, and those are what is measured: use ${able.map((each) => each.name).join(' or ')}`,
  );
}

function planScenario(scenario: Scenario, given: CompareSettings): PlannedScenario {
  const { system, variants, workload, cluster, seed } = given;
  const missing = scenario.requires?.find((name) => !system.options.some((option) => option.name === name));
  if (missing !== undefined) {
    throw new HarnessError('missing-capability', `${system.name} has no option ${missing}`);
  }
  const takers = [system, lookUp('workload', workloads, workload)].flatMap(({ options }) => options);
  const common = Object.entries(scenario.options).filter(([name]) =>
    takers.some((option) => option.name === name),
  );
  const tests = variants.map((variant) =>
    testFromOptions(
      system.name,
      workload,
      {
        ...(cluster === undefined ? {} : { cluster }),
        ...(scenario.nodes === undefined ? {} : { nodes: String(scenario.nodes) }),
        concurrency: String(scenario.concurrency),
        rate: String(scenario.rate),
        timeLimit: String(scenario.timeLimitS),
        quiet: String(scenario.quietS),
        nemesis: nemesesOf(scenario).join(','),
        nemesisInterval: '1',
        operationTimeout: '5000',
        readyTimeout: '60',
        seed,
        bug: [],
        option: [
          ...common.map(settingOf),
          ...given.settings,
          ...Object.entries(variant.options).map(settingOf),
        ],
      },
      ownCommandLine(),
    ),
  );
  const script = planOfFaults(scenario, verbsOf);
  return { scenario, tests: tests.map((test) => (script.length === 0 ? test : { ...test, script })) };
}

const settingOf = ([name, value]: readonly [string, unknown]): string => `${name}=${String(value)}`;

const verbsOf = (name: string): readonly string[] => lookUp('nemesis', nemeses, name).functions;
