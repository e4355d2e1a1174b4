/** Requests and answers of the controller, on a controller in memory. Every answer can be said in every version that is served. */
import { describe, expect, test } from 'vitest';
import { ControllerRig } from '../../controller/testing/controller-rig.ts';
import { CONFIG_OPERATION, RESOURCE_TYPE } from '../../wire/api/configs.ts';
import { ELECTION_TYPE } from '../../wire/api/topics.ts';
import { servedApi } from '../../wire/api-keys.ts';
import type { ApiName, RequestBody, RequestInputBody, ResponseBody } from '../../wire/apis.ts';
import { APIS } from '../../wire/apis.ts';
import { Reader, Writer, ZERO_UUID } from '../../wire/bytes.ts';
import { ERROR } from '../../wire/error-codes.ts';
import type { Api } from '../../wire/schema.ts';
import * as brokers from './broker-requests.ts';
import * as configs from './config-requests.ts';
import type { Prepare } from './prepared-request.ts';
import { itemCount } from './prepared-request.ts';
import * as replicas from './replica-requests.ts';
import * as topics from './topic-requests.ts';

const { keepTopics: _, ...topicRequests } = topics;
const PREPARE = { ...brokers, ...configs, ...replicas, ...topicRequests };
type Name = keyof typeof PREPARE;

/** @returns the answer as its asker reads it */
function ask<N extends Name>(rig: ControllerRig, name: N, version: number, body: RequestInputBody<N>) {
  const api = APIS[name] as unknown as Api;
  const read = decoded(api, version, 'request', body) as RequestBody<N>;
  const request = (PREPARE[name] as unknown as Prepare<N>)(read, version);
  let answer: ResponseBody<N> | null = null;
  rig.perform(
    request.decide(rig.core, rig.nowMs),
    (response) => (answer = response),
    ({ error, message }) => (answer = request.refuse(error, message)),
  );
  rig.commit();
  return decoded(api, version, 'response', answer as unknown as object);
}

function decoded(api: Api, version: number, side: 'request' | 'response', body: object) {
  const writer = new Writer();
  api[side].encode(writer, version, body);
  return api[side].decode(new Reader(writer.take()), version);
}

function withBrokers(count: number, bugs: readonly string[] = []): ControllerRig {
  const rig = new ControllerRig({ bugs });
  for (let id = 1; id <= count; id++) join(rig, id);
  return rig;
}

const registration = (brokerId: number): RequestInputBody<'brokerRegistration'> => ({
  brokerId,
  clusterId: 'cluster',
  incarnationId: `AAAAAAAAAAAAAAAAAAAA${brokerId}A`,
  listeners: [{ name: 'PLAINTEXT', host: `b${brokerId}`, port: 9092 }],
  features: [],
  rack: 'r',
  logDirs: [`AAAAAAAAAAAAAAAAAAA${brokerId}AA`],
});

function join(rig: ControllerRig, brokerId: number): number {
  const { brokerEpoch } = ask(rig, 'brokerRegistration', 4, registration(brokerId)) as {
    readonly brokerEpoch: number;
  };
  expect(heartbeat(rig, brokerId, brokerEpoch)).toMatchObject({ errorCode: 0, isFenced: false });
  return brokerEpoch;
}

const heartbeat = (rig: ControllerRig, brokerId: number, brokerEpoch: number) =>
  ask(rig, 'brokerHeartbeat', 1, {
    ...{ brokerId, brokerEpoch, currentMetadataOffset: 1_000_000 },
    ...{ wantFence: false, wantShutDown: false },
  });

const topic = (name: string, more: object = {}) => ({
  ...{ name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] },
  ...more,
});

const create = (rig: ControllerRig, ...asked: ReturnType<typeof topic>[]) =>
  ask(rig, 'createTopics', 4, { topics: asked });

const code = (error: keyof typeof ERROR) => ({ errorCode: ERROR[error] });

