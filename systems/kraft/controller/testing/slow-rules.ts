/**
 * Whether AlterPartition must be accepted, from the text of the KIPs and not from the code: one list of demands.
 *
 *     mayBeAccepted(slowImage(records), 1, proposal)
 */
import type { PartitionProposal } from '../alter-partition.ts';
import type { SlowImage } from './slow-image.ts';

export function mayBeAccepted(image: SlowImage, sender: number, proposal: PartitionProposal): boolean {
  const partition = image.partitions[`${image.topics[proposal.topicId]}-${proposal.partitionId}`];
  if (partition === undefined) return false;
  const members = proposal.isr.map(({ brokerId }) => brokerId);
  const demands = [
    partition.leader === sender,
    partition.leaderEpoch === proposal.leaderEpoch,
    partition.partitionEpoch === proposal.partitionEpoch,
    members.includes(sender),
    members.every((member, i) => members.indexOf(member) === i),
    members.every((member) => partition.replicas.includes(member)),
    proposal.leaderRecoveryState === 'recovered' ||
      (members.length === 1 && partition.leaderRecoveryState === 'recovering'),
    proposal.isr.every(({ brokerId, brokerEpoch }) => {
      const broker = image.brokers[brokerId];
      if (broker === undefined || broker.fenced || broker.inControlledShutdown) return false;
      return brokerEpoch === -1 || brokerEpoch === broker.brokerEpoch;
    }),
  ];
  return demands.every(Boolean);
}
