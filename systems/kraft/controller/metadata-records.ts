/**
 * The records of the metadata log: what a controller appends and what every node of the cluster replays.
 *
 *     const record: MetadataRecord = { type: 'topic', name: 'orders', topicId: 'qCQZ…' };
 *     RECORD_IDS[record.type] // 2
 *
 * Names, ids and fields are Kafka's (KIP-631; directories KIP-858; eligible leader replicas KIP-966). Bytes are the business
 * of `record-codec.ts`; what a record does is that of `metadata-image.ts`.
 */

/** 16 bytes as Kafka prints them: 22 characters of base64 for URLs. */
export type Uuid = string;

/** No broker leads. */
export const NO_LEADER = -1;

/** Where a replica lies, when its broker did not yet say so (KIP-858). */
export const UNASSIGNED_DIRECTORY: Uuid = 'AAAAAAAAAAAAAAAAAAAAAA';

/** Whose configuration a record sets, by Kafka's numbers. An empty broker name means all brokers. */
export const RESOURCE = { topic: 2, broker: 4 } as const;

export interface Endpoint {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly securityProtocol: number;
}

export interface FeatureRange {
  readonly name: string;
  readonly minSupportedVersion: number;
  readonly maxSupportedVersion: number;
}

/** After an unclean election the leader is `recovering` until it says otherwise (KIP-704). */
export type LeaderRecovery = 'recovered' | 'recovering';

export interface RegisterBrokerRecord {
  readonly type: 'register-broker';
  readonly brokerId: number;
  readonly incarnationId: Uuid;
  /** The offset of the record that began this registration (KIP-631). */
  readonly brokerEpoch: number;
  readonly endPoints: readonly Endpoint[];
  readonly features: readonly FeatureRange[];
  readonly rack: string | null;
  readonly fenced: boolean;
  readonly inControlledShutdown: boolean;
  readonly logDirs: readonly Uuid[];
}

export interface UnregisterBrokerRecord {
  readonly type: 'unregister-broker';
  readonly brokerId: number;
  readonly brokerEpoch: number;
}

export interface TopicRecord {
  readonly type: 'topic';
  readonly name: string;
  readonly topicId: Uuid;
}

/** A partition as it is: one is written when the partition is created, and one in every snapshot. */
export interface PartitionRecord {
  readonly type: 'partition';
  readonly partitionId: number;
  readonly topicId: Uuid;
  /** In the order of preference. */
  readonly replicas: readonly number[];
  readonly isr: readonly number[];
  readonly removingReplicas: readonly number[];
  readonly addingReplicas: readonly number[];
  readonly leader: number;
  readonly leaderRecoveryState: LeaderRecovery;
  readonly leaderEpoch: number;
  readonly partitionEpoch: number;
  /** One for each replica, in the same order. */
  readonly directories: readonly Uuid[];
  readonly eligibleLeaderReplicas: readonly number[];
  readonly lastKnownElr: readonly number[];
}

export interface ConfigRecord {
  readonly type: 'config';
  readonly resourceType: number;
  readonly resourceName: string;
  readonly name: string;
  /** Null deletes it. */
  readonly value: string | null;
}

/** What changes in a partition; a field that is not there does not. */
export interface PartitionChangeRecord {
  readonly type: 'partition-change';
  readonly partitionId: number;
  readonly topicId: Uuid;
  readonly isr?: readonly number[];
  /** When it is there the leader epoch is raised, also if the leader is the same. */
  readonly leader?: number;
  readonly replicas?: readonly number[];
  readonly removingReplicas?: readonly number[];
  readonly addingReplicas?: readonly number[];
  readonly leaderRecoveryState?: LeaderRecovery;
  readonly directories?: readonly Uuid[];
  readonly eligibleLeaderReplicas?: readonly number[];
  readonly lastKnownElr?: readonly number[];
}

export interface FenceBrokerRecord {
  readonly type: 'fence-broker';
  readonly id: number;
  readonly epoch: number;
}

export interface UnfenceBrokerRecord {
  readonly type: 'unfence-broker';
  readonly id: number;
  readonly epoch: number;
}

export interface RemoveTopicRecord {
  readonly type: 'remove-topic';
  readonly topicId: Uuid;
}

export interface FeatureLevelRecord {
  readonly type: 'feature-level';
  readonly name: string;
  readonly featureLevel: number;
}

export interface ProducerIdsRecord {
  readonly type: 'producer-ids';
  readonly brokerId: number;
  readonly brokerEpoch: number;
  /** The first id of the next block. */
  readonly nextProducerId: number;
}

export interface BrokerRegistrationChangeRecord {
  readonly type: 'broker-registration-change';
  readonly brokerId: number;
  readonly brokerEpoch: number;
  /** Fenced or unfenced by this record; not there for neither. */
  readonly fenced?: boolean;
  /** Only ever entered: a broker leaves it with its registration. */
  readonly inControlledShutdown?: true;
  readonly logDirs?: readonly Uuid[];
}

export interface NoOpRecord {
  readonly type: 'no-op';
}

export type MetadataRecord =
  | RegisterBrokerRecord
  | UnregisterBrokerRecord
  | TopicRecord
  | PartitionRecord
  | ConfigRecord
  | PartitionChangeRecord
  | FenceBrokerRecord
  | UnfenceBrokerRecord
  | RemoveTopicRecord
  | FeatureLevelRecord
  | ProducerIdsRecord
  | BrokerRegistrationChangeRecord
  | NoOpRecord;

/** Kafka's `apiKey` of each record. */
export const RECORD_IDS = {
  'register-broker': 0,
  'unregister-broker': 1,
  topic: 2,
  partition: 3,
  config: 4,
  'partition-change': 5,
  'fence-broker': 7,
  'unfence-broker': 8,
  'remove-topic': 9,
  'feature-level': 12,
  'producer-ids': 15,
  'broker-registration-change': 17,
  'no-op': 20,
} as const satisfies Record<MetadataRecord['type'], number>;
