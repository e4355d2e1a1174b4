import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LogIndex } from './log-index.ts';
import type { StateName, VoteFacts } from './rules.ts';
import { correctRules as rules } from './rules.ts';

const key = (id: number, directoryId: string | null = null) => ({ id, directoryId });

const facts = (given: Partial<VoteFacts>): VoteFacts => ({
  state: 'unattached',
  leaderKnown: false,
  votedKey: null,
  candidate: key(2),
  logUpToDate: true,
  fetchedFromLeader: false,
  ...given,
});

/** A log with records of these epochs, ascending. */
function logOf(epochs: readonly number[]): LogIndex {
  const log = new LogIndex();
  epochs.forEach((epoch, offset) => {
    log.append(offset, 1, epoch);
  });
  return log;
}

describe('votes', () => {
  test.each<[StateName, boolean, boolean]>([
    ['unattached', true, true],
    ['prospective', true, true],
    ['candidate', false, true],
    ['resigned', false, true],
    ['follower', false, true],
    ['leader', false, false],
  ])('%s: vote %s, pre-vote %s', (state, vote, preVote) => {
    expect(rules.grantVote(facts({ state }))).toBe(vote);
    expect(rules.grantPreVote(facts({ state }))).toBe(preVote);
  });

  test('one vote an epoch, which is given again to the same candidate', () => {
    expect(rules.grantVote(facts({ votedKey: key(3) }))).toBe(false);
    expect(rules.grantVote(facts({ votedKey: key(2), logUpToDate: false }))).toBe(true);
    expect(rules.grantVote(facts({ votedKey: key(2, 'a'), candidate: key(2, 'b') }))).toBe(false);
  });

  test('none where a leader is known, or for an older log', () => {
    expect(rules.grantVote(facts({ leaderKnown: true }))).toBe(false);
    expect(rules.grantVote(facts({ logUpToDate: false }))).toBe(false);
    expect(rules.grantPreVote(facts({ logUpToDate: false }))).toBe(false);
    expect(rules.grantPreVote(facts({ state: 'follower', fetchedFromLeader: true }))).toBe(false);
  });

  test('a log is up to date by its last epoch, then by its end', () => {
    const own = { endOffset: 5, epoch: 3 };
    expect(rules.isLogUpToDate({ endOffset: 1, epoch: 4 }, own)).toBe(true);
    expect(rules.isLogUpToDate({ endOffset: 5, epoch: 3 }, own)).toBe(true);
    expect(rules.isLogUpToDate({ endOffset: 4, epoch: 3 }, own)).toBe(false);
    expect(rules.isLogUpToDate({ endOffset: 9, epoch: 2 }, own)).toBe(false);
  });

  test('after a restart a leader has resigned, and a candidate goes on', () => {
    const base = { wasLeader: false, votedForItself: false, mayStand: true, leaderKnown: false };
    expect(
      rules.stateAfterRestart({ ...base, wasLeader: true, votedForItself: true, leaderKnown: true }),
    ).toBe('resigned');
    expect(rules.stateAfterRestart({ ...base, votedForItself: true })).toBe('candidate');
    expect(rules.stateAfterRestart({ ...base, votedForItself: true, mayStand: false })).toBe('unattached');
    expect(rules.stateAfterRestart({ ...base, leaderKnown: true })).toBe('follower');
    expect(rules.epochAfterResigned(4)).toBe(5);
  });
});

describe('the high watermark', () => {
  test('is what a majority reached, by counting', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(20), { minLength: 1, maxLength: 7 }),
        fc.nat(20),
        fc.option(fc.nat(20)),
        (ends, epochStartOffset, highWatermark) => {
          const endOffsets = ends.toSorted((a, b) => b - a);
          let expected = highWatermark;
          for (let offset = 0; offset <= 20; offset++) {
            const copies = ends.filter((end) => end >= offset).length;
            const isNews = offset > epochStartOffset && offset > (expected ?? 0);
            if (copies * 2 > ends.length && isNews) expected = offset;
          }
          expect(rules.highWatermark({ endOffsets, epochStartOffset, highWatermark })).toBe(expected);
        },
      ),
    );
  });

  test('of a follower ends with its log and never goes back', () => {
    expect(rules.followerHighWatermark(9, 6, 2)).toBe(6);
    expect(rules.followerHighWatermark(-1, 6, 2)).toBe(2);
    expect(rules.servedHighWatermark(null, 7)).toBe(-1);
    expect(rules.servedHighWatermark(8, 7)).toBe(8);
  });
});

const ascending = (epochs: readonly number[]): number[] => epochs.toSorted((a, b) => a - b);

/** Two logs of one quorum: equal up to somewhere, then of different epochs; one of them may go on in the last common epoch. */
const twoLogs = fc
  .record({
    common: fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 6 }),
    goesOn: fc.nat(3),
    even: fc.array(fc.constantFrom(10, 12, 14), { maxLength: 5 }),
    odd: fc.array(fc.constantFrom(11, 13, 15), { maxLength: 5 }),
    swaps: fc.boolean(),
  })
  .map(({ common, goesOn, even, odd, swaps }) => {
    const shared = ascending(common);
    const more = shared.length === 0 ? [] : Array.from({ length: goesOn }, () => shared.at(-1) as number);
    const logs = [
      [...shared, ...more, ...ascending(even)],
      [...shared, ...ascending(odd)],
    ] as const;
    return { common: shared.length, logs: swaps ? ([logs[1], logs[0]] as const) : logs };
  });

