/**
 * Finds and classifies cycles of a dependency graph.
 *
 *     findCycles(graph).cycles
 *     // [{ name: 'G-single', steps: [{ from: 0, to: 1, kind: RW }, { from: 1, to: 0, kind: WR }] }]
 *
 * | name          | cycle of                                                   |
 * | ------------- | ---------------------------------------------------------- |
 * | G0            | ww                                                         |
 * | G1c           | ww, wr, and at least one wr                                |
 * | G-single      | ww, wr, and exactly one rw                                 |
 * | G-nonadjacent | ww, wr, and several rw, no two of them one after the other |
 * | G2-item       | ww, wr, and several rw, two of them one after the other    |
 *
 * with `-process` and `-realtime` where it needs the order of a process, or of real time. In each strongly connected
 * component one cycle of every kind is told, but for kinds that a cycle already told implies.
 *
 * Whether there is a cycle is decided by components in linear time, for each kind: of the graph with the edges that
 * the kind may have, and for G-nonadjacent of a graph of pairs (transaction, whether an rw led there). So nothing is
 * missed for want of time, with one exception: that a component has a cycle with rw edges that are not adjacent is
 * known at once, but that one has a single rw takes a search from each rw edge. Where that runs out of steps, the
 * cycle is told as the G-nonadjacent that it certainly is, and `cut` says that a G-single was not ruled out.
 *
 * A closed walk of G-nonadjacent may pass a transaction twice. It is told where it holds a cycle that does not; else it
 * falls into a G0 or G1c, which is told and refutes more, and a G2-item. (Whether there is a cycle that the walks do
 * not show is as hard as any problem of simple paths; 400,000 graphs of six transactions had none.)
 *
 * Cycles are the shortest through the edges that were tried; in a small component these are all.
 */
import { int32Column } from './columns.ts';
import { cyclicComponents, stronglyConnectedComponents } from './components.ts';
import type { Components, Edges } from './components.ts';
import { impliedAnomalies } from './consistency-models.ts';
import { PROCESS, REALTIME, RW, VIA, WR, WW } from './graph.ts';
import type { DependencyGraph } from './graph.ts';
import { PathSearch } from './path-search.ts';
import type { Step } from './path-search.ts';

/** Transaction `from` comes before `to`. */
export type CycleStep = Step;

export interface Cycle {
  readonly name: string;
  /** Each begins where the one before ends, and the first where the last ends. */
  readonly steps: readonly CycleStep[];
}

export interface CycleSearch {
  /** At most MAX_KEPT of a name. */
  readonly cycles: readonly Cycle[];
  /** How many were found, by name. */
  readonly counts: ReadonlyMap<string, number>;
  /** Strongly connected components of more than one transaction, and transactions in the largest. */
  readonly components: number;
  readonly largestComponent: number;
  /** Names of anomalies for which the search ran out of steps in some component. */
  readonly cut: readonly string[];
  /** Components that were not looked at, since time was up; each certainly has a cycle. */
  readonly unclassified: readonly Int32Array[];
}

export interface CycleSearchOptions {
  readonly isOverdue?: () => boolean;
  /** Edges looked at in one search of one component, before it is content with what it has. */
  readonly maxSteps?: number;
}

/** Cycles kept of one name. */
const MAX_KEPT = 10;
const MAX_STEPS = 20_000_000;
/** Of these, at most so many are for a shorter cycle than the first, where any will do. */
const MAX_STEPS_TO_SHORTEN = 2_000_000;
/** Of a cycle with more steps the forms with the orders of processes and of real time are told too, which are shorter. */
const MAX_PLAIN = 8;

const VARIANTS: readonly { readonly suffix: string; readonly extra: number }[] = [
  { suffix: '', extra: 0 },
  { suffix: '-process', extra: PROCESS },
  // The order of a process is part of that of real time.
  { suffix: '-realtime', extra: REALTIME },
];

