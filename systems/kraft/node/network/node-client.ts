/**
 * Requests to other nodes: one connection to each address, made when it is needed, with a deadline for every request.
 *
 *     const client = new NodeClient(runtime, { clientId: 'broker-1-fetcher' });
 *     client.request({ host: 'n2', port: 9092 }, 'fetch', 11, body, 30_000, (outcome) => {
 *       if (outcome.kind === 'response') outcome.body.responses;
 *       else outcome.sent; // false: certainly not executed
 *     });
 *
 * Requests of one connection are answered in order, so that one that waits at the other side holds up the rest: whoever waits
 * long has a client of its own. A request past its deadline ends the connection, and all that wait on it.
 */
import type { Address, Connection, Endpoint } from '../../../runtime/runtime.ts';
import { nsToMs } from '../../../../harness/units.ts';
import { APIS } from '../../wire/apis.ts';
import type { ApiName, RequestInputBody } from '../../wire/apis.ts';
import { RequestChannel } from '../../wire/request-channel.ts';
import type { Api, ResponseOf } from '../../wire/schema.ts';
import { DeadlineTimer } from '../deadline-timer.ts';

/** As it was read: fields that a version does not have are at their defaults. */
export type ReceivedBody<N extends ApiName> = ResponseOf<(typeof APIS)[N]>;

export type NodeOutcome<N extends ApiName> =
  | { readonly kind: 'response'; readonly body: ReceivedBody<N> }
  /**
   * `sent` says whether the other node may have seen it: not before the connection was open. `isRefused`: nobody listens there, so that
   * the node is down.
   */
  | {
      readonly kind: 'failed';
      readonly reason: string;
      readonly sent: boolean;
      readonly isRefused?: boolean;
    };

interface Link {
  readonly host: string;
  readonly port: number;
  readonly connection: Connection;
  readonly channel: RequestChannel;
  /** Of the requests that are not answered yet, in their order, monotonic milliseconds. */
  readonly deadlines: Set<{ readonly atMs: number }>;
  readonly timer: DeadlineTimer;
  /** It was open, or it may have been: a reset may come before this side learns that the other took it. */
  mayHaveOpened: boolean;
  isRefused: boolean;
}

const IN_FLIGHT_MAX = 1000;

export class NodeClient {
  private readonly endpoint: Endpoint;
  private readonly clientId: string;
  private readonly links = new Set<Link>();
  private closed = false;

  constructor(endpoint: Endpoint, { clientId }: { readonly clientId: string }) {
    this.endpoint = endpoint;
    this.clientId = clientId;
  }

  request<N extends ApiName>(
    address: Address,
    name: N,
    version: number,
    body: RequestInputBody<N>,
    timeoutMs: number,
    onOutcome: (outcome: NodeOutcome<N>) => void,
  ): void {
    if (this.closed) {
      onOutcome({ kind: 'failed', reason: 'the client is closed', sent: false });
      return;
    }
    const link = this.linkTo(address);
    const deadline = { atMs: this.nowMs + timeoutMs };
    link.deadlines.add(deadline);
    link.timer.setWithin(timeoutMs);
    // The table's API of a name has that name's types, which the compiler cannot see.
    const api = APIS[name] as unknown as Api;
    link.channel.request(api, version, body, (outcome) => {
      link.deadlines.delete(deadline);
      if (outcome.kind === 'response')
        onOutcome({ kind: 'response', body: outcome.response as unknown as ReceivedBody<N> });
      else onOutcome({ ...outcome, sent: outcome.sent && link.mayHaveOpened, isRefused: link.isRefused });
    });
  }

  /** Sends what has no response: a produce with acks=0. Nobody learns what became of it. */
  post<N extends ApiName>(address: Address, name: N, version: number, body: RequestInputBody<N>): void {
    if (this.closed) return;
    const api = APIS[name] as unknown as Api;
    this.linkTo(address).channel.post(api, version, body);
  }

  /** Ends the connection to an address: what waits on it fails. */
  disconnect(address: Address, reason: string): void {
    const link = this.find(address);
    if (link !== undefined) this.end(link, reason);
  }

  /** Fails everything that waits; later requests fail at once. Idempotent. */
  close(): void {
    this.closed = true;
    for (const link of [...this.links]) this.end(link, 'the client is closed');
  }

  private get nowMs(): number {
    return nsToMs(this.endpoint.monotonicNs());
  }

  /** There are a few at most. */
  private find({ host, port }: Address): Link | undefined {
    for (const link of this.links) if (link.port === port && link.host === host) return link;
    return undefined;
  }

  private linkTo(address: Address): Link {
    const existing = this.find(address);
    if (existing !== undefined) return existing;
    const { host, port } = address;
    const connection = this.endpoint.connect({ host, port });
    const channel = new RequestChannel({
      clientId: this.clientId,
      inFlightMax: IN_FLIGHT_MAX,
      send: (frame) => connection.write(frame),
      onBroken: (reason) => this.end(link, reason),
    });
    const timer = new DeadlineTimer(this.endpoint, () => this.endIfLate(link));
    const link: Link = {
      ...{ host, port, connection, channel, deadlines: new Set(), timer },
      ...{ mayHaveOpened: false, isRefused: false },
    };
    this.links.add(link);
    connection.onOpen(() => {
      link.mayHaveOpened = true;
    });
    connection.onData((bytes) => channel.receive(bytes));
    connection.onClose((reason) => {
      if (reason === 'reset') link.mayHaveOpened = true;
      link.isRefused = reason === 'refused';
      this.end(link, `${host}:${port}: connection ${reason}`);
    });
    return link;
  }

  private end(link: Link, reason: string): void {
    this.links.delete(link);
    link.timer.cancel();
    link.connection.close();
    link.channel.close(reason);
  }

  private endIfLate(link: Link): void {
    let nextMs = Infinity;
    for (const { atMs } of link.deadlines) nextMs = Math.min(nextMs, atMs);
    const { nowMs } = this;
    if (nextMs <= nowMs) this.end(link, `${link.host}:${link.port} did not answer in time`);
    else link.timer.setWithin(nextMs - nowMs);
  }
}
