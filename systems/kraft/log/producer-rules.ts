/**
 * What idempotence and transactions rest on, each a pure function: a bug is this object with one of them replaced.
 *
 *     correctProducerRules.decideAppend(undefined, { epoch: 0, firstSequence: 0, … }) // { kind: 'ok' }
 *
 * KIP-98 (exactly once delivery and transactional messaging), as Kafka does it since 2.0.
 */
import { addSequence, NONE } from '../records/batch.ts';

/** A batch that was appended. */
export interface AppendedBatch {
  readonly firstSequence: number;
  readonly lastSequence: number;
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly timestampMs: number;
}

/** What a log knows of one producer id. */
export interface ProducerEntry {
  readonly producerId: number;
  readonly epoch: number;
  /** The last batches of this epoch, oldest first: at most {@link REMEMBERED_BATCHES}. */
  readonly batches: readonly AppendedBatch[];
  /** Of the last marker; {@link NONE} before the first. */
  readonly coordinatorEpoch: number;
  /** The first offset of the transaction that is open; null where none is. */
  readonly transactionFirstOffset: number | null;
  /** The largest timestamp of what it wrote. */
  readonly lastTimestampMs: number;
}

/** What a batch claims. */
export interface AppendFacts {
  readonly epoch: number;
  readonly firstSequence: number;
  readonly lastSequence: number;
}

export interface MarkerFacts {
  readonly epoch: number;
  readonly coordinatorEpoch: number;
}

export type AppendDecision =
  | { readonly kind: 'ok' }
  /** It is in the log already: the answer is the first one's. */
  | { readonly kind: 'duplicate'; readonly original: AppendedBatch }
  /** OUT_OF_ORDER_SEQUENCE_NUMBER. */
  | { readonly kind: 'out-of-order'; readonly expectedSequence: number }
  /** INVALID_PRODUCER_EPOCH: a later one of the same producer has begun. */
  | { readonly kind: 'fenced'; readonly currentEpoch: number }
  /** TRANSACTION_COORDINATOR_FENCED. */
  | { readonly kind: 'coordinator-fenced'; readonly currentEpoch: number };

/** A producer has at most five requests under way: so many batches back a duplicate is recognised. */
export const REMEMBERED_BATCHES = 5;

const OK: AppendDecision = { kind: 'ok' };

export const correctProducerRules = {
  /**
   * Whether a leader may append a batch of an idempotent producer.
   *
   * An older epoch is fenced. A batch that is remembered is a duplicate. Else the sequence must follow the last one; a new
   * epoch begins at 0. A producer that the log does not know may begin anywhere: its earlier batches may have gone by
   * retention.
   */
  decideAppend(entry: ProducerEntry | undefined, facts: AppendFacts): AppendDecision {
    if (entry === undefined) return OK;
    if (facts.epoch < entry.epoch) return { kind: 'fenced', currentEpoch: entry.epoch };
    if (facts.epoch > entry.epoch) {
      return facts.firstSequence === 0 ? OK : { kind: 'out-of-order', expectedSequence: 0 };
    }
    const original = entry.batches.find(
      (batch) => batch.firstSequence === facts.firstSequence && batch.lastSequence === facts.lastSequence,
    );
    if (original !== undefined) return { kind: 'duplicate', original };
    const last = entry.batches.at(-1);
    const expectedSequence = last === undefined ? 0 : addSequence(last.lastSequence, 1);
    return facts.firstSequence === expectedSequence ? OK : { kind: 'out-of-order', expectedSequence };
  },

  /** Whether a leader may append the end of a transaction: neither producer nor coordinator is an old one. */
  decideMarker(entry: ProducerEntry | undefined, facts: MarkerFacts): AppendDecision {
    if (entry === undefined) return OK;
    if (facts.epoch < entry.epoch) return { kind: 'fenced', currentEpoch: entry.epoch };
    if (facts.coordinatorEpoch < entry.coordinatorEpoch) {
      return { kind: 'coordinator-fenced', currentEpoch: entry.coordinatorEpoch };
    }
    return OK;
  },

  /**
   * Up to where a read-committed consumer may read: below the first record of a transaction that is open, or whose end
   * is not below the high watermark, and never above the high watermark.
   */
  lastStableOffset(firstUnstableOffset: number | null, highWatermark: number): number {
    return firstUnstableOffset === null ? highWatermark : Math.min(firstUnstableOffset, highWatermark);
  },

  /** Whether a producer's state is kept when the log is opened again or led by another replica: it must be. */
  survivesRecovery(): boolean {
    return true;
  },
};

export type ProducerRules = typeof correctProducerRules;

/** Before anything is known. */
export const newEntry = (producerId: number): ProducerEntry => ({
  producerId,
  epoch: NONE,
  batches: [],
  coordinatorEpoch: NONE,
  transactionFirstOffset: null,
  lastTimestampMs: NONE,
});
