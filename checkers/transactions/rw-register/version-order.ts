/**
 * Infers the order of versions by the rules that are assumed, one rule after the other.
 *
 *     inferVersionOrder(view, { sequentialKeys: true }, pace).edges  // see version-graph.ts
 *
 * What a transaction had to do with a key: first what it read from others, or else its final write; last its final
 * write, or else what it read. One that is only in doubt did nothing known but to write, and comes after what was before
 * it, and before nothing.
 */
import { int32Column } from '../columns.ts';
import type { Pace } from '../../findings/pace.ts';
import { OK, READ, WRITE } from '../transaction.ts';
import { NONE, PairMap } from '../value-codes.ts';
import { INITIAL_STATE, NO_SOURCE } from '../weak/view.ts';
import type { View } from '../weak/view.ts';
import {
  LINEARIZABLE,
  SEQUENTIAL,
  VersionEdges,
  WFR,
  initialVersion,
  keyOfVersion,
  versionCycles,
} from './version-graph.ts';
import type { VersionCycle } from './version-graph.ts';

export interface VersionRules {
  /** Within a transaction a write comes after what it read of the key. */
  readonly wfrKeys?: boolean;
  /** Each key is sequentially consistent: its versions keep the order of each process. Implies wfrKeys. */
  readonly sequentialKeys?: boolean;
  /** Each key is linearizable: its versions keep real time. Implies wfrKeys. */
  readonly linearizableKeys?: boolean;
}

export interface VersionOrder {
  readonly edges: VersionEdges;
  /** Of keys for which an assumption does not hold. */
  readonly cycles: readonly VersionCycle[];
}

/** Which version a transaction had to do with, key by key. */
interface Dealings {
  readonly key: number;
  readonly first: number;
  readonly last: number;
}

export function inferVersionOrder(view: View, rules: VersionRules, pace: Pace): VersionOrder {
  const { transactions } = view;
  const edges = new VersionEdges();
  const cycles: VersionCycle[] = [];
  const { wfrKeys = false, sequentialKeys = false, linearizableKeys = false } = rules;
  const apply = (rule: number, infer: (view: View, edges: VersionEdges, pace: Pace) => void): void => {
    infer(view, edges, pace);
    const found: VersionCycle[] = [];
    // The initial state comes before all others, so what comes before it makes a cycle of two.
    edges.filter((at) => {
      const edge = edges.edge(at);
      if (edge.to < transactions.micro.count) return true;
      found.push({ key: keyOfVersion(transactions, edge.to), edges: [edge] });
      return false;
    });
    found.push(...versionCycles(transactions, edges));
    if (found.length === 0) return;
    const broken = new Set(found.map(({ key }) => key));
    edges.filter(
      (at) => edges.rule[at] !== rule || !broken.has(keyOfVersion(transactions, edges.from[at] as number)),
    );
    cycles.push(...found);
  };
  if (wfrKeys || sequentialKeys || linearizableKeys) apply(WFR, inferWithin);
  if (sequentialKeys) apply(SEQUENTIAL, inferSequential);
  if (linearizableKeys) apply(LINEARIZABLE, inferLinearizable);
  return { edges, cycles };
}

function inferWithin(view: View, edges: VersionEdges, pace: Pace): void {
  const { transactions, source } = view;
  const { micro } = transactions;
  for (let m = 0; m < micro.count; m++) {
    if (pace.spend(1)) return;
    const t = micro.transaction[m] as number;
    if (micro.kind[m] !== WRITE || micro.isIntermediate[m] === 1) continue;
    for (
      let before = micro.previous[m] as number;
      before !== NONE;
      before = micro.previous[before] as number
    ) {
      const write = source[before] as number;
      if (micro.kind[before] === READ && write >= 0) edges.add(write, m, WFR, t, t);
    }
  }
}

