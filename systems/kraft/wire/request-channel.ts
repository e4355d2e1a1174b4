/**
 * A client's side of one connection: requests out, responses in, each matched to its request by correlation id. It knows
 * no socket and no clock: bytes go in and out through functions, and whoever wants a deadline closes the channel at it.
 *
 *     const channel = new RequestChannel({ clientId: 'me', inFlightMax: 5, send: (frame) => socket.write(frame) });
 *     socket.onData((chunk) => channel.receive(chunk));
 *     socket.onEnd(() => channel.close('connection ended'));
 *     channel.request(APIS.metadata, 8, { topics: null }, (outcome) => {
 *       if (outcome.kind === 'response') outcome.response.brokers;
 *       else outcome.sent; // false: certainly not executed
 *     });
 *
 * A broker answers the requests of one connection in their order, so a response of another than the oldest request in
 * flight means that the two sides have lost each other: the channel closes, and so it does at bytes that do not decode.
 * A request that must have no response (a produce with acks=0) is given to `post`.
 */
import { Reader } from './bytes.ts';
import { MalformedError } from './codec-error.ts';
import { DEFAULT_FRAME_BYTES_MAX, FrameReader } from './frames.ts';
import { readResponseHeader, responseHeaderVersion } from './headers.ts';
import { encodeRequest } from './requests.ts';
import type { Api, Fields, InputOfFields, ValueOfFields } from './schema.ts';

export type Outcome<R> =
  | { readonly kind: 'response'; readonly response: R }
  /** `sent` says whether the broker may have seen the request. */
  | { readonly kind: 'failed'; readonly reason: string; readonly sent: boolean };

export interface RequestChannelOptions {
  readonly clientId: string | null;
  /** Takes a whole frame; called in the order of the requests. */
  readonly send: (frame: Uint8Array) => void;
  /** Sent and not answered; 1: each waits for the one before it. */
  readonly inFlightMax?: number;
  /** Waiting to be sent; a request beyond fails at once. */
  readonly queuedMax?: number;
  readonly frameBytesMax?: number;
  /** Called once, after every request has failed, when the channel closes of itself: end the connection. */
  readonly onBroken?: (reason: string) => void;
}

/** Kafka's default of `max.in.flight.requests.per.connection`. */
const IN_FLIGHT_MAX = 5;
const QUEUED_MAX = 10_000;
/** Correlation ids are positive int32s. */
const CORRELATION_ID_MAX = 0x7fff_ffff;

interface Waiting {
  readonly frame: Uint8Array;
  readonly correlationId: number;
  /** Null: no response is to come. */
  readonly decode: ((reader: Reader) => () => void) | null;
  /** Nothing more comes of it. */
  readonly end: (reason: string, sent: boolean) => void;
}

export class RequestChannel {
  private readonly options: RequestChannelOptions;
  private readonly inFlightMax: number;
  private readonly queuedMax: number;
  private readonly frames: FrameReader;
  /** Frames that are complete and not yet looked at. */
  private complete: Uint8Array[] = [];
  /** Sent, the oldest first. */
  private inFlight: Waiting[] = [];
  private queued: Waiting[] = [];
  private lastCorrelationId = 0;
  private closedFor: string | null = null;

  constructor(options: RequestChannelOptions) {
    this.options = options;
    this.inFlightMax = options.inFlightMax ?? IN_FLIGHT_MAX;
    this.queuedMax = options.queuedMax ?? QUEUED_MAX;
    this.frames = new FrameReader(options.frameBytesMax ?? DEFAULT_FRAME_BYTES_MAX, (frame) =>
      this.complete.push(frame),
    );
  }

  get isClosed(): boolean {
    return this.closedFor !== null;
  }

  /** Sent and not answered. */
  get inFlightCount(): number {
    return this.inFlight.length;
  }

  get queuedCount(): number {
    return this.queued.length;
  }

