/**
 * Administration: topics, configurations, elections, reassignments, the quorum.
 *
 *     const admin = new Admin(client);
 *     await admin.createTopic(address, { topic: 't0', partitions: 3, replicationFactor: 3, configs: {} }, deadlineMs);
 *
 * Each request goes to one broker, which passes on what is the controller's, and is sent once.
 */
import type { Address } from '../../runtime/runtime.ts';
import { METADATA_TOPIC } from '../internal-topics.ts';
import type { ReceivedBody } from '../node/network/node-client.ts';
import { CONFIG_OPERATION, RESOURCE_TYPE } from '../wire/api/configs.ts';
import { ELECTION_TYPE } from '../wire/api/topics.ts';
import { ERROR } from '../wire/error-codes.ts';
import { checkCode, ClientError } from './client-error.ts';
import type { KafkaClient } from './kafka-client.ts';
import type { PartitionKey } from './operations.ts';
import { byTopic } from './topic-groups.ts';

export interface NewTopic {
  readonly topic: string;
  readonly partitions: number;
  readonly replicationFactor: number;
  readonly configs: Readonly<Record<string, string>>;
}

export type QuorumView = ReceivedBody<'describeQuorum'>['topics'][number]['partitions'][number];
export type TopicView = ReceivedBody<'metadata'>['topics'][number];

export class Admin {
  private readonly client: KafkaClient;

  constructor(client: KafkaClient) {
    this.client = client;
  }

  async createTopic(address: Address, topic: NewTopic, deadlineMs: number): Promise<void> {
    const { topics } = await this.client.request(
      address,
      'createTopics',
      {
        topics: [
          {
            name: topic.topic,
            numPartitions: topic.partitions,
            replicationFactor: topic.replicationFactor,
            assignments: [],
            configs: Object.entries(topic.configs).map(([name, value]) => ({ name, value })),
          },
        ],
        timeoutMs: this.timeoutMs,
      },
      { deadlineMs },
    );
    checkCode(topics[0]?.errorCode ?? ERROR.UNKNOWN_SERVER_ERROR, `the creation of ${topic.topic}`);
  }

  async deleteTopic(address: Address, topic: string, deadlineMs: number): Promise<void> {
    const body = { topicNames: [topic], timeoutMs: this.timeoutMs };
    const { responses } = await this.client.request(address, 'deleteTopics', body, { deadlineMs });
    const errorCode = responses[0]?.errorCode ?? ERROR.UNKNOWN_SERVER_ERROR;
    const what = `the deletion of ${topic}`;
    // Where there is no such topic nothing was deleted.
    if (errorCode === ERROR.UNKNOWN_TOPIC_OR_PARTITION)
      throw ClientError.answered(errorCode, what).asDefinite();
    checkCode(errorCode, what);
  }

  /** As one broker knows it. @param topics - null: all */
  async describe(
    address: Address,
    topics: readonly string[] | null,
    deadlineMs: number,
  ): Promise<readonly TopicView[]> {
    const body = { topics: topics?.map((name) => ({ name })) ?? null, allowAutoTopicCreation: false };
    const response = await this.client.request(address, 'metadata', body, { deadlineMs });
    this.client.metadata.absorb(response);
    return response.topics;
  }

  async describeQuorum(address: Address, deadlineMs: number): Promise<QuorumView> {
    const what = 'the description of the quorum';
    const topics = [{ topicName: METADATA_TOPIC, partitions: [{ partitionIndex: 0 }] }];
    const answer = await this.client.request(address, 'describeQuorum', { topics }, { deadlineMs });
    checkCode(answer.errorCode, what);
    const partition = answer.topics[0]?.partitions[0];
    checkCode(partition?.errorCode ?? ERROR.UNKNOWN_SERVER_ERROR, what);
    return partition as QuorumView;
  }

  /** Values by name. */
  async describeConfigs(
    address: Address,
    topic: string,
    deadlineMs: number,
  ): Promise<Readonly<Record<string, string | null>>> {
    const resources = [{ resourceType: RESOURCE_TYPE.topic, resourceName: topic, configurationKeys: null }];
    const { results } = await this.client.request(address, 'describeConfigs', { resources }, { deadlineMs });
    checkCode(results[0]?.errorCode ?? ERROR.UNKNOWN_SERVER_ERROR, `the configuration of ${topic}`);
    return Object.fromEntries((results[0]?.configs ?? []).map(({ name, value }) => [name, value]));
  }

  /** @param changes - null: back to the default */
  async alterConfigs(
    address: Address,
    topic: string,
    changes: Readonly<Record<string, string | null>>,
    deadlineMs: number,
  ): Promise<void> {
    const configs = Object.entries(changes).map(([name, value]) => ({
      name,
      value,
      configOperation: value === null ? CONFIG_OPERATION.delete : CONFIG_OPERATION.set,
    }));
    const resources = [{ resourceType: RESOURCE_TYPE.topic, resourceName: topic, configs }];
    const body = { resources, validateOnly: false };
    const { responses } = await this.client.request(address, 'incrementalAlterConfigs', body, { deadlineMs });
    checkCode(responses[0]?.errorCode ?? ERROR.UNKNOWN_SERVER_ERROR, `the configuration of ${topic}`);
  }

  async electLeaders(
    address: Address,
    election: keyof typeof ELECTION_TYPE,
    keys: readonly PartitionKey[],
    deadlineMs: number,
  ): Promise<void> {
    const topics = byTopic(
      keys.map((key) => ({ key })),
      ({ key }) => key.partition,
    );
    const answer = await this.client.request(
      address,
      'electLeaders',
      {
        electionType: ELECTION_TYPE[election],
        topicPartitions: topics.map(({ name, partitions }) => ({ topic: name, partitions })),
        timeoutMs: this.timeoutMs,
      },
      { deadlineMs },
    );
    checkCode(answer.errorCode, 'an election of leaders');
    for (const { topic, partitionResult } of answer.replicaElectionResults) {
      for (const { partitionId, errorCode } of partitionResult) {
        if (errorCode !== ERROR.ELECTION_NOT_NEEDED)
          checkCode(errorCode, `an election of a leader of ${topic}-${partitionId}`);
      }
    }
  }

  /** @param replicas - null: cancels the reassignment that is under way */
  async reassign(
    address: Address,
    { topic, partition, name }: PartitionKey,
    replicas: readonly number[] | null,
    deadlineMs: number,
  ): Promise<void> {
    const topics = [{ name: topic, partitions: [{ partitionIndex: partition, replicas }] }];
    const body = { timeoutMs: this.timeoutMs, topics };
    const answer = await this.client.request(address, 'alterPartitionReassignments', body, { deadlineMs });
    checkCode(answer.errorCode, `the reassignment of ${name}`);
    checkCode(answer.responses[0]?.partitions[0]?.errorCode ?? 0, `the reassignment of ${name}`);
  }

  async reassignments(
    address: Address,
    deadlineMs: number,
  ): Promise<ReceivedBody<'listPartitionReassignments'>['topics']> {
    const body = { timeoutMs: this.timeoutMs, topics: null };
    const answer = await this.client.request(address, 'listPartitionReassignments', body, { deadlineMs });
    checkCode(answer.errorCode, 'the reassignments');
    return answer.topics;
  }

  private get timeoutMs(): number {
    return this.client.options.requestTimeoutMs;
  }
}
