/**
 * What leaders send to the controller: ISRs as they see them, and what a liar or a bit error makes of them.
 *
 *     network.push(...proposals(broker, random));
 *     core.alterPartition(nowMs, forge(request, image, random));
 */
import type { Random } from '../../../../harness/random.ts';
import type { AlterPartitionRequest, PartitionProposal } from '../alter-partition.ts';
import type { Leadership, ShakenBroker } from './shaken-broker.ts';
import type { SlowImage } from './slow-image.ts';
import { mayBeAccepted } from './slow-rules.ts';

/** A leader proposes who has caught up with its high watermark and its leader epoch, and may leave somebody out. */
export function proposals(broker: ShakenBroker, random: Random): AlterPartitionRequest[] {
  const requests: AlterPartitionRequest[] = [];
  const { epoch } = broker;
  if (epoch === null) return requests;
  for (const [key, leadership] of broker.leads) {
    const [topicId, partitionId] = key.split('/') as [string, string];
    const partition = broker.image.partition(topicId, Number(partitionId));
    if (partition === undefined || random.chance(0.4)) continue;
    const caughtUp = partition.replicas.filter((id) => {
      const follower = leadership.followers.get(id);
      const needed = Math.max(leadership.highWatermark, leadership.epochStart);
      return id === broker.id || (follower !== undefined && follower.logEnd >= needed);
    });
    const members = leadership.recovering ? [broker.id] : [...new Set([...leadership.isr, ...caughtUp])];
    const expelled = random.chance(0.4) ? random.pick(members) : broker.id;
    const wanted = members.filter((id) => id === broker.id || id !== expelled);
    for (const member of wanted) leadership.proposed.add(member);
    const proposal: PartitionProposal = {
      topicId,
      partitionId: Number(partitionId),
      leaderEpoch: leadership.leaderEpoch,
      partitionEpoch: leadership.partitionEpoch,
      isr: wanted.map((id) => ({ brokerId: id, brokerEpoch: knownEpoch(broker, leadership, id) })),
      leaderRecoveryState: 'recovered',
    };
    requests.push({ brokerId: broker.id, brokerEpoch: epoch, partitions: [proposal] });
  }
  return requests;
}

/** The epoch with which a member fetched; one that never did is known from the metadata. */
function knownEpoch(leader: ShakenBroker, leadership: Leadership, id: number): number {
  if (id === leader.id) return leader.epoch as number;
  return leadership.followers.get(id)?.brokerEpoch ?? leader.image.brokers.get(id)?.epoch ?? -2;
}

/** Another request than was sent; one that would be accepted, and that no honest leader stands behind, is not made. */
export function forge(
  request: AlterPartitionRequest,
  image: SlowImage,
  random: Random,
): AlterPartitionRequest {
  const [proposal] = request.partitions as [PartitionProposal];
  const forged: PartitionProposal = random.pick([
    { ...proposal, leaderEpoch: proposal.leaderEpoch + random.pick([-1, 1]) },
    { ...proposal, partitionEpoch: proposal.partitionEpoch + random.pick([-1, 1]) },
    { ...proposal, isr: [...proposal.isr, { brokerId: random.pick([1, 2, 3, 4, 9]), brokerEpoch: -1 }] },
    { ...proposal, isr: proposal.isr.slice(1) },
    { ...proposal, leaderRecoveryState: 'recovering' as const },
  ]);
  return mayBeAccepted(image, request.brokerId, forged) ? request : { ...request, partitions: [forged] };
}
