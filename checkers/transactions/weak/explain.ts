/**
 * Faults and cycles of the weak levels: their names, in sentences, and as graphs.
 *
 * Cycles have the names of Plume's patterns (Liu, Gu, Wei and Basin, OOPSLA 2024). `CyclicCO`: sessions and reads alone
 * go round. NonMonoRead, FracturedRead, Conflict: what else the cycle is made of, the strongest demand counting; with `CO`
 * where one thing had to be inferred, and causes lead from the rest to it; with `CM` where several had to, or the order
 * of a list. Cycles of sessions, reads and the orders of lists have Adya's names.
 */
import type { Finding } from '../../findings/findings.ts';
import { describeJson } from '../../linearizability/model.ts';
import { operationsOf } from '../explanation.ts';
import { PROCESS, WR, WW } from '../graph.ts';
import type { Transactions } from '../transaction.ts';
import { INITIAL, READ, WRITE, keyName } from '../transaction.ts';
import { NONE } from '../value-codes.ts';
import { CAUSAL, FRACTURED, INFERRED, MONOTONIC } from './commit-order.ts';
import type { CommitOrder, OrderStep } from './commit-order.ts';
import type { Fault, View } from './view.ts';

/** Transactions on the way of a cause that are told. */
const MAX_PATH = 30;
/** Steps of a cycle that are told, and those that are evidence. */
const MAX_TOLD = 12;
const MAX_EVIDENCE = 100;

/** `x = 5`, or for a list `x up to 5`; what a read saw, or a write wrote. */
function described(transactions: Transactions, m: number): string {
  const { micro, values, dataType } = transactions;
  const key = keyOf(transactions, m);
  const code = micro.value[m] as number;
  if (dataType === 'register')
    return `${key} = ${code === INITIAL ? 'null' : describeJson(values.decode(code))}`;
  if (micro.kind[m] === WRITE) return `${describeJson(values.decode(code))} to ${key}`;
  return `${key} = ${describeJson(micro.lists[m] ?? null)}`;
}

const keyOf = (transactions: Transactions, m: number): string =>
  keyName(transactions, transactions.micro.key[m] as number);

const wrote = ({ dataType }: Transactions): string => (dataType === 'register' ? 'wrote' : 'appended');

export function explainFault(transactions: Transactions, { name, read, other }: Fault): Finding {
  const { micro, invocation } = transactions;
  const reader = micro.transaction[read] as number;
  const writer = other === NONE ? NONE : (micro.transaction[other] as number);
  const saw = `T1 (operation ${invocation[reader] as number}) read ${described(transactions, read)}`;
  const members = writer === NONE || writer === reader ? [reader] : [reader, writer];
  const second = writer === NONE ? '' : `T2 (operation ${invocation[writer] as number})`;
  const what = other === NONE ? '' : described(transactions, other);
  const sentences: Readonly<Record<Fault['name'], string>> = {
    'garbage-read':
      transactions.dataType === 'register'
        ? `${saw}, which nobody wrote.`
        : `${saw}, but nobody appended an element of it.`,
    G1a: `${saw}, but ${second}, which ${wrote(transactions)} ${what}, failed.`,
    G1b: `${saw}, but ${second} ${wrote(transactions)} more after ${what}: it read an intermediate state.`,
    'future-read': `${saw} before it ${wrote(transactions)} ${what} itself.`,
    internal: `${saw}, but had just ${micro.kind[other] === READ ? 'read' : wrote(transactions) === 'wrote' ? 'written' : 'appended'} ${what} itself.`,
    'non-repeatable': `${saw}, but had read ${what} before.`,
    'malformed-read': `${saw}, which is no list.`,
    'duplicate-elements': `${saw}, in which an element stands twice.`,
    'incompatible-order':
      micro.kind[other] === WRITE
        ? `${saw}, which shows a later append of ${second}, but not before it what that one had appended first, ${what}.`
        : `${saw}, and ${second} ${what}: neither is the beginning of the other.`,
  };
  return {
    explanation: sentences[name],
    operations: operationsOf(transactions, members),
    ...(members.length === 2
      ? {
          picture: {
            kind: 'graph',
            nodes: members.map((t, i) => ({ label: `T${i + 1}`, operation: invocation[t] as number })),
            edges: [{ from: 1, to: 0, label: keyOf(transactions, read) }],
          },
        }
      : {}),
  };
}

