/**
 * Faults of a node's machine: `cpu-limit` and `memory-limit` leave it little (limit/unlimit).
 *
 *     { f: 'limit', value: { fault: 'cpu-limit', target: 'leader' } }
 *     → { description: 'left n2 (leader, term 3) 0.05 of a processor', parameters: { nodes: ['n2'], limits: { cpus: 0.05 } } }
 *
 * A node without memory may be killed by its machine: it stays down, as any node that ends by itself.
 */
import { z } from 'zod';
import { defineNemesis } from './define.ts';
import { type FaultKind, faultKind } from './fault.ts';
import type { NemesisDefinition } from './nemesis.ts';
import { chooseTarget, nameNodes, targetSchema } from './targets.ts';
import type { Capability } from '../harness/cluster/cluster.ts';
import type { Random } from '../harness/random.ts';

const MIB_BYTES = 1 << 20;

const parametersSchema = z.object({
  nodes: z.array(z.string()),
  limits: z.object({ cpus: z.number().exactOptional(), memoryBytes: z.number().exactOptional() }),
  note: z.string().exactOptional(),
});

type LimitParameters = {
  readonly nodes: readonly string[];
  readonly limits: { readonly cpus?: number; readonly memoryBytes?: number };
  readonly note?: string;
};

function limitKind(
  effects: readonly string[],
  draw: (random: Random) => LimitParameters['limits'],
): FaultKind {
  return faultKind<LimitParameters>({
    begin: 'limit',
    end: 'unlimit',
    effects,
    parameters: parametersSchema,
    choose: (target, scene, random) => ({
      ...chooseTarget(targetSchema.parse(target), scene, random),
      limits: draw(random),
    }),
    inject: async ({ nodes, limits, note }, fault) => {
      const { cluster } = fault;
      for (const node of nodes) {
        await fault.hold(
          `limits of ${node}`,
          [node],
          () => cluster.limit(node, limits),
          () => cluster.unlimit(node),
        );
      }
      if (note !== undefined) fault.note(note);
      return `left ${nameNodes(fault.nodes, fault.scene)} ${describe(limits)}`;
    },
  });
}

function describe({ cpus, memoryBytes }: LimitParameters['limits']): string {
  const parts = [
    ...(cpus === undefined ? [] : [`${cpus} of a processor`]),
    ...(memoryBytes === undefined ? [] : [`${Math.round(memoryBytes / MIB_BYTES)} MiB of memory`]),
  ];
  return parts.join(' and ');
}

// From a machine with noisy neighbours to one that misses every timeout.
const cpuKind = limitKind(['periodsThrottled'], (random) => ({ cpus: random.integer(2, 30) / 100 }));
// About what a small Node.js process needs, or less.
const memoryKind = limitKind(['memoryLimitHits'], (random) => ({
  memoryBytes: random.integer(24, 96) * MIB_BYTES,
}));

const limiting = (name: string, summary: string, need: Capability, kind: FaultKind): NemesisDefinition =>
  defineNemesis({
    name,
    summary,
    layer: 'machine',
    needs: [need],
    kinds: [kind],
    begins: ['leader', 'random', 'minority', 'all'].map((target) => ({ f: kind.begin, target })),
  });

export const limitFaults: readonly NemesisDefinition[] = [
  limiting('cpu-limit', 'leaves nodes a few hundredths of a processor', 'limit-cpu', cpuKind),
  limiting(
    'memory-limit',
    'leaves nodes little memory; some may be killed for it',
    'limit-memory',
    memoryKind,
  ),
];
