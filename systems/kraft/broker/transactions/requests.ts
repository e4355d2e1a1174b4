/**
 * InitProducerId, AddPartitionsToTxn, AddOffsetsToTxn and EndTxn of one transactional id.
 *
 *     begin(context, transaction, timeoutMs, newProducerId, reply);
 *     addPartitions(context, transaction, request, partitions, reply);
 *     end(context, transaction, request, reply);
 *
 * Each changes what is durable and answers then. What comes while a change is under way is told to come again.
 */
import type { ErrorName } from '../../wire/error-codes.ts';
import { abortFor, prepareEnd } from './ending.ts';
import type { TransactionContext } from './transaction-context.ts';
import type { TopicPartition } from './transaction-records.ts';
import type { Transaction } from './transaction.ts';
import { epochInForce, unionOf } from './transaction.ts';

export interface ProducerClaim {
  readonly producerId: number;
  readonly producerEpoch: number;
}

export type InitAnswer = ProducerClaim | { readonly error: Exclude<ErrorName, 'NONE'> };

/** Whether {@link begin} will need a producer id that nobody has: it has none yet, or has used it up. */
export const needsProducerId = (context: TransactionContext, { metadata, pending }: Transaction): boolean =>
  pending === null &&
  context.rules.initIn(metadata.state) === 'begin' &&
  (metadata.producerId === -1 || context.rules.needsNewProducerId(metadata.producerEpoch));

/**
 * A process begins with the transactional id: what its predecessor left open is aborted, and it gets an epoch of its own.
 * @param newProducerId - where {@link needsProducerId}
 */
export function begin(
  context: TransactionContext,
  transaction: Transaction,
  timeoutMs: number,
  newProducerId: number | null,
  answer: (answer: InitAnswer) => void,
): void {
  const { rules } = context;
  const busy = { error: 'CONCURRENT_TRANSACTIONS' } as const;
  if (transaction.pending !== null) return answer(busy);
  const { metadata } = transaction;
  const decision = rules.initIn(metadata.state);
  if (decision === 'CONCURRENT_TRANSACTIONS') return answer(busy);
  if (decision === 'abort') {
    // The client comes again, and then finds it aborted.
    return abortFor(context, transaction, (error) => answer(error === 'NONE' ? busy : { error }));
  }
  const producer =
    newProducerId === null
      ? { producerId: metadata.producerId, producerEpoch: rules.epochAfterInit(metadata.producerEpoch) }
      : { producerId: newProducerId, producerEpoch: 0 };
  const isEarly = rules.epochIsFinal(false);
  const change = { ...producer, timeoutMs, state: 'Empty', partitions: [], startMs: -1 } as const;
  context.transit(transaction, change, (error) => {
    if (!isEarly) answer(error === 'NONE' ? producer : { error });
  });
  if (isEarly) answer(producer);
}

/** Why a request is not from the producer that has the transactional id, or NONE. */
function claimError(context: TransactionContext, transaction: Transaction, claim: ProducerClaim): ErrorName {
  const { producerId } = transaction.metadata;
  // Who has none yet may do nothing, not even with none.
  if (producerId === -1 || claim.producerId !== producerId) return 'INVALID_PRODUCER_ID_MAPPING';
  const isCurrent = context.rules.epochIsCurrent(claim.producerEpoch, epochInForce(transaction));
  if (!isCurrent) return 'PRODUCER_FENCED';
  return transaction.pending === null ? 'NONE' : 'CONCURRENT_TRANSACTIONS';
}

export function addPartitions(
  context: TransactionContext,
  transaction: Transaction,
  claim: ProducerClaim,
  added: readonly TopicPartition[],
  answer: (error: ErrorName) => void,
): void {
  const error = claimError(context, transaction, claim);
  if (error !== 'NONE') return answer(error);
  const { state, partitions, startMs } = transaction.metadata;
  if (!context.rules.mayAddPartitions(state)) return answer('CONCURRENT_TRANSACTIONS');
  const isOpen = state === 'Ongoing' || state === 'PrepareCommit' || state === 'PrepareAbort';
  const all = isOpen ? unionOf(partitions, added) : unionOf([], added);
  if (isOpen && all === partitions) return answer('NONE');
  const isEarly = context.rules.partitionIsFinal(false);
  const change = isOpen ? { partitions: all } : { state: 'Ongoing' as const, partitions: all };
  context.transit(transaction, { ...change, startMs: isOpen ? startMs : context.wallMs }, (failure) => {
    if (!isEarly) answer(failure);
  });
  if (isEarly) answer('NONE');
}

export function end(
  context: TransactionContext,
  transaction: Transaction,
  claim: ProducerClaim,
  isCommit: boolean,
  answer: (error: ErrorName) => void,
): void {
  const error = claimError(context, transaction, claim);
  if (error !== 'NONE') return answer(error);
  const decision = context.rules.endOf(transaction.metadata.state, isCommit);
  if (decision === 'done') return answer('NONE');
  if (decision !== 'prepare') return answer(decision);
  prepareEnd(context, transaction, transaction.metadata.producerEpoch, isCommit, answer);
}
