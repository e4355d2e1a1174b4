/**
 * Targets: which nodes a fault hits, by their role at the moment it begins.
 *
 *     chooseTarget('minority-with-leader', sceneOf(cluster), random)
 *     // { nodes: ['n2', 'n3'], leader: { node: 'n3', term: 7 } }
 *
 * The leader is the running node that says it leads, in the highest term; a deposed leader that has not noticed
 * does not count. When nobody leads, a random node stands in for the leader, and `note` says so. The answer lists
 * nodes in the cluster's order. It does not look whether a node is down: the fault does, and says what came of it.
 */
import { z } from 'zod';
import type { Cluster } from '../harness/cluster/cluster.ts';
import { HarnessError } from '../harness/errors.ts';
import type { Random } from '../harness/random.ts';
import { largestMinority, majoritySize } from './grudges.ts';

export const TARGET_ROLES = [
  'leader',
  'followers',
  'random',
  'minority',
  'majority',
  'all',
  'minority-with-leader',
] as const;

export type TargetRole = (typeof TARGET_ROLES)[number];

/** A role, or the nodes by name. */
export type Target = TargetRole | readonly string[];

export const targetSchema = z.union([z.enum(TARGET_ROLES), z.array(z.string())]);

export interface Leader {
  readonly node: string;
  readonly term: number;
}

/** The cluster as a nemesis sees it when it chooses. */
export interface Scene {
  readonly nodes: readonly string[];
  readonly leader: Leader | null;
}

export interface ChosenNodes {
  readonly nodes: readonly string[];
  /** What was chosen otherwise than asked for, and why. */
  readonly note?: string;
}

/** The running node that says it leads in the highest term; the first in the cluster's order where two do. */
export function findLeader(cluster: Pick<Cluster, 'nodes' | 'status'>): Leader | null {
  let leader: Leader | null = null;
  for (const node of cluster.nodes) {
    const status = cluster.status(node);
    if (status?.role !== 'leader') continue;
    if (leader === null || status.term > leader.term) leader = { node, term: status.term };
  }
  return leader;
}

export function sceneOf(cluster: Pick<Cluster, 'nodes' | 'status'>): Scene {
  return { nodes: cluster.nodes, leader: findLeader(cluster) };
}

/** The leader, or a random node in its place with the note that says so. */
export function leaderOrRandom(scene: Scene, random: Random): { node: string; note?: string } {
  if (scene.leader !== null) return { node: scene.leader.node };
  const node = random.pick(scene.nodes);
  return { node, note: `nobody led, so ${node} was taken at random` };
}

/**
 * The nodes that a target means. A minority has as many nodes as can be missing while a majority is left, but at
 * least one; a majority the fewest that are more than half.
 */
export function chooseTarget(target: Target, scene: Scene, random: Random): ChosenNodes {
  const { nodes } = scene;
  const inOrder = (chosen: readonly string[]): string[] => nodes.filter((node) => chosen.includes(node));
  const minority = Math.max(1, largestMinority(nodes.length));
  if (typeof target !== 'string') {
    requireNodes(target, nodes);
    return { nodes: inOrder(target) };
  }
  switch (target) {
    case 'all':
      return { nodes };
    case 'random':
      return { nodes: [random.pick(nodes)] };
    case 'minority':
      return { nodes: inOrder(random.shuffle(nodes).slice(0, minority)) };
    case 'majority':
      return { nodes: inOrder(random.shuffle(nodes).slice(0, majoritySize(nodes.length))) };
    case 'leader': {
      const { node, ...rest } = leaderOrRandom(scene, random);
      return { nodes: [node], ...rest };
    }
    case 'followers': {
      const { node, ...rest } = leaderOrRandom(scene, random);
      return { nodes: nodes.filter((other) => other !== node), ...rest };
    }
    case 'minority-with-leader': {
      const { node, ...rest } = leaderOrRandom(scene, random);
      const others = random.shuffle(nodes.filter((other) => other !== node)).slice(0, minority - 1);
      return { nodes: inOrder([node, ...others]), ...rest };
    }
  }
}

/** @throws HarnessError `nemesis` that names the node which the cluster does not have */
export function requireNodes(wanted: readonly string[], nodes: readonly string[]): void {
  const unknown = wanted.find((node) => !nodes.includes(node));
  if (unknown === undefined) return;
  throw new HarnessError('nemesis', `the cluster has no node ${unknown}, only ${nodes.join(', ')}`);
}

/** `n3 (leader, term 4)`, or the name alone. */
export function nameNode(node: string, scene: Scene): string {
  return scene.leader?.node === node ? `${node} (leader, term ${scene.leader.term})` : node;
}

/** `n1, n3 (leader, term 4)`; `nobody` for none. */
export function nameNodes(nodes: readonly string[], scene: Scene): string {
  return nodes.length === 0 ? 'nobody' : nodes.map((node) => nameNode(node, scene)).join(', ');
}
