/**
 * AlterPartition: a leader proposes who is in sync, and the controller decides (KIP-497, 704, 841, 903). The leader of a Raft group says by
 * it that it leads, and in which epoch.
 *
 *     alterPartition(active, { brokerId: 1, brokerEpoch: 42, partitions: [{ topicId, partitionId: 0, leaderEpoch: 0,
 *       partitionEpoch: 3, isr: [{ brokerId: 1, brokerEpoch: 42 }, { brokerId: 2, brokerEpoch: 57 }],
 *       leaderRecoveryState: 'recovered' }] });
 */
import type { ActiveController } from './active-controller.ts';
import { checkBrokerEpoch } from './brokers.ts';
import type { ErrorName } from './errors.ts';
import type { LeaderRecovery, Uuid } from './metadata-records.ts';
import { noteLeader } from './raft-partitions.ts';
import type { PartitionRegistration } from './registrations.ts';

export interface IsrMember {
  readonly brokerId: number;
  /** The epoch in which the leader saw it catch up; −1 when it does not know. */
  readonly brokerEpoch: number;
}

export interface PartitionProposal {
  readonly topicId: Uuid;
  readonly partitionId: number;
  readonly leaderEpoch: number;
  readonly partitionEpoch: number;
  readonly isr: readonly IsrMember[];
  readonly leaderRecoveryState: LeaderRecovery;
}

export interface AlterPartitionRequest {
  readonly brokerId: number;
  readonly brokerEpoch: number;
  readonly partitions: readonly PartitionProposal[];
}

export interface AlterPartitionResult {
  readonly topicId: Uuid;
  readonly partitionId: number;
  readonly error: ErrorName;
  /** The partition as it now is, when the proposal was accepted. */
  readonly partition: PartitionRegistration | null;
}

export function alterPartition(
  active: ActiveController,
  request: AlterPartitionRequest,
): AlterPartitionResult[] {
  checkBrokerEpoch(active, request.brokerId, request.brokerEpoch);
  return request.partitions.map((proposal) => {
    const { topicId, partitionId } = proposal;
    const decided = decide(active, request, proposal);
    return typeof decided === 'string'
      ? { topicId, partitionId, error: decided, partition: null }
      : { topicId, partitionId, error: 'NONE', partition: decided };
  });
}

function decide(
  active: ActiveController,
  { brokerId: leader, brokerEpoch }: AlterPartitionRequest,
  proposal: PartitionProposal,
): ErrorName | PartitionRegistration {
  const { rules, image } = active;
  const { topicId, partitionId } = proposal;
  const topic = image.topics.get(topicId);
  if (topic === undefined) return 'UNKNOWN_TOPIC_ID';
  const partition = topic.partitions.get(partitionId);
  if (partition === undefined) return 'UNKNOWN_TOPIC_OR_PARTITION';
  if (active.isRaft(partition)) {
    return noteLeader(active, leader, { leaderEpoch: proposal.leaderEpoch, brokerEpoch }, partition);
  }
  const isr = proposal.isr.map((member) => member.brokerId);
  const error = rules.mayAcceptIsr({ ...proposal, leader, isr }, partition);
  if (error !== 'NONE') return error;
  if (!proposal.isr.every((m) => rules.isEligible(active.broker(m.brokerId), m.brokerEpoch))) {
    return 'INELIGIBLE_REPLICA';
  }
  active.change(partition, { ...active.target(topic.name), isr, recovery: proposal.leaderRecoveryState });
  const after = image.partition(topicId, partitionId) as PartitionRegistration;
  // A reassignment that this completes may take leadership away from the very leader that asks.
  return after.leader === leader ? after : 'NEW_LEADER_ELECTED';
}
