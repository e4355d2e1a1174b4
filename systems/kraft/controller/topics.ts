/**
 * Topics: created, given more partitions, deleted.
 *
 *     createTopics(active, { topics: [{ name: 'orders', partitions: 3, replicationFactor: 2, assignments: null, configs: {} }],
 *       validateOnly: false });                       // [{ name: 'orders', topicId: '…', error: 'NONE', … }]
 *
 * A topic is created as a whole or not at all; each of a request succeeds or fails by itself.
 */
import type { ActiveController } from './active-controller.ts';
import type { ConfigChange } from './configs.ts';
import { configRecords } from './configs.ts';
import type { ErrorName, ItemResult } from './errors.ts';
import { NO_ERROR, Refused } from './errors.ts';
import type { Uuid } from './metadata-records.ts';
import { NO_LEADER, RESOURCE } from './metadata-records.ts';
import { placeReplicas } from './placement.ts';
import { configsOfNewTopic } from './raft-partitions.ts';
import { newPartition, partitionToRecord } from './registrations.ts';
import { type EffectiveConfig, effectiveConfig, TOPIC_CONFIG_NAMES } from './topic-configs.ts';
import { checkTopicName, newUuid } from './topic-names.ts';

export interface NewTopic {
  readonly name: string;
  /** −1 for the default. */
  readonly partitions: number;
  /** −1 for the default. */
  readonly replicationFactor: number;
  /** The brokers of each partition, where the caller wants to say so; partitions and factor are −1 then. */
  readonly assignments: ReadonlyMap<number, readonly number[]> | null;
  readonly configs: Readonly<Record<string, string>>;
}

export interface CreateTopicsRequest {
  readonly topics: readonly NewTopic[];
  readonly validateOnly: boolean;
}

export interface CreateTopicResult extends ItemResult {
  readonly name: string;
  readonly topicId: Uuid | null;
  readonly partitions: number;
  readonly replicationFactor: number;
  /** All that hold for it; none where it is refused. */
  readonly configs: readonly NamedConfig[];
}

interface NamedConfig extends EffectiveConfig {
  readonly name: string;
}

export function createTopics(active: ActiveController, request: CreateTopicsRequest): CreateTopicResult[] {
  let room = active.options.maxPartitionsPerRequest;
  const once = new Set<string>();
  const twice = new Set<string>();
  for (const { name } of request.topics) (once.has(name) ? twice : once).add(name);
  return request.topics.map((topic) => {
    try {
      if (twice.has(topic.name)) {
        throw new Refused('INVALID_REQUEST', `topic ${topic.name} is named twice`);
      }
      const replicas = planTopic(active, topic);
      room -= replicas.length;
      if (room < 0) throw tooMany(active);
      const topicId = createTopic(active, topic, replicas, request.validateOnly);
      const replicationFactor = replicas[0]?.length ?? -1;
      const made = { name: topic.name, topicId, partitions: replicas.length, replicationFactor };
      return { ...made, configs: configsOf(active, topic), ...NO_ERROR };
    } catch (thrown) {
      const none = { topicId: null, partitions: -1, replicationFactor: -1, configs: [] };
      return { name: topic.name, ...none, ...refusalOf(thrown) };
    }
  });
}

/** Before the topic is there, too. */
function configsOf(active: ActiveController, { name: topic, configs }: NewTopic): NamedConfig[] {
  const own = new Map(Object.entries(configsOfNewTopic(active, topic, configs)));
  return TOPIC_CONFIG_NAMES.map((name) => {
    const value = own.get(name);
    if (value !== undefined) return { name, value, source: 'topic' };
    return { name, ...effectiveConfig(active.image, active.options, topic, name) };
  });
}

const tooMany = (active: ActiveController): Refused =>
  new Refused(
    'POLICY_VIOLATION',
    `more than ${active.options.maxPartitionsPerRequest} partitions in one request`,
  );

/** What an item is answered when it was refused; anything else is an error of ours. */
function refusalOf(thrown: unknown): ItemResult {
  if (thrown instanceof Refused) return { error: thrown.error, message: thrown.message };
  throw thrown;
}

