/**
 * The other members of the quorum: where they are reached, and requests to them.
 *
 *     links.request(2, request, (answer) => …);
 *
 * Addresses come from the voters (configured, or in the log), and from what others say (KIP-853). Fetches have connections of their
 * own, since they wait at the leader and would hold up what is behind them.
 */
import type { Address, Runtime } from '../../../runtime/runtime.ts';
import type { PeerRequest, Response, Voter } from '../../quorum/messages.ts';
import { NodeClient } from '../network/node-client.ts';
import { fromWire, METADATA_PLACE, PEER_VERSIONS, toWire, type PeerApi } from './peer-requests.ts';

export interface PeerLinksOptions {
  readonly nodeId: number;
  readonly requestTimeoutMs: number;
  /** Those that count now. */
  readonly voters: () => readonly Voter[];
  /** Of nodes that are asked before anybody is known, by the ids that the core gives them. */
  readonly bootstrap: ReadonlyMap<number, Address>;
}

/** `refused`: nobody listens there. Null: no answer otherwise, or one that makes no sense. */
export type PeerAnswer = Response | 'refused' | null;

/** More nodes than any quorum has. */
const LEARNT_MAX = 1000;

export class PeerLinks {
  private readonly runtime: Runtime;
  private readonly options: PeerLinksOptions;
  private readonly fetcher: NodeClient;
  private readonly elector: NodeClient;
  private readonly learnt = new Map<number, Address>();

  constructor(runtime: Runtime, options: PeerLinksOptions) {
    const { nodeId } = options;
    this.runtime = runtime;
    this.options = options;
    this.fetcher = new NodeClient(runtime, { clientId: `quorum-${nodeId}-fetcher` });
    this.elector = new NodeClient(runtime, { clientId: `quorum-${nodeId}` });
  }

  addressOf(nodeId: number): Address | null {
    const { voters, bootstrap } = this.options;
    const voter = voters().find(({ voterId }) => voterId === nodeId);
    const known = voter?.listeners[0] ?? this.learnt.get(nodeId) ?? bootstrap.get(nodeId);
    return known === undefined ? null : { host: known.host, port: known.port };
  }

  /** Where a node is, as others say. */
  learn(nodeId: number, { host, port }: Address): void {
    this.learnt.delete(nodeId);
    this.learnt.set(nodeId, { host, port });
    const [oldest] = this.learnt.keys();
    if (this.learnt.size > LEARNT_MAX && oldest !== undefined) this.learnt.delete(oldest);
  }

  request(to: number, request: PeerRequest, onAnswer: (answer: PeerAnswer) => void): void {
    const address = this.addressOf(to);
    if (address === null) {
      onAnswer(null);
      return;
    }
    const { name, body } = toWire(request, METADATA_PLACE);
    const client = name === 'fetch' || name === 'fetchSnapshot' ? this.fetcher : this.elector;
    const { requestTimeoutMs } = this.options;
    client.request<PeerApi>(address, name, PEER_VERSIONS[name], body, requestTimeoutMs, (outcome) => {
      if (outcome.kind === 'failed') {
        onAnswer(outcome.isRefused === true ? 'refused' : null);
        return;
      }
      const { response, endpoints } = fromWire(name, outcome.body);
      for (const { nodeId, host, port } of endpoints) this.learn(nodeId, { host, port });
      if (response === null) {
        this.runtime.log('warn', `quorum: an answer of node ${to} to ${name} that makes no sense`);
      }
      onAnswer(response);
    });
  }

  close(): void {
    this.fetcher.close();
    this.elector.close();
  }
}
