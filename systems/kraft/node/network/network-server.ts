/**
 * One listener of a node: connections in, requests to the handlers, responses out.
 *
 *     const server = new NetworkServer(runtime, { port: 9092, listener: 'broker', listenerName: 'PLAINTEXT', handlers, maxRequestBytes });
 *     server.close();
 *
 * The requests of a connection are handled one after the other, the next when the last one is answered, as Kafka does: so
 * responses keep their order, and a client that does not take its answers gets no more of them. ApiVersions is answered
 * here: it advertises what has a handler. A client that sends far ahead of its answers is not read from for a while. Bytes that are no
 * request end their connection and nothing else. So does a long silence, unless an answer is owed: whoever comes back connects again.
 */
import { msToNs, nsToMs } from '../../../../harness/units.ts';
import type { Connection, Listener as Socket, Runtime } from '../../../runtime/runtime.ts';
import type { Listener } from '../../wire/api-keys.ts';
import { advertisedApis, apiName } from '../../wire/api-keys.ts';
import { APIS } from '../../wire/apis.ts';
import { EncodeError, MalformedError } from '../../wire/codec-error.ts';
import { ERROR } from '../../wire/error-codes.ts';
import { FrameReader } from '../../wire/frames.ts';
import type { Request } from '../../wire/requests.ts';
import { decodeRequest, encodeResponsePieces } from '../../wire/requests.ts';
import type { Api, InputOfFields } from '../../wire/schema.ts';
import { DeadlineTimer } from '../deadline-timer.ts';
import type { ConnectionQuota } from './connection-quota.ts';
import type { Exchange, Handlers } from './exchange.ts';

export interface NetworkServerOptions {
  readonly port: number;
  readonly listener: Listener;
  readonly listenerName: string;
  readonly handlers: Handlers;
  /** `socket.request.max.bytes`: a longer request ends its connection. */
  readonly maxRequestBytes: number;
  /** `connections.max.idle.ms`: a connection that is silent for longer ends; below 0: none does. */
  readonly idleMaxMs?: number;
  /** Who is beyond it is turned away at once. */
  readonly quota?: ConnectionQuota;
}

/** While so many bytes of answers wait for a client, its next request waits, too. */
const MAX_BUFFERED_BYTES = 8 * 1024 * 1024;
const DRAIN_CHECK_MS = 10;
/** While so many bytes of requests wait, no more are read. */
const MAX_WAITING_BYTES = 1024 * 1024;
/** What a request that waits costs beside its bytes, and be it empty. */
const WAITING_OVERHEAD_BYTES = 128;

export class NetworkServer {
  private readonly socket: Socket;
  private readonly clients = new Set<ServedConnection>();
  private isTurningAway = false;

  /** @throws Error where the port is taken */
  constructor(runtime: Runtime, options: NetworkServerOptions) {
    const { listener, handlers, quota } = options;
    const withApiVersions: Handlers = {
      ...handlers,
      apiVersions: (exchange) =>
        exchange.respond({
          errorCode: ERROR.NONE,
          apiKeys: advertisedApis(listener, (name) => withApiVersions[name] !== undefined),
        }),
    };
    this.socket = runtime.listen(options.port, (connection) => {
      const { host } = connection.remote;
      const why = quota?.take(host) ?? null;
      if (why !== null) {
        // Said once, and not by each of thousands.
        if (!this.isTurningAway)
          runtime.log('warn', 'connections are turned away', { from: host, reason: why });
        this.isTurningAway = true;
        connection.close();
        return;
      }
      this.isTurningAway = false;
      const client = new ServedConnection(runtime, connection, { ...options, handlers: withApiVersions });
      this.clients.add(client);
      connection.onClose(() => {
        client.ended();
        this.clients.delete(client);
        quota?.release(host);
      });
    });
  }

  get port(): number {
    return this.socket.port;
  }

  /** Takes no more connections and ends those that are there. Idempotent. */
  close(): void {
    this.socket.close();
    for (const client of [...this.clients]) client.end(null);
    this.clients.clear();
  }
}

class ServedConnection {
  private readonly runtime: Runtime;
  private readonly connection: Connection;
  private readonly options: NetworkServerOptions;
  private readonly clientHost: string;
  private waiting: Uint8Array[] = [];
  private waitingBytes = 0;
  private isBusy = false;
  /** A handler has a request. */
  private isAnswerOwed = false;
  private isServing = false;
  private isOver = false;
  /** Monotonic: when bytes last came or an answer left. */
  private activeMs: number;
  private readonly idleTimer: DeadlineTimer;

