/** What a core answers to requests that are wrong, old, or too early. */
import { describe, expect, test } from 'vitest';
import { ERROR } from './errors.ts';
import type { FetchRequest, FetchSnapshotRequest, Request, VoteRequest } from './messages.ts';
import { QuorumCluster } from './testing/core-cluster.ts';

/** Node 1 leads epoch 1, and has a snapshot up to offset 3. */
function cluster(): QuorumCluster {
  const made = new QuorumCluster({ voters: 3 });
  made.timeout(1);
  made.settle();
  made.append(1, ['a', 'b']);
  made.settle();
  made.takeSnapshot(1);
  return made;
}

const TOKEN = { from: 3, correlationId: 99, boot: 1 };

/** The response that leaves at once, or null. */
function answerTo(nodeId: number, request: Request, made = cluster()): { errorCode: number } | null {
  const core = made.core(nodeId);
  core.receiveRequest(made.nowMs, TOKEN, request);
  const found = core.takeEffects().find((effect) => effect.kind === 'respond' && effect.token === TOKEN);
  return found?.kind === 'respond' ? found.response : null;
}

const FETCH: FetchRequest = {
  api: 'fetch',
  clusterId: 'shaken',
  replicaId: 3,
  replicaDirectoryId: 'd3',
  currentLeaderEpoch: 1,
  fetchOffset: 3,
  lastFetchedEpoch: 1,
  highWatermark: 3,
  maxWaitMs: 0,
  maxBytes: 1000,
};

const SNAPSHOT: FetchSnapshotRequest = {
  api: 'fetch-snapshot',
  clusterId: 'shaken',
  replicaId: 3,
  replicaDirectoryId: 'd3',
  currentLeaderEpoch: 1,
  snapshotId: { endOffset: 3, epoch: 1 },
  position: 0,
  maxBytes: 100,
};

const VOTE: VoteRequest = {
  api: 'vote',
  clusterId: 'shaken',
  voterId: 1,
  voterDirectoryId: null,
  candidateEpoch: 2,
  candidateId: 3,
  candidateDirectoryId: 'd3',
  lastOffsetEpoch: 1,
  lastOffset: 3,
  preVote: false,
};

describe('a fetch', () => {
  test.each<[string, Partial<FetchRequest>, number]>([
    ['that is right', {}, ERROR.none],
    ['of another cluster', { clusterId: 'other' }, ERROR.inconsistentClusterId],
    ['of an epoch that is over', { currentLeaderEpoch: 0, lastFetchedEpoch: 0 }, ERROR.fencedLeaderEpoch],
    ['of an epoch to come', { currentLeaderEpoch: 2 }, ERROR.unknownLeaderEpoch],
    ['from before the log', { fetchOffset: -1 }, ERROR.invalidRequest],
    ['from nowhere', { fetchOffset: Number.NaN }, ERROR.invalidRequest],
    ['with a later last epoch than the leader’s', { lastFetchedEpoch: 2 }, ERROR.invalidRequest],
    ['that waits for less than nothing', { maxWaitMs: -1 }, ERROR.invalidRequest],
    ['of the leader itself', { replicaId: 1 }, ERROR.invalidRequest],
  ])('%s', (_name, change, errorCode) => {
    expect(answerTo(1, { ...FETCH, ...change })?.errorCode).toBe(errorCode);
  });

  test('to a follower names the leader', () => {
    expect(answerTo(2, FETCH)).toMatchObject({
      errorCode: ERROR.notLeaderOrFollower,
      currentLeader: { leaderId: 1, leaderEpoch: 1 },
    });
  });

  test('with nothing to get waits for its time', () => {
    const made = cluster();
    expect(answerTo(1, { ...FETCH, maxWaitMs: 50 }, made)).toBeNull();
    const core = made.core(1);
    core.tick(made.nowMs + 49);
    expect(core.takeEffects().filter(({ kind }) => kind === 'respond')).toEqual([]);
    core.tick(made.nowMs + 50);
    expect(core.takeEffects()).toContainEqual(expect.objectContaining({ kind: 'respond', token: TOKEN }));
  });
});

