/**
 * A broker as the controller's model of the world has it: processes that come and go, each with its own, late view of the metadata,
 * and replicas of partitions with data in them, that followers fetch and a crash may cut.
 *
 *     broker.restart();                      // a new process; what was not flushed may be gone
 *     fetch(leader, follower, key, 3);       // up to three entries, and what the leader learns by it
 *
 * It is as careful as KIP-497 and KIP-966 ask: the high watermark counts every member of every ISR that it ever proposed and of which
 * it does not know that it was refused for good.
 */
import { MetadataImage } from '../metadata-image.ts';
import type { PartitionRegistration } from '../registrations.ts';
import { correctRules } from '../rules.ts';

export interface Entry {
  readonly value: number;
  readonly leaderEpoch: number;
}

interface FollowerState {
  logEnd: number;
  brokerEpoch: number;
}

/** A partition that this broker leads, in one leader epoch. */
export interface Leadership {
  readonly leaderEpoch: number;
  partitionEpoch: number;
  isr: readonly number[];
  recovering: boolean;
  /** Members of proposals that may still be accepted. */
  proposed: Set<number>;
  readonly followers: Map<number, FollowerState>;
  /** Where its own epoch begins: its high watermark may be behind until all have come so far (KAFKA-7128). */
  readonly epochStart: number;
  highWatermark: number;
}

export class ShakenBroker {
  readonly id: number;
  isUp = true;
  process = 1;
  /** Null until this process is registered. */
  epoch: number | null = null;
  /** What a clean shutdown left behind. */
  previousEpoch = -1;
  isLeaving = false;
  /** This process's view of the metadata, and how far it goes. */
  image = new MetadataImage(correctRules);
  replayed = 0;
  readonly logs = new Map<string, Entry[]>();
  readonly leads = new Map<string, Leadership>();

  constructor(id: number) {
    this.id = id;
  }

  get incarnation(): string {
    return `process-${this.process}-of-broker-${this.id}`;
  }

  /** It acts on what it replays only when it has seen its own registration: before, it may believe to lead as it once did. */
  get isCaughtUp(): boolean {
    return this.isUp && this.epoch !== null && this.replayed > this.epoch;
  }

  log(key: string): Entry[] {
    let log = this.logs.get(key);
    if (log === undefined) this.logs.set(key, (log = []));
    return log;
  }

  /** The process ends. @param keep - how much of each log survives, from 0 to 1 */
  stop(isClean: boolean, keep: () => number): void {
    this.isUp = false;
    this.isLeaving = false;
    this.previousEpoch = isClean && this.epoch !== null ? this.epoch : -1;
    this.epoch = null;
    this.leads.clear();
    if (isClean) return;
    for (const log of this.logs.values()) log.length = Math.floor(log.length * keep());
  }

  /** A new process: it has its disk and nothing else. */
  restart(): void {
    this.isUp = true;
    this.process++;
    this.image = new MetadataImage(correctRules);
    this.replayed = 0;
  }

  /** Acts on what its view says of a partition now. @returns whether it leads in a new leader epoch */
  follow(key: string, partition: PartitionRegistration): boolean {
    const before = this.leads.get(key);
    if (partition.leader !== this.id || !this.isCaughtUp) {
      this.leads.delete(key);
      return false;
    }
    if (before !== undefined && before.leaderEpoch === partition.leaderEpoch) {
      if (partition.partitionEpoch > before.partitionEpoch) this.adopt(before, partition);
      return false;
    }
    this.leads.set(key, {
      leaderEpoch: partition.leaderEpoch,
      partitionEpoch: partition.partitionEpoch,
      isr: partition.isr,
      recovering: partition.leaderRecoveryState === 'recovering',
      proposed: new Set(),
      followers: new Map(),
      epochStart: this.log(key).length,
      highWatermark: 0,
    });
    return true;
  }

  /** A later state of the partition: whatever was proposed from an earlier one is refused from now on. */
  adopt(leadership: Leadership, partition: PartitionRegistration): void {
    if (partition.leaderEpoch !== leadership.leaderEpoch) return;
    if (partition.partitionEpoch <= leadership.partitionEpoch) return;
    leadership.partitionEpoch = partition.partitionEpoch;
    leadership.isr = partition.isr;
    leadership.recovering = partition.leaderRecoveryState === 'recovering';
    leadership.proposed = new Set();
  }

  /** How far everybody who is or may be in the ISR has come; nothing moves below the minimum (KIP-966). */
  advance(key: string, leadership: Leadership, minIsr: number): void {
    if (leadership.isr.length < minIsr) return;
    let lowest = this.log(key).length;
    for (const member of new Set([...leadership.isr, ...leadership.proposed])) {
      if (member !== this.id) lowest = Math.min(lowest, leadership.followers.get(member)?.logEnd ?? 0);
    }
    leadership.highWatermark = Math.max(leadership.highWatermark, lowest);
  }
}

/** A follower asks for what comes after its log; first it cuts what its leader never had. */
export function fetch(leader: ShakenBroker, follower: ShakenBroker, key: string, count: number): void {
  const leadership = leader.leads.get(key);
  if (leadership === undefined || follower.epoch === null) return;
  const theirs = leader.log(key);
  const ours = follower.log(key);
  let common = 0;
  while (
    common < ours.length &&
    ours[common]?.value === theirs[common]?.value &&
    ours[common]?.leaderEpoch === theirs[common]?.leaderEpoch
  ) {
    common++;
  }
  ours.length = common;
  // The offset that it asks from is what it acknowledges; what it gets now it acknowledges with the next.
  leadership.followers.set(follower.id, { logEnd: common, brokerEpoch: follower.epoch });
  ours.push(...theirs.slice(common, common + count));
}
