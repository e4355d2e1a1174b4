/**
 * The cells of a sweep: what `shaketable run` would be told, for one combination of a plan's matrix, and its seeds.
 *
 *     cellsOf(plan)
 *     // [{ key: 'raft register --nemesis partition,kill', run: { … }, seeds: { first: 1, last: 20 }, expect: 'valid', … }]
 */
import { HarnessError } from '../errors.ts';
import { secondsOf } from './plan.ts';
import type { PlanSettings, SweepPlan } from './plan-schema.ts';

export interface Cell {
  /** The words behind `shaketable run`, without seeds: what makes it this cell, and finds it again. */
  readonly key: string;
  readonly system: string;
  readonly workload: string;
  /** Long options of `shaketable run` and their values, in the order of `key`. */
  readonly options: readonly (readonly [name: string, value: string])[];
  /** `last` is null where only the budget ends it. */
  readonly seeds: { readonly first: number; readonly last: number | null };
  readonly budgetS: number | null;
  readonly expect: 'valid' | 'invalid';
  readonly maxUnknown: number;
  readonly checkBudgetS: number | null;
  /** It runs on a cluster in real time, and needs the machine for itself. */
  readonly isRealTime: boolean;
}

const DEFAULT_SEEDS = 10;
/** Each multiplies where it is a list. */
const LISTED = [
  'cluster',
  'nodes',
  'concurrency',
  'rate',
  'time-limit',
  'quiet',
  'nemesis',
  'nemesis-interval',
  'operation-timeout',
  'ready-timeout',
  'image',
  'bug',
] as const satisfies readonly (keyof PlanSettings)[];

/** @throws HarnessError `usage` for a cell that is there twice, or a budget without an end */
export function cellsOf({ defaults = {}, matrix }: SweepPlan): readonly Cell[] {
  const cells = matrix.flatMap((entry) => {
    const option = { ...defaults.option, ...entry.option };
    const settings = { ...defaults, ...entry, option };
    return product(settings).map((options): Cell => {
      const of = (name: string): string => options.find(([each]) => each === name)?.[1] ?? '';
      const [system, workload] = [of('system'), of('workload')];
      const rest = options.filter(([name]) => name !== 'system' && name !== 'workload');
      const words = rest.map(([name, value]) => `--${name} ${quoted(value)}`);
      return {
        key: [system, workload, ...words].join(' '),
        system,
        workload,
        options: rest,
        seeds: seedsOf(settings),
        budgetS: settings.budget === undefined ? null : secondsOf(settings.budget),
        expect: settings.expect ?? 'valid',
        maxUnknown: settings['max-unknown'] ?? 0,
        checkBudgetS: settings['check-budget'] ?? null,
        isRealTime: rest.some(([name, value]) => name === 'cluster' && value !== 'sim'),
      };
    });
  });
  const keys = new Set<string>();
  for (const { key } of cells) {
    if (keys.has(key)) throw new HarnessError('usage', `the plan has a cell twice: ${key}`);
    keys.add(key);
  }
  return cells;
}

function seedsOf({ seeds, budget }: PlanSettings): Cell['seeds'] {
  if (typeof seeds === 'string') {
    const [first, last] = seeds.split('-').map(Number) as [number, number];
    if (last < first) throw new HarnessError('usage', `seeds ${seeds}: the last is below the first`);
    return { first, last };
  }
  if (seeds === undefined && budget !== undefined) return { first: 1, last: null };
  return { first: 1, last: seeds ?? DEFAULT_SEEDS };
}

type Settings = PlanSettings & {
  readonly system: string | readonly string[];
  readonly workload: string | readonly string[];
};
type Options = readonly (readonly [name: string, value: string])[];

/** Every combination of what is listed, the first name changing slowest. */
function product(settings: Settings): readonly Options[] {
  const axes: (readonly [name: string, values: readonly string[]])[] = [
    ['system', listOf(settings.system)],
    ['workload', listOf(settings.workload)],
  ];
  for (const name of LISTED) {
    const value = settings[name];
    if (value !== undefined) axes.push([name, listOf(value)]);
  }
  for (const [name, value] of Object.entries(settings.option ?? {}))
    axes.push(['option', listOf(value).map((each) => `${name}=${each}`)]);
  return axes.reduce<readonly Options[]>(
    (combinations, [name, values]) =>
      combinations.flatMap((options) => values.map((value) => [...options, [name, value] as const])),
    [[]],
  );
}

type Scalar = string | number | boolean;

function listOf(value: Scalar | readonly Scalar[]): readonly string[] {
  return (Array.isArray(value) ? (value as readonly Scalar[]) : [value as Scalar]).map(String);
}

const quoted = (value: string): string => (/^[\w./:=@%+,-]+$/.test(value) ? value : JSON.stringify(value));
