/**
 * The fields of the metadata records, as Kafka's definitions have them (metadata/src/main/resources/common/metadata): names,
 * order, versions, tags and defaults. Written is the version that `RECORD_VERSIONS` says; all that Kafka wrote are read.
 *
 *     topic.encode(writer, 0, { name: 'orders', topicId });
 */
import {
  array,
  boolean,
  int16,
  int32,
  int64,
  int8,
  message,
  string,
  struct,
  uint16,
  uuid,
} from '../wire/schema.ts';

const FLEXIBLE = { flexible: '0+' } as const;

export const registerBroker = message({
  name: 'RegisterBrokerRecord',
  versions: '0-3',
  ...FLEXIBLE,
  fields: {
    brokerId: int32(),
    isMigratingZkBroker: boolean({ versions: '2+', default: false }),
    incarnationId: uuid(),
    brokerEpoch: int64(),
    endPoints: array(struct({ name: string(), host: string(), port: uint16(), securityProtocol: int16() })),
    features: array(struct({ name: string(), minSupportedVersion: int16(), maxSupportedVersion: int16() })),
    rack: string({ nullable: '0+' }),
    fenced: boolean({ default: true }),
    inControlledShutdown: boolean({ versions: '1+', default: false }),
    logDirs: array(uuid(), { versions: '3+', tag: 0 }),
  },
});

export const unregisterBroker = message({
  name: 'UnregisterBrokerRecord',
  versions: '0',
  ...FLEXIBLE,
  fields: { brokerId: int32(), brokerEpoch: int64() },
});

export const topic = message({
  name: 'TopicRecord',
  versions: '0',
  ...FLEXIBLE,
  fields: { name: string(), topicId: uuid() },
});

export const partition = message({
  name: 'PartitionRecord',
  versions: '0-2',
  ...FLEXIBLE,
  fields: {
    partitionId: int32({ default: -1 }),
    topicId: uuid(),
    replicas: array(int32()),
    isr: array(int32()),
    removingReplicas: array(int32()),
    addingReplicas: array(int32()),
    leader: int32({ default: -1 }),
    leaderRecoveryState: int8({ tag: 0, default: 0 }),
    leaderEpoch: int32({ default: -1 }),
    partitionEpoch: int32({ default: -1 }),
    directories: array(uuid(), { versions: '1+' }),
    eligibleLeaderReplicas: array(int32(), { versions: '2+', nullable: '2+', tag: 1, default: null }),
    lastKnownElr: array(int32(), { versions: '2+', nullable: '2+', tag: 2, default: null }),
  },
});

export const config = message({
  name: 'ConfigRecord',
  versions: '0',
  ...FLEXIBLE,
  fields: {
    resourceType: int8(),
    resourceName: string(),
    name: string(),
    value: string({ nullable: '0+' }),
  },
});

export const partitionChange = message({
  name: 'PartitionChangeRecord',
  versions: '0-2',
  ...FLEXIBLE,
  fields: {
    partitionId: int32({ default: -1 }),
    topicId: uuid(),
    isr: array(int32(), { nullable: '0+', tag: 0, default: null }),
    leader: int32({ tag: 1, default: -2 }),
    replicas: array(int32(), { nullable: '0+', tag: 2, default: null }),
    removingReplicas: array(int32(), { nullable: '0+', tag: 3, default: null }),
    addingReplicas: array(int32(), { nullable: '0+', tag: 4, default: null }),
    leaderRecoveryState: int8({ tag: 5, default: -1 }),
    eligibleLeaderReplicas: array(int32(), { versions: '2+', nullable: '2+', tag: 6, default: null }),
    lastKnownElr: array(int32(), { versions: '2+', nullable: '2+', tag: 7, default: null }),
    directories: array(uuid(), { versions: '1+', nullable: '1+', tag: 8, default: null }),
  },
});

/** FenceBroker and UnfenceBroker look alike. */
export const fenceBroker = message({
  name: 'FenceBrokerRecord',
  versions: '0',
  ...FLEXIBLE,
  fields: { id: int32(), epoch: int64() },
});

export const removeTopic = message({
  name: 'RemoveTopicRecord',
  versions: '0',
  ...FLEXIBLE,
  fields: { topicId: uuid() },
});

export const featureLevel = message({
  name: 'FeatureLevelRecord',
  versions: '0',
  ...FLEXIBLE,
  fields: { name: string(), featureLevel: int16() },
});

export const producerIds = message({
  name: 'ProducerIdsRecord',
  versions: '0',
  ...FLEXIBLE,
  fields: { brokerId: int32(), brokerEpoch: int64({ default: -1 }), nextProducerId: int64() },
});

export const brokerRegistrationChange = message({
  name: 'BrokerRegistrationChangeRecord',
  versions: '0-2',
  ...FLEXIBLE,
  fields: {
    brokerId: int32(),
    brokerEpoch: int64(),
    fenced: int8({ tag: 0, default: 0 }),
    inControlledShutdown: int8({ versions: '1+', tag: 1, default: 0 }),
    logDirs: array(uuid(), { versions: '2+', tag: 2 }),
  },
});

export const noOp = message({ name: 'NoOpRecord', versions: '0', ...FLEXIBLE, fields: {} });
