/**
 * What the core tells of a replica, as the trace has it (`harness/history/replica-trace.ts`).
 *
 *     runtime.trace(replicaEvent(effect.event, { partition: 't0-1', topicId }, settings.nameOf));
 *
 * Not here, since the core does not see them: `replica-start`, `replica-append` (leader and follower), `replica-log-start`,
 * `replica-clean` and `replica-acknowledge`. The driver tells those.
 */
import type { OfReplica, ReplicaEvent } from '../../../../harness/history/replica-trace.ts';
import type { PartitionEvent } from './effects.ts';
import { NO_LEADER } from './messages.ts';

/** @param isUnclean - the metadata say that the leader of this epoch is recovering from an unclean election */
export function replicaEvent(
  event: PartitionEvent,
  { partition, topicId }: OfReplica,
  nameOf: (nodeId: number) => string,
  isUnclean = false,
): ReplicaEvent {
  switch (event.kind) {
    case 'role': {
      const leader = event.leader === NO_LEADER ? null : nameOf(event.leader);
      const { role, leaderEpoch } = event;
      return {
        kind: 'replica-role',
        partition,
        topicId,
        role,
        leaderEpoch,
        leader,
        ...(isUnclean && { isUnclean }),
      };
    }
    case 'isr':
      return {
        kind: 'replica-isr',
        partition,
        topicId,
        partitionEpoch: event.partitionEpoch,
        isr: event.isr.map(nameOf),
        proposed: event.proposed?.map(nameOf) ?? null,
      };
    case 'high-watermark':
      return {
        kind: 'replica-high-watermark',
        partition,
        topicId,
        offset: event.offset,
        leaderEpoch: event.leaderEpoch,
      };
    case 'truncate':
      return { kind: 'replica-truncate', partition, topicId, endOffset: event.to };
  }
}
