/**
 * Fetches that found too little and wait: until there are enough bytes, or the time is up (Kafka calls it purgatory).
 *
 *     leader.fetches.push({ token, request, deadlineMs });
 *     wakeFetches(s, leader); // after an append, or when the high watermark moved
 */
import { ERROR } from '../../wire/error-codes.ts';
import type { FetchReply, FetchRequest, Token } from './messages.ts';
import type { CoreState, Leader, ParkedFetch } from './state.ts';

/** Answers the parked fetches that have waited long enough, or for which there is enough now. */
export function wakeFetches(s: CoreState, leader: Leader): void {
  if (leader.fetches.length === 0) return;
  const due = leader.fetches.filter((parked) => isDue(s, leader, parked));
  if (due.length === 0) return;
  leader.fetches = leader.fetches.filter((parked) => !due.includes(parked));
  for (const parked of due) answerFetch(s, leader, parked);
}

export function isDue(s: CoreState, leader: Leader, { request, deadlineMs }: ParkedFetch): boolean {
  const { log } = s;
  if (s.nowMs >= deadlineMs) return true;
  if (request.kind === 'replica') {
    // It waits for the high watermark, too: it may be the next leader.
    const sent = leader.replicas.get(request.brokerId)?.sentHighWatermark ?? log.highWatermark;
    if (sent < log.highWatermark) return true;
  }
  const available = log.sizeBetween(request.offset, visibleEnd(s, request));
  return available >= request.minBytes;
}

function visibleEnd(s: CoreState, request: FetchRequest): number {
  const { logEndOffset, highWatermark, lastStableOffset } = s.log;
  const reader = request.kind === 'replica' ? 'replica' : request.isolation;
  return s.rules.visibleEndOffset(reader, { logEndOffset, highWatermark, lastStableOffset });
}

export function answerFetch(s: CoreState, leader: Leader, { token, request }: ParkedFetch): void {
  const { log } = s;
  const { offset, maxBytes } = request;
  const upTo = visibleEnd(s, request);
  const fill = upTo > offset ? { fromOffset: offset, upTo, maxBytes } : null;
  const isCommitted = request.kind === 'consumer' && request.isolation === 'read-committed';
  const aborted = isCommitted && fill !== null ? log.abortedTransactions(offset, upTo) : [];
  if (request.kind === 'replica') {
    const progress = leader.replicas.get(request.brokerId);
    if (progress !== undefined) progress.sentHighWatermark = log.highWatermark;
  }
  reply(s, token, { ...basics(s), fill, aborted });
}

// Answers

export function basics(s: CoreState): FetchReply {
  const { highWatermark, lastStableOffset, logStartOffset } = s.log;
  const { leaderEpoch } = s;
  return {
    errorCode: ERROR.NONE,
    leaderEpoch,
    highWatermark,
    lastStableOffset,
    logStartOffset,
    diverging: null,
    aborted: [],
    fill: null,
  };
}

/** The log start goes with an error, too: a follower that is behind it learns where to begin. */
export function refuse(s: CoreState, token: Token, errorCode: number): void {
  reply(s, token, { ...basics(s), errorCode, highWatermark: -1, lastStableOffset: -1 });
}

export function reply(s: CoreState, token: Token, fetchReply: FetchReply): void {
  s.effects.push({ kind: 'reply-fetch', token, reply: fetchReply });
}

/** Whoever waited for this leadership is told that it is over. */
export function refuseParked(s: CoreState, leader: Leader): void {
  for (const { token } of leader.fetches) refuse(s, token, ERROR.NOT_LEADER_OR_FOLLOWER);
  leader.fetches = [];
}
