/**
 * Sorts the failures of many runs: new, known, fixed. Pure: runs and a baseline in, a report out.
 *
 *     const { groups, fixed } = triage({ runs, baseline, sinceMs: null });
 *     groups.filter(({ state }) => state === 'new')
 *
 * A failure is what has one signature. It is *known* when the baseline has accepted it, else *new*, however long it has been coming. An
 * accepted one is *fixed* when its system and workload were run since it was accepted, under a nemesis under which it came, and it did
 * not come; how often it came before says what that is worth.
 *
 * Runs that were made from a plan are no failures of their own: one may be the example of a failure that came by itself.
 */
import { type FailureSignature, testWord } from '../signatures.ts';
import type { Accepted, Baseline } from './baseline.ts';
import type { TriagedRun } from './triaged-runs.ts';

export interface TriageInput {
  /** Oldest first. */
  readonly runs: readonly TriagedRun[];
  readonly baseline: Baseline;
  /** Earlier runs say when a failure was first seen, and nothing else. Null: from the first on. */
  readonly sinceMs: number | null;
  /** Count runs with planted bugs, too. */
  readonly withBugs?: boolean;
}

/** How often a failure came, of the runs of one system, workload and nemesis that were decided. */
export interface Rate {
  readonly nemesis: string;
  readonly failures: number;
  readonly runs: number;
}

export interface FailureGroup {
  readonly signature: string;
  readonly state: 'new' | 'known';
  readonly system: string;
  readonly workload: string;
  readonly checker: string;
  readonly anomaly: string;
  readonly shape: string;
  /** Of the example. */
  readonly explanation: string;
  /** Runs of the time in question that failed with it, as their seeds said. */
  readonly failures: number;
  /** Milliseconds since 1970, over all runs. */
  readonly firstMs: number;
  readonly lastMs: number;
  readonly revisions: { readonly first: string | null; readonly last: string | null };
  /** A nemesis each. */
  readonly rates: readonly Rate[];
  /** The run with the shortest history, one with a directory if there is any; it may be one from a plan. */
  readonly example: TriagedRun;
  /** The one failure without which it never came: as a rule they have one cause. Both are new, or accepted for the same reason. */
  readonly companionOf: string | null;
  /** Why it was accepted; null of a new one. */
  readonly accepted: Accepted | null;
}

/** What the baseline has accepted and did not come. */
export interface AbsentFailure {
  readonly accepted: Accepted;
  /** Decided runs since it was accepted in which it could have come, by system, workload and nemesis: `fixed` where there are any. */
  readonly runs: number;
}

export interface Triage {
  /** New ones first, each by how often it came. */
  readonly groups: readonly FailureGroup[];
  readonly fixed: readonly AbsentFailure[];
  /** Accepted, and nobody has run their system and workload since, under a nemesis under which they came. */
  readonly notRun: readonly AbsentFailure[];
  readonly counts: TriageCounts;
}

export interface TriageCounts {
  /** Of the time in question, without those that are left out, and those from plans. */
  readonly runs: number;
  readonly valid: number;
  readonly invalid: number;
  readonly unknown: number;
  /** Without a verdict: cut off, or still going. */
  readonly undecided: number;
  /** With planted bugs: left out. */
  readonly planted: number;
  /** Made from a plan: examples at most. */
  readonly fromPlans: number;
}

export function triage({ runs: all, baseline, sinceMs, withBugs = false }: TriageInput): Triage {
  const isCurrent = ({ startedMs }: TriagedRun): boolean => sinceMs === null || startedMs >= sinceMs;
  const counted = withBugs ? all : all.filter(({ isPlanted }) => !isPlanted);
  const drawn = counted.filter(({ isPlanned }) => !isPlanned);
  const runs = drawn.filter(isCurrent);
  const planned = counted.filter((run) => run.isPlanned && isCurrent(run));
  const groups = groupsOf({ runs, planned, ever: drawn }, baseline);
  const seen = new Set(groups.map(({ signature }) => signature));
  const absent = [...baseline.values()]
    .filter(({ signature }) => !seen.has(signature))
    .map((accepted): AbsentFailure => ({ accepted, runs: runsSince(accepted, runs) }));
  const valid = (value: TriagedRun['valid']): number => runs.filter((run) => run.valid === value).length;
  return {
    groups,
    fixed: absent.filter(({ runs: since }) => since > 0),
    notRun: absent.filter(({ runs: since }) => since === 0),
    counts: {
      runs: runs.length,
      valid: valid(true),
      invalid: valid(false),
      unknown: valid('unknown'),
      undecided: valid(null),
      planted: all.filter(isCurrent).length - runs.length - planned.length,
      fromPlans: planned.length,
    },
  };
}

