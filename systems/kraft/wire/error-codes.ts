/**
 * Kafka's error codes, and what each means for the operation that it answers.
 *
 *     ERROR.NOT_ENOUGH_REPLICAS // 19
 *     isDefinite(ERROR.NOT_ENOUGH_REPLICAS) // true: refused before the append
 *     isDefinite(ERROR.NOT_ENOUGH_REPLICAS_AFTER_APPEND) // false: it is in the log and may stay there
 *     errorName(20) // 'NOT_ENOUGH_REPLICAS_AFTER_APPEND'
 *
 * `definite` speaks of a produce, a commit of offsets, or the end of a transaction: whether *this request* certainly
 * took no effect. Three codes look definite and are not. A leader that loses its leadership while it waits for acks=-1
 * answers NOT_LEADER_OR_FOLLOWER although it has appended; a partition that goes meanwhile, UNKNOWN_TOPIC_OR_PARTITION;
 * and a coordinator whose append fails so says NOT_COORDINATOR or COORDINATOR_NOT_AVAILABLE. `retriable` is what
 * Kafka's clients take it for. An unknown code proves nothing.
 */
import type { SystemError } from '../../system.ts';

export interface KafkaError extends SystemError {
  readonly retriable: boolean;
}

type Row = readonly [
  code: number,
  retriable: 'retriable' | 'final',
  definite: 'definite' | 'unknown',
  meaning: string,
];

