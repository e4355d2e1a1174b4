/**
 * What can be known of the order of a register's versions: pairs of versions, one of which came before the other.
 *
 * A version is the final write of a committed transaction, by its micro-operation; or the initial state of key k, by
 * {@link initialVersion}, which comes before all others without being said. Which rules apply is assumed, not proven:
 *
 * | rule       | v before w when                                                                                  |
 * | ---------- | ------------------------------------------------------------------------------------------------ |
 * | wfr        | a transaction read v, and wrote w                                                                |
 * | sequential | a process had to do with v in one transaction, and with w in its next with this key              |
 * | realtime   | a transaction that had to do with v was acknowledged before one that had to do with w was invoked |
 *
 * Where a rule makes the order of a key cyclic, the assumption does not hold for it: that is an anomaly, and the key does
 * without the rule.
 */
import { int32Column, uint8Column } from '../columns.ts';
import { cyclicComponents, stronglyConnectedComponents } from '../components.ts';
import type { Edges } from '../components.ts';
import { PathSearch } from '../path-search.ts';
import { NONE } from '../value-codes.ts';
import type { Transactions } from '../transaction.ts';

export const WFR = 1;
export const SEQUENTIAL = 2;
export const LINEARIZABLE = 4;

export interface VersionEdge {
  readonly from: number;
  readonly to: number;
  readonly rule: number;
  /** Transactions that show it: what had to do with `from`, and with `to`. */
  readonly early: number;
  readonly late: number;
}

/** Number of the initial version of a key. */
export const initialVersion = ({ micro }: Transactions, key: number): number => micro.count + key;

export const keyOfVersion = ({ micro }: Transactions, version: number): number =>
  version < micro.count ? (micro.key[version] as number) : version - micro.count;

const FIRST_CAPACITY = 1024;

/** Columns of edges. */
export class VersionEdges {
  size = 0;
  from = int32Column(FIRST_CAPACITY);
  to = int32Column(FIRST_CAPACITY);
  early = int32Column(FIRST_CAPACITY);
  late = int32Column(FIRST_CAPACITY);
  rule = uint8Column(FIRST_CAPACITY);

  add(from: number, to: number, rule: number, early: number, late: number): void {
    const at = this.size++;
    if (at === this.from.length) this.#grow();
    this.from[at] = from;
    this.to[at] = to;
    this.rule[at] = rule;
    this.early[at] = early;
    this.late[at] = late;
  }

  edge(at: number): VersionEdge {
    return {
      from: this.from[at] as number,
      to: this.to[at] as number,
      rule: this.rule[at] as number,
      early: this.early[at] as number,
      late: this.late[at] as number,
    };
  }

  /** Keeps those that pass. */
  filter(keep: (at: number) => boolean): void {
    let kept = 0;
    for (let at = 0; at < this.size; at++) {
      if (!keep(at)) continue;
      this.from[kept] = this.from[at] as number;
      this.to[kept] = this.to[at] as number;
      this.rule[kept] = this.rule[at] as number;
      this.early[kept] = this.early[at] as number;
      this.late[kept] = this.late[at] as number;
      kept++;
    }
    this.size = kept;
  }

  #grow(): void {
    const capacity = this.from.length * 2;
    const grow = (old: Int32Array): Int32Array => {
      const grown = int32Column(capacity);
      grown.set(old);
      return grown;
    };
    this.from = grow(this.from);
    this.to = grow(this.to);
    this.early = grow(this.early);
    this.late = grow(this.late);
    const rules = uint8Column(capacity);
    rules.set(this.rule);
    this.rule = rules;
  }
}

/** By the version that comes first. */
export interface VersionGraph extends Edges {
  /** Which edge of the columns each is. */
  readonly edge: Int32Array;
}

export function compress(transactions: Transactions, edges: VersionEdges): VersionGraph {
  const nodeCount = transactions.micro.count + transactions.keys.length;
  const { size, from } = edges;
  const edgeStart = int32Column(nodeCount + 1);
  for (let e = 0; e < size; e++) (edgeStart[(from[e] as number) + 1] as number)++;
  for (let n = 0; n < nodeCount; n++) (edgeStart[n + 1] as number) += edgeStart[n] as number;
  const next = edgeStart.slice(0, nodeCount);
  const edgeTo = int32Column(size);
  const edge = int32Column(size);
  for (let e = 0; e < size; e++) {
    const at = (next[from[e] as number] as number)++;
    edgeTo[at] = edges.to[e] as number;
    edge[at] = e;
  }
  return { nodeCount, edgeStart, edgeTo, edgeKind: uint8Column(size).fill(1), edge };
}

/** Versions of a key that would each come before themselves. */
export interface VersionCycle {
  readonly key: number;
  readonly edges: readonly VersionEdge[];
}

/** Cycles that are looked for; the other components are counted as cycles without edges. */
const MAX_CYCLES = 20;

/** One of each component. */
export function versionCycles(transactions: Transactions, edges: VersionEdges): VersionCycle[] {
  const graph = compress(transactions, edges);
  const components = cyclicComponents(stronglyConnectedComponents(graph, 1));
  if (components.length === 0) return [];
  const paths = new PathSearch(graph);
  return components.map((members, i): VersionCycle => {
    const key = keyOfVersion(transactions, members[0] as number);
    return { key, edges: i < MAX_CYCLES ? cycleIn(graph, edges, members, paths) : [] };
  });
}

function cycleIn(
  graph: VersionGraph,
  edges: VersionEdges,
  members: Int32Array,
  paths: PathSearch,
): VersionEdge[] {
  const inside = new Set(members);
  const start = members[0] as number;
  const steps: VersionEdge[] = [];
  for (let e = graph.edgeStart[start] as number; e < (graph.edgeStart[start + 1] as number); e++) {
    const to = graph.edgeTo[e] as number;
    if (!inside.has(to)) continue;
    steps.push(edges.edge(graph.edge[e] as number));
    for (const step of paths.shortest(to, start, 1) ?? []) {
      const found = edgeBetween(graph, step.from, step.to);
      if (found !== NONE) steps.push(edges.edge(found));
    }
    break;
  }
  return steps;
}

/** The edge of the columns that leads from one version to another, or NONE. */
export function edgeBetween(graph: VersionGraph, from: number, to: number): number {
  for (let e = graph.edgeStart[from] as number; e < (graph.edgeStart[from + 1] as number); e++) {
    if (graph.edgeTo[e] === to) return graph.edge[e] as number;
  }
  return NONE;
}
