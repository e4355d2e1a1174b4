/**
 * What a user's own nemesis is: faults that begin and end, made of what a cluster can do.
 *
 *     export default defineNemesis({
 *       name: 'kill-two',
 *       summary: 'kills two nodes and restarts them',
 *       needs: ['kill'],
 *       faults: [
 *         defineFault({
 *           begin: 'kill',
 *           end: 'restart',
 *           effects: ['processesKilled'],
 *           choose: ({ nodes, random }) => ({ nodes: random.shuffle(nodes).slice(0, 2) }),
 *           inject: async ({ nodes }, { cluster, hold }) => {
 *             for (const node of nodes) {
 *               await hold(`process of ${node}`, [node], () => cluster.kill(node), () => cluster.restart(node));
 *             }
 *             return `killed ${nodes.join(' and ')}`;
 *           },
 *         }),
 *       ],
 *     });
 *
 * What `choose` decides is written into the plan, and `inject` gets it back from there in a replay: everything random
 * belongs into `choose`. A fault holds what it changes until its end, so that no other fault changes it back.
 */
import { z } from 'zod';
import type { Capability, Cluster, Observed } from '../harness/cluster/cluster.ts';
import type { Json } from '../harness/history/operation.ts';
import type { Random } from '../harness/random.ts';
import { defineNemesis as nemesisOfKinds } from '../nemeses/define.ts';
import { type FaultKind, faultKind } from '../nemeses/fault.ts';
import { LAYERS, type Layer, type NemesisDefinition } from '../nemeses/nemesis.ts';
import {
  chooseTarget,
  type ChosenNodes,
  type Leader,
  TARGET_ROLES,
  targetSchema,
} from '../nemeses/targets.ts';
import {
  describeValue,
  functionSchema,
  nameSchema,
  refuse,
  requireValid,
  textSchema,
  withDefaults,
} from './definition-error.ts';

/** The moment at which a fault chooses. */
export interface Choice {
  /** One of the fault's `targets`. */
  readonly target: Json;
  readonly nodes: readonly string[];
  /** As the nodes say at this moment; null when nobody leads. */
  readonly leader: Leader | null;
  /** Of this fault alone. */
  readonly random: Random;
}

/** A fault while it is injected. */
export interface FaultInForce {
  readonly cluster: Cluster;
  /**
   * Takes a thing (`process of n1`), changes it, and keeps the way back for the end. A thing that another fault has is left
   * alone.
   *
   * @param changeBack - must bear that the change itself failed
   */
  hold(
    thing: string,
    nodes: readonly string[],
    change: () => Promise<Observed | void>,
    changeBack: () => Promise<Observed>,
  ): Promise<void>;
  /** For the description: what was left out, and why. */
  note(text: string): void;
}

export interface FaultDefinition<P> {
  /** The verb that begins it, and the one that ends it: `kill` and `restart`. */
  readonly begin: string;
  readonly end: string;
  /** Counters of the cluster of which one moves when a node could notice the fault: `processesKilled`, `messagesDropped`, … */
  readonly effects: readonly string[];
  /** The schedule picks one each time. Without `choose`: `leader`, `random`, `minority`, …, or lists of nodes. */
  readonly targets?: readonly Json[];
  /** What exactly is to be done. Where absent: the nodes of the target. */
  choose?(choice: Choice): P;
  /** Does it, and says for people what was done. */
  inject(parameters: P, fault: FaultInForce): Promise<string>;
}

/** A fault as {@link defineNemesis} takes it. */
export interface DefinedFault {
  readonly kind: FaultKind;
  readonly targets: readonly Json[];
}

export interface NemesisFields {
  readonly name: string;
  /** For `shaketable list`. */
  readonly summary?: string;
  /** What it disturbs: layers heal in the order pause, process, network, clock. `process` where absent. */
  readonly layer?: Layer;
  /** What a cluster must be able to do. */
  readonly needs: readonly Capability[];
  /** One of them is in force at a time. */
  readonly faults: readonly DefinedFault[];
}

/** Every capability has to be here, and nothing else: the type says so. */
const CAPABILITIES: Readonly<Record<Capability, true>> = {
  cut: true,
  slow: true,
  lose: true,
  duplicate: true,
  reorder: true,
  kill: true,
  terminate: true,
  'lose-unsynced': true,
  remove: true,
  wipe: true,
  pause: true,
  'skew-clock': true,
  'drift-clock': true,
  'limit-cpu': true,
  'limit-memory': true,
};
const CAPABILITY_NAMES = Object.keys(CAPABILITIES);

const faultSchema = z.strictObject({
  begin: nameSchema,
  end: nameSchema,
  effects: z.array(textSchema, 'must be a list of counters').min(1, 'must name at least one counter'),
  targets: z.array(z.json(), 'must be a list').min(1, 'must not be empty').optional(),
  choose: functionSchema.optional(),
  inject: functionSchema,
});

const nemesisSchema = z.strictObject({
  name: nameSchema,
  summary: textSchema,
  layer: z.enum(LAYERS, `must be one of ${LAYERS.join(', ')}`),
  needs: z
    .array(
      z.enum(CAPABILITY_NAMES, `must be of ${CAPABILITY_NAMES.join(', ')}`),
      'must be a list of capabilities',
    )
    .min(1, 'must name what the cluster has to be able to do: kill, cut, …'),
  faults: z
    .array(
      z.custom(
        (fault) => typeof (fault as DefinedFault | null)?.kind?.inject === 'function',
        'must be of defineFault',
      ),
      'must be a list of faults: [defineFault({ … })]',
    )
    .min(1, 'must hold at least one fault'),
});

/** @throws HarnessError `usage` in one line that names the field */
export function defineFault<P extends Json = Json & ChosenNodes>(
  definition: FaultDefinition<P>,
): DefinedFault {
  requireValid('fault', faultSchema, definition);
  const { begin, end, effects, targets, choose } = definition;
  // Without `choose` a target that is none would be told when the run is over, by a fault that took no effect.
  const none =
    choose === undefined ? targets?.find((target) => !targetSchema.safeParse(target).success) : undefined;
  if (none !== undefined) {
    const roles = TARGET_ROLES.join(', ');
    refuse('fault', definition, `targets must be lists of nodes, or of ${roles}: not ${describeValue(none)}`);
  }
  const kind = faultKind<P>({
    begin,
    end,
    effects,
    parameters: z.json() as unknown as z.ZodType<P>,
    choose: (target, scene, random) => {
      if (choose === undefined)
        return chooseTarget(targetSchema.parse(target), scene, random) as unknown as P;
      return choose({ target: target ?? null, ...scene, random });
    },
    inject: (parameters, fault) =>
      definition.inject(parameters, {
        cluster: fault.cluster,
        hold: (...parts) => fault.hold(...parts),
        note: (text) => fault.note(text),
      }),
  });
  return Object.freeze({ kind, targets: targets ?? (choose === undefined ? TARGET_ROLES : [null]) });
}

/** @throws HarnessError `usage` in one line that names the field */
export function defineNemesis(definition: NemesisFields): NemesisDefinition {
  const whole = withDefaults(definition, { summary: '', layer: 'process' });
  requireValid('nemesis', nemesisSchema, whole);
  const { name, summary, layer, needs, faults } = whole as Required<NemesisFields>;
  return Object.freeze(
    nemesisOfKinds({
      name,
      summary,
      layer,
      needs,
      kinds: faults.map(({ kind }) => kind),
      begins: faults.flatMap(({ kind, targets }) => targets.map((target) => ({ f: kind.begin, target }))),
    }),
  );
}
