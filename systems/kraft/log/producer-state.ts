/**
 * What a log knows of its producers: the last batches of each, transactions that are open, and those that were aborted.
 * A pure table that follows from the batches of the log, in order.
 *
 *     const decision = producers.checkAppend(batch);         // before a leader appends
 *     producers.append(batch);                               // after: the batch has its offsets
 *     producers.lastStableOffset(highWatermark);
 *     producers.abortedTransactions(fetchOffset, upperBound) // for a read-committed consumer
 *
 * Whether a batch may be appended is decided by the rules (`producer-rules.ts`).
 */
import { NONE, type RecordBatch } from '../records/batch.ts';
import { decodeControlBatch } from '../records/control.ts';
import {
  correctProducerRules,
  newEntry,
  REMEMBERED_BATCHES,
  type AppendDecision,
  type ProducerEntry,
  type ProducerRules,
} from './producer-rules.ts';

/** A transaction that ended without counting. */
export interface AbortedTransaction {
  readonly producerId: number;
  readonly firstOffset: number;
  /** Of its marker. */
  readonly lastOffset: number;
}

interface EndedTransaction {
  readonly firstOffset: number;
  /** Of its marker. */
  readonly lastOffset: number;
}

const SNAPSHOT_VERSION = 1;

interface Snapshot {
  readonly version: number;
  readonly producers: readonly ProducerEntry[];
  readonly aborted: readonly AbortedTransaction[];
  readonly ended: readonly EndedTransaction[];
}

export class ProducerState {
  private readonly rules: ProducerRules;
  private readonly entries = new Map<number, ProducerEntry>();
  private aborted: AbortedTransaction[] = [];
  /** Ended, but their end is not known to be below the high watermark. */
  private ended: EndedTransaction[] = [];
  /** See {@link firstUnstableOffset}; undefined: to be looked for. */
  private unstable: number | null | undefined;

  constructor(rules: ProducerRules = correctProducerRules) {
    this.rules = rules;
  }

  get size(): number {
    return this.entries.size;
  }

  /** Nothing is known at all. */
  get isEmpty(): boolean {
    return this.entries.size === 0 && this.aborted.length === 0 && this.ended.length === 0;
  }

  entry(producerId: number): ProducerEntry | undefined {
    return this.entries.get(producerId);
  }

  /** In the order of their first batches. */
  list(): readonly ProducerEntry[] {
    return [...this.entries.values()];
  }

  /** What a leader does with a batch that a client, or the transaction coordinator, sent. */
  checkAppend(batch: RecordBatch): AppendDecision {
    const { producerId } = batch;
    if (producerId === NONE) return { kind: 'ok' };
    const entry = this.entries.get(producerId);
    if (batch.isControl) {
      const coordinatorEpoch = markerOf(batch)?.coordinatorEpoch ?? NONE;
      return this.rules.decideMarker(entry, { epoch: batch.producerEpoch, coordinatorEpoch });
    }
    const { producerEpoch: epoch, baseSequence: firstSequence, lastSequence } = batch;
    return this.rules.decideAppend(entry, { epoch, firstSequence, lastSequence });
  }

  /** The batch is in the log, at its offsets: this is not refused. */
  append(batch: RecordBatch): void {
    const { producerId } = batch;
    if (producerId === NONE) return;
    const before = this.entries.get(producerId) ?? newEntry(producerId);
    const after = batch.isControl ? this.afterMarker(before, batch) : afterBatch(before, batch);
    this.entries.set(producerId, after);
    if (batch.isControl || after.transactionFirstOffset !== before.transactionFirstOffset) {
      this.unstable = undefined;
    }
  }

  private afterMarker(before: ProducerEntry, batch: RecordBatch): ProducerEntry {
    const marker = markerOf(batch);
    if (marker === null) return before;
    const { transactionFirstOffset: firstOffset, producerId } = before;
    const { lastOffset } = batch;
    if (firstOffset !== null) {
      this.ended.push({ firstOffset, lastOffset });
      if (!marker.isCommit) this.aborted.push({ producerId, firstOffset, lastOffset });
    }
    return {
      ...before,
      epoch: batch.producerEpoch,
      // A marker of a new epoch begins its sequences anew.
      batches: batch.producerEpoch === before.epoch ? before.batches : [],
      coordinatorEpoch: marker.coordinatorEpoch,
      transactionFirstOffset: null,
      lastTimestampMs: Math.max(before.lastTimestampMs, batch.maxTimestamp),
    };
  }

