/**
 * A partition's log in memory, of batches that are a text: what `ReplicaLog` is for a core, as simple as can be.
 *
 *     const log = new MemoryLog();
 *     log.append([{ ...plainBatch('a'), count: 2 }], 3); // { baseOffset: 0, lastOffset: 1 }
 *     log.crash(0);                                       // a power loss: nothing was flushed
 */
import { LeaderEpochs, type EpochEnd } from '../../../log/leader-epochs.ts';
import {
  correctProducerRules,
  newEntry,
  REMEMBERED_BATCHES,
  type AppendDecision,
  type ProducerEntry,
} from '../../../log/producer-rules.ts';
import type { AbortedTransaction } from '../../../log/producer-state.ts';
import type { PartitionLog, ProducedBatch } from '../partition-log.ts';

export interface TestBatch extends ProducedBatch {
  readonly value: string;
  /** Records, each of the same value. */
  readonly count: number;
  readonly isTransactional: boolean;
  /** Of a control batch. */
  readonly isCommit: boolean;
}

export interface StoredBatch extends TestBatch {
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly leaderEpoch: number;
}

/** A batch of no producer in particular. */
export const plainBatch = (value: string, count = 1): TestBatch => ({
  value,
  count,
  producerId: -1,
  producerEpoch: -1,
  baseSequence: -1,
  lastSequence: -1,
  isControl: false,
  isTransactional: false,
  isCommit: false,
});

/** A batch of an idempotent producer. */
export const sequenced = (value: string, producerId: number, baseSequence: number, count = 1): TestBatch => ({
  ...plainBatch(value, count),
  producerId,
  producerEpoch: 0,
  baseSequence,
  lastSequence: baseSequence + count - 1,
});

export class MemoryLog implements PartitionLog {
  batches: StoredBatch[] = [];
  durableEndOffset = 0;
  highWatermark = 0;
  logStartOffset = 0;
  private epochs = new LeaderEpochs();
  private producers = new Map<number, ProducerEntry>();
  private transactions: { producerId: number; firstOffset: number; lastOffset: number; isCommit: boolean }[] =
    [];

  get writtenEndOffset(): number {
    return this.logEndOffset;
  }

  get logEndOffset(): number {
    const last = this.batches.at(-1);
    return last === undefined ? this.logStartOffset : last.lastOffset + 1;
  }

  get latestEpoch(): number | null {
    return this.epochs.latest?.epoch ?? null;
  }

  get lastStableOffset(): number {
    let stable = this.highWatermark;
    for (const { transactionFirstOffset } of this.producers.values()) {
      if (transactionFirstOffset !== null) stable = Math.min(stable, transactionFirstOffset);
    }
    for (const { firstOffset, lastOffset } of this.transactions) {
      if (lastOffset >= this.highWatermark) stable = Math.min(stable, firstOffset);
    }
    return stable;
  }

  advanceHighWatermark(offset: number): boolean {
    const capped = Math.min(offset, this.logEndOffset);
    if (capped <= this.highWatermark) return false;
    this.highWatermark = capped;
    return true;
  }

  endOffsetForEpoch(epoch: number): EpochEnd | null {
    return this.epochs.endOffsetFor(epoch, this.logEndOffset);
  }

  checkProducer(batch: ProducedBatch): AppendDecision {
    const { producerId, producerEpoch: epoch, baseSequence, lastSequence, isControl } = batch;
    if (producerId === -1 || isControl) return { kind: 'ok' };
    const facts = { epoch, firstSequence: baseSequence, lastSequence };
    return correctProducerRules.decideAppend(this.producers.get(producerId), facts);
  }

  forgetProducers(): void {
    this.producers.clear();
  }

  abortedTransactions(fromOffset: number, upToOffset: number): readonly AbortedTransaction[] {
    return this.transactions.filter(
      ({ isCommit, firstOffset, lastOffset }) =>
        !isCommit && lastOffset >= fromOffset && firstOffset < upToOffset,
    );
  }

