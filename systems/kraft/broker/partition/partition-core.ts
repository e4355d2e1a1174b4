/**
 * One replica of a partition as a state machine: inputs in, effects out, and nothing else. No promise, clock, timer, socket or
 * file; time comes with each input, and the log is asked through a small interface.
 *
 *     const core = new PartitionCore({ brokerId: 1, options, rules: correctRules, log }, nowMs);
 *     core.brokersChanged(nowMs, brokers);
 *     core.metadata(nowMs, { leader: 1, leaderEpoch: 0, partitionEpoch: 0, replicas: [1, 2, 3], isr: [1, 2, 3] });
 *     core.produce(nowMs, token, { acks: -1, timeoutMs: 30_000, batches });
 *     for (const effect of core.takeEffects()) perform(effect); // append; then core.appended(nowMs, token, range)
 *
 * Effects are taken and performed after every input, appends at once (see effects.ts). A fetch's records are read by the driver
 * when it sends the answer; where the leader epoch is another by then, it answers NOT_LEADER_OR_FOLLOWER instead.
 *
 * Not here: several partitions in one request, fetch sessions, size limits of batches, retention, and reading from followers.
 */
import type { Effect, Role } from './effects.ts';
import { onEpochEnd, onFetch } from './fetches.ts';
import {
  newFollower,
  onEpochEndResponse,
  onFetched,
  onFetchedFailed,
  onFetchResponse,
  onRequestLost,
  pollFollower,
  truncate,
} from './follower.ts';
import { checkInvariants, nothingSeen } from './invariants.ts';
import {
  checkLag,
  maximalIsr,
  onAlterPartitionLost,
  onAlterPartitionResponse,
  retryProposal,
} from './isr.ts';
import {
  answerProduces,
  keepReplicas,
  leave,
  newLeader,
  onProduced,
  onProduceFailed,
  parkedDeadlineMs,
  produce,
  tickLeader,
  updateHighWatermark,
} from './leader.ts';
import type {
  AlterPartitionResponse,
  BrokerView,
  EpochEndRequest,
  EpochEndResponse,
  FetchRequest,
  FetchResponse,
  PartitionState,
  ProduceRequest,
  Token,
} from './messages.ts';
import { NO_LEADER } from './messages.ts';
import type { PartitionOptions } from './options.ts';
import type { CoreConfig, RoleState } from './state.ts';
import { CoreState } from './state.ts';

export interface PartitionStatus extends PartitionState {
  readonly role: Role;
  /** The ISR and what is proposed: all of them count. */
  readonly maximalIsr: readonly number[];
  readonly highWatermark: number;
  readonly logEndOffset: number;
  readonly parkedProduces: number;
  readonly parkedFetches: number;
}

export class PartitionCore {
  private readonly s: CoreState;
  private readonly seen = nothingSeen();

  /** @param nowMs - monotonic milliseconds, as everywhere */
  constructor(config: CoreConfig, nowMs: number) {
    this.s = new CoreState(config);
    this.s.nowMs = nowMs;
  }

  /** The effects since the last call, in order. The caller owns them. */
  takeEffects(): Effect[] {
    const { effects } = this.s;
    if (effects.length > 0) this.s.effects = [];
    return effects;
  }

  // Metadata

  /** The partition as the metadata show it now, in the order of the metadata's log. Old news are none. */
  metadata(nowMs: number, partition: PartitionState): void {
    const { s } = this;
    s.nowMs = nowMs;
    if (s.truncatingTo !== null) s.deferred = partition;
    else this.apply(partition);
    this.poll();
  }

  brokersChanged(nowMs: number, brokers: ReadonlyMap<number, BrokerView>): void {
    this.s.nowMs = nowMs;
    this.s.brokers = brokers;
    this.poll();
  }

