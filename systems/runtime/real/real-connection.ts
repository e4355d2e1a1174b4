/**
 * A Connection over a TCP socket, or over one with gates in it. Adds to the socket what the contract promises: bytes that arrive before anyone
 * listens are kept, callbacks never run inside the call that registers them, the end is told once and with its reason.
 */
import type { Address, CloseReason, Connection } from '../runtime.ts';

/** Runs a callback of the node, unless the node is dead; what it throws crashes the node. */
export type Enter = (callback: () => void) => void;

/** What a connection needs of a socket. */
export interface SocketLike {
  /** Written and not yet taken by the network. */
  readonly writableLength: number;
  write(bytes: Uint8Array): unknown;
  /** What is written until it is uncorked leaves together. */
  cork(): unknown;
  uncork(): unknown;
  pause(): unknown;
  resume(): unknown;
  setNoDelay(noDelay: boolean): unknown;
  /** When all that was written has left. */
  destroySoon(): void;
  destroy(): unknown;
  on(event: 'connect' | 'close', listener: () => void): unknown;
  on(event: 'data', listener: (chunk: Buffer) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
}

/** Arrived before anyone reads: beyond this the socket waits. */
const UNREAD_BYTES_MAX = 1024 * 1024;
const CONNECT_TIMEOUT_MS = 5_000;
/** So long what was written may still leave after the end; whoever takes nothing would hold it for ever. */
const LINGER_MS = 5_000;

export class RealConnection implements Connection {
  readonly remote: Address;
  readonly #socket: SocketLike;
  readonly #enter: Enter;
  #isOpen: boolean;
  #isClosing = false;
  #isReading = true;
  #ended: CloseReason | null = null;
  #error: NodeJS.ErrnoException | null = null;
  #unread: Uint8Array[] = [];
  #unreadBytes = 0;
  #onOpen: (() => void) | null = null;
  #onData: ((bytes: Uint8Array) => void) | null = null;
  #onClose: ((reason: CloseReason) => void) | null = null;

  /** @param isOpen - whether the socket was accepted, not just created to connect */
  constructor(socket: SocketLike, remote: Address, isOpen: boolean, enter: Enter) {
    this.remote = remote;
    this.#socket = socket;
    this.#isOpen = isOpen;
    this.#enter = enter;
    socket.setNoDelay(true);
    if (!isOpen) this.#awaitConnect();
    socket.on('data', (chunk: Buffer) => this.#received(chunk));
    socket.on('error', (error) => (this.#error = error));
    socket.on('close', () => this.#end(this.#reason()));
  }

  get bufferedBytes(): number {
    return this.#ended === null ? this.#socket.writableLength : 0;
  }

  write(...pieces: readonly Uint8Array[]): void {
    if (this.#isClosing || this.#ended !== null) return;
    this.#socket.cork();
    for (const bytes of pieces) if (bytes.length > 0) this.#socket.write(bytes);
    this.#socket.uncork();
  }

  onOpen(callback: () => void): void {
    this.#onOpen = callback;
    if (this.#isOpen) this.#soon(() => this.#fireOpen());
  }

  onData(callback: (bytes: Uint8Array) => void): void {
    this.#onData = callback;
    this.#soon(() => this.#fireUnread());
  }

  setReading(isReading: boolean): void {
    if (this.#isReading === isReading) return;
    this.#isReading = isReading;
    if (isReading) this.#soon(() => this.#fireUnread());
  }

  onClose(callback: (reason: CloseReason) => void): void {
    this.#onClose = callback;
    if (this.#ended !== null) this.#soon(() => this.#fireClose());
  }

  close(): void {
    if (this.#isClosing || this.#ended !== null) return;
    this.#isClosing = true;
    if (this.#isOpen) this.#destroySoon();
    else this.#socket.destroy();
    setImmediate(() => this.#end('closed'));
  }

  #destroySoon(): void {
    const socket = this.#socket;
    const timeout = setTimeout(() => socket.destroy(), LINGER_MS).unref();
    socket.on('close', () => clearTimeout(timeout));
    socket.destroySoon();
  }

  #awaitConnect(): void {
    const socket = this.#socket;
    const timeout = setTimeout(() => socket.destroy(), CONNECT_TIMEOUT_MS);
    socket.on('close', () => clearTimeout(timeout));
    socket.on('connect', () => {
      clearTimeout(timeout);
      this.#isOpen = true;
      this.#enter(() => this.#fireOpen());
    });
  }

  #received(chunk: Buffer): void {
    if (this.#isClosing || this.#ended !== null) return;
    // Not a Buffer, whose slice() would share memory where Uint8Array's copies.
    const bytes = new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length);
    if (this.#onData !== null && this.#isReading && this.#unread.length === 0) {
      this.#enter(() => this.#onData?.(bytes));
      return;
    }
    this.#unread.push(bytes);
    this.#unreadBytes += bytes.length;
    if (this.#unreadBytes > UNREAD_BYTES_MAX) this.#socket.pause();
  }

  #reason(): CloseReason {
    if (this.#isClosing) return 'closed';
    if (!this.#isOpen) return this.#error?.code === 'ECONNREFUSED' ? 'refused' : 'unreachable';
    return this.#error === null ? 'closed' : 'reset';
  }

  #end(reason: CloseReason): void {
    if (this.#ended !== null) return;
    this.#ended = reason;
    this.#enter(() => {
      this.#fireUnread(); // what came before the end comes before it here, too
      this.#fireClose();
    });
  }

  #soon(callback: () => void): void {
    setImmediate(() => this.#enter(callback));
  }

  #fireOpen(): void {
    const callback = this.#onOpen;
    this.#onOpen = null;
    callback?.();
  }

  #fireUnread(): void {
    if (this.#onData === null) return;
    const unread = this.#unread;
    const isLast = this.#ended !== null;
    while (unread.length > 0 && (this.#isReading || isLast) && !this.#isClosing) {
      const bytes = unread.shift() as Uint8Array;
      this.#unreadBytes -= bytes.length;
      this.#onData(bytes);
    }
    if (this.#unreadBytes <= UNREAD_BYTES_MAX) this.#socket.resume();
  }

  #fireClose(): void {
    if (this.#ended === null) return;
    const callback = this.#onClose;
    this.#onClose = null;
    callback?.(this.#ended);
  }
}
