/**
 * Judges the order of operations by what they sent and polled: `G0`, `G1c` and `G-single`, with `-process` and `-realtime`.
 *
 *     ww  T1 sent what lies right before what T2 sent         wr  T2 polled what T1 sent
 *     rw  T2 sent what lies right behind the last that T1 polled
 *
 * Only operations count that must have committed, and polls that were answered. A cycle without write order (wr, and
 * the order of processes or of real time) is a violation where consumers read committed: nobody sees what commits only
 * after itself. Cycles with ww or rw are what Kafka allows, so they are searched for apart, and with less effort unless
 * the options judge them. The verdict is unknown when a search for what is judged was cut.
 *
 * Where no operation sends twice, or sends and polls, a cycle takes an inversion that the other judges tell already (a
 * read of what was sent only later, a `realtime-inversion`): then none is searched for, unless the options judge more.
 */
import { allowedBecause, judgesCycles } from './allowance.ts';
import { explainCycle } from '../transactions/explanation.ts';
import { int32Column } from '../transactions/columns.ts';
import { findCycles } from '../transactions/cycles.ts';
import type { Cycle, CycleSearch, CycleStep } from '../transactions/cycles.ts';
import { GraphBuilder, RW, WR, WW, addOrders } from '../transactions/graph.ts';
import type { DependencyGraph, OrderedTransactions } from '../transactions/graph.ts';
import { FAILED as FAILED_TRANSACTION, OK as OK_TRANSACTION, UNKNOWN } from '../transactions/transaction.ts';
import type { Operation } from '../../harness/history/operation.ts';
import type { Judgement } from './judgement.ts';
import { FAILED, NONE } from './ledger.ts';
import { runsOf, sendsOf } from './logs.ts';
import { isTransactional } from './shapes.ts';

/** Cycles that are allowed are notes: they are searched for among so many operations only, the first ones. */
const NOTED_OPERATIONS = 10_000;
const MAX_STEPS_FOR_NOTES = 200_000;
/** What a look at one candidate for a cycle counts for. */
const CANDIDATE_UNITS = 1 << 12;

/** What the log checker tells of cycles; others (several rw) say nothing of a log. */
const TOLD = /^(?:G0|G1c|G-single)(?:-process|-realtime)?$/;

/** Figures of the search; null when there was nothing to search. */
export type CycleStatistics = {
  readonly transactions: number;
  /** Of the search for violations. */
  readonly components: number;
  readonly largestComponent: number;
  /** Cycles that are allowed were searched for among so many operations, the first ones: no verdict hangs on them. */
  readonly notesCoverOperations: number;
} | null;

export interface CycleSearchOutcome {
  readonly statistics: CycleStatistics;
  /** Violations that there may be all the same. */
  readonly unknownBecause?: string;
}

