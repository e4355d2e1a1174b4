/**
 * The Endpoint of a real program: this machine's clock, and TCP connections. What a client has, and what `RealRuntime` builds on.
 *
 *     const endpoint = createRealEndpoint({
 *       host: 'client-7',
 *       random: randomStream(seed, 'client', 7),
 *       resolve: ({ port }) => ({ host: '127.0.0.1', port: 17_000 + port }),     // where it really is, at this moment
 *     });
 *     const client = await system.openClient(endpoint, context);
 *     endpoint.close();
 */
import { connect } from 'node:net';
import type { Random } from '../../../harness/random.ts';
import type { Address, Connection, Endpoint, Timer } from '../runtime.ts';
import { RealClock } from './real-clock.ts';
import { RealConnection, type Enter, type SocketLike } from './real-connection.ts';

export interface RealEndpointOptions {
  readonly host: string;
  readonly random: Random;
  /** Where an address really is, asked as it connects. Default: where it says. */
  resolve?(address: Address): Address;
  /** Thrown by a callback of the program. Default: thrown again, with nobody left to catch it. */
  onError?(thrown: unknown): void;
}

/** How long what was written may take to leave after {@link RealEndpoint.close}. */
const LINGER_MS = 1_000;

export function createRealEndpoint(options: RealEndpointOptions): RealEndpoint {
  return new RealEndpoint(options);
}

export class RealEndpoint implements Endpoint {
  readonly host: string;
  readonly random: Random;
  readonly clock = new RealClock();
  /** Calls back, unless the program is dead. */
  readonly enter: Enter;
  readonly #options: RealEndpointOptions;
  readonly #sockets = new Set<SocketLike>();
  #isAlive = true;

  constructor(options: RealEndpointOptions) {
    this.#options = options;
    this.host = options.host;
    this.random = options.random;
    this.enter = (callback) => {
      if (!this.#isAlive) return;
      try {
        callback();
      } catch (thrown) {
        if (options.onError === undefined) throw thrown;
        options.onError(thrown);
      }
    };
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  monotonicNs(): number {
    return this.clock.monotonicNs();
  }

  wallMs(): number {
    return this.clock.wallMs();
  }

  setTimer(delayNs: number, callback: () => void): Timer {
    if (!this.#isAlive) return { cancel: () => undefined };
    return this.clock.setTimer(delayNs, () => this.enter(callback));
  }

  connect(address: Address): Connection {
    const { host, port } = this.#options.resolve?.(address) ?? address;
    return this.open(connect({ host, port }), address, false);
  }

  /** No callback runs any more; what was written may still leave. Idempotent. */
  close(): void {
    this.freeze();
    for (const socket of this.#sockets) socket.destroySoon();
    setTimeout(() => this.abandon(), LINGER_MS).unref();
  }

  // What follows is for a Runtime that builds on this.

  /** A connection over a socket. @param isOpen - whether the socket was accepted, not just created to connect */
  open(socket: SocketLike, remote: Address, isOpen: boolean): RealConnection {
    const connection = new RealConnection(socket, remote, isOpen, this.enter);
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    if (!this.#isAlive) socket.destroy();
    return connection;
  }

  /** No callback runs any more, connections stay. */
  freeze(): void {
    this.#isAlive = false;
    this.clock.close();
  }

  /** Ends it as a crash would: connections are torn down. */
  abandon(): void {
    this.freeze();
    for (const socket of this.#sockets) socket.destroy();
  }
}