describe('a fetch of a snapshot', () => {
  test.each<[string, Partial<FetchSnapshotRequest>, number]>([
    ['that is there', {}, ERROR.none],
    ['that is not', { snapshotId: { endOffset: 2, epoch: 1 } }, ERROR.snapshotNotFound],
    ['beyond its end', { position: 1e6 }, ERROR.positionOutOfRange],
    ['before its beginning', { position: -1 }, ERROR.positionOutOfRange],
    ['of an epoch that is over', { currentLeaderEpoch: 0 }, ERROR.fencedLeaderEpoch],
    ['of another cluster', { clusterId: 'other' }, ERROR.inconsistentClusterId],
  ])('%s', (_name, change, errorCode) => {
    expect(answerTo(1, { ...SNAPSHOT, ...change })?.errorCode).toBe(errorCode);
  });
});

describe('a request for a vote', () => {
  test.each<[string, Partial<VoteRequest>, number]>([
    [
      'of an epoch that is over',
      { candidateEpoch: 0, lastOffsetEpoch: 0, preVote: true },
      ERROR.fencedLeaderEpoch,
    ],
    ['with a log of its own epoch', { lastOffsetEpoch: 2 }, ERROR.invalidRequest],
    ['with less than no log', { lastOffset: -1 }, ERROR.invalidRequest],
    ['of nobody', { candidateId: -1 }, ERROR.invalidRequest],
    ['of another cluster', { clusterId: 'other' }, ERROR.inconsistentClusterId],
  ])('%s', (_name, change, errorCode) => {
    expect(answerTo(1, { ...VOTE, ...change })?.errorCode).toBe(errorCode);
  });

  test('raises the epoch, and is answered when that is durable', () => {
    const made = cluster();
    expect(answerTo(1, VOTE, made)).toBeNull();
    expect(made.core(1).status()).toMatchObject({ state: 'unattached', epoch: 2 });
  });
});

describe('the epoch’s beginning and end', () => {
  const begin: Request = {
    api: 'begin-quorum-epoch',
    clusterId: 'shaken',
    voterId: 2,
    voterDirectoryId: null,
    leaderId: 1,
    leaderEpoch: 1,
    leaderEndpoints: [],
  };
  const end: Request = {
    api: 'end-quorum-epoch',
    clusterId: 'shaken',
    leaderId: 1,
    leaderEpoch: 1,
    preferredCandidates: [],
    leaderEndpoints: [],
  };

  test('are taken in their epoch only', () => {
    expect(answerTo(2, begin)?.errorCode).toBe(ERROR.none);
    expect(answerTo(2, { ...begin, leaderEpoch: 0 })?.errorCode).toBe(ERROR.fencedLeaderEpoch);
    expect(answerTo(2, { ...begin, voterId: 3 })?.errorCode).toBe(ERROR.invalidVoterKey);
    expect(answerTo(2, { ...begin, clusterId: 'x' })?.errorCode).toBe(ERROR.inconsistentClusterId);
    expect(answerTo(2, end)?.errorCode).toBe(ERROR.none);
    expect(answerTo(2, { ...end, leaderEpoch: 0 })?.errorCode).toBe(ERROR.fencedLeaderEpoch);
    expect(answerTo(2, { ...end, leaderId: 2 })?.errorCode).toBe(ERROR.invalidRequest);
    expect(answerTo(2, { ...end, clusterId: 'x' })?.errorCode).toBe(ERROR.inconsistentClusterId);
  });

  test('a response that nobody waits for is nothing', () => {
    const made = cluster();
    const before = made.core(2).status();
    made.core(2).receiveResponse(made.nowMs, 1, 12345, {
      api: 'begin-quorum-epoch',
      errorCode: ERROR.none,
      leaderId: 3,
      leaderEpoch: 9,
    });
    made.core(2).requestFailed(made.nowMs, 1, 12345);
    expect(made.core(2).status()).toEqual(before);
  });
});