export function judgeCycles(judgement: Judgement): CycleSearchOutcome {
  const { options, pace } = judgement;
  const judgesWriteOrder = judgesCycles(['G0', 'G1c'], options);
  const judgesSnapshots = judgesCycles(['G-single'], options);
  if (!judgement.ledger.hasCompounds && !judgesWriteOrder && !judgesSnapshots) return { statistics: null };
  const nodes = collectNodes(judgement);
  const edges = new Edges(judgement, nodes);
  const { count } = nodes.transactions;
  const noted = Math.min(count, NOTED_OPERATIONS);
  const cut = new Set<string>();
  let isUnclassified = false;
  const search = (
    kinds: readonly number[],
    isJudged: boolean,
    told: number,
    withOrders = true,
  ): CycleSearch => {
    const graph = edges.graph(kinds, withOrders, isJudged ? count : noted);
    const found = findCycles(graph, {
      isOverdue: () => pace.spend(CANDIDATE_UNITS),
      ...(isJudged ? {} : { maxSteps: MAX_STEPS_FOR_NOTES }),
    });
    for (const cycle of found.cycles) if (hasKind(cycle, told)) tell(judgement, nodes, cycle);
    if (isJudged) {
      const circumstances = { hasWriteOrder: true, isTransaction: true };
      for (const name of found.cut) {
        if (allowedBecause(name, options, circumstances) === undefined) cut.add(name);
      }
      isUnclassified ||= found.unclassified.length > 0;
    }
    return found;
  };
  const violations = search([WR], true, WR);
  const readsAll = [WW, WR, RW];
  const searches = [
    { kinds: [WW, WR], isJudged: judgesWriteOrder, told: WW, withOrders: true },
    { kinds: readsAll, isJudged: judgesSnapshots, told: RW, withOrders: judgesSnapshots },
  ];
  // What is judged first: what is noted may cost the rest of the time.
  for (const { kinds, isJudged, told, withOrders } of searches.toSorted(
    (a, b) => Number(b.isJudged) - Number(a.isJudged),
  )) {
    if (pace.isOverdue) break;
    search(kinds, isJudged, told, withOrders);
  }
  const unknownBecause = isUnclassified
    ? 'time was up before all cycles were looked at: allow more time'
    : cut.size > 0
      ? `the search for ${[...cut].join(', ')} ran out of steps: check a shorter history`
      : undefined;
  return {
    statistics: {
      transactions: nodes.isCommitted.reduce((sum, is) => sum + is, 0),
      components: violations.components,
      largestComponent: violations.largestComponent,
      notesCoverOperations: noted,
    },
    ...(unknownBecause === undefined ? {} : { unknownBecause }),
  };
}

const hasKind = ({ steps }: Cycle, wanted: number): boolean => steps.some(({ kind }) => kind === wanted);

/** Operations as nodes of the graph, in the order of their invocations. */
interface Nodes {
  readonly transactions: OrderedTransactions;
  /** By node: 1 when it takes part. */
  readonly isCommitted: Uint8Array;
  /** By index of the history: the node of an invocation or a completion; -1 if none. */
  readonly nodeOf: Int32Array;
}

function collectNodes({ ledger, logs, pace }: Judgement): Nodes {
  const { history, sendOperation } = ledger;
  const nodeOf = int32Column(history.length).fill(NONE);
  const invocations: number[] = [];
  for (const { index, type, f, process } of history.operations) {
    if (pace.spend(1)) break;
    if (type !== 'invoke' || process === 'nemesis' || !isTransactional(f)) continue;
    nodeOf[index] = invocations.length;
    const completion = history.completionOf(index)?.index;
    if (completion !== undefined) nodeOf[completion] = invocations.length;
    invocations.push(index);
  }
  const count = invocations.length;
  const isCommitted = new Uint8Array(count);
  for (let send = 0; send < sendOperation.length; send++) {
    const node = nodeOf[sendOperation.at(send)] as number;
    if (node !== NONE && logs.committed[send] === 1) isCommitted[node] = 1;
  }
  const completion = new Int32Array(count).fill(NONE);
  const outcome = new Uint8Array(count).fill(UNKNOWN);
  const process = new Int32Array(count);
  const processes = new Map<Operation['process'], number>();
  for (let node = 0; node < count; node++) {
    const invocation = history.operations[invocations[node] as number] as Operation;
    const done = history.completionOf(invocation.index);
    let id = processes.get(invocation.process);
    if (id === undefined) processes.set(invocation.process, (id = processes.size));
    process[node] = id;
    if (done === undefined) continue;
    completion[node] = done.index;
    if (done.type === 'ok') {
      outcome[node] = OK_TRANSACTION;
      isCommitted[node] = 1;
    } else if (done.type === 'fail') outcome[node] = FAILED_TRANSACTION;
  }
  const transactions = {
    history,
    count,
    invocation: Int32Array.from(invocations),
    completion,
    outcome,
    process,
    processCount: processes.size,
  };
  return { transactions, isCommitted, nodeOf };
}

type AddEdge = (from: number, to: number, kind: number) => void;

