/**
 * Leading: the epoch's first record, appends, the high watermark, and resigning when no majority fetches (KIP-595).
 */
import type { RequestToken } from './effects.ts';
import { ERROR } from './errors.ts';
import type { LeaderState, ReplicaProgress } from './leader-state.ts';
import type {
  ControlRecord,
  DescribedReplica,
  DescribeQuorumResponse,
  Entry,
  FetchRequest,
  ReplicaKey,
} from './messages.ts';
import { CHECK_QUORUM_FACTOR } from './options.ts';
import type { CoreState } from './state.ts';
import { becomeResigned } from './transitions.ts';
import { findVoter, keyOf, majorityOf, sameReplica } from './voters.ts';

const checkQuorumMs = (s: CoreState): number => s.options.fetchTimeoutMs * CHECK_QUORUM_FACTOR;

export function becomeLeader(s: CoreState): void {
  const granting = s.state.name === 'candidate' ? [...s.state.granted].sort((a, b) => a - b) : [];
  s.leaderId = s.nodeId;
  s.electionRetries = 0;
  s.become({
    name: 'leader',
    epochStartOffset: s.log.endOffset,
    highWatermark: null,
    replicas: [],
    parked: [],
    fetchedVoters: new Set(),
    checkQuorumDeadlineMs: s.nowMs + checkQuorumMs(s),
    beginDeadlineMs: s.nowMs,
    change: null,
    resignRequested: false,
  });
  const voters = s.voters.latest;
  const controls: ControlRecord[] = [
    {
      type: 'leader-change',
      leaderId: s.nodeId,
      voters: voters.map(({ voterId }) => voterId),
      grantingVoters: granting,
    },
  ];
  // The set that the cluster was formatted with is in no log yet.
  if (s.voters.kraftVersion > 0 && s.voters.latestOffset < 0 && s.snapshot === null) {
    controls.push({ type: 'kraft-version', kRaftVersion: s.voters.kraftVersion }, { type: 'voters', voters });
  }
  appendControls(s, controls);
}

/** @returns the offset of the first */
export function appendControls(s: CoreState, controls: readonly ControlRecord[]): number {
  const offset = s.log.endOffset;
  const { payload, hash } = s.config.encodeControls(controls);
  s.appendEntries([{ offset, count: controls.length, epoch: s.epoch, hash, controls, payload }]);
  return offset;
}

export interface Batch {
  /** Records in it, at least 1. */
  readonly count: number;
  readonly hash: number;
  readonly payload: unknown;
}

/** @returns the offset of each batch, or null where this node does not lead */
export function appendBatches(s: CoreState, batches: readonly Batch[]): number[] | null {
  if (s.state.name !== 'leader' || batches.length === 0) return null;
  let offset = s.log.endOffset;
  const entries: Entry[] = batches.map(({ count, hash, payload }) => {
    const entry = { offset, count, epoch: s.epoch, hash, controls: [], payload };
    offset += count;
    return entry;
  });
  s.appendEntries(entries);
  return entries.map((entry) => entry.offset);
}

// What fetches tell

function progressOf(leader: LeaderState, key: ReplicaKey): ReplicaProgress | undefined {
  return leader.replicas.find((replica) => sameReplica(key, replica.key));
}

/** A voter fetched: for check-quorum. Enough of them, and the time begins anew. */
export function noteVoterAlive(s: CoreState, leader: LeaderState, key: ReplicaKey): void {
  if (findVoter(s.voters.latest, key) === undefined) return;
  leader.fetchedVoters.add(key.id);
  const needed = majorityOf(s.voters.latest.length) - (s.isVoter ? 1 : 0);
  if (leader.fetchedVoters.size < needed) return;
  leader.fetchedVoters.clear();
  leader.checkQuorumDeadlineMs = s.nowMs + checkQuorumMs(s);
}

/** A fetch whose position is valid: its offset acknowledges. */
export function noteFetch(s: CoreState, leader: LeaderState, request: FetchRequest): void {
  const key = { id: request.replicaId, directoryId: request.replicaDirectoryId };
  if (key.id < 0) return;
  const { fetchOffset } = request;
  const leaderEnd = s.log.endOffset;
  let replica = leader.replicas.find(
    ({ key: { id, directoryId } }) => id === key.id && directoryId === key.directoryId,
  );
  if (replica === undefined) {
    replica = {
      key,
      endOffset: 0,
      lastFetchMs: s.nowMs,
      leaderEndAtLastFetch: leaderEnd,
      lastCaughtUpMs: -Infinity,
    };
    leader.replicas.push(replica);
  }
  if (fetchOffset >= leaderEnd) replica.lastCaughtUpMs = s.nowMs;
  else if (fetchOffset >= replica.leaderEndAtLastFetch) replica.lastCaughtUpMs = replica.lastFetchMs;
  replica.endOffset = fetchOffset;
  replica.lastFetchMs = s.nowMs;
  replica.leaderEndAtLastFetch = leaderEnd;
  noteVoterAlive(s, leader, key);
  advanceHighWatermark(s, leader);
}

