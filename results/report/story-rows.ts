/**
 * The story of a small run, in the order of its time: what the clients did, what the nemesis did, what the nodes did and
 * believed, what they said to each other, and where the promise broke.
 *
 *     const story = storyOf({ test, history, anomalies, packed }, { trace, messages });
 *     story.lanes[story.steps[0].lane].name + story.steps[0].text      // 'n5' 'stands for election in term 1'
 *
 * Times are those of the simulation: one clock for all.
 */
import type { History } from '../../harness/history/history.ts';
import type { MessageRecord } from '../../harness/history/messages.ts';
import type { FaultEffect, Operation } from '../../harness/history/operation.ts';
import type { TraceRecord } from '../../harness/history/trace.ts';
import type { TestDefinition } from '../../harness/run/test-definition.ts';
import type { PackedOperations } from './operation-columns.ts';
import type { AnomalyRow, Story, StoryMessage, StoryStep } from './report-data.ts';
import { Beliefs } from './story-beliefs.ts';
import { wordsOfEvent, wordsOfFault, wordsOfOperation } from './story-words.ts';

/** More is no story: those before the promise broke are kept. */
const MAX_STEPS = 500;
const MAX_MESSAGES = 400;

/** What only a small simulated run recorded. */
export interface StoryInput {
  /** All of it. */
  readonly trace: readonly TraceRecord[];
  readonly messages: readonly MessageRecord[];
}

export interface ToldRun {
  readonly test: Pick<TestDefinition, 'nodes' | 'concurrency'>;
  readonly history: History;
  readonly anomalies: readonly AnomalyRow[];
  readonly packed: PackedOperations;
}

/** Whether a run of so many planned operations and faults is small enough to be told. */
export const isTellable = (entries: number): boolean => entries <= MAX_STEPS / 2;

export function storyOf(run: ToldRun, { trace, messages }: StoryInput): Story {
  const { history, anomalies } = run;
  const lanes = new Lanes(run);
  const [anomaly] = anomalies;
  const steps = stepsOf(run, trace, lanes);
  const breakTime = steps.find(({ kind }) => kind === 'break')?.time ?? Infinity;
  const endTime = Math.min(breakTime, history.operations.at(-1)?.time ?? 0);
  const told = messages.filter(({ isRoutine, sent }) => isRoutine !== true && sent <= endTime);
  const drawn = told.map((message) => lanes.drawn(message)).filter((message) => message !== null);
  const kept = drawn.slice(-MAX_MESSAGES);
  return {
    anomaly: anomaly?.name ?? null,
    lanes: lanes.list,
    steps: steps.slice(-MAX_STEPS),
    messages: kept,
    routine: messages.filter(({ isRoutine }) => isRoutine === true).length,
    cut: drawn.length - kept.length,
  };
}

/** Up to where the promise broke, or to the end of the run. */
function stepsOf(run: ToldRun, trace: readonly TraceRecord[], lanes: Lanes): readonly StoryStep[] {
  const { history, anomalies, packed, test } = run;
  const [anomaly] = anomalies;
  const witness = new Set(anomaly?.operations ?? []);
  const endTime = history.operations.at(-1)?.time ?? 0;
  const beliefs = new Beliefs(test.nodes);
  const steps: StoryStep[] = [];
  const believe = (time: number): void => {
    const text = beliefs.text();
    const last = steps.at(-1);
    if (last?.kind !== 'belief' || last.text !== text) steps.push({ ...PLAIN, time, kind: 'belief', text });
  };
  for (const happening of inOrder(run, trace)) {
    const { time } = happening;
    if (happening.of === 'break') {
      steps.push({
        ...PLAIN,
        time,
        kind: 'break',
        label: anomaly?.name ?? '',
        text: anomaly?.explanation ?? '',
      });
      believe(time);
      return steps;
    }
    if (happening.of === 'trace') {
      const { node, event } = happening.record;
      // What ends the run is not part of it.
      if (event.kind === 'stop' && time >= endTime) continue;
      beliefs.observe(happening.record);
      const words = wordsOfEvent(event);
      if (words !== null) steps.push({ ...PLAIN, ...words, time, kind: 'node', lane: lanes.ofHost(node) });
      if (event.kind === 'role' && event.role === 'leader') believe(time);
    } else {
      const { operation } = happening;
      if (operation.process !== 'nemesis') {
        steps.push(clientStep(operation, operation.process, lanes, packed, witness));
      } else if (operation.type !== 'invoke') {
        steps.push({ ...PLAIN, ...wordsOfFault(operation), time, kind: 'fault' });
        if (edgeOf(operation) !== 'end') believe(time);
      }
    }
  }
  return steps;
}

