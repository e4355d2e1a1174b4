/**
 * Our plain client's connections and what it knows of the cluster: requests to one broker, to any, to a partition's leader, to
 * a coordinator.
 *
 *     const client = new KafkaClient(endpoint, { clientId: 'c1', bootstrap: [{ host: 'n1', port: 9092 }], requestTimeoutMs: 1000 });
 *     const { address, leaderEpoch } = await client.leader(keyOf('t0', 1), client.nowMs + 2000);
 *     const answer = await client.request(address, 'produce', { acks: -1, … });
 *
 * Nothing that may have had an effect is sent twice: {@link KafkaClient.request} asks once, and what `ask`, `leader` and
 * `coordinator` repeat are reads. Each kind of request that may wait at the broker has connections of its own ({@link Lane}).
 * It speaks fixed versions, which our brokers and those of Apache Kafka 2.5 to 3.x serve, so it need not ask for them.
 */
import { msToNs, nsToMs } from '../../../harness/units.ts';
import type { Address, Endpoint } from '../../runtime/runtime.ts';
import type { ReceivedBody } from '../node/network/node-client.ts';
import { NodeClient } from '../node/network/node-client.ts';
import type { ApiName, RequestInputBody } from '../wire/apis.ts';
import { EncodeError } from '../wire/codec-error.ts';
import { COORDINATOR_TYPE } from '../wire/api/metadata.ts';
import { ERROR } from '../wire/error-codes.ts';
import { ClientError } from './client-error.ts';
import type { Leader } from './metadata-view.ts';
import { MetadataView } from './metadata-view.ts';
import type { PartitionKey } from './operations.ts';

/** The version of each request that this client sends. */
const VERSIONS = {
  produce: 8,
  fetch: 11,
  listOffsets: 5,
  metadata: 8,
  offsetCommit: 7,
  offsetFetch: 7,
  findCoordinator: 2,
  joinGroup: 5,
  heartbeat: 3,
  leaveGroup: 3,
  syncGroup: 3,
  describeGroups: 4,
  listGroups: 2,
  apiVersions: 2,
  createTopics: 4,
  deleteTopics: 3,
  deleteRecords: 1,
  initProducerId: 1,
  offsetForLeaderEpoch: 3,
  addPartitionsToTxn: 2,
  addOffsetsToTxn: 2,
  endTxn: 2,
  txnOffsetCommit: 3,
  describeConfigs: 3,
  alterConfigs: 1,
  createPartitions: 1,
  deleteGroups: 1,
  electLeaders: 1,
  incrementalAlterConfigs: 0,
  alterPartitionReassignments: 0,
  listPartitionReassignments: 0,
  describeQuorum: 2,
  describeCluster: 1,
  describeTopicPartitions: 0,
  offsetDelete: 0,
  addRaftVoter: 1,
  removeRaftVoter: 0,
} as const satisfies { readonly [N in ApiName]?: number };

export type ClientApi = keyof typeof VERSIONS;

/** A broker answers the requests of a connection in their order: what waits there must not hold up the rest. */
export type Lane = 'main' | 'fetch' | 'group';

export type CoordinatorKind = keyof typeof COORDINATOR_TYPE;

export interface KafkaClientOptions {
  readonly clientId: string;
  /** The first is asked first. */
  readonly bootstrap: readonly Address[];
  /** How long one request may take. */
  readonly requestTimeoutMs: number;
}

/** Between two attempts to find somebody. */
const BACKOFF_MS = 50;

export class KafkaClient {
  readonly metadata = new MetadataView();
  readonly endpoint: Endpoint;
  readonly options: KafkaClientOptions;
  private readonly lanes = new Map<Lane, NodeClient>();
  private readonly coordinators = new Map<string, Address>();
  /** Where `ask` begins. */
  private turn = 0;
  private closed = false;

  constructor(endpoint: Endpoint, options: KafkaClientOptions) {
    this.endpoint = endpoint;
    this.options = options;
  }

