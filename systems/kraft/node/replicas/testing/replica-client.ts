/**
 * A client of brokers for tests: requests by the wire's own codecs, over simulated sockets.
 *
 *     const client = await cluster.client('n1');
 *     await client.produce('t', 0, ['a', 'b'], { acks: -1 }); // { errorCode: 0, baseOffset: 0, … }
 *     await client.records('t', 0, 0);                        // ['0:a', '1:b']
 */
import type { Client, Completion } from '../../../../../harness/interpreter/client.ts';
import type { Endpoint } from '../../../../runtime/runtime.ts';
import { batchOf, describeRecords } from '../../../log/testing/batches.ts';
import type { BatchOptions } from '../../../records/batch-builder.ts';
import type { ApiName, RequestInputBody } from '../../../wire/apis.ts';
import type { ReceivedBody } from '../../network/node-client.ts';
import { NodeClient } from '../../network/node-client.ts';

const PORT = 9092;
const TIMEOUT_MS = 60_000;

export interface ProduceSettings extends BatchOptions {
  readonly acks?: number;
  readonly timeoutMs?: number;
  readonly version?: number;
  readonly timestampMs?: number;
  /** Instead of records. */
  readonly bytes?: Uint8Array | null;
}

export interface FetchSettings {
  readonly maxWaitMs?: number;
  readonly minBytes?: number;
  readonly maxBytes?: number;
  readonly partitionMaxBytes?: number;
  /** 1: read committed. */
  readonly isolation?: 0 | 1;
  readonly leaderEpoch?: number;
}

export class ReplicaClient implements Client {
  readonly endpoint: Endpoint;
  /** Whom it talks to. */
  host = 'n1';
  private client: NodeClient;

  constructor(endpoint: Endpoint) {
    this.endpoint = endpoint;
    this.client = new NodeClient(endpoint, { clientId: 'test' });
  }

  to(host: string): this {
    this.host = host;
    return this;
  }

  /** What it calls itself in the headers of its requests. */
  as(clientId: string): this {
    this.client = new NodeClient(this.endpoint, { clientId });
    return this;
  }

  request<N extends ApiName>(name: N, version: number, body: RequestInputBody<N>): Promise<ReceivedBody<N>> {
    return new Promise((resolve, reject) => {
      this.client.request({ host: this.host, port: PORT }, name, version, body, TIMEOUT_MS, (outcome) => {
        if (outcome.kind === 'response') resolve(outcome.body);
        else reject(new Error(outcome.reason));
      });
    });
  }

  async produce(topic: string, index: number, records: readonly string[], settings: ProduceSettings = {}) {
    const { acks = -1, timeoutMs = 30_000, version = 8, bytes, ...options } = settings;
    const batch = bytes === undefined ? batchOf(records, options) : bytes;
    const body = {
      acks,
      timeoutMs,
      topicData: [{ name: topic, partitionData: [{ index, records: batch }] }],
    };
    const { responses } = await this.request('produce', version, body);
    const [answer] = responses[0]?.partitionResponses ?? [];
    if (answer === undefined) throw new Error('an answer without a partition');
    return answer;
  }

  /** With acks=0. */
  post(topic: string, index: number, records: readonly string[]): void {
    const topicData = [{ name: topic, partitionData: [{ index, records: batchOf(records) }] }];
    this.client.post({ host: this.host, port: PORT }, 'produce', 8, { acks: 0, timeoutMs: 1000, topicData });
  }

  async fetchMany(topic: string, indexes: readonly number[], settings: FetchSettings & { offset?: number }) {
    const { maxWaitMs = 0, minBytes = 1, maxBytes = 1 << 20, isolation = 0, offset = 0 } = settings;
    const { partitionMaxBytes = 1 << 20, leaderEpoch: currentLeaderEpoch = -1 } = settings;
    const partitions = indexes.map((partition) => ({
      partition,
      fetchOffset: offset,
      partitionMaxBytes,
      currentLeaderEpoch,
    }));
    const body = { maxWaitMs, minBytes, maxBytes, isolationLevel: isolation, forgottenTopicsData: [] };
    const answer = await this.request('fetch', 11, { ...body, topics: [{ topic, partitions }] });
    if (answer.errorCode !== 0 || answer.sessionId !== 0) throw new Error(`fetch: ${answer.errorCode}`);
    return answer.responses[0]?.partitions ?? [];
  }

  async fetch(topic: string, index: number, offset: number, settings: FetchSettings = {}) {
    const [answer] = await this.fetchMany(topic, [index], { ...settings, offset });
    if (answer === undefined) throw new Error('an answer without a partition');
    return answer;
  }

  async listOffsets(topic: string, partitionIndex: number, timestamp: number, isolationLevel = 0) {
    const topics = [{ name: topic, partitions: [{ partitionIndex, timestamp }] }];
    const answer = await this.request('listOffsets', 5, { replicaId: -1, isolationLevel, topics });
    const [found] = answer.topics[0]?.partitions ?? [];
    if (found === undefined) throw new Error('an answer without a partition');
    return found;
  }

  /** As `offset:value`. */
  async records(
    topic: string,
    index: number,
    offset: number,
    options: FetchSettings = {},
  ): Promise<string[]> {
    const { records, errorCode } = await this.fetch(topic, index, offset, options);
    if (errorCode !== 0) throw new Error(`fetch: ${errorCode}`);
    return describeRecords(records ?? new Uint8Array(0));
  }

  invoke(): Promise<Completion> {
    throw new Error('not this way');
  }

  close(): void {
    this.client.close();
  }
}
