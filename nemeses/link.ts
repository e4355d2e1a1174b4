/**
 * Faults of links that still work: `slow`, `lossy`, `duplicate`, `reorder`, and `links`, which mixes them. All with the
 * verbs degrade/restore.
 *
 *     { f: 'degrade', value: { fault: 'slow', target: 'leader' } }
 *     → every link from and to the leader, both directions, is late by `parameters.link.delayMs`
 *
 * Different ones add up on the same link: see link-layers.ts.
 */
import { z } from 'zod';
import type { Capability, LinkFault } from '../harness/cluster/cluster.ts';
import type { Random } from '../harness/random.ts';
import { defineNemesis } from './define.ts';
import { faultKind } from './fault.ts';
import type { DirectedLink } from './grudges.ts';
import type { NemesisDefinition } from './nemesis.ts';
import { pickObserved } from './observed.ts';
import { chooseTarget, nameNodes, targetSchema } from './targets.ts';

const parametersSchema = z.object({
  nodes: z.array(z.string()),
  link: z.object({
    delayMs: z.number().exactOptional(),
    jitterMs: z.number().exactOptional(),
    lossProbability: z.number().exactOptional(),
    duplicateProbability: z.number().exactOptional(),
    reorderProbability: z.number().exactOptional(),
    reorderMs: z.number().exactOptional(),
  }),
  note: z.string().exactOptional(),
});

type LinkParameters = {
  readonly nodes: readonly string[];
  readonly link: { readonly [field in keyof LinkFault]?: number };
  readonly note?: string;
};

/** Every direction of every link with an end among `nodes`, in a fixed order. */
function linksOf(nodes: readonly string[], all: readonly string[]): DirectedLink[] {
  return all.flatMap((from) =>
    all
      .filter((to) => to !== from && (nodes.includes(from) || nodes.includes(to)))
      .map((to) => ({ from, to })),
  );
}

/** One way in which a link misbehaves. */
interface Misbehaviour {
  readonly need: Capability;
  /** The counters that it moves. */
  readonly effects: readonly string[];
  /** How bad it is this time. */
  draw(random: Random): LinkFault;
  /** For people; null for a link that does not misbehave in this way. */
  describe(link: LinkFault): string | null;
}

const percent = (probability: number): string => `${Math.round(probability * 100)} %`;
const drawProbability = (random: Random): number => random.integer(5, 70) / 100;

const slow: Misbehaviour = {
  need: 'slow',
  effects: ['messagesDelayed'],
  // From a slow switch to more than any election timeout.
  draw: (random) => ({ delayMs: 2 ** random.integer(3, 10), jitterMs: 2 ** random.integer(3, 9) }),
  describe: ({ delayMs = 0, jitterMs = 0 }) =>
    delayMs + jitterMs === 0 ? null : `delay messages by ${delayMs} to ${delayMs + jitterMs} ms`,
};

const lossy: Misbehaviour = {
  need: 'lose',
  effects: ['messagesDropped', 'connectionsStalled'],
  draw: (random) => ({ lossProbability: drawProbability(random) }),
  describe: ({ lossProbability = 0 }) =>
    lossProbability === 0 ? null : `lose ${percent(lossProbability)} of messages`,
};

const duplicate: Misbehaviour = {
  need: 'duplicate',
  effects: ['messagesDuplicated'],
  draw: (random) => ({ duplicateProbability: drawProbability(random) }),
  describe: ({ duplicateProbability = 0 }) =>
    duplicateProbability === 0 ? null : `duplicate ${percent(duplicateProbability)} of messages`,
};

const reorder: Misbehaviour = {
  need: 'reorder',
  // Within a byte stream what is held back only comes late.
  effects: ['messagesReordered', 'messagesDelayed'],
  draw: (random) => ({ reorderProbability: drawProbability(random), reorderMs: 2 ** random.integer(3, 9) }),
  describe: ({ reorderProbability = 0, reorderMs = 0 }) =>
    reorderProbability === 0
      ? null
      : `hold back ${percent(reorderProbability)} of messages for up to ${reorderMs} ms`,
};

const MISBEHAVIOURS = [slow, lossy, duplicate, reorder];

function describeLink(link: LinkFault): string {
  return MISBEHAVIOURS.flatMap((misbehaviour) => misbehaviour.describe(link) ?? []).join(', ');
}

/** A nemesis that picks some of the misbehaviours, at least one, for each of its faults. */
function linkNemesis(
  name: string,
  summary: string,
  misbehaviours: readonly Misbehaviour[],
): NemesisDefinition {
  const effects = [...new Set(misbehaviours.flatMap((misbehaviour) => misbehaviour.effects))];
  const degrade = faultKind<LinkParameters>({
    begin: 'degrade',
    end: 'restore',
    effects,
    parameters: parametersSchema,
    choose: (target, scene, random) => {
      const chosen = chooseTarget(targetSchema.parse(target), scene, random);
      const some = random.shuffle(misbehaviours).slice(0, random.integer(1, misbehaviours.length));
      const link = some.reduce<LinkFault>((all, { draw }) => ({ ...all, ...draw(random) }), {});
      return { ...chosen, link };
    },
    inject: async ({ nodes, link, note }, fault) => {
      const { cluster, ledger, faultId } = fault;
      for (const { from, to } of linksOf(nodes, cluster.nodes)) {
        await fault.hold(
          `${name} link from ${from} to ${to}`,
          [from, to],
          () => ledger.links.add(cluster, { from, to }, faultId, link),
          async () => pickObserved(await ledger.links.remove(cluster, { from, to }, faultId), effects),
        );
      }
      if (note !== undefined) fault.note(note);
      return `links from and to ${nameNodes(nodes, fault.scene)} ${describeLink(link)}`;
    },
  });
  return defineNemesis({
    name,
    summary,
    layer: 'network',
    needs: misbehaviours.map(({ need }) => need),
    kinds: [degrade],
    begins: ['all', 'leader', 'random', 'minority'].map((target) => ({ f: degrade.begin, target })),
  });
}

export const linkFaults: readonly NemesisDefinition[] = [
  linkNemesis('slow', 'delays messages between nodes', [slow]),
  linkNemesis('lossy', 'loses messages between nodes', [lossy]),
  linkNemesis('duplicate', 'delivers messages between nodes twice', [duplicate]),
  linkNemesis('reorder', 'lets messages between nodes overtake each other', [reorder]),
  linkNemesis(
    'links',
    'delays, loses, duplicates and reorders messages, one or several at a time',
    MISBEHAVIOURS,
  ),
];
