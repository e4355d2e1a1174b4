/**
 * Named ways for the transaction coordinator to be wrong: each replaces one rule.
 *
 *     transactionRulesWith(['zombie-not-fenced']).epochIsCurrent(3, 4) // true
 */
import { HarnessError } from '../../../../harness/errors.ts';
import type { TransactionRules } from './rules.ts';
import { correctRules } from './rules.ts';

/** One bug; what finds it in a whole cluster is for the node to say. */
export interface TransactionBug {
  readonly name: string;
  readonly summary: string;
  readonly source: string;
  readonly replaces: Partial<TransactionRules>;
}

export const TRANSACTION_BUGS: readonly TransactionBug[] = [
  {
    name: 'zombie-not-fenced',
    summary: 'A producer of an older epoch ends or extends the transaction of its successor.',
    source: 'KIP-98 (fencing of zombies by the producer epoch)',
    replaces: { epochIsCurrent: () => true },
  },
  {
    name: 'epoch-not-raised',
    summary: 'A second process with a transactional id gets the epoch of the first: neither is fenced.',
    source: 'KIP-98 (InitProducerId raises the epoch)',
    replaces: { epochAfterInit: (epoch) => Math.max(0, epoch) },
  },
  {
    name: 'epoch-before-durable',
    summary: 'An epoch is handed out before it is committed: after a failover two processes have it.',
    source: 'KIP-98 (InitProducerId is logged before it is answered)',
    replaces: { epochIsFinal: () => true },
  },
  {
    name: 'partition-before-durable',
    summary: 'A partition is added before that is committed: after a failover it never gets its marker.',
    source: 'KIP-98 (AddPartitionsToTxn is logged before it is answered); KIP-890 (hanging transactions)',
    replaces: { partitionIsFinal: () => true },
  },
  {
    name: 'markers-before-prepare-durable',
    summary: 'Markers are written before the decision is committed: after a failover it may be another.',
    source: 'KIP-98 (two phases: prepare, then markers)',
    replaces: { mayWriteMarkers: () => true },
  },
  {
    name: 'prepared-forgotten',
    summary: 'A coordinator that takes over does not complete what was prepared: its records stay undecided.',
    source: 'KIP-98 (recovery of the transaction coordinator)',
    replaces: { outcomeFoundAs: () => null },
  },
  {
    name: 'prepared-commit-aborted',
    summary: 'A coordinator that takes over aborts whatever is not complete, also what was to be committed.',
    source: 'KIP-98 (recovery of the transaction coordinator)',
    replaces: {
      outcomeFoundAs: (state) => (state === 'PrepareCommit' || state === 'PrepareAbort' ? 'abort' : null),
    },
  },
  {
    name: 'decided-twice',
    summary: 'A transaction that is prepared to commit can still be aborted, and the other way round.',
    source: 'KIP-98 (state machine of the coordinator)',
    replaces: {
      endOf: (state, isCommit) =>
        state === 'PrepareCommit' || state === 'PrepareAbort'
          ? 'prepare'
          : correctRules.endOf(state, isCommit),
    },
  },
  {
    name: 'complete-after-first-marker',
    summary: 'A transaction counts as complete when the first of its partitions has the marker.',
    source: 'KIP-98 (the completion is logged when all markers are written)',
    replaces: { mayComplete: ({ written }) => written > 0 },
  },
  {
    name: 'partition-added-when-decided',
    summary: 'A partition is added to a transaction that is already decided: it gets no marker of it.',
    source: 'KIP-98 (CONCURRENT_TRANSACTIONS); KIP-890',
    replaces: { mayAddPartitions: () => true },
  },
  {
    name: 'timeout-does-not-fence',
    summary:
      'A transaction that takes too long is aborted under its producer’s own epoch: the rest of it becomes another transaction.',
    source: 'KIP-98 (the epoch is raised by an abort on time-out); KIP-890',
    replaces: { epochToAbortWith: (epoch) => epoch },
  },
  {
    name: 'timeout-ignored',
    summary: 'A transaction whose producer is gone stays open: readers of committed records wait for ever.',
    source: 'KIP-98 (transaction.timeout.ms)',
    replaces: { hasTimedOut: () => false },
  },
];

/** @throws HarnessError `unknown-name` */
export function transactionRulesWith(names: readonly string[]): TransactionRules {
  let rules: TransactionRules = correctRules;
  for (const name of names) {
    const bug = TRANSACTION_BUGS.find((candidate) => candidate.name === name);
    if (bug === undefined)
      throw new HarnessError('unknown-name', `the transaction coordinator has no bug ${name}`);
    rules = { ...rules, ...bug.replaces };
  }
  return rules;
}
