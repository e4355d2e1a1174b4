/**
 * CreateTopics, CreatePartitions and DeleteTopics as the controller decides them. Each topic of a request succeeds or fails by
 * itself, and is answered in the order in which it was asked for.
 *
 *     createTopics({ topics: [{ name: 'orders', numPartitions: 3, replicationFactor: 3, assignments: [], configs: [] }],
 *       timeoutMs: 5000, validateOnly: false }, 4).decide(core, nowMs);
 */
import type { CreateTopicResult, DeleteTopicResult, NewTopic } from '../../controller/topics.ts';
import type { RequestBody } from '../../wire/apis.ts';
import { ZERO_UUID } from '../../wire/bytes.ts';
import { CONFIG_SOURCE } from '../../wire/api/configs.ts';
import { topicsToDelete } from '../../wire/api/topics.ts';
import type { ItemError, Prepare } from './prepared-request.ts';
import { errorFields, mapOutcome, Plan, repeated } from './prepared-request.ts';

type AskedTopic = RequestBody<'createTopics'>['topics'][number];

export const createTopics: Prepare<'createTopics'> = ({ topics, timeoutMs, validateOnly }) => {
  const plan = new Plan(topics.map(newTopic));
  const answer = (results: readonly (ItemError | CreateTopicResult)[]) => ({
    topics: topics.map(({ name }, i) => {
      const result = results[i] as ItemError | CreateTopicResult;
      return { name, ...errorFields(result), ...('configs' in result && createdFields(result)) };
    }),
  });
  return {
    timeoutMs,
    decide: (core, nowMs) =>
      mapOutcome(core.createTopics(nowMs, { topics: plan.accepted, validateOnly }), (results) =>
        answer(plan.answers(results)),
      ),
    refuse: (error, message) => answer(topics.map(() => ({ error, message }))),
  };
};

const SOURCES = {
  ...{ topic: CONFIG_SOURCE.topic, broker: CONFIG_SOURCE.dynamicBroker },
  ...{ cluster: CONFIG_SOURCE.dynamicDefaultBroker, static: CONFIG_SOURCE.staticBroker },
  default: CONFIG_SOURCE.default,
} as const;

/** What it was made as, or would be (KIP-525). */
function createdFields({ topicId, partitions, replicationFactor, configs }: CreateTopicResult) {
  return {
    topicId: topicId ?? ZERO_UUID,
    numPartitions: partitions,
    replicationFactor,
    configs: configs.map(({ name, value, source }) => ({
      ...{ name, value, readOnly: false, configSource: SOURCES[source], isSensitive: false },
    })),
  };
}

function newTopic(asked: AskedTopic): NewTopic | ItemError {
  const { name, numPartitions, replicationFactor } = asked;
  const valueless = asked.configs.find(({ value }) => value === null);
  if (valueless !== undefined) {
    return { error: 'INVALID_CONFIG', message: `the configuration ${valueless.name} has no value` };
  }
  const assignments = new Map(asked.assignments.map((each) => [each.partitionIndex, each.brokerIds]));
  if (assignments.size < asked.assignments.length) {
    return { error: 'INVALID_REPLICA_ASSIGNMENT', message: 'a partition is assigned twice' };
  }
  return {
    name,
    partitions: numPartitions,
    replicationFactor,
    assignments: assignments.size === 0 ? null : assignments,
    configs: Object.fromEntries(asked.configs.map(({ name: key, value }) => [key, value as string])),
  };
}

const namedTwice = (name: string): ItemError => ({
  error: 'INVALID_REQUEST',
  message: `topic ${name} is named twice`,
});

export const createPartitions: Prepare<'createPartitions'> = ({ topics, timeoutMs, validateOnly }) => {
  const twice = repeated(topics.map(({ name }) => name));
  const plan = new Plan(
    topics.map(({ name, count, assignments }) =>
      twice.has(name)
        ? namedTwice(name)
        : { name, count, assignments: assignments?.map(({ brokerIds }) => brokerIds) ?? null },
    ),
  );
  const answer = (errors: readonly ItemError[]) => ({
    results: topics.map(({ name }, i) => ({ name, ...errorFields(errors[i] as ItemError) })),
  });
  return {
    timeoutMs,
    decide: (core, nowMs) =>
      mapOutcome(core.createPartitions(nowMs, { topics: plan.accepted, validateOnly }), (results) =>
        answer(plan.answers(results)),
      ),
    refuse: (error, message) => answer(topics.map(() => ({ error, message }))),
  };
};

const NOT_NAMED_ONCE: ItemError = {
  error: 'INVALID_REQUEST',
  message: 'a topic is deleted by its name or by its id, one of them',
};

/** `delete.topic.enable=false`; the error came with version 3. */
export const keepTopics: Prepare<'deleteTopics'> = (body, version) => ({
  ...deleteTopics(body, version),
  decide: () => ({
    kind: 'refusal',
    error: version < 3 ? 'INVALID_REQUEST' : 'TOPIC_DELETION_DISABLED',
    message: 'topics are not deleted here',
  }),
});

export const deleteTopics: Prepare<'deleteTopics'> = (body) => {
  const { timeoutMs } = body;
  const topics = topicsToDelete(body);
  const twice = repeated(topics.map(({ name, topicId }) => name ?? topicId));
  const plan = new Plan(
    topics.map(({ name, topicId }) => {
      if (twice.has(name ?? topicId)) return namedTwice(name ?? topicId);
      if ((name === null) === (topicId === ZERO_UUID)) return NOT_NAMED_ONCE;
      return name === null ? { topicId } : { name };
    }),
  );
  const answer = (
    results: readonly (ItemError & Partial<Pick<DeleteTopicResult, 'name' | 'topicId'>>)[],
  ) => ({
    responses: topics.map((asked, i) => {
      const result = results[i] as (typeof results)[number];
      return {
        name: result.name ?? asked.name,
        topicId: result.topicId ?? asked.topicId,
        ...errorFields(result),
      };
    }),
  });
  return {
    timeoutMs,
    decide: (core, nowMs) =>
      mapOutcome(core.deleteTopics(nowMs, plan.accepted), (results) => answer(plan.answers(results))),
    refuse: (error, message) => answer(topics.map(() => ({ error, message }))),
  };
};
