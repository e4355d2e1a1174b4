/**
 * One transactional id: what is durable of it, what is under way, and which markers are missing.
 *
 *     Empty ─▶ Ongoing ─▶ PrepareCommit ─▶ CompleteCommit ─▶ Ongoing …
 *                 └─────▶ PrepareAbort ──▶ CompleteAbort ──▶ Ongoing …
 *
 * A state is in force when its record is committed. Until then `pending` says which comes, and no other change begins.
 */
import type { TransactionState } from './rules.ts';
import type { TopicPartition, TransactionMetadata } from './transaction-records.ts';

export interface MarkerRound {
  readonly markerId: number;
  readonly isCommit: boolean;
  /** By name; those that were sent and those that wait to be sent again. */
  readonly missing: Map<string, TopicPartition>;
  readonly again: Set<string>;
  written: number;
  /** When what failed is tried again; Infinity: nothing failed. */
  retryMs: number;
}

export interface Transaction {
  readonly transactionalId: string;
  /** Of `__transaction_state`. */
  readonly partition: number;
  /** The leader epoch of that partition: an older coordinator's markers are refused. */
  readonly coordinatorEpoch: number;
  metadata: TransactionMetadata;
  pending: TransactionState | null;
  /** The epoch with which the coordinator tries to abort it: the producer is fenced, whatever becomes of the append. */
  fencedEpoch: number | null;
  markers: MarkerRound | null;
}

export const partitionName = ({ topic, partition }: TopicPartition): string => `${topic}-${partition}`;

export function newTransaction(
  transactionalId: string,
  { partition, coordinatorEpoch }: { readonly partition: number; readonly coordinatorEpoch: number },
  metadata: TransactionMetadata,
): Transaction {
  return {
    transactionalId,
    partition,
    coordinatorEpoch,
    metadata,
    pending: null,
    fencedEpoch: null,
    markers: null,
  };
}

export const epochInForce = ({ metadata, fencedEpoch }: Transaction): number =>
  fencedEpoch ?? metadata.producerEpoch;

export function unionOf(
  some: readonly TopicPartition[],
  more: readonly TopicPartition[],
): readonly TopicPartition[] {
  const all = new Map([...some, ...more].map((each) => [partitionName(each), each]));
  return all.size === some.length ? some : [...all.values()];
}
