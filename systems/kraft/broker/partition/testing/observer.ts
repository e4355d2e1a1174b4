/**
 * What a judge or a narrator of a cluster hears, as it happens.
 *
 *     new PartitionCluster({ brokers: 3, observer: new Judge() });
 */
import type { Effect } from '../effects.ts';
import type { ConsumerFetch, FetchReply, ProduceReply } from '../messages.ts';
import type { PartitionCore } from '../partition-core.ts';
import type { MemoryLog, StoredBatch, TestBatch } from './memory-log.ts';

export interface Node {
  readonly id: number;
  log: MemoryLog;
  core: PartitionCore;
  up: boolean;
  brokerEpoch: number;
  /** Images of the metadata that it has seen. */
  seenImages: number;
  /** A truncation that takes its time. */
  truncating: (() => void) | null;
  /** The last high watermark that it wrote down. */
  checkpoint: number;
  /** It lost what it had not flushed, and the controller does not know yet. */
  lostData: boolean;
}

/** A produce, from the outside. */
export interface Produce {
  readonly kind: 'produce';
  readonly broker: number;
  readonly acks: 0 | 1 | -1;
  readonly batches: readonly TestBatch[];
  readonly onReply?: (reply: ProduceReply) => void;
}

export interface Observer {
  effect(node: Node, effect: Effect): void;
  appended(node: Node, batches: readonly StoredBatch[]): void;
  produced(node: Node, produce: Produce, reply: ProduceReply): void;
  read(node: Node, request: ConsumerFetch, reply: FetchReply, batches: readonly StoredBatch[]): void;
  /** The controller's partition changed, or the logs did. */
  changed(): void;
}

/** One after the other. */
export function both(first: Observer, second: Observer): Observer {
  return {
    effect: (...heard) => {
      first.effect(...heard);
      second.effect(...heard);
    },
    appended: (...heard) => {
      first.appended(...heard);
      second.appended(...heard);
    },
    produced: (...heard) => {
      first.produced(...heard);
      second.produced(...heard);
    },
    read: (...heard) => {
      first.read(...heard);
      second.read(...heard);
    },
    changed: () => {
      first.changed();
      second.changed();
    },
  };
}