export function findCycles(graph: DependencyGraph, options: CycleSearchOptions = {}): CycleSearch {
  const components = cyclicComponents(stronglyConnectedComponents(graph, 0xff));
  const localOf = components.length > 0 ? int32Column(graph.nodeCount).fill(-1) : new Int32Array(0);
  const counts = new Map<string, number>();
  const cycles: Cycle[] = [];
  const cut = new Set<string>();
  const unclassified: Int32Array[] = [];
  let largestComponent = 0;
  for (const members of components) {
    const transactions = members.filter((node) => node < graph.transactionCount).length;
    largestComponent = Math.max(largestComponent, transactions);
    if (options.isOverdue?.() === true) {
      unclassified.push(members.filter((node) => node < graph.transactionCount));
      continue;
    }
    const search = new ComponentSearch(inducedGraph(graph, members, localOf), members, options);
    for (const cycle of search.run(cut)) {
      const count = (counts.get(cycle.name) ?? 0) + 1;
      counts.set(cycle.name, count);
      if (count <= MAX_KEPT) cycles.push(cycle);
    }
  }
  return { cycles, counts, components: components.length, largestComponent, cut: [...cut], unclassified };
}

/** The graph of some nodes and the edges between them; nodes are numbered by their places in `members`. */
function inducedGraph(graph: DependencyGraph, members: Int32Array, localOf: Int32Array): Edges {
  members.forEach((node, local) => (localOf[node] = local));
  const edgeStart = new Int32Array(members.length + 1);
  let size = 0;
  for (const node of members)
    size += (graph.edgeStart[node + 1] as number) - (graph.edgeStart[node] as number);
  const edgeTo = new Int32Array(size);
  const edgeKind = new Uint8Array(size);
  let at = 0;
  for (let local = 0; local < members.length; local++) {
    const node = members[local] as number;
    for (let e = graph.edgeStart[node] as number; e < (graph.edgeStart[node + 1] as number); e++) {
      const to = localOf[graph.edgeTo[e] as number] as number;
      if (to === -1) continue;
      edgeTo[at] = to;
      edgeKind[at++] = graph.edgeKind[e] as number;
    }
    edgeStart[local + 1] = at;
  }
  for (const node of members) localOf[node] = -1;
  return {
    nodeCount: members.length,
    edgeStart,
    edgeTo: edgeTo.subarray(0, at),
    edgeKind: edgeKind.subarray(0, at),
  };
}

/** An edge, and a number by which candidates are tried, lowest first. */
interface Candidate {
  readonly from: number;
  readonly to: number;
  readonly kind: number;
  readonly rank: number;
}

class ComponentSearch {
  readonly #graph: Edges;
  readonly #members: Int32Array;
  readonly #maxSteps: number;
  readonly #isOverdue: () => boolean;
  readonly #paths: PathSearch;

  constructor(graph: Edges, members: Int32Array, { maxSteps = MAX_STEPS, isOverdue }: CycleSearchOptions) {
    this.#graph = graph;
    this.#members = members;
    this.#maxSteps = maxSteps;
    this.#isOverdue = isOverdue ?? (() => false);
    this.#paths = new PathSearch(graph);
  }

