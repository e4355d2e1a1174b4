/**
 * Grudges: who refuses whose traffic. Pure functions from nodes to the cuts of a partition.
 *
 *     completeGrudge([['n1'], ['n2', 'n3']])
 *     // { n1: ['n2', 'n3'], n2: ['n1'], n3: ['n1'] }
 *
 * A grudge maps a node to the nodes whose traffic it refuses, so it may be one-way: `{ n1: ['n2'] }` lets n2 hear
 * n1. Nodes that refuse nobody are left out. These functions take the nodes in the order given; whoever wants a
 * random shape shuffles first. They touch no cluster: see partition.ts.
 */
import type { Random } from '../harness/random.ts';

/** From a node to the nodes whose traffic it refuses. */
export type Grudge = Readonly<Record<string, readonly string[]>>;

/** One direction of a link that a grudge cuts. */
export interface DirectedLink {
  readonly from: string;
  readonly to: string;
}

/** Every direction that the grudge cuts, by refusing node. */
export function cutLinks(grudge: Grudge): DirectedLink[] {
  return Object.entries(grudge).flatMap(([to, refused]) => refused.map((from) => ({ from, to })));
}

/** How many nodes are more than half of `count`. */
export const majoritySize = (count: number): number => Math.floor(count / 2) + 1;

/** The most nodes that can be missing while a majority is left. */
export const largestMinority = (count: number): number => Math.floor((count - 1) / 2);

function grudgeWhere(nodes: readonly string[], refuses: (node: string, other: string) => boolean): Grudge {
  const grudge: Record<string, readonly string[]> = {};
  for (const node of nodes) {
    const refused = nodes.filter((other) => other !== node && refuses(node, other));
    if (refused.length > 0) grudge[node] = refused;
  }
  return grudge;
}

/** Nobody hears anybody outside the own component. */
export function completeGrudge(components: readonly (readonly string[])[]): Grudge {
  const componentOf = new Map(components.flatMap((nodes, i) => nodes.map((node) => [node, i] as const)));
  return grudgeWhere(components.flat(), (node, other) => componentOf.get(node) !== componentOf.get(other));
}

/** The nodes of `group` keep together and lose all others, both ways. */
export function isolate(nodes: readonly string[], group: readonly string[]): Grudge {
  return completeGrudge([group, nodes.filter((node) => !group.includes(node))]);
}

/** The first `size` nodes and the others. */
export function split(nodes: readonly string[], size: number): [string[], string[]] {
  return [nodes.slice(0, size), nodes.slice(size)];
}

/** Two halves, the smaller one first. */
export function halves(nodes: readonly string[]): Grudge {
  return completeGrudge(split(nodes, Math.floor(nodes.length / 2)));
}

/**
 * Every node hears, and is heard by, a majority with itself; no two nodes see the same majority. There is no such
 * grudge for one or two nodes: then nothing is cut.
 *
 * The nodes stand in a ring and each keeps its nearest neighbours, the same number on both sides. Where a majority
 * wants an odd number of others, the node opposite is added; among an odd number of nodes one then sees one more.
 */
export function majoritiesRing(nodes: readonly string[]): Grudge {
  const count = nodes.length;
  if (count < 3) return {};
  const others = majoritySize(count) - 1;
  const reach = Math.floor(others / 2);
  const opposite = Math.floor(count / 2);
  const isLinked = (a: number, b: number): boolean => {
    const apart = Math.abs(a - b);
    if (Math.min(apart, count - apart) <= reach) return true;
    return others % 2 === 1 && apart === opposite;
  };
  const place = new Map(nodes.map((node, i) => [node, i]));
  return grudgeWhere(nodes, (a, b) => !isLinked(place.get(a) ?? 0, place.get(b) ?? 0));
}

/** Two sides that do not hear each other, and the node in the middle, which both hear. Needs three nodes to cut anything. */
export function bridge(nodes: readonly string[]): Grudge {
  const middle = largestMinority(nodes.length);
  const side = new Map(nodes.map((node, i) => [node, Math.sign(i - middle)]));
  return grudgeWhere(nodes, (a, b) => (side.get(a) ?? 0) * (side.get(b) ?? 0) < 0);
}

/** The nodes of `to` no longer hear those of `from`; the other direction works. */
export function oneWay(from: readonly string[], to: readonly string[]): Grudge {
  return grudgeWhere([...to, ...from], (node, other) => to.includes(node) && from.includes(other));
}

/** Cuts every direction of every link with the given probability. At least one is cut, given two nodes. */
export function randomGrudge(nodes: readonly string[], random: Random, probability: number): Grudge {
  const grudge = grudgeWhere(nodes, () => random.chance(probability));
  if (Object.keys(grudge).length > 0 || nodes.length < 2) return grudge;
  const [from, to] = random.shuffle(nodes) as [string, string];
  return oneWay([from], [to]);
}
