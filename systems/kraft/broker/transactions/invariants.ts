/**
 * What must hold of a transactional id after every step, whatever the inputs were.
 *
 *     checkTransaction(transaction); // throws AssertionError
 */
import { assert } from '../../../../harness/errors.ts';
import type { Transaction } from './transaction.ts';

export function checkTransaction(transaction: Transaction): void {
  const { transactionalId, metadata, markers, fencedEpoch, pending } = transaction;
  const { state, partitions, producerEpoch, startMs } = metadata;
  const check = (condition: boolean, what: string): void =>
    assert(condition, `transactional id ${transactionalId}, ${state}: ${what}`);
  if (state === 'Ongoing') check(startMs >= 0, 'an open transaction has no start');
  if (state === 'Empty' || state === 'CompleteCommit' || state === 'CompleteAbort') {
    check(partitions.length === 0, 'nothing is open, and there are partitions');
  }
  if (markers !== null) {
    check(
      [...markers.again].every((name) => markers.missing.has(name)),
      'a marker is sent again that is written',
    );
    const isDecided = state === 'PrepareCommit' || state === 'PrepareAbort';
    check(isDecided || pending !== null, 'markers are written of what is not decided');
  }
  check(fencedEpoch === null || fencedEpoch >= producerEpoch, 'an epoch goes back');
}
