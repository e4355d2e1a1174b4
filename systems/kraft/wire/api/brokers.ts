/**
 * Between brokers and the active controller (KIP-631): registration, heartbeats, changes of the ISR, producer ids, and
 * clients' requests that a broker forwards.
 *
 *     brokerHeartbeat.request.encode(writer, 1, {
 *       brokerId: 2, brokerEpoch: 40, currentMetadataOffset: 99, wantFence: false, wantShutDown: true,
 *     });
 *
 * A controlled shutdown is a heartbeat that wants it; ControlledShutdown (7) itself is of ZooKeeper's times. A request
 * for the controller travels in an Envelope (KIP-590), as the client sent it: the controller answers it as if it had
 * come from the client, and the broker hands the answer on unread.
 */
import type { RequestOf, ResponseInput, ResponseOf } from '../schema.ts';
import {
  api,
  array,
  boolean,
  bytes,
  int16,
  int32,
  int64,
  int8,
  string,
  struct,
  uint16,
  uuid,
} from '../schema.ts';

export const brokerRegistration = api({
  key: 62,
  name: 'BrokerRegistration',
  versions: '0-4',
  flexible: '0+',
  request: {
    brokerId: int32(),
    clusterId: string(),
    /** New with each start of the process. */
    incarnationId: uuid(),
    listeners: array(
      struct({ name: string(), host: string(), port: uint16(), securityProtocol: int16({ default: 0 }) }),
    ),
    features: array(struct({ name: string(), minSupportedVersion: int16(), maxSupportedVersion: int16() })),
    rack: string({ nullable: '0+' }),
    isMigratingZkBroker: boolean({ versions: '1+', default: false }),
    logDirs: array(uuid(), { versions: '2+', ignorable: true }),
    /** Of the last clean shutdown; −1 after an unclean one. */
    previousBrokerEpoch: int64({ versions: '3+', default: -1, ignorable: true }),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
    brokerEpoch: int64({ default: -1 }),
  },
});

export type BrokerRegistrationRequest = RequestOf<typeof brokerRegistration>;
export type BrokerRegistrationResponse = ResponseOf<typeof brokerRegistration>;
export type BrokerRegistrationResponseInput = ResponseInput<typeof brokerRegistration>;

export const brokerHeartbeat = api({
  key: 63,
  name: 'BrokerHeartbeat',
  versions: '0-1',
  flexible: '0+',
  request: {
    brokerId: int32(),
    brokerEpoch: int64({ default: -1 }),
    currentMetadataOffset: int64(),
    wantFence: boolean(),
    wantShutDown: boolean(),
    offlineLogDirs: array(uuid(), { versions: '1+', tag: 0 }),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
    isCaughtUp: boolean({ default: false }),
    isFenced: boolean({ default: true }),
    shouldShutDown: boolean(),
  },
});

export type BrokerHeartbeatRequest = RequestOf<typeof brokerHeartbeat>;
export type BrokerHeartbeatResponse = ResponseOf<typeof brokerHeartbeat>;
export type BrokerHeartbeatResponseInput = ResponseInput<typeof brokerHeartbeat>;

export const unregisterBroker = api({
  key: 64,
  name: 'UnregisterBroker',
  versions: '0',
  flexible: '0+',
  request: { brokerId: int32() },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
    errorMessage: string({ nullable: '0+' }),
  },
});

export type UnregisterBrokerRequest = RequestOf<typeof unregisterBroker>;
export type UnregisterBrokerResponse = ResponseOf<typeof unregisterBroker>;
export type UnregisterBrokerResponseInput = ResponseInput<typeof unregisterBroker>;

/** The `leaderRecoveryState`: a leader of an unclean election has not yet recovered. */
export const LEADER_RECOVERY = { recovered: 0, recovering: 1 } as const;

/**
 * A partition's leader proposes an ISR; by topic id, with each member's broker epoch from version 3 (KIP-903).
 * Versions 0 and 1 name the topic, and are of clusters that ours never meets.
 */
export const alterPartition = api({
  key: 56,
  name: 'AlterPartition',
  versions: '2-3',
  flexible: '0+',
  request: {
    brokerId: int32(),
    brokerEpoch: int64({ default: -1 }),
    topics: array(
      struct({
        topicId: uuid({ versions: '2+', ignorable: true }),
        partitions: array(
          struct({
            partitionIndex: int32(),
            leaderEpoch: int32(),
            newIsr: array(int32(), { versions: '0-2' }),
            newIsrWithEpochs: array(struct({ brokerId: int32(), brokerEpoch: int64({ default: -1 }) }), {
              versions: '3+',
            }),
            leaderRecoveryState: int8({ versions: '1+', default: LEADER_RECOVERY.recovered }),
            partitionEpoch: int32(),
          }),
        ),
      }),
    ),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
    topics: array(
      struct({
        topicId: uuid({ versions: '2+', ignorable: true }),
        partitions: array(
          struct({
            partitionIndex: int32(),
            errorCode: int16(),
            leaderId: int32(),
            leaderEpoch: int32(),
            isr: array(int32()),
            leaderRecoveryState: int8({
              versions: '1+',
              default: LEADER_RECOVERY.recovered,
              ignorable: true,
            }),
            partitionEpoch: int32(),
          }),
        ),
      }),
    ),
  },
});

export type AlterPartitionRequest = RequestOf<typeof alterPartition>;
export type AlterPartitionResponse = ResponseOf<typeof alterPartition>;
export type AlterPartitionResponseInput = ResponseInput<typeof alterPartition>;

/** A block of producer ids for one broker to give out. */
export const allocateProducerIds = api({
  key: 67,
  name: 'AllocateProducerIds',
  versions: '0',
  flexible: '0+',
  request: { brokerId: int32(), brokerEpoch: int64({ default: -1 }) },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
    producerIdStart: int64(),
    producerIdLen: int32(),
  },
});

export type AllocateProducerIdsRequest = RequestOf<typeof allocateProducerIds>;
export type AllocateProducerIdsResponse = ResponseOf<typeof allocateProducerIds>;
export type AllocateProducerIdsResponseInput = ResponseInput<typeof allocateProducerIds>;

export const envelope = api({
  key: 58,
  name: 'Envelope',
  versions: '0',
  flexible: '0+',
  request: {
    /** Header and body, without the length before them. */
    requestData: bytes(),
    requestPrincipal: bytes({ nullable: '0+' }),
    clientHostAddress: bytes(),
  },
  response: {
    responseData: bytes({ nullable: '0+', default: null }),
    errorCode: int16(),
  },
});

export type EnvelopeRequest = RequestOf<typeof envelope>;
export type EnvelopeResponse = ResponseOf<typeof envelope>;
export type EnvelopeResponseInput = ResponseInput<typeof envelope>;