interface Sorted {
  /** Of the time in question. */
  readonly runs: readonly TriagedRun[];
  readonly planned: readonly TriagedRun[];
  /** `runs`, and those before. */
  readonly ever: readonly TriagedRun[];
}

function groupsOf({ runs, planned, ever }: Sorted, baseline: Baseline): readonly FailureGroup[] {
  const current = bySignature(runs);
  const plannedBy = bySignature(planned);
  const everBy = bySignature(ever);
  const groups = [...current].map(([signature, failed]): FailureGroup => {
    const accepted = baseline.get(signature) ?? null;
    const example = exampleOf([...failed, ...(plannedBy.get(signature) ?? [])]);
    const { checker, anomaly, shape, explanation } = failureOf(example, signature);
    const [first, last] = [everBy.get(signature)?.[0] ?? example, failed.at(-1) ?? example];
    return {
      signature,
      state: accepted === null ? 'new' : 'known',
      system: example.system,
      workload: example.workload,
      checker,
      anomaly,
      shape,
      explanation,
      failures: failed.length,
      firstMs: first.startedMs,
      lastMs: last.startedMs,
      revisions: { first: first.revision, last: last.revision },
      rates: ratesOf(failed, runs),
      example,
      companionOf: null,
      accepted,
    };
  });
  groups.sort(
    (a, b) =>
      Number(a.state === 'known') - Number(b.state === 'known') ||
      b.failures - a.failures ||
      rankOf(a) - rankOf(b) ||
      (a.signature < b.signature ? -1 : 1),
  );
  return withCompanions(groups, current);
}

/** Checkers come in the order in which they explain. */
const rankOf = ({ example, signature }: FailureGroup): number =>
  example.signatures.findIndex((each) => each.signature === signature);

function withCompanions(
  groups: readonly FailureGroup[],
  failed: ReadonlyMap<string, readonly TriagedRun[]>,
): readonly FailureGroup[] {
  const leaders: FailureGroup[] = [];
  return groups.map((group) => {
    const runs = failed.get(group.signature) ?? [];
    const leader = leaders.find(
      ({ accepted, signature }) =>
        accepted?.reason === group.accepted?.reason && runs.every((run) => hasSignature(run, signature)),
    );
    if (leader === undefined) leaders.push(group);
    return { ...group, companionOf: leader?.signature ?? null };
  });
}

/** The runs that failed with each, oldest first. */
function bySignature(runs: readonly TriagedRun[]): ReadonlyMap<string, readonly TriagedRun[]> {
  const groups = new Map<string, TriagedRun[]>();
  for (const run of runs) {
    for (const { signature } of run.signatures) {
      const known = groups.get(signature);
      if (known === undefined) groups.set(signature, [run]);
      else known.push(run);
    }
  }
  return groups;
}

const hasSignature = ({ signatures }: TriagedRun, wanted: string): boolean =>
  signatures.some(({ signature }) => signature === wanted);

function failureOf({ signatures }: TriagedRun, wanted: string): FailureSignature {
  return signatures.find(({ signature }) => signature === wanted) as FailureSignature;
}

function exampleOf(failed: readonly TriagedRun[]): TriagedRun {
  const size = ({ path, operations }: TriagedRun): number =>
    path === null ? Number.MAX_VALUE : (operations ?? Number.MAX_SAFE_INTEGER);
  return failed.reduce((best, run) => (size(run) < size(best) ? run : best));
}

/** For each nemesis under which it came. */
function ratesOf(failed: readonly TriagedRun[], runs: readonly TriagedRun[]): readonly Rate[] {
  const cellOf = ({ system, workload, nemesis }: TriagedRun): string =>
    JSON.stringify([system, workload, nemesis]);
  return [...Map.groupBy(failed, cellOf)]
    .map(([cell, failures]) => ({
      nemesis: failures[0]?.nemesis ?? '',
      failures: failures.length,
      runs: runs.filter((run) => isDecided(run) && cellOf(run) === cell).length,
    }))
    .sort((a, b) => b.failures - a.failures || (a.nemesis < b.nemesis ? -1 : 1));
}

const isDecided = ({ valid }: TriagedRun): boolean => valid === true || valid === false;

function runsSince({ signature, acceptedAt, nemeses }: Accepted, runs: readonly TriagedRun[]): number {
  const [test] = signature.split('/');
  const acceptedMs = Date.parse(acceptedAt);
  const couldCome = (run: TriagedRun): boolean =>
    testWord(run) === test && (nemeses === undefined || nemeses.includes(run.nemesis));
  return runs.filter((run) => isDecided(run) && run.startedMs > acceptedMs && couldCome(run)).length;
}