const TABLE = {
  UNKNOWN_SERVER_ERROR: [
    -1,
    'final',
    'unknown',
    'the server failed in a way that the protocol has no word for',
  ],
  NONE: [0, 'final', 'unknown', 'no error: it took effect'],
  OFFSET_OUT_OF_RANGE: [1, 'final', 'definite', 'the log does not reach to that offset, or no longer'],
  CORRUPT_MESSAGE: [
    2,
    'retriable',
    'definite',
    'a batch whose checksum or form is wrong; it was not appended',
  ],
  UNKNOWN_TOPIC_OR_PARTITION: [
    3,
    'retriable',
    'unknown',
    'not here: never, not yet, or no longer since the request was appended',
  ],
  INVALID_FETCH_SIZE: [4, 'final', 'definite', 'a fetch of a negative size'],
  LEADER_NOT_AVAILABLE: [5, 'retriable', 'definite', 'the partition has no leader now'],
  NOT_LEADER_OR_FOLLOWER: [
    6,
    'retriable',
    'unknown',
    'this broker does not lead the partition; it may have when it appended, before it waited for the others',
  ],
  REQUEST_TIMED_OUT: [7, 'retriable', 'unknown', 'it was appended, and the replicas did not follow in time'],
  BROKER_NOT_AVAILABLE: [8, 'final', 'unknown', 'the broker is gone'],
  REPLICA_NOT_AVAILABLE: [9, 'retriable', 'definite', 'this broker has no replica of the partition'],
  MESSAGE_TOO_LARGE: [10, 'final', 'definite', 'a batch larger than the topic takes'],
  STALE_CONTROLLER_EPOCH: [11, 'final', 'unknown', 'another controller has taken over'],
  OFFSET_METADATA_TOO_LARGE: [12, 'final', 'definite', 'the text beside a committed offset is too long'],
  NETWORK_EXCEPTION: [13, 'retriable', 'unknown', 'the connection ended before the answer'],
  COORDINATOR_LOAD_IN_PROGRESS: [14, 'retriable', 'definite', 'the coordinator still reads its log'],
  COORDINATOR_NOT_AVAILABLE: [
    15,
    'retriable',
    'unknown',
    'there is no coordinator, or its append was not replicated in time',
  ],
  NOT_COORDINATOR: [
    16,
    'retriable',
    'unknown',
    'another broker coordinates; this one may have when it appended',
  ],
  INVALID_TOPIC_EXCEPTION: [
    17,
    'final',
    'definite',
    'no name of a topic, or one that clients may not write to',
  ],
  RECORD_LIST_TOO_LARGE: [18, 'final', 'definite', 'a batch larger than a segment'],
  NOT_ENOUGH_REPLICAS: [
    19,
    'retriable',
    'definite',
    'fewer in sync than min.insync.replicas; nothing was appended',
  ],
  NOT_ENOUGH_REPLICAS_AFTER_APPEND: [
    20,
    'retriable',
    'unknown',
    'appended, and then fewer in sync than min.insync.replicas',
  ],
  INVALID_REQUIRED_ACKS: [21, 'final', 'definite', 'acks that is none of 0, 1 and -1'],
  ILLEGAL_GENERATION: [22, 'final', 'definite', 'of a generation that is not the group’s present one'],
  INCONSISTENT_GROUP_PROTOCOL: [23, 'final', 'definite', 'the members have no protocol in common'],
  INVALID_GROUP_ID: [24, 'final', 'definite', 'no name of a group'],
  UNKNOWN_MEMBER_ID: [25, 'final', 'definite', 'the group has no such member, or no longer'],
  INVALID_SESSION_TIMEOUT: [26, 'final', 'definite', 'a session timeout outside of what the broker allows'],
  REBALANCE_IN_PROGRESS: [27, 'final', 'definite', 'the group is forming its next generation: join again'],
  INVALID_COMMIT_OFFSET_SIZE: [28, 'final', 'definite', 'the commit is larger than its log takes'],
  TOPIC_AUTHORIZATION_FAILED: [29, 'final', 'definite', 'not allowed on this topic'],
  GROUP_AUTHORIZATION_FAILED: [30, 'final', 'definite', 'not allowed on this group'],
  CLUSTER_AUTHORIZATION_FAILED: [31, 'final', 'definite', 'not allowed on the cluster'],
  INVALID_TIMESTAMP: [32, 'final', 'definite', 'a timestamp outside of what the topic takes'],
  UNSUPPORTED_SASL_MECHANISM: [33, 'final', 'definite', 'no such way to authenticate'],
  ILLEGAL_SASL_STATE: [34, 'final', 'definite', 'not now: the connection is authenticated, or not yet'],
  UNSUPPORTED_VERSION: [35, 'final', 'definite', 'not in this version of the request'],
  TOPIC_ALREADY_EXISTS: [36, 'final', 'definite', 'a topic of that name exists'],
  INVALID_PARTITIONS: [37, 'final', 'definite', 'a number of partitions that cannot be'],
  INVALID_REPLICATION_FACTOR: [38, 'final', 'definite', 'more replicas than brokers, or none'],
  INVALID_REPLICA_ASSIGNMENT: [39, 'final', 'definite', 'replicas on brokers that are not, or twice on one'],
  INVALID_CONFIG: [40, 'final', 'definite', 'a configuration that is not known, or has no such value'],
  NOT_CONTROLLER: [
    41,
    'retriable',
    'unknown',
    'not the active controller; it may have been when it appended, before it waited for the quorum',
  ],
  INVALID_REQUEST: [42, 'final', 'definite', 'a request that contradicts itself'],
  UNSUPPORTED_FOR_MESSAGE_FORMAT: [43, 'final', 'definite', 'records of an older format'],
  POLICY_VIOLATION: [44, 'final', 'definite', 'the cluster’s rules do not allow it'],
  OUT_OF_ORDER_SEQUENCE_NUMBER: [
    45,
    'final',
    'definite',
    'not the sequence that follows the producer’s last one; nothing was appended',
  ],
  DUPLICATE_SEQUENCE_NUMBER: [
    46,
    'final',
    'unknown',
    'older than the batches that are remembered; likely in the log',
  ],
  INVALID_PRODUCER_EPOCH: [47, 'final', 'definite', 'a newer incarnation of the producer exists'],
  INVALID_TXN_STATE: [48, 'final', 'definite', 'the transaction is not in a state for that'],
  INVALID_PRODUCER_ID_MAPPING: [
    49,
    'final',
    'definite',
    'the transactional id belongs to another producer id',
  ],
  INVALID_TRANSACTION_TIMEOUT: [50, 'final', 'definite', 'a transaction longer than the broker allows'],
  CONCURRENT_TRANSACTIONS: [51, 'retriable', 'unknown', 'the transaction before is still being completed'],
  TRANSACTION_COORDINATOR_FENCED: [52, 'final', 'unknown', 'a newer coordinator of the transaction exists'],
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: [53, 'final', 'definite', 'not allowed with this transactional id'],
  SECURITY_DISABLED: [54, 'final', 'definite', 'the broker has no such security'],
  OPERATION_NOT_ATTEMPTED: [
    55,
    'final',
    'definite',
    'not tried, because of an error elsewhere in the request',
  ],
  KAFKA_STORAGE_ERROR: [56, 'retriable', 'unknown', 'the disk failed, perhaps in the middle of an append'],
  LOG_DIR_NOT_FOUND: [57, 'final', 'definite', 'no such folder of logs'],
  SASL_AUTHENTICATION_FAILED: [58, 'final', 'definite', 'not who it says'],
  UNKNOWN_PRODUCER_ID: [59, 'final', 'definite', 'nothing of this producer is remembered'],
  REASSIGNMENT_IN_PROGRESS: [60, 'final', 'definite', 'replicas are being moved already'],
  NON_EMPTY_GROUP: [68, 'final', 'definite', 'the group has members'],
  GROUP_ID_NOT_FOUND: [69, 'final', 'definite', 'there is no such group'],
  FETCH_SESSION_ID_NOT_FOUND: [
    70,
    'retriable',
    'definite',
    'the fetch session is not remembered: begin a new one',
  ],
  INVALID_FETCH_SESSION_EPOCH: [71, 'retriable', 'definite', 'not the fetch session’s next epoch'],
  LISTENER_NOT_FOUND: [
    72,
    'retriable',
    'definite',
    'the leader has no listener of the kind that was asked on',
  ],
  TOPIC_DELETION_DISABLED: [73, 'final', 'definite', 'topics are not deleted here'],
  FENCED_LEADER_EPOCH: [74, 'retriable', 'definite', 'the request knows an older leader epoch'],
  UNKNOWN_LEADER_EPOCH: [75, 'retriable', 'definite', 'the request knows a newer leader epoch'],
  UNSUPPORTED_COMPRESSION_TYPE: [
    76,
    'final',
    'definite',
    'a codec that this version or broker does not have',
  ],
  STALE_BROKER_EPOCH: [77, 'final', 'definite', 'the broker has registered again since'],
  OFFSET_NOT_AVAILABLE: [
    78,
    'retriable',
    'definite',
    'the high watermark has not caught up with the election',
  ],
  MEMBER_ID_REQUIRED: [79, 'final', 'definite', 'join again with the member id that this answer gives'],
  PREFERRED_LEADER_NOT_AVAILABLE: [80, 'retriable', 'definite', 'the first replica cannot lead now'],
  GROUP_MAX_SIZE_REACHED: [81, 'final', 'definite', 'the group takes no more members'],
  FENCED_INSTANCE_ID: [82, 'final', 'definite', 'another member has this instance id'],
  ELIGIBLE_LEADERS_NOT_AVAILABLE: [83, 'retriable', 'definite', 'no replica may lead'],
  ELECTION_NOT_NEEDED: [84, 'retriable', 'definite', 'the partition has the leader that was asked for'],
  NO_REASSIGNMENT_IN_PROGRESS: [85, 'final', 'definite', 'there is nothing to cancel'],
  GROUP_SUBSCRIBED_TO_TOPIC: [86, 'final', 'definite', 'a member still reads the topic'],
  INVALID_RECORD: [87, 'final', 'definite', 'a record that the topic does not take; nothing was appended'],
  UNSTABLE_OFFSET_COMMIT: [88, 'retriable', 'definite', 'a transaction that commits offsets is not decided'],
  THROTTLING_QUOTA_EXCEEDED: [89, 'retriable', 'definite', 'too many changes of topics'],
  PRODUCER_FENCED: [90, 'final', 'definite', 'a newer producer has this transactional id'],
  RESOURCE_NOT_FOUND: [91, 'final', 'definite', 'there is no such resource'],
  DUPLICATE_RESOURCE: [92, 'final', 'definite', 'named twice in one request'],
  INCONSISTENT_VOTER_SET: [94, 'final', 'definite', 'the one who asks, or who is asked, is no voter'],
  INVALID_UPDATE_VERSION: [95, 'final', 'definite', 'the partition has changed since'],
  FEATURE_UPDATE_FAILED: [96, 'final', 'definite', 'the feature cannot have that level'],
  PRINCIPAL_DESERIALIZATION_FAILURE: [97, 'final', 'definite', 'a forwarded request does not say from whom'],
  SNAPSHOT_NOT_FOUND: [98, 'final', 'definite', 'there is no such snapshot, or no longer'],
  POSITION_OUT_OF_RANGE: [99, 'final', 'definite', 'the snapshot is not that long'],
  UNKNOWN_TOPIC_ID: [100, 'retriable', 'unknown', 'no topic has this id here, or no longer'],
  DUPLICATE_BROKER_REGISTRATION: [101, 'final', 'definite', 'a live broker has this id'],
  BROKER_ID_NOT_REGISTERED: [102, 'final', 'definite', 'no broker of this id has registered'],
  INCONSISTENT_TOPIC_ID: [103, 'retriable', 'definite', 'the log is of a topic of that name and another id'],
  INCONSISTENT_CLUSTER_ID: [104, 'final', 'definite', 'from a node of another cluster'],
  TRANSACTIONAL_ID_NOT_FOUND: [105, 'final', 'definite', 'there is no such transactional id'],
  FETCH_SESSION_TOPIC_ID_ERROR: [
    106,
    'retriable',
    'definite',
    'the fetch session mixes names and ids of topics',
  ],
  INELIGIBLE_REPLICA: [107, 'final', 'definite', 'a proposed member of the ISR is fenced or shuts down'],
  NEW_LEADER_ELECTED: [108, 'final', 'definite', 'the change of the ISR elected another leader'],
  UNKNOWN_CONTROLLER_ID: [116, 'final', 'definite', 'no controller of this id has registered'],
  INVALID_REGISTRATION: [119, 'final', 'definite', 'the controller cannot take such a broker'],
  TRANSACTION_ABORTABLE: [120, 'final', 'definite', 'the transaction can only be aborted'],
  INVALID_VOTER_KEY: [125, 'final', 'definite', 'the receiver is not the voter that was meant'],
  DUPLICATE_VOTER: [126, 'final', 'definite', 'it is a voter already'],
  VOTER_NOT_FOUND: [127, 'final', 'definite', 'it is no voter'],
} as const satisfies Readonly<Record<string, Row>>;

export type ErrorName = keyof typeof TABLE;

const entries = Object.entries(TABLE) as [ErrorName, Row][];

/** The codes by name. */
export const ERROR = Object.fromEntries(entries.map(([name, row]) => [name, row[0]])) as {
  readonly [N in ErrorName]: (typeof TABLE)[N][0];
};

export const ERRORS: readonly KafkaError[] = entries.map(
  ([name, [code, retriable, definite, meaning]]): KafkaError => ({
    code,
    name,
    retriable: retriable === 'retriable',
    definite: definite === 'definite',
    meaning,
  }),
);

const byCode = new Map(ERRORS.map((error) => [error.code, error]));

export const errorName = (code: number): string => byCode.get(code)?.name ?? `UNKNOWN_ERROR_${code}`;

/** Whether a produce or a commit that is answered so certainly took no effect. An unknown code proves nothing. */
export const isDefinite = (code: number): boolean => byCode.get(code)?.definite ?? false;

/** Whether a client may try again, perhaps elsewhere and after it has asked for metadata. */
export const isRetriable = (code: number): boolean => byCode.get(code)?.retriable ?? false;
