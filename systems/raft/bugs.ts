/**
 * Named ways to be wrong: each replaces one rule. The correct node runs `correctRules`; a node with bugs runs a copy in which
 * their rules are replaced.
 *
 *     rulesWith(['stale-read']).mayServeRead(anything) // true
 *
 * How the harness proves itself: each bug must be found by the command stated with it, and the correct node by none.
 */
import { closest } from 'fastest-levenshtein';
import { HarnessError } from '../../harness/errors.ts';
import type { Bug } from '../system.ts';
import type { Rules } from './rules.ts';
import { correctRules } from './rules.ts';

interface RaftBug extends Bug {
  readonly replaces: Partial<Rules>;
}

const RUN = 'shaketable run raft register';

const BUGS: readonly RaftBug[] = [
  {
    name: 'stale-read',
    summary: 'A leader answers reads at once from its own state, without asking whether it still leads.',
    source: "Ongaro's dissertation, section 6.4 (ReadIndex); Jepsen's analyses of etcd 0.4 and Consul 0.5",
    foundBy: {
      checkers: ['linearizability'],
      command: `${RUN} --nemesis partition-leader --option checkQuorum=false --bug stale-read`,
    },
    replaces: { mayServeRead: () => true },
  },
  {
    name: 'vote-not-persisted',
    summary: 'A vote is not written to disk: after a restart the node votes a second time in the same term.',
    source: "Ongaro's dissertation, section 3.8 (persisted state and server restarts)",
    foundBy: {
      checkers: ['invariants'],
      command: `${RUN} --nemesis partition,kill --nemesis-interval 1 --bug vote-not-persisted`,
    },
    replaces: { voteToPersist: () => null },
  },
  {
    name: 'ack-before-fsync',
    summary:
      'Votes and entries count as stored when the operating system has them: a power loss takes them back.',
    source: "Ongaro's dissertation, section 3.8; Alagappan et al., Protocol-Aware Recovery (FAST 2018)",
    foundBy: {
      checkers: ['invariants', 'linearizability'],
      command: `${RUN} --nemesis power-loss --bug ack-before-fsync`,
    },
    replaces: { storedAfterSync: () => false },
  },
  {
    name: 'ack-before-commit',
    summary: 'A leader tells the client that its write took effect as soon as it is in the own log.',
    source: "Ongaro's dissertation, section 3.5 (a leader answers when the entry is committed)",
    foundBy: {
      checkers: ['invariants', 'commit-loss', 'linearizability'],
      command: `${RUN} --nemesis partition,kill --nemesis-interval 1 --bug ack-before-commit`,
    },
    replaces: { mayAcknowledge: () => true },
  },
  {
    name: 'commit-earlier-term',
    summary: 'A leader commits entries of earlier terms by counting their copies.',
    source: 'Raft paper, section 5.4.2 and figure 8; dissertation, section 3.6.2',
    foundBy: {
      checkers: ['invariants'],
      command: `${RUN} --nemesis partition,kill --nemesis-interval 1 --bug commit-earlier-term`,
    },
    replaces: { commitIndex: (facts) => Math.max(facts.commitIndex, facts.majorityIndex) },
  },
  {
    name: 'previous-term-unchecked',
    summary:
      'A follower takes entries wherever its log is long enough, without comparing the term of the entry before.',
    source: "Ongaro's dissertation, section 3.5 (the consistency check of AppendEntries)",
    foundBy: {
      checkers: ['invariants'],
      command: `${RUN} --nemesis partition,kill --nemesis-interval 1 --bug previous-term-unchecked`,
    },
    replaces: { acceptAppend: (_prevTerm, ownTermAtPrev) => ownTermAtPrev !== undefined },
  },
  {
    name: 'truncate-on-every-append',
    summary:
      'A follower cuts its log after the previous entry on every append, also when what follows agrees.',
    source:
      'Raft paper, figure 2, AppendEntries step 3, read wrongly; a common error in student implementations (MIT 6.824)',
    foundBy: {
      checkers: ['invariants', 'commit-loss'],
      command: `${RUN} --nemesis reorder,duplicate --bug truncate-on-every-append`,
    },
    replaces: {
      truncationPoint: (firstIndex, _terms, log) => (firstIndex <= log.lastIndex ? firstIndex : 0),
    },
  },
  {
    name: 'no-duplicate-detection',
    summary: 'A command that a client sends again, because the answer was lost, is applied again.',
    source: "Ongaro's dissertation, section 6.3 (linearizable semantics)",
    foundBy: {
      checkers: ['linearizability'],
      command: `${RUN} --nemesis partition,kill --nemesis-interval 1 --bug no-duplicate-detection`,
    },
    replaces: { duplicateDecision: () => 'apply' },
  },
  {
    name: 'snapshot-without-sessions',
    summary:
      'A snapshot leaves out the client sessions: who starts from it refuses or repeats what others apply once.',
    source: "Ongaro's dissertation, sections 5.1 and 6.3 (sessions are part of the snapshot)",
    foundBy: {
      checkers: ['invariants', 'linearizability'],
      command: `${RUN} --nemesis partition,kill --nemesis-interval 1 --option snapshotEveryEntries=50 --bug snapshot-without-sessions`,
    },
    replaces: { snapshotHoldsSessions: () => false },
  },
  {
    name: 'stale-log-vote',
    summary: 'A voter does not compare logs: a candidate that lacks committed entries can win.',
    source: 'Raft paper, section 5.4.1; dissertation, section 3.6.1 (election restriction)',
    foundBy: {
      checkers: ['invariants', 'commit-loss'],
      command: `${RUN} --nemesis partition,kill --nemesis-interval 1 --bug stale-log-vote`,
    },
    replaces: { isLogUpToDate: () => true },
  },
  {
    name: 'two-votes-in-a-term',
    summary: 'A voter grants every candidate of its term, not only the first.',
    source: "Ongaro's dissertation, section 3.4 (each server votes for at most one candidate in a term)",
    foundBy: {
      checkers: ['invariants'],
      command: `${RUN} --nemesis partition,kill --nemesis-interval 1 --bug two-votes-in-a-term`,
    },
    replaces: { grantVote: (facts) => facts.requestTerm === facts.currentTerm && facts.logUpToDate },
  },
  {
    name: 'commit-index-not-capped',
    summary: "A follower takes over the leader's commit index up to its own last entry, compared or not.",
    source: 'Raft paper, figure 2, AppendEntries step 5 (index of last new entry)',
    foundBy: {
      checkers: ['invariants'],
      command: `${RUN} --nemesis partition,kill --nemesis-interval 1 --bug commit-index-not-capped`,
    },
    replaces: {
      followerCommitIndex: (leaderCommit, _verified, lastIndex, commitIndex) =>
        Math.max(commitIndex, Math.min(leaderCommit, lastIndex)),
    },
  },
  {
    name: 'snapshot-at-unapplied-index',
    summary: 'A snapshot is labelled with the last index of the log, entries of which it does not contain.',
    source: "Ongaro's dissertation, section 5.1 (last included index is the last applied)",
    foundBy: {
      checkers: ['invariants'],
      command: `${RUN} --nemesis partition,kill --nemesis-interval 1 --option snapshotEveryEntries=50 --bug snapshot-at-unapplied-index`,
    },
    replaces: { snapshotIndex: (_appliedIndex, lastIndex) => lastIndex },
  },
  {
    name: 'older-snapshot-installed',
    summary: 'A follower installs a snapshot that is behind what it has applied, and goes back in time.',
    source: "Ongaro's dissertation, section 5.3 (a snapshot that holds nothing new is ignored)",
    foundBy: {
      checkers: ['invariants'],
      command: `${RUN} --nemesis partition,reorder,duplicate --option snapshotEveryEntries=50 --option keepEntries=0 --bug older-snapshot-installed`,
    },
    replaces: { mayInstallSnapshot: () => true },
  },
  {
    name: 'single-voter-ack-before-sync',
    summary: 'A cluster of one acknowledges before its log is synced.',
    source: 'etcd issue 14370 (single-node etcd could lose acknowledged writes)',
    foundBy: {
      checkers: ['invariants'],
      command: `${RUN} --nodes 1 --nemesis power-loss --bug single-voter-ack-before-sync`,
    },
    replaces: {
      ownMatchIndex: (lastIndex, durableIndex, voters) => (voters === 1 ? lastIndex : durableIndex),
    },
  },
];

/** For the harness: what it lists, and how each is found. */
export const BUG_LIST: readonly Bug[] = BUGS.map(({ name, summary, source, foundBy }) => ({
  name,
  summary,
  source,
  foundBy,
}));

/** @throws HarnessError `unknown-name` with the nearest name */
export function rulesWith(names: readonly string[]): Rules {
  let rules: Rules = correctRules;
  for (const name of names) {
    const bug = BUGS.find((candidate) => candidate.name === name);
    if (bug === undefined) {
      const nearest = closest(
        name,
        BUGS.map((candidate) => candidate.name),
      );
      throw new HarnessError('unknown-name', `raft has no bug ${name}; did you mean ${nearest}?`);
    }
    rules = { ...rules, ...bug.replaces };
  }
  return rules;
}