class Edges {
  readonly #judgement: Judgement;
  readonly #nodes: Nodes;
  /** By slot: the node that wrote what is there; -1 when that is not certain. */
  readonly #writer: Int32Array;

  constructor(judgement: Judgement, nodes: Nodes) {
    this.#judgement = judgement;
    this.#nodes = nodes;
    const { logs } = judgement;
    this.#writer = logs.value.map((value, slot) =>
      logs.disputed.has(slot) || logs.doublyAcknowledged.has(slot) || logs.repeated.has(value)
        ? NONE
        : this.#writerOf(value),
    );
  }

  /** Of the first `count` nodes. */
  graph(kinds: readonly number[], withOrders: boolean, count: number): DependencyGraph {
    const { transactions, isCommitted } = this.#nodes;
    const builder = new GraphBuilder(count);
    const add = (from: number, to: number, kind: number): void => {
      if (from < count && to < count) builder.add(from, to, kind);
    };
    if (kinds.includes(WW)) this.#addWriteOrder(add);
    if (kinds.includes(WR)) this.#addReads(add);
    if (kinds.includes(RW)) this.#addOvertaken(add);
    if (withOrders) addOrders(builder, { ...transactions, count }, (node) => isCommitted[node] === 1);
    return builder.build();
  }

  /** The only operation that can have written a value, when it committed. */
  #writerOf(value: number): number {
    const { ledger, logs } = this.#judgement;
    const send = ledger.valueFirstSend.at(value);
    if (send === NONE || ledger.valueSends.at(value) !== 1 || logs.committed[send] !== 1) return NONE;
    return this.#nodes.nodeOf[ledger.sendOperation.at(send)] as number;
  }

  #addWriteOrder(add: AddEdge): void {
    const { ledger, logs, pace } = this.#judgement;
    for (let key = 0; key < ledger.keyNames.length; key++) {
      const { first, end } = logs.slotsOf(key);
      if (pace.spend(end - first)) return;
      let before = NONE;
      for (let slot = first; slot < end; slot++) {
        const writer = this.#writer[slot] as number;
        if (writer === NONE) continue;
        if (before !== NONE && before !== writer) add(before, writer, WW);
        before = writer;
      }
    }
  }

  /** An operation reads most often what one other sent: that is said once. */
  #addReads(add: AddEdge): void {
    const { ledger, pace } = this.#judgement;
    const { nodeOf, isCommitted } = this.#nodes;
    for (let run = 0; run < ledger.runKey.length; run++) {
      const reader = nodeOf[ledger.runOperation.at(run)] as number;
      if (isCommitted[reader] !== 1) continue;
      const end = ledger.runEnd(run);
      if (pace.spend(end - ledger.runStart.at(run))) return;
      let before = NONE;
      for (let read = ledger.runStart.at(run); read < end; read++) {
        const writer = this.#writerOf(ledger.readValue.at(read));
        if (writer !== NONE && writer !== reader && writer !== before) add(writer, reader, WR);
        before = writer;
      }
    }
  }

  /** Whoever wrote right behind the last record that an operation polled of a partition overtook it. */
  #addOvertaken(add: AddEdge): void {
    const { ledger, logs, pace } = this.#judgement;
    const { nodeOf, isCommitted } = this.#nodes;
    const nextWriter = this.#nextWriters();
    /** By partition: the operation whose last run there was met; from the end, so that others of it come later. */
    const met = new Int32Array(ledger.keyNames.length).fill(NONE);
    for (let run = ledger.runKey.length - 1; run >= 0; run--) {
      if (pace.spend(1)) return;
      const operation = ledger.runOperation.at(run);
      const reader = nodeOf[operation] as number;
      const key = ledger.runKey.at(run);
      if (isCommitted[reader] !== 1 || met[key] === operation) continue;
      met[key] = operation;
      const slot = logs.readSlot[ledger.runEnd(run) - 1] as number;
      if (slot === NONE || slot + 1 >= logs.slotsOf(key).end) continue;
      const writer = nextWriter[slot + 1] as number;
      if (writer !== NONE && writer !== reader) add(reader, writer, RW);
    }
  }

  /** By slot: who wrote there, or at the next slot of the partition whose writer is certain. */
  #nextWriters(): Int32Array {
    const { ledger, logs } = this.#judgement;
    const next = int32Column(this.#writer.length);
    for (let key = 0; key < ledger.keyNames.length; key++) {
      const { first, end } = logs.slotsOf(key);
      let writer = NONE;
      for (let slot = end - 1; slot >= first; slot--) {
        if (this.#writer[slot] !== NONE) writer = this.#writer[slot] as number;
        next[slot] = writer;
      }
    }
    return next;
  }
}