describe('topics', () => {
  test('each is answered in the order in which it was asked for', () => {
    const rig = withBrokers(3);
    const answer = create(
      rig,
      topic('a', { configs: [{ name: 'retention.ms', value: '1000' }] }),
      topic('no-value', { configs: [{ name: 'retention.ms', value: null }] }),
      topic('twice'),
      topic('b', { numPartitions: -1, replicationFactor: -1 }),
      topic('twice-assigned', {
        ...{ numPartitions: -1, replicationFactor: -1 },
        assignments: [
          { partitionIndex: 0, brokerIds: [1] },
          { partitionIndex: 0, brokerIds: [2] },
        ],
      }),
      topic('twice'),
      topic('c', {
        ...{ numPartitions: -1, replicationFactor: -1 },
        assignments: [
          { partitionIndex: 1, brokerIds: [3, 1] },
          { partitionIndex: 0, brokerIds: [2, 3] },
        ],
      }),
      topic('no/name'),
      topic('wide', { replicationFactor: 4 }),
      topic('wrong', { configs: [{ name: '__proto__', value: 'x' }] }),
    );
    expect(answer).toMatchObject({
      topics: [
        { name: 'a', ...code('NONE'), errorMessage: null },
        { name: 'no-value', ...code('INVALID_CONFIG') },
        { name: 'twice', ...code('INVALID_REQUEST'), errorMessage: 'topic twice is named twice' },
        { name: 'b', ...code('NONE') },
        { name: 'twice-assigned', ...code('INVALID_REPLICA_ASSIGNMENT') },
        { name: 'twice', ...code('INVALID_REQUEST') },
        { name: 'c', ...code('NONE') },
        { name: 'no/name', ...code('INVALID_TOPIC_EXCEPTION') },
        { name: 'wide', ...code('INVALID_REPLICATION_FACTOR') },
        { name: 'wrong', ...code('INVALID_CONFIG'), errorMessage: 'unknown configuration __proto__' },
      ],
    });
    const { image } = rig.core;
    expect(image.configs(2, 'a')?.get('retention.ms')).toBe('1000');
    expect([...(image.topicByName('c')?.partitions.values() ?? [])].map((p) => p.replicas)).toEqual([
      [2, 3],
      [3, 1],
    ]);
    expect(image.topics.size).toBe(3);
  });

  test('only validated, nothing happens', () => {
    const rig = withBrokers(1);
    const body = { topics: [topic('a'), topic('no/name')], validateOnly: true };
    expect(ask(rig, 'createTopics', 2, body)).toMatchObject({
      topics: [code('NONE'), code('INVALID_TOPIC_EXCEPTION')],
    });
    expect(rig.core.image.topics.size).toBe(0);
    create(rig, topic('a'));
    const more = { topics: [{ name: 'a', count: 2, assignments: null }], timeoutMs: 1, validateOnly: true };
    expect(ask(rig, 'createPartitions', 1, more)).toMatchObject({ results: [code('NONE')] });
    expect(rig.core.image.topicByName('a')?.partitions.size).toBe(1);
  });

  test('a message that repeats a long name fits into its answer', () => {
    const answer = create(withBrokers(1), topic('/'.repeat(32_767)));
    expect(answer).toMatchObject({ topics: [code('INVALID_TOPIC_EXCEPTION')] });
  });

  test('get more partitions, by placement or as assigned', () => {
    const rig = withBrokers(2);
    create(rig, topic('a'), topic('b'), topic('c'));
    const answer = ask(rig, 'createPartitions', 1, {
      topics: [
        { name: 'a', count: 3, assignments: null },
        { name: 'b', count: 2, assignments: [{ brokerIds: [2] }] },
        { name: 'none', count: 2, assignments: null },
        { name: 'c', count: 2, assignments: null },
        { name: 'c', count: 3, assignments: null },
      ],
      timeoutMs: 1000,
      validateOnly: false,
    });
    expect(answer).toMatchObject({
      results: [
        { name: 'a', ...code('NONE') },
        { name: 'b', ...code('NONE') },
        { name: 'none', ...code('UNKNOWN_TOPIC_OR_PARTITION') },
        { name: 'c', ...code('INVALID_REQUEST') },
        { name: 'c', ...code('INVALID_REQUEST') },
      ],
    });
    const sizes = ['a', 'b', 'c'].map((name) => rig.core.image.topicByName(name)?.partitions.size);
    expect(sizes).toEqual([3, 2, 1]);
    expect(rig.core.image.topicByName('b')?.partitions.get(1)?.replicas).toEqual([2]);
  });

  test('are deleted, but not where it is said twice', () => {
    const rig = withBrokers(1);
    create(rig, topic('a'), topic('b'));
    const answer = ask(rig, 'deleteTopics', 1, { topicNames: ['b', 'none', 'a', 'b'], timeoutMs: 1000 });
    expect(answer).toMatchObject({
      responses: [
        { name: 'b', ...code('INVALID_REQUEST') },
        { name: 'none', ...code('UNKNOWN_TOPIC_OR_PARTITION') },
        { name: 'a', ...code('NONE') },
        { name: 'b', ...code('INVALID_REQUEST') },
      ],
    });
    expect([...rig.core.image.topics.values()].map(({ name }) => name)).toEqual(['b']);
  });

  test('are deleted by their ids', () => {
    const rig = withBrokers(1);
    create(rig, topic('a'), topic('b'), topic('c'));
    const [a, b] = ['a', 'b'].map((name) => rig.core.image.topicByName(name)?.id ?? '');
    const nowhere = 'SQAs5vVvSZmIs3mTVZqLqw';
    const asked = [{ topicId: a }, { topicId: nowhere }, { name: 'c' }, { name: 'b', topicId: b }, {}];
    const body = { topics: asked, timeoutMs: 1000 };
    expect(ask(rig, 'deleteTopics', 6, body)).toMatchObject({
      responses: [
        { name: 'a', topicId: a, ...code('NONE') },
        { name: null, topicId: nowhere, ...code('UNKNOWN_TOPIC_ID') },
        { name: 'c', ...code('NONE') },
        { name: 'b', topicId: b, ...code('INVALID_REQUEST') },
        { name: null, ...code('INVALID_REQUEST') },
      ],
    });
    expect([...rig.core.image.topics.values()].map(({ name }) => name)).toEqual(['b']);
  });

  test('from version 5 on it is said as what they were made', () => {
    const rig = withBrokers(2);
    const configs = [{ name: 'retention.ms', value: '1000' }];
    const asked = topic('a', { numPartitions: 3, replicationFactor: 2, configs });
    const told = { numPartitions: 3, replicationFactor: 2, ...code('NONE') };
    const answer = { validateOnly: true, topics: [asked] };
    expect(ask(rig, 'createTopics', 5, answer)).toMatchObject({ topics: [told] });
    const { topics: created } = ask(rig, 'createTopics', 7, { topics: [asked, topic('no/name')] }) as {
      readonly topics: readonly { readonly configs: readonly unknown[] }[];
    };
    const { id: topicId } = rig.core.image.topicByName('a') ?? {};
    expect(created).toMatchObject([
      { ...told, topicId },
      { numPartitions: -1, replicationFactor: -1, configs: [], ...code('INVALID_TOPIC_EXCEPTION') },
    ]);
    expect(created[0]?.configs).toContainEqual({
      ...{ name: 'retention.ms', value: '1000', configSource: 1, readOnly: false, isSensitive: false },
    });
    expect(created[0]?.configs).toContainEqual({
      ...{ name: 'min.insync.replicas', value: '1', configSource: 5, readOnly: false, isSensitive: false },
    });
  });
});

