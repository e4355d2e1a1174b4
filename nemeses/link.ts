/**
 * Faults of links that still work: `slow`, `lossy`, `duplicate`, `reorder`, each with the verbs degrade/restore.
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
    delayMs: z.number().optional(),
    jitterMs: z.number().optional(),
    lossProbability: z.number().optional(),
    duplicateProbability: z.number().optional(),
    reorderProbability: z.number().optional(),
    reorderMs: z.number().optional(),
  }),
  note: z.string().optional(),
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

interface LinkNemesis {
  readonly name: string;
  readonly summary: string;
  readonly needs: readonly Capability[];
  /** The counters that this misbehaviour moves. */
  readonly effects: readonly string[];
  /** How bad it is this time. */
  draw(random: Random): LinkFault;
  describe(link: LinkFault): string;
}

const percent = (probability: number | undefined): string => `${Math.round((probability ?? 0) * 100)} %`;
const share = (random: Random, min: number, max: number): number => random.integer(min, max) / 100;

function linkNemesis({ name, summary, needs, effects, draw, describe }: LinkNemesis): NemesisDefinition {
  const degrade = faultKind<LinkParameters>({
    begin: 'degrade',
    end: 'restore',
    effects,
    parameters: parametersSchema as unknown as z.ZodType<LinkParameters>,
    choose: (target, scene, random) => {
      const chosen = chooseTarget(targetSchema.parse(target), scene, random);
      return { ...chosen, link: draw(random) };
    },
    inject: async ({ nodes, link, note }, fault) => {
      const { cluster, ledger, faultId } = fault;
      for (const { from, to } of linksOf(nodes, cluster.nodes)) {
        await fault.hold(
          `${name} from ${from} to ${to}`,
          [from, to],
          () => ledger.links.add(cluster, { from, to }, faultId, link),
          async () => pickObserved(await ledger.links.remove(cluster, { from, to }, faultId), effects),
        );
      }
      if (note !== undefined) fault.note(note);
      return `links from and to ${nameNodes(nodes, fault.scene)} ${describe(link)}`;
    },
  });
  return defineNemesis({
    name,
    summary,
    layer: 'network',
    needs,
    kinds: [degrade],
    begins: ['all', 'leader', 'random', 'minority'].map((target) => ({ f: degrade.begin, target })),
  });
}

export const linkFaults: readonly NemesisDefinition[] = [
  linkNemesis({
    name: 'slow',
    summary: 'delays messages between nodes',
    needs: ['slow'],
    effects: ['messagesDelayed'],
    // From a slow switch to more than any election timeout.
    draw: (random) => ({ delayMs: 2 ** random.integer(3, 10), jitterMs: 2 ** random.integer(3, 9) }),
    describe: ({ delayMs = 0, jitterMs = 0 }) => `delay by ${delayMs} to ${delayMs + jitterMs} ms`,
  }),
  linkNemesis({
    name: 'lossy',
    summary: 'loses messages between nodes',
    needs: ['lose'],
    effects: ['messagesDropped', 'connectionsStalled'],
    draw: (random) => ({ lossProbability: share(random, 5, 70) }),
    describe: ({ lossProbability }) => `lose ${percent(lossProbability)} of messages`,
  }),
  linkNemesis({
    name: 'duplicate',
    summary: 'delivers messages between nodes twice',
    needs: ['duplicate'],
    effects: ['messagesDuplicated'],
    draw: (random) => ({ duplicateProbability: share(random, 5, 70) }),
    describe: ({ duplicateProbability }) => `duplicate ${percent(duplicateProbability)} of messages`,
  }),
  linkNemesis({
    name: 'reorder',
    summary: 'lets messages between nodes overtake each other',
    needs: ['reorder'],
    // Within a byte stream what is held back only comes late.
    effects: ['messagesReordered', 'messagesDelayed'],
    draw: (random) => ({ reorderProbability: share(random, 5, 70), reorderMs: 2 ** random.integer(3, 9) }),
    describe: ({ reorderProbability, reorderMs }) =>
      `hold back ${percent(reorderProbability)} of messages for up to ${reorderMs} ms`,
  }),
];
