/**
 * What a leader answers to those who read: followers, whose fetch offset tells what they have, and consumers, who see what is
 * committed. A fetch that finds too little waits.
 *
 *     onFetch(s, token, request); // a `reply-fetch` effect, now or later
 */
import { ERROR } from '../../wire/error-codes.ts';
import { considerJoin } from './isr.ts';
import { updateHighWatermark } from './leader.ts';
import type { EpochEndRequest, FetchRequest, ReplicaFetch, Token } from './messages.ts';
import { UNKNOWN_EPOCH } from './messages.ts';
import { answerFetch, basics, isDue, refuse, reply } from './purgatory.ts';
import type { CoreState, Leader } from './state.ts';

export function onFetch(s: CoreState, token: Token, request: FetchRequest): void {
  const { role, rules, log } = s;
  const errorCode = checkLeadership(s, request.leaderEpoch);
  if (errorCode !== ERROR.NONE || role.name !== 'leader') return refuse(s, token, errorCode);
  if (request.kind === 'replica' && !mayFollow(s, role, request)) {
    return refuse(s, token, ERROR.NOT_LEADER_OR_FOLLOWER);
  }
  const { offset, lastFetchedEpoch } = request;
  if (lastFetchedEpoch !== UNKNOWN_EPOCH) {
    const diverging = s.endOfEpoch(lastFetchedEpoch);
    if (rules.diverges(offset, lastFetchedEpoch, diverging)) {
      return reply(s, token, { ...basics(s), diverging });
    }
  }
  if (offset < log.logStartOffset || offset > log.logEndOffset) {
    return refuse(s, token, ERROR.OFFSET_OUT_OF_RANGE);
  }
  if (request.kind === 'replica') follow(s, role, request);
  const parked = { token, request, deadlineMs: s.nowMs + request.maxWaitMs };
  if (isDue(s, role, parked) || role.fetches.length >= s.options.maxParked) answerFetch(s, role, parked);
  else role.fetches.push(parked);
}

function checkLeadership(s: CoreState, requestEpoch: number): number {
  const errorCode = s.rules.checkLeaderEpoch(requestEpoch, s.leaderEpoch);
  if (errorCode !== ERROR.NONE) return errorCode;
  return s.role.name === 'leader' ? ERROR.NONE : ERROR.NOT_LEADER_OR_FOLLOWER;
}

function mayFollow(s: CoreState, leader: Leader, { brokerId, brokerEpoch }: ReplicaFetch): boolean {
  const progress = leader.replicas.get(brokerId);
  return progress !== undefined && s.rules.isCurrentBrokerEpoch(brokerEpoch, progress.brokerEpoch);
}

/** The replica has everything before its fetch offset. */
function follow(s: CoreState, leader: Leader, { brokerId, brokerEpoch, offset }: ReplicaFetch): void {
  const { nowMs, log } = s;
  const leaderEndOffset = log.logEndOffset;
  const endOffset = s.rules.replicaEndOffset(offset, leaderEndOffset);
  leader.replicas.get(brokerId)?.fetched({ nowMs, endOffset, leaderEndOffset, brokerEpoch });
  considerJoin(s, leader, brokerId);
  updateHighWatermark(s, leader);
}

/** OffsetForLeaderEpoch, of followers and of consumers that check whether what they read is still there (KIP-320). */
export function onEpochEnd(s: CoreState, token: Token, { leaderEpoch, epoch }: EpochEndRequest): void {
  const errorCode = checkLeadership(s, leaderEpoch);
  const known = errorCode === ERROR.NONE && epoch !== UNKNOWN_EPOCH && epoch <= s.leaderEpoch;
  const end = known ? s.endOfEpoch(epoch) : null;
  s.effects.push({ kind: 'reply-epoch-end', token, reply: { errorCode, end } });
}
