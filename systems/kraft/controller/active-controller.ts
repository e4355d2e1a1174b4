/**
 * What the active controller decides with: the image of everything that it appended, committed or not, and the records of the
 * decision that it is making. Modules of requests (`brokers.ts`, `topics.ts`, …) are functions of it.
 *
 *     active.begin(nowMs);
 *     active.emit({ type: 'topic', name, topicId });   // it is in the image at once, and in the decision
 *     active.take();                                   // the records of this decision
 *
 * When leadership is lost this object is dropped as a whole, and with it what was never committed.
 */
import type { Random } from '../../../harness/random.ts';
import type { ControllerOptions } from './controller-options.ts';
import type { MetadataImage } from './metadata-image.ts';
import type { MetadataRecord } from './metadata-records.ts';
import { UNASSIGNED_DIRECTORY } from './metadata-records.ts';
import type { PartitionTarget } from './partition-change.ts';
import { changePartition } from './partition-change.ts';
import type { BrokerRegistration, PartitionRegistration } from './registrations.ts';
import { isActive } from './registrations.ts';
import type { Rules } from './rules.ts';
import { Sessions } from './sessions.ts';
import { defaultConfig, effectiveConfig, isRaftTopic } from './topic-configs.ts';
import { TopicNames } from './topic-names.ts';

export const ELR_FEATURE = 'eligible.leader.replicas.version';

export class ActiveController {
  readonly rules: Rules;
  readonly options: ControllerOptions;
  readonly random: Random;
  readonly image: MetadataImage;
  readonly sessions = new Sessions();
  readonly topicNames: TopicNames;
  nowMs: number;
  /** The offset of the next record. */
  nextOffset: number;
  /** Of the last record that a decision can rest on: of this controller, or from before it. */
  lastOffset: number;
  lastAppendMs: number;
  nextImbalanceCheckMs: number;
  /** A configuration changed: partitions without a leader may get one now. */
  electUncleanSoon = true;
  private records: MetadataRecord[] = [];

  constructor(
    rules: Rules,
    options: ControllerOptions,
    random: Random,
    image: MetadataImage,
    nextOffset: number,
    nowMs: number,
  ) {
    this.rules = rules;
    this.options = options;
    this.random = random;
    this.image = image;
    this.topicNames = new TopicNames(image);
    this.nextOffset = nextOffset;
    this.lastOffset = nextOffset - 1;
    this.nowMs = nowMs;
    this.lastAppendMs = nowMs;
    this.nextImbalanceCheckMs = nowMs + options.leaderImbalanceCheckIntervalMs;
    for (const broker of image.brokers.keys()) this.sessions.begin(nowMs, broker);
  }

  /** Appends a record to the decision, and applies it. */
  emit(record: MetadataRecord): void {
    this.image.apply(record);
    this.records.push(record);
    this.lastOffset = this.nextOffset++;
  }

  get emitted(): number {
    return this.records.length;
  }

  /** The records of this decision. */
  take(): readonly MetadataRecord[] {
    const taken = this.records;
    if (taken.length > 0) {
      this.records = [];
      this.lastAppendMs = this.nowMs;
    }
    return taken;
  }

  broker(id: number): BrokerRegistration | undefined {
    return this.image.brokers.get(id);
  }

  isActive(id: number): boolean {
    return isActive(this.broker(id));
  }

  get elrEnabled(): boolean {
    return (this.image.features.get(ELR_FEATURE) ?? 0) > 0;
  }

  topicConfig(topic: string, name: string): string {
    return effectiveConfig(this.image, this.options, topic, name).value;
  }

  configOfNewTopics(name: string): string {
    return defaultConfig(this.image, this.options, name).value;
  }

  /** Whether a Raft group of its own elects a partition's leader. */
  isRaft({ topicId }: { readonly topicId: string }): boolean {
    const topic = this.image.topics.get(topicId);
    return topic !== undefined && isRaftTopic(this.image, topic.name);
  }

  minIsr(topic: string): number {
    return Number(this.topicConfig(topic, 'min.insync.replicas'));
  }

  mayElectUnclean(topic: string): boolean {
    const enabled = this.topicConfig(topic, 'unclean.leader.election.enable').toLowerCase() === 'true';
    return this.rules.mayElectUnclean(enabled);
  }

  /** Where a replica goes on this broker: its one directory, or one that it will choose. */
  directoryFor(broker: number): string {
    const logDirs = this.broker(broker)?.logDirs ?? [];
    return logDirs.length === 1 ? (logDirs[0] as string) : UNASSIGNED_DIRECTORY;
  }

  /** What any change of a partition of this topic has to heed. */
  target(topic: string): PartitionTarget {
    return {
      election: this.mayElectUnclean(topic) ? 'unclean' : 'online',
      minIsr: this.minIsr(topic),
      elrEnabled: this.elrEnabled,
      mayLead: (broker) => this.isActive(broker),
      directoryFor: (broker) => this.directoryFor(broker),
    };
  }

  /** Brings a partition where it shall be. @returns whether there was anything to do; with those of Raft groups there never is */
  change(partition: PartitionRegistration, target: PartitionTarget): boolean {
    if (this.isRaft(partition)) return false;
    const record = changePartition(this.rules, partition, target);
    if (record !== null) this.emit(record);
    return record !== null;
  }
}
