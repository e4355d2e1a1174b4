/**
 * What a controller may answer, by Kafka's names and numbers, and the refusal of a whole request.
 *
 *     throw new Refused('STALE_BROKER_EPOCH', 'broker 3 has epoch 17, not 4');
 */
export const ERROR_CODES = {
  NONE: 0,
  UNKNOWN_TOPIC_OR_PARTITION: 3,
  INVALID_TOPIC_EXCEPTION: 17,
  TOPIC_ALREADY_EXISTS: 36,
  INVALID_PARTITIONS: 37,
  INVALID_REPLICATION_FACTOR: 38,
  INVALID_REPLICA_ASSIGNMENT: 39,
  INVALID_CONFIG: 40,
  NOT_CONTROLLER: 41,
  INVALID_REQUEST: 42,
  POLICY_VIOLATION: 44,
  TOPIC_DELETION_DISABLED: 73,
  FENCED_LEADER_EPOCH: 74,
  STALE_BROKER_EPOCH: 77,
  PREFERRED_LEADER_NOT_AVAILABLE: 80,
  ELIGIBLE_LEADERS_NOT_AVAILABLE: 83,
  ELECTION_NOT_NEEDED: 84,
  NO_REASSIGNMENT_IN_PROGRESS: 85,
  INVALID_UPDATE_VERSION: 95,
  UNKNOWN_TOPIC_ID: 100,
  DUPLICATE_BROKER_REGISTRATION: 101,
  BROKER_ID_NOT_REGISTERED: 102,
  INCONSISTENT_CLUSTER_ID: 104,
  INELIGIBLE_REPLICA: 107,
  NEW_LEADER_ELECTED: 108,
  INVALID_REGISTRATION: 119,
  UNKNOWN_SERVER_ERROR: -1,
} as const;

export type ErrorName = keyof typeof ERROR_CODES;

/** The answer for one thing of a request that names several. */
export interface ItemResult {
  readonly error: ErrorName;
  /** For people; null when there is nothing to say. */
  readonly message: string | null;
}

export const NO_ERROR: ItemResult = { error: 'NONE', message: null };

/** The request as a whole is refused, at once; nothing was appended for it. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly error: ErrorName;

  constructor(error: ErrorName, message: string) {
    super(message);
    this.error = error;
  }
}