describe('fetches', () => {
  test('of two logs that came from one quorum end with the same log, and lose no common record', () => {
    fc.assert(
      fc.property(twoLogs, ({ common, logs: [leaders, followers] }) => {
        const leader = logOf(leaders);
        const follower = logOf(followers);
        for (let round = 0; round < 20; round++) {
          const position = rules.fetchPosition(follower.endOffset, follower.lastEpoch, leader, null);
          if (position.kind === 'valid') break;
          if (position.kind !== 'diverging') throw new Error('there is no snapshot');
          const endOffset = rules.truncationOffset(position.epoch, follower);
          expect(endOffset).toBeLessThan(follower.endOffset);
          follower.truncateTo(endOffset);
        }
        expect(follower.endOffset).toBe(common);
      }),
    );
  });

  test('behind the log start, or of an epoch before it, need the snapshot', () => {
    const log = logOf([1, 1, 2, 2, 3]);
    log.deletePrefix(3);
    const latest = { endOffset: 4, epoch: 2 };
    const kindAt = (offset: number, epoch: number): string =>
      rules.fetchPosition(offset, epoch, log, latest).kind;
    expect(kindAt(0, 0)).toBe('snapshot');
    expect(kindAt(2, 1)).toBe('snapshot');
    expect(kindAt(3, 1)).toBe('snapshot');
    expect(kindAt(7, 1)).toBe('snapshot');
    expect(kindAt(3, 2)).toBe('valid');
    expect(kindAt(5, 3)).toBe('valid');
    expect(kindAt(6, 3)).toBe('diverging');
  });

  test('leave when the log is durable, and say the epoch of the last record', () => {
    expect(rules.mayFetch(5, 4)).toBe(false);
    expect(rules.mayFetch(5, 5)).toBe(true);
    expect(rules.lastFetchedEpoch(2, 7, true)).toBe(2);
    expect(rules.ownEndOffset(9, 4)).toBe(4);
    expect(rules.mayLeave(3, 2)).toBe(false);
    expect(rules.mayTruncateTo(3, 4)).toBe(false);
    expect(rules.mayTruncateTo(4, 4)).toBe(true);
  });

  test('bring batches that follow the log', () => {
    const log = logOf([1, 2]);
    expect(rules.mayAppend(2, 2, log, 3)).toBe(true);
    expect(rules.mayAppend(1, 2, log, 3)).toBe(false);
    expect(rules.mayAppend(2, 1, log, 3)).toBe(false);
    expect(rules.mayAppend(2, 4, log, 3)).toBe(false);
  });
});

describe('snapshots', () => {
  test('are used when they are ahead, and replace a log that does not hold their end', () => {
    const log = logOf([1, 1, 2]);
    expect(rules.mayInstallSnapshot(3, 3)).toBe(false);
    expect(rules.mayInstallSnapshot(4, 3)).toBe(true);
    expect(rules.snapshotReplacesLog({ endOffset: 3, epoch: 2 }, log)).toBe(false);
    expect(rules.snapshotReplacesLog({ endOffset: 2, epoch: 2 }, log)).toBe(true);
    expect(rules.snapshotReplacesLog({ endOffset: 9, epoch: 2 }, log)).toBe(true);
  });

  test('bound what may be deleted', () => {
    expect(rules.deletableEndOffset(9, { endOffset: 5, epoch: 1 }, 8)).toBe(5);
    expect(rules.deletableEndOffset(3, { endOffset: 5, epoch: 1 }, 8)).toBe(3);
    expect(rules.deletableEndOffset(9, null, 8)).toBe(0);
  });
});

describe('voters', () => {
  test('change one at a time, in an epoch that has committed', () => {
    const base = { highWatermark: 5, lastVotersOffset: 4, changePending: false };
    expect(rules.mayChangeVoters(base)).toBe(true);
    expect(rules.mayChangeVoters({ ...base, highWatermark: null })).toBe(false);
    expect(rules.mayChangeVoters({ ...base, lastVotersOffset: 5 })).toBe(false);
    expect(rules.mayChangeVoters({ ...base, changePending: true })).toBe(false);
  });

  test('join when they have caught up, and go when that is committed', () => {
    expect(rules.isCaughtUp(5, 5, 10, 100)).toBe(true);
    expect(rules.isCaughtUp(4, 5, 10, 100)).toBe(false);
    expect(rules.isCaughtUp(5, 5, 101, 100)).toBe(false);
    expect(rules.resignsAfterRemoval(false, 5, 6)).toBe(true);
    expect(rules.resignsAfterRemoval(false, 5, 5)).toBe(false);
    expect(rules.resignsAfterRemoval(true, 5, 6)).toBe(false);
    expect(rules.mayStandForElection(false, true)).toBe(true);
    expect(rules.mayStandForElection(false, false)).toBe(false);
    expect(rules.keepsQuorum(10, 11)).toBe(true);
    expect(rules.keepsQuorum(11, 11)).toBe(false);
  });
});
