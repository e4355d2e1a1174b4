/**
 * Judges the order of operations by what they sent and polled: `G0`, `G1c` and `G-single`, with `-process` and `-realtime`.
 *
 *     ww  T1 sent what lies right before what T2 sent         wr  T2 polled what T1 sent
 *     rw  T2 sent what lies right behind the last that T1 polled
 *
 * Only operations count that must have committed, and polls that were answered. A cycle without write order (wr, and
 * the order of processes or of real time) is a violation where consumers read committed: nobody sees what commits only
 * after itself. Cycles with ww or rw are what Kafka allows, so they are searched for apart, and with less effort.
 *
 * Where no operation sends twice, or sends and polls, a cycle takes an inversion that the other judges tell already (a
 * read of what was sent only later, a `realtime-inversion`): then none is searched for.
 */
import { explainCycle } from '../transactions/explanation.ts';
import { findCycles } from '../transactions/cycles.ts';
import type { Cycle, CycleStep } from '../transactions/cycles.ts';
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

/** What the log checker tells of cycles; others (several rw) say nothing of a log. */
const TOLD = /^(?:G0|G1c|G-single)(?:-process|-realtime)?$/;

/** Figures of the search; null when there was nothing to search. */
export type CycleStatistics = {
  readonly transactions: number;
  /** Of the search for violations. */
  readonly components: number;
  readonly largestComponent: number;
} | null;

export function judgeCycles(judgement: Judgement, isOverdue?: () => boolean): CycleStatistics {
  const { snapshotReads } = judgement.options;
  if (!judgement.ledger.hasCompounds) return null;
  const nodes = collectNodes(judgement);
  const { isCommitted } = nodes;
  const budget = isOverdue === undefined ? {} : { isOverdue };
  const edges = new Edges(judgement, nodes);
  const { count } = nodes.transactions;
  const violations = findCycles(edges.graph([WR], true, count), budget);
  for (const cycle of violations.cycles) tell(judgement, nodes, cycle);

  const notes = { ...budget, maxSteps: MAX_STEPS_FOR_NOTES };
  const noted = Math.min(count, NOTED_OPERATIONS);
  const written = findCycles(edges.graph([WW, WR], true, noted), notes);
  for (const cycle of written.cycles) if (hasKind(cycle, WW)) tell(judgement, nodes, cycle);
  const read = snapshotReads
    ? findCycles(edges.graph([WW, WR, RW], true, count), budget)
    : findCycles(edges.graph([WW, WR, RW], false, noted), notes);
  for (const cycle of read.cycles) if (hasKind(cycle, RW)) tell(judgement, nodes, cycle);
  return {
    transactions: isCommitted.reduce((sum, is) => sum + is, 0),
    components: violations.components,
    largestComponent: violations.largestComponent,
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

function collectNodes({ ledger, logs }: Judgement): Nodes {
  const { history, sendOperation } = ledger;
  const nodeOf = new Int32Array(history.length).fill(NONE);
  const invocations: number[] = [];
  for (const { index, type, f, process } of history.operations) {
    if (type !== 'invoke' || process === 'nemesis' || !isTransactional(f)) continue;
    nodeOf[index] = invocations.length;
    const completion = history.completionOf(index)?.index;
    if (completion !== undefined) nodeOf[completion] = invocations.length;
    invocations.push(index);
  }
  const count = invocations.length;
  const isCommitted = new Uint8Array(count);
  for (let send = 0; send < sendOperation.length; send++) {
    if (logs.committed[send] === 1) isCommitted[nodeOf[sendOperation.at(send)] as number] = 1;
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
      logs.disputed.has(slot) || logs.doublyAcknowledged.has(slot) ? NONE : this.#writerOf(value),
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
    const { ledger, logs } = this.#judgement;
    for (let key = 0; key < ledger.keyNames.length; key++) {
      const { first, end } = logs.slotsOf(key);
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
    const { ledger } = this.#judgement;
    const { nodeOf, isCommitted } = this.#nodes;
    for (let run = 0; run < ledger.runKey.length; run++) {
      const reader = nodeOf[ledger.runOperation.at(run)] as number;
      if (isCommitted[reader] !== 1) continue;
      const end = ledger.runEnd(run);
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
    const { ledger, logs } = this.#judgement;
    const { nodeOf, isCommitted } = this.#nodes;
    for (let run = 0; run < ledger.runKey.length; run++) {
      const operation = ledger.runOperation.at(run);
      const reader = nodeOf[operation] as number;
      const key = ledger.runKey.at(run);
      if (isCommitted[reader] !== 1 || this.#comesAgain(run)) continue;
      const slot = logs.readSlot[ledger.runEnd(run) - 1] as number;
      if (slot === NONE) continue;
      const { end } = logs.slotsOf(key);
      let next = slot + 1;
      while (next < end && this.#writer[next] === NONE) next++;
      if (next < end && this.#writer[next] !== reader) add(reader, this.#writer[next] as number, RW);
    }
  }

  /** Whether a later run of the same operation is of the same partition. */
  #comesAgain(run: number): boolean {
    const { runOperation, runKey } = this.#judgement.ledger;
    for (let later = run + 1; later < runKey.length; later++) {
      if (runOperation.at(later) !== runOperation.at(run)) return false;
      if (runKey.at(later) === runKey.at(run)) return true;
    }
    return false;
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
  const behind: { slot: number; how: string }[] = [];
  if (kind === WW) {
    for (const slot of slotsOfSends(judgement, from)) {
      behind.push({ slot, how: `sent ${say(logs.value[slot] as number)} to` });
    }
  } else {
    const last = new Map(
      recordsOf(judgement, from).map(({ value, slot }) => [ledger.valueKey.at(value), slot]),
    );
    for (const slot of last.values()) {
      if (slot !== NONE)
        behind.push({ slot, how: `polled no further than ${say(logs.value[slot] as number)} of` });
    }
  }
  for (const slot of slotsOfSends(judgement, to)) {
    const key = logs.keyOfSlot(slot);
    const before = behind.find((other) => other.slot < slot && logs.keyOfSlot(other.slot) === key);
    if (before === undefined) continue;
    const name = judgement.key(key);
    const value = say(logs.value[slot] as number);
    return { because: `${first} ${before.how} ${name}, and ${second} sent ${value} behind it`, label: name };
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
