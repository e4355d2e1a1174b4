/**
 * The simulated network: hosts, one link for each direction of each pair, and datagrams.
 *
 *     network.cut('n1', 'n2');                     // n2 no longer hears n1
 *     network.sendDatagram(process, 'n2', bytes);  // dropped, and counted
 *     network.heal('n1', 'n2');                    // {messagesDropped: 1, connectionsStalled: 0}
 *
 * A healthy link keeps datagrams in order; a reordering or duplicating fault breaks it, and so does the end of a slow
 * one, since later datagrams are fast again at once. What is under way
 * when a link is cut still arrives: a cut refuses new messages. Connections are in `connection.ts`.
 * Bytes are handed over, not copied: a sender must not change what it sent, nor a receiver what it got.
 */
import { assert, HarnessError } from '../../errors.ts';
import type { LinkFault, Observed, Traffic } from '../cluster.ts';
import type { HostClock } from '../../../systems/runtime/host-clock.ts';
import { EVENT } from './event-queue.ts';
import { Link, type NetworkOptions, type TrafficCounter } from './link.ts';
import type { MessageLog, MessageNote } from './message-log.ts';
import type { Scheduler } from './scheduler.ts';
import { ProcessEvent, type Host, type SimProcess } from './sim-process.ts';

/** A datagram above this is a programmer's error. */
const DATAGRAM_BYTES_MAX = 64 * 1024 * 1024;

export class Network {
  readonly scheduler: Scheduler;
  readonly options: NetworkOptions;
  /** Null: nobody writes messages down. */
  readonly messages: MessageLog | null;
  readonly #seed: number;
  readonly #hosts = new Map<string, Host>();
  /** By sender, then by receiver; those of hosts that are gone stay while a fault is on them. */
  readonly #links = new Map<string, Map<string, Link>>();
  readonly #traffic = { betweenNodes: noTraffic(), fromClients: noTraffic(), toClients: noTraffic() };

  constructor(
    scheduler: Scheduler,
    seed: number,
    options: NetworkOptions,
    messages: MessageLog | null = null,
  ) {
    this.scheduler = scheduler;
    this.messages = messages;
    this.options = options;
    this.#seed = seed;
  }

  addHost(name: string, number: number, clock: HostClock): Host {
    assert(!this.#hosts.has(name), `two hosts are called ${name}`);
    const host: Host = { name, number, clock, process: null, powered: true, links: this.#linksFrom(name) };
    this.#hosts.set(name, host);
    return host;
  }

  /** Forgets a host and all its links but those that a fault is on. */
  removeHost(host: Host): void {
    this.#hosts.delete(host.name);
    for (const [to, link] of host.links) if (!link.isFaulty) host.links.delete(to);
    if (host.links.size === 0) this.#links.delete(host.name);
    for (const links of this.#links.values()) {
      if (links.get(host.name)?.isFaulty === false) links.delete(host.name);
    }
  }

  host(name: string): Host | undefined {
    return this.#hosts.get(name);
  }

  link(from: string, to: string): Link {
    const links = this.#linksFrom(from);
    let link = links.get(to);
    if (link === undefined) {
      link = new Link(from, to, this.#seed, this.options, this.#counterOf(from, to));
      links.set(to, link);
    }
    return link;
  }

  /** What was sent so far, whether or not it arrived. */
  traffic(): Traffic {
    const { betweenNodes, fromClients, toClients } = this.#traffic;
    return {
      betweenNodes: { ...betweenNodes },
      fromClients: { ...fromClients },
      toClients: { ...toClients },
    };
  }

  cut(from: string, to: string): void {
    this.#faultyLink(from, to).cut();
  }

  heal(from: string, to: string): Observed {
    return this.#faultyLink(from, to).heal();
  }

  degrade(from: string, to: string, fault: LinkFault): void {
    this.#faultyLink(from, to).degrade(fault);
  }

  restore(from: string, to: string): Observed {
    return this.#faultyLink(from, to).restore();
  }

  sendDatagram(sender: SimProcess, to: string, bytes: Uint8Array): void {
    if (bytes.length > DATAGRAM_BYTES_MAX) {
      throw new RangeError(`a datagram of ${bytes.length} bytes: at most ${DATAGRAM_BYTES_MAX} are possible`);
    }
    const receiver = this.#hosts.get(to);
    if (receiver === undefined) throw new Error(`no host is called ${to}`);
    const message = { bytes, from: sender.host.name, to, connection: null, isAnswer: false };
    const note = this.messages?.sent(message);
    const process = receiver.process;
    if (process === null) return; // before the link's faults: they do nothing that anyone could notice
    const link = sender.host.links.get(to) ?? this.link(sender.host.name, to);
    link.countSent(bytes.length);
    if (!link.admits()) return note?.dropped();
    const weight = sampleHash(bytes);
    const { now } = this.scheduler;
    this.scheduler.at(
      link.datagramArrival(now, bytes.length),
      new Datagram(process, sender, bytes, weight, note),
    );
    if (link.duplicates()) {
      const copy = this.messages?.sent(message, { isCopy: true });
      this.scheduler.at(link.duplicateArrival(now), new Datagram(process, sender, bytes, weight, copy));
    }
  }

  #counterOf(from: string, to: string): TrafficCounter {
    const { betweenNodes, fromClients, toClients } = this.#traffic;
    if (from === to) return noTraffic(); // to itself: on no wire
    if (from.startsWith(CLIENT_HOST_PREFIX)) return fromClients;
    return to.startsWith(CLIENT_HOST_PREFIX) ? toClients : betweenNodes;
  }

  #linksFrom(name: string): Map<string, Link> {
    let links = this.#links.get(name);
    if (links === undefined) {
      links = new Map();
      this.#links.set(name, links);
    }
    return links;
  }

  #faultyLink(from: string, to: string): Link {
    for (const name of [from, to]) {
      if (!this.#hosts.has(name) && !name.startsWith(CLIENT_HOST_PREFIX)) {
        throw new HarnessError(
          'nemesis',
          `no host is called ${name}: nodes are, and ${CLIENT_HOST_PREFIX}0, …`,
        );
      }
    }
    return this.link(from, to);
  }
}

const noTraffic = (): TrafficCounter => ({ messages: 0, bytes: 0 });

/** Hosts of clients are called `client-7`: links to them may be cut before they connect. */
export const CLIENT_HOST_PREFIX = 'client-';

export class Datagram extends ProcessEvent {
  readonly sender: SimProcess;
  readonly #bytes: Uint8Array;
  readonly #note: MessageNote | null;

  constructor(
    process: SimProcess,
    sender: SimProcess,
    bytes: Uint8Array,
    weight: number,
    note: MessageNote | null = null,
  ) {
    super(EVENT.datagram, process, weight);
    this.sender = sender;
    this.#bytes = bytes;
    this.#note = note;
  }

  override deliver(): void {
    this.#note?.arrived();
    this.process.onDatagram?.(this.sender.host.name, this.#bytes);
  }
}

/** A few bytes and the length of a message: enough that a run which differs in content has another event hash. */
export function sampleHash(bytes: Uint8Array): number {
  const length = bytes.length;
  let hash = length;
  const stride = (length >>> 4) + 1;
  for (let i = 0; i < length; i += stride) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  return hash | 0;
}
