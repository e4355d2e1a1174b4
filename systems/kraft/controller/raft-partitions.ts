/**
 * Partitions that are each replicated by a Raft group of their own (`replication.protocol=raft`): their groups elect the leaders, and the
 * controller only notes who leads.
 *
 *     noteLeader(active, 2, { leaderEpoch: 7, … }, partition) // the partition, led by broker 2 in epoch 7; or an error
 *     forgetLeader(active, partition, 2)                      // broker 2 is gone: nobody is known to lead
 *
 * All replicas vote, and they are the ISR for whoever asks. The leader epoch is the group's Raft epoch, which moves by any step, so that a
 * change is told by a whole PartitionRecord, as Kafka's own images take it, too, and not by what a PartitionChangeRecord can say.
 */
import { isInternalTopic } from '../internal-topics.ts';
import type { ActiveController } from './active-controller.ts';
import type { ErrorName } from './errors.ts';
import { Refused } from './errors.ts';
import { NO_LEADER } from './metadata-records.ts';
import type { PartitionRegistration } from './registrations.ts';
import { partitionToRecord } from './registrations.ts';
import { REPLICATION_PROTOCOL } from './topic-configs.ts';

/** A leader says that its group elected it, in an AlterPartition. Said again, it changes nothing. */
export function noteLeader(
  active: ActiveController,
  leader: number,
  { leaderEpoch, brokerEpoch }: { readonly leaderEpoch: number; readonly brokerEpoch: number },
  partition: PartitionRegistration,
): ErrorName | PartitionRegistration {
  const error = active.rules.mayNoteRaftLeader({ leader, leaderEpoch }, partition);
  if (error !== 'NONE') return error;
  if (!active.rules.isEligible(active.broker(leader), brokerEpoch)) return 'INELIGIBLE_REPLICA';
  if (leader === partition.leader && leaderEpoch === partition.leaderEpoch) return partition;
  return change(active, partition, { leader, leaderEpoch });
}

/** The broker cannot be reached as a leader any more. Its group elects another, or tells of it again. */
export function forgetLeader(
  active: ActiveController,
  partition: PartitionRegistration,
  broker: number,
): void {
  if (partition.leader === broker) change(active, partition, { leader: NO_LEADER });
}

function change(
  active: ActiveController,
  partition: PartitionRegistration,
  changed: Partial<Pick<PartitionRegistration, 'leader' | 'leaderEpoch'>>,
): PartitionRegistration {
  const partitionEpoch = active.rules.partitionEpochAfter(partition.partitionEpoch);
  const after = { ...partition, ...changed, partitionEpoch };
  active.emit(partitionToRecord(after));
  return after;
}

/** What a new topic's configuration says in so many words: its protocol stays as it is, whatever the default becomes. */
export function configsOfNewTopic(
  active: ActiveController,
  topic: string,
  configs: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const byDefault = isInternalTopic(topic) ? 'isr' : active.configOfNewTopics(REPLICATION_PROTOCOL);
  const protocol = configs[REPLICATION_PROTOCOL] ?? byDefault;
  if (protocol !== 'raft') return configs;
  if (isInternalTopic(topic)) throw new Refused('INVALID_CONFIG', `${topic} is replicated by ISR`);
  return { ...configs, [REPLICATION_PROTOCOL]: protocol };
}
