/**
 * What a broker's properties say about transactions. Names and defaults are Kafka's.
 *
 *     const options = { ...DEFAULT_TRANSACTION_OPTIONS, statePartitionCount: 1 };
 */

export interface TransactionOptions {
  /** `transaction.state.log.num.partitions`: must never change, since it says where a transactional id lives. */
  readonly statePartitionCount: number;
  /** `offsets.topic.num.partitions`: where the offsets of a group are that a transaction commits. */
  readonly offsetsPartitionCount: number;
  /** `transaction.max.timeout.ms` */
  readonly maxTimeoutMs: number;
  /** `transaction.abort.timed.out.transaction.cleanup.interval.ms` */
  readonly abortCheckIntervalMs: number;
  /** `transactional.id.expiration.ms` */
  readonly expirationMs: number;
  /** `transaction.remove.expired.transaction.cleanup.interval.ms` */
  readonly expirationCheckIntervalMs: number;
  /** Before a marker that was not written is sent again; fixed in Kafka. */
  readonly markerBackoffMs: number;
}

export const DEFAULT_TRANSACTION_OPTIONS: TransactionOptions = {
  statePartitionCount: 50,
  offsetsPartitionCount: 50,
  maxTimeoutMs: 900_000,
  abortCheckIntervalMs: 10_000,
  expirationMs: 604_800_000,
  expirationCheckIntervalMs: 3_600_000,
  markerBackoffMs: 100,
};
