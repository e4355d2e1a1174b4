/**
 * Who asks controllers in tests: with requests of brokers and, in Envelopes, of clients.
 *
 *     const epoch = await asker.join(1, 11);                    // broker 11 registers with node 1 and unfences
 *     await asker.createTopics(1, 'orders');                    // { kind: 'answer', errors: [0] }
 */
import type { Runtime } from '../../../../runtime/runtime.ts';
import type { ApiName, RequestInputBody } from '../../../wire/apis.ts';
import { APIS } from '../../../wire/apis.ts';
import { Reader } from '../../../wire/bytes.ts';
import { ERROR, errorName } from '../../../wire/error-codes.ts';
import { LENGTH_BYTES } from '../../../wire/frames.ts';
import { readResponseHeader } from '../../../wire/headers.ts';
import { encodeRequest } from '../../../wire/requests.ts';
import type { NodeOutcome, ReceivedBody } from '../../network/node-client.ts';
import { NodeClient } from '../../network/node-client.ts';
import { answerOf, send } from '../../testing/in-sim.ts';

export const CONTROLLER_PORT = 9093;
export const CLUSTER_ID = 'MkU3OEVBNTcwNTJENDM2Qg';
const ASK_TIMEOUT_MS = 20_000;
export const CORRELATION_ID = 7;

/** Of each topic, by name; or of the envelope as a whole; or nothing came. */
export type Created =
  | { readonly kind: 'answer'; readonly errors: readonly string[] }
  | { readonly kind: 'refused' | 'failed'; readonly reason: string };

export class Asker {
  /** Set when the node that asks has started. */
  runtime: Runtime | null = null;

  /** A connection of its own, so that one that waits holds up no other. */
  newClient(): NodeClient {
    return new NodeClient(this.runtime as Runtime, { clientId: 'client' });
  }

  async send<N extends ApiName>(
    id: number,
    name: N,
    version: number,
    body: RequestInputBody<N>,
    timeoutMs = ASK_TIMEOUT_MS,
  ): Promise<NodeOutcome<N>> {
    const client = this.newClient();
    const outcome = await send(
      client,
      { host: `n${id}`, port: CONTROLLER_PORT },
      name,
      version,
      body,
      timeoutMs,
    );
    client.close();
    return outcome;
  }

  /** @throws Error where there is no answer */
  async ask<N extends ApiName>(
    id: number,
    name: N,
    version: number,
    body: RequestInputBody<N>,
  ): Promise<ReceivedBody<N>> {
    return answerOf(await this.send(id, name, version, body));
  }

  /** As a broker passes on what a client sent. */
  async createTopics(
    id: number,
    names: string | readonly string[],
    more: Partial<RequestInputBody<'createTopics'>> & {
      readonly partitions?: number;
      readonly replicationFactor?: number;
    } = {},
    timeoutMs = ASK_TIMEOUT_MS,
  ): Promise<Created> {
    const { partitions = 1, replicationFactor = 1, ...rest } = more;
    const topics = (typeof names === 'string' ? [names] : names).map((name) => ({
      ...{ name, numPartitions: partitions, replicationFactor, assignments: [], configs: [] },
    }));
    const identity = { correlationId: CORRELATION_ID, clientId: 'kafkajs' };
    const frame = encodeRequest(APIS.createTopics, 4, identity, { topics, ...rest });
    const body = {
      requestData: frame.subarray(LENGTH_BYTES),
      requestPrincipal: null,
      clientHostAddress: new Uint8Array(0),
    };
    const outcome = await this.send(id, 'envelope', 0, body, timeoutMs);
    if (outcome.kind === 'failed') return { kind: 'failed', reason: outcome.reason };
    const { errorCode, responseData } = outcome.body;
    if (responseData === null) return { kind: 'refused', reason: errorName(errorCode) };
    const reader = new Reader(responseData);
    if (errorCode !== ERROR.NONE || readResponseHeader(reader, 0) !== CORRELATION_ID) {
      throw new Error('an envelope that contradicts itself');
    }
    const answer = APIS.createTopics.response.decode(reader, 4);
    return { kind: 'answer', errors: answer.topics.map((topic) => errorName(topic.errorCode)) };
  }

  /** @returns its epoch */
  async register(controller: number, brokerId: number): Promise<number> {
    const letter = String.fromCharCode(65 + brokerId);
    const { brokerEpoch } = await this.ask(controller, 'brokerRegistration', 4, {
      brokerId,
      clusterId: CLUSTER_ID,
      incarnationId: `AAAAAAAAAAAAAAAAAAAA${letter}A`,
      listeners: [{ name: 'PLAINTEXT', host: `b${brokerId}`, port: 9092 }],
      features: [],
      rack: null,
      logDirs: [`AAAAAAAAAAAAAAAAAAA${letter}AA`],
    });
    return brokerEpoch;
  }

  /** Registers and unfences. @returns its epoch */
  async join(controller: number, brokerId: number): Promise<number> {
    const brokerEpoch = await this.register(controller, brokerId);
    await this.heartbeat(controller, brokerId, brokerEpoch);
    return brokerEpoch;
  }

  heartbeat(
    controller: number,
    brokerId: number,
    brokerEpoch: number,
  ): Promise<ReceivedBody<'brokerHeartbeat'>> {
    return this.ask(controller, 'brokerHeartbeat', 1, {
      brokerId,
      brokerEpoch,
      currentMetadataOffset: brokerEpoch,
      wantFence: false,
      wantShutDown: false,
    });
  }
}
