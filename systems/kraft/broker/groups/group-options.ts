/**
 * What a broker's properties say about groups. Names and defaults are Kafka's; units last.
 *
 *     const options = { ...DEFAULT_GROUP_OPTIONS, initialRebalanceDelayMs: 0 };
 */

export interface GroupOptions {
  /** `offsets.topic.num.partitions`: must never change, since it says where a group lives. */
  readonly offsetsPartitionCount: number;
  /** `group.min.session.timeout.ms` and `group.max.session.timeout.ms` */
  readonly minSessionTimeoutMs: number;
  readonly maxSessionTimeoutMs: number;
  /** `group.initial.rebalance.delay.ms`: how long an empty group waits for more members than the first. */
  readonly initialRebalanceDelayMs: number;
  /** `group.max.size` */
  readonly maxSize: number;
  /** `offset.metadata.max.bytes`, in characters as Kafka counts them */
  readonly offsetMetadataMaxLength: number;
  /** `offsets.retention.minutes`, from when the group is empty */
  readonly offsetsRetentionMs: number;
  /** `offsets.retention.check.interval.ms` */
  readonly retentionCheckIntervalMs: number;
  /** How long a member that joins for the first time waits for a rebalance that does not end. Fixed in Kafka. */
  readonly newMemberJoinTimeoutMs: number;
}

export const DEFAULT_GROUP_OPTIONS: GroupOptions = {
  offsetsPartitionCount: 50,
  minSessionTimeoutMs: 6_000,
  maxSessionTimeoutMs: 1_800_000,
  initialRebalanceDelayMs: 3_000,
  maxSize: 2 ** 31 - 1,
  offsetMetadataMaxLength: 4_096,
  offsetsRetentionMs: 10_080 * 60_000,
  retentionCheckIntervalMs: 600_000,
  newMemberJoinTimeoutMs: 300_000,
};