test('topics may be kept from being deleted', () => {
  for (const [version, error] of [
    [1, 'INVALID_REQUEST'],
    [3, 'TOPIC_DELETION_DISABLED'],
  ] as const) {
    const request = topics.keepTopics({ topics: [], topicNames: ['a'], timeoutMs: 1000 }, version);
    const outcome = request.decide(withBrokers(1).core, 0);
    expect(outcome).toMatchObject({ kind: 'refusal', error });
  }
});

test('items of all lists are counted', () => {
  const body = {
    topics: [
      { name: 'a', partitions: [1, 2, 3] },
      { name: 'b', partitions: null },
    ],
    bytes: new Uint8Array(9),
  };
  expect(itemCount(body)).toBe(5);
});

describe('configurations', () => {
  const resource = (resourceName: string, ...changes: [string, number, string | null][]) => ({
    resourceType: RESOURCE_TYPE.topic as number,
    resourceName,
    configs: changes.map(([name, configOperation, value]) => ({ name, configOperation, value })),
  });
  const alter = (rig: ControllerRig, ...resources: ReturnType<typeof resource>[]) =>
    ask(rig, 'incrementalAlterConfigs', 0, { resources, validateOnly: false });
  const replace = (rig: ControllerRig, values: Record<string, string | null>, validateOnly = false) =>
    ask(rig, 'alterConfigs', 1, {
      resources: [
        {
          resourceType: RESOURCE_TYPE.topic,
          resourceName: 'a',
          configs: Object.entries(values).map(([name, value]) => ({ name, value })),
        },
      ],
      validateOnly,
    });
  const setOf = (rig: ControllerRig) => Object.fromEntries(rig.core.image.configs(2, 'a') ?? []);

  test('change by set, delete, append and subtract', () => {
    const rig = withBrokers(1);
    create(rig, topic('a'));
    const { set, delete: remove, append, subtract } = CONFIG_OPERATION;
    alter(rig, resource('a', ['retention.ms', set, '1'], ['cleanup.policy', append, 'compact']));
    expect(setOf(rig)).toEqual({ 'retention.ms': '1', 'cleanup.policy': 'delete,compact' });
    alter(rig, resource('a', ['retention.ms', remove, null], ['cleanup.policy', subtract, 'delete']));
    expect(setOf(rig)).toEqual({ 'cleanup.policy': 'compact' });
  });

  test('each resource is answered, in order', () => {
    const rig = withBrokers(1);
    create(rig, topic('a'), topic('b'));
    const { set } = CONFIG_OPERATION;
    const answer = alter(
      rig,
      resource('none', ['retention.ms', set, '1']),
      resource('a', ['retention.ms', 17, '1']),
      resource('b', ['retention.ms', set, '1']),
      { ...resource('1', ['min.insync.replicas', set, '1']), resourceType: RESOURCE_TYPE.broker },
      { ...resource('1', ['min.insync.replicas', set, '1']), resourceType: 8 },
      resource('b', ['retention.ms', set, '2']),
    );
    expect(answer).toMatchObject({
      responses: [
        { resourceName: 'none', ...code('UNKNOWN_TOPIC_OR_PARTITION') },
        { resourceName: 'a', ...code('INVALID_REQUEST') },
        { resourceName: 'b', ...code('INVALID_REQUEST') },
        { resourceName: '1', resourceType: 4, ...code('NONE') },
        { resourceName: '1', resourceType: 8, ...code('INVALID_REQUEST') },
        { resourceName: 'b', ...code('INVALID_REQUEST') },
      ],
    });
  });

  test('are replaced as a whole, but for what is fixed', () => {
    const rig = withBrokers(1);
    create(rig, topic('a', { configs: [{ name: 'replication.protocol', value: 'raft' }] }));
    expect(replace(rig, { 'segment.bytes': '1000', 'segment.ms': '2' })).toMatchObject({
      responses: [code('NONE')],
    });
    expect(replace(rig, { 'segment.ms': '3' }, true)).toMatchObject({ responses: [code('NONE')] });
    expect(setOf(rig)).toMatchObject({ 'segment.bytes': '1000', 'segment.ms': '2' });
    expect(replace(rig, { 'segment.ms': '3' })).toMatchObject({ responses: [code('NONE')] });
    expect(setOf(rig)).toEqual({ 'replication.protocol': 'raft', 'segment.ms': '3' });
    expect(replace(rig, { 'segment.ms': null })).toMatchObject({ responses: [code('INVALID_CONFIG')] });
    expect(replace(rig, { 'segment.ms': 'soon' })).toMatchObject({ responses: [code('INVALID_CONFIG')] });
    expect(setOf(rig)).toEqual({ 'replication.protocol': 'raft', 'segment.ms': '3' });
  });

  test('a list as long as a string can be is no longer in the log', () => {
    const rig = withBrokers(1);
    create(rig, topic('a', { configs: [{ name: 'cleanup.policy', value: 'compact' }] }));
    const long = Array.from({ length: 4681 }, () => 'delete').join(',');
    alter(rig, resource('a', ['cleanup.policy', CONFIG_OPERATION.append, long]));
    expect(setOf(rig)).toEqual({ 'cleanup.policy': 'compact,delete' });
  });
});

