/**
 * Every decision of the transaction coordinator that safety rests on, each a pure function (KIP-98). The core asks them and decides
 * nothing itself; a bug (`bugs.ts`) is this object with one function replaced.
 *
 *     correctRules.endOf('PrepareCommit', false) // 'INVALID_TXN_STATE': it is decided, and cannot be aborted any more
 */
import type { ErrorName } from '../../wire/error-codes.ts';

export type TransactionState =
  'Empty' | 'Ongoing' | 'PrepareCommit' | 'PrepareAbort' | 'CompleteCommit' | 'CompleteAbort';

/** `prepare`: decide it now. `done`: it ended so before, and its answer was lost. */
export type EndDecision = 'prepare' | 'done' | 'CONCURRENT_TRANSACTIONS' | 'INVALID_TXN_STATE';

/** The last epoch that a producer gets; one more is left to fence it. */
export const MAX_PRODUCER_EPOCH = 32_766;
const MAX_EPOCH = 32_767;

export const correctRules = {
  // Who may

  /** A producer of an older epoch is a zombie: another has begun with its transactional id. */
  epochIsCurrent(epoch: number, currentEpoch: number): boolean {
    return epoch === currentEpoch;
  },

  /** Every InitProducerId raises the epoch, so that whoever had the transactional id before is fenced. */
  epochAfterInit(epoch: number): number {
    return epoch + 1;
  },

  /** An epoch cannot be raised for ever: then a new producer id begins at epoch 0. */
  needsNewProducerId(epoch: number): boolean {
    return epoch >= MAX_PRODUCER_EPOCH;
  },

  /**
   * Who aborts on behalf of a producer raises its epoch: what it still sends must not begin a new transaction. Nobody was given the
   * last epoch, so that nobody sends in it: it needs not be raised, and cannot be. (Kafka gives up there, and leaves it open.)
   */
  epochToAbortWith(epoch: number): number {
    return Math.min(epoch + 1, MAX_EPOCH);
  },

  // What may happen in which state

  /** What InitProducerId finds: nothing open, something to abort first, or something that is being completed. */
  initIn(state: TransactionState): 'begin' | 'abort' | 'CONCURRENT_TRANSACTIONS' {
    if (state === 'Ongoing') return 'abort';
    return state === 'PrepareCommit' || state === 'PrepareAbort' ? 'CONCURRENT_TRANSACTIONS' : 'begin';
  },

  /** A decided transaction takes no more partitions: their markers would never be written. */
  mayAddPartitions(state: TransactionState): boolean {
    return state !== 'PrepareCommit' && state !== 'PrepareAbort';
  },

  /** One transaction, one outcome: what was decided is neither decided again nor otherwise. */
  endOf(state: TransactionState, isCommit: boolean): EndDecision {
    switch (state) {
      case 'Ongoing':
        return 'prepare';
      case 'Empty':
        return 'INVALID_TXN_STATE';
      case 'PrepareCommit':
        return isCommit ? 'CONCURRENT_TRANSACTIONS' : 'INVALID_TXN_STATE';
      case 'PrepareAbort':
        return isCommit ? 'INVALID_TXN_STATE' : 'CONCURRENT_TRANSACTIONS';
      case 'CompleteCommit':
        return isCommit ? 'done' : 'INVALID_TXN_STATE';
      case 'CompleteAbort':
        return isCommit ? 'INVALID_TXN_STATE' : 'done';
    }
  },

  /** A transaction that is open longer than its producer allowed is aborted: it holds back every reader of its partitions. */
  hasTimedOut(nowMs: number, startMs: number, timeoutMs: number): boolean {
    return nowMs - startMs >= timeoutMs;
  },

  // What must be durable

  /** An epoch is handed out when it is committed: a later coordinator must not hand it out again. */
  epochIsFinal(isCommitted: boolean): boolean {
    return isCommitted;
  },

  /** A producer may write to a partition when a later coordinator would know to write the marker there. */
  partitionIsFinal(isCommitted: boolean): boolean {
    return isCommitted;
  },

  /** Markers leave when the decision is committed: a later coordinator must come to the same. */
  mayWriteMarkers(isPrepareCommitted: boolean): boolean {
    return isPrepareCommitted;
  },

  /** What a coordinator that takes over does with what it finds: what was decided is completed, and as it was decided. */
  outcomeFoundAs(state: TransactionState): 'commit' | 'abort' | null {
    return state === 'PrepareCommit' ? 'commit' : state === 'PrepareAbort' ? 'abort' : null;
  },

  // Markers

  /** What a partition's answer to its marker means. */
  markerOutcome(answer: ErrorName | 'topic-deleted'): 'written' | 'again' | 'fenced' {
    if (answer === 'NONE' || answer === 'topic-deleted') return 'written';
    return answer === 'INVALID_PRODUCER_EPOCH' || answer === 'TRANSACTION_COORDINATOR_FENCED'
      ? 'fenced'
      : 'again';
  },

  /** A transaction is complete when every partition has its marker. */
  mayComplete(facts: { readonly missing: number; readonly written: number }): boolean {
    return facts.missing === 0;
  },
};

export type TransactionRules = typeof correctRules;
