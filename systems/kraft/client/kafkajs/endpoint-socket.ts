/**
 * A connection of the Endpoint in the shape of the socket that kafkajs's `socketFactory` makes.
 *
 *     const sockets = new EndpointSockets(endpoint);
 *     new Kafka({ socketFactory: sockets.factory, … });
 *     sockets.sentCount(API_KEY.produce); // so many produce requests have left, or may have
 *
 * kafkajs listens for `data`, `end` and `error`, writes whole frames once the socket is connected, and ends it. Each frame that is
 * written is counted by its API key, since kafkajs's own errors do not say whether a request was sent.
 */
import type { Connection, Endpoint } from '../../../runtime/runtime.ts';
import { Reader } from '../../wire/bytes.ts';
import { LENGTH_BYTES } from '../../wire/frames.ts';

type Listener = (value?: unknown) => void;

interface SocketRequest {
  readonly host: string;
  readonly port: number;
  readonly onConnect: () => void;
}

const CODES: Readonly<Record<string, string>> = {
  refused: 'ECONNREFUSED',
  unreachable: 'ETIMEDOUT',
  reset: 'ECONNRESET',
};

export class EndpointSockets {
  private readonly endpoint: Endpoint;
  private readonly open = new Set<EndpointSocket>();
  private readonly sent = new Map<number, number>();

  constructor(endpoint: Endpoint) {
    this.endpoint = endpoint;
  }

  readonly factory = ({ host, port, onConnect }: SocketRequest): EndpointSocket => {
    const connection = this.endpoint.connect({ host, port });
    const socket = new EndpointSocket(connection, {
      onConnect,
      onFrame: (frame) => this.count(frame),
      onEnd: () => this.open.delete(socket),
    });
    this.open.add(socket);
    return socket;
  };

  sentCount(apiKey: number): number {
    return this.sent.get(apiKey) ?? 0;
  }

  /** Ends all, and tells nobody. */
  dispose(): void {
    for (const socket of [...this.open]) socket.drop();
    this.open.clear();
  }

  private count(frame: Uint8Array): void {
    const apiKey = new Reader(frame, LENGTH_BYTES).int16();
    this.sent.set(apiKey, this.sentCount(apiKey) + 1);
  }
}

interface SocketHooks {
  readonly onConnect: () => void;
  readonly onFrame: (frame: Uint8Array) => void;
  readonly onEnd: () => void;
}

export class EndpointSocket {
  private readonly connection: Connection;
  private readonly hooks: SocketHooks;
  private readonly listeners = new Map<string, Listener[]>();
  private isOver = false;

  constructor(connection: Connection, hooks: SocketHooks) {
    this.connection = connection;
    this.hooks = hooks;
    connection.onOpen(() => {
      if (!this.isOver) hooks.onConnect();
    });
    connection.onData((bytes) =>
      this.emit('data', Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)),
    );
    connection.onClose((reason) => {
      if (this.isOver) return;
      const code = CODES[reason];
      if (code === undefined) this.emit('end');
      else this.emit('error', Object.assign(new Error(`${reason}: ${code}`), { code }));
      this.over();
    });
  }

  on(event: string, listener: Listener): this {
    const listeners = this.listeners.get(event) ?? [];
    this.listeners.set(event, listeners);
    listeners.push(listener);
    return this;
  }

  /** A whole frame. */
  write(frame: Uint8Array): boolean {
    if (this.isOver) return false;
    const bytes = new Uint8Array(frame);
    this.hooks.onFrame(bytes);
    this.connection.write(bytes);
    return true;
  }

  end(): this {
    this.drop();
    return this;
  }

  destroy(): this {
    this.drop();
    return this;
  }

  unref(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  /** Ends the connection; no listener hears of it. */
  drop(): void {
    if (this.isOver) return;
    this.over();
    this.connection.close();
  }

  private over(): void {
    this.isOver = true;
    this.hooks.onEnd();
  }

  private emit(event: string, value?: unknown): void {
    if (this.isOver) return;
    for (const listener of [...(this.listeners.get(event) ?? [])]) listener(value);
  }
}