describe('brokers', () => {
  test('register, and are refused', () => {
    const rig = withBrokers(1);
    const other = { ...registration(1), incarnationId: 'BBBBBBBBBBBBBBBBBBBBBA' };
    expect(ask(rig, 'brokerRegistration', 4, other)).toMatchObject(code('DUPLICATE_BROKER_REGISTRATION'));
    expect(ask(rig, 'brokerRegistration', 4, { ...registration(2), clusterId: 'x' })).toMatchObject(
      code('INCONSISTENT_CLUSTER_ID'),
    );
    const { logDirs: _, previousBrokerEpoch: __, ...old } = registration(2);
    expect(ask(rig, 'brokerRegistration', 0, old)).toMatchObject(code('INVALID_REGISTRATION'));
    const migrating = { ...registration(2), isMigratingZkBroker: true };
    expect(ask(rig, 'brokerRegistration', 1, { ...migrating, logDirs: [] })).toMatchObject(
      code('INVALID_REGISTRATION'),
    );
    expect(heartbeat(rig, 1, 999)).toMatchObject({ ...code('STALE_BROKER_EPOCH'), isFenced: true });
    expect(rig.core.image.brokers.size).toBe(1);
  });

  test('that cannot be are refused', () => {
    const rig = new ControllerRig();
    const wrong: Partial<RequestInputBody<'brokerRegistration'>>[] = [
      { brokerId: -1 },
      { listeners: [] },
      { listeners: Array.from({ length: 101 }, () => ({ name: 'A', host: 'a', port: 1 })) },
      {
        features: Array.from({ length: 1001 }, () => ({
          name: 'f',
          minSupportedVersion: 0,
          maxSupportedVersion: 1,
        })),
      },
      { logDirs: Array.from({ length: 1001 }, () => 'AAAAAAAAAAAAAAAAAAAAAQ') },
      { logDirs: [] },
    ];
    for (const each of wrong) {
      const answer = ask(rig, 'brokerRegistration', 4, { ...registration(1), ...each });
      expect(answer).toMatchObject({ ...code('INVALID_REGISTRATION'), brokerEpoch: -1 });
    }
  });

  test('get blocks of producer ids, and are forgotten', () => {
    const rig = new ControllerRig();
    const brokerEpoch = join(rig, 1);
    const allocate = () => ask(rig, 'allocateProducerIds', 0, { brokerId: 1, brokerEpoch });
    expect(allocate()).toMatchObject({ ...code('NONE'), producerIdStart: 0, producerIdLen: 1000 });
    expect(allocate()).toMatchObject({ producerIdStart: 1000 });
    expect(ask(rig, 'unregisterBroker', 0, { brokerId: 1 })).toMatchObject(code('NONE'));
    expect(ask(rig, 'unregisterBroker', 0, { brokerId: 1 })).toMatchObject({
      ...code('BROKER_ID_NOT_REGISTERED'),
      errorMessage: 'broker 1 is not registered',
    });
    expect(allocate()).toMatchObject(code('STALE_BROKER_EPOCH'));
  });

  test('change the ISR, with the epochs of its members or without', () => {
    const rig = new ControllerRig();
    const epochs = [0, join(rig, 1), join(rig, 2)];
    const assignments = [{ partitionIndex: 0, brokerIds: [1, 2] }];
    create(rig, topic('a', { numPartitions: -1, replicationFactor: -1, assignments }));
    const topicId = rig.core.image.topicByName('a')?.id ?? '';
    const propose = (version: number, partition: object, brokerEpoch = epochs[1] as number) =>
      ask(rig, 'alterPartition', version, {
        ...{ brokerId: 1, brokerEpoch },
        topics: [
          {
            topicId,
            partitions: [
              { partitionIndex: 0, leaderEpoch: 0, partitionEpoch: 0, ...partition },
              { partitionIndex: 9, leaderEpoch: 0, partitionEpoch: 0, ...partition },
            ],
          },
        ],
      });
    expect(propose(2, { newIsr: [1] })).toMatchObject({
      errorCode: 0,
      topics: [
        {
          topicId,
          partitions: [
            { partitionIndex: 0, ...code('NONE'), leaderId: 1, isr: [1], partitionEpoch: 1 },
            { partitionIndex: 9, ...code('UNKNOWN_TOPIC_OR_PARTITION'), leaderId: -1 },
          ],
        },
      ],
    });
    const both = (second: number) => ({
      newIsrWithEpochs: [{ brokerId: 1 }, { brokerId: 2, brokerEpoch: second }],
      partitionEpoch: 1,
    });
    const first = (error: keyof typeof ERROR) => ({ topics: [{ partitions: [code(error), {}] }] });
    expect(propose(3, both(1))).toMatchObject(first('INELIGIBLE_REPLICA'));
    expect(propose(3, both(epochs[2] as number))).toMatchObject(first('NONE'));
    expect(propose(3, both(epochs[2] as number))).toMatchObject(first('INVALID_UPDATE_VERSION'));
    expect(propose(3, both(2), 17)).toMatchObject({ ...code('STALE_BROKER_EPOCH'), topics: [] });
    expect(propose(3, { ...both(2), leaderRecoveryState: 7 })).toMatchObject(code('INVALID_REQUEST'));
  });
});