/** The replicas of each partition. */
function planTopic(active: ActiveController, topic: NewTopic): readonly (readonly number[])[] {
  const wrong = checkTopicName(topic.name);
  if (wrong !== null) throw new Refused('INVALID_TOPIC_EXCEPTION', wrong);
  if (active.image.topicByName(topic.name) !== undefined) {
    throw new Refused('TOPIC_ALREADY_EXISTS', `Topic '${topic.name}' already exists.`);
  }
  const collision = active.topicNames.collision(topic.name);
  if (collision !== undefined) {
    throw new Refused('INVALID_TOPIC_EXCEPTION', `topic ${topic.name} collides with ${collision} in metrics`);
  }
  if (topic.assignments !== null) return manualPlan(active, topic, topic.assignments);
  const { defaultPartitions, defaultReplicationFactor, maxPartitionsPerRequest } = active.options;
  const { partitions, replicationFactor } = topic;
  if (replicationFactor < -1 || replicationFactor === 0) {
    throw new Refused('INVALID_REPLICATION_FACTOR', 'the replication factor must be larger than 0, or -1');
  }
  if (partitions < -1 || partitions === 0) {
    throw new Refused('INVALID_PARTITIONS', 'the number of partitions must be larger than 0, or -1');
  }
  if (partitions > maxPartitionsPerRequest) throw tooMany(active);
  const factor = replicationFactor === -1 ? defaultReplicationFactor : replicationFactor;
  return place(active, partitions === -1 ? defaultPartitions : partitions, factor);
}

function place(active: ActiveController, count: number, factor: number): number[][] {
  const { image } = active;
  const brokers = [...image.brokers.values()]
    .filter((broker) => !broker.inControlledShutdown)
    .map(({ id, rack, fenced }) => ({
      ...{ id, rack, fenced },
      load: image.index.replicaCount(id),
      leaderships: image.index.leaderships(id),
    }));
  try {
    return placeReplicas(active.random, brokers, count, factor);
  } catch (thrown) {
    if (!(thrown instanceof RangeError)) throw thrown;
    const message = `unable to replicate the partition ${factor} times: ${thrown.message}`;
    throw new Refused('INVALID_REPLICATION_FACTOR', message);
  }
}

function manualPlan(
  active: ActiveController,
  topic: NewTopic,
  assignments: ReadonlyMap<number, readonly number[]>,
): readonly (readonly number[])[] {
  if (topic.partitions !== -1 || topic.replicationFactor !== -1) {
    throw new Refused('INVALID_REQUEST', 'with assignments, partitions and replication factor must be -1');
  }
  const plan = Array.from({ length: assignments.size }, (_, id) => assignments.get(id));
  const factor = plan[0]?.length;
  return plan.map((replicas, id) => {
    if (replicas === undefined) {
      throw new Refused('INVALID_REPLICA_ASSIGNMENT', 'partitions must be 0, 1, 2, … without a gap');
    }
    checkAssignment(active, replicas, factor);
    checkSomeActive(active, replicas, id, 'INVALID_REPLICA_ASSIGNMENT');
    return replicas;
  });
}

/** @throws Refused INVALID_REPLICA_ASSIGNMENT */
export function checkAssignment(
  active: ActiveController,
  replicas: readonly number[],
  factor: number | undefined,
): void {
  const refuse = (why: string): never => {
    throw new Refused('INVALID_REPLICA_ASSIGNMENT', why);
  };
  if (replicas.length === 0) refuse('an assignment without a replica');
  if (new Set(replicas).size < replicas.length) refuse(`a broker twice in [${replicas.join(', ')}]`);
  const stranger = replicas.find((broker) => active.broker(broker) === undefined);
  if (stranger !== undefined) refuse(`broker ${stranger} is not registered`);
  if (factor !== undefined && replicas.length !== factor) {
    refuse(`${replicas.length} replicas, where other partitions have ${factor}`);
  }
}

function checkSomeActive(
  active: ActiveController,
  replicas: readonly number[],
  partitionId: number,
  error: ErrorName,
): void {
  if (replicas.some((broker) => active.isActive(broker))) return;
  throw new Refused(error, `all brokers of partition ${partitionId} are fenced or shutting down`);
}

function createTopic(
  active: ActiveController,
  topic: NewTopic,
  plan: readonly (readonly number[])[],
  validateOnly: boolean,
): Uuid | null {
  plan.forEach((replicas, id) => checkSomeActive(active, replicas, id, 'INVALID_REPLICATION_FACTOR'));
  const changes = Object.entries(configsOfNewTopic(active, topic.name, topic.configs)).map(
    ([name, value]): ConfigChange => ({
      name,
      operation: 'set',
      value,
    }),
  );
  const configs = configRecords(active, RESOURCE.topic, topic.name, changes);
  if ('error' in configs) throw new Refused(configs.error, configs.message ?? '');
  if (validateOnly) return null;
  let topicId = newUuid(active.random);
  while (active.image.topics.has(topicId)) topicId = newUuid(active.random);
  active.emit({ type: 'topic', name: topic.name, topicId });
  active.topicNames.created(topic.name);
  for (const record of configs) active.emit(record);
  plan.forEach((replicas, partitionId) => emitPartition(active, topicId, partitionId, replicas));
  return topicId;
}