  /** The high watermark is here: transactions that ended below it are stable. */
  advanceHighWatermark(highWatermark: number): void {
    if (this.ended.some((transaction) => transaction.lastOffset < highWatermark)) {
      this.ended = this.ended.filter((transaction) => transaction.lastOffset >= highWatermark);
      this.unstable = undefined;
    }
  }

  /** The first offset of a transaction that is open, or whose end may not be below the high watermark; null for none. */
  get firstUnstableOffset(): number | null {
    // Asked with every request, and it changes with transactions only.
    if (this.unstable === undefined) this.unstable = this.findUnstable();
    return this.unstable;
  }

  private findUnstable(): number | null {
    let first: number | null = null;
    for (const { firstOffset } of this.ended) first = Math.min(first ?? firstOffset, firstOffset);
    for (const { transactionFirstOffset: offset } of this.entries.values()) {
      if (offset !== null) first = Math.min(first ?? offset, offset);
    }
    return first;
  }

  lastStableOffset(highWatermark: number): number {
    return this.rules.lastStableOffset(this.firstUnstableOffset, highWatermark);
  }

  /** The aborted transactions with records in an interval of offsets, by first offset. */
  abortedTransactions(fromOffset: number, upToOffset: number): readonly AbortedTransaction[] {
    return this.aborted
      .filter(({ firstOffset, lastOffset }) => lastOffset >= fromOffset && firstOffset < upToOffset)
      .sort((a, b) => a.firstOffset - b.firstOffset);
  }

  /** The log begins here now: what was aborted below is gone. Producers stay known until they expire. */
  truncateFromStart(startOffset: number): void {
    this.aborted = this.aborted.filter((transaction) => transaction.lastOffset >= startOffset);
    this.ended = this.ended.filter((transaction) => transaction.lastOffset >= startOffset);
    this.unstable = undefined;
  }

  /** Forgets producers that wrote nothing for so long and have no transaction open. Returns how many. */
  removeExpired(nowMs: number, expirationMs: number): number {
    let removed = 0;
    for (const entry of this.entries.values()) {
      if (entry.transactionFirstOffset !== null || nowMs - entry.lastTimestampMs < expirationMs) continue;
      this.entries.delete(entry.producerId);
      removed++;
    }
    return removed;
  }

  clear(): void {
    this.entries.clear();
    this.aborted = [];
    this.ended = [];
    this.unstable = undefined;
  }

  encode(): string {
    const { aborted, ended } = this;
    return JSON.stringify({
      version: SNAPSHOT_VERSION,
      producers: this.list(),
      aborted,
      ended,
    } satisfies Snapshot);
  }

  /** Replaces the state by one that {@link encode} gave, whose checksum was verified. Returns whether it is of this version. */
  restore(text: string): boolean {
    const snapshot = JSON.parse(text) as Snapshot;
    if (snapshot.version !== SNAPSHOT_VERSION) return false;
    this.clear();
    for (const entry of snapshot.producers) this.entries.set(entry.producerId, entry);
    this.aborted = [...snapshot.aborted];
    this.ended = [...snapshot.ended];
    this.unstable = undefined;
    return true;
  }
}

function afterBatch(before: ProducerEntry, batch: RecordBatch): ProducerEntry {
  const appended = {
    firstSequence: batch.baseSequence,
    lastSequence: batch.lastSequence,
    baseOffset: batch.baseOffset,
    lastOffset: batch.lastOffset,
    timestampMs: batch.maxTimestamp,
  };
  const earlier = batch.producerEpoch === before.epoch ? before.batches : [];
  const beginsTransaction = batch.isTransactional && before.transactionFirstOffset === null;
  return {
    ...before,
    epoch: batch.producerEpoch,
    batches: [...earlier.slice(-(REMEMBERED_BATCHES - 1)), appended],
    transactionFirstOffset: beginsTransaction ? batch.baseOffset : before.transactionFirstOffset,
    lastTimestampMs: Math.max(before.lastTimestampMs, batch.maxTimestamp),
  };
}

/** Null for a control batch that ends no transaction. */
function markerOf(batch: RecordBatch): { isCommit: boolean; coordinatorEpoch: number } | null {
  const [record] = decodeControlBatch(batch);
  if (record?.type !== 'commit' && record?.type !== 'abort') return null;
  return { isCommit: record.type === 'commit', coordinatorEpoch: record.coordinatorEpoch };
}
