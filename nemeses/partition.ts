/**
 * Partitions: `cut` injects a grudge, `heal` ends it.
 *
 *     { f: 'cut', value: { fault: 'partition', target: 'bridge' } }
 *     → { description: 'n2 is the only bridge between n1, n4 and n3, n5', parameters: { shape: 'bridge', grudge: {…} } }
 *
 * Shapes concern nodes only: clients keep their connections, so that they meet a cut-off leader.
 */
import { z } from 'zod';
import type { Json } from '../harness/history/operation.ts';
import type { Random } from '../harness/random.ts';
import { defineNemesis } from './define.ts';
import { faultKind } from './fault.ts';
import {
  bridge,
  cutLinks,
  type Grudge,
  halves,
  isolate,
  largestMinority,
  majoritiesRing,
  oneWay,
  randomGrudge,
} from './grudges.ts';
import type { NemesisDefinition } from './nemesis.ts';
import { chooseTarget, leaderOrRandom, nameNode, nameNodes, type Scene } from './targets.ts';

/** The shapes by name, with what they are. */
export const PARTITION_SHAPES = {
  one: 'a random node alone',
  leader: 'the leader alone',
  halves: 'two random halves',
  'minority-majority': 'a random minority, of any size, against the rest',
  'majorities-ring': 'every node sees a majority, no two the same',
  bridge: 'two sides and a node in the middle that both see',
  'one-way': 'a node that is heard and does not hear, or hears and is not heard; half the time the leader',
  random: 'every direction of every link, with a probability drawn anew',
} as const;

export type PartitionShape = keyof typeof PARTITION_SHAPES;

const SHAPES = Object.keys(PARTITION_SHAPES) as PartitionShape[];

/** A shape, or the names of nodes that keep together and lose the others. */
const targetSchema = z.union([z.enum(SHAPES), z.array(z.string())]);

const parametersSchema = z.object({
  shape: z.union([z.enum(SHAPES), z.literal('group')]),
  grudge: z.record(z.string(), z.array(z.string())),
  note: z.string().exactOptional(),
});

type PartitionParameters = {
  readonly shape: PartitionShape | 'group';
  readonly grudge: Grudge;
  readonly note?: string;
};

function choose(target: Json | undefined, scene: Scene, random: Random): PartitionParameters {
  const shape = targetSchema.parse(target);
  const { nodes } = scene;
  if (typeof shape !== 'string') {
    return { shape: 'group', grudge: isolate(nodes, chooseTarget(shape, scene, random).nodes) };
  }
  switch (shape) {
    case 'one':
      return { shape, grudge: isolate(nodes, [random.pick(nodes)]) };
    case 'leader': {
      const { node, ...note } = leaderOrRandom(scene, random);
      return { shape, grudge: isolate(nodes, [node]), ...note };
    }
    case 'halves':
      return { shape, grudge: halves(random.shuffle(nodes)) };
    case 'minority-majority': {
      const size = random.integer(1, Math.max(1, largestMinority(nodes.length)));
      return { shape, grudge: isolate(nodes, random.shuffle(nodes).slice(0, size)) };
    }
    case 'majorities-ring':
      return { shape, grudge: majoritiesRing(random.shuffle(nodes)) };
    case 'bridge':
      return { shape, grudge: bridge(random.shuffle(nodes)) };
    case 'one-way': {
      const { node, ...note } = random.chance(0.5)
        ? leaderOrRandom(scene, random)
        : { node: random.pick(nodes) };
      const others = nodes.filter((other) => other !== node);
      const grudge = random.chance(0.5) ? oneWay([node], others) : oneWay(others, [node]);
      return { shape, grudge, ...note };
    }
    case 'random':
      return { shape, grudge: randomGrudge(nodes, random, 0.1 + 0.6 * random.float()) };
  }
}

/** In words of who hears whom, from the grudge itself, so that a replay says the same. */
function describe({ shape, grudge }: PartitionParameters, scene: Scene): string {
  const { nodes } = scene;
  const refusedBy = (node: string): readonly string[] => grudge[node] ?? [];
  if (Object.keys(grudge).length === 0) return `${shape}: nothing to cut among ${nodes.length} nodes`;
  if (shape === 'bridge') {
    const middle = nodes.filter((node) => refusedBy(node).length === 0);
    const far = nodes.find((node) => refusedBy(node).length > 0);
    const other = far === undefined ? [] : refusedBy(far);
    const near = nodes.filter((node) => !middle.includes(node) && !other.includes(node));
    return `${nameNodes(middle, scene)} is the only bridge between ${nameNodes(near, scene)} and ${nameNodes(other, scene)}`;
  }
  if (shape === 'majorities-ring') {
    const seen = nodes.map(
      (node) =>
        `${nameNode(node, scene)} sees ${nodes.filter((other) => other !== node && !refusedBy(node).includes(other)).join(' ')}`,
    );
    return `majorities ring: ${seen.join(', ')}`;
  }
  if (shape === 'one-way' || shape === 'random') {
    const deaf = Object.entries(grudge).map(
      ([node, refused]) => `${nameNode(node, scene)} does not hear ${refused.join(' ')}`,
    );
    return deaf.join(', ');
  }
  // Two components: the smaller one is what was isolated.
  const components = new Map(nodes.map((node) => [[...refusedBy(node)].sort().join(' '), node]));
  const sides = [...components.values()].map((node) =>
    nodes.filter((other) => !refusedBy(node).includes(other)),
  );
  const [small = [], large = []] = sides.sort((a, b) => a.length - b.length);
  return `isolated ${nameNodes(small, scene)} from ${nameNodes(large, scene)}`;
}

const cut = faultKind<PartitionParameters>({
  begin: 'cut',
  end: 'heal',
  parameters: parametersSchema,
  effects: ['messagesDropped', 'connectionsStalled'],
  choose,
  inject: async (parameters, fault) => {
    const { cluster } = fault;
    for (const { from, to } of cutLinks(parameters.grudge)) {
      await fault.hold(
        `cut from ${from} to ${to}`,
        [from, to],
        () => cluster.cut(from, to),
        () => cluster.heal(from, to),
      );
    }
    return [
      describe(parameters, fault.scene),
      ...(parameters.note === undefined ? [] : [parameters.note]),
    ].join('; ');
  },
});

function partition(name: string, summary: string, shapes: readonly PartitionShape[]): NemesisDefinition {
  return defineNemesis({
    name,
    summary,
    layer: 'network',
    needs: ['cut'],
    kinds: [cut],
    begins: shapes.map((target) => ({ f: cut.begin, target })),
  });
}

/** `partition` for all shapes, and one name for each. */
export const partitions: readonly NemesisDefinition[] = [
  partition('partition', 'cuts the network between nodes, in every shape in turn at random', SHAPES),
  ...SHAPES.map((shape) =>
    partition(
      shape === 'majorities-ring' ? 'partition-ring' : `partition-${shape}`,
      `cuts the network: ${PARTITION_SHAPES[shape]}`,
      [shape],
    ),
  ),
];
