/**
 * Named ways to be wrong: each replaces rules. The correct node runs `correctRules`; a node with bugs runs a copy in which
 * their rules are replaced.
 *
 *     quorumRulesWith(['no-check-quorum']).keepsQuorum(1e9, 0) // true
 *
 * The random schedules of `testing/schedule.ts` find each of them (`schedules.test.ts` says within how many), and the correct
 * node passes them all.
 */
import { closest } from 'fastest-levenshtein';
import { HarnessError } from '../../../harness/errors.ts';
import type { Rules } from './rules.ts';
import { correctRules } from './rules.ts';

interface QuorumBug {
  /** kebab-case: the argument of `--bug`. */
  readonly name: string;
  /** One sentence: what the node does wrong. */
  readonly summary: string;
  /** The KIP, the issue or the paper's section that it comes from. */
  readonly source: string;
  /** How a whole node with it is found; empty until there is one. */
  readonly foundBy: { readonly checkers: readonly string[]; readonly command: string };
  readonly replaces: Partial<Rules>;
}

/** Filled when `shaketable run kraft …` finds it. */
const FOUND_BY_SCHEDULES = { checkers: ['invariants'], command: '' };

export const QUORUM_BUGS: readonly QuorumBug[] = [
  {
    name: 'no-check-quorum',
    summary: 'A leader that no majority fetches from goes on leading, and its clients wait for ever.',
    source: 'KAFKA-15489 (split brain in KRaft: a leader cut off never resigns)',
    foundBy: FOUND_BY_SCHEDULES,
    replaces: { keepsQuorum: () => true },
  },
  {
    name: 're-elected-in-same-epoch',
    summary:
      'A leader that restarts leads on in its epoch, and writes other records where unflushed ones were.',
    source: 'KAFKA-10527 (a restarted leader must not stay leader in the same epoch)',
    foundBy: FOUND_BY_SCHEDULES,
    replaces: {
      stateAfterRestart: (facts) => (facts.wasLeader ? 'leader' : correctRules.stateAfterRestart(facts)),
    },
  },
  {
    name: 'resigned-keeps-epoch',
    summary: 'A resigned leader goes on in its epoch instead of the next one.',
    source: 'KIP-595, Resigned state; KAFKA-10527',
    foundBy: FOUND_BY_SCHEDULES,
    replaces: { epochAfterResigned: (epoch) => epoch },
  },
  {
    name: 'ack-before-flush',
    summary: 'A follower fetches from behind records that it has not flushed, which acknowledges them.',
    source: 'KAFKA-10533 (log flush semantics of the quorum)',
    foundBy: FOUND_BY_SCHEDULES,
    replaces: { mayFetch: () => true },
  },
  {
    name: 'leader-counts-unflushed',
    summary: 'A leader counts itself up to the end of its log, flushed or not.',
    source: "KAFKA-10533; Ongaro's dissertation, section 10.2.1",
    foundBy: FOUND_BY_SCHEDULES,
    replaces: { ownEndOffset: (logEndOffset) => logEndOffset },
  },
  {
    name: 'high-watermark-before-own-epoch',
    summary: 'A leader commits records of earlier epochs by counting copies.',
    source:
      'KAFKA-12619 (commit a record of the own epoch before exposing the high watermark); Raft paper, figure 8',
    foundBy: FOUND_BY_SCHEDULES,
    replaces: {
      highWatermark: ({ endOffsets, highWatermark }) => {
        const majority = endOffsets[Math.floor(endOffsets.length / 2)] ?? 0;
        return majority > (highWatermark ?? 0) ? majority : highWatermark;
      },
    },
  },
  {
    name: 'serves-old-high-watermark',
    summary:
      'A new leader tells the high watermark that it knew as a follower, which is behind what was told before.',
    source: 'KAFKA-12619; KIP-595, "the high watermark never goes back"',
    foundBy: FOUND_BY_SCHEDULES,
    replaces: { servedHighWatermark: (leaders, beforeElection) => leaders ?? beforeElection },
  },
  {
    name: 'last-fetched-epoch-lost',
    summary:
      'After an empty response a follower forgets of which epoch its last record is, and claims its leader’s.',
    source: 'KAFKA-15510 (last fetched epoch wrong after an empty fetch response)',
    foundBy: FOUND_BY_SCHEDULES,
    replaces: {
      lastFetchedEpoch: (lastRecordEpoch, leaderEpoch, lastResponseWasEmpty) =>
        lastResponseWasEmpty ? leaderEpoch : lastRecordEpoch,
    },
  },
  {
    name: 'log-deleted-past-snapshot',
    summary: 'Old records are deleted up to the high watermark, past the latest snapshot.',
    source: 'KAFKA-14238 (KRaft deletes segments past the latest snapshot)',
    foundBy: FOUND_BY_SCHEDULES,
    replaces: { deletableEndOffset: (wanted, _latest, highWatermark) => Math.min(wanted, highWatermark) },
  },
  {
    name: 'vote-not-persisted',
    summary:
      'A vote is not written to quorum-state: after a restart the node votes a second time in the epoch.',
    source: "KIP-595, quorum state; Ongaro's dissertation, section 3.8",
    foundBy: FOUND_BY_SCHEDULES,
    replaces: { voteToPersist: () => null },
  },
  {
    name: 'vote-before-persist',
    summary: 'Votes leave before quorum-state is durable.',
    source: "Ongaro's dissertation, section 3.8",
    foundBy: FOUND_BY_SCHEDULES,
    replaces: { mayLeave: () => true },
  },
  {
    name: 'two-votes-in-an-epoch',
    summary: 'A voter votes for every candidate with an up-to-date log.',
    source: "KIP-595, Vote; Ongaro's dissertation, section 3.4",
    foundBy: FOUND_BY_SCHEDULES,
    replaces: {
      grantVote: (facts) =>
        (facts.state === 'unattached' || facts.state === 'prospective') && facts.logUpToDate,
    },
  },
  {
    name: 'vote-for-stale-log',
    summary: 'A voter compares only the lengths of the logs.',
    source: "KIP-595, Vote; Ongaro's dissertation, section 3.6.1",
    foundBy: FOUND_BY_SCHEDULES,
    replaces: { isLogUpToDate: (candidate, own) => candidate.endOffset >= own.endOffset },
  },
  {
    name: 'truncates-below-high-watermark',
    summary: 'A follower whose log diverges cuts it at the beginning of the epoch, committed or not.',
    source: 'KIP-101 (truncation loses what is committed); KIP-595, Fetch',
    foundBy: FOUND_BY_SCHEDULES,
    replaces: {
      truncationOffset: (diverging, log) =>
        log.epochStartAt(correctRules.truncationOffset(diverging, log) - 1),
      mayTruncateTo: () => true,
    },
  },
  {
    name: 'divergence-by-offset',
    summary: 'A leader serves records to any fetch offset that its log has, whatever the epoch before it.',
    source: "KIP-595, Fetch; Ongaro's dissertation, section 3.5 (the consistency check)",
    foundBy: FOUND_BY_SCHEDULES,
    replaces: {
      fetchPosition: (fetchOffset, lastFetchedEpoch, log, latestSnapshot) =>
        fetchOffset > log.startOffset && fetchOffset <= log.endOffset
          ? { kind: 'valid' }
          : correctRules.fetchPosition(fetchOffset, lastFetchedEpoch, log, latestSnapshot),
    },
  },
  {
    name: 'snapshot-keeps-log',
    summary: 'A follower keeps its log behind a fetched snapshot whenever the log is longer.',
    source: "KIP-630; Ongaro's dissertation, section 5.3",
    foundBy: FOUND_BY_SCHEDULES,
    replaces: { snapshotReplacesLog: ({ endOffset }, log) => endOffset > log.endOffset },
  },
  {
    name: 'voters-changed-two-at-a-time',
    summary:
      'The voters change again before the change before is committed, so that two majorities may be disjoint.',
    source: "KIP-853; Ongaro's dissertation, section 4.1",
    foundBy: FOUND_BY_SCHEDULES,
    replaces: { mayChangeVoters: ({ highWatermark }) => highWatermark !== null },
  },
  {
    name: 'voters-changed-before-own-epoch',
    summary: 'A new leader changes the voters before a record of its epoch is committed.',
    source: "KIP-853; Ongaro's correction of single-server changes (raft-dev, July 2015)",
    foundBy: FOUND_BY_SCHEDULES,
    replaces: { mayChangeVoters: ({ changePending }) => !changePending },
  },
  {
    name: 'removed-leader-stays',
    summary: 'A leader that was removed from the voters goes on leading.',
    source: "KIP-853, RemoveVoter; Ongaro's dissertation, section 4.2.2",
    foundBy: FOUND_BY_SCHEDULES,
    replaces: { resignsAfterRemoval: () => false },
  },
];

/** @throws HarnessError `unknown-name` with the nearest name */
export function quorumRulesWith(names: readonly string[]): Rules {
  let rules: Rules = correctRules;
  for (const name of names) {
    const bug = QUORUM_BUGS.find((candidate) => candidate.name === name);
    if (bug === undefined) {
      const nearest = closest(
        name,
        QUORUM_BUGS.map((candidate) => candidate.name),
      );
      throw new HarnessError('unknown-name', `the quorum has no bug ${name}; did you mean ${nearest}?`);
    }
    rules = { ...rules, ...bug.replaces };
  }
  return rules;
}
