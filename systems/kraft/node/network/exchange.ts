/**
 * One request of a connection and the duty to answer it, exactly once, now or later.
 *
 *     const handlers: Handlers = {
 *       heartbeat: (exchange) => exchange.respond({ errorCode: isMember(exchange.body) ? 0 : ERROR.UNKNOWN_MEMBER_ID }),
 *     };
 *
 * A node's parts each give a table of handlers; what is in none of them is not advertised. Requests of one connection are
 * handled one after the other, as Kafka does: the next when the last one is answered.
 */
import type { Listener } from '../../wire/api-keys.ts';
import type { ApiName, RequestBody, ResponseBody } from '../../wire/apis.ts';
import type { RequestHeader } from '../../wire/headers.ts';

export interface Exchange<N extends ApiName = ApiName> {
  readonly name: N;
  readonly header: RequestHeader;
  readonly body: RequestBody<N>;
  /** Which table of versions holds. */
  readonly listener: Listener;
  /** As in `server.properties`: answers name the addresses that are advertised for it. */
  readonly listenerName: string;
  /** As Kafka writes it: `/10.0.0.1`. */
  readonly clientHost: string;
  /** The request as it came, without its length: what an Envelope carries. */
  readonly frame: Uint8Array;
  /** After the connection's end this does nothing. */
  respond(body: ResponseBody<N>): void;
  /** A whole frame of a response, with the header of this request's correlation id: what an Envelope brought back. */
  respondFrame(frame: Uint8Array): void;
  /** Nothing is sent: a produce with acks=0. */
  finish(): void;
  /** Ends the connection instead of an answer; the reason goes to the log. */
  disconnect(reason: string): void;
}

export type Handlers = { readonly [N in ApiName]?: (exchange: Exchange<N>) => void };
