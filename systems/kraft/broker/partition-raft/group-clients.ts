/**
 * What the clients of a partition see that a Raft group replicates, as a state machine: producers and consumers are served as in ISR
 * replication, and who leads and what is committed comes from the group's core (`systems/kraft/quorum`).
 *
 *     const clients = new GroupClients({ brokerId: 1, options, rules, log, replicas: [1, 2, 3] });
 *     clients.follow(nowMs, 4, 2);                 // the group is in epoch 4, led by broker 2
 *     clients.lead(nowMs, 5);                      // this replica leads
 *     clients.produce(nowMs, token, request);      // an `append` effect: into the group's log; then clients.appended(nowMs, range)
 *     clients.committed(nowMs, 17);                // `reply-produce` for what is below offset 17
 *
 * Not here: the followers' fetches, which are the group's; transactions, which such partitions do not take.
 */
import type { Effect } from '../partition/effects.ts';
import { onEpochEnd, onFetch } from '../partition/fetches.ts';
import { checkInvariants, nothingSeen } from '../partition/invariants.ts';
import {
  answerProduces,
  leave,
  newLeader,
  onProduced,
  onProduceFailed,
  parkedDeadlineMs,
  produce,
  tickLeader,
} from '../partition/leader.ts';
import type { ConsumerFetch, EpochEndRequest, ProduceRequest, Token } from '../partition/messages.ts';
import { NO_LEADER } from '../partition/messages.ts';
import type { PartitionOptions } from '../partition/options.ts';
import { wakeFetches } from '../partition/purgatory.ts';
import type { CoreConfig, RoleState } from '../partition/state.ts';
import { CoreState } from '../partition/state.ts';
import { groupRules } from './group-rules.ts';

export interface GroupClientsConfig extends CoreConfig {
  /** The voters. */
  readonly replicas: readonly number[];
}

export class GroupClients {
  private readonly s: CoreState;
  private readonly seen = nothingSeen();

  constructor({ replicas, ...config }: GroupClientsConfig) {
    this.s = new CoreState({ ...config, rules: groupRules(config.rules) });
    this.s.partition = { ...this.s.partition, replicas, isr: replicas };
  }

  /** The effects since the last call, in order. The caller owns them. */
  takeEffects(): Effect[] {
    const { effects } = this.s;
    if (effects.length > 0) this.s.effects = [];
    return effects;
  }

  // The group

  lead(nowMs: number, leaderEpoch: number): void {
    const { s } = this;
    s.nowMs = nowMs;
    this.enter(leaderEpoch, s.brokerId, () => newLeader(s));
  }

  /** @param leader - null where none is known */
  follow(nowMs: number, leaderEpoch: number, leader: number | null): void {
    this.s.nowMs = nowMs;
    this.enter(leaderEpoch, leader ?? NO_LEADER, () => ({ name: 'offline' }));
  }

  private enter(leaderEpoch: number, leader: number, role: () => RoleState): void {
    const { s } = this;
    const { partition } = s;
    const isSame = leader === partition.leader && leaderEpoch === partition.leaderEpoch;
    // A group that elects goes through more states than clients see.
    if (isSame && s.role.name !== 'leader' && leader !== s.brokerId) return;
    if (s.role.name === 'leader') leave(s, s.role);
    s.partition = { ...s.partition, leader, leaderEpoch };
    s.role = role();
    const following = leader === NO_LEADER ? 'offline' : 'follower';
    const named = s.role.name === 'leader' ? 'leader' : following;
    s.trace({ kind: 'role', role: named, leaderEpoch, leader });
  }

  /** Everything before this offset is committed. */
  committed(nowMs: number, offset: number): void {
    const { s } = this;
    s.nowMs = nowMs;
    if (!s.advanceHighWatermark(offset) || s.role.name !== 'leader') return;
    answerProduces(s, s.role);
    wakeFetches(s, s.role);
  }

  // Clients

  /** Answered by one `reply-produce`, sooner or later. */
  produce(nowMs: number, token: Token, request: ProduceRequest): void {
    this.s.nowMs = nowMs;
    produce(this.s, token, request);
  }

  /** What an `append` asked for is in the group's log. */
  appended(nowMs: number, range: { readonly baseOffset: number; readonly lastOffset: number }): void {
    const { s } = this;
    s.nowMs = nowMs;
    if (s.role.name === 'leader') onProduced(s, s.role, range);
  }

  /** The group does not take it. */
  appendFailed(nowMs: number, errorCode: number): void {
    const { s } = this;
    s.nowMs = nowMs;
    if (s.role.name === 'leader') onProduceFailed(s, s.role, errorCode);
  }

  /** Answered by one `reply-fetch`, sooner or later. */
  fetch(nowMs: number, token: Token, request: ConsumerFetch): void {
    this.s.nowMs = nowMs;
    onFetch(this.s, token, request);
  }

  /** Answered by one `reply-epoch-end`, at once. */
  epochEnd(nowMs: number, token: Token, request: EpochEndRequest): void {
    this.s.nowMs = nowMs;
    onEpochEnd(this.s, token, request);
  }

  configure(options: Partial<PartitionOptions>): void {
    this.s.options = { ...this.s.options, ...options };
  }

  /** The replica ends: whoever waits is told. */
  close(nowMs: number): void {
    this.follow(nowMs, this.leaderEpoch, null);
  }

  // Time

  tick(nowMs: number): void {
    const { s } = this;
    s.nowMs = nowMs;
    if (s.role.name === 'leader') tickLeader(s, s.role);
  }

  /** When {@link tick} is due next; infinite while only inputs matter. */
  get deadlineMs(): number {
    const { role } = this.s;
    return role.name === 'leader' ? parkedDeadlineMs(role) : Infinity;
  }

  // To look at

  get leaderEpoch(): number {
    return this.s.leaderEpoch;
  }

  /** @throws Error with a sentence when the state is impossible */
  invariants(): void {
    checkInvariants(this.s, this.seen);
  }
}
