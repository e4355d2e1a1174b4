/**
 * Tells a listener what the quorum committed, in order and once: batches from the log, snapshots, who leads.
 *
 *     feed.push({ kind: 'apply', upTo: 17 });
 *     feed.push({ kind: 'leader', leaderId: 2, epoch: 5 });   // told when everything below 17 was
 *
 * Reading is asynchronous, so that what is to be told waits in a queue. A snapshot in it makes what is before it needless.
 */
import type { MetadataRecord } from '../../controller/metadata-records.ts';
import type { OffsetAndEpoch } from '../../quorum/messages.ts';
import { readBatches } from '../../records/batch.ts';
import type { MetadataListener } from '../parts.ts';
import { metadataOf } from './metadata-batches.ts';
import type { MetadataDisk } from './metadata-disk.ts';

export type FeedItem =
  | { readonly kind: 'apply'; readonly upTo: number }
  | { readonly kind: 'snapshot'; readonly snapshotId: OffsetAndEpoch }
  | { readonly kind: 'leader'; readonly leaderId: number | null; readonly epoch: number };

export interface FeedOwner {
  /** Everything before this offset was told. */
  onApplied(offset: number, sizeBytes: number): void;
  /** An item is done, and all that it told. */
  onTold(): void;
  onFailure(error: unknown): void;
}

const READ_BYTES = 1024 * 1024;
/** Cuts of the log while it is read; they are rare, and never reach what is committed. */
const READ_ATTEMPTS_MAX = 100;

export class MetadataFeed {
  private readonly disk: MetadataDisk;
  private readonly listener: MetadataListener;
  private readonly owner: FeedOwner;
  private queue: FeedItem[] = [];
  private isRunning = false;
  private isStopped = false;
  private snapshotsPending = 0;
  /** Everything before it was told. */
  appliedOffset = 0;
  /** Whom the listener was told last. */
  toldLeader: { readonly leaderId: number | null; readonly epoch: number } = { leaderId: null, epoch: -1 };

  constructor(disk: MetadataDisk, listener: MetadataListener, owner: FeedOwner) {
    this.disk = disk;
    this.listener = listener;
    this.owner = owner;
  }

  /** Begins with a snapshot's state. */
  begin(records: readonly MetadataRecord[], endOffset: number): void {
    this.appliedOffset = endOffset;
    this.listener.loadSnapshot(records, endOffset - 1);
  }

  push(item: FeedItem): void {
    if (this.isStopped) return;
    const last = this.queue.at(-1);
    // Nothing is told between the two: one reading does.
    if (item.kind === 'apply' && last?.kind === 'apply') this.queue.pop();
    if (item.kind === 'snapshot') this.snapshotsPending++;
    this.queue.push(item);
    if (!this.isRunning) void this.run();
  }

  stop(): void {
    this.isStopped = true;
  }

  private async run(): Promise<void> {
    this.isRunning = true;
    try {
      // The listener is never called inside the call that brought the news.
      await Promise.resolve();
      for (;;) {
        const item = this.isStopped ? undefined : this.queue.shift();
        if (item === undefined) break;
        await this.tell(item);
        if (!this.isStopped) this.owner.onTold();
      }
    } catch (error) {
      this.isStopped = true;
      this.owner.onFailure(error);
    }
    this.isRunning = false;
  }

  private async tell(item: FeedItem): Promise<void> {
    switch (item.kind) {
      case 'apply':
        return this.apply(item.upTo);
      case 'snapshot':
        return this.loadSnapshot(item.snapshotId);
      case 'leader':
        this.toldLeader = item;
        this.listener.leader(item.leaderId, item.epoch);
    }
  }

  private get isNeedless(): boolean {
    return this.isStopped || this.snapshotsPending > 0;
  }

  private async apply(upTo: number): Promise<void> {
    let attempts = 0;
    while (this.appliedOffset < upTo && !this.isNeedless) {
      const bytes = await this.disk.read(this.appliedOffset, READ_BYTES, upTo);
      if (this.isNeedless) return;
      if (bytes === null && ++attempts < READ_ATTEMPTS_MAX) continue;
      if (bytes === null || bytes.length === 0) {
        throw new Error(`offset ${this.appliedOffset} is committed and not in the log`);
      }
      attempts = 0;
      for (const batch of readBatches(bytes)) {
        if (!batch.isControl) this.listener.committed(batch.baseOffset, metadataOf(batch));
        if (this.isStopped) return;
        this.appliedOffset = batch.lastOffset + 1;
        this.owner.onApplied(this.appliedOffset, batch.sizeBytes);
      }
    }
  }

  private async loadSnapshot(snapshotId: OffsetAndEpoch): Promise<void> {
    const { records } = await this.disk.snapshots.load(snapshotId);
    this.snapshotsPending--;
    if (this.isNeedless || snapshotId.endOffset <= this.appliedOffset) return;
    this.appliedOffset = snapshotId.endOffset;
    this.listener.loadSnapshot(records, snapshotId.endOffset - 1);
  }
}
