/**
 * A replica that leads: it takes what producers send, counts what the others have, and answers.
 *
 *     produce(s, token, { acks: -1, timeoutMs: 30_000, batches });  // an `append` effect
 *     onProduced(s, leader, token, { baseOffset: 5, lastOffset: 7 }); // parked until the high watermark is 8
 */
import { ERROR } from '../../wire/error-codes.ts';
import { refuseParked, wakeFetches } from './purgatory.ts';
import { maximalIsr } from './isr.ts';
import type { ProduceRequest, Token } from './messages.ts';
import { NEVER_FETCHED, ReplicaProgress } from './replica-progress.ts';
import type { CoreState, Leader, ParkedProduce } from './state.ts';

const NO_PRODUCER = -1;

export function newLeader(s: CoreState): Leader {
  const { log, partition, nowMs, options } = s;
  const leader: Leader = {
    name: 'leader',
    epochStart: log.logEndOffset,
    replicas: new Map(),
    proposal: null,
    nextLagCheckMs: nowMs + options.replicaLagTimeMaxMs,
    produces: [],
    fetches: [],
    appending: null,
  };
  for (const brokerId of partition.replicas) {
    if (brokerId === s.brokerId) continue;
    const isMember = partition.isr.includes(brokerId);
    leader.replicas.set(brokerId, new ReplicaProgress(isMember ? nowMs : -Infinity));
  }
  return leader;
}

/** The metadata changed without another leadership. */
export function keepReplicas(s: CoreState, leader: Leader): void {
  const { replicas } = s.partition;
  for (const brokerId of leader.replicas.keys()) {
    if (!replicas.includes(brokerId)) leader.replicas.delete(brokerId);
  }
  for (const brokerId of replicas) {
    if (brokerId === s.brokerId || leader.replicas.has(brokerId)) continue;
    leader.replicas.set(brokerId, new ReplicaProgress(-Infinity));
  }
}

// Produce

export function produce(s: CoreState, token: Token, request: ProduceRequest): void {
  const { role, rules, log } = s;
  const { acks, batches } = request;
  const isLeader = role.name === 'leader';
  const error = rules.mayAppend({ isLeader, acks, isrSize: s.partition.isr.length, minIsr: s.minIsr });
  if (error !== ERROR.NONE || role.name !== 'leader') return replyProduce(s, token, error);
  if (role.produces.length >= s.options.maxParked)
    return replyProduce(s, token, ERROR.THROTTLING_QUOTA_EXCEEDED);
  const [first] = batches;
  if (first === undefined) return replyProduce(s, token, ERROR.INVALID_RECORD);
  if (batches.length > 1 && batches.some((batch) => batch.producerId !== NO_PRODUCER)) {
    return replyProduce(s, token, ERROR.INVALID_RECORD);
  }
  const decision = rules.producerDecision(log.checkProducer(first));
  switch (decision.kind) {
    case 'out-of-order':
      return replyProduce(s, token, ERROR.OUT_OF_ORDER_SEQUENCE_NUMBER);
    case 'fenced':
      return replyProduce(s, token, ERROR.INVALID_PRODUCER_EPOCH);
    case 'coordinator-fenced':
      return replyProduce(s, token, ERROR.TRANSACTION_COORDINATOR_FENCED);
    case 'duplicate': {
      const { baseOffset, lastOffset } = decision.original;
      const range = { baseOffset, requiredOffset: lastOffset + 1, isDuplicate: true };
      settle(s, role, { token, request, ...range, deadlineMs: s.nowMs + request.timeoutMs });
      return;
    }
    case 'ok':
      append(s, role, token, request, false);
  }
}

function append(s: CoreState, leader: Leader, token: Token, request: ProduceRequest, again: boolean): void {
  leader.appending = { token, request, again };
  s.effects.push({ kind: 'append', token, leaderEpoch: s.leaderEpoch });
}

/** The batches are in the log. */
export function onProduced(
  s: CoreState,
  leader: Leader,
  range: { readonly baseOffset: number; readonly lastOffset: number },
): void {
  const { appending } = leader;
  if (appending === null) return;
  leader.appending = null;
  const { token, request, again } = appending;
  const deadlineMs = s.nowMs + request.timeoutMs;
  const parked: ParkedProduce = {
    token,
    request,
    baseOffset: range.baseOffset,
    requiredOffset: range.lastOffset + 1,
    isDuplicate: false,
    deadlineMs,
  };
  if (!again) settle(s, leader, parked);
  updateHighWatermark(s, leader);
  wakeFetches(s, leader);
}

