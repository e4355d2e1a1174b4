/**
 * What a client knows of the cluster: brokers, topics, who leads which partition.
 *
 *     view.absorb(response);
 *     view.leader(keyOf('t0', 1)); // { nodeId: 2, address: { host: 'n2', port: 9092 }, leaderEpoch: 5 }
 *
 * A broker may know less than another that was asked before: what is of an older leader epoch is not taken over (KIP-320), as
 * long as the topic was not made anew, which shows as an answer that it is not there.
 */
import type { Address } from '../../runtime/runtime.ts';
import type { MetadataResponse } from '../wire/api/metadata.ts';
import { ERROR } from '../wire/error-codes.ts';
import type { PartitionKey } from './operations.ts';

export interface PartitionView {
  /** −1: nobody. */
  readonly leaderId: number;
  readonly leaderEpoch: number;
  readonly replicas: readonly number[];
  readonly isr: readonly number[];
}

export interface Leader {
  readonly nodeId: number;
  readonly address: Address;
  readonly leaderEpoch: number;
}

export class MetadataView {
  private readonly brokers = new Map<number, Address>();
  private readonly topics = new Map<string, Map<number, PartitionView>>();
  /** Whoever asks next asks a broker first. */
  private readonly stale = new Set<string>();

  absorb(response: MetadataResponse): void {
    for (const { nodeId, host, port } of response.brokers) this.brokers.set(nodeId, { host, port });
    for (const { name, errorCode, partitions } of response.topics) {
      if (errorCode === ERROR.UNKNOWN_TOPIC_OR_PARTITION) this.topics.delete(name);
      if (errorCode !== ERROR.NONE) continue;
      const known = this.topics.get(name) ?? new Map<number, PartitionView>();
      this.topics.set(name, known);
      this.stale.delete(name);
      for (const { partitionIndex, leaderId, leaderEpoch, replicaNodes, isrNodes } of partitions) {
        const before = known.get(partitionIndex);
        if (before !== undefined && leaderEpoch < before.leaderEpoch) continue;
        known.set(partitionIndex, { leaderId, leaderEpoch, replicas: replicaNodes, isr: isrNodes });
      }
    }
  }

  /** Of a broker that some metadata named. */
  address(nodeId: number): Address | undefined {
    return this.brokers.get(nodeId);
  }

  addresses(): readonly Address[] {
    return [...this.brokers.values()];
  }

  /** By partition; undefined where the topic is not known. */
  topic(name: string): ReadonlyMap<number, PartitionView> | undefined {
    return this.topics.get(name);
  }

  isStale(topic: string): boolean {
    return this.stale.has(topic);
  }

  markStale(topic: string): void {
    this.stale.add(topic);
  }

  forget(topic: string): void {
    this.topics.delete(topic);
  }

  leader({ topic, partition }: PartitionKey): Leader | null {
    const view = this.topics.get(topic)?.get(partition);
    const address = view === undefined ? undefined : this.brokers.get(view.leaderId);
    if (view === undefined || address === undefined) return null;
    return { nodeId: view.leaderId, address, leaderEpoch: view.leaderEpoch };
  }
}