  constructor(runtime: Runtime, connection: Connection, options: NetworkServerOptions) {
    this.runtime = runtime;
    this.connection = connection;
    this.options = options;
    this.clientHost = `/${connection.remote.host}`;
    this.activeMs = this.nowMs;
    this.idleTimer = new DeadlineTimer(runtime, () => this.endIfIdle());
    this.endIfIdle();
    const frames = new FrameReader(options.maxRequestBytes, (frame) => {
      this.waiting.push(frame);
      this.waitingBytes += frame.length + WAITING_OVERHEAD_BYTES;
    });
    connection.onData((bytes) => {
      if (this.isOver) return;
      this.activeMs = this.nowMs;
      try {
        frames.push(bytes);
      } catch (error) {
        if (!(error instanceof MalformedError)) throw error;
        return this.end(error.message);
      }
      this.serve();
    });
  }

  ended(): void {
    this.isOver = true;
    this.waiting = [];
    this.idleTimer.cancel();
  }

  end(reason: string | null): void {
    if (this.isOver) return;
    this.ended();
    if (reason !== null)
      this.runtime.log('warn', 'connection ended', { from: this.connection.remote.host, reason });
    this.connection.close();
  }

  /** A loop, not a recursion: many handlers answer at once. */
  private serve(): void {
    if (this.isServing) return;
    this.isServing = true;
    while (!this.isBusy && !this.isOver) {
      if (this.connection.bufferedBytes > MAX_BUFFERED_BYTES) {
        this.waitUntilDrained();
        break;
      }
      const frame = this.waiting.shift();
      if (frame === undefined) break;
      this.waitingBytes -= frame.length + WAITING_OVERHEAD_BYTES;
      this.handle(frame);
    }
    this.isServing = false;
    this.connection.setReading(this.waitingBytes <= MAX_WAITING_BYTES);
  }

  private waitUntilDrained(): void {
    const { bufferedBytes } = this.connection;
    this.isBusy = true;
    this.runtime.setTimer(msToNs(DRAIN_CHECK_MS), () => {
      this.isBusy = false;
      if (this.connection.bufferedBytes !== bufferedBytes) this.activeMs = this.nowMs;
      this.serve();
    });
  }

  private get nowMs(): number {
    return nsToMs(this.runtime.monotonicNs());
  }

  private endIfIdle(): void {
    const { idleMaxMs = -1 } = this.options;
    if (idleMaxMs < 0) return;
    // While an answer is owed, the silence is ours.
    const idleMs = this.isAnswerOwed ? 0 : this.nowMs - this.activeMs;
    if (idleMs >= idleMaxMs) this.end(null);
    else this.idleTimer.setWithin(idleMaxMs - idleMs);
  }

  private handle(frame: Uint8Array): void {
    const request = decodeRequest(frame, this.options.listener);
    if (request.kind === 'close') return this.end(request.detail);
    if (request.kind === 'refuse') {
      this.connection.write(request.frame);
      return;
    }
    // The table has for each name a handler of exchanges of that name, which the compiler cannot see.
    const handler = this.options.handlers[request.name] as ((exchange: Exchange) => void) | undefined;
    if (handler === undefined) return this.end(`${apiName(request.header.apiKey)} is not served here`);
    this.isBusy = true;
    this.isAnswerOwed = true;
    handler(this.exchangeOf(request, frame));
  }

  private exchangeOf(request: Request, frame: Uint8Array): Exchange {
    const { name, header, body } = request;
    const { listener, listenerName } = this.options;
    const api = APIS[name] as unknown as Api;
    let isAnswered = false;
    const answered = (pieces: readonly Uint8Array[]): void => {
      if (isAnswered) throw new Error(`${name} was answered twice`);
      isAnswered = true;
      if (this.isOver) return;
      if (pieces.length > 0) this.connection.write(...pieces);
      this.activeMs = this.nowMs;
      this.isAnswerOwed = false;
      this.isBusy = false;
      this.serve();
    };
    return {
      name: name,
      header,
      body,
      listener,
      listenerName,
      clientHost: this.clientHost,
      frame,
      respond: (response) => {
        if (this.isOver) return answered([]);
        const { apiVersion, correlationId } = header;
        let pieces: readonly Uint8Array[];
        try {
          pieces = encodeResponsePieces(
            api,
            apiVersion,
            correlationId,
            response as InputOfFields<Api['response']['fields']>,
          );
        } catch (error) {
          if (!(error instanceof EncodeError)) throw error;
          return this.end(`${name} cannot be answered in version ${apiVersion}: ${error.message}`);
        }
        answered(pieces);
      },
      respondFrame: (response) => answered([response]),
      finish: () => answered([]),
      disconnect: (reason) => this.end(reason),
    };
  }
}
