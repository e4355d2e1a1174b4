/**
 * Who leads when brokers come and go, when somebody asks for an election, and when leadership is out of balance.
 *
 *     removeFromIsrs(active, 2);                             // before broker 2 is fenced
 *     electLeaders(active, { type: 'preferred', partitions: null });
 */
import type { ActiveController } from './active-controller.ts';
import type { ItemResult } from './errors.ts';
import { NO_ERROR } from './errors.ts';
import { NO_LEADER } from './metadata-records.ts';
import type { PartitionKey } from './partition-index.ts';
import { forgetLeader } from './raft-partitions.ts';
import type { PartitionTarget } from './partition-change.ts';
import type { PartitionRegistration } from './registrations.ts';

/** Each partition once, with what is to be heeded for its topic; partitions of a topic follow each other. */
function forEach(
  active: ActiveController,
  keys: readonly PartitionKey[],
  visit: (partition: PartitionRegistration, target: PartitionTarget) => void,
): void {
  let topicId = '';
  let target: PartitionTarget | null = null;
  for (const key of keys) {
    if (target === null || key.topicId !== topicId) {
      topicId = key.topicId;
      target = active.target(active.image.topics.get(topicId)?.name ?? '');
    }
    visit(active.image.at(key), target);
  }
}

/** A broker goes: it leaves every ISR, and others take over what it led (KIP-841). */
export function removeFromIsrs(active: ActiveController, broker: number): void {
  const mayLead = (candidate: number): boolean => candidate !== broker && active.isActive(candidate);
  forEach(active, active.image.index.ofBroker(broker), (partition, target) => {
    if (active.isRaft(partition)) return forgetLeader(active, partition, broker);
    if (!partition.isr.includes(broker) && partition.leader !== broker) return;
    active.change(partition, { ...target, mayLead, isr: active.rules.isrWithout(partition.isr, broker) });
  });
}

/** A broker comes back without its last writes: it is neither in sync nor eligible any more (KIP-966). */
export function forgetUncleanReplica(active: ActiveController, broker: number): void {
  const mayLead = (candidate: number): boolean => candidate !== broker && active.isActive(candidate);
  forEach(active, active.image.index.ofBroker(broker), (partition, target) => {
    if (active.isRaft(partition)) return forgetLeader(active, partition, broker);
    if (!partition.isr.includes(broker) && !partition.elr.includes(broker)) return;
    const isr = active.rules.isrWithout(partition.isr, broker);
    active.change(partition, { ...target, mayLead, isr, uncleanShutdown: broker });
  });
}

/** A broker is there again: it may lead what has no leader. Its unfencing is in the image already. */
export function electAfterUnfencing(active: ActiveController, broker: number): void {
  forEach(active, active.image.index.leaderless(), (partition, target) => {
    if (partition.replicas.includes(broker)) active.change(partition, target);
  });
}

/** Elections that configuration allows since it changed. @returns whether all were made */
export function electUnclean(active: ActiveController): boolean {
  const { maxElectionsPerTick } = active.options;
  let elections = 0;
  forEach(active, active.image.index.leaderless(), (partition, target) => {
    if (elections < maxElectionsPerTick && active.change(partition, target)) elections++;
  });
  return elections < maxElectionsPerTick;
}

/** Gives leadership back to preferred replicas (`auto.leader.rebalance.enable`). @returns whether all were asked */
export function balanceLeaders(active: ActiveController): boolean {
  const { maxElectionsPerTick } = active.options;
  let elections = 0;
  for (const topic of active.image.topics.values()) {
    const target: PartitionTarget = { ...active.target(topic.name), election: 'preferred' };
    for (const partition of topic.partitions.values()) {
      if (partition.leader === partition.replicas[0] || partition.leader === NO_LEADER) continue;
      if (elections >= maxElectionsPerTick) return false;
      if (active.isActive(partition.replicas[0] as number) && active.change(partition, target)) elections++;
    }
  }
  return true;
}

export interface ElectLeadersRequest {
  readonly type: 'preferred' | 'unclean';
  /** Null for all that have not the leader that is asked for. */
  readonly partitions: readonly { readonly topic: string; readonly partitionId: number }[] | null;
}

export interface ElectionResult extends ItemResult {
  readonly topic: string;
  readonly partitionId: number;
}

/** ElectLeaders (KIP-460). An operator who asks for an unclean election gets one, whatever the configuration says. */
export function electLeaders(active: ActiveController, request: ElectLeadersRequest): ElectionResult[] {
  const { type } = request;
  if (request.partitions !== null) {
    return request.partitions.map(({ topic, partitionId }) => ({
      topic,
      partitionId,
      ...electLeader(active, topic, partitionId, type),
    }));
  }
  const results: ElectionResult[] = [];
  for (const { name: topic, partitions } of active.image.topics.values()) {
    for (const partitionId of partitions.keys()) {
      const result = electLeader(active, topic, partitionId, type);
      if (result.error !== 'ELECTION_NOT_NEEDED') results.push({ topic, partitionId, ...result });
    }
  }
  return results;
}

function electLeader(
  active: ActiveController,
  topic: string,
  partitionId: number,
  type: ElectLeadersRequest['type'],
): ItemResult {
  const partition = active.image.topicByName(topic)?.partitions.get(partitionId);
  if (partition === undefined) {
    return { error: 'UNKNOWN_TOPIC_OR_PARTITION', message: `there is no partition ${topic}-${partitionId}` };
  }
  if (active.isRaft(partition)) {
    return {
      error: 'ELECTION_NOT_NEEDED',
      message: `the replicas of ${topic} elect their leaders themselves`,
    };
  }
  const { leader } = partition;
  if (type === 'preferred' ? leader === partition.replicas[0] : leader !== NO_LEADER) {
    return { error: 'ELECTION_NOT_NEEDED', message: null };
  }
  const preferred = partition.replicas[0] as number;
  const isPossible =
    type === 'unclean' ||
    (active.isActive(preferred) && (partition.isr.includes(preferred) || leader === NO_LEADER));
  if (isPossible && active.change(partition, { ...active.target(topic), election: type })) return NO_ERROR;
  return type === 'preferred'
    ? { error: 'PREFERRED_LEADER_NOT_AVAILABLE', message: null }
    : { error: 'ELIGIBLE_LEADERS_NOT_AVAILABLE', message: null };
}
