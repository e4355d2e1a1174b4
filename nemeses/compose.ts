/**
 * Several nemeses as one: `--nemesis partition,kill`.
 *
 *     const both = composeNemeses([partition, kill]);
 *     const nemesis = both.bind(cluster, { intervalMs: 5_000, seed: 1 });
 *     await nemesis.invoke({ f: 'kill', value: { fault: 'kill', target: 'leader' } });
 *
 * The `fault` of an invocation's value decides who answers (nemesis.ts). All share one ledger, so that none undoes
 * what another did. Their schedules run side by side on the one nemesis thread.
 */
import { anyOf } from '../harness/generator/index.ts';
import type { Capability, Cluster } from '../harness/cluster/cluster.ts';
import { HarnessError } from '../harness/errors.ts';
import { readRequest } from './fault.ts';
import { FaultLedger } from './fault-ledger.ts';
import { type HealedFault, LAYERS, type Nemesis, type NemesisDefinition } from './nemesis.ts';

/** What each cluster can, for the message that says where a nemesis would work. */
export type ClusterCapabilities = ReadonlyMap<string, ReadonlySet<Capability>>;

/**
 * Refuses nemeses that need what a cluster lacks. To be called before the run starts; `bind` of a composition calls it too.
 *
 * @param clusters - where else it might work
 * @throws HarnessError `missing-capability`: which nemesis, what is missing, which clusters can
 */
export function requireCapabilities(
  definitions: readonly Pick<NemesisDefinition, 'name' | 'needs'>[],
  cluster: Pick<Cluster, 'kind' | 'capabilities'>,
  clusters: ClusterCapabilities = new Map(),
): void {
  for (const { name, needs } of definitions) {
    const missing = needs.filter((need) => !cluster.capabilities.has(need));
    if (missing.length === 0) continue;
    const able = [...clusters]
      .filter(([, capabilities]) => needs.every((need) => capabilities.has(need)))
      .map(([kind]) => kind);
    const advice =
      able.length > 0 ? `use --cluster ${able.join(' or ')}` : clusters.size > 0 ? 'no cluster can' : '';
    throw new HarnessError(
      'missing-capability',
      `nemesis ${name} needs ${missing.join(', ')}, which the ${cluster.kind} cluster cannot do${advice === '' ? '' : `: ${advice}`}`,
    );
  }
}

const healRank = ({ layer }: NemesisDefinition): number => (layer === undefined ? 0 : LAYERS.indexOf(layer));

/** One nemesis of several; the same one named twice counts once. None at all injects nothing. */
export function composeNemeses(named: readonly NemesisDefinition[]): NemesisDefinition {
  const definitions = [...new Map(named.map((definition) => [definition.name, definition])).values()];
  return {
    name: definitions.length === 0 ? 'none' : definitions.map(({ name }) => name).join(','),
    summary: definitions.length === 0 ? 'no faults' : definitions.map(({ summary }) => summary).join('; '),
    functions: [...new Set(definitions.flatMap(({ functions }) => functions))],
    needs: [...new Set(definitions.flatMap(({ needs }) => needs))],
    bind: (cluster, options) => {
      requireCapabilities(definitions, cluster);
      const shared = { ...options, ledger: options.ledger ?? new FaultLedger() };
      const members = new Map(
        definitions.map((definition) => [definition.name, definition.bind(cluster, shared)]),
      );
      const inHealOrder = [...definitions]
        .sort((a, b) => healRank(a) - healRank(b))
        .flatMap(({ name }) => members.get(name) ?? []);
      return new Composition(members, inHealOrder);
    },
    generator: (nodes, options) =>
      anyOf(...definitions.map((definition) => definition.generator(nodes, options))),
  };
}

class Composition implements Nemesis {
  readonly #members: ReadonlyMap<string, Nemesis>;
  readonly #inHealOrder: readonly Nemesis[];
  /** Healed by a healAll that failed on another, and so not yet reported. */
  #unreported: HealedFault[] = [];

  constructor(members: ReadonlyMap<string, Nemesis>, inHealOrder: readonly Nemesis[]) {
    this.#members = members;
    this.#inHealOrder = inHealOrder;
  }

  invoke: Nemesis['invoke'] = async (invocation) => {
    const { fault } = readRequest(invocation);
    const member = this.#members.get(fault);
    if (member === undefined) {
      const known = this.#members.size === 0 ? 'none' : [...this.#members.keys()].join(', ');
      throw new HarnessError('nemesis', `no nemesis of this run is called ${fault}; it has ${known}`);
    }
    return member.invoke(invocation);
  };

  /** Goes through all even when one fails, then rejects with the first failure; what failed can be tried again. */
  healAll: Nemesis['healAll'] = async () => {
    const failures: unknown[] = [];
    for (const member of this.#inHealOrder) {
      try {
        this.#unreported.push(...(await member.healAll()));
      } catch (failure) {
        failures.push(failure);
      }
    }
    if (failures.length > 0) throw failures[0];
    const healed = this.#unreported;
    this.#unreported = [];
    return healed;
  };
}
