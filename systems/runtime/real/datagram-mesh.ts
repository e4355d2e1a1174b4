/**
 * Datagrams between real nodes: frames on one persistent TCP connection from each node to each peer.
 *
 *     const mesh = new DatagramMesh({ name: 'n1', peers, gate, onDatagram, onError, enter });
 *     mesh.send('n2', bytes);      // now or never
 *
 * The first frame of a connection is the sender's name; a byte comes back now and then for what has arrived. A connection on which
 * none comes for `STALL_TIMEOUT_MS` is made anew: TCP itself waits, after a network was cut for a while, about as long again before
 * it tries once more.
 *
 * A datagram is dropped while there is no connection and when too much waits on it, as a network would drop it. Otherwise it is
 * dropped, delayed, duplicated and reordered by the network gate alone: where it is sent, and a cut where it arrives, too.
 */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { DatagramGate } from './datagram-gate.ts';
import { encodeFrameHeader, FRAME_BYTES_MAX, FrameDecoder } from './frames.ts';
import type { LinkGate } from './link-gate.ts';
import type { NetworkGate } from './network-gate.ts';
import type { Enter } from './real-connection.ts';
import type { PeerAddress } from './real-peer.ts';

export interface MeshOptions {
  readonly name: string;
  /** All members, the node itself included. */
  readonly peers: ReadonlyMap<string, PeerAddress>;
  /** What it binds to; default: its own host among the peers. */
  readonly listenHost?: string | undefined;
  readonly gate: NetworkGate;
  readonly onDatagram: (from: string, bytes: Uint8Array) => void;
  /** It cannot listen. */
  readonly onError: (error: Error) => void;
  readonly enter: Enter;
}

const RECONNECT_MIN_MS = 20;
const RECONNECT_MAX_MS = 500;
const CONNECT_TIMEOUT_MS = 1_000;
/** How long a receiver waits before it says that something has arrived. */
const ANSWER_MS = 100;
/** Without an answer for so long the network, or the peer, stands still. */
const STALL_TIMEOUT_MS = 2_000;
/** Waiting on one connection: beyond this datagrams are dropped. */
const QUEUED_BYTES_MAX = FRAME_BYTES_MAX;

const ANSWER = Uint8Array.of(1);

export class DatagramMesh {
  readonly #options: MeshOptions;
  readonly #server: Server;
  readonly #incoming = new Set<Socket>();
  readonly #outgoing = new Map<string, PeerLink>();

  constructor(options: MeshOptions) {
    this.#options = options;
    const own = options.peers.get(options.name);
    if (own === undefined) throw new Error(`${options.name} is not among its own peers`);
    this.#server = createServer((socket) => this.#accept(socket));
    this.#server.on('error', (error) => options.onError(error));
    this.#server.listen(own.port, options.listenHost ?? own.host);
    for (const [peer, address] of options.peers) {
      const gate = options.gate.to(peer);
      if (gate !== undefined) this.#outgoing.set(peer, new PeerLink(options.name, address, gate));
    }
  }

