/**
 * What a quorum's core wants on its disk, log and `quorum-state`, written in the order in which it asked: of the metadata quorum, and of
 * the group of each partition that Raft replicates.
 *
 *     const writes = new WriteQueue(files, 'orders-0', log, { onStored, onFailure, deletePrefix });
 *     writes.write(effect);            // at once readable; durable when onStored says so
 *
 * At most one flush is under way. What is asked for meanwhile goes into the next (group commit): first the latest
 * `quorum-state`, then the log. That file may so be newer than the log, as after any crash, and never older than a vote that left.
 * Truncations wait for what is before them, and what is behind them waits for them.
 */
import type { Files } from '../../../runtime/runtime.ts';
import { OffsetOutOfRangeError } from '../../log/errors.ts';
import type { ReplicaLog } from '../../log/replica-log.ts';
import type { Effect, QuorumStateData } from '../../quorum/effects.ts';
import { RecordBatch } from '../../records/batch.ts';
import { writeQuorumState } from './quorum-state-file.ts';

type Write = Extract<Effect, { readonly write: number }>;
type DeletePrefix = Extract<Effect, { readonly kind: 'delete-prefix' }>;
type Item = Write | DeletePrefix;

export interface WriteOwner {
  /** Everything up to this write is durable. */
  onStored(write: number): void;
  onFailure(error: unknown): void;
  deletePrefix(logStartOffset: number): Promise<void>;
}

export class WriteQueue {
  private readonly files: Files;
  private readonly directory: string;
  private readonly log: ReplicaLog;
  private readonly owner: WriteOwner;
  private queue: Item[] = [];
  /** Appends in the queue up to this write are in the log already. */
  private appendedWrite = 0;
  /** Truncations and resets that are queued or under way. */
  private cutsPending = 0;
  /** How many truncations and resets there were: what was read across one is not what it was asked for. */
  private cuts = 0;
  private isRunning = false;
  private isStopped = false;
  private readonly waitingForCuts: (() => void)[] = [];
  private readonly waitingForIdle: (() => void)[] = [];

  constructor(files: Files, directory: string, log: ReplicaLog, owner: WriteOwner) {
    this.files = files;
    this.directory = directory;
    this.log = log;
    this.owner = owner;
  }

  write(item: Item): void {
    if (this.isStopped) return;
    this.queue.push(item);
    if (item.kind === 'truncate' || item.kind === 'reset') {
      this.cutsPending++;
      this.cuts++;
    } else if (item.kind === 'append' && this.cutsPending === 0) {
      this.append(item);
    }
    if (!this.isRunning) void this.run();
  }

  private append({ write, entries }: Extract<Item, { kind: 'append' }>): void {
    for (const { offset, epoch, payload } of entries) {
      const batch = new RecordBatch(payload as Uint8Array);
      batch.baseOffset = offset;
      batch.leaderEpoch = epoch;
      // Ours, or checked when it came.
      this.log.append(batch.bytes, { assignOffsets: false, verify: false });
    }
    this.appendedWrite = write;
  }

  private async run(): Promise<void> {
    this.isRunning = true;
    try {
      while (this.queue.length > 0 && !this.isStopped) await this.step();
    } catch (error) {
      this.fail(error);
    }
    this.isRunning = false;
    for (const resume of this.waitingForIdle.splice(0)) resume();
  }

  private async step(): Promise<void> {
    const [first] = this.queue;
    if (first === undefined) return;
    if (first.kind === 'persist' || first.kind === 'append') {
      const isOther = (item: Item): boolean => item.kind !== 'persist' && item.kind !== 'append';
      const end = this.queue.findIndex(isOther);
      await this.store(this.queue.splice(0, end === -1 ? this.queue.length : end));
      return;
    }
    this.queue.shift();
    if (first.kind === 'delete-prefix') {
      await this.owner.deletePrefix(first.logStartOffset);
      return;
    }
    if (first.kind === 'truncate') {
      const end = await this.log.truncateTo(first.endOffset);
      if (end !== first.endOffset) throw new Error(`a truncation to ${first.endOffset} went back to ${end}`);
    } else {
      await this.log.truncateFullyAndStartAt(first.snapshotId.endOffset);
    }
    this.cutsPending--;
    // Readable again, and before anybody reads.
    for (const item of this.queue) {
      if (item.kind === 'truncate' || item.kind === 'reset') break;
      if (item.kind === 'append') this.append(item);
    }
    if (this.cutsPending === 0) for (const resume of this.waitingForCuts.splice(0)) resume();
    if (!this.isStopped) this.owner.onStored(first.write);
  }

  private async store(items: readonly Item[]): Promise<void> {
    let state: QuorumStateData | null = null;
    let hasAppends = false;
    let last = 0;
    for (const item of items) {
      if (item.kind === 'persist') state = item.state;
      if (item.kind === 'append') {
        hasAppends = true;
        if (item.write > this.appendedWrite) this.append(item);
      }
      if ('write' in item) last = item.write;
    }
    if (state !== null) await writeQuorumState(this.files, this.directory, state);
    if (hasAppends) await this.log.flush();
    if (!this.isStopped) this.owner.onStored(last);
  }

  private fail(error: unknown): void {
    if (this.isStopped) return;
    this.isStopped = true;
    this.owner.onFailure(error);
  }

  /**
   * Whole batches from an offset on, below another. Null where the log was cut meanwhile, or its beginning has gone.
   *
   * @throws LogCorruptError, FileError
   */
  async read(offset: number, maxBytes: number, upTo: number): Promise<Uint8Array | null> {
    const { cuts } = this;
    if (this.cutsPending > 0) await new Promise<void>((resolve) => this.waitingForCuts.push(resolve));
    try {
      const bytes = await this.log.read(offset, maxBytes, { upTo });
      return cuts === this.cuts ? bytes : null;
    } catch (error) {
      if (error instanceof OffsetOutOfRangeError) return null;
      throw error;
    }
  }

  /** Nothing is written any more; what was asked for before is durable when it resolves. @returns false where it had stopped already */
  async close(): Promise<boolean> {
    if (this.isRunning) await new Promise<void>((resolve) => this.waitingForIdle.push(resolve));
    if (this.isStopped) return false;
    this.isStopped = true;
    return true;
  }
}
