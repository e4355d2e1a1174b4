import { describe, expect, test } from 'vitest';
import { HarnessError } from '../../../harness/errors.ts';
import { correctRules } from './rules.ts';
import { quorumRulesWith } from './bugs.ts';
import { ERROR, errorName } from './errors.ts';
import type { Voter } from './messages.ts';
import { parseQuorumOptions, QUORUM_OPTIONS } from './options.ts';
import { Peers } from './peers.ts';
import {
  findVoter,
  keyOf,
  majorityOf,
  sameReplica,
  VoterHistory,
  withoutVoter,
  withVoter,
} from './voters.ts';

const voter = (voterId: number, voterDirectoryId: string | null = `d${voterId}`): Voter => ({
  voterId,
  voterDirectoryId,
  listeners: [],
});

describe('voters', () => {
  test('are a node and its directory; without a known directory, the node', () => {
    expect(sameReplica({ id: 1, directoryId: 'a' }, { id: 1, directoryId: 'b' })).toBe(false);
    expect(sameReplica({ id: 1, directoryId: null }, { id: 1, directoryId: 'b' })).toBe(true);
    expect(sameReplica({ id: 1, directoryId: 'a' }, { id: 1, directoryId: null })).toBe(false);
    expect(findVoter([voter(1), voter(2)], { id: 2, directoryId: 'd2' })).toEqual(voter(2));
    expect(findVoter([voter(1)], { id: 1, directoryId: 'other' })).toBeUndefined();
  });

  test('come and go in order', () => {
    const set = withVoter([voter(1), voter(3)], voter(2));
    expect(set.map(({ voterId }) => voterId)).toEqual([1, 2, 3]);
    expect(withoutVoter(set, keyOf(voter(1))).map(({ voterId }) => voterId)).toEqual([2, 3]);
    expect([1, 2, 3, 4, 5].map(majorityOf)).toEqual([1, 2, 2, 3, 3]);
  });

  test('count from the record on, until it is truncated', () => {
    const history = new VoterHistory(0, [voter(1)]);
    expect(
      history.readControl({ type: 'leader-change', leaderId: 1, voters: [1], grantingVoters: [1] }, 0),
    ).toBe(false);
    expect(history.readControl({ type: 'kraft-version', kRaftVersion: 1 }, 1)).toBe(false);
    expect(history.readControl({ type: 'voters', voters: [voter(1), voter(2)] }, 2)).toBe(true);
    expect(history.readControl({ type: 'voters', voters: [voter(2)] }, 7)).toBe(true);
    expect([history.kraftVersion, history.latestOffset, history.latest.length]).toEqual([1, 7, 1]);
    expect([history.changesFrom(0), history.changesFrom(3), history.changesFrom(8)]).toEqual([2, 1, 0]);
    expect(history.at(7).voters.length).toBe(2);
    expect(history.at(2)).toEqual({ offset: 1, kraftVersion: 1, voters: [voter(1)] });
    expect(history.truncateTo(8)).toBe(false);
    expect(history.truncateTo(7)).toBe(true);
    expect(history.truncateTo(1)).toBe(true);
    expect([history.kraftVersion, history.latestOffset]).toEqual([0, -1]);
    history.reset(1, [voter(5)]);
    expect(history.latest).toEqual([voter(5)]);
  });
});

describe('requests to peers', () => {
  const options = parseQuorumOptions({ requestTimeoutMs: 100, retryBackoffMs: 10 });

  test('go one at a time, are given up, and pause after a failure', () => {
    const peers = new Peers(options);
    expect(peers.begin(2, 0)).toBe(1);
    expect([peers.begin(2, 99), peers.isBusy(99), peers.nextMs([2, 3], 0)]).toEqual([null, true, 100]);
    expect(peers.begin(2, 100)).toBe(2);
    expect(peers.finish(2, 1)).toBe(false);
    expect(peers.finish(2, 2)).toBe(true);
    expect(peers.begin(2, 101)).toBe(3);
    peers.fail(2, 99, 102);
    expect(peers.isBusy(102)).toBe(true);
    peers.fail(2, 3, 102);
    expect([peers.isBusy(102), peers.begin(2, 111), peers.begin(2, 112)]).toEqual([false, null, 4]);
    peers.reset();
    expect(peers.finish(2, 4)).toBe(false);
    expect(peers.nextMs([2], 112)).toBe(Infinity);
  });
});

describe('options, bugs and errors', () => {
  test('have Kafka’s defaults and names', () => {
    expect(parseQuorumOptions({})).toMatchObject({ electionTimeoutMs: 1000, fetchTimeoutMs: 2000 });
    expect(QUORUM_OPTIONS.electionTimeoutMs.property).toBe('controller.quorum.election.timeout.ms');
    expect(() => parseQuorumOptions({ fetchTimeoutMs: 0 })).toThrow(HarnessError);
    expect(() => parseQuorumOptions({ fetchTimeout: 5 })).toThrow('has no option fetchTimeout');
  });

  test('a bug replaces its rule; an unknown one is named with the nearest', () => {
    expect(quorumRulesWith([])).toBe(correctRules);
    expect(quorumRulesWith(['no-check-quorum']).keepsQuorum(9, 1)).toBe(true);
    expect(() => quorumRulesWith(['no-check-quorums'])).toThrow('did you mean no-check-quorum?');
  });

  test('errors carry Kafka’s names', () => {
    expect(errorName(ERROR.notLeaderOrFollower)).toBe('NOT_LEADER_OR_FOLLOWER');
    expect(errorName(999)).toBe('999');
  });
});