  send(peer: string, bytes: Uint8Array): void {
    if (bytes.length > FRAME_BYTES_MAX) {
      throw new RangeError(`a datagram of ${bytes.length} bytes: at most ${FRAME_BYTES_MAX} are possible`);
    }
    if (peer === this.#options.name) {
      setImmediate(() => this.#options.enter(() => this.#options.onDatagram(peer, bytes)));
      return;
    }
    const link = this.#outgoing.get(peer);
    if (link === undefined) throw new Error(`no peer is called ${peer}`);
    link.send(bytes);
  }

  /** Nothing is sent any more, and what is delayed is dropped; connections stay. */
  silence(): void {
    for (const link of this.#outgoing.values()) link.silence();
  }

  async close(): Promise<void> {
    for (const link of this.#outgoing.values()) link.close();
    for (const socket of this.#incoming) socket.destroy();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
  }

  #accept(socket: Socket): void {
    const { peers, gate, enter, onDatagram } = this.#options;
    this.#incoming.add(socket);
    socket.setNoDelay(true);
    let from: string | null = null;
    let link: LinkGate | undefined;
    const decoder = new FrameDecoder((payload) => {
      if (socket.destroyed) return;
      if (from !== null) {
        if (link?.isCut === true && !link.admits()) return; // sent before the other end knew of the cut
        return enter(() => onDatagram(from as string, payload));
      }
      from = new TextDecoder().decode(payload);
      link = gate.from(from);
      if (!peers.has(from)) socket.destroy(); // no member of this cluster
    });
    let answer: NodeJS.Timeout | undefined;
    socket.on('data', (chunk: Buffer) => {
      answer ??= setTimeout(() => {
        answer = undefined;
        socket.write(ANSWER);
      }, ANSWER_MS);
      try {
        decoder.push(chunk);
      } catch {
        socket.destroy(); // no peer of ours sends such a frame
      }
    });
    socket.on('error', () => undefined); // 'close' follows
    socket.on('close', () => {
      clearTimeout(answer);
      this.#incoming.delete(socket);
    });
  }
}

/** The connection to one peer: opened at once, and again whenever it ends. */
class PeerLink {
  readonly #name: string;
  readonly #address: PeerAddress;
  readonly #gate: DatagramGate;
  #socket: Socket | null = null;
  #isConnected = false;
  #isClosed = false;
  #isSilent = false;
  /** Since when it waits for a word from the peer; zero: it does not. */
  #unansweredSinceMs = 0;
  #waitMs = RECONNECT_MIN_MS;
  #retry: NodeJS.Timeout | undefined;

  constructor(name: string, address: PeerAddress, gate: LinkGate) {
    this.#name = name;
    this.#address = address;
    this.#gate = new DatagramGate(gate, (bytes) => this.#write(bytes));
    this.#connect();
  }

  send(bytes: Uint8Array): void {
    // Before the gate: what a fault does to a datagram that nobody could get, nobody could notice.
    if (this.#isConnected && !this.#isSilent) this.#gate.send(bytes);
  }

  silence(): void {
    this.#isSilent = true;
    this.#gate.close();
  }

  close(): void {
    this.#isClosed = true;
    this.silence();
    clearTimeout(this.#retry);
    this.#socket?.destroy();
  }

  #write(bytes: Uint8Array): void {
    const socket = this.#socket;
    if (socket === null || !this.#isConnected || socket.writableLength > QUEUED_BYTES_MAX) return;
    const now = performance.now();
    if (this.#unansweredSinceMs === 0) this.#unansweredSinceMs = now;
    if (now - this.#unansweredSinceMs > STALL_TIMEOUT_MS) {
      socket.destroy(); // 'close' follows
      return;
    }
    writeFrame(socket, bytes);
  }

  #connect(): void {
    const socket = connect({ ...this.#address, noDelay: true });
    this.#socket = socket;
    this.#unansweredSinceMs = 0;
    const timeout = setTimeout(() => socket.destroy(), CONNECT_TIMEOUT_MS);
    socket.on('connect', () => {
      clearTimeout(timeout);
      this.#isConnected = true;
      this.#waitMs = RECONNECT_MIN_MS;
      writeFrame(socket, new TextEncoder().encode(this.#name));
    });
    socket.on('data', () => (this.#unansweredSinceMs = 0));
    socket.on('error', () => undefined); // 'close' follows
    socket.on('close', () => {
      clearTimeout(timeout);
      this.#isConnected = false;
      this.#socket = null;
      if (this.#isClosed) return;
      this.#retry = setTimeout(() => this.#connect(), this.#waitMs);
      this.#waitMs = Math.min(2 * this.#waitMs, RECONNECT_MAX_MS);
    });
  }
}

function writeFrame(socket: Socket, payload: Uint8Array): void {
  socket.cork();
  socket.write(encodeFrameHeader(payload.length));
  socket.write(payload);
  socket.uncork();
}
