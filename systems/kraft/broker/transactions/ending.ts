/**
 * How a transaction ends: decided and made durable, then told to every partition, then complete.
 *
 *     prepareEnd(context, transaction, epoch, true, reply); // PrepareCommit; then markers
 *     markerAnswered(context, transaction, 'orders-0', 'NONE'); // the last one: CompleteCommit
 *
 * Nothing undoes a decision: a partition that cannot be reached is tried again until it can.
 */
import type { ErrorName } from '../../wire/error-codes.ts';
import type { TransactionContext } from './transaction-context.ts';
import type { TopicPartition } from './transaction-records.ts';
import type { MarkerRound, Transaction } from './transaction.ts';
import { epochInForce, partitionName } from './transaction.ts';

/** @param done - when the decision is committed, or could not be */
export function prepareEnd(
  context: TransactionContext,
  transaction: Transaction,
  producerEpoch: number,
  isCommit: boolean,
  done: (error: ErrorName) => void,
): void {
  const state = isCommit ? 'PrepareCommit' : 'PrepareAbort';
  const isEarly = context.rules.mayWriteMarkers(false);
  context.transit(transaction, { state, producerEpoch }, (error) => {
    done(error);
    if (error === 'NONE' && !isEarly) startMarkers(context, transaction, isCommit);
  });
  if (isEarly) startMarkers(context, transaction, isCommit, producerEpoch);
}

/** Aborts it on behalf of a producer that is gone, or is replaced: under an epoch that its own requests do not have. */
export function abortFor(
  context: TransactionContext,
  transaction: Transaction,
  done: (error: ErrorName) => void,
): void {
  transaction.fencedEpoch ??= context.rules.epochToAbortWith(transaction.metadata.producerEpoch);
  prepareEnd(context, transaction, transaction.fencedEpoch, false, done);
}

export function startMarkers(
  context: TransactionContext,
  transaction: Transaction,
  isCommit: boolean,
  producerEpoch = epochInForce(transaction),
): void {
  const { partitions, producerId } = transaction.metadata;
  const markers: MarkerRound = {
    markerId: context.newMarkerId(),
    isCommit,
    missing: new Map(partitions.map((each) => [partitionName(each), each])),
    again: new Set(),
    written: 0,
    retryMs: Infinity,
  };
  endRound(context, transaction);
  transaction.markers = markers;
  context.marking.set(markers.markerId, transaction);
  if (partitions.length === 0) return completeIfDone(context, transaction, markers);
  send(context, transaction, markers, partitions, { producerId, producerEpoch });
}

/** Whatever is answered to its markers from now on, nobody waits for it. */
export function endRound(context: TransactionContext, transaction: Transaction): void {
  if (transaction.markers !== null) context.marking.delete(transaction.markers.markerId);
  transaction.markers = null;
}

function retryLater(context: TransactionContext, markers: MarkerRound): void {
  markers.retryMs = Math.min(markers.retryMs, context.monotonicMs + context.options.markerBackoffMs);
  context.earliestRetryMs = Math.min(context.earliestRetryMs, markers.retryMs);
}

function send(
  context: TransactionContext,
  transaction: Transaction,
  { markerId, isCommit }: MarkerRound,
  partitions: readonly TopicPartition[],
  producer: { readonly producerId: number; readonly producerEpoch: number },
): void {
  const { coordinatorEpoch } = transaction;
  context.emit({ type: 'write-markers', markerId, ...producer, coordinatorEpoch, isCommit, partitions });
}

/** @param answer - of the partition's leader; `topic-deleted` where there is none to ask any more */
export function markerAnswered(
  context: TransactionContext,
  transaction: Transaction,
  partition: TopicPartition,
  answer: ErrorName | 'topic-deleted',
): void {
  const { markers } = transaction;
  const name = partitionName(partition);
  if (markers === null || !markers.missing.has(name)) return;
  switch (context.rules.markerOutcome(answer)) {
    case 'written':
      markers.missing.delete(name);
      markers.again.delete(name);
      markers.written++;
      return completeIfDone(context, transaction, markers);
    case 'again':
      markers.again.add(name);
      return retryLater(context, markers);
    case 'fenced':
      // A later coordinator has the transaction: it completes it, and this one must not.
      endRound(context, transaction);
  }
}

function completeIfDone(context: TransactionContext, transaction: Transaction, markers: MarkerRound): void {
  const facts = { missing: markers.missing.size, written: markers.written };
  if (transaction.pending !== null || !context.rules.mayComplete(facts)) return;
  const state = markers.isCommit ? 'CompleteCommit' : 'CompleteAbort';
  context.transit(transaction, { state, partitions: [] }, (error) => {
    if (error === 'NONE') endRound(context, transaction);
    // Every marker is written; only that it is so is not. Another coordinator would write them again.
    else if (error !== 'NOT_COORDINATOR') retryLater(context, markers);
  });
}

/** Sends again what was not written, and completes again what could not be. */
export function retryMarkers(context: TransactionContext, transaction: Transaction): void {
  const { markers } = transaction;
  if (markers === null || context.monotonicMs < markers.retryMs) return;
  markers.retryMs = Infinity;
  const partitions = [...markers.again].flatMap((name) => markers.missing.get(name) ?? []);
  markers.again.clear();
  if (partitions.length === 0) return completeIfDone(context, transaction, markers);
  const { producerId } = transaction.metadata;
  send(context, transaction, markers, partitions, { producerId, producerEpoch: epochInForce(transaction) });
}