function emitPartition(
  active: ActiveController,
  topicId: Uuid,
  partitionId: number,
  replicas: readonly number[],
): void {
  const isRaft = active.isRaft({ topicId });
  const isr = isRaft ? replicas : replicas.filter((broker) => active.isActive(broker));
  const directories = replicas.map((broker) => active.directoryFor(broker));
  const partition = newPartition(topicId, partitionId, replicas, directories, isr);
  // A group is led by nobody until it has elected.
  active.emit(partitionToRecord(isRaft ? { ...partition, leader: NO_LEADER } : partition));
}

export interface CreatePartitionsRequest {
  readonly topics: readonly {
    readonly name: string;
    /** How many partitions the topic shall have in all. */
    readonly count: number;
    /** The brokers of each new one, or null. */
    readonly assignments: readonly (readonly number[])[] | null;
  }[];
  readonly validateOnly: boolean;
}

export interface TopicResult extends ItemResult {
  readonly name: string;
}

export function createPartitions(active: ActiveController, request: CreatePartitionsRequest): TopicResult[] {
  return request.topics.map(({ name, count, assignments }) => {
    try {
      addPartitions(active, name, count, assignments, request.validateOnly);
      return { name, ...NO_ERROR };
    } catch (thrown) {
      return { name, ...refusalOf(thrown) };
    }
  });
}

function addPartitions(
  active: ActiveController,
  name: string,
  count: number,
  assignments: readonly (readonly number[])[] | null,
  validateOnly: boolean,
): void {
  const topic = active.image.topicByName(name);
  if (topic === undefined) throw new Refused('UNKNOWN_TOPIC_OR_PARTITION', `there is no topic ${name}`);
  const present = topic.partitions.size;
  const additional = count - present;
  if (additional <= 0) {
    throw new Refused('INVALID_PARTITIONS', `topic ${name} has ${present} partitions: ${count} are not more`);
  }
  if (additional > active.options.maxPartitionsPerRequest) throw tooMany(active);
  if (assignments !== null && assignments.length !== additional) {
    const message = `${additional} partitions are new, and ${assignments.length} are assigned`;
    throw new Refused('INVALID_REPLICA_ASSIGNMENT', message);
  }
  const factor = topic.partitions.get(0)?.replicas.length ?? active.options.defaultReplicationFactor;
  for (const replicas of assignments ?? []) checkAssignment(active, replicas, factor);
  const plan = assignments ?? place(active, additional, factor);
  const error = assignments === null ? 'INVALID_REPLICATION_FACTOR' : 'INVALID_REPLICA_ASSIGNMENT';
  plan.forEach((replicas, i) => checkSomeActive(active, replicas, present + i, error));
  if (validateOnly) return;
  plan.forEach((replicas, i) => emitPartition(active, topic.id, present + i, replicas));
}

/** By name or by id. */
export type DeleteTopicsRequest = readonly ({ readonly name: string } | { readonly topicId: Uuid })[];

export interface DeleteTopicResult extends ItemResult {
  readonly name: string | null;
  readonly topicId: Uuid | null;
}

export function deleteTopics(active: ActiveController, request: DeleteTopicsRequest): DeleteTopicResult[] {
  return request.map((wanted) => {
    const { image } = active;
    const topic = 'name' in wanted ? image.topicByName(wanted.name) : image.topics.get(wanted.topicId);
    if (topic !== undefined) {
      active.emit({ type: 'remove-topic', topicId: topic.id });
      active.topicNames.deleted(topic.name);
      return { name: topic.name, topicId: topic.id, ...NO_ERROR };
    }
    if ('name' in wanted) {
      return {
        name: wanted.name,
        topicId: null,
        error: 'UNKNOWN_TOPIC_OR_PARTITION',
        message: `there is no topic ${wanted.name}`,
      };
    }
    return {
      name: null,
      topicId: wanted.topicId,
      error: 'UNKNOWN_TOPIC_ID',
      message: `there is no topic with the id ${wanted.topicId}`,
    };
  });
}
