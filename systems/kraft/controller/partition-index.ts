/**
 * Which partitions concern a broker, kept up with each change, so that a broker's failure costs what it had and not what there is.
 *
 *     index.update(null, partition);
 *     [...index.ofBroker(2)]      // every partition that has a replica on broker 2
 *     index.leaderships(2)        // how many it leads
 */
import { NO_LEADER } from './metadata-records.ts';
import type { Uuid } from './metadata-records.ts';
import type { PartitionRegistration } from './registrations.ts';
import { isReassigning } from './registrations.ts';

export interface PartitionKey {
  readonly topicId: Uuid;
  readonly partitionId: number;
}

/** A set of partitions, topic by topic, in the order in which they came. */
class PartitionSet {
  private readonly byTopic = new Map<Uuid, Set<number>>();
  private count = 0;

  constructor(source?: PartitionSet) {
    if (source === undefined) return;
    this.count = source.count;
    for (const [topicId, ids] of source.byTopic) this.byTopic.set(topicId, new Set(ids));
  }

  add(topicId: Uuid, partitionId: number): void {
    const ids = this.byTopic.get(topicId);
    if (ids?.has(partitionId) === true) return;
    if (ids === undefined) this.byTopic.set(topicId, new Set([partitionId]));
    else ids.add(partitionId);
    this.count++;
  }

  delete(topicId: Uuid, partitionId: number): void {
    const ids = this.byTopic.get(topicId);
    if (ids?.delete(partitionId) !== true) return;
    this.count--;
    if (ids.size === 0) this.byTopic.delete(topicId);
  }

  get size(): number {
    return this.count;
  }

  /** A copy: whoever walks it changes partitions on the way. */
  keys(): PartitionKey[] {
    const keys: PartitionKey[] = [];
    for (const [topicId, ids] of this.byTopic) {
      for (const partitionId of ids) keys.push({ topicId, partitionId });
    }
    return keys;
  }
}

export class PartitionIndex {
  private readonly replicas = new Map<number, PartitionSet>();
  private readonly leaders = new Map<number, number>();
  private readonly withoutLeader: PartitionSet;
  private readonly reassigning: PartitionSet;

  constructor(source?: PartitionIndex) {
    this.withoutLeader = new PartitionSet(source?.withoutLeader);
    this.reassigning = new PartitionSet(source?.reassigning);
    if (source === undefined) return;
    for (const [broker, set] of source.replicas) this.replicas.set(broker, new PartitionSet(set));
    for (const [broker, count] of source.leaders) this.leaders.set(broker, count);
  }

  /** @param before - null for a new partition; @param after - null for one that goes */
  update(before: PartitionRegistration | null, after: PartitionRegistration | null): void {
    const { topicId, partitionId } = (after ?? before) as PartitionRegistration;
    if (before?.replicas !== after?.replicas) {
      for (const broker of before?.replicas ?? []) {
        if (after?.replicas.includes(broker) !== true)
          this.replicas.get(broker)?.delete(topicId, partitionId);
      }
      for (const broker of after?.replicas ?? []) this.setOf(broker).add(topicId, partitionId);
    }
    if (before?.leader !== after?.leader) {
      if (before !== null) this.countLeader(before.leader, -1);
      if (after !== null) this.countLeader(after.leader, 1);
      if (after?.leader === NO_LEADER) this.withoutLeader.add(topicId, partitionId);
      else this.withoutLeader.delete(topicId, partitionId);
    }
    if (after !== null && isReassigning(after)) this.reassigning.add(topicId, partitionId);
    else if (before !== null && isReassigning(before)) this.reassigning.delete(topicId, partitionId);
  }

  /** Partitions that have a replica on this broker. */
  ofBroker(broker: number): PartitionKey[] {
    return this.replicas.get(broker)?.keys() ?? [];
  }

  replicaCount(broker: number): number {
    return this.replicas.get(broker)?.size ?? 0;
  }

  leaderships(broker: number): number {
    return this.leaders.get(broker) ?? 0;
  }

  leaderless(): PartitionKey[] {
    return this.withoutLeader.keys();
  }

  inReassignment(): PartitionKey[] {
    return this.reassigning.keys();
  }

  private setOf(broker: number): PartitionSet {
    let set = this.replicas.get(broker);
    if (set === undefined) this.replicas.set(broker, (set = new PartitionSet()));
    return set;
  }

  private countLeader(broker: number, by: number): void {
    if (broker !== NO_LEADER) this.leaders.set(broker, this.leaderships(broker) + by);
  }
}
