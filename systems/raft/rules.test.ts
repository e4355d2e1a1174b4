import { describe, expect, test } from 'vitest';
import { HarnessError } from '../../harness/errors.ts';
import { BUG_LIST, rulesWith } from './bugs.ts';
import { encodePayload } from './payload.ts';
import { newEntry, RaftLog } from './log.ts';
import { correctRules as rules } from './rules.ts';

const NOOP = encodePayload({ kind: 'noop' });

function logOf(...terms: number[]): RaftLog {
  const log = new RaftLog();
  for (const term of terms) log.append(newEntry(term, NOOP));
  return log;
}

const leaderEntries = (...terms: number[]) => terms.map((term) => ({ term }));

describe('elections', () => {
  test('a log is up-to-date by its last term, then by its length', () => {
    expect(rules.isLogUpToDate(3, 1, 2, 9)).toBe(true);
    expect(rules.isLogUpToDate(2, 9, 2, 9)).toBe(true);
    expect(rules.isLogUpToDate(2, 8, 2, 9)).toBe(false);
    expect(rules.isLogUpToDate(1, 99, 2, 1)).toBe(false);
  });

  test('one vote a term, in the own term, for an up-to-date log', () => {
    const facts = { requestTerm: 5, currentTerm: 5, votedFor: null, candidate: 'a', logUpToDate: true };
    expect(rules.grantVote(facts)).toBe(true);
    expect(rules.grantVote({ ...facts, votedFor: 'a' })).toBe(true);
    expect(rules.grantVote({ ...facts, votedFor: 'b' })).toBe(false);
    expect(rules.grantVote({ ...facts, requestTerm: 4 })).toBe(false);
    expect(rules.grantVote({ ...facts, logUpToDate: false })).toBe(false);
  });

  test('a pre-vote needs a later term, and that no leader is heard', () => {
    expect(rules.grantPreVote(6, 5, true, false)).toBe(true);
    expect(rules.grantPreVote(5, 5, true, false)).toBe(false);
    expect(rules.grantPreVote(6, 5, false, false)).toBe(false);
    expect(rules.grantPreVote(6, 5, true, true)).toBe(false);
  });

  test('a leader is heard for one election timeout', () => {
    expect(rules.hearsLeader(149, 0, 150)).toBe(true);
    expect(rules.hearsLeader(150, 0, 150)).toBe(false);
  });
});

describe('appends', () => {
  test('entries are taken behind an entry of the same term only', () => {
    expect(rules.acceptAppend(2, 2)).toBe(true);
    expect(rules.acceptAppend(2, 1)).toBe(false);
    expect(rules.acceptAppend(2, undefined)).toBe(false);
  });

  test('the log is cut at the first conflict, and not where it agrees or goes on', () => {
    const log = logOf(1, 1, 2, 2);
    expect(rules.truncationPoint(3, leaderEntries(2, 3), log)).toBe(4);
    expect(rules.truncationPoint(2, leaderEntries(3), log)).toBe(2);
    expect(rules.truncationPoint(2, leaderEntries(1), log)).toBe(0);
    expect(rules.truncationPoint(2, leaderEntries(1, 2, 2, 2), log)).toBe(0);
    expect(rules.truncationPoint(5, leaderEntries(2), log)).toBe(0);
    expect(rules.truncationPoint(3, [], log)).toBe(0);
  });

  test('a leader backs up a term at a time', () => {
    const log = logOf(1, 1, 1, 4, 4, 5, 5, 6, 6, 6);
    // The follower is only short.
    expect(rules.nextIndexAfterConflict({ index: 4, term: 4, firstOfTerm: 4 }, log)).toBe(5);
    // It has more of a term than the leader.
    expect(rules.nextIndexAfterConflict({ index: 7, term: 4, firstOfTerm: 4 }, log)).toBe(6);
    // It has terms that the leader has not: back to before the conflicting one.
    expect(rules.nextIndexAfterConflict({ index: 10, term: 3, firstOfTerm: 7 }, log)).toBe(4);
    expect(rules.nextIndexAfterConflict({ index: 2, term: 3, firstOfTerm: 2 }, log)).toBe(2);
    expect(rules.nextIndexAfterConflict({ index: 0, term: 0, firstOfTerm: 0 }, log)).toBe(1);
  });

  test('what is acknowledged agrees with the leader and is durable', () => {
    expect(rules.acknowledgedIndex(7, 5)).toBe(5);
    expect(rules.acknowledgedIndex(5, 7)).toBe(5);
    expect(rules.ownMatchIndex(7, 5, 1)).toBe(5);
  });
});

