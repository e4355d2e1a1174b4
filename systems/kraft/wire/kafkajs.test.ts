/** kafkajs's own encoders and decoders as an independent implementation: what they write we read, and the reverse. */
import { createRequire } from 'node:module';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { servedApi } from './api-keys.ts';
import type { ApiName } from './apis.ts';
import { APIS } from './apis.ts';
import { LENGTH_BYTES } from './frames.ts';
import { decodeRequest, encodeRequest, encodeResponse } from './requests.ts';
import type { Api } from './schema.ts';
import { bodyOf } from './testing/arbitrary.ts';
import { includesVersion } from './versions.ts';

const require = createRequire(import.meta.url);

interface TheirRequest {
  readonly apiKey: number;
  readonly apiVersion: number;
}
interface TheirExchange {
  readonly request: TheirRequest;
  readonly response: { decode(raw: Buffer): Promise<unknown> };
}
interface TheirApi {
  readonly versions: readonly string[];
  protocol(of: { version: string }): (...args: readonly unknown[]) => TheirExchange;
}
const encodeTheirs = require('kafkajs/src/protocol/request.js') as (of: {
  correlationId: number;
  clientId: string;
  request: TheirRequest;
}) => Promise<{ buffer: Buffer }>;
const theirApi = (folder: string): TheirApi =>
  require(`kafkajs/src/protocol/requests/${folder}/index.js`) as TheirApi;

interface Case {
  readonly name: ApiName;
  readonly args: () => readonly unknown[];
  /** What our decoder must say in the newest version. */
  readonly expected: Record<string, unknown>;
}

const group = { groupId: 'g', memberId: 'm', groupGenerationId: 4, generationId: 4 };
const producer = { transactionalId: 't', producerId: '9007199254740991', producerEpoch: 3 };
const decodedProducer = { transactionalId: 't', producerId: Number.MAX_SAFE_INTEGER, producerEpoch: 3 };
const offsets = [
  { topic: 'orders', partitions: [{ partition: 2, offset: '12345678901', metadata: 'note' }] },
];