  run(cut: Set<string>): readonly Cycle[] {
    const cycles: Cycle[] = [];
    const redundant = new Set<string>();
    const tell = (steps: readonly Step[] | undefined): void => {
      if (steps === undefined) return;
      const cycle = this.#cycleOf(steps);
      if (redundant.has(cycle.name)) return;
      cycles.push(cycle);
      const isLong = cycle.steps.length > MAX_PLAIN;
      for (const name of impliedAnomalies(cycle.name))
        if (!isLong || orderOf(name) === orderOf(cycle.name)) redundant.add(name);
    };
    for (const { suffix, extra } of VARIANTS) {
      if (!redundant.has(`G0${suffix}`)) tell(this.#shortestThrough(WW, WW | extra));
      if (!redundant.has(`G1c${suffix}`)) tell(this.#shortestThrough(WR, WW | WR | extra));
      if (!redundant.has(`G-single${suffix}`)) {
        const candidates = this.#nonadjacentCandidates(WW | WR | extra);
        if (candidates.edges.length > 0) {
          const single = this.#single(candidates.edges, WW | WR | extra);
          tell(single.steps);
          if (single.steps === undefined) {
            if (single.isCut) cut.add(`G-single${suffix}`);
            if (!redundant.has(`G-nonadjacent${suffix}`)) tell(this.#nonadjacent(candidates));
          }
        }
      }
      if (!redundant.has(`G2-item${suffix}`)) tell(this.#shortestThrough(RW, WW | WR | RW | extra));
    }
    return cycles;
  }

  /** The shortest cycle of edges in the mask with at least one of a kind. */
  #shortestThrough(required: number, mask: number): readonly Step[] | undefined {
    const { of } = stronglyConnectedComponents(this.#graph, mask | VIA);
    const candidates = this.#edges(required, (from, to) => (of[from] === of[to] ? 0 : undefined));
    return this.#shortest(this.#paths, candidates, MAX_STEPS_TO_SHORTEN, (edge, longest) =>
      closed(edge, this.#paths.shortest(edge.to, edge.from, mask | VIA, longest)),
    ).steps;
  }

  #edges(kinds: number, rank: (from: number, to: number) => number | undefined): Candidate[] {
    const { nodeCount, edgeStart, edgeTo, edgeKind } = this.#graph;
    const edges: Candidate[] = [];
    for (let from = 0; from < nodeCount; from++) {
      for (let e = edgeStart[from] as number; e < (edgeStart[from + 1] as number); e++) {
        const kind = edgeKind[e] as number;
        if ((kind & kinds) === 0) continue;
        const to = edgeTo[e] as number;
        const ranked = rank(from, to);
        if (ranked !== undefined) edges.push({ from, to, kind, rank: ranked });
      }
    }
    return edges;
  }

  /** The shortest of the candidates' cycles, among those that the steps allow to be tried. */
  #shortest(
    paths: PathSearch,
    candidates: readonly Candidate[],
    maxSteps: number,
    cycleOf: (edge: Candidate, longestBack: number) => readonly Step[] | undefined,
  ): { readonly steps?: readonly Step[]; readonly isCut: boolean } {
    let best: readonly Step[] | undefined;
    let length = Infinity;
    const end = paths.steps + Math.min(maxSteps, this.#maxSteps);
    for (const edge of candidates) {
      // The first is always tried: where any will do, it does.
      if (edge !== candidates[0] && (paths.steps > end || this.#isOverdue()))
        return { ...(best && { steps: best }), isCut: true };
      const cycle = cycleOf(edge, length - 2);
      if (cycle === undefined) continue;
      best = cycle;
      length = transactionSteps(best).length;
      // A cycle has two transactions at least.
      if (length === 2) break;
    }
    return { ...(best && { steps: best }), isCut: false };
  }

  /** Edges rw on closed walks of which no two rw are adjacent, and the graph of these walks. */
  #nonadjacentCandidates(mask: number): { readonly edges: Candidate[]; readonly product: Edges } {
    const product = productGraph(this.#graph, mask);
    const { of } = stronglyConnectedComponents(product, 0xff);
    const edges = this.#edges(RW, (from, to) => (of[2 * from] === of[2 * to + 1] ? 0 : undefined));
    return { edges, product };
  }

  #single(
    candidates: readonly Candidate[],
    mask: number,
  ): { readonly steps?: readonly Step[]; readonly isCut: boolean } {
    const components: Components = stronglyConnectedComponents(this.#graph, mask | VIA);
    const { of } = components;
    // A path leads to lower components only; where it has less far to go, less is searched.
    const ranked = candidates
      .map((edge) => ({ ...edge, rank: (of[edge.to] as number) - (of[edge.from] as number) }))
      .filter(({ rank }) => rank >= 0)
      .sort((a, b) => a.rank - b.rank);
    return this.#shortest(this.#paths, ranked, this.#maxSteps, (edge, longest) =>
      closed(edge, this.#paths.shortest(edge.to, edge.from, mask | VIA, longest, of)),
    );
  }

  #nonadjacent(candidates: {
    readonly edges: readonly Candidate[];
    readonly product: Edges;
  }): readonly Step[] | undefined {
    const paths = new PathSearch(candidates.product);
    return this.#shortest(paths, candidates.edges, MAX_STEPS_TO_SHORTEN, (edge, longest) => {
      const back = paths
        .shortest(2 * edge.to + 1, 2 * edge.from, 0xff, longest)
        ?.map(({ from, to, kind }) => ({ from: from >> 1, to: to >> 1, kind }));
      const walk = closed(edge, back);
      return walk && simpleCycle(walk);
    }).steps;
  }

  #cycleOf(steps: readonly Step[]): Cycle {
    const cycle = mergeProcessSteps(transactionSteps(steps)).map(({ from, to, kind }) => ({
      from: this.#members[from] as number,
      to: this.#members[to] as number,
      kind,
    }));
    return { name: classify(cycle), steps: cycle };
  }
}

