/**
 * A `ReplicaLog` as the core of its partition sees it.
 *
 *     const core = new PartitionCore({ brokerId: 1, options, rules: correctRules, log: viewOf(replicaLog) }, nowMs);
 *
 * Batches that are produced are `RecordBatch`es then.
 */
import { assert } from '../../../../harness/errors.ts';
import type { ReplicaLog } from '../../log/replica-log.ts';
import { RecordBatch } from '../../records/batch.ts';
import type { PartitionLog } from './partition-log.ts';

export function viewOf(log: ReplicaLog): PartitionLog {
  return {
    get logStartOffset() {
      return log.logStartOffset;
    },
    get logEndOffset() {
      return log.logEndOffset;
    },
    get writtenEndOffset() {
      return log.writtenEndOffset;
    },
    get durableEndOffset() {
      return log.durableEndOffset;
    },
    get highWatermark() {
      return log.highWatermark;
    },
    get lastStableOffset() {
      return log.lastStableOffset;
    },
    get latestEpoch() {
      return log.epochs.latest?.epoch ?? null;
    },
    advanceHighWatermark: (offset) => log.advanceHighWatermark(offset),
    endOffsetForEpoch: (epoch) => log.endOffsetForEpoch(epoch),
    checkProducer: (batch) => {
      assert(batch instanceof RecordBatch, 'what is produced to a log on files is a record batch');
      return log.producers.checkAppend(batch);
    },
    forgetProducers: () => log.producers.clear(),
    abortedTransactions: (fromOffset, upToOffset) =>
      log.producers.abortedTransactions(fromOffset, upToOffset),
    // By the average: it decides only when a parked fetch is answered, and nothing in range must be nothing.
    sizeBetween: (fromOffset, upToOffset) => {
      const records = log.logEndOffset - log.logStartOffset;
      const wanted = Math.max(0, upToOffset - fromOffset);
      return records === 0 ? 0 : Math.ceil((log.sizeBytes * wanted) / records);
    },
  };
}