  sizeBetween(fromOffset: number, upToOffset: number): number {
    return Math.max(0, upToOffset - fromOffset);
  }

  // What the driver does with it

  append(batches: readonly TestBatch[], leaderEpoch: number): { baseOffset: number; lastOffset: number } {
    const baseOffset = this.logEndOffset;
    for (const batch of batches) {
      const first = this.logEndOffset;
      this.take({ ...batch, baseOffset: first, lastOffset: first + batch.count - 1, leaderEpoch });
    }
    return { baseOffset, lastOffset: this.logEndOffset - 1 };
  }

  /** A follower's: as they are. @returns null where they do not follow the log */
  appendFetched(batches: readonly StoredBatch[]): { baseOffset: number; lastOffset: number } | null {
    const baseOffset = this.logEndOffset;
    if (batches[0]?.baseOffset !== baseOffset) return null;
    for (const batch of batches) this.take(batch);
    return { baseOffset, lastOffset: this.logEndOffset - 1 };
  }

  private take(batch: StoredBatch): void {
    this.batches.push(batch);
    this.epochs.assign(batch.leaderEpoch, batch.baseOffset);
    const { producerId, baseSequence: firstSequence, lastSequence, baseOffset, lastOffset } = batch;
    if (producerId === -1) return;
    const before = this.producers.get(producerId) ?? newEntry(producerId);
    const open = before.transactionFirstOffset;
    if (batch.isControl) {
      const { isCommit } = batch;
      if (open !== null) this.transactions.push({ producerId, firstOffset: open, lastOffset, isCommit });
      this.producers.set(producerId, { ...before, epoch: batch.producerEpoch, transactionFirstOffset: null });
      return;
    }
    const appended = { firstSequence, lastSequence, baseOffset, lastOffset, timestampMs: 0 };
    this.producers.set(producerId, {
      ...before,
      epoch: batch.producerEpoch,
      batches: [...before.batches.slice(-(REMEMBERED_BATCHES - 1)), appended],
      transactionFirstOffset: open ?? (batch.isTransactional ? baseOffset : null),
    });
  }

  /** Whole batches from an offset on, below another: at most so many. */
  read(fromOffset: number, upTo: number, maxBatches: number): readonly StoredBatch[] {
    const first = this.batches.findIndex((batch) => batch.lastOffset >= fromOffset);
    if (first === -1) return [];
    return this.batches.slice(first, first + maxBatches).filter((batch) => batch.lastOffset < upTo);
  }

  batchAt(offset: number): StoredBatch | undefined {
    return this.batches.find((batch) => batch.lastOffset >= offset && batch.baseOffset <= offset);
  }

  flush(): void {
    this.durableEndOffset = this.logEndOffset;
  }

  truncateTo(offset: number): void {
    const kept = this.batches.filter((batch) => batch.lastOffset < offset);
    this.rebuild(kept);
    this.durableEndOffset = Math.min(this.durableEndOffset, this.logEndOffset);
    this.highWatermark = Math.min(this.highWatermark, this.logEndOffset);
  }

  truncateFully(startOffset: number): void {
    this.logStartOffset = startOffset;
    this.rebuild([]);
    this.durableEndOffset = startOffset;
    this.highWatermark = startOffset;
  }

  private rebuild(batches: readonly StoredBatch[]): void {
    this.batches = [];
    this.epochs = new LeaderEpochs();
    this.producers = new Map();
    this.transactions = [];
    for (const batch of batches) this.take(batch);
  }

  /**
   * What a crash leaves.
   *
   * @param keptOfUnflushed - batches that survive though they were not flushed; infinite for a mere crash of the process
   * @param checkpoint - the high watermark that was last written down
   */
  crash(keptOfUnflushed: number, checkpoint: number): void {
    const flushed = this.batches.filter((batch) => batch.lastOffset < this.durableEndOffset).length;
    this.rebuild(this.batches.slice(0, flushed + keptOfUnflushed));
    this.flush();
    this.highWatermark = Math.min(checkpoint, this.logEndOffset);
  }
}
