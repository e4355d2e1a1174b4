/**
 * Which replicas are on this broker: opened, changed and removed as the metadata say.
 *
 *     registry.apply(changes);       // in a turn
 *     registry.find('orders', 0);    // a HostedPartition, or an error code while there is none
 *
 * One thing at a time is done with a folder, and a few folders at a time: what the metadata said meanwhile is done next. A folder
 * of a topic that is no more, or of another with the same name, is renamed and removed.
 */
import type { Files } from '../../../runtime/runtime.ts';
import type { LogOptions } from '../../log/log-options.ts';
import { ReplicaLog } from '../../log/replica-log.ts';
import type { BrokerView } from '../../broker/partition/messages.ts';
import type { MetadataImage } from '../../controller/metadata-image.ts';
import { type ConfiguredNode, isRaftTopic } from '../../controller/topic-configs.ts';
import type { QuorumStateData } from '../../quorum/effects.ts';
import { ERROR } from '../../wire/error-codes.ts';
import type { MetadataChanges } from '../parts.ts';
import { readQuorumState } from '../quorum/quorum-state-file.ts';
import { configuredNode } from '../static-configs.ts';
import type { ReplicaContext } from './hosted-partition.ts';
import type { HostedPartition } from './hosted-partition.ts';
import { IsrPartition } from './isr-partition.ts';
import { folderOf, prepareFolder, retireFolder, topicIdOf } from './partition-folders.ts';
import { RaftPartition } from './raft-partition.ts';
import { sharingSyncs } from './shared-syncs.ts';
import { topicSettings, type TopicSettings } from './topic-settings.ts';

/** Folders that are opened or removed at one time. */
const JOBS_MAX = 16;
/** Of all logs: the newest batches that are kept in memory. Each has its share, within these bounds. */
const TAILS_BYTES = 256 * 1024 * 1024;
const TAIL_BYTES_MAX = 1024 * 1024;
const TAIL_BYTES_MIN = 32 * 1024;

/** A place for a replica: its folder. */
interface Slot {
  readonly topic: string;
  readonly index: number;
  readonly folder: string;
  wantedId: string | null;
  hosted: HostedPartition | null;
  /** Opened when the broker started, and not wanted by any metadata yet. */
  found: { readonly topicId: string; readonly log: ReplicaLog } | null;
  isBusy: boolean;
}

export class HostedPartitions {
  private readonly context: ReplicaContext;
  private readonly files: Files;
  private readonly node: ConfiguredNode;
  private readonly slots = new Map<string, Map<number, Slot>>();
  private readonly queue: Slot[] = [];
  private jobs = 0;
  private slotCount = 0;
  private views: ReadonlyMap<number, BrokerView> = new Map();
  private image: MetadataImage | null = null;
  private isClosed = false;

  constructor(context: ReplicaContext) {
    this.context = context;
    this.files = sharingSyncs(context.runtime.files);
    this.node = configuredNode(context.settings);
  }

  /**
   * Opens the logs of all folders: a broker that cannot trust its disk does not register. What the first metadata do not want is
   * removed then.
   *
   * @throws PartitionFolderError, LogCorruptError, FileError
   */
  async recover(onDisk: readonly { readonly topic: string; readonly index: number }[]): Promise<void> {
    const { files } = this;
    const left = onDisk.map(({ topic, index }) => this.slot(topic, index));
    const recoverNext = async (): Promise<void> => {
      for (let slot = left.shift(); slot !== undefined; slot = left.shift()) {
        const topicId = await topicIdOf(files, slot.folder);
        if (topicId !== null) slot.found = { topicId, log: await this.openLog(slot.folder, {}) };
      }
    };
    await Promise.all(Array.from({ length: JOBS_MAX }, recoverNext));
  }

  find(topic: string, index: number): HostedPartition | number {
    const hosted = this.slots.get(topic)?.get(index)?.hosted;
    if (hosted !== undefined && hosted !== null) return hosted;
    const known = this.image?.topicByName(topic)?.partitions.has(index) === true;
    return known ? ERROR.NOT_LEADER_OR_FOLLOWER : ERROR.UNKNOWN_TOPIC_OR_PARTITION;
  }

