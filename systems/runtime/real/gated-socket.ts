/**
 * A connection from a node to a peer, as a socket with the gates of both directions in it.
 *
 *     const socket = new GatedSocket({ host: '127.0.0.1', port: 7001 }, gate.to('n2'), gate.from('n2'));
 *
 * The connecting side does the faults of both directions, so that the accepting side needs to know nothing of who connects. To
 * connect takes a way there and a way back: it is tried again while one of them refuses, and whoever waits for it has to
 * end the wait. An answer that the peer's operating system gives to the attempt is believed at once.
 */
import { EventEmitter } from 'node:events';
import { Socket } from 'node:net';
import type { Address } from '../runtime.ts';
import type { LinkGate } from './link-gate.ts';
import type { SocketLike } from './real-connection.ts';
import { RETRANSMIT_MAX_MS, RETRANSMIT_MIN_MS, StreamGate } from './stream-gate.ts';

interface Events {
  readonly connect: [];
  readonly data: [Buffer];
  readonly error: [Error];
  readonly close: [];
}

/** Arrived and held back: beyond this the socket waits. */
const HELD_BYTES_MAX = 256 * 1024;

export class GatedSocket extends EventEmitter<Events> implements SocketLike {
  readonly #socket = new Socket();
  readonly #address: Address;
  readonly #there: LinkGate;
  readonly #back: LinkGate;
  readonly #out: StreamGate;
  readonly #in: StreamGate;
  #cancelAttempt: () => void = () => undefined;
  #isConnected = false;
  #isPaused = false;
  #hasClosed = false;

  constructor(address: Address, there: LinkGate, back: LinkGate) {
    super();
    this.#address = address;
    this.#there = there;
    this.#back = back;
    const socket = this.#socket;
    const giveUp = (): void => this.#giveUp();
    this.#out = new StreamGate(there, {
      deliver: (bytes) => void socket.write(bytes),
      end: () => socket.destroySoon(),
      giveUp,
    });
    this.#in = new StreamGate(back, {
      deliver: (bytes) => this.#deliver(bytes),
      end: () => this.#close(),
      giveUp,
    });
    socket.on('connect', () => {
      this.#isConnected = true;
      this.#in.open();
      this.#out.open();
      this.emit('connect');
    });
    socket.on('data', (chunk: Buffer) => {
      this.#in.push(chunk);
      if (this.#in.heldBytes > HELD_BYTES_MAX) socket.pause();
    });
    socket.on('error', (error) => this.emit('error', error));
    socket.on('close', () => (this.#isConnected ? this.#in.end() : this.#close()));
    this.#attempt(RETRANSMIT_MIN_MS);
  }

  get writableLength(): number {
    return this.#socket.writableLength + this.#out.heldBytes;
  }

  write(bytes: Uint8Array): void {
    this.#out.push(bytes);
  }

  cork(): void {
    this.#socket.cork();
  }

  uncork(): void {
    this.#socket.uncork();
  }

  pause(): void {
    this.#isPaused = true;
    this.#socket.pause();
  }

  resume(): void {
    this.#isPaused = false;
    if (this.#in.heldBytes <= HELD_BYTES_MAX) this.#socket.resume();
  }

  setNoDelay(): void {
    this.#socket.setNoDelay(true);
  }

  destroySoon(): void {
    this.#out.end();
  }

  destroy(): void {
    this.#abandon();
    this.#socket.destroy();
    setImmediate(() => this.#close());
  }

  #attempt(waitMs: number): void {
    const refusing = !this.#there.admits() ? this.#there : !this.#back.admits() ? this.#back : null;
    if (refusing !== null) {
      refusing.countStall();
      const again = (): void => this.#attempt(Math.min(2 * waitMs, RETRANSMIT_MAX_MS));
      this.#cancelAttempt = refusing.afterwards(waitMs, again);
      return;
    }
    const slowMs = this.#there.slowMs() + this.#back.slowMs();
    if (slowMs === 0) return this.#connect();
    const timeout = setTimeout(() => this.#connect(), slowMs);
    this.#cancelAttempt = () => clearTimeout(timeout);
  }

  #connect(): void {
    this.#socket.connect(this.#address);
  }

  #deliver(bytes: Uint8Array): void {
    this.emit('data', Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
    if (!this.#isPaused && this.#in.heldBytes <= HELD_BYTES_MAX && this.#socket.isPaused())
      this.#socket.resume();
  }

  /** Nothing got through for too long. */
  #giveUp(): void {
    this.#abandon();
    this.#socket.resetAndDestroy();
    this.emit('error', new Error('nothing got through for too long'));
    this.#close();
  }

  #abandon(): void {
    this.#cancelAttempt();
    this.#in.close();
    this.#out.close();
  }

  #close(): void {
    if (this.#hasClosed) return;
    this.#hasClosed = true;
    this.#abandon();
    this.emit('close');
  }
}