  /** Monotonic. */
  get nowMs(): number {
    return nsToMs(this.endpoint.monotonicNs());
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.endpoint.setTimer(msToNs(Math.max(0, ms)), resolve);
    });
  }

  /**
   * One request to one broker, sent once.
   *
   * @param options.deadlineMs - on the clock of {@link KafkaClient.nowMs}; at most one request timeout from now
   * @param options.waitMs - how long the broker may wait of itself, on top of the request timeout
   * @throws ClientError without an answer; what the answer says is the caller's affair
   */
  request<N extends ClientApi>(
    address: Address,
    name: N,
    body: RequestInputBody<N>,
    options: { readonly lane?: Lane; readonly deadlineMs?: number; readonly waitMs?: number } = {},
  ): Promise<ReceivedBody<N>> {
    const { lane = 'main', deadlineMs = Infinity, waitMs = 0 } = options;
    const timeoutMs = Math.min(this.options.requestTimeoutMs + waitMs, Math.max(0, deadlineMs - this.nowMs));
    const what = (): string => `${name} to ${address.host}:${address.port}`;
    return new Promise((resolve, reject) => {
      try {
        this.lane(lane).request(address, name, VERSIONS[name], body, timeoutMs, (outcome) => {
          if (outcome.kind === 'response') resolve(outcome.body);
          else reject(ClientError.unanswered(outcome, what()));
        });
      } catch (error) {
        // Thrown before anything was sent.
        if (!(error instanceof EncodeError)) throw error;
        reject(ClientError.own('malformed', `${what()}: ${error.message}`));
      }
    });
  }

  /** Sends a produce with acks=0: there is no response. */
  post(address: Address, body: RequestInputBody<'produce'>): void {
    this.lane('main').post(address, 'produce', VERSIONS.produce, body);
  }

  /**
   * Asks one broker after the other until one answers: for reads, and for what may happen twice.
   * @throws ClientError the last one's, once the time is up
   */
  async ask<N extends ClientApi>(
    name: N,
    body: RequestInputBody<N>,
    deadlineMs: number,
  ): Promise<ReceivedBody<N>> {
    for (;;) {
      const addresses = this.addresses();
      const address = addresses[this.turn % addresses.length] as Address;
      try {
        return await this.request(address, name, body, { deadlineMs });
      } catch (error) {
        if (!(error instanceof ClientError)) throw error;
        this.turn++;
        await this.pause(deadlineMs, error);
      }
    }
  }

  /** Those that it was given, and then those that it has learnt. */
  addresses(): readonly Address[] {
    const { bootstrap } = this.options;
    const more = this.metadata
      .addresses()
      .filter(({ host, port }) => !bootstrap.some((known) => known.host === host && known.port === port));
    return [...bootstrap, ...more];
  }

  /** @param topics - null: all */
  async refresh(topics: readonly string[] | null, deadlineMs: number): Promise<ReceivedBody<'metadata'>> {
    const names = topics?.map((name) => ({ name })) ?? null;
    const response = await this.ask('metadata', { topics: names, allowAutoTopicCreation: false }, deadlineMs);
    this.metadata.absorb(response);
    return response;
  }

  /**
   * Who leads a partition, as far as is known; asks as long as nobody does.
   * @throws ClientError `no-leader`
   */
  async leader(key: PartitionKey, deadlineMs: number): Promise<Leader> {
    for (;;) {
      const known = this.metadata.isStale(key.topic) ? null : this.metadata.leader(key);
      if (known !== null) return known;
      const what = `${key.name} has no leader that is known`;
      try {
        await this.refresh([key.topic], deadlineMs);
      } catch (error) {
        if (!(error instanceof ClientError)) throw error;
        throw ClientError.own('no-leader', `${what}: ${error.message}`);
      }
      const found = this.metadata.leader(key);
      if (found !== null) return found;
      // The broker that was asked may not have heard yet: another may.
      this.turn++;
      await this.pause(deadlineMs, ClientError.own('no-leader', what));
    }
  }

  /** @throws ClientError `no-coordinator` */
  async coordinator(kind: CoordinatorKind, key: string, deadlineMs: number): Promise<Address> {
    const name = `${kind}/${key}`;
    for (;;) {
      const known = this.coordinators.get(name);
      if (known !== undefined) return known;
      const what = `the ${kind} ${key} has no coordinator that is known`;
      let failure: ClientError;
      try {
        const body = { key, keyType: COORDINATOR_TYPE[kind] };
        const { errorCode, host, port } = await this.ask('findCoordinator', body, deadlineMs);
        if (errorCode === ERROR.NONE) {
          this.coordinators.set(name, { host, port });
          return { host, port };
        }
        failure = ClientError.answered(errorCode, what);
      } catch (error) {
        if (!(error instanceof ClientError)) throw error;
        failure = error;
      }
      await this.pause(deadlineMs, ClientError.own('no-coordinator', `${what}: ${failure.message}`));
    }
  }

  forgetCoordinator(kind: CoordinatorKind, key: string): void {
    this.coordinators.delete(`${kind}/${key}`);
  }

  /** Forgets a coordinator that answered that it is none. */
  learnFromCoordinator(kind: CoordinatorKind, key: string, errorCode: number): void {
    if (errorCode === ERROR.NOT_COORDINATOR || errorCode === ERROR.COORDINATOR_NOT_AVAILABLE)
      this.forgetCoordinator(kind, key);
  }

  /** Waits before another attempt. @throws the failure, where there is no time for one */
  async pause(deadlineMs: number, failure: ClientError): Promise<void> {
    if (this.closed) throw ClientError.own('closed', failure.message);
    if (this.nowMs + BACKOFF_MS >= deadlineMs) throw failure;
    await this.sleep(BACKOFF_MS);
  }

  /** Ends all connections; pending requests fail. Idempotent. */
  close(): void {
    this.closed = true;
    for (const client of this.lanes.values()) client.close();
  }

  private lane(lane: Lane): NodeClient {
    let client = this.lanes.get(lane);
    if (client === undefined) {
      client = new NodeClient(this.endpoint, { clientId: this.options.clientId });
      if (this.closed) client.close();
      this.lanes.set(lane, client);
    }
    return client;
  }
}
