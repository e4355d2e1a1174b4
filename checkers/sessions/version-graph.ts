/**
 * Which version of a register is older than which, as far as is known or demanded; and the cycles in that, which are
 * orders that cannot be.
 *
 * Nodes are versions, and sets of versions: an edge to a set puts a version into it, an edge from it says that all of
 * it is older. Edges carry a bit for why; cycles are looked for among those of some kinds.
 */
export interface Edge {
  readonly from: number;
  readonly to: number;
  readonly kind: number;
  /** Indexes of the operations that made or saw what it leaves, and what it goes to; -1 at the side of a set. */
  readonly first: number;
  readonly second: number;
}

/** From so many nodes of a component the shortest cycle is looked for. */
const STARTS_MAX = 8;
const UNSEEN = -1;

export class VersionGraph {
  #size: number;
  readonly #edges: Edge[] = [];

  /** @param size - how many nodes there are to begin with */
  constructor(size: number) {
    this.#size = size;
  }

  addNode(): number {
    return this.#size++;
  }

  addEdge(from: number, to: number, kind: number, first: number, second: number): void {
    this.#edges.push({ from, to, kind, first, second });
  }

  /** A short cycle of each strongly connected component among the edges of some kinds. */
  cycles(kinds: number): readonly (readonly Edge[])[] {
    const edges = this.#edges.filter(({ kind }) => (kind & kinds) !== 0);
    const { starts, targets } = this.#outgoing(edges);
    const component = this.#components(starts, targets, edges);
    const members = new Map<number, number[]>();
    for (const { from, to } of edges) {
      if (component[from] !== component[to]) continue;
      const nodes = members.get(component[from] as number);
      if (nodes === undefined) members.set(component[from] as number, [from]);
      else if (nodes.length < STARTS_MAX && !nodes.includes(from)) nodes.push(from);
    }
    return [...members.values()].map((nodes) => {
      let best: readonly Edge[] | undefined;
      for (const node of nodes) {
        const cycle = this.#shortestCycle(node, starts, targets, edges, component);
        if (best === undefined || cycle.length < best.length) best = cycle;
      }
      return best ?? [];
    });
  }

  /** Edges by the node that they leave: places in `targets` hold places in `edges`. */
  #outgoing(edges: readonly Edge[]) {
    const starts = new Int32Array(this.#size + 1);
    for (const { from } of edges) starts[from + 1] = (starts[from + 1] as number) + 1;
    for (let i = 0; i < this.#size; i++) starts[i + 1] = (starts[i + 1] as number) + (starts[i] as number);
    const next = starts.slice();
    const targets = new Int32Array(edges.length);
    edges.forEach(({ from }, place) => {
      const at = next[from] as number;
      targets[at] = place;
      next[from] = at + 1;
    });
    return { starts, targets };
  }

  /** Tarjan's strongly connected components, without recursion. */
  #components(starts: Int32Array, targets: Int32Array, edges: readonly Edge[]): Int32Array {
    const size = this.#size;
    const component = new Int32Array(size).fill(UNSEEN);
    const number = new Int32Array(size).fill(UNSEEN);
    const low = new Int32Array(size);
    const next = starts.slice();
    const open: number[] = [];
    const path: number[] = [];
    let numbered = 0;
    const enter = (node: number): void => {
      number[node] = low[node] = numbered++;
      open.push(node);
      path.push(node);
    };
    for (let root = 0; root < size; root++) {
      if (number[root] !== UNSEEN) continue;
      enter(root);
      for (let node = path.at(-1); node !== undefined; node = path.at(-1)) {
        const at = next[node] as number;
        if (at < (starts[node + 1] as number)) {
          next[node] = at + 1;
          const { to } = edges[targets[at] as number] as Edge;
          if (number[to] === UNSEEN) enter(to);
          else if (component[to] === UNSEEN) low[node] = Math.min(low[node] as number, number[to] as number);
          continue;
        }
        path.pop();
        const parent = path.at(-1);
        if (parent !== undefined) low[parent] = Math.min(low[parent] as number, low[node] as number);
        if (low[node] !== number[node]) continue;
        for (let member = open.pop(); member !== undefined; member = open.pop()) {
          component[member] = number[node] as number;
          if (member === node) break;
        }
      }
    }
    return component;
  }

  /** Breadth first from a node back to it. */
  #shortestCycle(
    start: number,
    starts: Int32Array,
    targets: Int32Array,
    edges: readonly Edge[],
    component: Int32Array,
  ): readonly Edge[] {
    const reachedBy = new Map<number, Edge>();
    const queue = [start];
    for (let head = 0; head < queue.length; head++) {
      const node = queue[head] as number;
      for (let at = starts[node] as number; at < (starts[node + 1] as number); at++) {
        const edge = edges[targets[at] as number] as Edge;
        if (component[edge.to] !== component[start] || reachedBy.has(edge.to)) continue;
        reachedBy.set(edge.to, edge);
        if (edge.to === start) return backwards(start, reachedBy);
        queue.push(edge.to);
      }
    }
    return [];
  }
}

function backwards(start: number, reachedBy: ReadonlyMap<number, Edge>): readonly Edge[] {
  const cycle: Edge[] = [];
  for (let edge = reachedBy.get(start); edge !== undefined; edge = reachedBy.get(edge.from)) {
    cycle.push(edge);
    if (edge.from === start) break;
  }
  return cycle.reverse();
}