  /** The topic's or the broker's configuration changed. */
  configure(nowMs: number, options: Partial<PartitionOptions>): void {
    const { s } = this;
    s.nowMs = nowMs;
    s.options = { ...s.options, ...options };
    if (s.role.name === 'leader') updateHighWatermark(s, s.role);
    this.poll();
  }

  private apply(partition: PartitionState): void {
    const { s } = this;
    if (!s.rules.isNews(partition, s.partition)) return;
    const isSameLeadership = partition.leaderEpoch === s.partition.leaderEpoch && s.role.name !== 'offline';
    s.partition = partition;
    s.traceIsr(null);
    if (!isSameLeadership || !partition.replicas.includes(s.brokerId)) return this.changeRole();
    if (s.role.name !== 'leader') return;
    // What was proposed rests on an older partition epoch: it was taken, or never will be.
    s.role.proposal = null;
    keepReplicas(s, s.role);
    updateHighWatermark(s, s.role);
  }

  /** The replica ends, whatever becomes of the partition: whoever waits is told. Nothing more is asked of it. */
  close(nowMs: number): void {
    this.s.nowMs = nowMs;
    this.enter({ name: 'offline' }, NO_LEADER);
  }

  private changeRole(): void {
    const { s } = this;
    const { partition, brokerId } = s;
    this.enter(this.newRole(), partition.leader);
    if (s.role.name === 'leader') {
      if (!s.rules.keepsProducerState()) s.log.forgetProducers();
      updateHighWatermark(s, s.role);
    } else if (partition.replicas.includes(brokerId)) {
      truncate(s, s.rules.keptEndOffset(s.log.logEndOffset, s.log.highWatermark));
    }
  }

  private enter(role: RoleState, leader: number): void {
    const { s } = this;
    if (s.role.name === 'leader') leave(s, s.role);
    s.role = role;
    s.trace({ kind: 'role', role: role.name, leaderEpoch: s.leaderEpoch, leader });
  }

  private newRole(): RoleState {
    const { s } = this;
    const { leader, replicas } = s.partition;
    if (!replicas.includes(s.brokerId)) return { name: 'offline' };
    return leader === s.brokerId ? newLeader(s) : newFollower(s);
  }

  // Clients and followers

  /** Answered by one `reply-produce`, sooner or later. */
  produce(nowMs: number, token: Token, request: ProduceRequest): void {
    this.s.nowMs = nowMs;
    produce(this.s, token, request);
  }

  /** Answered by one `reply-fetch`, sooner or later. */
  fetch(nowMs: number, token: Token, request: FetchRequest): void {
    this.s.nowMs = nowMs;
    onFetch(this.s, token, request);
  }

  /** Answered by one `reply-epoch-end`, at once. */
  epochEnd(nowMs: number, token: Token, request: EpochEndRequest): void {
    this.s.nowMs = nowMs;
    onEpochEnd(this.s, token, request);
  }

  // The log

  /** An `append` or `append-fetched` is done: the log has it. */
  appended(nowMs: number, range: { readonly baseOffset: number; readonly lastOffset: number }): void {
    const { s } = this;
    s.nowMs = nowMs;
    if (s.role.name === 'leader') onProduced(s, s.role, range);
    else if (s.role.name === 'follower') onFetched(s, s.role);
    this.poll();
  }

  /** The log did not take the batches, and is as before. A disk that fails is the driver's to crash for. */
  appendFailed(nowMs: number, errorCode: number): void {
    const { s } = this;
    s.nowMs = nowMs;
    if (s.role.name === 'leader') onProduceFailed(s, s.role, errorCode);
    else if (s.role.name === 'follower') onFetchedFailed(s, s.role);
    this.poll();
  }

  /** More of the log is written, or with `flushesEveryAppend` durable. */
  stored(nowMs: number): void {
    const { s } = this;
    s.nowMs = nowMs;
    if (s.role.name === 'leader') {
      updateHighWatermark(s, s.role);
      answerProduces(s, s.role);
    }
    this.poll();
  }