const CASES: readonly Case[] = [
  {
    name: 'produce',
    args: () => [
      {
        acks: -1,
        timeout: 1000,
        transactionalId: 't',
        producerId: '7',
        producerEpoch: 1,
        topicData: [
          {
            topic: 'orders',
            partitions: [{ partition: 2, firstSequence: 5, messages: [{ key: 'k', value: 'v' }] }],
          },
        ],
      },
    ],
    expected: {
      transactionalId: 't',
      acks: -1,
      timeoutMs: 1000,
      topicData: [{ name: 'orders', partitionData: [{ index: 2 }] }],
    },
  },
  {
    name: 'fetch',
    args: () => [
      {
        maxWaitTime: 500,
        minBytes: 1,
        maxBytes: 1000,
        rackId: 'rack',
        sessionId: 6,
        sessionEpoch: 7,
        topics: [
          {
            topic: 'orders',
            partitions: [{ partition: 2, currentLeaderEpoch: 8, fetchOffset: '12345678901', maxBytes: 100 }],
          },
        ],
        forgottenTopics: [{ topic: 'gone', partitions: [0, 1] }],
      },
    ],
    expected: {
      replicaId: -1,
      maxWaitMs: 500,
      maxBytes: 1000,
      isolationLevel: 1,
      sessionId: 6,
      sessionEpoch: 7,
      rackId: 'rack',
      topics: [
        {
          topic: 'orders',
          partitions: [
            { partition: 2, currentLeaderEpoch: 8, fetchOffset: 12345678901, partitionMaxBytes: 100 },
          ],
        },
      ],
      forgottenTopicsData: [{ topic: 'gone', partitions: [0, 1] }],
    },
  },
  {
    name: 'listOffsets',
    args: () => [
      { isolationLevel: 1, topics: [{ topic: 'orders', partitions: [{ partition: 2, timestamp: -2 }] }] },
    ],
    expected: {
      isolationLevel: 1,
      topics: [{ name: 'orders', partitions: [{ partitionIndex: 2, timestamp: -2 }] }],
    },
  },
  {
    name: 'metadata',
    args: () => [{ topics: ['orders', 'other'], allowAutoTopicCreation: false }],
    expected: { topics: [{ name: 'orders' }, { name: 'other' }], allowAutoTopicCreation: false },
  },
  {
    name: 'offsetCommit',
    args: () => [{ ...group, retentionTime: '60000', topics: offsets }],
    expected: {
      groupId: 'g',
      generationIdOrMemberEpoch: 4,
      memberId: 'm',
      topics: [
        {
          name: 'orders',
          partitions: [{ partitionIndex: 2, committedOffset: 12345678901, committedMetadata: 'note' }],
        },
      ],
    },
  },
  {
    name: 'offsetFetch',
    args: () => [
      { groupId: 'g', topics: [{ topic: 'orders', partitions: [{ partition: 2 }, { partition: 3 }] }] },
    ],
    expected: { groupId: 'g', topics: [{ name: 'orders', partitionIndexes: [2, 3] }] },
  },
  {
    name: 'findCoordinator',
    args: () => [{ groupId: 't', coordinatorType: 1 }],
    expected: { key: 't', keyType: 1 },
  },
  {
    name: 'joinGroup',
    args: () => [
      {
        ...group,
        sessionTimeout: 10,
        rebalanceTimeout: 20,
        groupInstanceId: 'i',
        protocolType: 'consumer',
        groupProtocols: [{ name: 'range', metadata: Buffer.from('data') }],
      },
    ],
    expected: {
      sessionTimeoutMs: 10,
      rebalanceTimeoutMs: 20,
      groupInstanceId: 'i',
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: Buffer.from('data') }],
    },
  },
  {
    name: 'heartbeat',
    args: () => [{ ...group, groupInstanceId: 'i' }],
    expected: { groupId: 'g', generationId: 4, memberId: 'm', groupInstanceId: 'i' },
  },
  {
    name: 'leaveGroup',
    args: () => [group],
    expected: { groupId: 'g', memberId: '', members: [{ memberId: 'm', groupInstanceId: null }] },
  },
  {
    name: 'syncGroup',
    args: () => [
      {
        ...group,
        groupInstanceId: 'i',
        groupAssignment: [{ memberId: 'm', memberAssignment: Buffer.from('part') }],
      },
    ],
    expected: { generationId: 4, assignments: [{ memberId: 'm', assignment: Buffer.from('part') }] },
  },
  { name: 'describeGroups', args: () => [{ groupIds: ['g', 'h'] }], expected: { groups: ['g', 'h'] } },
  { name: 'listGroups', args: () => [], expected: {} },
  { name: 'apiVersions', args: () => [], expected: {} },
  {
    name: 'createTopics',
    args: () => [
      {
        timeout: 5000,
        validateOnly: true,
        topics: [
          {
            topic: 'orders',
            numPartitions: 3,
            replicationFactor: 2,
            replicaAssignment: [{ partition: 0, replicas: [1, 2] }],
            configEntries: [{ name: 'cleanup.policy', value: 'compact' }],
          },
        ],
      },
    ],
    expected: {
      timeoutMs: 5000,
      validateOnly: true,
      topics: [
        {
          name: 'orders',
          numPartitions: 3,
          replicationFactor: 2,
          assignments: [{ partitionIndex: 0, brokerIds: [1, 2] }],
          configs: [{ name: 'cleanup.policy', value: 'compact' }],
        },
      ],
    },
  },
  {
    name: 'deleteTopics',
    args: () => [{ topics: ['orders'], timeout: 5000 }],
    expected: { topicNames: ['orders'], timeoutMs: 5000 },
  },
  {
    name: 'deleteRecords',
    args: () => [
      { timeout: 5000, topics: [{ topic: 'orders', partitions: [{ partition: 2, offset: '-1' }] }] },
    ],
    expected: {
      topics: [{ name: 'orders', partitions: [{ partitionIndex: 2, offset: -1 }] }],
      timeoutMs: 5000,
    },
  },
  {
    name: 'initProducerId',
    args: () => [{ transactionalId: null, transactionTimeout: 60000 }],
    expected: { transactionalId: null, transactionTimeoutMs: 60000 },
  },
  {
    name: 'addPartitionsToTxn',
    args: () => [{ ...producer, topics: [{ topic: 'orders', partitions: [2, 3] }] }],
    expected: { ...decodedProducer, topics: [{ name: 'orders', partitions: [2, 3] }] },
  },
  {
    name: 'addOffsetsToTxn',
    args: () => [{ ...producer, groupId: 'g' }],
    expected: { ...decodedProducer, groupId: 'g' },
  },
  {
    name: 'endTxn',
    args: () => [{ ...producer, transactionResult: true }],
    expected: { ...decodedProducer, committed: true },
  },
  {
    name: 'txnOffsetCommit',
    args: () => [{ ...producer, groupId: 'g', topics: offsets }],
    expected: {
      ...decodedProducer,
      topics: [
        {
          name: 'orders',
          partitions: [{ partitionIndex: 2, committedOffset: 12345678901, committedMetadata: 'note' }],
        },
      ],
    },
  },
  {
    name: 'describeConfigs',
    args: () => [
      { includeSynonyms: true, resources: [{ type: 2, name: 'orders', configNames: ['a', 'b'] }] },
    ],
    expected: {
      includeSynonyms: true,
      resources: [{ resourceType: 2, resourceName: 'orders', configurationKeys: ['a', 'b'] }],
    },
  },
  {
    name: 'alterConfigs',
    args: () => [
      {
        validateOnly: true,
        resources: [{ type: 2, name: 'orders', configEntries: [{ name: 'a', value: 'b' }] }],
      },
    ],
    expected: {
      validateOnly: true,
      resources: [{ resourceType: 2, resourceName: 'orders', configs: [{ name: 'a', value: 'b' }] }],
    },
  },
  {
    name: 'createPartitions',
    args: () => [{ timeout: 5000, topicPartitions: [{ topic: 'orders', count: 4, assignments: [[1, 2]] }] }],
    expected: {
      topics: [{ name: 'orders', count: 4, assignments: [{ brokerIds: [1, 2] }] }],
      timeoutMs: 5000,
    },
  },
  { name: 'deleteGroups', args: () => [['g', 'h']], expected: { groupsNames: ['g', 'h'] } },
  {
    name: 'alterPartitionReassignments',
    args: () => [
      {
        timeout: 5000,
        topics: [{ topic: 'orders', partitionAssignment: [{ partition: 2, replicas: [1, 3] }] }],
      },
    ],
    expected: { topics: [{ name: 'orders', partitions: [{ partitionIndex: 2, replicas: [1, 3] }] }] },
  },
  {
    name: 'describeAcls',
    args: () => [
      {
        ...{ resourceType: 2, resourceName: 'orders', resourcePatternType: 4, principal: 'User:a' },
        ...{ host: '*', operation: 3, permissionType: 1 },
      },
    ],
    expected: {
      ...{ resourceTypeFilter: 2, resourceNameFilter: 'orders', patternTypeFilter: 4 },
      ...{ principalFilter: 'User:a', hostFilter: '*', operation: 3, permissionType: 1 },
    },
  },
  {
    name: 'listPartitionReassignments',
    args: () => [{ timeout: 5000, topics: [{ topic: 'orders', partitions: [2] }] }],
    expected: { topics: [{ name: 'orders', partitionIndexes: [2] }], timeoutMs: 5000 },
  },
];

