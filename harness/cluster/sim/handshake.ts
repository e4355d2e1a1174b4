/**
 * How a simulated connection comes to be: a request and an answer between two operating systems, tried again while the
 * network refuses them. Ends as open, `refused` where nobody listens, or `unreachable` after `connectTimeoutMs`.
 */
import { msToNs } from '../../units.ts';
import type { Address, Connection } from '../../../systems/runtime/runtime.ts';
import { SimConnection } from './connection.ts';
import { EVENT, SimEvent } from './event-queue.ts';
import type { Network } from './network.ts';
import { ProcessEvent, type Host, type Listening, type SimProcess } from './sim-process.ts';
import { EndEvent, Stream } from './stream.ts';

/** First port that the operating system gives to the connecting side. */
const EPHEMERAL_PORT = 49_152;

/** Opens a connection: a handshake that is tried again while the network refuses it. */
export function connect(network: Network, process: SimProcess, address: Address): Connection {
  const connection = new SimConnection(network, process, address);
  new Handshake(network, connection, address).attempt(msToNs(network.options.retransmitMinMs));
  return connection;
}

class Handshake {
  readonly #network: Network;
  readonly #connection: SimConnection;
  readonly #address: Address;
  readonly #deadline: number;

  constructor(network: Network, connection: SimConnection, address: Address) {
    this.#network = network;
    this.#connection = connection;
    this.#address = address;
    this.#deadline = network.scheduler.now + msToNs(network.options.connectTimeoutMs);
  }

  attempt(waitNs: number): void {
    const { scheduler, options } = this.#network;
    const connection = this.#connection;
    if (connection.isEnded || !connection.process.alive) return;
    if (scheduler.now >= this.#deadline) {
      scheduler.after(0, new EndEvent(connection, 'unreachable'));
      return;
    }
    const own = connection.process.host;
    const host = this.#network.host(this.#address.host);
    const there = this.#network.link(own.name, this.#address.host);
    if (host?.powered === true && there.admits()) {
      const arrival = there.segmentArrival(scheduler.now, 0);
      scheduler.at(arrival, new ConnectEvent(host, () => this.#requested(host, waitNs)));
    } else {
      there.countStall();
      const next = Math.min(2 * waitNs, msToNs(options.retransmitMaxMs));
      const at = Math.min(scheduler.now + waitNs, this.#deadline);
      scheduler.at(at, new ConnectEvent(own, () => this.attempt(next)));
    }
  }

  /** The request reached the host: accepted, refused, or lost on the way back. */
  #requested(host: Host, waitNs: number): void {
    const network = this.#network;
    const { scheduler } = network;
    const connection = this.#connection;
    if (connection.isEnded || !connection.process.alive) return;
    const own = connection.process.host;
    const back = network.link(host.name, own.name);
    if (!host.powered || !back.admits()) {
      back.countStall();
      const at = Math.min(scheduler.now + waitNs, Math.max(this.#deadline, scheduler.now));
      scheduler.at(at, new ConnectEvent(own, () => this.attempt(2 * waitNs)));
      return;
    }
    const answer = back.segmentArrival(scheduler.now, 0);
    const listening = host.process?.listeners.get(this.#address.port);
    if (host.process === null || listening === undefined) {
      scheduler.at(answer, new EndEvent(connection, 'refused'));
      return;
    }
    const accepted = new SimConnection(network, host.process, { host: own.name, port: EPHEMERAL_PORT });
    const number = network.messages?.nextConnection() ?? null;
    const asking = { connection: number, isAnswer: false };
    connection.attach(new Stream(network, connection, accepted, scheduler.now, asking));
    accepted.attach(
      new Stream(network, accepted, connection, answer, { connection: number, isAnswer: true }),
    );
    scheduler.after(0, new AcceptEvent(accepted, listening));
    scheduler.at(answer, new OpenEvent(connection));
  }
}

/** A step of a handshake, taken by operating systems. */
class ConnectEvent extends SimEvent {
  readonly #step: () => void;

  constructor(host: Host, step: () => void) {
    super(EVENT.connect, host.number, 0);
    this.#step = step;
  }

  override fire(): null {
    this.#step();
    return null;
  }
}

class AcceptEvent extends ProcessEvent {
  readonly #connection: SimConnection;
  readonly #listening: Listening;

  constructor(connection: SimConnection, listening: Listening) {
    super(EVENT.accept, connection.process, listening.port);
    this.#connection = connection;
    this.#listening = listening;
  }

  override deliver(): void {
    this.#connection.opened();
    this.#listening.onConnection(this.#connection);
  }
}

class OpenEvent extends ProcessEvent {
  readonly #connection: SimConnection;

  constructor(connection: SimConnection) {
    super(EVENT.open, connection.process, 0);
    this.#connection = connection;
  }

  override deliver(): void {
    this.#connection.opened();
  }
}