  *all(): Generator<HostedPartition, void, undefined> {
    for (const slots of this.slots.values()) {
      for (const { hosted } of slots.values()) if (hosted !== null) yield hosted;
    }
  }

  // Metadata

  apply({ image, brokersChanged, partitions, deletedTopics, configs }: MetadataChanges): void {
    const isFirst = this.image === null;
    this.image = image;
    if (brokersChanged || isFirst) this.seeBrokers(image);
    for (const { id, name } of deletedTopics) {
      for (const slot of this.slots.get(name)?.values() ?? [])
        if (slot.wantedId === id) this.want(slot, null);
    }
    if (isFirst) {
      for (const id of image.topics.keys()) this.seeTopic(image, id, null);
      // What lies here and is not wanted belongs to topics that went while this broker was away.
      for (const slots of this.slots.values()) for (const slot of slots.values()) this.reconcile(slot);
    } else {
      for (const [id, indexes] of partitions) this.seeTopic(image, id, indexes);
    }
    if (configs === null || configs.size > 0) this.seeConfigs(image, configs);
  }

  private seeBrokers(image: MetadataImage): void {
    const views = new Map<number, BrokerView>();
    for (const { id, epoch, fenced, inControlledShutdown } of image.brokers.values()) {
      views.set(id, { brokerEpoch: epoch, fenced, inControlledShutdown });
    }
    this.views = views;
    for (const hosted of this.all()) hosted.brokersChanged(views);
  }

  /** @param indexes - null for all */
  private seeTopic(image: MetadataImage, topicId: string, indexes: ReadonlySet<number> | null): void {
    const topic = image.topics.get(topicId);
    if (topic === undefined) return;
    for (const index of indexes ?? topic.partitions.keys()) {
      const registration = topic.partitions.get(index);
      const isMine = registration?.replicas.includes(this.context.settings.nodeId) === true;
      const slot = isMine ? this.slot(topic.name, index) : this.slots.get(topic.name)?.get(index);
      if (slot === undefined) continue;
      this.want(slot, isMine ? topicId : null);
      if (isMine) slot.hosted?.metadata(registration);
    }
  }

  private seeConfigs(image: MetadataImage, topics: ReadonlySet<string> | null): void {
    for (const hosted of this.all()) {
      if (topics?.has(hosted.topic) !== false) hosted.configure(this.settingsOf(image, hosted.topic));
    }
  }

  private settingsOf(image: MetadataImage, topic: string): TopicSettings {
    return topicSettings(image, this.node, topic, this.context.settings.properties);
  }

  // Slots

  private slot(topic: string, index: number): Slot {
    let slots = this.slots.get(topic);
    if (slots === undefined) {
      slots = new Map<number, Slot>();
      this.slots.set(topic, slots);
    }
    let slot = slots.get(index);
    if (slot === undefined) {
      const folder = folderOf(topic, index);
      slot = { topic, index, folder, wantedId: null, hosted: null, found: null, isBusy: false };
      slots.set(index, slot);
      this.slotCount++;
    }
    return slot;
  }

  /**
   * A replica that is not wanted ends now, long before its folder's turn comes: it must not hear of another topic of its name, nor
   * follow again when it is wanted anew, and be in the ISR with a log that is about to be removed.
   */
  private want(slot: Slot, topicId: string | null): void {
    if (slot.wantedId === topicId) return;
    slot.wantedId = topicId;
    slot.hosted?.close();
    this.reconcile(slot);
  }

  private reconcile(slot: Slot): void {
    if (slot.isBusy || this.isClosed) return;
    slot.isBusy = true;
    this.queue.push(slot);
    this.next();
  }

  private next(): void {
    while (this.jobs < JOBS_MAX && !this.isClosed) {
      const slot = this.queue.shift();
      if (slot === undefined) return;
      this.jobs++;
      this.context.inBackground(slot.folder, async () => {
        await this.settle(slot);
        this.jobs--;
        slot.isBusy = false;
        const { hosted, wantedId } = slot;
        if (hosted === null ? wantedId !== null : hosted.isClosed) this.reconcile(slot);
        else if (hosted === null) this.drop(slot);
        this.next();
      });
    }
  }

