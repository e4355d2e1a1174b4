/**
 * The network gate of one node: a {@link LinkGate} for each direction to and from each peer.
 *
 *     const gate = new NetworkGate({ name: 'n1', peers: ['n1', 'n2'], seed: 7, incarnation: 0 }, counters);
 *     gate.link({ from: 'n1', to: 'n2' }).cut();
 *     gate.to('n2')?.isIdle;     // false
 *     gate.from('n2')?.isIdle;   // true
 *
 * A cut of datagrams is enforced at both of its ends, each by its own gate: the sender drops what it would send, the receiver
 * what still arrives, so that it holds from the moment at which both have said so, whatever is in the sockets between them.
 */
import { HarnessError } from '../../../harness/errors.ts';
import { randomStream } from '../../../harness/random.ts';
import type { Link } from './control.ts';
import type { FaultCounters } from './fault-counters.ts';
import { LinkGate } from './link-gate.ts';

export interface NetworkGateOptions {
  readonly name: string;
  /** All members, the node itself included. */
  readonly peers: Iterable<string>;
  readonly seed: number;
  readonly incarnation: number;
}

export class NetworkGate {
  readonly #name: string;
  readonly #to = new Map<string, LinkGate>();
  readonly #from = new Map<string, LinkGate>();

  constructor({ name, peers, seed, incarnation }: NetworkGateOptions, counters: FaultCounters) {
    this.#name = name;
    const create = (from: string, to: string): LinkGate =>
      new LinkGate({ from, to }, randomStream(seed, 'gate', from, to, incarnation), counters);
    for (const peer of peers) {
      if (peer === name) continue;
      this.#to.set(peer, create(name, peer));
      this.#from.set(peer, create(peer, name));
    }
  }

  /** The node is dead: nothing leaves it any more. For good. */
  close(): void {
    for (const link of this.#to.values()) link.cut();
  }

  /** Undefined for the node itself and for strangers. */
  to(peer: string): LinkGate | undefined {
    return this.#to.get(peer);
  }

  /** Undefined for the node itself and for strangers. */
  from(peer: string): LinkGate | undefined {
    return this.#from.get(peer);
  }

  /** @throws HarnessError `nemesis` for a link that does not begin or end here */
  link({ from, to }: Link): LinkGate {
    const gate =
      from === this.#name ? this.#to.get(to) : to === this.#name ? this.#from.get(from) : undefined;
    if (gate === undefined) {
      throw new HarnessError('nemesis', `no link of ${this.#name} to a peer leads from ${from} to ${to}`);
    }
    return gate;
  }
}