describe('leaders and replicas', () => {
  const fenceOne = (rig: ControllerRig, brokerEpoch: number) =>
    ask(rig, 'brokerHeartbeat', 1, {
      ...{ brokerId: 1, brokerEpoch, currentMetadataOffset: 1_000_000 },
      ...{ wantFence: true, wantShutDown: false },
    });

  test('elections, by partition or of all', () => {
    const rig = new ControllerRig();
    const epoch = join(rig, 1);
    join(rig, 2);
    const assignments = [0, 1].map((partitionIndex) => ({ partitionIndex, brokerIds: [1, 2] }));
    create(rig, topic('a', { numPartitions: -1, replicationFactor: -1, assignments }));
    fenceOne(rig, epoch);
    const elect = (version: number, topicPartitions: { topic: string; partitions: number[] }[] | null) =>
      ask(rig, 'electLeaders', version, { topicPartitions });
    const asked = [
      { topic: 'a', partitions: [1, 7] },
      { topic: 'b', partitions: [0] },
    ];
    expect(elect(1, asked)).toMatchObject({
      errorCode: 0,
      replicaElectionResults: [
        {
          topic: 'a',
          partitionResult: [
            { partitionId: 1, ...code('PREFERRED_LEADER_NOT_AVAILABLE') },
            { partitionId: 7, ...code('UNKNOWN_TOPIC_OR_PARTITION') },
          ],
        },
        { topic: 'b', partitionResult: [{ partitionId: 0 }] },
      ],
    });
    expect(elect(2, null)).toMatchObject({ replicaElectionResults: [{ topic: 'a' }] });
    const wrong = { electionType: 5, topicPartitions: null };
    expect(ask(rig, 'electLeaders', 2, wrong)).toMatchObject(code('INVALID_REQUEST'));
    rig.core.deactivate();
    expect(elect(0, asked)).toMatchObject({
      replicaElectionResults: [{ partitionResult: [code('NOT_CONTROLLER'), code('NOT_CONTROLLER')] }, {}],
    });
    expect(elect(1, null)).toMatchObject(code('NOT_CONTROLLER'));
    expect(ELECTION_TYPE.preferred).toBe(0);
  });

  test('reassignments are begun, listed and taken back', () => {
    const rig = withBrokers(3);
    create(rig, topic('a', { numPartitions: 2, replicationFactor: 1 }));
    const list = (topics: RequestInputBody<'listPartitionReassignments'>['topics']) =>
      ask(rig, 'listPartitionReassignments', 0, { topics });
    expect(list(null)).toMatchObject({ errorCode: 0, topics: [] });
    const [from = 0] = rig.core.image.topicByName('a')?.partitions.get(0)?.replicas ?? [];
    const to = (from % 3) + 1;
    const alter = (replicasOfTwo: (number[] | null)[]) =>
      ask(rig, 'alterPartitionReassignments', 0, {
        topics: [
          {
            name: 'a',
            partitions: replicasOfTwo.map((wanted, partitionIndex) => ({ partitionIndex, replicas: wanted })),
          },
          { name: 'none', partitions: [{ partitionIndex: 0, replicas: [1] }] },
        ],
      });
    expect(alter([[to], [9]])).toMatchObject({
      errorCode: 0,
      responses: [
        { name: 'a', partitions: [code('NONE'), code('INVALID_REPLICA_ASSIGNMENT')] },
        { name: 'none', partitions: [code('UNKNOWN_TOPIC_OR_PARTITION')] },
      ],
    });
    const reassigning = {
      topics: [
        {
          name: 'a',
          partitions: [
            { partitionIndex: 0, replicas: [to, from], addingReplicas: [to], removingReplicas: [from] },
          ],
        },
      ],
    };
    expect(list(null)).toMatchObject(reassigning);
    expect(list([{ name: 'a', partitionIndexes: [0, 1, 7] }])).toMatchObject(reassigning);
    expect(alter([null, null])).toMatchObject({
      responses: [{ partitions: [code('NONE'), code('NO_REASSIGNMENT_IN_PROGRESS')] }, {}],
    });
    expect(list(null)).toMatchObject({ topics: [] });
    rig.core.deactivate();
    expect(alter([])).toMatchObject({ ...code('NOT_CONTROLLER'), responses: [] });
    expect(list(null)).toMatchObject(code('NOT_CONTROLLER'));
  });
});

