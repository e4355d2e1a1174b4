/**
 * Faults of the network between real nodes: which are in force, who does them (the gates of our nodes, or the backend's firewall), and
 * what they were seen to do.
 *
 *     await links.cut('n1', 'n2');          // in force at both ends, or in the firewall, when this resolves
 *     await links.heal('n1', 'n2');         // {messagesDropped: 12}
 *
 * A node that starts while faults are in force is told of them first ({@link RealLinks.inForceAt}). A node that stands still is
 * told, too: it does it before it does anything else.
 */
import { HarnessError } from '../../errors.ts';
import { counterKey, type Link, type NodeCommand } from '../../../systems/runtime/real/control.ts';
import type { LinkFault, Observed } from '../cluster.ts';
import type { BackendNetwork } from './backend.ts';
import { sumObserved } from './counters.ts';
import type { RealNode } from './real-node.ts';

const keyOf = ({ from, to }: Link): string => `${from} ${to}`;

export class RealLinks {
  readonly #nodes: ReadonlyMap<string, RealNode>;
  /** Null: the gates do all. */
  readonly #network: BackendNetwork | null;
  /** Our nodes have gates; servers have none. */
  readonly #hasGates: boolean;
  readonly #cuts = new Map<string, Link>();
  readonly #degraded = new Map<string, Link & { readonly fault: LinkFault }>();

  constructor(nodes: ReadonlyMap<string, RealNode>, network: BackendNetwork | null, hasGates: boolean) {
    this.#nodes = nodes;
    this.#network = network;
    this.#hasGates = hasGates;
  }

  /** What a program must know as it starts: the faults that its gates do. */
  inForceAt(node: string): {
    cuts: readonly Link[];
    degraded: readonly (Link & { readonly fault: LinkFault })[];
  } {
    const concerns = ({ from, to }: Link): boolean => from === node || to === node;
    const cuts = this.#network === null ? [...this.#cuts.values()].filter(concerns) : [];
    return { cuts, degraded: [...this.#degraded.values()].filter(concerns) };
  }

  async cut(from: string, to: string): Promise<void> {
    const link = this.#link(from, to);
    // What an earlier cut did, and a node that stood still told too late, is not this one's.
    if (!this.#cuts.has(keyOf(link))) this.#take(counterKey.cut(link), link);
    this.#cuts.set(keyOf(link), link);
    if (this.#network === null) await this.#command({ do: 'cut', ...link }, link);
    else await this.#network.cut(from, to);
  }

  async heal(from: string, to: string): Promise<Observed> {
    const link = this.#link(from, to);
    if (!this.#cuts.delete(keyOf(link))) return {};
    if (this.#network !== null) return this.#network.heal(from, to);
    await this.#command({ do: 'heal', ...link }, link);
    return this.#take(counterKey.cut(link), link);
  }

  async degrade(from: string, to: string, fault: LinkFault): Promise<void> {
    const link = this.#link(from, to);
    const { below, gated } = this.#share(fault);
    if (below !== null && this.#network !== null) await this.#network.degrade(from, to, below);
    if (gated === null) return;
    if (!this.#degraded.has(keyOf(link))) this.#take(counterKey.link(link), link);
    this.#degraded.set(keyOf(link), { ...link, fault: gated });
    await this.#command({ do: 'degrade', ...link, fault: gated }, link);
  }

  async restore(from: string, to: string): Promise<Observed> {
    const link = this.#link(from, to);
    const below = this.#network === null ? {} : await this.#network.restore(from, to);
    if (!this.#degraded.delete(keyOf(link))) return below;
    await this.#command({ do: 'restore', ...link }, link);
    return sumObserved([below, this.#take(counterKey.link(link), link)]);
  }

  /** What the backend's network does of a fault, and what is left for the gates. */
  #share(fault: LinkFault): { below: LinkFault | null; gated: LinkFault | null } {
    const below = this.#network?.degradable ?? [];
    // Gates do to our nodes what they do in every cluster, and count it in messages; a lossy firewall is a real one.
    const degradable = this.#hasGates ? below.filter((field) => field === 'lossProbability') : below;
    const pick = (isBelow: boolean): LinkFault | null => {
      const fields = Object.entries(fault).filter(
        ([field]) => degradable.includes(field as keyof LinkFault) === isBelow,
      );
      return fields.length === 0 ? null : Object.fromEntries(fields);
    };
    const gated = pick(false);
    if (gated !== null && !this.#hasGates) {
      throw new HarnessError(
        'nemesis',
        `cannot do ${Object.keys(gated).join(', ')} to a link of servers in this cluster`,
      );
    }
    return { below: pick(true), gated };
  }

  /** At both ends. */
  async #command(command: NodeCommand, { from, to }: Link): Promise<void> {
    await Promise.all([from, to].map((name) => this.#node(name).command(command)));
  }

  #take(key: string, { from, to }: Link): Observed {
    return sumObserved([from, to].map((name) => this.#node(name).counters.take(key)));
  }

  #node(name: string): RealNode {
    return this.#nodes.get(name)!;
  }

  #link(from: string, to: string): Link {
    for (const name of [from, to]) {
      if (!this.#nodes.has(name)) {
        throw new HarnessError(
          'nemesis',
          `no node is called ${name}: there are ${[...this.#nodes.keys()].join(', ')}`,
        );
      }
    }
    return { from, to };
  }
}
