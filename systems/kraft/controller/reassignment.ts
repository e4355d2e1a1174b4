/**
 * Reassignments (KIP-455): a partition gets other replicas while it works; the old ones go when the new ones are in sync.
 *
 *     alterReassignments(active, [{ topic: 'orders', partitionId: 0, replicas: [4, 5, 6] }]);
 *     listReassignments(image, null);    // [{ topic: 'orders', partitionId: 0, adding: [4, 5, 6], removing: [1, 2, 3], … }]
 *     alterReassignments(active, [{ topic: 'orders', partitionId: 0, replicas: null }]);   // as it was
 */
import type { ActiveController } from './active-controller.ts';
import type { ItemResult } from './errors.ts';
import { NO_ERROR, Refused } from './errors.ts';
import type { MetadataImage } from './metadata-image.ts';
import type { PartitionTarget } from './partition-change.ts';
import type { PartitionRegistration } from './registrations.ts';
import { isReassigning } from './registrations.ts';
import { checkAssignment } from './topics.ts';

export interface ReassignmentRequest {
  readonly topic: string;
  readonly partitionId: number;
  /** Null takes back what is going on. */
  readonly replicas: readonly number[] | null;
}

export interface ReassignmentResult extends ItemResult {
  readonly topic: string;
  readonly partitionId: number;
}

export function alterReassignments(
  active: ActiveController,
  requests: readonly ReassignmentRequest[],
): ReassignmentResult[] {
  return requests.map(({ topic, partitionId, replicas }) => {
    try {
      const partition = active.image.topicByName(topic)?.partitions.get(partitionId);
      if (partition === undefined) {
        throw new Refused('UNKNOWN_TOPIC_OR_PARTITION', `there is no partition ${topic}-${partitionId}`);
      }
      if (active.isRaft(partition)) {
        throw new Refused(
          'INVALID_REQUEST',
          `the voters of ${topic} cannot change: it is replicated by Raft`,
        );
      }
      const target = active.target(topic);
      const wanted =
        replicas === null ? cancelled(active, partition, target) : begun(active, partition, replicas);
      active.change(partition, { ...target, ...wanted });
      return { topic, partitionId, ...NO_ERROR };
    } catch (thrown) {
      if (!(thrown instanceof Refused)) throw thrown;
      return { topic, partitionId, error: thrown.error, message: thrown.message };
    }
  });
}

type Wanted = Pick<PartitionTarget, 'isr' | 'replicas' | 'adding' | 'removing'>;

const without = (from: readonly number[], these: readonly number[]): number[] =>
  from.filter((member) => !these.includes(member));

/** The replicas from before the reassignment that is going on, if one is. */
const originalReplicas = (partition: PartitionRegistration): number[] =>
  without(partition.replicas, partition.addingReplicas);

/**
 * Another reassignment may be going on: the new one replaces it, and what only that one added goes at once. Replicas that leave
 * stay until the others are in sync, behind them in the order of preference.
 */
function begun(
  active: ActiveController,
  partition: PartitionRegistration,
  wanted: readonly number[],
): Wanted {
  checkAssignment(active, wanted, undefined);
  const original = originalReplicas(partition);
  const removing = without(original, wanted);
  const replicas = [...wanted, ...removing];
  const isr = partition.isr.filter((member) => replicas.includes(member));
  if (isr.length === 0 && partition.isr.length > 0) {
    throw new Refused('INVALID_REPLICA_ASSIGNMENT', 'nobody who is in sync would be left');
  }
  return { isr, replicas, adding: without(wanted, original), removing };
}

function cancelled(
  active: ActiveController,
  partition: PartitionRegistration,
  target: PartitionTarget,
): Wanted {
  if (!isReassigning(partition)) {
    throw new Refused('NO_REASSIGNMENT_IN_PROGRESS', 'nothing is being reassigned');
  }
  const replicas = originalReplicas(partition);
  const isr = without(partition.isr, partition.addingReplicas);
  const back = { isr, replicas, adding: [], removing: [] };
  if (isr.length > 0 || partition.isr.length === 0) return back;
  // All who are in sync would go. Who is left may lack something, unless it is known to be eligible.
  const hasEligible = replicas.some((broker) => partition.elr.includes(broker) && active.isActive(broker));
  if (!hasEligible && target.election !== 'unclean') {
    throw new Refused('INVALID_REPLICA_ASSIGNMENT', 'it would need an unclean leader election');
  }
  if (!replicas.some((broker) => active.isActive(broker))) {
    throw new Refused('INVALID_REPLICA_ASSIGNMENT', 'none of the replicas from before is alive');
  }
  return back;
}

export interface Reassignment {
  readonly topic: string;
  readonly partitionId: number;
  readonly replicas: readonly number[];
  readonly adding: readonly number[];
  readonly removing: readonly number[];
}

/** ListPartitionReassignments. @param only - null for all */
export function listReassignments(
  image: MetadataImage,
  only: readonly { readonly topic: string; readonly partitionId: number }[] | null,
): Reassignment[] {
  const partitions =
    only === null
      ? image.index.inReassignment().map((key) => image.at(key))
      : only.map(({ topic, partitionId }) => image.topicByName(topic)?.partitions.get(partitionId));
  return partitions
    .filter((partition) => partition !== undefined)
    .filter(isReassigning)
    .map((partition) => ({
      topic: image.topics.get(partition.topicId)?.name ?? '',
      partitionId: partition.partitionId,
      replicas: partition.replicas,
      adding: partition.addingReplicas,
      removing: partition.removingReplicas,
    }));
}