const EVERY_VERSION = CASES.flatMap((of) => {
  const { versions } = theirApi(of.name);
  const accepted = servedApi('broker', APIS[of.name].key)?.accepted;
  return versions
    .map(Number)
    .filter((version) => accepted !== undefined && includesVersion(accepted, version))
    .map((version) => ({ of, version, isNewest: version === Math.max(...versions.map(Number)) }));
}).map((row) => [`${row.of.name} ${row.version}`, row] as const);

const exchange = (of: Case, version: number): TheirExchange =>
  theirApi(of.name).protocol({ version: String(version) })(...of.args());

/** All values in it, without their names, in an order of their own. */
function leaves(value: unknown): string[] {
  // It adds errors of its own to what it decodes.
  if (value === undefined || value instanceof Error) return [];
  if (typeof value === 'bigint') return [value.toString()];
  if (value instanceof Uint8Array) return [Buffer.from(value).toString('hex')];
  if (value === null || typeof value !== 'object')
    return [typeof value === 'string' ? value : JSON.stringify(value)];
  return Object.values(value).flatMap(leaves).sort();
}

test('every API that kafkajs and we have is compared', () => {
  expect(EVERY_VERSION.length).toBeGreaterThan(70);
});

describe('what kafkajs asks', () => {
  test.each(EVERY_VERSION)('%s', async (_, { of, version, isNewest }) => {
    const { request } = exchange(of, version);
    const { buffer } = await encodeTheirs({ correlationId: 77, clientId: 'me', request });
    const decoded = decodeRequest(buffer.subarray(LENGTH_BYTES), 'broker');
    if (decoded.kind !== 'request') throw new Error(JSON.stringify(decoded));
    expect(decoded.name).toBe(of.name);
    expect(decoded.header).toEqual({
      apiKey: APIS[of.name].key,
      apiVersion: version,
      correlationId: 77,
      clientId: 'me',
    });
    if (isNewest) expect(decoded.body).toMatchObject(of.expected);
    const api = APIS[of.name] as unknown as Api;
    const ours = encodeRequest(api, version, { correlationId: 77, clientId: 'me' }, { ...decoded.body });
    expect(Buffer.from(ours).toString('hex')).toBe(buffer.toString('hex'));
  });
});

describe('what kafkajs is answered', () => {
  test.each(EVERY_VERSION)('%s', async (_, { of, version }) => {
    const { response } = exchange(of, version);
    const api = APIS[of.name] as unknown as Api;
    const bodies = fc.sample(bodyOf(api.response, version), { numRuns: 20, seed: version + api.key * 100 });
    for (const random of bodies) {
      // kafkajs parses the batches of a fetch, and we do not.
      const body = of.name === 'fetch' ? withoutRecords(random) : random;
      const frame = encodeResponse(api, version, 77, body);
      // It strips the correlation id itself, and takes the header's tags for the body's.
      const theirs = leaves(await response.decode(Buffer.from(frame.subarray(LENGTH_BYTES + 4))));
      // No throttling and, for a config of version 0 with its default, the source that later versions name.
      const ours = new Set([...leaves(body), '0', '5']);
      expect(theirs.filter((value) => !ours.has(value))).toEqual([]);
      if (leaves(body).length > 8) expect(theirs.length).toBeGreaterThan(0);
    }
  });
});

function withoutRecords(value: unknown): Record<string, unknown> {
  const copy = structuredClone(value) as {
    responses: { partitions: { records: Uint8Array | null }[] }[];
  };
  for (const { partitions } of copy.responses) for (const partition of partitions) partition.records = null;
  return copy;
}