describe('commit', () => {
  test('only entries of the own term commit by being counted', () => {
    const facts = { majorityIndex: 7, termAtMajority: 3, currentTerm: 3, commitIndex: 4 };
    expect(rules.commitIndex(facts)).toBe(7);
    expect(rules.commitIndex({ ...facts, termAtMajority: 2 })).toBe(4);
    expect(rules.commitIndex({ ...facts, majorityIndex: 3 })).toBe(4);
    expect(rules.commitIndex({ ...facts, termAtMajority: undefined })).toBe(4);
  });

  test("a follower's commit index ends at what was compared", () => {
    expect(rules.followerCommitIndex(9, 5, 12, 3)).toBe(5);
    expect(rules.followerCommitIndex(4, 5, 12, 3)).toBe(4);
    expect(rules.followerCommitIndex(2, 5, 12, 3)).toBe(3);
  });
});

describe('clients', () => {
  const read = { ownTermApplied: true, confirmedRound: 3, round: 3, appliedIndex: 9, readIndex: 9 };

  test('a read waits for its round, its index and the own term', () => {
    expect(rules.mayServeRead(read)).toBe(true);
    expect(rules.mayServeRead({ ...read, confirmedRound: 2 })).toBe(false);
    expect(rules.mayServeRead({ ...read, appliedIndex: 8 })).toBe(false);
    expect(rules.mayServeRead({ ...read, ownTermApplied: false })).toBe(false);
  });

  test('a sequence number is applied once', () => {
    expect(rules.duplicateDecision(4, 5)).toBe('apply');
    expect(rules.duplicateDecision(4, 9)).toBe('apply');
    expect(rules.duplicateDecision(4, 4)).toBe('replay');
    expect(rules.duplicateDecision(4, 3)).toBe('stale');
  });
});

describe('snapshots', () => {
  test('one that holds nothing new is not installed', () => {
    expect(rules.mayInstallSnapshot(8, 7)).toBe(true);
    expect(rules.mayInstallSnapshot(7, 7)).toBe(false);
  });

  test('the log behind it stays if it holds its last entry', () => {
    expect(rules.keepsLogBehindSnapshot(3, 3)).toBe(true);
    expect(rules.keepsLogBehindSnapshot(3, 2)).toBe(false);
    expect(rules.keepsLogBehindSnapshot(3, undefined)).toBe(false);
  });
});

describe('bugs', () => {
  test('each replaces rules, and leaves the others alone', () => {
    for (const bug of BUG_LIST) {
      const broken = rulesWith([bug.name]);
      const changed = Object.keys(rules).filter(
        (name) => Reflect.get(broken, name) !== Reflect.get(rules, name),
      );
      expect(changed.length, bug.name).toBeGreaterThan(0);
      expect(changed.length, bug.name).toBeLessThanOrEqual(2);
      expect(bug.foundBy.command, bug.name).toContain(`--bug ${bug.name}`);
    }
  });

  test('no bug: the correct rules; two bugs: both', () => {
    expect(rulesWith([])).toBe(rules);
    const both = rulesWith(['stale-read', 'stale-log-vote']);
    expect(both.isLogUpToDate(0, 0, 9, 9)).toBe(true);
    expect(
      both.mayServeRead({
        ownTermApplied: false,
        confirmedRound: 0,
        round: 1,
        appliedIndex: 0,
        readIndex: 9,
      }),
    ).toBe(true);
  });

  test('an unknown bug is refused with the nearest name', () => {
    expect(() => rulesWith(['stale-reed'])).toThrow(/did you mean stale-read\?/);
    expect(() => rulesWith(['stale-reed'])).toThrow(HarnessError);
  });
});
