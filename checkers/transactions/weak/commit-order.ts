/**
 * What must hold of every order in which the transactions can have committed, and the cycles in it.
 *
 *     const order = new CommitOrder(view);
 *     order.infer(t2, t1, MONOTONIC, read);   // t2 before t1, because of what `read` read from t1
 *     order.cycles();                         // none: there is such an order
 *
 * Given are the orders of sessions, who read from whom, and the versions of lists; the levels add what they infer. By
 * Biswas and Enea (On the Complexity of Checking Transactional Consistency, OOPSLA 2019) a history has the level
 * exactly if the union has no cycle. The initial state comes first, so whatever must come before it is a
 * contradiction without more.
 */
import { int32Column, uint8Column } from '../columns.ts';
import { cyclicComponents, stronglyConnectedComponents } from '../components.ts';
import type { Edges } from '../components.ts';
import { PROCESS, WR, WW } from '../graph.ts';
import { PathSearch } from '../path-search.ts';
import { NONE } from '../value-codes.ts';
import { sessionPredecessors } from './view.ts';
import type { View } from './view.ts';

/** Kinds of edges besides PROCESS (the session), WR and WW (the versions of a list). */
/** T read from `from`, and afterwards from `to` what `from` had written, too. */
export const MONOTONIC = 64;
/** T read from `from`, or is behind it in its session, and read from `to` what `from` had written, too. */
export const FRACTURED = 128;
/** `from` is in the causal past of T, which read from `to` what `from` had written, too. */
export const CAUSAL = 16;
export const INFERRED = MONOTONIC | FRACTURED | CAUSAL;

export interface OrderStep {
  readonly from: number;
  readonly to: number;
  readonly kind: number;
  /** WR, and what is inferred: the read. WW: the write of `to`. */
  readonly because: number;
}

/** Cycles of one component that are looked for, and components. */
const MAX_TRIES = 24;
const MAX_COMPONENTS = 20;
const FIRST_CAPACITY = 1024;

export class CommitOrder {
  readonly view: View;
  /** By transaction: the one before it in its session, or NONE. */
  readonly sessionBefore: Int32Array;
  /** Inferences that contradict the initial state: `from` would have to come before it. */
  readonly beforeInitial: OrderStep[] = [];
  beforeInitialCount = 0;
  #size = 0;
  #from = int32Column(FIRST_CAPACITY);
  #to = int32Column(FIRST_CAPACITY);
  #because = int32Column(FIRST_CAPACITY);
  #kind = uint8Column(FIRST_CAPACITY);

  constructor(view: View) {
    this.view = view;
    this.sessionBefore = sessionPredecessors(view);
    const { transactions, source, versionOrder } = view;
    const { micro, count } = transactions;
    for (let t = 0; t < count; t++) {
      const before = this.sessionBefore[t] as number;
      if (before !== NONE) this.#add(before, t, PROCESS, NONE);
    }
    for (let m = 0; m < micro.count; m++) {
      const write = source[m] as number;
      if (write >= 0) this.#add(micro.transaction[write] as number, micro.transaction[m] as number, WR, m);
    }
    for (let i = 0; i < versionOrder.length; i += 2) {
      const [before, after] = [versionOrder[i] as number, versionOrder[i + 1] as number];
      this.#add(micro.transaction[before] as number, micro.transaction[after] as number, WW, after);
    }
  }

  get edgeCount(): number {
    return this.#size;
  }

  /** `before` committed before the transaction that `read` read from. */
  infer(before: number, kind: number, read: number): void {
    const write = this.view.source[read] as number;
    if (write >= 0) {
      this.#add(before, this.view.transactions.micro.transaction[write] as number, kind, read);
      return;
    }
    if (this.beforeInitialCount++ < MAX_COMPONENTS) {
      this.beforeInitial.push({ from: before, to: NONE, kind, because: read });
    }
  }

