/**
 * The Runtime of a real process: sockets, files with fsync, the machine's clock.
 *
 *     const runtime = createRealRuntime({
 *       name: 'n1',
 *       peers: { n1: { host: '127.0.0.1', port: 9001 }, n2: { host: '127.0.0.1', port: 9002 } },
 *       dataDirectory: '/var/lib/node-1',
 *       onCrash: () => process.exit(1),
 *     });
 *     const node = program(runtime, { name: 'n1', peers: ['n1', 'n2'], options: {}, bugs: [] });
 *
 * Names of peers stand for their hosts in `connect` and `sendDatagram`; other host names are the network's. A port
 * that is taken by another process is found out after `listen` has returned, and crashes the node.
 *
 * Injects no faults. The places for it: `RealClock`, `DatagramMesh.send`, the gate of `RealFiles`.
 */
import { randomInt } from 'node:crypto';
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { TraceEvent, TraceRecord } from '../../../harness/history/trace.ts';
import { randomStream, type Random } from '../../../harness/random.ts';
import { formatLogLine, isLogged } from '../log-line.ts';
import type { Address, Connection, Listener, LogLevel, Runtime, Timer } from '../runtime.ts';
import { DatagramMesh, type PeerAddress } from './datagram-mesh.ts';
import { RealClock } from './real-clock.ts';
import { RealConnection } from './real-connection.ts';
import { RealFiles } from './real-files.ts';

export interface RealPeer extends PeerAddress {
  /**
   * Where a port of the program really is, for nodes that share a host: `{ 7000: 17001 }`. Other ports are as
   * the program says. `port` itself is that of datagrams.
   */
  readonly ports?: Readonly<Record<number, number>>;
}

export interface RealRuntimeOptions {
  readonly name: string;
  /** All members by name, this one included. */
  readonly peers: Readonly<Record<string, RealPeer>>;
  /** Made when it is absent. */
  readonly dataDirectory: string;
  /** JSON Lines, appended to. Absent: no trace. */
  readonly tracePath?: string;
  /** Lines below this are not written; default `info`. */
  readonly logLevel?: LogLevel;
  /** Default: standard error. */
  readonly writeLog?: (line: string) => void;
  /** Of {@link Runtime.random}; default: another one each time. */
  readonly seed?: number;
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
  readonly #options: RealRuntimeOptions;
  readonly #peers: ReadonlyMap<string, RealPeer>;
  readonly #clock = new RealClock();
  readonly #mesh: DatagramMesh;
  readonly #servers = new Map<number, Server>();
  readonly #sockets = new Set<Socket>();
  readonly #traceFile: number | null;
  #onDatagram: ((from: string, bytes: Uint8Array) => void) | null = null;
  #isAlive = true;
  #closed: Promise<void> | null = null;
  readonly #enter = (callback: () => void): void => {
    if (!this.#isAlive) return;
    try {
      callback();
    } catch (thrown) {
      this.crash(thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown));
    }
  };

  constructor(options: RealRuntimeOptions) {
    this.#options = options;
    this.host = options.name;
    this.#peers = new Map(Object.entries(options.peers));
    this.random = randomStream(options.seed ?? randomInt(2 ** 47), 'node', options.name);
    mkdirSync(options.dataDirectory, { recursive: true });
    this.files = new RealFiles(options.dataDirectory);
    this.#traceFile = options.tracePath === undefined ? null : openSync(options.tracePath, 'a');
    this.#mesh = new DatagramMesh({
      name: options.name,
      peers: this.#peers,
      onDatagram: (from, bytes) => this.#onDatagram?.(from, bytes),
      onError: (error) => this.crash(`cannot listen for datagrams: ${error.message}`),
      enter: this.#enter,
    });
  }

  monotonicNs(): number {
    return this.#clock.monotonicNs();
  }

  wallMs(): number {
    return this.#clock.wallMs();
  }

  setTimer(delayNs: number, callback: () => void): Timer {
    if (!this.#isAlive) return { cancel: () => undefined };
    return this.#clock.setTimer(delayNs, () => this.#enter(callback));
  }

  connect(address: Address): Connection {
    const peer = this.#peers.get(address.host);
    const host = peer?.host ?? address.host;
    const port = peer?.ports?.[address.port] ?? address.port;
    const socket = connect({ host, port });
    this.#track(socket);
    return new RealConnection(socket, address, false, this.#enter);
  }

  listen(port: number, onConnection: (connection: Connection) => void): Listener {
    if (this.#servers.has(port)) throw new Error(`${this.host}: port ${port} is taken`);
    const own = this.#peers.get(this.host);
    const server = createServer((socket) => {
      this.#track(socket);
      const remote = { host: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 };
      const connection = new RealConnection(socket, remote, true, this.#enter);
      this.#enter(() => onConnection(connection));
    });
    server.on('error', (error) => this.crash(`cannot listen on port ${port}: ${error.message}`));
    if (this.#isAlive) server.listen(own?.ports?.[port] ?? port, own?.host);
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
    if (this.#isAlive) this.#mesh.send(peer, bytes);
  }

  onDatagram(callback: (from: string, bytes: Uint8Array) => void): void {
    this.#onDatagram = callback;
  }

  log(level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>): void {
    if (!this.#isAlive || !isLogged(level, this.#options.logLevel ?? 'info')) return;
    const line = formatLogLine(this.monotonicNs(), level, message, fields);
    if (this.#options.writeLog === undefined) process.stderr.write(`${line}\n`);
    else this.#options.writeLog(line);
  }

  /** Written at once, so that a SIGKILL loses none of it. */
  trace(event: TraceEvent): void {
    if (!this.#isAlive || this.#traceFile === null) return;
    const record: TraceRecord = { node: this.host, time: this.monotonicNs(), event };
    writeSync(this.#traceFile, `${JSON.stringify(record)}\n`);
  }

  crash(reason: string): void {
    if (!this.#isAlive) return;
    this.log('error', `crashed: ${reason}`);
    this.trace({ kind: 'stop', by: 'node', reason });
    void this.close();
    if (this.#options.onCrash === undefined) process.exit(1);
    this.#options.onCrash(reason);
  }

  /** Ends everything: no callback runs any more. Idempotent; resolves when sockets and files are closed. */
  close(): Promise<void> {
    this.#isAlive = false;
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#clock.close();
    for (const socket of this.#sockets) socket.destroy();
    const servers = [...this.#servers.values()].map(
      (server) =>
        new Promise<void>((resolve) => {
          server.close(() => resolve());
        }),
    );
    await Promise.all([this.#mesh.close(), this.files.close(), ...servers]);
    if (this.#traceFile !== null) closeSync(this.#traceFile);
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    if (!this.#isAlive) socket.destroy();
  }
}