  /** A `truncate` or `truncate-fully` is done. */
  truncated(nowMs: number): void {
    const { s } = this;
    s.nowMs = nowMs;
    const { truncatingTo, deferred } = s;
    if (truncatingTo === null) return;
    s.truncatingTo = null;
    s.deferred = null;
    const { logEndOffset } = s.log;
    if (logEndOffset > truncatingTo) s.crash(`the log ends at ${logEndOffset}, truncated to ${truncatingTo}`);
    if (deferred !== null) this.apply(deferred);
    this.poll();
  }

  // Answers of others

  /** @param asked - the request that is answered */
  fetchResponse(
    nowMs: number,
    asked: { readonly correlationId: number; readonly leaderEpoch: number; readonly offset: number },
    response: FetchResponse,
  ): void {
    const { s } = this;
    s.nowMs = nowMs;
    if (s.role.name === 'follower') onFetchResponse(s, s.role, asked, response);
    this.poll();
  }

  epochEndResponse(
    nowMs: number,
    asked: { readonly correlationId: number; readonly leaderEpoch: number },
    response: EpochEndResponse,
  ): void {
    const { s } = this;
    s.nowMs = nowMs;
    if (s.role.name === 'follower') onEpochEndResponse(s, s.role, asked, response);
    this.poll();
  }

  alterPartitionResponse(nowMs: number, correlationId: number, response: AlterPartitionResponse): void {
    const { s } = this;
    s.nowMs = nowMs;
    if (s.role.name !== 'leader') return;
    const partition = onAlterPartitionResponse(s, s.role, correlationId, response);
    if (partition !== null) this.apply(partition);
    this.poll();
  }

  /** A request was not answered, and will not be: it is tried again after a while. */
  requestFailed(nowMs: number, correlationId: number): void {
    const { s } = this;
    s.nowMs = nowMs;
    if (s.role.name === 'leader') onAlterPartitionLost(s, s.role, correlationId);
    else if (s.role.name === 'follower') onRequestLost(s, s.role, correlationId);
    this.poll();
  }

  // Time

  tick(nowMs: number): void {
    const { s } = this;
    s.nowMs = nowMs;
    if (s.role.name === 'leader') tickLeader(s, s.role);
    this.poll();
  }

  /** When {@link tick} is due next; an early tick does nothing. Infinite while only inputs matter. */
  get deadlineMs(): number {
    const { role, truncatingTo } = this.s;
    if (role.name === 'offline') return Infinity;
    if (role.name === 'leader') {
      return Math.min(role.nextLagCheckMs, role.proposal?.retryAtMs ?? Infinity, parkedDeadlineMs(role));
    }
    if (role.leader < 0 || truncatingTo !== null || role.appending !== null) return Infinity;
    if (role.request !== null) return role.request.deadlineMs;
    // It fetches on when its log is flushed.
    return this.s.countedEndOffset < this.s.log.logEndOffset ? Infinity : role.retryAtMs;
  }

  private poll(): void {
    const { s } = this;
    if (s.crashed) return;
    if (s.role.name === 'leader') {
      checkLag(s, s.role);
      retryProposal(s, s.role);
    } else if (s.role.name === 'follower') pollFollower(s, s.role);
  }

  // To look at

  get leaderEpoch(): number {
    return this.s.leaderEpoch;
  }

  status(): PartitionStatus {
    const { s } = this;
    const { role } = s;
    const isLeader = role.name === 'leader';
    return {
      ...s.partition,
      role: role.name,
      maximalIsr: isLeader ? maximalIsr(s, role) : s.partition.isr,
      highWatermark: s.log.highWatermark,
      logEndOffset: s.log.logEndOffset,
      parkedProduces: isLeader ? role.produces.length : 0,
      parkedFetches: isLeader ? role.fetches.length : 0,
    };
  }

  /** @throws Error with a sentence when the state is impossible; costs a few comparisons */
  invariants(): void {
    checkInvariants(this.s, this.seen);
  }
}
