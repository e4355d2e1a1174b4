/**
 * Who is in sync: the leader proposes, the controller decides, one proposal at a time (KIP-497).
 *
 *     considerJoin(s, leader, 2);   // an `alter-partition` effect, if broker 2 has caught up
 *     onAlterPartitionResponse(s, leader, correlationId, { errorCode: 0, partition });
 *
 * While a proposal is under way both ISRs count, the confirmed one and the proposed one.
 */
import { ERROR } from '../../wire/error-codes.ts';
import type { AlterPartitionResponse, PartitionState } from './messages.ts';
import type { CoreState, Leader, Proposal } from './state.ts';

/** The lag is looked at so often in the time that a member may lag. */
const LAG_CHECKS = 2;

/** Whoever counts for the high watermark. */
export function maximalIsr(s: CoreState, leader: Leader): readonly number[] {
  return s.rules.maximalIsr(s.partition.isr, leader.proposal?.isr ?? null);
}

/** A replica fetched: it may have caught up. */
export function considerJoin(s: CoreState, leader: Leader, brokerId: number): void {
  const { isr } = s.partition;
  if (leader.proposal !== null || isr.includes(brokerId)) return;
  if (mayJoin(s, leader, brokerId)) propose(s, leader, [...isr, brokerId]);
}

function mayJoin(s: CoreState, leader: Leader, brokerId: number): boolean {
  const progress = leader.replicas.get(brokerId);
  if (progress === undefined) return false;
  const { endOffset, brokerEpoch } = progress;
  return s.rules.mayJoinIsr({
    endOffset,
    brokerEpoch,
    highWatermark: s.log.highWatermark,
    leaderEpochStart: leader.epochStart,
    broker: s.brokers.get(brokerId),
  });
}

/** Looks now and then for members that lag. */
export function checkLag(s: CoreState, leader: Leader): void {
  if (s.nowMs < leader.nextLagCheckMs) return;
  leader.nextLagCheckMs = s.nowMs + s.options.replicaLagTimeMaxMs / LAG_CHECKS;
  if (leader.proposal !== null) return;
  const { isr } = s.partition;
  const kept = isr.filter((member) => member === s.brokerId || !lags(s, leader, member));
  if (kept.length < isr.length) propose(s, leader, kept);
}

function lags(s: CoreState, leader: Leader, member: number): boolean {
  const progress = leader.replicas.get(member);
  if (progress === undefined) return true;
  return s.rules.mayShrinkIsr({
    nowMs: s.nowMs,
    caughtUpMs: progress.caughtUpMs,
    endOffset: progress.endOffset,
    leaderEndOffset: s.log.logEndOffset,
    lagTimeMaxMs: s.options.replicaLagTimeMaxMs,
  });
}

function propose(s: CoreState, leader: Leader, isr: readonly number[]): void {
  const { leaderEpoch, partitionEpoch } = s.partition;
  const members = isr.map((brokerId) => {
    const known = leader.replicas.get(brokerId)?.brokerEpoch ?? s.brokers.get(brokerId)?.brokerEpoch ?? -1;
    return { brokerId, brokerEpoch: s.rules.claimedBrokerEpoch(known) };
  });
  s.traceIsr(isr);
  send(s, leader, { isr, request: { leaderEpoch, partitionEpoch, isr: members } });
}

function send(s: CoreState, leader: Leader, { isr, request }: Pick<Proposal, 'isr' | 'request'>): void {
  const correlationId = s.nextCorrelationId();
  leader.proposal = { isr, request, correlationId, retryAtMs: s.nowMs + s.options.requestTimeoutMs };
  s.effects.push({ kind: 'alter-partition', correlationId, request });
}

function forget(s: CoreState, leader: Leader): void {
  leader.proposal = null;
  s.traceIsr(null);
}

/** Sends again what was lost, or what the controller could not take. The same proposal: it may have been taken. */
export function retryProposal(s: CoreState, leader: Leader): void {
  const { proposal } = leader;
  if (proposal !== null && s.nowMs >= proposal.retryAtMs) send(s, leader, proposal);
}

/** @returns the partition as it is now, where that is news */
export function onAlterPartitionResponse(
  s: CoreState,
  leader: Leader,
  correlationId: number,
  { errorCode, partition }: AlterPartitionResponse,
): PartitionState | null {
  const { proposal } = leader;
  if (proposal?.correlationId !== correlationId) return null;
  if (errorCode === ERROR.NONE) {
    if (
      partition !== null &&
      partition.leaderEpoch === s.leaderEpoch &&
      s.rules.isNews(partition, s.partition)
    ) {
      return partition;
    }
    // It led to something that only metadata tell.
    proposal.retryAtMs = Infinity;
    return null;
  }
  const next = s.rules.afterAlterPartitionError(errorCode);
  if (next === 'revert') forget(s, leader);
  else proposal.retryAtMs = next === 'wait' ? Infinity : s.nowMs + s.options.alterPartitionBackoffMs;
  return null;
}

/** No answer came: whether it was taken is not known. */
export function onAlterPartitionLost(s: CoreState, leader: Leader, correlationId: number): boolean {
  if (leader.proposal?.correlationId !== correlationId) return false;
  const next = s.rules.afterAlterPartitionError(ERROR.REQUEST_TIMED_OUT);
  if (next === 'revert') forget(s, leader);
  else leader.proposal.retryAtMs = s.nowMs + s.options.alterPartitionBackoffMs;
  return true;
}