test('every request can be refused in every version in which it is served', () => {
  const one = [{ name: 't', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }];
  const bodies: { readonly [N in Name]?: object } = {
    createTopics: { topics: one },
    createPartitions: { topics: [{ name: 't', count: 2, assignments: null }] },
    deleteTopics: { topics: [{ name: 't', topicId: ZERO_UUID }], topicNames: [] },
    electLeaders: { topicPartitions: [{ topic: 't', partitions: [0] }] },
    alterConfigs: { resources: [{ resourceType: 2, resourceName: 't', configs: [] }] },
    incrementalAlterConfigs: { resources: [{ resourceType: 2, resourceName: 't', configs: [] }] },
  };
  for (const name of Object.keys(PREPARE) as Name[]) {
    const api = APIS[name] as unknown as Api;
    const prepare = PREPARE[name] as unknown as Prepare<ApiName>;
    const { min, max } = (servedApi('controller', api.key) ?? servedApi('broker', api.key))?.accepted ?? {
      ...{ min: 1, max: 0 },
    };
    expect(max).toBeGreaterThanOrEqual(min);
    for (let version = min; version <= max; version++) {
      const request = prepare(bodies[name] ?? { topics: [] }, version);
      const answer = request.refuse('NOT_CONTROLLER', 'ask another');
      expect(JSON.stringify(decoded(api, version, 'response', answer))).toContain(`${ERROR.NOT_CONTROLLER}`);
    }
  }
});