/** What makes the inference: the weakest of the demands that would do. */
function refine({ view, sessionBefore }: CommitOrder, { from, because }: OrderStep): number {
  const { transactions } = view;
  const { process, micro } = transactions;
  const reader = micro.transaction[because] as number;
  const seen = readFrom(view, reader, from);
  if (seen !== NONE && seen < because) return MONOTONIC;
  if (seen !== NONE) return FRACTURED;
  if (process[from] !== process[reader]) return CAUSAL;
  for (let t = sessionBefore[reader] as number; t !== NONE && t >= from; t = sessionBefore[t] as number) {
    if (t === from) return FRACTURED;
  }
  return CAUSAL;
}

/** The first read of a transaction that read from another, or NONE. */
function readFrom({ transactions, source }: View, reader: number, writer: number): number {
  const { first, micro } = transactions;
  for (let m = first[reader] as number; m < (first[reader + 1] as number); m++) {
    const write = source[m] as number;
    if (write >= 0 && micro.transaction[write] === writer) return m;
  }
  return NONE;
}

export function nameCycle(order: CommitOrder, steps: readonly OrderStep[]): string {
  const inferred = steps.filter(({ kind }) => (kind & INFERRED) !== 0);
  const given = steps.reduce((mask, { kind }) => mask | kind, 0) & ~INFERRED;
  if (inferred.length === 0) {
    if ((given & WW) === 0) return 'CyclicCO';
    return `${(given & WR) === 0 ? 'G0' : 'G1c'}${(given & PROCESS) === 0 ? '' : '-process'}`;
  }
  const demands = inferred.reduce((mask, step) => mask | refine(order, step), 0);
  const isDirect = inferred.length === 1 && (given & WW) === 0;
  if ((demands & CAUSAL) !== 0) return isDirect ? 'COConflictCM' : 'ConflictCM';
  return `${(demands & FRACTURED) !== 0 ? 'FracturedRead' : 'NonMonoRead'}${isDirect ? 'CO' : 'CM'}`;
}

/**
 * Steps of a cycle, or one that leads to before the initial state. Of a long one the two ends are told, and nothing is
 * drawn.
 */
export function explainCycle(order: CommitOrder, steps: readonly OrderStep[]): Finding {
  const telling = new Telling(order);
  const { length } = steps;
  const told = length <= MAX_TOLD ? steps : [...steps.slice(0, MAX_TOLD - 1), steps[length - 1] as OrderStep];
  for (const { from } of told) telling.name(from);
  const sentences = told.map((step) => telling.step(step));
  const { invocation } = order.view.transactions;
  const list = told.map(({ from }) => `${telling.name(from)} (operation ${invocation[from] as number})`);
  if (told.length < length) {
    list.push(`${length - told.length} more`);
    sentences.splice(
      -1,
      0,
      `And so on: ${length - told.length} more steps lead to ${list.at(-2) as string}.`,
    );
  }
  const isInitial = steps[0]?.to === NONE;
  const opening = isInitial
    ? `${list[0] as string} would have to commit before the initial state.`
    : `${list.slice(0, -1).join(', ')} and ${list.at(-1) as string} would each have to commit before itself.`;
  return telling.finding(`${opening} ${sentences.join(' ')}`, steps);
}

/** Names transactions as they come up, and draws what is said of them. */
class Telling {
  readonly #order: CommitOrder;
  readonly #names = new Map<number, string>();
  readonly #edges: { from: number; to: number; label: string }[] = [];

  constructor(order: CommitOrder) {
    this.#order = order;
  }

  name(t: number): string {
    let name = this.#names.get(t);
    if (name === undefined) this.#names.set(t, (name = `T${this.#names.size + 1}`));
    return name;
  }

