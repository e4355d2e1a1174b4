/**
 * From what shall become of a partition to the record that says so, and from the record to the partition as it then is.
 *
 *     const record = changePartition(rules, partition, { ...target, isr: [2, 3] });   // broker 1, the leader, is gone
 *     // { type: 'partition-change', isr: [2, 3], leader: 2, … }
 *     mergeChange(rules, partition, record).leaderEpoch                               // one more than before
 *
 * Every change of a partition goes through here: completing a reassignment (KIP-455), the eligible replicas (KIP-966), the election.
 */
import type { LeaderRecovery, PartitionChangeRecord, Uuid } from './metadata-records.ts';
import { NO_LEADER, UNASSIGNED_DIRECTORY } from './metadata-records.ts';
import type { PartitionRegistration } from './registrations.ts';
import { sameMembers } from './registrations.ts';
import type { Election, Rules } from './rules.ts';

export interface PartitionTarget {
  readonly election: Election;
  /** `min.insync.replicas` of the topic, at most the number of replicas. */
  readonly minIsr: number;
  /** The feature `eligible.leader.replicas.version` is on (KIP-966). */
  readonly elrEnabled: boolean;
  mayLead(broker: number): boolean;
  /** Where a replica that is new on this broker goes. */
  directoryFor?(broker: number): Uuid;
  readonly isr?: readonly number[];
  readonly replicas?: readonly number[];
  readonly adding?: readonly number[];
  readonly removing?: readonly number[];
  readonly recovery?: LeaderRecovery;
  /** A replica that came back after an unclean shutdown. */
  readonly uncleanShutdown?: number;
}

interface Changes {
  isr?: readonly number[];
  leader?: number;
  replicas?: readonly number[];
  removingReplicas?: readonly number[];
  addingReplicas?: readonly number[];
  leaderRecoveryState?: LeaderRecovery;
  directories?: readonly Uuid[];
  eligibleLeaderReplicas?: readonly number[];
  lastKnownElr?: readonly number[];
}

/** The record that brings a partition where it shall be, or null when it is there. */
export function changePartition(
  rules: Rules,
  partition: PartitionRegistration,
  target: PartitionTarget,
): PartitionChangeRecord | null {
  let isr = target.isr ?? partition.isr;
  let replicas = target.replicas ?? partition.replicas;
  let adding = target.adding ?? partition.addingReplicas;
  let removing = target.removing ?? partition.removingReplicas;
  if (rules.isReassignmentComplete({ replicas, adding, removing, isr })) {
    const gone = removing;
    replicas = replicas.filter((replica) => !gone.includes(replica));
    isr = isr.filter((replica) => !gone.includes(replica));
    adding = [];
    removing = [];
  }

  let elr = target.elrEnabled ? eligible(rules, partition, target, isr, replicas) : [];
  const { leader, from } = rules.electLeader({
    election: target.election,
    leader: partition.leader,
    replicas,
    isr,
    elr,
    lastKnownLeader: target.elrEnabled ? (partition.lastKnownElr[0] ?? NO_LEADER) : NO_LEADER,
    mayLead: target.mayLead,
  });
  if (from === 'elr' || from === 'unclean') {
    isr = [leader];
    elr = from === 'elr' ? elr.filter((member) => member !== leader) : [];
  }
  // Without eligible replicas somebody must remember who was in sync: the last member stays, though nobody leads.
  if (isr.length === 0 && !target.elrEnabled)
    isr = partition.isr.filter((member) => replicas.includes(member));

  const changes: Changes = {};
  if (!sameMembers(isr, partition.isr)) changes.isr = isr;
  // A leader must not go on as before when replicas were taken from it: its epoch is raised though it stays.
  const replicasTaken =
    partition.replicas !== replicas && partition.replicas.some((r) => !replicas.includes(r));
  if (leader !== partition.leader || replicasTaken) changes.leader = leader;
  if (!sameMembers(replicas, partition.replicas)) {
    changes.replicas = replicas;
    changes.directories = directoriesOf(partition, replicas, target);
  }
  if (!sameMembers(removing, partition.removingReplicas)) changes.removingReplicas = removing;
  if (!sameMembers(adding, partition.addingReplicas)) changes.addingReplicas = adding;
  if (!sameMembers(elr, partition.elr)) changes.eligibleLeaderReplicas = elr;
  const lastKnown = target.elrEnabled ? lastKnownLeader(partition, leader, isr) : [];
  if (!sameMembers(lastKnown, partition.lastKnownElr)) changes.lastKnownElr = lastKnown;
  const recovery = rules.recoveryAfterElection(from, target.recovery ?? partition.leaderRecoveryState);
  if (recovery !== partition.leaderRecoveryState) changes.leaderRecoveryState = recovery;

  if (Object.keys(changes).length === 0) return null;
  return {
    type: 'partition-change',
    topicId: partition.topicId,
    partitionId: partition.partitionId,
    ...changes,
  };
}

function eligible(
  rules: Rules,
  partition: PartitionRegistration,
  target: PartitionTarget,
  targetIsr: readonly number[],
  targetReplicas: readonly number[],
): readonly number[] {
  return rules.elrAfterIsrChange({
    isr: partition.isr,
    elr: partition.elr,
    targetIsr,
    targetReplicas,
    minIsr: Math.min(target.minIsr, targetReplicas.length),
    uncleanShutdown: target.uncleanShutdown ?? NO_LEADER,
  });
}

/** Whom to ask first when nobody in sync or eligible comes back: set when the partition loses its last one, cleared by a leader. */
function lastKnownLeader(
  partition: PartitionRegistration,
  leader: number,
  isr: readonly number[],
): readonly number[] {
  if (leader !== NO_LEADER) return [];
  return isr.length === 0 && partition.leader !== NO_LEADER ? [partition.leader] : partition.lastKnownElr;
}

function directoriesOf(
  partition: PartitionRegistration,
  replicas: readonly number[],
  target: PartitionTarget,
): Uuid[] {
  return replicas.map((broker) => {
    const at = partition.replicas.indexOf(broker);
    if (at >= 0) return partition.directories[at] ?? UNASSIGNED_DIRECTORY;
    return target.directoryFor?.(broker) ?? UNASSIGNED_DIRECTORY;
  });
}

/** The partition after the change. */
export function mergeChange(
  rules: Rules,
  partition: PartitionRegistration,
  change: PartitionChangeRecord,
): PartitionRegistration {
  return {
    topicId: partition.topicId,
    partitionId: partition.partitionId,
    replicas: change.replicas ?? partition.replicas,
    directories: change.directories ?? partition.directories,
    isr: change.isr ?? partition.isr,
    elr: change.eligibleLeaderReplicas ?? partition.elr,
    lastKnownElr: change.lastKnownElr ?? partition.lastKnownElr,
    removingReplicas: change.removingReplicas ?? partition.removingReplicas,
    addingReplicas: change.addingReplicas ?? partition.addingReplicas,
    leader: change.leader ?? partition.leader,
    leaderEpoch: rules.leaderEpochAfter(partition.leaderEpoch, change.leader !== undefined),
    partitionEpoch: rules.partitionEpochAfter(partition.partitionEpoch),
    leaderRecoveryState: change.leaderRecoveryState ?? partition.leaderRecoveryState,
  };
}
