import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LeaderEpochs } from '../../log/leader-epochs.ts';
import { ERROR } from '../../wire/error-codes.ts';
import { ReplicaProgress } from './replica-progress.ts';
import { correctRules as rules } from './rules.ts';

const offset = fc.nat(20);

describe('the high watermark', () => {
  const facts = fc.record({
    highWatermark: offset,
    ownEndOffset: offset,
    memberEndOffsets: fc.array(fc.integer({ min: -1, max: 20 }), { maxLength: 4 }),
    isrSize: fc.integer({ min: 1, max: 5 }),
    minIsr: fc.integer({ min: 1, max: 5 }),
  });

  test('is the largest offset that every member has, if there are enough of them; it never goes back', () => {
    fc.assert(
      fc.property(facts, (given) => {
        let expected = given.highWatermark;
        for (let candidate = 0; candidate <= 20; candidate++) {
          const everybody = [given.ownEndOffset, ...given.memberEndOffsets].every((end) => end >= candidate);
          if (everybody && given.isrSize >= given.minIsr) expected = Math.max(expected, candidate);
        }
        expect(rules.highWatermark(given)).toBe(expected);
      }),
    );
  });

  test('rests while a member has not fetched', () => {
    const given = { highWatermark: 3, ownEndOffset: 9, memberEndOffsets: [9, -1], isrSize: 3, minIsr: 1 };
    expect(rules.highWatermark(given)).toBe(3);
  });

  test('of a follower is not beyond its log', () => {
    expect(rules.followerHighWatermark(9, 5)).toBe(5);
    expect(rules.followerHighWatermark(4, 5)).toBe(4);
  });

  test('waits for both ISRs', () => {
    expect(rules.maximalIsr([1, 2], null)).toEqual([1, 2]);
    expect(rules.maximalIsr([1], [1, 2])).toEqual([1, 2]);
    expect(rules.maximalIsr([1, 2], [1])).toEqual([1, 2]);
  });

  test('counts what is on the disk only with flush.messages=1', () => {
    expect(rules.countedEndOffset(9, 5, false)).toBe(9);
    expect(rules.countedEndOffset(9, 5, true)).toBe(5);
  });
});

describe('the ISR', () => {
  const broker = { brokerEpoch: 5, fenced: false, inControlledShutdown: false };
  const able = { endOffset: 10, highWatermark: 10, leaderEpochStart: 10, brokerEpoch: 5, broker };

  test('whoever has everything may join', () => expect(rules.mayJoinIsr(able)).toBe(true));

  test.each([
    ['below the high watermark', { highWatermark: 11 }],
    ['below the start of the leadership', { leaderEpochStart: 11 }],
    ['unknown', { broker: undefined }],
    ['fenced', { broker: { ...broker, fenced: true } }],
    ['shutting down', { broker: { ...broker, inControlledShutdown: true } }],
    ['of a former life', { brokerEpoch: 4 }],
  ])('who is %s may not', (_why, change) => {
    expect(rules.mayJoinIsr({ ...able, ...change })).toBe(false);
  });

  test('who lags for too long must leave; who has everything never', () => {
    const lagging = { nowMs: 100, caughtUpMs: 0, endOffset: 5, leaderEndOffset: 9, lagTimeMaxMs: 60 };
    expect(rules.mayShrinkIsr(lagging)).toBe(true);
    expect(rules.mayShrinkIsr({ ...lagging, nowMs: 60 })).toBe(false);
    expect(rules.mayShrinkIsr({ ...lagging, endOffset: 9 })).toBe(false);
  });

  test('a proposal is forgotten only where it was certainly not taken', () => {
    expect(rules.afterAlterPartitionError(ERROR.INELIGIBLE_REPLICA)).toBe('revert');
    expect(rules.afterAlterPartitionError(ERROR.INVALID_UPDATE_VERSION)).toBe('wait');
    expect(rules.afterAlterPartitionError(ERROR.FENCED_LEADER_EPOCH)).toBe('wait');
    expect(rules.afterAlterPartitionError(ERROR.REQUEST_TIMED_OUT)).toBe('retry');
    expect(rules.afterAlterPartitionError(ERROR.NOT_CONTROLLER)).toBe('retry');
  });

  test('a replica is caught up when it has what the leader had at its last fetch', () => {
    const progress = new ReplicaProgress(0);
    progress.fetched({ nowMs: 10, endOffset: 5, leaderEndOffset: 8, brokerEpoch: 40 });
    expect(progress.caughtUpMs).toBe(0);
    progress.fetched({ nowMs: 20, endOffset: 8, leaderEndOffset: 9, brokerEpoch: 40 });
    expect(progress.caughtUpMs).toBe(10);
    progress.fetched({ nowMs: 30, endOffset: 9, leaderEndOffset: 9, brokerEpoch: 41 });
    expect(progress).toMatchObject({ caughtUpMs: 30, endOffset: 9, brokerEpoch: 41 });
  });

  test('a broker is compared by its registration', () => {
    expect(rules.isCurrentBrokerEpoch(4, 5)).toBe(false);
    expect(rules.isCurrentBrokerEpoch(5, 5)).toBe(true);
    expect(rules.claimedBrokerEpoch(5)).toBe(5);
  });
});

