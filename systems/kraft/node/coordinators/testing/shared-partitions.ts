/**
 * Partitions as all brokers of a test share them: one real log each, which whoever leads appends to. There is no replication: an
 * append is committed a moment later, unless it is held, and what is not committed can be lost with a failover.
 *
 *     const partitions = new SharedPartitions();
 *     await partitions.create('orders', 1, 1);          // one partition, led by broker 1
 *     partitions.isHeld = true; …; partitions.commit(); // appends wait, and are committed
 *     await partitions.lead('orders', 0, 2, 'lose');    // broker 2 leads; what was not committed is gone
 */
import { randomStream } from '../../../../../harness/random.ts';
import { Disk } from '../../../../runtime/disk-model/disk.ts';
import { MemoryFiles } from '../../../log/testing/memory-files.ts';
import { ReplicaLog } from '../../../log/replica-log.ts';
import { readBatches } from '../../../records/batch.ts';
import { decodeControlBatch } from '../../../records/control.ts';
import type { ErrorName } from '../../../wire/error-codes.ts';

export interface Outcome {
  readonly error: ErrorName;
  readonly baseOffset: number;
}

interface Waiting {
  readonly baseOffset: number;
  readonly endOffset: number;
  readonly onOutcome: (outcome: Outcome) => void;
}

interface Marker {
  readonly offset: number;
  readonly producerId: number;
  readonly type: 'commit' | 'abort';
}

export interface SharedPartition {
  readonly topic: string;
  readonly index: number;
  readonly log: ReplicaLog;
  leader: number;
  leaderEpoch: number;
  waiting: Waiting[];
  markers: Marker[];
}

/** How a broker hears of its partitions. */
export interface Hearer {
  leadership(topic: string, partition: number, leaderEpoch: number | null): void;
  marker(topic: string, partition: number, marker: Marker): void;
}

export class SharedPartitions {
  isHeld = false;
  /** By broker. */
  readonly hearers = new Map<number, Hearer>();
  onLeader: (partition: SharedPartition) => void = () => undefined;
  private readonly files = new MemoryFiles(new Disk(randomStream(1, 'shared-partitions')));
  private readonly partitions = new Map<string, SharedPartition>();

  find(topic: string, index: number): SharedPartition | undefined {
    return this.partitions.get(`${topic}-${index}`);
  }

  /** @param leaderOf - by partition */
  async create(topic: string, count: number, leaderOf: (partition: number) => number): Promise<void> {
    for (let index = 0; index < count; index++) {
      const log = await ReplicaLog.open(this.files, `${topic}-${index}`);
      const leader = leaderOf(index);
      this.partitions.set(`${topic}-${index}`, {
        ...{ topic, index, log, leader },
        ...{ leaderEpoch: 0, waiting: [], markers: [] },
      });
    }
  }

  /** After the metadata say so. */
  announce(topic: string): void {
    for (const each of this.partitions.values()) {
      if (each.topic !== topic) continue;
      this.hearers.get(each.leader)?.leadership(topic, each.index, each.leaderEpoch);
    }
  }

  append(brokerId: number, topic: string, index: number, bytes: Uint8Array): Outcome & { end: number } {
    const found = this.find(topic, index);
    if (found?.leader !== brokerId) return { error: 'NOT_LEADER_OR_FOLLOWER', baseOffset: -1, end: -1 };
    const [batch] = [...readBatches(bytes)];
    if (batch === undefined) throw new Error('an append has a batch');
    const decision = found.log.producers.checkAppend(batch);
    if (decision.kind === 'fenced') return { error: 'INVALID_PRODUCER_EPOCH', baseOffset: -1, end: -1 };
    if (decision.kind !== 'ok') throw new Error(`${topic}-${index}: ${decision.kind}`);
    const isMarker = batch.isControl ? decodeControlBatch(batch)[0]?.type : undefined;
    const { baseOffset, lastOffset } = found.log.append(bytes, {
      assignOffsets: true,
      leaderEpoch: found.leaderEpoch,
    });
    if (isMarker === 'commit' || isMarker === 'abort') {
      found.markers.push({ offset: baseOffset, producerId: batch.producerId, type: isMarker });
    }
    return { error: 'NONE', baseOffset, end: lastOffset + 1 };
  }

  wait(topic: string, index: number, waiting: Waiting): void {
    this.find(topic, index)?.waiting.push(waiting);
  }

  /** The high watermarks reach the ends. As a replica manager does, markers are told before appends are acknowledged. */
  commit(topic?: string): void {
    for (const partition of this.partitions.values()) {
      if (topic !== undefined && partition.topic !== topic) continue;
      const { log, leader } = partition;
      log.advanceHighWatermark(log.logEndOffset);
      const markers = partition.markers.splice(0);
      const waiting = partition.waiting.splice(0);
      for (const marker of markers) {
        this.hearers.get(leader)?.marker(partition.topic, partition.index, marker);
      }
      for (const { onOutcome, baseOffset } of waiting) onOutcome({ error: 'NONE', baseOffset });
    }
  }

  /** Appends that wait are given up. What they wrote stays in the log. */
  fail(topic: string, index: number, error: ErrorName): void {
    const waiting = this.find(topic, index)?.waiting.splice(0) ?? [];
    for (const { onOutcome } of waiting) onOutcome({ error, baseOffset: -1 });
  }

  /** Another broker leads, or the same in another epoch. Whoever waits for an append of the old one is told so. */
  async lead(topic: string, index: number, brokerId: number, uncommitted: 'keep' | 'lose'): Promise<void> {
    const partition = this.find(topic, index);
    if (partition === undefined) throw new Error(`there is no ${topic}-${index}`);
    const { log, leader } = partition;
    partition.leader = -1;
    partition.leaderEpoch++;
    this.onLeader(partition);
    if (leader !== brokerId) this.hearers.get(leader)?.leadership(topic, index, null);
    this.fail(topic, index, 'NOT_LEADER_OR_FOLLOWER');
    if (uncommitted === 'lose') {
      await log.truncateTo(log.highWatermark);
      partition.markers = [];
    }
    partition.leader = brokerId;
    this.onLeader(partition);
    this.hearers.get(brokerId)?.leadership(topic, index, partition.leaderEpoch);
  }
}
