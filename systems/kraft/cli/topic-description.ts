/**
 * A topic as `kafka-topics --describe` prints it: the same columns, with the same names, a tab before each but the first.
 *
 *     describeTopic({ name: 't', topicId, partitions: [{ partition: 0, leader: 1, replicas: [1], … }], configs: [], … });
 *     // ['Topic: t\tTopicId: …\tPartitionCount: 1\tReplicationFactor: 1\tConfigs: ', '\tTopic: t\tPartition: 0\tLeader: 1\t…']
 */
import { ZERO_UUID } from '../wire/bytes.ts';

export interface PartitionFacts {
  readonly partition: number;
  /** Negative: nobody leads. */
  readonly leader: number;
  readonly replicas: readonly number[];
  readonly isr: readonly number[];
  /** Null: the broker does not say. */
  readonly elr: readonly number[] | null;
  readonly lastKnownElr: readonly number[] | null;
  /** Null: no reassignment is under way. */
  readonly reassignment: { readonly adding: readonly number[]; readonly removing: readonly number[] } | null;
}

export interface TopicFacts {
  readonly name: string;
  readonly topicId: string;
  /** By partition. */
  readonly partitions: readonly PartitionFacts[];
  /** Those that are not the default. */
  readonly configs: readonly { readonly name: string; readonly value: string | null }[];
}

export function topicLine({ name, topicId, partitions, configs }: TopicFacts): string {
  const [first] = partitions;
  const adding = first?.reassignment?.adding.length ?? 0;
  const factor = (first?.replicas.length ?? 0) - adding;
  return [
    `Topic: ${name}`,
    ...(topicId === ZERO_UUID ? [] : [`TopicId: ${topicId}`]),
    `PartitionCount: ${partitions.length}`,
    `ReplicationFactor: ${factor}`,
    `Configs: ${configs.map((config) => `${config.name}=${config.value ?? 'null'}`).join(',')}`,
  ].join('\t');
}

export function partitionLine(topic: string, facts: PartitionFacts): string {
  const { partition, leader, replicas, isr, elr, lastKnownElr, reassignment } = facts;
  return [
    '',
    `Topic: ${topic}`,
    `Partition: ${partition}`,
    `Leader: ${leader < 0 ? 'none' : leader}`,
    `Replicas: ${replicas.join(',')}`,
    `Isr: ${isr.join(',')}`,
    ...(reassignment === null
      ? []
      : [
          `Adding Replicas: ${reassignment.adding.join(',')}`,
          `Removing Replicas: ${reassignment.removing.join(',')}`,
        ]),
    `Elr: ${elr === null ? 'N/A' : elr.join(',')}`,
    `LastKnownElr: ${lastKnownElr === null ? 'N/A' : lastKnownElr.join(',')}`,
  ].join('\t');
}

/** What `--describe` may be narrowed to. */
export interface DescribeFilter {
  readonly underReplicated: boolean;
  readonly unavailable: boolean;
  readonly underMinIsr: boolean;
  readonly atMinIsr: boolean;
}

export const isNarrowed = (filter: DescribeFilter): boolean =>
  filter.underReplicated || filter.unavailable || filter.underMinIsr || filter.atMinIsr;

export function isWanted(
  facts: PartitionFacts,
  minIsr: number,
  liveBrokers: ReadonlySet<number>,
  filter: DescribeFilter,
): boolean {
  const { leader, replicas, isr, reassignment } = facts;
  const factor = replicas.length - (reassignment?.adding.length ?? 0);
  const isLed = leader >= 0;
  return (
    (filter.underReplicated && isr.length < factor) ||
    (filter.unavailable && !(isLed && liveBrokers.has(leader))) ||
    (filter.underMinIsr && (!isLed || isr.length < minIsr)) ||
    (filter.atMinIsr && isr.length === minIsr)
  );
}
