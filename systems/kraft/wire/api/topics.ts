/**
 * Administration of topics and their replicas: CreateTopics, DeleteTopics, CreatePartitions, ElectLeaders (KIP-460), the
 * reassignments (KIP-455, flexible from their first version) and DescribeLogDirs.
 *
 *     createTopics.request.encode(writer, 4, {
 *       topics: [{ name: 'orders', numPartitions: 3, replicationFactor: 3, assignments: [], configs: [] }],
 *       timeoutMs: 5000,
 *     });
 */
import type { RequestOf, ResponseInput, ResponseOf } from '../schema.ts';
import { api, array, boolean, int16, int32, int64, int8, string, struct } from '../schema.ts';

export const createTopics = api({
  key: 19,
  name: 'CreateTopics',
  versions: '0-4',
  flexible: '5+',
  request: {
    topics: array(
      struct({
        name: string(),
        /** −1: the broker's default (from version 4), or as the assignments say. */
        numPartitions: int32(),
        replicationFactor: int16(),
        assignments: array(struct({ partitionIndex: int32(), brokerIds: array(int32()) })),
        configs: array(struct({ name: string(), value: string({ nullable: '0+' }) })),
      }),
    ),
    timeoutMs: int32({ default: 60_000 }),
    validateOnly: boolean({ versions: '1+', default: false }),
  },
  response: {
    throttleTimeMs: int32({ versions: '2+', ignorable: true }),
    topics: array(
      struct({
        name: string(),
        errorCode: int16(),
        errorMessage: string({ versions: '1+', nullable: '0+', default: null, ignorable: true }),
      }),
    ),
  },
});

export type CreateTopicsRequest = RequestOf<typeof createTopics>;
export type CreateTopicsResponse = ResponseOf<typeof createTopics>;
export type CreateTopicsResponseInput = ResponseInput<typeof createTopics>;

export const deleteTopics = api({
  key: 20,
  name: 'DeleteTopics',
  versions: '0-3',
  flexible: '4+',
  request: { topicNames: array(string()), timeoutMs: int32() },
  response: {
    throttleTimeMs: int32({ versions: '1+', ignorable: true }),
    responses: array(struct({ name: string(), errorCode: int16() })),
  },
});

export type DeleteTopicsRequest = RequestOf<typeof deleteTopics>;
export type DeleteTopicsResponse = ResponseOf<typeof deleteTopics>;
export type DeleteTopicsResponseInput = ResponseInput<typeof deleteTopics>;

export const createPartitions = api({
  key: 37,
  name: 'CreatePartitions',
  versions: '0-1',
  flexible: '2+',
  request: {
    topics: array(
      struct({
        name: string(),
        /** How many there shall be, the present ones included. */
        count: int32(),
        assignments: array(struct({ brokerIds: array(int32()) }), { nullable: '0+' }),
      }),
    ),
    timeoutMs: int32(),
    validateOnly: boolean(),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    results: array(
      struct({
        name: string(),
        errorCode: int16(),
        errorMessage: string({ nullable: '0+', default: null }),
      }),
    ),
  },
});

export type CreatePartitionsRequest = RequestOf<typeof createPartitions>;
export type CreatePartitionsResponse = ResponseOf<typeof createPartitions>;
export type CreatePartitionsResponseInput = ResponseInput<typeof createPartitions>;

/** The `electionType` of ElectLeaders. */
export const ELECTION_TYPE = { preferred: 0, unclean: 1 } as const;

export const electLeaders = api({
  key: 43,
  name: 'ElectLeaders',
  versions: '0-2',
  flexible: '2+',
  request: {
    electionType: int8({ versions: '1+' }),
    /** Null: all partitions. */
    topicPartitions: array(struct({ topic: string(), partitions: array(int32()) }), { nullable: '0+' }),
    timeoutMs: int32({ default: 60_000 }),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16({ versions: '1+' }),
    replicaElectionResults: array(
      struct({
        topic: string(),
        partitionResult: array(
          struct({ partitionId: int32(), errorCode: int16(), errorMessage: string({ nullable: '0+' }) }),
        ),
      }),
    ),
  },
});

export type ElectLeadersRequest = RequestOf<typeof electLeaders>;
export type ElectLeadersResponse = ResponseOf<typeof electLeaders>;
export type ElectLeadersResponseInput = ResponseInput<typeof electLeaders>;

export const alterPartitionReassignments = api({
  key: 45,
  name: 'AlterPartitionReassignments',
  versions: '0',
  flexible: '0+',
  request: {
    timeoutMs: int32({ default: 60_000 }),
    topics: array(
      struct({
        name: string(),
        partitions: array(
          struct({
            partitionIndex: int32(),
            /** Null: cancel the one that is under way. */
            replicas: array(int32(), { nullable: '0+', default: null }),
          }),
        ),
      }),
    ),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
    errorMessage: string({ nullable: '0+' }),
    responses: array(
      struct({
        name: string(),
        partitions: array(
          struct({ partitionIndex: int32(), errorCode: int16(), errorMessage: string({ nullable: '0+' }) }),
        ),
      }),
    ),
  },
});

export type AlterPartitionReassignmentsRequest = RequestOf<typeof alterPartitionReassignments>;
export type AlterPartitionReassignmentsResponse = ResponseOf<typeof alterPartitionReassignments>;
export type AlterPartitionReassignmentsResponseInput = ResponseInput<typeof alterPartitionReassignments>;

export const listPartitionReassignments = api({
  key: 46,
  name: 'ListPartitionReassignments',
  versions: '0',
  flexible: '0+',
  request: {
    timeoutMs: int32({ default: 60_000 }),
    /** Null: of all topics. */
    topics: array(struct({ name: string(), partitionIndexes: array(int32()) }), {
      nullable: '0+',
      default: null,
    }),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
    errorMessage: string({ nullable: '0+' }),
    topics: array(
      struct({
        name: string(),
        partitions: array(
          struct({
            partitionIndex: int32(),
            replicas: array(int32()),
            addingReplicas: array(int32()),
            removingReplicas: array(int32()),
          }),
        ),
      }),
    ),
  },
});

export type ListPartitionReassignmentsRequest = RequestOf<typeof listPartitionReassignments>;
export type ListPartitionReassignmentsResponse = ResponseOf<typeof listPartitionReassignments>;
export type ListPartitionReassignmentsResponseInput = ResponseInput<typeof listPartitionReassignments>;

export const describeLogDirs = api({
  key: 35,
  name: 'DescribeLogDirs',
  versions: '0-1',
  flexible: '2+',
  request: {
    /** Null: all topics. */
    topics: array(struct({ topic: string(), partitions: array(int32()) }), { nullable: '0+' }),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    results: array(
      struct({
        errorCode: int16(),
        logDir: string(),
        topics: array(
          struct({
            name: string(),
            partitions: array(
              struct({
                partitionIndex: int32(),
                partitionSize: int64(),
                offsetLag: int64(),
                isFutureKey: boolean(),
              }),
            ),
          }),
        ),
      }),
    ),
  },
});

export type DescribeLogDirsRequest = RequestOf<typeof describeLogDirs>;
export type DescribeLogDirsResponse = ResponseOf<typeof describeLogDirs>;
export type DescribeLogDirsResponseInput = ResponseInput<typeof describeLogDirs>;
