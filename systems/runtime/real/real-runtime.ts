/**
 * The Runtime of a real process: sockets, files with fsync, the machine's clock; and a gate in each of them for faults.
 *
 *     const runtime = createRealRuntime({
 *       name: 'n1',
 *       peers: { n1: { host: '127.0.0.1', port: 9001 }, n2: { host: '127.0.0.1', port: 9002 } },
 *       dataDirectory: '/var/lib/node-1',
 *       onCrash: () => process.exit(1),
 *     });
 *     const node = program(runtime, { name: 'n1', peers: ['n1', 'n2'], options: {}, bugs: [] });
 *     runtime.network.link({ from: 'n1', to: 'n2' }).cut();
 *     runtime.clock.drift(1.5);
 *
 * Names of peers stand for their hosts in `connect` and `sendDatagram`; other host names are the network's, and no gate is on
 * the way there. A program that has no peers is a server of its own: it listens where its users say (`listenHosts`), connects to
 * any host of the network, and has no datagrams. A port that is taken by another process is found out after `listen` has returned, and crashes the node.
 */
import { randomInt } from 'node:crypto';
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { createServer, connect, type Server } from 'node:net';
import type { TraceEvent, TraceRecord } from '../../../harness/history/trace.ts';
import { randomStream, type Random } from '../../../harness/random.ts';
import { msToNs } from '../../../harness/units.ts';
import { formatLogLine, isLogged } from '../log-line.ts';
import type { Address, Connection, Listener, LogLevel, Runtime, Timer } from '../runtime.ts';
import { DatagramMesh } from './datagram-mesh.ts';
import { DiskMirror } from './disk-mirror.ts';
import { FaultCounters, type CountersByFault } from './fault-counters.ts';
import { GatedSocket } from './gated-socket.ts';
import { NetworkGate } from './network-gate.ts';
import { counterKey } from './control.ts';
import type { RealClock } from './real-clock.ts';
import { RealEndpoint } from './real-endpoint.ts';
import { RealFiles } from './real-files.ts';
import type { RealPeer } from './real-peer.ts';

export type { RealPeer };

export interface RealRuntimeOptions {
  readonly name: string;
  /** All members by name, this one included. Absent: a program alone, without datagrams. */
  readonly peers?: Readonly<Record<string, RealPeer>>;
  /** What it binds to; default: its own host among the peers. */
  readonly listenHost?: string | undefined;
  /** By the program's port, what that one binds to instead; empty: all addresses. */
  readonly listenHosts?: Readonly<Record<number, string>>;
  /** Made when it is absent. */
  readonly dataDirectory: string;
  /** JSON Lines, appended to. Absent, and without `writeTrace`: no trace. */
  readonly tracePath?: string;
  /** Gets the trace instead of a file. */
  readonly writeTrace?: (event: TraceEvent) => void;
  /** Lines below this are not written; default `info`. */
  readonly logLevel?: LogLevel | undefined;
  /** Default: standard error. */
  readonly writeLog?: (line: string) => void;
  /** Of {@link Runtime.random} and of what the gates draw; default: another one each time. */
  readonly seed?: number;
  /** Starts before this one: each draws other numbers. */
  readonly incarnation?: number;
  /** Keeps in memory what a power loss may take ({@link DiskMirror}). */
  readonly mirrorsDisk?: boolean;
  /** After the node ended itself. Default: the process exits with 1. */
  readonly onCrash?: (reason: string) => void;
}

export function createRealRuntime(options: RealRuntimeOptions): RealRuntime {
  return new RealRuntime(options);
}

export class RealRuntime implements Runtime {
  readonly host: string;
  readonly random: Random;
  readonly files: RealFiles;
  /** The gates: of the harness, not of the program. */
  readonly network: NetworkGate;
  readonly clock: RealClock;
  readonly #options: RealRuntimeOptions;
  readonly #peers: ReadonlyMap<string, RealPeer>;
  readonly #endpoint: RealEndpoint;
  readonly #counters = new FaultCounters();
  /** Null: it has no peers. */
  readonly #mesh: DatagramMesh | null;
  readonly #servers = new Map<number, Server>();
  readonly #traceFile: number | null;
  #onDatagram: ((from: string, bytes: Uint8Array) => void) | null = null;
  #closed: Promise<void> | null = null;

  constructor(options: RealRuntimeOptions) {
    const { name, dataDirectory, seed = randomInt(2 ** 47), incarnation = 0 } = options;
    this.#options = options;
    this.host = name;
    this.#peers = new Map(Object.entries(options.peers ?? {}));
    this.random = randomStream(seed, 'node', name, incarnation);
    this.network = new NetworkGate({ name, peers: this.#peers.keys(), seed, incarnation }, this.#counters);
    this.#endpoint = new RealEndpoint({
      host: name,
      random: this.random,
      onError: (thrown) => this.crash(describe(thrown)),
    });
    this.clock = this.#endpoint.clock;
    mkdirSync(dataDirectory, { recursive: true });
    const disk = randomStream(seed, 'disk', name, incarnation);
    this.files = new RealFiles(
      dataDirectory,
      options.mirrorsDisk === true ? new DiskMirror(dataDirectory, disk) : null,
    );
    this.#traceFile = options.tracePath === undefined ? null : openSync(options.tracePath, 'a');
    this.#mesh = options.peers === undefined ? null : this.#createMesh();
  }

