/**
 * Several faults of one link at a time. The cluster knows one LinkFault a direction; here `slow`, `lossy`,
 * `duplicate` and `reorder` each have a layer of their own, and the cluster is given their sum.
 *
 *     await layers.add(cluster, { from: 'n1', to: 'n2' }, 1, { delayMs: 200 });
 *     await layers.add(cluster, { from: 'n1', to: 'n2' }, 2, { lossProbability: 0.1 });  // now slow and lossy
 *     const observed = await layers.remove(cluster, { from: 'n1', to: 'n2' }, 1);        // still lossy
 *
 * Where two layers set the same field, the later one counts. The counters of a link go to every layer on it: a
 * fault picks out those that its own misbehaviour moves.
 */
import type { Cluster, LinkFault, Observed } from '../harness/cluster/cluster.ts';
import type { DirectedLink } from './grudges.ts';
import { addObserved } from './observed.ts';

interface LinkLayer {
  readonly fault: LinkFault;
  observed: Observed;
}

const keyOf = ({ from, to }: DirectedLink): string => `${from} ${to}`;

/** Later layers over earlier ones. */
function merge(layers: ReadonlyMap<number, LinkLayer>): LinkFault {
  return [...layers.values()].reduce<LinkFault>((all, { fault }) => ({ ...all, ...fault }), {});
}

export class LinkLayers {
  readonly #layers = new Map<string, Map<number, LinkLayer>>();

  async add(cluster: Cluster, link: DirectedLink, faultId: number, fault: LinkFault): Promise<void> {
    const layers = this.#layers.get(keyOf(link)) ?? new Map<number, LinkLayer>();
    layers.set(faultId, { fault, observed: {} });
    this.#layers.set(keyOf(link), layers);
    await cluster.degrade(link.from, link.to, merge(layers));
  }

  /** What the link counted while this layer was on it. */
  async remove(cluster: Cluster, link: DirectedLink, faultId: number): Promise<Observed> {
    const layers = this.#layers.get(keyOf(link));
    const removed = layers?.get(faultId);
    if (layers === undefined || removed === undefined) return {};
    const observed = await cluster.restore(link.from, link.to);
    for (const layer of layers.values()) layer.observed = addObserved(layer.observed, observed);
    layers.delete(faultId);
    if (layers.size > 0) await cluster.degrade(link.from, link.to, merge(layers));
    else this.#layers.delete(keyOf(link));
    return removed.observed;
  }
}
