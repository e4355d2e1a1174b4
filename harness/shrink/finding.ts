/**
 * What shrinking looks for in the verdict of a run: one anomaly of one checker, and which of its planned operations prove it.
 *
 *     findingIn(verdicts, { checker: 'linearizability', anomaly: 'nonlinearizable' }, ran)
 *     // { places: { main: [4, 9, 12], final: [] }, endTime: 213160370 }
 */
import type { Anomaly, Verdict } from '../../checkers/checker.ts';
import type { History } from '../history/history.ts';
import type { Json } from '../history/operation.ts';
import type { PlanEntry } from '../generator/index.ts';
import type { PhaseTimes } from '../run/plan.ts';
import { type Candidate, type Phase, threadOf } from './candidate.ts';

/** The class of a failure: what stays the same while all else gets smaller. */
export interface Target {
  readonly checker: string;
  readonly anomaly: string;
}

export interface Finding {
  /** Of the witness, where it is told: entries of the plan, by phase. */
  readonly places: Readonly<Record<Phase, readonly number[]>>;
  /** When the last thing happened that proves it, in nanoseconds since the run began; null where nobody says. */
  readonly endTime: number | null;
}

/** What a run of a candidate recorded. */
export interface Ran {
  readonly candidate: Candidate;
  readonly history: History;
  readonly phases: PhaseTimes;
}

/** Of several, the one that was complete first. Null: this run does not show it. */
export function findingIn(verdicts: readonly Verdict[], target: Target, ran: Ran): Finding | null {
  const anomalies = verdicts
    .filter(({ checker, valid }) => checker === target.checker && valid === false)
    .flatMap((verdict) => verdict.anomalies)
    .filter(({ name }) => name === target.anomaly);
  let first: { readonly anomaly: Anomaly; readonly endTime: number } | null = null;
  for (const anomaly of anomalies) {
    const endTime = endOf(anomaly, ran.history) ?? Infinity;
    if (first === null || endTime < first.endTime) first = { anomaly, endTime };
  }
  if (first === null) return null;
  return {
    places: placesOf(first.anomaly, ran),
    endTime: Number.isFinite(first.endTime) ? first.endTime : null,
  };
}

/** Why the checker cannot say whether the anomaly is there, and what helps. Null: it can. */
export function undecided(verdicts: readonly Verdict[], { checker }: Target): string | null {
  const verdict = verdicts.find((each) => each.checker === checker && each.valid === 'unknown');
  if (verdict === undefined) return null;
  return `${checker} cannot tell: ${verdict.reason ?? 'unknown'} (a larger --check-budget gives it more time)`;
}

function endOf({ operations, evidence = null }: Anomaly, history: History): number | null {
  const times = operations.flatMap((index) => history.operations[index]?.time ?? []);
  collectTimes(evidence, times);
  return times.length === 0 ? null : Math.max(...times);
}

/** Trace records that a checker gives as evidence say when they were. */
function collectTimes(evidence: Json, times: number[]): void {
  if (typeof evidence !== 'object' || evidence === null) return;
  for (const [name, part] of Object.entries(evidence as { readonly [name: string]: Json })) {
    if (name === 'time' && typeof part === 'number') times.push(part);
    else collectTimes(part, times);
  }
}

/** A thread's invocations are its entries, one after the other. */
function placesOf({ operations }: Anomaly, { candidate, history, phases }: Ran): Finding['places'] {
  const { test, plan } = candidate;
  const queues = {
    main: queuesOf(plan.main, test.concurrency),
    final: queuesOf(plan.final, test.concurrency),
  };
  const wanted = new Set(operations);
  const places: Record<Phase, number[]> = { main: [], final: [] };
  const counts = new Map<string, number>();
  /** The place of what each thread has in flight. */
  const inFlight = new Map<number, { readonly phase: Phase; readonly place: number }>();
  for (const { index, type, process } of history.operations) {
    const thread = threadOf({ process }, test.concurrency);
    if (thread === null) continue;
    if (type === 'invoke') {
      const phase: Phase = index >= phases.finalIndex ? 'final' : 'main';
      const count = counts.get(`${phase} ${thread}`) ?? 0;
      counts.set(`${phase} ${thread}`, count + 1);
      const place = queues[phase].get(thread)?.[count];
      if (place === undefined) inFlight.delete(thread);
      else inFlight.set(thread, { phase, place });
    }
    const current = inFlight.get(thread);
    if (current !== undefined && wanted.has(index)) places[current.phase].push(current.place);
  }
  const sorted = (phase: Phase): number[] => [...new Set(places[phase])].sort((a, b) => a - b);
  return { main: sorted('main'), final: sorted('final') };
}

function queuesOf(
  entries: readonly PlanEntry[],
  concurrency: number,
): ReadonlyMap<number, readonly number[]> {
  const queues = new Map<number, number[]>();
  const byTime = entries
    .map((entry, place) => ({ entry, place }))
    .sort((a, b) => a.entry.time - b.entry.time);
  for (const { entry, place } of byTime) {
    const thread = threadOf(entry, concurrency);
    if (thread === null) continue;
    const queue = queues.get(thread);
    if (queue === undefined) queues.set(thread, [place]);
    else queue.push(place);
  }
  return queues;
}
