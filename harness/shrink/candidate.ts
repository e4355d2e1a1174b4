/**
 * What shrinking changes: the definition of a planned run and its plan, as pure functions from one to a smaller one.
 *
 *     cutEnd(candidate, 2 * NS_PER_S)                       // nothing happens after two seconds, and there is no final phase
 *     keepEntries(candidate, (entry) => entry.key === 'k2')
 *     sizeOf(candidate)                                     // { operations: 12, faults: 2, … }
 *
 * None of them says whether what is left still fails: that is found out by running it (shrink.ts).
 */
import type { PlanEntry } from '../generator/index.ts';
import type { Json } from '../history/operation.ts';
import type { Plan } from '../run/plan.ts';
import type { TestDefinition } from '../run/test-definition.ts';
import { NS_PER_MS, nsToS } from '../units.ts';

export interface Candidate {
  /** Its operations and faults are those of the plan. */
  readonly test: TestDefinition;
  readonly plan: Plan;
}

export interface CandidateSize {
  /** Of clients, the final phase included. */
  readonly operations: number;
  readonly faults: number;
  readonly nodes: number;
  /** Threads that do something. */
  readonly clients: number;
  readonly keys: number;
  /** Of the plan, in seconds of the run's time. */
  readonly lengthS: number;
}

export type Phase = 'main' | 'final';

export function sizeOf({ test, plan }: Candidate): CandidateSize {
  const operations = [...plan.main, ...plan.final].filter(isOfClient);
  return {
    operations: operations.length,
    faults: faultsOf(plan).length,
    nodes: test.nodes.length,
    clients: threadsOf({ test, plan }).length,
    keys: new Set(operations.flatMap(({ key }) => key ?? [])).size,
    lengthS: nsToS(plan.final.at(-1)?.time ?? plan.finalTime ?? plan.healTime),
  };
}

export const isOfClient = ({ process }: PlanEntry): boolean => process !== 'nemesis';

/** Entries of the main phase that are one fault: what begins it and what ends it. */
export interface PlannedFault {
  readonly entries: readonly PlanEntry[];
}

/** In the order in which they begin. */
export function faultsOf(plan: Plan): readonly PlannedFault[] {
  const faults = new Map<string, PlanEntry[]>();
  plan.main.forEach((entry, place) => {
    if (isOfClient(entry)) return;
    const id = faultIdOf(entry.value) ?? `entry ${place}`;
    const entries = faults.get(id);
    if (entries === undefined) faults.set(id, [entry]);
    else entries.push(entry);
  });
  return [...faults.values()].map((entries) => ({ entries }));
}

function faultIdOf(value: Json): string | null {
  const parameters = partOf(value, 'parameters') ?? value;
  const id = partOf(parameters, 'faultId');
  return typeof id === 'number' ? `fault ${id}` : null;
}

export function partOf(value: Json | undefined, name: string): Json | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return (value as { readonly [name: string]: Json })[name];
}

/** Threads of clients that do something, ascending. */
export function threadsOf({ test, plan }: Candidate): readonly number[] {
  const threads = [...plan.main, ...plan.final].flatMap((entry) => threadOf(entry, test.concurrency) ?? []);
  return [...new Set(threads)].sort((a, b) => a - b);
}

/** Null: the nemesis. */
export function threadOf({ process }: Pick<PlanEntry, 'process'>, concurrency: number): number | null {
  return process === 'nemesis' ? null : process % concurrency;
}

export function keepEntries(
  candidate: Candidate,
  keep: (entry: PlanEntry, phase: Phase, place: number) => boolean,
): Candidate {
  const { plan } = candidate;
  return withPlan(candidate, {
    main: plan.main.filter((entry, place) => keep(entry, 'main', place)),
    final: plan.final.filter((entry, place) => keep(entry, 'final', place)),
  });
}

export function mapEntries(candidate: Candidate, map: (entry: PlanEntry) => PlanEntry): Candidate {
  const { plan } = candidate;
  return withPlan(candidate, { main: plan.main.map(map), final: plan.final.map(map) });
}

/** With what belongs to the plan in the definition: how long it is, and the nemeses that it still has. */
export function withPlan(candidate: Candidate, changes: Partial<Plan>): Candidate {
  const plan = { ...candidate.plan, ...changes };
  const used = new Set(
    plan.main.flatMap((entry) =>
      isOfClient(entry) ? [] : [partOf(partOf(entry.value, 'parameters') ?? entry.value, 'fault')],
    ),
  );
  const { script: _, ...test } = candidate.test;
  const restNs = plan.finalTime === null ? 0 : plan.finalTime - plan.healTime;
  return {
    plan,
    test: {
      ...test,
      planned: true,
      nemeses: test.nemeses.filter((name) => used.has(name)),
      timeLimitS: Math.max(1, plan.healTime) / 1e9,
      quietS: Math.max(0, restNs) / 1e9,
    },
  };
}

/** Nothing happens after this time, and there is no final phase. */
export function cutEnd(candidate: Candidate, timeNs: number): Candidate {
  const { plan } = candidate;
  return withPlan(candidate, {
    main: plan.main.filter((entry) => entry.time <= timeNs),
    healTime: Math.min(plan.healTime, timeNs),
    final: [],
    finalTime: null,
    interruptTime: null,
  });
}

/** The phase with faults ends at this time; what follows it comes so much earlier. */
export function cutMain(candidate: Candidate, timeNs: number): Candidate {
  const { plan } = candidate;
  const earlierNs = Math.max(0, plan.healTime - timeNs);
  return withPlan(candidate, {
    main: plan.main.filter((entry) => entry.time <= timeNs),
    healTime: plan.healTime - earlierNs,
    final: plan.final.map((entry) => ({ ...entry, time: entry.time - earlierNs })),
    finalTime: plan.finalTime === null ? null : plan.finalTime - earlierNs,
    interruptTime: null,
  });
}

/** Every time is changed by the same function, which must keep their order. */
export function mapTimes(candidate: Candidate, map: (timeNs: number) => number): Candidate {
  const { plan } = candidate;
  const moved = (entry: PlanEntry): PlanEntry => ({ ...entry, time: map(entry.time) });
  return withPlan(candidate, {
    main: plan.main.map(moved),
    final: plan.final.map(moved),
    healTime: map(plan.healTime),
    finalTime: plan.finalTime === null ? null : map(plan.finalTime),
  });
}

/** All times at which the plan does something, ascending, from 0. */
export function timesOf({ plan }: Candidate): readonly number[] {
  const times = [...plan.main, ...plan.final].map(({ time }) => time);
  const phases = [plan.healTime, ...(plan.finalTime === null ? [] : [plan.finalTime])];
  return [...new Set([0, ...times, ...phases])].sort((a, b) => a - b);
}

/** The time between these two, which follow one another, becomes `gapNs`. */
export function closeGap(candidate: Candidate, fromNs: number, toNs: number, gapNs: number): Candidate {
  const earlierNs = Math.max(0, toNs - fromNs - gapNs);
  return mapTimes(candidate, (time) => (time >= toNs ? time - earlierNs : time));
}

/** Times as people write them. */
export function roundTimes(candidate: Candidate, stepMs: number): Candidate {
  const step = stepMs * NS_PER_MS;
  return mapTimes(candidate, (time) => Math.ceil(time / step) * step);
}
