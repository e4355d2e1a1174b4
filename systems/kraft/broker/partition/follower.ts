/**
 * A replica that follows: it finds where its log parts from the leader's, cuts there, and fetches the rest.
 *
 *     pollFollower(s, follower);                    // a `request` effect: an epoch's end, or records
 *     onFetchResponse(s, follower, id, response);   // `append-fetched`, `truncate`, or the next fetch
 *
 * One request at a time. What was cut is decided by leader epochs alone (KIP-101, KIP-279), never by the high watermark.
 */
import type { EpochEnd } from '../../log/leader-epochs.ts';
import { ERROR } from '../../wire/error-codes.ts';
import type { LeaderRequest } from './effects.ts';
import type { EpochEndResponse, FetchResponse } from './messages.ts';
import { NO_LEADER, UNKNOWN_EPOCH } from './messages.ts';
import type { CoreState, Follower } from './state.ts';

export function newFollower(s: CoreState): Follower {
  const asks = s.options.truncation === 'offset-for-leader-epoch';
  return {
    name: 'follower',
    leader: s.partition.leader,
    phase: asks ? 'asking' : 'fetching',
    request: null,
    appending: null,
    retryAtMs: s.nowMs,
  };
}

/** Does what is to be done next, if anything. */
export function pollFollower(s: CoreState, follower: Follower): void {
  const { log, options, leaderEpoch } = s;
  if (follower.leader === NO_LEADER || s.truncatingTo !== null || follower.appending !== null) return;
  if (follower.request !== null && s.nowMs >= follower.request.deadlineMs) follower.request = null;
  if (follower.request !== null || s.nowMs < follower.retryAtMs) return;
  // The fetch offset tells the leader what is safe here.
  if (s.countedEndOffset < log.logEndOffset) return;
  if (follower.phase === 'asking') {
    const epoch = log.latestEpoch;
    if (epoch !== null && epoch !== UNKNOWN_EPOCH) {
      return send(s, follower, { api: 'offset-for-leader-epoch', leaderEpoch, epoch });
    }
    follower.phase = 'fetching';
  }
  const compares = options.truncation === 'fetch';
  const lastFetchedEpoch = compares ? (log.latestEpoch ?? UNKNOWN_EPOCH) : UNKNOWN_EPOCH;
  send(s, follower, { api: 'fetch', leaderEpoch, offset: log.logEndOffset, lastFetchedEpoch });
}

function send(s: CoreState, follower: Follower, request: LeaderRequest): void {
  const correlationId = s.nextCorrelationId();
  const deadlineMs = s.nowMs + s.options.requestTimeoutMs;
  follower.request = { correlationId, leaderEpoch: request.leaderEpoch, deadlineMs };
  s.effects.push({ kind: 'request', to: follower.leader, correlationId, request });
}

function backOff(s: CoreState, follower: Follower): void {
  follower.retryAtMs = s.nowMs + s.options.replicaFetchBackoffMs;
}

/**
 * Whether the answer is to what was asked, in this leadership.
 *
 * @param askedIn - the leader epoch of the request
 */
function isExpected(s: CoreState, follower: Follower, correlationId: number, askedIn: number): boolean {
  if (!s.rules.isCurrentResponse(askedIn, s.leaderEpoch)) return false;
  if (s.truncatingTo !== null || follower.appending !== null) return false;
  // An answer that came too late to be waited for has the same correlation id as nothing.
  if (askedIn === s.leaderEpoch && follower.request?.correlationId !== correlationId) return false;
  follower.request = null;
  return true;
}

export function onRequestLost(s: CoreState, follower: Follower, correlationId: number): void {
  if (follower.request?.correlationId !== correlationId) return;
  follower.request = null;
  backOff(s, follower);
}

export function onFetchResponse(
  s: CoreState,
  follower: Follower,
  asked: { readonly correlationId: number; readonly leaderEpoch: number; readonly offset: number },
  response: FetchResponse,
): void {
  if (!isExpected(s, follower, asked.correlationId, asked.leaderEpoch)) return;
  const { errorCode, highWatermark, logStartOffset, diverging, sizeBytes } = response;
  if (errorCode === ERROR.OFFSET_OUT_OF_RANGE) {
    if (s.log.logEndOffset < logStartOffset) return startAt(s, logStartOffset);
    follower.phase = 'asking';
    return backOff(s, follower);
  }
  if (errorCode !== ERROR.NONE) return backOff(s, follower);
  if (diverging !== null) return cut(s, follower, diverging);
  if (sizeBytes === 0) return learn(s, highWatermark, logStartOffset);
  follower.appending = { token: asked.correlationId, highWatermark, logStartOffset };
  s.effects.push({ kind: 'append-fetched', token: asked.correlationId });
}

/** The records are in the log. */
export function onFetched(s: CoreState, follower: Follower): void {
  const { appending } = follower;
  if (appending === null) return;
  follower.appending = null;
  learn(s, appending.highWatermark, appending.logStartOffset);
}

/** They were not what the log takes: they are fetched again. */
export function onFetchedFailed(s: CoreState, follower: Follower): void {
  follower.appending = null;
  backOff(s, follower);
}

function learn(s: CoreState, highWatermark: number, logStartOffset: number): void {
  s.advanceHighWatermark(s.rules.followerHighWatermark(highWatermark, s.log.logEndOffset));
  if (logStartOffset > s.log.logStartOffset && logStartOffset <= s.log.highWatermark) {
    s.effects.push({ kind: 'advance-log-start', offset: logStartOffset });
  }
}

export function onEpochEndResponse(
  s: CoreState,
  follower: Follower,
  asked: { readonly correlationId: number; readonly leaderEpoch: number },
  { errorCode, end }: EpochEndResponse,
): void {
  if (!isExpected(s, follower, asked.correlationId, asked.leaderEpoch)) return;
  if (errorCode !== ERROR.NONE || end === null) return backOff(s, follower);
  cut(s, follower, end);
}

/** The leader said where an epoch of ours ends. */
function cut(s: CoreState, follower: Follower, leaderEnd: EpochEnd): void {
  const own = s.endOfEpoch(leaderEnd.epoch);
  const { endOffset, agrees } = s.rules.truncation(leaderEnd, own, s.log.logEndOffset);
  if (agrees && s.options.truncation === 'offset-for-leader-epoch') follower.phase = 'fetching';
  truncate(s, endOffset);
}

export function truncate(s: CoreState, endOffset: number): void {
  const { logEndOffset, logStartOffset, highWatermark } = s.log;
  if (endOffset >= logEndOffset) return;
  if (endOffset < logStartOffset) return startAt(s, endOffset);
  s.truncatingTo = endOffset;
  s.effects.push({ kind: 'truncate', endOffset });
  s.trace({ kind: 'truncate', from: logEndOffset, to: endOffset, highWatermark });
}

/** Nothing of the log is the leader's. */
function startAt(s: CoreState, startOffset: number): void {
  const { logEndOffset, highWatermark } = s.log;
  s.truncatingTo = startOffset;
  s.effects.push({ kind: 'truncate-fully', startOffset });
  s.trace({ kind: 'truncate', from: logEndOffset, to: startOffset, highWatermark });
}
