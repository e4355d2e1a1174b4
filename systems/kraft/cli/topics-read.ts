/**
 * What the brokers know of topics, as several commands need it.
 *
 *     const names = await topicNames(session, { isInternalExcluded: false });
 *     const topics = await readTopics(session, ['orders']);     // with ids, partitions, eligible leaders
 */
import { isInternalTopic } from '../internal-topics.ts';
import type { ReceivedBody } from '../node/network/node-client.ts';
import { CONFIG_SOURCE, RESOURCE_TYPE } from '../wire/api/configs.ts';
import { ERROR } from '../wire/error-codes.ts';
import type { BrokerSession } from './broker-session.ts';
import { checkAnswer } from './refusals.ts';
import type { PartitionFacts, TopicFacts } from './topic-description.ts';

/** A broker gives at most some thousand partitions at once: as many pages belong to the largest clusters. */
const PAGES_MAX = 1_000;

type Page = ReceivedBody<'describeTopicPartitions'>;
export type Configs = ReceivedBody<'describeConfigs'>['results'][number]['configs'];

/** Sorted. */
export async function topicNames(
  session: BrokerSession,
  { isInternalExcluded }: { readonly isInternalExcluded: boolean },
): Promise<string[]> {
  const { topics } = await session.metadata(null);
  return topics
    .filter(({ errorCode }) => errorCode !== ERROR.UNKNOWN_TOPIC_OR_PARTITION)
    .map(({ name }) => name)
    .filter((name) => !(isInternalExcluded && isInternalTopic(name)))
    .sort();
}

/** Partitions by topic, sorted. Topics that are gone meanwhile are left out. */
export async function partitionsOf(
  session: BrokerSession,
  topics: readonly string[],
): Promise<ReadonlyMap<string, readonly number[]>> {
  if (topics.length === 0) return new Map();
  const response = await session.metadata(topics);
  return new Map(
    response.topics
      .filter(({ partitions }) => partitions.length > 0)
      .map(({ name, partitions }) => [
        name,
        partitions.map(({ partitionIndex }) => partitionIndex).sort((a, b) => a - b),
      ]),
  );
}

/** In the order of their names. Topics that are gone meanwhile are left out. */
export async function readTopics(
  session: BrokerSession,
  names: readonly string[],
): Promise<{ readonly topics: readonly TopicFacts[]; readonly configs: ReadonlyMap<string, Configs> }> {
  if (names.length === 0) return { topics: [], configs: new Map() };
  const pages = await readPages(session, names);
  const configs = await readConfigs(session, names);
  const reassigned = await readReassignments(session);
  const topics = new Map<string, { topicId: string; partitions: PartitionFacts[] }>();
  for (const { name, topicId, partitions } of pages) {
    if (name === null) continue;
    const topic = topics.get(name) ?? { topicId, partitions: [] };
    topics.set(name, topic);
    for (const each of partitions) {
      topic.partitions.push({
        partition: each.partitionIndex,
        leader: each.leaderId,
        replicas: each.replicaNodes,
        isr: each.isrNodes,
        elr: each.eligibleLeaderReplicas,
        lastKnownElr: each.lastKnownElr,
        reassignment: reassigned.get(`${name}-${each.partitionIndex}`) ?? null,
      });
    }
  }
  return {
    topics: [...topics]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, { topicId, partitions }]) => ({
        name,
        topicId,
        partitions: partitions.sort((a, b) => a.partition - b.partition),
        configs: (configs.get(name) ?? []).filter(
          ({ configSource }) => configSource !== CONFIG_SOURCE.default,
        ),
      })),
    configs,
  };
}

async function readPages(
  session: BrokerSession,
  names: readonly string[],
): Promise<Page['topics'][number][]> {
  const topics = [...names].sort().map((name) => ({ name }));
  const found: Page['topics'][number][] = [];
  let cursor: Page['nextCursor'] = null;
  for (let page = 0; page < PAGES_MAX; page++) {
    const answer: Page = await session.ask('describeTopicPartitions', { topics, cursor });
    for (const topic of answer.topics) {
      if (topic.errorCode === ERROR.UNKNOWN_TOPIC_OR_PARTITION) continue;
      checkAnswer('topic', topic.errorCode);
      found.push(topic);
    }
    cursor = answer.nextCursor;
    if (cursor === null) break;
  }
  return found;
}

async function readConfigs(
  session: BrokerSession,
  names: readonly string[],
): Promise<ReadonlyMap<string, Configs>> {
  const resources = names.map((resourceName) => ({
    resourceType: RESOURCE_TYPE.topic,
    resourceName,
    configurationKeys: null,
  }));
  const { results } = await session.ask('describeConfigs', { resources });
  for (const { errorCode, errorMessage } of results)
    if (errorCode !== ERROR.UNKNOWN_TOPIC_OR_PARTITION) checkAnswer('topic', errorCode, errorMessage);
  return new Map(results.map(({ resourceName, configs }) => [resourceName, configs]));
}

/** By `topic-partition`. */
async function readReassignments(
  session: BrokerSession,
): Promise<
  ReadonlyMap<string, { readonly adding: readonly number[]; readonly removing: readonly number[] }>
> {
  const answer = await session.ask('listPartitionReassignments', { topics: null });
  checkAnswer('topic', answer.errorCode, answer.errorMessage);
  return new Map(
    answer.topics.flatMap(({ name, partitions }) =>
      partitions.map(({ partitionIndex, addingReplicas, removingReplicas }) => [
        `${name}-${partitionIndex}`,
        { adding: addingReplicas, removing: removingReplicas },
      ]),
    ),
  );
}
