/**
 * Strongly connected components (Tarjan, without recursion) of a graph in compressed columns, over the edges whose
 * kind is in a mask.
 *
 *     const components = stronglyConnectedComponents(graph, WW | WR);
 *     components.of[n]  // the component of node n; a path leads only to components of equal or lower number
 */

import { int32Column } from './columns.ts';
/** What the search needs of a graph; DependencyGraph is one. */
export interface Edges {
  readonly nodeCount: number;
  readonly edgeStart: Int32Array;
  readonly edgeTo: Int32Array;
  readonly edgeKind: Uint8Array;
}

export interface Components {
  readonly count: number;
  /** By node. Numbers go against the edges: from u to v only if of[u] ≥ of[v]. */
  readonly of: Int32Array;
  /** Nodes by component. */
  readonly size: Int32Array;
}

const UNSEEN = 0;

export function stronglyConnectedComponents(graph: Edges, mask: number): Components {
  const { nodeCount, edgeStart, edgeTo, edgeKind } = graph;
  const of = int32Column(nodeCount).fill(-1);
  const sizes: number[] = [];
  /** Order of discovery from 1, lowered to the lowest that the node reaches on the stack. */
  const low = int32Column(nodeCount);
  const order = int32Column(nodeCount);
  const nextEdge = int32Column(nodeCount);
  /** The path from the root, and the nodes that have no component yet. */
  const path = int32Column(nodeCount);
  const open = int32Column(nodeCount);
  let discovered = 0;
  let openCount = 0;
  for (let root = 0; root < nodeCount; root++) {
    if (order[root] !== UNSEEN) continue;
    let depth = 0;
    path[0] = root;
    order[root] = low[root] = ++discovered;
    nextEdge[root] = edgeStart[root] as number;
    open[openCount++] = root;
    while (depth >= 0) {
      const node = path[depth] as number;
      const end = edgeStart[node + 1] as number;
      let edge = nextEdge[node] as number;
      let lowest = low[node] as number;
      let descended = false;
      while (edge < end) {
        const kind = edgeKind[edge] as number;
        const to = edgeTo[edge++] as number;
        if ((kind & mask) === 0) continue;
        if (order[to] === UNSEEN) {
          order[to] = low[to] = ++discovered;
          nextEdge[to] = edgeStart[to] as number;
          open[openCount++] = to;
          path[++depth] = to;
          descended = true;
          break;
        }
        if (of[to] === -1 && (order[to] as number) < lowest) lowest = order[to] as number;
      }
      nextEdge[node] = edge;
      low[node] = lowest;
      if (descended) continue;
      if (lowest === order[node]) {
        const component = sizes.length;
        let size = 0;
        let member: number;
        do {
          member = open[--openCount] as number;
          of[member] = component;
          size++;
        } while (member !== node);
        sizes.push(size);
      }
      depth--;
      if (depth >= 0) {
        const parent = path[depth] as number;
        if (lowest < (low[parent] as number)) low[parent] = lowest;
      }
    }
  }
  return { count: sizes.length, of, size: Int32Array.from(sizes) };
}

/** The members of each component of more than one node, in ascending order. */
export function cyclicComponents(components: Components): readonly Int32Array[] {
  const { of, size } = components;
  const found = new Map<number, { readonly members: Int32Array; filled: number }>();
  for (let node = 0; node < of.length; node++) {
    const component = of[node] as number;
    const length = size[component] as number;
    if (length < 2) continue;
    let entry = found.get(component);
    if (entry === undefined) found.set(component, (entry = { members: int32Column(length), filled: 0 }));
    entry.members[entry.filled++] = node;
  }
  return [...found.values()].map(({ members }) => members);
}