describe('produce', () => {
  const enough = { isLeader: true, acks: -1, isrSize: 2, minIsr: 2 } as const;

  test('only a leader appends, and under acks=-1 only with enough in sync', () => {
    expect(rules.mayAppend(enough)).toBe(ERROR.NONE);
    expect(rules.mayAppend({ ...enough, isLeader: false })).toBe(ERROR.NOT_LEADER_OR_FOLLOWER);
    expect(rules.mayAppend({ ...enough, isrSize: 1 })).toBe(ERROR.NOT_ENOUGH_REPLICAS);
    expect(rules.mayAppend({ ...enough, isrSize: 1, acks: 1 })).toBe(ERROR.NONE);
  });

  const waiting = {
    acks: -1,
    requiredOffset: 5,
    highWatermark: 4,
    ownEndOffset: 5,
    isrSize: 2,
    minIsr: 2,
    isDuplicate: false,
  } as const;

  test('acks=-1 waits for the high watermark, a duplicate, too', () => {
    expect(rules.mayAcknowledge(waiting)).toBe('wait');
    expect(rules.mayAcknowledge({ ...waiting, isDuplicate: true })).toBe('wait');
    expect(rules.mayAcknowledge({ ...waiting, highWatermark: 5 })).toBe('acknowledge');
    expect(rules.mayAcknowledge({ ...waiting, isrSize: 1 })).toBe('not-enough-replicas');
  });

  test('acks=0 waits for nothing, acks=1 for the own log', () => {
    expect(rules.mayAcknowledge({ ...waiting, acks: 0, ownEndOffset: 0 })).toBe('acknowledge');
    expect(rules.mayAcknowledge({ ...waiting, acks: 1 })).toBe('acknowledge');
    expect(rules.mayAcknowledge({ ...waiting, acks: 1, ownEndOffset: 4 })).toBe('wait');
  });

  test('the broker never tries again, and believes its log', () => {
    expect(rules.onProduceTimeout()).toBe('answer');
    expect(rules.keepsProducerState()).toBe(true);
    expect(rules.producerDecision({ kind: 'fenced', currentEpoch: 3 })).toEqual({
      kind: 'fenced',
      currentEpoch: 3,
    });
  });
});

