/**
 * What there is and who serves it: ApiVersions (KIP-35, KIP-511), Metadata, DescribeTopicPartitions (KIP-966),
 * DescribeCluster (KIP-700), FindCoordinator.
 *
 *     metadata.request.encode(writer, 8, { topics: null }); // all of them
 *
 * The response to ApiVersions has the header of version 0 always, and to a version that a broker does not know, also
 * the body of version 0: a client can read nothing else before it knows what the broker speaks.
 */
import type { RequestOf, ResponseInput, ResponseOf } from '../schema.ts';
import { api, array, boolean, int16, int32, int64, int8, string, struct, uuid } from '../schema.ts';

/** Where nobody asked which operations are authorized. */
export const NO_AUTHORIZED_OPERATIONS = -0x8000_0000;

export const apiVersions = api({
  key: 18,
  name: 'ApiVersions',
  versions: '0-4',
  flexible: '3+',
  request: {
    clientSoftwareName: string({ versions: '3+', ignorable: true }),
    clientSoftwareVersion: string({ versions: '3+', ignorable: true }),
  },
  response: {
    errorCode: int16(),
    apiKeys: array(struct({ apiKey: int16(), minVersion: int16(), maxVersion: int16() })),
    throttleTimeMs: int32({ versions: '1+', ignorable: true }),
    supportedFeatures: array(struct({ name: string(), minVersion: int16(), maxVersion: int16() }), {
      versions: '3+',
      ignorable: true,
      tag: 0,
    }),
    finalizedFeaturesEpoch: int64({ versions: '3+', default: -1, ignorable: true, tag: 1 }),
    finalizedFeatures: array(struct({ name: string(), maxVersionLevel: int16(), minVersionLevel: int16() }), {
      versions: '3+',
      ignorable: true,
      tag: 2,
    }),
    zkMigrationReady: boolean({ versions: '3+', ignorable: true, default: false, tag: 3 }),
  },
});

export type ApiVersionsRequest = RequestOf<typeof apiVersions>;
export type ApiVersionsResponse = ResponseOf<typeof apiVersions>;
export type ApiVersionsResponseInput = ResponseInput<typeof apiVersions>;

export const metadata = api({
  key: 3,
  name: 'Metadata',
  versions: '0-8',
  flexible: '9+',
  request: {
    /** Null, or empty in version 0: all. */
    topics: array(struct({ name: string() }), { nullable: '1+' }),
    allowAutoTopicCreation: boolean({ versions: '4+', default: true }),
    includeClusterAuthorizedOperations: boolean({ versions: '8+' }),
    includeTopicAuthorizedOperations: boolean({ versions: '8+' }),
  },
  response: {
    throttleTimeMs: int32({ versions: '3+', ignorable: true }),
    brokers: array(
      struct({
        nodeId: int32(),
        host: string(),
        port: int32(),
        rack: string({ versions: '1+', nullable: '1+', default: null, ignorable: true }),
      }),
    ),
    clusterId: string({ versions: '2+', nullable: '2+', default: null, ignorable: true }),
    controllerId: int32({ versions: '1+', default: -1, ignorable: true }),
    topics: array(
      struct({
        errorCode: int16(),
        name: string(),
        isInternal: boolean({ versions: '1+', default: false, ignorable: true }),
        partitions: array(
          struct({
            errorCode: int16(),
            partitionIndex: int32(),
            leaderId: int32(),
            leaderEpoch: int32({ versions: '7+', default: -1, ignorable: true }),
            replicaNodes: array(int32()),
            isrNodes: array(int32()),
            offlineReplicas: array(int32(), { versions: '5+', ignorable: true }),
          }),
        ),
        topicAuthorizedOperations: int32({ versions: '8+', default: NO_AUTHORIZED_OPERATIONS }),
      }),
    ),
    clusterAuthorizedOperations: int32({ versions: '8+', default: NO_AUTHORIZED_OPERATIONS }),
  },
});

export type MetadataRequest = RequestOf<typeof metadata>;
export type MetadataResponse = ResponseOf<typeof metadata>;
export type MetadataResponseInput = ResponseInput<typeof metadata>;

/** Where a page ended, or begins. */
const cursor = struct({ topicName: string(), partitionIndex: int32() }, { nullable: '0+', default: null });

/** What Metadata has no room for: topic ids and eligible leaders; page by page. */
export const describeTopicPartitions = api({
  key: 75,
  name: 'DescribeTopicPartitions',
  versions: '0',
  flexible: '0+',
  request: {
    /** Empty: all. */
    topics: array(struct({ name: string() })),
    responsePartitionLimit: int32({ default: 2_000 }),
    cursor,
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    topics: array(
      struct({
        errorCode: int16(),
        name: string({ nullable: '0+' }),
        topicId: uuid(),
        isInternal: boolean({ default: false }),
        partitions: array(
          struct({
            errorCode: int16(),
            partitionIndex: int32(),
            leaderId: int32(),
            leaderEpoch: int32({ default: -1 }),
            replicaNodes: array(int32()),
            isrNodes: array(int32()),
            eligibleLeaderReplicas: array(int32(), { nullable: '0+', default: null }),
            lastKnownElr: array(int32(), { nullable: '0+', default: null }),
            offlineReplicas: array(int32()),
          }),
        ),
        topicAuthorizedOperations: int32({ default: NO_AUTHORIZED_OPERATIONS }),
      }),
    ),
    nextCursor: cursor,
  },
});

export type DescribeTopicPartitionsRequest = RequestOf<typeof describeTopicPartitions>;
export type DescribeTopicPartitionsResponse = ResponseOf<typeof describeTopicPartitions>;
export type DescribeTopicPartitionsResponseInput = ResponseInput<typeof describeTopicPartitions>;

export const describeCluster = api({
  key: 60,
  name: 'DescribeCluster',
  versions: '0-1',
  flexible: '0+',
  request: {
    includeClusterAuthorizedOperations: boolean(),
    /** 1: brokers, 2: controllers. */
    endpointType: int8({ versions: '1+', default: 1 }),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
    errorMessage: string({ nullable: '0+', default: null }),
    endpointType: int8({ versions: '1+', default: 1 }),
    clusterId: string(),
    controllerId: int32({ default: -1 }),
    brokers: array(
      struct({
        brokerId: int32(),
        host: string(),
        port: int32(),
        rack: string({ nullable: '0+', default: null }),
      }),
    ),
    clusterAuthorizedOperations: int32({ default: NO_AUTHORIZED_OPERATIONS }),
  },
});

export type DescribeClusterRequest = RequestOf<typeof describeCluster>;
export type DescribeClusterResponse = ResponseOf<typeof describeCluster>;
export type DescribeClusterResponseInput = ResponseInput<typeof describeCluster>;

/** The `keyType` of FindCoordinator. */
export const COORDINATOR_TYPE = { group: 0, transaction: 1 } as const;

export const findCoordinator = api({
  key: 10,
  name: 'FindCoordinator',
  versions: '0-2',
  flexible: '3+',
  request: {
    key: string(),
    keyType: int8({ versions: '1+', default: COORDINATOR_TYPE.group }),
  },
  response: {
    throttleTimeMs: int32({ versions: '1+', ignorable: true }),
    errorCode: int16(),
    errorMessage: string({ versions: '1+', nullable: '1+', default: null, ignorable: true }),
    nodeId: int32(),
    host: string(),
    port: int32(),
  },
});

export type FindCoordinatorRequest = RequestOf<typeof findCoordinator>;
export type FindCoordinatorResponse = ResponseOf<typeof findCoordinator>;
export type FindCoordinatorResponseInput = ResponseInput<typeof findCoordinator>;
