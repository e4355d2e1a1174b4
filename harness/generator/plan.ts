/**
 * A plan: the explicit operations of a run, enough to run it again without its generators (`plan.json`).
 *
 *     const generator = planGenerator(planOf(history));
 *
 * Each entry goes to the thread of its process at its time, or as soon after as the thread is free. Threads do not
 * wait for one another, so an entry that was taken out of the plan moves no other.
 */
import { HarnessError } from '../errors.ts';
import type { Json, Operation, ProcessId } from '../history/operation.ts';
import type { Generator, GeneratorContext, Step, ThreadId } from './generator.ts';
import { generatorOf, pending } from './lift.ts';

export interface PlanEntry {
  /** Nanoseconds since the run began. */
  readonly time: number;
  readonly process: ProcessId;
  readonly f: string;
  readonly key?: string | number;
  readonly value: Json;
}

/**
 * The plan that a recorded run amounts to. A fault is planned as it turned out to be (`{parameters}` of its effect),
 * not as it was asked for (`{target: 'leader'}`).
 */
export function planOf(operations: Iterable<Operation>): PlanEntry[] {
  const entries: PlanEntry[] = [];
  let lastFault = -1;
  for (const { type, time, process, f, key, value } of operations) {
    if (type === 'invoke') {
      if (process === 'nemesis') lastFault = entries.length;
      entries.push({ time, process, f, ...(key === undefined ? undefined : { key }), value });
    } else if (process === 'nemesis' && type === 'ok') {
      const parameters = parametersOf(value);
      const entry = entries[lastFault];
      if (entry !== undefined && parameters !== undefined)
        entries[lastFault] = { ...entry, value: { parameters } };
    }
  }
  return entries;
}

function parametersOf(effect: Json): Json | undefined {
  if (typeof effect !== 'object' || effect === null || !('parameters' in effect)) return undefined;
  return (effect as { readonly parameters: Json }).parameters;
}

interface Planned {
  readonly order: number;
  readonly entry: PlanEntry;
}

class Plan implements Generator {
  /** By slot: one for each thread, the nemesis last. */
  readonly queues: readonly (readonly Planned[])[];
  /** How far each queue is used up. */
  readonly heads: readonly number[];
  constructor(queues: readonly (readonly Planned[])[], heads: readonly number[]) {
    this.queues = queues;
    this.heads = heads;
  }
  op(context: GeneratorContext): Step | null {
    let best: Planned | undefined;
    let slot = -1;
    let thread: ThreadId = 'nemesis';
    for (const free of context.freeThreads) {
      const i = this.#slotOf(free);
      const planned = this.queues[i]?.[this.heads[i] ?? 0];
      if (planned === undefined || (best !== undefined && !isBefore(planned, best))) continue;
      best = planned;
      slot = i;
      thread = free;
    }
    if (best === undefined) {
      return this.queues.every((queue, i) => queue.length === this.heads[i]) ? null : pending(this);
    }
    const { entry } = best;
    const current = context.processOf(thread);
    // A process that is retired by now cannot come back; one that is still to come is begun.
    const process =
      entry.process === 'nemesis' || current === 'nemesis' ? current : Math.max(entry.process, current);
    const next = new Plan(this.queues, this.heads.with(slot, (this.heads[slot] ?? 0) + 1));
    return { op: { type: 'invoke', ...entry, time: Math.max(entry.time, context.time), process }, next };
  }
  update(): Generator {
    return this;
  }
  #slotOf(thread: ThreadId): number {
    return thread === 'nemesis' ? this.queues.length - 1 : thread;
  }
}

function isBefore(a: Planned, b: Planned): boolean {
  return a.entry.time === b.entry.time ? a.order < b.order : a.entry.time < b.entry.time;
}

/** Exactly these operations, whoever made the list; it need not be sorted. Entries of one thread keep to their times' order. */
export function planGenerator(entries: readonly PlanEntry[]): Generator {
  const sorted = entries.map((entry, order) => ({ order, entry })).sort((a, b) => (isBefore(a, b) ? -1 : 1));
  return generatorOf((context, count) => {
    if (count > 0) return null;
    const clients = context.threads.filter((thread) => thread !== 'nemesis').length;
    if (clients === context.threads.length && entries.some((entry) => entry.process === 'nemesis')) {
      throw new HarnessError('generator', 'the plan injects faults, and this run has no nemesis');
    }
    const queues: Planned[][] = Array.from({ length: clients + 1 }, () => []);
    for (const planned of sorted) {
      const { process } = planned.entry;
      queues[process === 'nemesis' ? clients : process % clients]?.push(planned);
    }
    return new Plan(
      queues,
      queues.map(() => 0),
    );
  });
}