function closed(
  { from, to, kind }: Candidate,
  back: readonly Step[] | undefined,
): readonly Step[] | undefined {
  return back && [{ from, to, kind }, ...back];
}

/** Nodes (node, whether an rw led there) as 2 · node + 0 or 1: an rw sets out only from where none led. */
function productGraph(graph: Edges, mask: number): Edges {
  const { nodeCount, edgeStart, edgeTo, edgeKind } = graph;
  const start = new Int32Array(2 * nodeCount + 1);
  const to = new Int32Array(2 * edgeTo.length);
  const kinds = new Uint8Array(2 * edgeTo.length);
  let at = 0;
  for (let from = 0; from < 2 * nodeCount; from++) {
    const wasRw = from & 1;
    const node = from >> 1;
    for (let e = edgeStart[node] as number; e < (edgeStart[node + 1] as number); e++) {
      const kind = edgeKind[e] as number;
      const isRw = kind === RW ? 1 : kind === VIA ? wasRw : 0;
      if (kind === RW ? wasRw === 1 : (kind & (mask | VIA)) === 0) continue;
      to[at] = 2 * (edgeTo[e] as number) + isRw;
      kinds[at++] = kind;
    }
    start[from + 1] = at;
  }
  return {
    nodeCount: 2 * nodeCount,
    edgeStart: start,
    edgeTo: to.subarray(0, at),
    edgeKind: kinds.subarray(0, at),
  };
}

/**
 * A closed walk without two adjacent rw, in which a node may come twice (once behind an rw), made a cycle: of the two
 * loops at such a node the one that sets out behind the rw has no adjacent rw either. Undefined if it has none at all;
 * then it is a G0 or G1c, and told as such.
 */
function simpleCycle(walk: readonly Step[]): readonly Step[] | undefined {
  const seenAt = new Map<number, number>();
  for (let i = 0; i < walk.length; i++) {
    const { from } = walk[i] as Step;
    const earlier = seenAt.get(from);
    if (earlier === undefined) {
      seenAt.set(from, i);
      continue;
    }
    const inner = walk.slice(earlier, i);
    const outer = [...walk.slice(i), ...walk.slice(0, earlier)];
    const loop = [inner, outer].find((steps) => !adjoins(steps) && steps.some(({ kind }) => kind === RW));
    return loop === undefined ? undefined : simpleCycle(loop);
  }
  return walk;
}

/** Whether two rw are adjacent in a closed walk. */
function adjoins(walk: readonly Step[]): boolean {
  const steps = transactionSteps(walk);
  return steps.some(({ kind }, i) => kind === RW && steps.at(i - 1)?.kind === RW && steps.length > 1);
}

/** Without hubs: what sets out into one goes on to the transaction behind. The first step is from a transaction. */
function transactionSteps(steps: readonly Step[]): readonly Step[] {
  const joined: Step[] = [];
  for (const step of steps) {
    const last = joined.at(-1);
    if (step.kind === VIA && last !== undefined) joined[joined.length - 1] = { ...last, to: step.to };
    else joined.push(step);
  }
  return joined;
}

/** A process that does one thing after the other does the first before the last. */
function mergeProcessSteps(steps: readonly Step[]): readonly Step[] {
  const turn = steps.findIndex(({ kind }) => kind !== PROCESS);
  const merged: Step[] = [];
  for (const step of [...steps.slice(turn), ...steps.slice(0, turn)]) {
    const last = merged.at(-1);
    if (step.kind === PROCESS && last?.kind === PROCESS) merged[merged.length - 1] = { ...last, to: step.to };
    else merged.push(step);
  }
  return merged;
}

/** Which order a kind of cycle uses beside data. */
function orderOf(name: string): string {
  return /-(process|realtime)$/.exec(name)?.[0] ?? '';
}

function classify(cycle: readonly Step[]): string {
  const count = (kind: number): number => cycle.filter((step) => step.kind === kind).length;
  const rw = count(RW);
  const data =
    rw === 1
      ? 'G-single'
      : rw > 1
        ? adjoins(cycle)
          ? 'G2-item'
          : 'G-nonadjacent'
        : count(WR) > 0
          ? 'G1c'
          : 'G0';
  return `${data}${count(REALTIME) > 0 ? '-realtime' : count(PROCESS) > 0 ? '-process' : ''}`;
}