function tell(judgement: Judgement, { transactions }: Nodes, cycle: Cycle): void {
  if (!TOLD.test(cycle.name)) return;
  judgement.findings.add(
    cycle.name,
    () =>
      explainCycle(transactions, cycle, ({ from, to, kind }, first, second) => {
        const a = transactions.invocation[from] as number;
        const b = transactions.invocation[to] as number;
        return describeDependency(judgement, { from: a, to: b, kind }, first, second);
      }),
    { hasWriteOrder: hasKind(cycle, WW), isTransaction: true },
  );
}

/** The first pair of records that makes the edge. `from` and `to` are invocations. */
function describeDependency(
  judgement: Judgement,
  { from, to, kind }: CycleStep,
  first: string,
  second: string,
): { readonly because: string; readonly label: string } {
  const { ledger, logs } = judgement;
  const say = (value: number): string => judgement.value(value);
  if (kind === WR) {
    for (const { value } of recordsOf(judgement, to)) {
      const send = ledger.valueFirstSend.at(value);
      if (send === NONE || ledger.sendOperation.at(send) !== from) continue;
      const key = judgement.keyOfValue(value);
      return { because: `${first} sent ${say(value)} to ${key}, and ${second} polled it`, label: key };
    }
  }
  /** By partition: the first slot that it sent to, or the last that it polled. */
  const ends = new Map<number, number>();
  if (kind === WW) {
    for (const slot of slotsOfSends(judgement, from)) {
      const key = logs.keyOfSlot(slot);
      ends.set(key, Math.min(slot, ends.get(key) ?? slot));
    }
  } else {
    for (const { value, slot } of recordsOf(judgement, from)) ends.set(ledger.valueKey.at(value), slot);
  }
  for (const slot of slotsOfSends(judgement, to)) {
    const key = logs.keyOfSlot(slot);
    const end = ends.get(key) ?? NONE;
    if (end === NONE || end >= slot) continue;
    const name = judgement.key(key);
    const last = say(logs.value[end] as number);
    const did = kind === WW ? `sent ${last} to` : `polled no further than ${last} of`;
    const value = say(logs.value[slot] as number);
    return { because: `${first} ${did} ${name}, and ${second} sent ${value} behind it`, label: name };
  }
  return { because: `A record that ${first} sent lies before one that ${second} sent`, label: '' };
}

function recordsOf(
  { ledger, logs }: Judgement,
  invocation: number,
): { readonly value: number; readonly slot: number }[] {
  const completion = ledger.history.completionOf(invocation)?.index;
  if (completion === undefined) return [];
  const { first, end } = runsOf(ledger, completion);
  const records: { value: number; slot: number }[] = [];
  for (let run = first; run < end; run++) {
    const until = ledger.runEnd(run);
    for (let read = ledger.runStart.at(run); read < until; read++) {
      records.push({ value: ledger.readValue.at(read), slot: logs.readSlot[read] as number });
    }
  }
  return records;
}

function slotsOfSends({ ledger, logs }: Judgement, invocation: number): number[] {
  const slots: number[] = [];
  const { first, end } = sendsOf(ledger, invocation);
  for (let send = first; send < end; send++) {
    const slot = logs.sendSlot[send] as number;
    if (slot !== NONE && ledger.sendOutcome.at(send) !== FAILED) slots.push(slot);
  }
  return slots;
}