export function onProduceFailed(s: CoreState, leader: Leader, errorCode: number): void {
  const { appending } = leader;
  if (appending === null) return;
  leader.appending = null;
  if (!appending.again) replyProduce(s, appending.token, errorCode);
}

/** Answers a produce, or parks it. */
function settle(s: CoreState, leader: Leader, produced: ParkedProduce): void {
  if (!answerIfDue(s, produced)) leader.produces.push(produced);
}

/** @returns whether it was answered */
function answerIfDue(s: CoreState, produced: ParkedProduce): boolean {
  const { token, request, baseOffset, requiredOffset, isDuplicate } = produced;
  const decision = s.rules.mayAcknowledge({
    acks: request.acks,
    requiredOffset,
    isDuplicate,
    highWatermark: s.log.highWatermark,
    ownEndOffset: s.countedEndOffset,
    isrSize: s.partition.isr.length,
    minIsr: s.minIsr,
  });
  if (decision === 'wait') return false;
  if (decision === 'acknowledge') replyProduce(s, token, ERROR.NONE, baseOffset);
  else replyProduce(s, token, ERROR.NOT_ENOUGH_REPLICAS_AFTER_APPEND);
  return true;
}

export function replyProduce(s: CoreState, token: Token, errorCode: number, baseOffset = -1): void {
  const { logStartOffset } = s.log;
  s.effects.push({ kind: 'reply-produce', token, reply: { errorCode, baseOffset, logStartOffset } });
}

export function answerProduces(s: CoreState, leader: Leader): void {
  if (leader.produces.length === 0) return;
  leader.produces = leader.produces.filter((produced) => !answerIfDue(s, produced));
}

function timeOutProduces(s: CoreState, leader: Leader): void {
  const due = leader.produces.filter((produced) => produced.deadlineMs <= s.nowMs);
  if (due.length === 0) return;
  leader.produces = leader.produces.filter((produced) => produced.deadlineMs > s.nowMs);
  for (const { token } of due) replyProduce(s, token, ERROR.REQUEST_TIMED_OUT);
  const [first] = due;
  if (first !== undefined && s.rules.onProduceTimeout() === 'append-again') {
    append(s, leader, first.token, first.request, true);
  }
}

// Time, and the end

/** When {@link tickLeader} is due. */
export function parkedDeadlineMs({ produces, fetches }: Leader): number {
  let next = Infinity;
  for (const { deadlineMs } of produces) next = Math.min(next, deadlineMs);
  for (const { deadlineMs } of fetches) next = Math.min(next, deadlineMs);
  return next;
}

export function tickLeader(s: CoreState, leader: Leader): void {
  timeOutProduces(s, leader);
  wakeFetches(s, leader);
}

/** Its leadership is over, and whoever waits is told. Appended or not, whoever leads next decides: nobody knows yet. */
export function leave(s: CoreState, leader: Leader): void {
  const { produces, appending } = leader;
  for (const { token } of produces) replyProduce(s, token, ERROR.NOT_LEADER_OR_FOLLOWER);
  if (appending !== null) replyProduce(s, appending.token, ERROR.NOT_LEADER_OR_FOLLOWER);
  refuseParked(s, leader);
}

// The high watermark

/** Counts again, and answers whoever waited for it. */
export function updateHighWatermark(s: CoreState, leader: Leader): void {
  const others = maximalIsr(s, leader).filter((member) => member !== s.brokerId);
  const highWatermark = s.rules.highWatermark({
    highWatermark: s.log.highWatermark,
    ownEndOffset: s.countedEndOffset,
    memberEndOffsets: others.map((member) => leader.replicas.get(member)?.endOffset ?? NEVER_FETCHED),
    isrSize: s.partition.isr.length,
    minIsr: s.minIsr,
  });
  const moved = s.advanceHighWatermark(highWatermark);
  answerProduces(s, leader);
  if (moved) wakeFetches(s, leader);
}
