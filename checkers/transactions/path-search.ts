/**
 * Shortest paths in a graph with hubs, breadth first, one search after the other on the same memory.
 *
 *     new PathSearch(graph).shortest(from, to, WW | WR | VIA) // [{ from, to, kind }, …] or undefined
 *
 * A path through hubs counts as the one edge with which it set out: VIA edges are free.
 */
import type { Edges } from './components.ts';
import { VIA } from './graph.ts';

export interface Step {
  readonly from: number;
  readonly to: number;
  readonly kind: number;
}

export class PathSearch {
  /** Edges looked at in all searches. */
  steps = 0;
  readonly #graph: Edges;
  /** Of which search the rest is. */
  readonly #stamp: Int32Array;
  readonly #distance: Int32Array;
  readonly #parent: Int32Array;
  readonly #parentKind: Uint8Array;
  /** Nodes at one distance, and at the next: each at most once. */
  readonly #level: Int32Array;
  readonly #next: Int32Array;
  #search = 0;

  constructor(graph: Edges) {
    this.#graph = graph;
    this.#stamp = new Int32Array(graph.nodeCount);
    this.#distance = new Int32Array(graph.nodeCount);
    this.#parent = new Int32Array(graph.nodeCount);
    this.#parentKind = new Uint8Array(graph.nodeCount);
    this.#level = new Int32Array(graph.nodeCount);
    this.#next = new Int32Array(graph.nodeCount);
  }

  /**
   * @param mask - kinds of edges
   * @param longest - most edges, VIA not counted
   * @param components - where given, an order that no edge goes up in: nodes below `to` lead nowhere
   */
  shortest(
    from: number,
    to: number,
    mask: number,
    longest = Infinity,
    components?: Int32Array,
  ): readonly Step[] | undefined {
    const { edgeStart, edgeTo, edgeKind } = this.#graph;
    const stamp = this.#stamp;
    const distance = this.#distance;
    const search = ++this.#search;
    const lowest = components?.[to] ?? -1;
    let level = this.#level;
    let next = this.#next;
    let size = 1;
    level[0] = from;
    stamp[from] = search;
    distance[from] = 0;
    for (let depth = 0; size > 0; depth++) {
      let nextSize = 0;
      // Grows while it is read: what VIA leads to is as near.
      for (let i = 0; i < size; i++) {
        const node = level[i] as number;
        if (distance[node] !== depth) continue;
        if (node === to) return this.#path(from, to);
        for (let e = edgeStart[node] as number; e < (edgeStart[node + 1] as number); e++) {
          this.steps++;
          const kind = edgeKind[e] as number;
          if ((kind & mask) === 0) continue;
          const target = edgeTo[e] as number;
          const reached = kind === VIA ? depth : depth + 1;
          if (reached > longest) continue;
          if (stamp[target] === search && (distance[target] as number) <= reached) continue;
          if (components !== undefined && (components[target] as number) < lowest) continue;
          stamp[target] = search;
          distance[target] = reached;
          this.#parent[target] = node;
          this.#parentKind[target] = kind;
          if (kind === VIA) level[size++] = target;
          else next[nextSize++] = target;
        }
      }
      [level, next] = [next, level];
      size = nextSize;
    }
    return undefined;
  }

  #path(from: number, to: number): readonly Step[] {
    const steps: Step[] = [];
    for (let node = to; node !== from; node = this.#parent[node] as number) {
      steps.push({
        from: this.#parent[node] as number,
        to: node,
        kind: this.#parentKind[node] as number,
      });
    }
    return steps.reverse();
  }
}
