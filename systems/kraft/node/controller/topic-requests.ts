/**
 * CreateTopics, CreatePartitions and DeleteTopics as the controller decides them. Each topic of a request succeeds or fails by
 * itself, and is answered in the order in which it was asked for.
 *
 *     createTopics({ topics: [{ name: 'orders', numPartitions: 3, replicationFactor: 3, assignments: [], configs: [] }],
 *       timeoutMs: 5000, validateOnly: false }, 4).decide(core, nowMs);
 */
import type { NewTopic } from '../../controller/topics.ts';
import type { RequestBody } from '../../wire/apis.ts';
import type { ItemError, Prepare } from './prepared-request.ts';
import { errorFields, mapOutcome, Plan, repeated } from './prepared-request.ts';

type AskedTopic = RequestBody<'createTopics'>['topics'][number];

export const createTopics: Prepare<'createTopics'> = ({ topics, timeoutMs, validateOnly }) => {
  const plan = new Plan(topics.map(newTopic));
  const answer = (errors: readonly ItemError[]) => ({
    topics: topics.map(({ name }, i) => ({ name, ...errorFields(errors[i] as ItemError) })),
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

/** `delete.topic.enable=false`; the error came with version 3. */
export const keepTopics: Prepare<'deleteTopics'> = (body, version) => ({
  ...deleteTopics(body, version),
  decide: () => ({
    kind: 'refusal',
    error: version < 3 ? 'INVALID_REQUEST' : 'TOPIC_DELETION_DISABLED',
    message: 'topics are not deleted here',
  }),
});

export const deleteTopics: Prepare<'deleteTopics'> = ({ topicNames, timeoutMs }) => {
  const twice = repeated(topicNames);
  const plan = new Plan(topicNames.map((name) => (twice.has(name) ? namedTwice(name) : { name })));
  const answer = (errors: readonly ItemError[]) => ({
    responses: topicNames.map((name, i) => {
      const { errorCode } = errorFields(errors[i] as ItemError);
      return { name, errorCode };
    }),
  });
  return {
    timeoutMs,
    decide: (core, nowMs) =>
      mapOutcome(core.deleteTopics(nowMs, plan.accepted), (results) => answer(plan.answers(results))),
    refuse: (error, message) => answer(topicNames.map(() => ({ error, message }))),
  };
};
