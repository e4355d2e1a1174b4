/**
 * What a leader answers to fetches: records, a place to truncate to, a snapshot to fetch; or nothing yet, and then the fetch
 * waits until there is a record or a higher high watermark (KIP-595; KIP-1166 for the latter).
 */
import { fetchError, hasOtherCluster, leaderOnlyError, snapshotError } from './answers.ts';
import type { Fill, RequestToken } from './effects.ts';
import { ERROR } from './errors.ts';
import type { LeaderState } from './leader-state.ts';
import { noteFetch, noteVoterAlive, servedHighWatermark } from './leader.ts';
import type { FetchRequest, FetchResponse, FetchSnapshotRequest, OffsetAndEpoch } from './messages.ts';
import { NO_OFFSET_AND_EPOCH } from './messages.ts';
import type { CoreState } from './state.ts';

export function onFetch(s: CoreState, token: RequestToken, request: FetchRequest): void {
  const refuse = (errorCode: number): void => s.respondInEpoch(token, fetchError(s, errorCode));
  if (hasOtherCluster(s, request.clusterId)) return refuse(ERROR.inconsistentClusterId);
  const { fetchOffset, lastFetchedEpoch, currentLeaderEpoch, maxWaitMs, replicaId } = request;
  if (
    !(fetchOffset >= 0 && lastFetchedEpoch >= 0 && maxWaitMs >= 0) ||
    lastFetchedEpoch > currentLeaderEpoch ||
    replicaId === s.nodeId
  ) {
    return refuse(ERROR.invalidRequest);
  }
  const error = leaderOnlyError(s, currentLeaderEpoch);
  if (error !== null) return refuse(error);
  const leader = s.state as LeaderState;

  const snapshotId = s.snapshot?.snapshotId ?? null;
  const position = s.rules.fetchPosition(fetchOffset, lastFetchedEpoch, s.log, snapshotId);
  if (position.kind !== 'valid') {
    // It acknowledges nothing, and yet that voter is there.
    noteVoterAlive(s, leader, { id: replicaId, directoryId: request.replicaDirectoryId });
    const answer =
      position.kind === 'diverging'
        ? { divergingEpoch: position.epoch }
        : { snapshotId: position.snapshotId };
    s.respond(token, { ...emptyAnswer(s, leader), ...answer });
    return;
  }
  noteFetch(s, leader, request);
  // The fetch may have committed the removal of this leader.
  if (s.state !== leader) return refuse(ERROR.notLeaderOrFollower);
  const waits =
    maxWaitMs > 0 && leader.parked.length < s.options.maxParkedFetches && !hasNews(s, leader, request);
  if (waits) leader.parked.push({ token, request, deadlineMs: s.nowMs + maxWaitMs });
  else answerFetch(s, leader, token, request);
}

function hasNews(s: CoreState, leader: LeaderState, request: FetchRequest): boolean {
  return request.fetchOffset < s.log.endOffset || request.highWatermark < servedHighWatermark(s, leader);
}

const emptyAnswer = (s: CoreState, leader: LeaderState): FetchResponse => ({
  ...fetchError(s, ERROR.none),
  highWatermark: servedHighWatermark(s, leader),
  logStartOffset: s.log.startOffset,
});

function answerFetch(s: CoreState, leader: LeaderState, token: RequestToken, request: FetchRequest): void {
  const { fetchOffset, maxBytes } = request;
  const { endOffset } = s.log;
  const fill: Fill =
    fetchOffset < endOffset
      ? {
          kind: 'records',
          fromOffset: fetchOffset,
          endOffset,
          maxBytes: Math.min(maxBytes, s.options.fetchMaxBytes),
        }
      : null;
  s.effects.push({ kind: 'respond', token, response: emptyAnswer(s, leader), fill });
}

/** Answers those that waited for what there is now, and those whose time is up. */
export function wakeParked(s: CoreState, leader: LeaderState): void {
  if (leader.parked.length === 0) return;
  const parked = leader.parked.splice(0);
  for (const item of parked) {
    if (s.nowMs < item.deadlineMs && !hasNews(s, leader, item.request)) leader.parked.push(item);
    // The log may have lost its beginning while the fetch waited.
    else if (item.request.fetchOffset < s.log.startOffset) {
      s.respond(item.token, { ...emptyAnswer(s, leader), snapshotId: latestSnapshot(s) });
    } else answerFetch(s, leader, item.token, item.request);
  }
}

const latestSnapshot = (s: CoreState): OffsetAndEpoch => s.snapshot?.snapshotId ?? NO_OFFSET_AND_EPOCH;

export function onFetchSnapshot(s: CoreState, token: RequestToken, request: FetchSnapshotRequest): void {
  const refuse = (errorCode: number): void => s.respondInEpoch(token, snapshotError(s, request, errorCode));
  if (hasOtherCluster(s, request.clusterId)) return refuse(ERROR.inconsistentClusterId);
  const error = leaderOnlyError(s, request.currentLeaderEpoch);
  if (error !== null) return refuse(error);
  const { snapshot } = s;
  const { snapshotId, position, maxBytes } = request;
  if (
    snapshot === null ||
    snapshot.snapshotId.endOffset !== snapshotId.endOffset ||
    snapshot.snapshotId.epoch !== snapshotId.epoch
  ) {
    return refuse(ERROR.snapshotNotFound);
  }
  if (!(position >= 0 && position < snapshot.size)) return refuse(ERROR.positionOutOfRange);
  noteVoterAlive(s, s.state as LeaderState, {
    id: request.replicaId,
    directoryId: request.replicaDirectoryId,
  });
  const bytes = Math.max(1, Math.min(maxBytes, s.options.snapshotMaxBytes));
  s.effects.push({
    kind: 'respond',
    token,
    response: { ...snapshotError(s, request, ERROR.none), size: snapshot.size },
    fill: { kind: 'snapshot', snapshotId, position, maxBytes: bytes },
  });
}
