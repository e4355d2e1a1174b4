/**
 * What an image knows of a broker and of a partition. Both are immutable: a change makes a new one, so that images share them and
 * whoever holds one holds what was true.
 *
 *     isActive({ ...broker, fenced: false, inControlledShutdown: false }) // true: it may lead and be in an ISR
 */
import type { Endpoint, FeatureRange, LeaderRecovery, PartitionRecord, Uuid } from './metadata-records.ts';

export interface BrokerRegistration {
  readonly id: number;
  readonly epoch: number;
  /** Made anew by each process that starts. */
  readonly incarnationId: Uuid;
  readonly endPoints: readonly Endpoint[];
  readonly features: readonly FeatureRange[];
  readonly rack: string | null;
  readonly fenced: boolean;
  readonly inControlledShutdown: boolean;
  readonly logDirs: readonly Uuid[];
}

/** Where a broker is reached on one of its listeners, whose names are in capitals. */
export function endPointOf(
  broker: BrokerRegistration | undefined,
  listenerName: string,
): Endpoint | undefined {
  return broker?.endPoints.find(({ name }) => name === listenerName);
}

/** Whether a broker may lead or be in an ISR: it is registered, unfenced, and not about to go (KIP-841). */
export function isActive(broker: BrokerRegistration | undefined): boolean {
  return broker !== undefined && !broker.fenced && !broker.inControlledShutdown;
}

export interface PartitionRegistration {
  readonly topicId: Uuid;
  readonly partitionId: number;
  readonly replicas: readonly number[];
  readonly directories: readonly Uuid[];
  readonly isr: readonly number[];
  /** Left the ISR cleanly while it was below the minimum: they have all that was committed (KIP-966). */
  readonly elr: readonly number[];
  /** With neither ISR nor ELR left: who led last (KIP-966). */
  readonly lastKnownElr: readonly number[];
  readonly removingReplicas: readonly number[];
  readonly addingReplicas: readonly number[];
  readonly leader: number;
  readonly leaderEpoch: number;
  readonly partitionEpoch: number;
  readonly leaderRecoveryState: LeaderRecovery;
}

export function isReassigning(partition: PartitionRegistration): boolean {
  return partition.addingReplicas.length > 0 || partition.removingReplicas.length > 0;
}

/** A partition just created: all its active replicas are in sync with the empty log. */
export function newPartition(
  topicId: Uuid,
  partitionId: number,
  replicas: readonly number[],
  directories: readonly Uuid[],
  isr: readonly number[],
): PartitionRegistration {
  return {
    topicId,
    partitionId,
    replicas,
    directories,
    isr,
    elr: [],
    lastKnownElr: [],
    removingReplicas: [],
    addingReplicas: [],
    leader: isr[0] as number,
    leaderEpoch: 0,
    partitionEpoch: 0,
    leaderRecoveryState: 'recovered',
  };
}

export function partitionToRecord(partition: PartitionRegistration): PartitionRecord {
  const { elr, ...rest } = partition;
  return { type: 'partition', ...rest, eligibleLeaderReplicas: elr };
}

export function partitionFromRecord(record: PartitionRecord): PartitionRegistration {
  const { type: _type, eligibleLeaderReplicas, ...rest } = record;
  return { ...rest, elr: eligibleLeaderReplicas };
}

export function sameMembers(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((member, i) => member === b[i]);
}