/** Calls back for each key of a transaction with which it had to do something that is known. */
function eachDealing({ transactions, source }: View, t: number, visit: (dealings: Dealings) => void): void {
  const { first, micro } = transactions;
  const start = first[t] as number;
  for (let m = (first[t + 1] as number) - 1; m >= start; m--) {
    // Once a key: at its last micro-operation.
    const key = micro.key[m] as number;
    if (isFollowed(micro, m, first[t + 1] as number)) continue;
    let firstVersion = NONE;
    let lastVersion = NONE;
    for (let at = m; at !== NONE; at = micro.previous[at] as number) {
      let version = NONE;
      if (micro.kind[at] === WRITE) version = micro.isIntermediate[at] === 1 ? NONE : at;
      else if (source[at] === INITIAL_STATE) version = initialVersion(transactions, key);
      else if (source[at] !== NO_SOURCE) version = source[at] as number;
      if (version === NONE) continue;
      if (lastVersion === NONE) lastVersion = version;
      firstVersion = version;
    }
    if (lastVersion !== NONE) visit({ key, first: firstVersion, last: lastVersion });
  }
}

/** Whether a later micro-operation of the transaction has the same key. */
function isFollowed({ key }: { readonly key: Int32Array }, m: number, end: number): boolean {
  for (let later = m + 1; later < end; later++) if (key[later] === key[m]) return true;
  return false;
}

function inferSequential(view: View, edges: VersionEdges, pace: Pace): void {
  const { transactions, isCommitted } = view;
  const { count, outcome, process } = transactions;
  /** By process and key: the version, and the transaction. */
  const lastVersion = new PairMap();
  const lastTransaction = new PairMap();
  for (let t = 0; t < count; t++) {
    if (pace.spend(8)) return;
    if (isCommitted[t] === 0) continue;
    const p = process[t] as number;
    eachDealing(view, t, ({ key, first, last }) => {
      const before = lastVersion.get(p, key);
      if (before !== NONE && before !== first) {
        edges.add(before, first, SEQUENTIAL, lastTransaction.get(p, key), t);
      }
      if (outcome[t] !== OK) return;
      lastVersion.set(p, key, last);
      lastTransaction.set(p, key, t);
    });
  }
}

/** One that was acknowledged, and its last version of the key. */
interface Acknowledged {
  readonly t: number;
  readonly version: number;
}

/**
 * By key, the transactions that were acknowledged and that no later one has come behind yet, one of a version: who is
 * invoked comes behind all of them, and takes their place when it is acknowledged. They overlap each other, so they are
 * no more than there are clients.
 */
function inferLinearizable(view: View, edges: VersionEdges, pace: Pace): void {
  const { transactions, isCommitted } = view;
  const { history, count, outcome, invocation, completion, keys } = transactions;
  const completing = int32Column(history.length).fill(NONE);
  for (let t = 0; t < count; t++) if (outcome[t] === OK) completing[completion[t] as number] = t;
  const frontier = keys.map((): readonly Acknowledged[] => []);
  /** Of those in flight: what each came behind. */
  const behind = new Map<number, Map<number, { last: number; frontier: readonly Acknowledged[] }>>();
  const complete = (t: number): void => {
    for (const [key, { last, frontier: before }] of behind.get(t) ?? []) {
      const passed = new Set(before);
      const rest = (frontier[key] as readonly Acknowledged[]).filter((entry) => !passed.has(entry));
      frontier[key] = rest.some(({ version }) => version === last) ? rest : [...rest, { t, version: last }];
    }
    behind.delete(t);
  };
  let index = 0;
  for (let t = 0; t < count; t++) {
    if (pace.spend(16)) return;
    if (isCommitted[t] === 0) continue;
    for (const end = invocation[t] as number; index < end; index++) {
      const completed = completing[index] as number;
      if (completed !== NONE) complete(completed);
    }
    const dealt = new Map<number, { last: number; frontier: readonly Acknowledged[] }>();
    eachDealing(view, t, ({ key, first, last }) => {
      const before = frontier[key] as readonly Acknowledged[];
      for (const entry of before) {
        if (entry.version !== first) edges.add(entry.version, first, LINEARIZABLE, entry.t, t);
      }
      pace.spend(before.length);
      dealt.set(key, { last, frontier: before });
    });
    if (outcome[t] === OK) behind.set(t, dealt);
  }
}