  private drop({ topic, index }: Slot): void {
    const slots = this.slots.get(topic);
    if (slots?.delete(index) === true) this.slotCount--;
    if (slots?.size === 0) this.slots.delete(topic);
  }

  /** Makes the folder what the metadata want now. */
  private async settle(slot: Slot): Promise<void> {
    const { hosted, found } = slot;
    slot.hosted = null;
    if (hosted !== null) {
      await hosted.ended();
      await this.retire(slot, hosted);
    }
    const { wantedId } = slot;
    if (found !== null && (wantedId === found.topicId || !this.isClosed)) {
      slot.found = null;
      if (wantedId === found.topicId) return this.begin(slot, found.topicId, found.log);
      await this.retire(slot, found);
    }
    if (slot.wantedId !== null && !this.isClosed) await this.open(slot, slot.wantedId);
  }

  private async retire(
    { folder }: Slot,
    { topicId, log }: { readonly topicId: string; readonly log: ReplicaLog },
  ): Promise<void> {
    const { runtime } = this.context;
    await log.close();
    // It is removed with the next start where the broker stops just now.
    await retireFolder(this.files, folder, topicId);
    runtime.log('info', `${folder}: removed`, { topicId });
  }

  private async open(slot: Slot, topicId: string): Promise<void> {
    const { folder, topic } = slot;
    await prepareFolder(this.files, folder, topicId);
    const log = await this.openLog(folder, this.settingsOf(this.image as MetadataImage, topic).log);
    return this.begin(slot, topicId, log);
  }

  private async begin(slot: Slot, topicId: string, log: ReplicaLog): Promise<void> {
    const isRaft = isRaftTopic(this.image as MetadataImage, slot.topic);
    const quorumState = isRaft ? await this.recoverGroup(slot, log) : null;
    if (this.isClosed) await log.close();
    else if (slot.wantedId !== topicId) await this.retire(slot, { topicId, log });
    else this.attach(slot, topicId, log, quorumState);
  }

  /** What a killed process wrote, and nobody flushed, counts for a Raft group from now on. */
  private async recoverGroup({ folder }: Slot, log: ReplicaLog): Promise<QuorumStateData> {
    await log.flush();
    return readQuorumState(this.context.runtime.files, folder, log.logEndOffset);
  }

  private async openLog(folder: string, options: Partial<LogOptions>): Promise<ReplicaLog> {
    const { context } = this;
    const share = Math.floor(TAILS_BYTES / this.slotCount);
    const log = await ReplicaLog.open(this.files, folder, {
      ...options,
      tailBytes: Math.min(TAIL_BYTES_MAX, Math.max(TAIL_BYTES_MIN, share)),
      onFailure: (error) => context.crash(folder, error),
    });
    for (const { level, message } of log.recovered.notes) context.runtime.log(level, message);
    return log;
  }

  /**
   * The metadata may have gone on while the log was opened.
   *
   * @param quorumState - of a Raft group; null: it is replicated by ISR
   */
  private attach(slot: Slot, topicId: string, log: ReplicaLog, quorumState: QuorumStateData | null): void {
    const image = this.image as MetadataImage;
    const { context } = this;
    const { topic, index } = slot;
    context.turn.run(() => {
      const settings = this.settingsOf(image, topic);
      log.configure(settings.log);
      const identity = { topic, topicId, index };
      const registration = image.partition(topicId, index);
      const hosted =
        quorumState === null
          ? new IsrPartition(context, identity, log, settings)
          : new RaftPartition(context, identity, log, settings, {
              replicas: registration?.replicas ?? [],
              quorumState,
            });
      slot.hosted = hosted;
      hosted.brokersChanged(this.views);
      if (registration !== undefined) hosted.metadata(registration);
    });
  }

  // The end

  /** Replicas stop. @returns their logs, which are the caller's to close */
  close(): readonly ReplicaLog[] {
    this.isClosed = true;
    const hosted = [...this.all()];
    for (const partition of hosted) partition.close();
    const found = [...this.slots.values()].flatMap((slots) =>
      [...slots.values()].flatMap((slot) => slot.found?.log ?? []),
    );
    return [...hosted.map(({ log }) => log), ...found];
  }
}
