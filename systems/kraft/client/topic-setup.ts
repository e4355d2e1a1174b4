/**
 * Topics that operations name: made where they are not, and waited for.
 *
 *     await ensureTopics(client, ['t0'], context, deadlineMs);
 *
 * Several clients may do so at once: who comes second is told that the topic exists, which is as good.
 */
import type { Address } from '../../runtime/runtime.ts';
import { ERROR, isRetriable } from '../wire/error-codes.ts';
import { Admin } from './admin.ts';
import { ClientError } from './client-error.ts';
import type { ClientOptions } from './client-options.ts';
import type { KafkaClient } from './kafka-client.ts';

/** Topics as the options say that they are made. */
export function newTopic(topic: string, options: ClientOptions) {
  return {
    topic,
    partitions: options.partitions,
    replicationFactor: options.replicationFactor,
    configs: { 'min.insync.replicas': String(options.minInsyncReplicas) },
  };
}

/** @throws ClientError always definite */
export async function ensureTopics(
  client: KafkaClient,
  topics: readonly string[],
  context: { readonly address: Address; readonly options: ClientOptions },
  deadlineMs: number,
): Promise<void> {
  for (const topic of topics) {
    while (client.metadata.topic(topic) === undefined) {
      let failure: ClientError;
      try {
        failure = await look(client, topic, context, deadlineMs);
        if (isThere(client, topic)) break;
      } catch (error) {
        if (!(error instanceof ClientError)) throw error;
        failure = error.asDefinite();
        if (error.errorCode !== null && !passes(error.errorCode)) throw failure;
      }
      client.metadata.forget(topic);
      await client.pause(deadlineMs, failure);
    }
  }
}

/** While a cluster starts, fewer brokers are registered than a topic wants replicas: the others will come. */
function passes(errorCode: number): boolean {
  return isRetriable(errorCode) || errorCode === ERROR.INVALID_REPLICATION_FACTOR;
}

async function look(
  client: KafkaClient,
  topic: string,
  { address, options }: { readonly address: Address; readonly options: ClientOptions },
  deadlineMs: number,
): Promise<ClientError> {
  const { topics } = await client.refresh([topic], deadlineMs);
  if (topics[0]?.errorCode === ERROR.UNKNOWN_TOPIC_OR_PARTITION) {
    try {
      await new Admin(client).createTopic(address, newTopic(topic, options), deadlineMs);
    } catch (error) {
      if (!(error instanceof ClientError) || error.errorCode !== ERROR.TOPIC_ALREADY_EXISTS) throw error;
    }
  }
  return ClientError.own('not-prepared', `the topic ${topic} is being created`);
}

function isThere(client: KafkaClient, topic: string): boolean {
  const partitions = [...(client.metadata.topic(topic)?.values() ?? [])];
  return partitions.length > 0 && partitions.every(({ leaderId }) => leaderId >= 0);
}