describe('reading and fencing', () => {
  test('each sees to its end', () => {
    const ends = { logEndOffset: 9, highWatermark: 7, lastStableOffset: 4 };
    expect(rules.visibleEndOffset('replica', ends)).toBe(9);
    expect(rules.visibleEndOffset('read-uncommitted', ends)).toBe(7);
    expect(rules.visibleEndOffset('read-committed', ends)).toBe(4);
    expect(rules.replicaEndOffset(3, 9)).toBe(3);
  });

  test('leader epochs are compared both ways', () => {
    expect(rules.checkLeaderEpoch(-1, 5)).toBe(ERROR.NONE);
    expect(rules.checkLeaderEpoch(5, 5)).toBe(ERROR.NONE);
    expect(rules.checkLeaderEpoch(4, 5)).toBe(ERROR.FENCED_LEADER_EPOCH);
    expect(rules.checkLeaderEpoch(6, 5)).toBe(ERROR.UNKNOWN_LEADER_EPOCH);
    expect(rules.isCurrentResponse(4, 5)).toBe(false);
  });

  test('metadata are news by both epochs', () => {
    const current = { leaderEpoch: 3, partitionEpoch: 7 };
    expect(rules.isNews({ leaderEpoch: 3, partitionEpoch: 8 }, current)).toBe(true);
    expect(rules.isNews({ leaderEpoch: 4, partitionEpoch: 8 }, current)).toBe(true);
    expect(rules.isNews(current, current)).toBe(false);
    expect(rules.isNews({ leaderEpoch: 2, partitionEpoch: 8 }, current)).toBe(false);
  });
});

describe('truncation', () => {
  /** A log is the epoch of each record; a leader only appends, and a follower copies a leader's prefix. */
  type Log = number[];

  const commonPrefix = (a: Log, b: Log): number => {
    let length = 0;
    while (length < a.length && a[length] === b[length]) length++;
    return length;
  };

  const endOf = (log: Log, epoch: number): { epoch: number; endOffset: number } => {
    const epochs = new LeaderEpochs();
    log.forEach((each, at) => epochs.assign(each, at));
    const latest = log.at(-1);
    if (latest === undefined) return { epoch: -1, endOffset: 0 };
    return epochs.endOffsetFor(epoch, log.length) ?? { epoch: latest, endOffset: log.length };
  };

  /** Each step: somebody leads in a new epoch and appends; perhaps somebody follows for a while. */
  const histories = fc.array(
    fc.record({ leader: fc.nat(2), records: fc.nat(3), follower: fc.nat(2), copied: fc.nat(4) }),
    { maxLength: 12 },
  );

  const play = (
    history: readonly { leader: number; records: number; follower: number; copied: number }[],
  ): Log[] => {
    const logs: Log[] = [[], [], []];
    history.forEach(({ leader, records, follower, copied }, epoch) => {
      const log = logs[leader] as Log;
      for (let i = 0; i < records; i++) log.push(epoch);
      if (follower === leader) return;
      const common = commonPrefix(log, logs[follower] as Log);
      logs[follower] = log.slice(0, common + copied);
    });
    return logs;
  };

  test('asking for epochs ends at the common prefix, as comparing every record does', () => {
    let rounds = 0;
    fc.assert(
      fc.property(histories, (history) => {
        const [leader, before] = play(history) as [Log, Log, Log];
        let log = before;
        for (let i = 0; i < 20; i++) {
          const latest = log.at(-1);
          if (latest === undefined) break;
          const end = endOf(leader, latest);
          const { endOffset, agrees } = rules.truncation(end, endOf(log, end.epoch), log.length);
          log = log.slice(0, endOffset);
          rounds = Math.max(rounds, i + 1);
          if (agrees) break;
        }
        expect(log).toEqual(leader.slice(0, commonPrefix(leader, before)));
      }),
      { numRuns: 2000 },
    );
    expect(rounds).toBeGreaterThan(1);
  });

  test('a fetch diverges exactly when the log is no prefix of the leader’s', () => {
    const seen = { diverged: 0, agreed: 0 };
    fc.assert(
      fc.property(histories, (history) => {
        const [leader, log] = play(history) as [Log, Log, Log];
        const latest = log.at(-1);
        if (latest === undefined) return;
        const diverged = rules.diverges(log.length, latest, endOf(leader, latest));
        expect(diverged).toBe(commonPrefix(leader, log) < log.length);
        seen[diverged ? 'diverged' : 'agreed']++;
      }),
      { numRuns: 2000 },
    );
    expect(Math.min(seen.diverged, seen.agreed)).toBeGreaterThan(100);
  });

  test('nothing is compared where the follower does not say, and nothing is cut by the high watermark', () => {
    expect(rules.diverges(9, -1, { epoch: 0, endOffset: 0 })).toBe(false);
    expect(rules.keptEndOffset(9, 4)).toBe(9);
  });
});