const PLAIN = { lane: -1, label: '', isWitness: false, operation: -1 } as const;

type Happening =
  | { readonly of: 'operation'; readonly time: number; readonly operation: Operation }
  | { readonly of: 'trace'; readonly time: number; readonly record: TraceRecord }
  | { readonly of: 'break'; readonly time: number };

/** What nodes say comes before what clients learn in the same nanosecond; the break right after what completes the proof. */
function inOrder(run: ToldRun, trace: readonly TraceRecord[]): readonly Happening[] {
  const operations: Happening[] = run.history.operations.map((operation) => ({
    of: 'operation',
    time: operation.time,
    operation,
  }));
  const end = breakOf(run);
  const happenings: Happening[] = trace.map((record) => ({ of: 'trace', time: record.time, record }));
  if (end !== null) operations.splice(end.place, 0, { of: 'break', time: end.time });
  // Sorting is stable: what has one time keeps its order.
  return [...happenings, ...operations].sort((a, b) => a.time - b.time);
}

/** When the last thing happened that proves the first anomaly, and among which operations that is. Null: nobody says. */
function breakOf({
  history,
  anomalies,
  packed,
}: ToldRun): { readonly time: number; readonly place: number } | null {
  const [anomaly] = anomalies;
  if (anomaly === undefined) return null;
  const rows = new Set(anomaly.operations);
  const last = history.operations.findLast(({ index }) => rows.has(packed.rowOf(index) ?? -1));
  const eventTime = Math.max(...anomaly.events.map(({ time }) => time), -1);
  if (last !== undefined && last.time >= eventTime) return { time: last.time, place: last.index + 1 };
  if (eventTime < 0) return null;
  const place = history.operations.findIndex(({ time }) => time > eventTime);
  return { time: eventTime, place: place < 0 ? history.length : place };
}

function clientStep(
  operation: Operation,
  process: number,
  lanes: Lanes,
  packed: PackedOperations,
  witness: ReadonlySet<number>,
): StoryStep {
  const row = packed.rowOf(operation.index) ?? -1;
  return {
    ...wordsOfOperation(operation),
    time: operation.time,
    kind: 'client',
    lane: lanes.ofProcess(process),
    operation: row,
    isWitness: witness.has(row),
  };
}

function edgeOf({ value }: Operation): FaultEffect['edge'] | undefined {
  return (value as Partial<FaultEffect> | null)?.edge;
}

/** A column for each client thread, then one for each node. */
class Lanes {
  readonly list: Story['lanes'];
  readonly #threads: readonly number[];
  readonly #nodes: readonly string[];
  readonly #concurrency: number;
  /** Clients are numbered in the order in which processes first do something. */
  readonly #processes: readonly number[];

  constructor({ test, history }: ToldRun) {
    this.#concurrency = test.concurrency;
    this.#nodes = test.nodes;
    const processes = history.operations.flatMap(({ type, process }) =>
      type === 'invoke' && process !== 'nemesis' ? [process] : [],
    );
    this.#processes = [...new Set(processes)];
    this.#threads = [...new Set(this.#processes.map((process) => process % test.concurrency))].sort(
      (a, b) => a - b,
    );
    this.list = [
      ...this.#threads.map((thread) => ({ name: `client ${thread}`, isNode: false })),
      ...test.nodes.map((name) => ({ name, isNode: true })),
    ];
  }

  ofProcess(process: number): number {
    return this.#threads.indexOf(process % this.#concurrency);
  }

  /** @returns −1 for a machine that is none of these */
  ofHost(name: string): number {
    const node = this.#nodes.indexOf(name);
    if (node >= 0) return this.#threads.length + node;
    const process = this.#processes[Number(/^client-(\d+)$/.exec(name)?.[1] ?? -1)];
    return process === undefined ? -1 : this.ofProcess(process);
  }

  /** Null: between machines that have no column. */
  drawn({ from, to, sent, arrived, fate, text, isCopy }: MessageRecord): StoryMessage | null {
    const [source, target] = [this.ofHost(from), this.ofHost(to)];
    if (source < 0 || target < 0 || source === target) return null;
    const said = isCopy === true ? `${text} (a copy)` : text;
    return { from: source, to: target, sent, arrived, fate, text: said };
  }
}
