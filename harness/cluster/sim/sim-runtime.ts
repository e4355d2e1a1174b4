/**
 * What a simulated program holds of the world: the Endpoint of a client and the Runtime of a node.
 *
 * Both belong to one process. Once it is dead they do nothing: code that still runs (the rest of the
 * function that called `crash`) can neither send nor write nor set a timer.
 */
import type { TraceEvent } from '../../history/trace.ts';
import type { Random } from '../../random.ts';
import type {
  Address,
  Connection,
  Endpoint,
  Files,
  Listener,
  LogLevel,
  Runtime,
  Timer,
} from '../../../systems/runtime/runtime.ts';
import { connect } from './handshake.ts';
import type { Network } from './network.ts';
import { wholeDelay } from './scheduler.ts';
import { TimerEvent, type SimProcess } from './sim-process.ts';

const NO_TIMER: Timer = { cancel: () => undefined };

export class SimEndpoint implements Endpoint {
  readonly host: string;
  readonly random: Random;
  protected readonly network: Network;
  protected readonly process: SimProcess;

  constructor(network: Network, process: SimProcess, random: Random) {
    this.host = process.host.name;
    this.network = network;
    this.process = process;
    this.random = random;
  }

  monotonicNs(): number {
    return this.process.host.clock.readMonotonicNs(this.network.scheduler.now);
  }

  wallMs(): number {
    return this.process.host.clock.readWallMs(this.network.scheduler.now);
  }

  setTimer(delayNs: number, callback: () => void): Timer {
    if (!this.process.alive) return NO_TIMER;
    const { scheduler } = this.network;
    const { clock } = this.process.host;
    const due = clock.monotonicNs(scheduler.now) + wholeDelay(delayNs);
    const timer = new TimerEvent(this.process, scheduler, due, callback);
    scheduler.at(clock.trueTimeOf(due), timer);
    return timer;
  }

  connect(address: Address): Connection {
    return connect(this.network, this.process, address);
  }
}

/** What a node's runtime tells the cluster. */
export interface NodeSink {
  log(level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>): void;
  trace(event: TraceEvent): void;
  crash(reason: string): void;
}

export class SimRuntime extends SimEndpoint implements Runtime {
  readonly files: Files;
  readonly #sink: NodeSink;

  constructor(network: Network, process: SimProcess, random: Random, files: Files, sink: NodeSink) {
    super(network, process, random);
    this.files = files;
    this.#sink = sink;
  }

  listen(port: number, onConnection: (connection: Connection) => void): Listener {
    const { listeners } = this.process;
    if (listeners.has(port)) throw new Error(`${this.host}: port ${port} is taken`);
    const listening = { port, onConnection };
    listeners.set(port, listening);
    return {
      port,
      close: () => {
        if (listeners.get(port) === listening) listeners.delete(port);
      },
    };
  }

  sendDatagram(peer: string, bytes: Uint8Array): void {
    if (this.process.alive) this.network.sendDatagram(this.process, peer, bytes);
  }

  onDatagram(callback: (from: string, bytes: Uint8Array) => void): void {
    this.process.onDatagram = callback;
  }

  log(level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>): void {
    if (this.process.alive) this.#sink.log(level, message, fields);
  }

  trace(event: TraceEvent): void {
    if (this.process.alive) this.#sink.trace(event);
  }

  crash(reason: string): void {
    if (this.process.alive) this.#sink.crash(reason);
  }
}
