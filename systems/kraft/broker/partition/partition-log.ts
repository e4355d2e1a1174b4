/**
 * What the core of a partition asks of its log. `ReplicaLog` of `systems/kraft/log` serves it through an adapter of a few
 * lines in the driver; tests have one in memory.
 *
 *     log.append(bytes, …);                 // the driver, for an `append` effect
 *     core.appended(nowMs, token, result);  // and then the core finds log.logEndOffset there
 *
 * Everything is answered at once and from memory. The core never changes batches through it: appending and truncating are
 * effects.
 */
import type { EpochEnd } from '../../log/leader-epochs.ts';
import type { AppendDecision } from '../../log/producer-rules.ts';
import type { AbortedTransaction } from '../../log/producer-state.ts';

/** What the core looks at in a batch; `RecordBatch` has it all. */
export interface ProducedBatch {
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly baseSequence: number;
  readonly lastSequence: number;
  readonly isControl: boolean;
}

export interface PartitionLog {
  readonly logStartOffset: number;
  readonly logEndOffset: number;
  /** Offsets below are the operating system's, and outlive the process. */
  readonly writtenEndOffset: number;
  /** Offsets below are on the disk. */
  readonly durableEndOffset: number;
  /** Never above the log end; a truncation takes it back. */
  readonly highWatermark: number;
  /** Below the first record of a transaction that is open at this high watermark. */
  readonly lastStableOffset: number;
  /** Of the last batch; null where the log has none. */
  readonly latestEpoch: number | null;
  /** Moves forward only. Returns whether it moved. */
  advanceHighWatermark(offset: number): boolean;
  /** See `LeaderEpochs.endOffsetFor`: the end of what the log has of epochs up to this one; null after the latest. */
  endOffsetForEpoch(epoch: number): EpochEnd | null;
  /** Whether the producer's state lets this batch in. */
  checkProducer(batch: ProducedBatch): AppendDecision;
  /** Only a bug asks for it. */
  forgetProducers(): void;
  /** Aborted transactions with records in [fromOffset, upToOffset). */
  abortedTransactions(fromOffset: number, upToOffset: number): readonly AbortedTransaction[];
  /** Bytes of the batches in [fromOffset, upToOffset); an estimate will do: it decides when a parked fetch is answered. */
  sizeBetween(fromOffset: number, upToOffset: number): number;
}