  monotonicNs(): number {
    return this.#endpoint.monotonicNs();
  }

  wallMs(): number {
    return this.#endpoint.wallMs();
  }

  setTimer(delayNs: number, callback: () => void): Timer {
    return this.#endpoint.setTimer(delayNs, callback);
  }

  connect(address: Address): Connection {
    const peer = this.#peers.get(address.host);
    const host = peer?.host ?? address.host;
    const port = peer?.ports?.[address.port] ?? address.port;
    const there = this.network.to(address.host);
    const back = this.network.from(address.host);
    const isGated = there !== undefined && back !== undefined;
    const socket = isGated ? new GatedSocket({ host, port }, there, back) : connect({ host, port });
    return this.#endpoint.open(socket, address, false);
  }

  listen(port: number, onConnection: (connection: Connection) => void): Listener {
    if (this.#servers.has(port)) throw new Error(`${this.host}: port ${port} is taken`);
    const own = this.#peers.get(this.host);
    const server = createServer((socket) => {
      const remote = { host: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 };
      const connection = this.#endpoint.open(socket, remote, true);
      this.#endpoint.enter(() => onConnection(connection));
    });
    server.on('error', (error) => this.crash(`cannot listen on port ${port}: ${error.message}`));
    if (this.#endpoint.isAlive) server.listen(own?.ports?.[port] ?? port, this.#listenHost(port));
    this.#servers.set(port, server);
    return {
      port,
      close: () => {
        if (this.#servers.get(port) === server) this.#servers.delete(port);
        server.close();
      },
    };
  }

  sendDatagram(peer: string, bytes: Uint8Array): void {
    if (this.#mesh === null) throw new Error(`${this.host} has no peers: it sends no datagrams`);
    if (this.#endpoint.isAlive) this.#mesh.send(peer, bytes);
  }

  onDatagram(callback: (from: string, bytes: Uint8Array) => void): void {
    this.#onDatagram = callback;
  }

  log(level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>): void {
    if (!this.#endpoint.isAlive || !isLogged(level, this.#options.logLevel ?? 'info')) return;
    const line = formatLogLine(this.#trueMonotonicNs(), level, message, fields);
    if (this.#options.writeLog === undefined) process.stderr.write(`${line}\n`);
    else this.#options.writeLog(line);
  }

  /** Written at once, so that a SIGKILL loses none of it. */
  trace(event: TraceEvent): void {
    if (!this.#endpoint.isAlive) return;
    this.#options.writeTrace?.(event);
    if (this.#traceFile === null) return;
    const record: TraceRecord = { node: this.host, time: this.#trueMonotonicNs(), event };
    writeSync(this.#traceFile, `${JSON.stringify(record)}\n`);
  }

  crash(reason: string): void {
    if (!this.#endpoint.isAlive) return;
    this.log('error', `crashed: ${reason}`);
    this.trace({ kind: 'stop', by: 'node', reason });
    void this.close();
    if (this.#options.onCrash === undefined) process.exit(1);
    this.#options.onCrash(reason);
  }

  /** What the gates did since the last time, by fault; null for nothing. */
  takeCounters(): CountersByFault | null {
    const { clockReads, timersMoved } = this.clock.takeCounters();
    this.#counters.add(counterKey.clock, 'clockReads', clockReads);
    this.#counters.add(counterKey.clock, 'timersMoved', timersMoved);
    return this.#counters.take();
  }

  /**
   * From now on the node is dead: none of its callbacks runs, it sends nothing, and no file operation begins. What its operating system
   * has in hand (bytes in sockets, operations of files that are under way) still happens.
   */
  freeze(): void {
    this.#endpoint.freeze();
    this.network.close();
    this.#mesh?.silence();
    this.files.freeze();
  }

  /** Ends everything: no callback runs any more. Idempotent; resolves when sockets and files are closed. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  #createMesh(): DatagramMesh {
    return new DatagramMesh({
      name: this.host,
      peers: this.#peers,
      listenHost: this.#options.listenHost,
      gate: this.network,
      onDatagram: (from, bytes) => this.#onDatagram?.(from, bytes),
      onError: (error) => this.crash(`cannot listen for datagrams: ${error.message}`),
      enter: this.#endpoint.enter,
    });
  }

  #listenHost(port: number): string | undefined {
    const { listenHost, listenHosts } = this.#options;
    const host = listenHosts?.[port] ?? listenHost ?? this.#peers.get(this.host)?.host;
    return host === '' ? undefined : host;
  }

  async #close(): Promise<void> {
    this.#endpoint.abandon();
    const servers = [...this.#servers.values()].map(
      (server) =>
        new Promise<void>((resolve) => {
          server.close(() => resolve());
        }),
    );
    await Promise.all([this.#mesh?.close(), this.files.close(), ...servers]);
    if (this.#traceFile !== null) closeSync(this.#traceFile);
  }

  /** Nobody's read: it is not counted, and no fault is in the log's times. */
  #trueMonotonicNs(): number {
    return msToNs(performance.now());
  }
}

export function describe(thrown: unknown): string {
  return thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
}