  /**
   * The callback is called exactly once, and never before this returns unless the request fails at once.
   * @throws EncodeError for a body that this version cannot say
   */
  request<Q extends Fields, S extends Fields>(
    api: Api<Q, S>,
    version: number,
    body: InputOfFields<Q>,
    onOutcome: (outcome: Outcome<ValueOfFields<S>>) => void,
  ): void {
    const headerVersion = responseHeaderVersion(api, version);
    this.enqueue(api, version, body, {
      decode: (reader) => {
        readResponseHeader(reader, headerVersion);
        const response = api.response.decode(reader, version);
        return () => onOutcome({ kind: 'response', response });
      },
      end: (reason, sent) => onOutcome({ kind: 'failed', reason, sent }),
    });
  }

  /**
   * Sends what is not answered. It takes its turn behind what waits, and counts as in flight no longer than it is sent.
   * @throws EncodeError
   */
  post<Q extends Fields, S extends Fields>(
    api: Api<Q, S>,
    version: number,
    body: InputOfFields<Q>,
    onOutcome: (outcome: { readonly sent: boolean }) => void = () => undefined,
  ): void {
    this.enqueue(api, version, body, { decode: null, end: (_reason, sent) => onOutcome({ sent }) });
  }

  private enqueue<Q extends Fields, S extends Fields>(
    api: Api<Q, S>,
    version: number,
    body: InputOfFields<Q>,
    handlers: Pick<Waiting, 'decode' | 'end'>,
  ): void {
    const { clientId } = this.options;
    const correlationId = this.nextCorrelationId();
    const frame = encodeRequest(api, version, { correlationId, clientId }, body);
    if (this.closedFor !== null) {
      handlers.end(this.closedFor, false);
      return;
    }
    if (this.queued.length >= this.queuedMax) {
      handlers.end(`${this.queuedMax} requests wait already`, false);
      return;
    }
    const { decode, end } = handlers;
    this.queued.push({ frame, correlationId, decode, end });
    this.sendQueued();
  }

  private nextCorrelationId(): number {
    this.lastCorrelationId = this.lastCorrelationId === CORRELATION_ID_MAX ? 1 : this.lastCorrelationId + 1;
    return this.lastCorrelationId;
  }

  private sendQueued(): void {
    while (this.closedFor === null && this.inFlight.length < this.inFlightMax) {
      const next = this.queued.shift();
      if (next === undefined) return;
      // In flight before it is sent: `send` may find that the connection is dead, and close the channel.
      if (next.decode !== null) this.inFlight.push(next);
      this.options.send(next.frame);
      if (next.decode === null) next.end('posted', true);
    }
  }

  /** Bytes that came; after `close` they are ignored. */
  receive(chunk: Uint8Array): void {
    if (this.closedFor !== null) return;
    let damage: string | null = null;
    try {
      this.frames.push(chunk);
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      damage = error.message;
    }
    // Outside of the try: what a callback throws is its own affair, and not the connection's.
    const responses = this.complete;
    this.complete = [];
    for (const response of responses) this.onResponse(response);
    if (damage !== null) this.break(damage);
  }

  private onResponse(frame: Uint8Array): void {
    if (this.closedFor !== null) return;
    const oldest = this.inFlight[0];
    let deliver: () => void;
    try {
      const correlationId = new Reader(frame).int32();
      if (oldest === undefined || oldest.decode === null || oldest.correlationId !== correlationId) {
        const due = oldest === undefined ? 'none' : String(oldest.correlationId);
        throw new MalformedError(`a response to request ${correlationId}; ${due} was due`);
      }
      // Decoded while it is still in flight: where that fails, this request fails with the others.
      deliver = oldest.decode(new Reader(frame));
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      this.break(error.message);
      return;
    }
    this.inFlight.shift();
    deliver();
    this.sendQueued();
  }

  private break(reason: string): void {
    if (this.closedFor !== null) return;
    this.close(reason);
    this.options.onBroken?.(reason);
  }

  /** Fails everything that waits, the oldest first; later requests fail at once. Closing again does nothing. */
  close(reason: string): void {
    if (this.closedFor !== null) return;
    this.closedFor = reason;
    const { inFlight, queued } = this;
    this.inFlight = [];
    this.queued = [];
    for (const waiting of inFlight) waiting.end(reason, true);
    for (const waiting of queued) waiting.end(reason, false);
  }
}