/** After a fetch, or our own disk, acknowledged more, or the voters changed. */
export function advanceHighWatermark(s: CoreState, leader: LeaderState): void {
  const endOffsets = s.voters.latest
    .map((voter) =>
      sameReplica(keyOf(voter), s.ownKey)
        ? s.rules.ownEndOffset(s.log.endOffset, s.durableEndOffset)
        : (progressOf(leader, keyOf(voter))?.endOffset ?? 0),
    )
    .sort((a, b) => b - a);
  const { epochStartOffset, highWatermark } = leader;
  const raised = s.rules.highWatermark({ endOffsets, epochStartOffset, highWatermark });
  if (raised === highWatermark || raised === null) return;
  leader.highWatermark = raised;
  s.raiseHighWatermark(raised);
}

export const servedHighWatermark = (s: CoreState, leader: LeaderState): number =>
  s.rules.servedHighWatermark(leader.highWatermark, s.highWatermark);

/** @param wake - answers fetches that waited; @param changeVoters - goes on with a change of voters */
export function pollLeader(
  s: CoreState,
  wake: (s: CoreState, leader: LeaderState) => void,
  changeVoters: (s: CoreState, leader: LeaderState) => void,
): void {
  const leader = s.state;
  if (leader.name !== 'leader') return;
  // Who is alone has its majority; the time of those who join it begins when they do.
  if (s.otherVoters.length === 0) leader.checkQuorumDeadlineMs = s.nowMs + checkQuorumMs(s);
  advanceHighWatermark(s, leader);
  changeVoters(s, leader);
  wake(s, leader);
  if (s.rules.resignsAfterRemoval(s.isVoter, s.voters.latestOffset, leader.highWatermark)) {
    leader.resignRequested = true;
  }
  if (leader.resignRequested || !s.rules.keepsQuorum(s.nowMs, leader.checkQuorumDeadlineMs)) {
    becomeResigned(s);
    return;
  }
  if (s.nowMs >= leader.beginDeadlineMs) sendBegin(s, leader);
}

/** Tells those that do not fetch who leads: at once in a new epoch, and again every half fetch timeout. */
function sendBegin(s: CoreState, leader: LeaderState): void {
  const periodMs = s.options.fetchTimeoutMs / 2;
  for (const voter of s.otherVoters) {
    const progress = progressOf(leader, keyOf(voter));
    if (progress !== undefined && s.nowMs - progress.lastFetchMs < periodMs) continue;
    s.ask(voter.voterId, () => ({
      api: 'begin-quorum-epoch',
      clusterId: s.config.clusterId,
      voterId: voter.voterId,
      voterDirectoryId: voter.voterDirectoryId,
      leaderId: s.nodeId,
      leaderEpoch: s.epoch,
      leaderEndpoints: s.config.listeners,
    }));
  }
  leader.beginDeadlineMs = s.nowMs + periodMs;
}

// What it tells operators

export function describeQuorum(s: CoreState, token: RequestToken): void {
  const leader = s.state;
  const base = {
    api: 'describe-quorum' as const,
    leaderId: s.leaderId ?? -1,
    leaderEpoch: s.epoch,
    nodes: [],
  };
  if (leader.name !== 'leader') {
    s.respondInEpoch(token, {
      ...base,
      errorCode: ERROR.notLeaderOrFollower,
      highWatermark: -1,
      currentVoters: [],
      observers: [],
    });
    return;
  }
  const isVoterKey = (key: ReplicaKey): boolean =>
    s.voters.latest.some((voter) => sameReplica(keyOf(voter), key));
  const response: DescribeQuorumResponse = {
    ...base,
    errorCode: ERROR.none,
    highWatermark: servedHighWatermark(s, leader),
    currentVoters: s.voters.latest.map((voter) => describeVoter(s, leader, keyOf(voter))),
    observers: leader.replicas.filter(({ key }) => !isVoterKey(key)).map(describeReplica),
    nodes: s.voters.latest.map(({ voterId, listeners }) => ({ nodeId: voterId, listeners })),
  };
  s.respond(token, response);
}

function describeVoter(s: CoreState, leader: LeaderState, key: ReplicaKey): DescribedReplica {
  const names = { replicaId: key.id, replicaDirectoryId: key.directoryId };
  if (key.id === s.nodeId) {
    return {
      ...names,
      logEndOffset: s.log.endOffset,
      lastFetchTimestamp: s.nowMs,
      lastCaughtUpTimestamp: s.nowMs,
    };
  }
  const progress = progressOf(leader, key);
  if (progress !== undefined) return describeReplica(progress);
  return { ...names, logEndOffset: -1, lastFetchTimestamp: -1, lastCaughtUpTimestamp: -1 };
}

const describeReplica = ({
  key,
  endOffset,
  lastFetchMs,
  lastCaughtUpMs,
}: ReplicaProgress): DescribedReplica => ({
  replicaId: key.id,
  replicaDirectoryId: key.directoryId,
  logEndOffset: endOffset,
  lastFetchTimestamp: lastFetchMs,
  lastCaughtUpTimestamp: Math.max(-1, lastCaughtUpMs),
});