  step(step: OrderStep): string {
    const { transactions } = this.#order.view;
    const { from, to, kind, because } = step;
    const [before, after] = [this.name(from), to === NONE ? 'the initial state' : this.name(to)];
    const so = `so ${before} comes before ${after}.`;
    if (kind === PROCESS) {
      this.#draw(from, to, 'session');
      return `Process ${this.#process(from)} ran ${before} before ${after}.`;
    }
    const key = keyOf(transactions, because);
    if (kind === WR) {
      this.#draw(from, to, `wr ${key}`);
      return `${after} read ${described(transactions, because)} from ${before}, ${so}`;
    }
    if (kind === WW) {
      this.#draw(from, to, `ww ${key}`);
      return `What ${after} appended to ${key} stands behind what ${before} appended, ${so}`;
    }
    const reader = transactions.micro.transaction[because] as number;
    const why = this.#whyVisible(from, reader, because, refine(this.#order, step));
    if (to !== NONE) {
      this.#draw(to, reader, `wr ${key}`);
      this.#draw(from, to, `co ${key}`);
    }
    const source = to === NONE ? 'from the initial state' : `from ${after}`;
    return `${why}${described(transactions, because)} ${source}, though ${before} wrote ${key} as well, ${so}`;
  }

  #whyVisible(from: number, reader: number, because: number, demand: number): string {
    const { view } = this.#order;
    const { transactions } = view;
    const before = this.name(from);
    if (demand === CAUSAL) {
      const path = this.#causes(from, reader);
      const how = path.map((step) => this.step(step)).join(' ');
      return `${how} So ${before} is in the causal past of ${this.name(reader)}, which read `;
    }
    const name = this.#titled(reader);
    const seen = readFrom(view, reader, from);
    if (seen === NONE) {
      this.#draw(from, reader, 'session');
      return `${name} comes behind ${before} in the session of process ${this.#process(from)}, and read `;
    }
    this.#draw(from, reader, `wr ${keyOf(transactions, seen)}`);
    const then = seen < because ? 'and afterwards' : 'but';
    return `${name} read ${described(transactions, seen)} from ${before} ${then} `;
  }

  /** Sessions and reads that lead from a cause to an effect: the shortest way. */
  #causes(cause: number, effect: number): readonly OrderStep[] {
    const { view, sessionBefore } = this.#order;
    const { first, micro } = view.transactions;
    const next = new Map<number, OrderStep | null>([[effect, null]]);
    for (const t of next.keys()) {
      if (t === cause) break;
      const reach = (from: number, kind: number, because: number): void => {
        if (from !== NONE && !next.has(from)) next.set(from, { from, to: t, kind, because });
      };
      reach(sessionBefore[t] as number, PROCESS, NONE);
      for (let m = first[t] as number; m < (first[t + 1] as number); m++) {
        const write = view.source[m] as number;
        if (write >= 0) reach(micro.transaction[write] as number, WR, m);
      }
    }
    const path: OrderStep[] = [];
    let step = next.get(cause) ?? null;
    while (step !== null && path.length < MAX_PATH) {
      path.push(step);
      step = next.get(step.to) ?? null;
    }
    return path;
  }

  #titled(t: number): string {
    const isNew = !this.#names.has(t);
    const name = this.name(t);
    const { invocation } = this.#order.view.transactions;
    return isNew ? `${name} (operation ${invocation[t] as number})` : name;
  }

  #process(t: number): string {
    const { history, invocation } = this.#order.view.transactions;
    return String(history.operations[invocation[t] as number]?.process ?? '');
  }

  #draw(from: number, to: number, label: string): void {
    const place = (t: number): number => [...this.#names.keys()].indexOf(t);
    this.name(from);
    this.name(to);
    this.#edges.push({ from: place(from), to: place(to), label });
  }

  finding(explanation: string, steps: readonly OrderStep[]): Finding {
    const { transactions } = this.#order.view;
    const { invocation } = transactions;
    const named = [...this.#names];
    const evidence = steps.slice(0, MAX_EVIDENCE);
    const kinds: Readonly<Record<number, string>> = { [PROCESS]: 'session', [WR]: 'wr', [WW]: 'ww' };
    return {
      explanation,
      operations: operationsOf(transactions, [
        ...new Set([...named.map(([t]) => t), ...evidence.map(({ from }) => from)]),
      ]),
      evidence: evidence.map(({ from, to, kind }) => ({
        from: invocation[from] as number,
        to: to === NONE ? null : (invocation[to] as number),
        kind: kinds[kind] ?? 'co',
      })),
      ...(steps.length > MAX_TOLD
        ? {}
        : {
            picture: {
              kind: 'graph',
              nodes: named.map(([t, label]) => ({ label, operation: invocation[t] as number })),
              edges: this.#edges.filter(
                ({ from, to, label }, i) =>
                  this.#edges.findIndex((e) => e.from === from && e.to === to && e.label === label) === i,
              ),
            },
          }),
    };
  }
}