  /** Some of the cycles, at least one of each component up to a bound. */
  cycles(): { readonly found: readonly (readonly OrderStep[])[]; readonly components: number } {
    const { graph, edge } = this.#compress();
    const partition = stronglyConnectedComponents(graph, 0xff);
    const components = cyclicComponents(partition);
    if (components.length === 0) return { found: [], components: 0 };
    const { of } = partition;
    const paths = new PathSearch(graph);
    const found: OrderStep[][] = [];
    for (const members of components.slice(0, MAX_COMPONENTS)) {
      found.push(...this.#cyclesOf(graph, edge, of, members, paths));
    }
    return { found, components: components.length };
  }

  /** Through each of some edges the shortest way back, by what is given if that is possible; the shortest of a name. */
  #cyclesOf(
    graph: Edges,
    edge: Int32Array,
    of: Int32Array,
    members: Int32Array,
    paths: PathSearch,
  ): OrderStep[][] {
    const given = PROCESS | WR;
    const best = new Map<number, OrderStep[]>();
    const tries = new Map<number, number>();
    for (const from of members) {
      for (let e = graph.edgeStart[from] as number; e < (graph.edgeStart[from + 1] as number); e++) {
        const to = graph.edgeTo[e] as number;
        const kind = graph.edgeKind[e] as number;
        if (of[to] !== of[from]) continue;
        const tried = tries.get(kind) ?? 0;
        if (tried >= MAX_TRIES) continue;
        tries.set(kind, tried + 1);
        const back =
          paths.shortest(to, from, given, Infinity, of) ?? paths.shortest(to, from, 0xff, Infinity, of);
        if (back === undefined) continue;
        const cycle = [{ from, to, kind }, ...back].map((step) => ({
          ...step,
          because: this.#reason(graph, edge, step),
        }));
        const shape = cycle.reduce((mask, step) => mask | step.kind, 0);
        const known = best.get(shape);
        if (known === undefined || cycle.length < known.length) best.set(shape, cycle);
      }
    }
    // A cycle of less than another says more.
    const shapes = [...best.keys()];
    return shapes
      .filter((shape) => !shapes.some((other) => other !== shape && (other & shape) === other))
      .map((shape) => best.get(shape) as OrderStep[]);
  }

  #reason(
    graph: Edges,
    edge: Int32Array,
    step: { readonly from: number; readonly to: number; readonly kind: number },
  ): number {
    for (let e = graph.edgeStart[step.from] as number; e < (graph.edgeStart[step.from + 1] as number); e++) {
      if (graph.edgeTo[e] === step.to && graph.edgeKind[e] === step.kind) {
        return this.#because[edge[e] as number] as number;
      }
    }
    return NONE;
  }

  /** By source; and which edge of the columns each is. */
  #compress(): { readonly graph: Edges; readonly edge: Int32Array } {
    const nodeCount = this.view.transactions.count;
    const size = this.#size;
    const edgeStart = int32Column(nodeCount + 1);
    for (let e = 0; e < size; e++) (edgeStart[(this.#from[e] as number) + 1] as number)++;
    for (let n = 0; n < nodeCount; n++) (edgeStart[n + 1] as number) += edgeStart[n] as number;
    const next = edgeStart.slice(0, nodeCount);
    const edgeTo = int32Column(size);
    const edgeKind = uint8Column(size);
    const edge = int32Column(size);
    for (let e = 0; e < size; e++) {
      const at = (next[this.#from[e] as number] as number)++;
      edgeTo[at] = this.#to[e] as number;
      edgeKind[at] = this.#kind[e] as number;
      edge[at] = e;
    }
    return { graph: { nodeCount, edgeStart, edgeTo, edgeKind }, edge };
  }

  #add(from: number, to: number, kind: number, because: number): void {
    if (from === to) return;
    const at = this.#size++;
    if (at === this.#from.length) this.#grow();
    this.#from[at] = from;
    this.#to[at] = to;
    this.#kind[at] = kind;
    this.#because[at] = because;
  }

  #grow(): void {
    const capacity = this.#from.length * 2;
    const grow = (old: Int32Array): Int32Array => {
      const grown = int32Column(capacity);
      grown.set(old);
      return grown;
    };
    this.#from = grow(this.#from);
    this.#to = grow(this.#to);
    this.#because = grow(this.#because);
    const kinds = uint8Column(capacity);
    kinds.set(this.#kind);
    this.#kind = kinds;
  }
}
