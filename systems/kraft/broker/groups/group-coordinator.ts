/**
 * The coordinator of consumer groups (the classic protocol) as a state machine: requests in, records to append and replies out. No
 * promise, clock, timer or socket.
 *
 *     const coordinator = new GroupCoordinator({ options, rules: correctRules, newUuid });
 *     coordinator.startLoading(12);              // this broker leads partition 12 of __consumer_offsets
 *     coordinator.loadRecord(12, { offset, key, value, producerId });   // all of the log, in its order
 *     coordinator.finishLoading(now, 12);
 *     perform(coordinator.handle(now, call));    // effects: append, reply
 *     perform(coordinator.appended(now, appendId, { error: 'NONE', baseOffset: 40 }));
 *     perform(coordinator.tick(now));            // due at deadlineMs
 *     perform(coordinator.resign(12));           // another broker leads it
 *
 * What a reply promises is in the log and committed before it leaves. Replies to calls come once each, in any order.
 */
import { assert } from '../../../../harness/errors.ts';
import type { ErrorName } from '../../wire/error-codes.ts';
import { ERROR } from '../../wire/error-codes.ts';
import type { AppendOutcome, Instant } from '../coordinator-log.ts';
import { coordinatorPartition } from '../coordinator-log.ts';
import { deleteGroup, describeGroup, expireOffsets } from './group-admin.ts';
import type { CallOf, GroupCall, GroupEffect } from './group-calls.ts';
import type { GroupConfig } from './group-context.ts';
import { GroupContext, refuseJoin, replySync } from './group-context.ts';
import { Group } from './group.ts';
import { checkGroup } from './invariants.ts';
import { GroupLoader } from './load.ts';
import { heartbeat, joinGroup, leaveGroup, syncGroup } from './membership.ts';
import { deleteOffsets, forgetOffsets, refuseDeletion } from './offset-deletion.ts';
import { commitOffsets, commitTransactionally, endTransaction, fetchOffsets } from './offsets.ts';
import { refuseCommit, refuseFetch } from './offsets.ts';
import { nextDeadlineMs, tickGroup } from './group-timers.ts';

export interface LoadedGroupRecord {
  readonly offset: number;
  readonly key: Uint8Array;
  readonly value: Uint8Array | null;
  /** Of a transactional batch, or null. */
  readonly producerId: number | null;
}

interface Partition {
  groups: Map<string, Group>;
  /** Null when all is read. */
  loader: GroupLoader | null;
}

export class GroupCoordinator {
  private readonly context: GroupContext;
  private readonly partitions = new Map<number, Partition>();
  private nextRetentionCheckMs: number | null = null;
  /** No group's deadline is before it. */
  private earliestMs = Infinity;

  constructor(config: GroupConfig) {
    this.context = new GroupContext(config);
  }

  // Partitions

  startLoading(partition: number): void {
    this.partitions.set(partition, { groups: new Map(), loader: new GroupLoader(this.context, partition) });
  }

  /** @throws MalformedError for a record that is none */
  loadRecord(partition: number, record: LoadedGroupRecord): void {
    const { offset, key, value, producerId } = record;
    this.partitions.get(partition)?.loader?.record(offset, key, value, producerId);
  }

  loadMarker(partition: number, producerId: number, marker: 'commit' | 'abort', offset: number): void {
    this.partitions.get(partition)?.loader?.marker(producerId, marker, offset);
  }

  finishLoading(now: Instant, partition: number): readonly GroupEffect[] {
    const found = this.partitions.get(partition);
    if (found === undefined || found.loader === null) return [];
    this.context.now = now;
    const { loader } = found;
    found.loader = null;
    found.groups = loader.finish();
    for (const group of found.groups.values()) this.context.touched.add(group);
    return this.context.take();
  }

  /** Another broker leads the partition: whoever waits is sent there, and what is here is forgotten. */
  resign(partition: number): readonly GroupEffect[] {
    const found = this.partitions.get(partition);
    if (found === undefined) return [];
    this.partitions.delete(partition);
    for (const group of found.groups.values()) {
      group.state = 'Dead';
      for (const member of group.members.values()) {
        if (member.joining !== null) {
          refuseJoin(this.context, member.joining, member.id, 'NOT_COORDINATOR');
          member.joining = null;
        }
        if (member.syncing !== null) replySync(this.context, member.syncing, 'NOT_COORDINATOR');
        member.syncing = null;
      }
    }
    this.context.appends.abandon(partition);
    return this.context.take();
  }

  // Inputs

  handle(now: Instant, call: GroupCall): readonly GroupEffect[] {
    this.context.now = now;
    this.dispatch(call);
    return this.context.take();
  }

  /** What came of an append. */
  appended(now: Instant, appendId: number, outcome: AppendOutcome): readonly GroupEffect[] {
    this.context.now = now;
    this.context.appends.settle(appendId, outcome);
    return this.context.take();
  }

  /**
   * The marker of a transaction is committed in this partition of `__consumer_offsets`, behind all that was loaded: told once the
   * partition is loaded, in the order of the log. An append before it may be settled later.
   */
  transactionEnded(
    now: Instant,
    partition: number,
    producerId: number,
    marker: 'commit' | 'abort',
    offset: number,
  ): readonly GroupEffect[] {
    this.context.now = now;
    const found = this.partitions.get(partition);
    if (found === undefined) return [];
    assert(found.loader === null, 'a marker behind the end waits until all before it is loaded');
    for (const group of found.groups.values()) {
      endTransaction(this.context, group, producerId, marker, offset);
    }
    return this.context.take();
  }

  /** A topic is deleted, and its offsets with it. */
  topicDeleted(now: Instant, name: string): readonly GroupEffect[] {
    this.context.now = now;
    for (const group of this.groups()) forgetOffsets(this.context, group, name);
    return this.context.take();
  }

  /**
   * When {@link tick} is due, on the monotonic clock. Sometimes before anything is: a group's deadline mostly moves later, and what all
   * groups say together is only asked at a tick. An early tick does nothing.
   */
  get deadlineMs(): number {
    const { touched } = this.context;
    for (const group of touched) this.earliestMs = Math.min(this.earliestMs, nextDeadlineMs(group));
    touched.clear();
    return Math.min(this.earliestMs, this.nextRetentionCheckMs ?? Infinity);
  }

  tick(now: Instant): readonly GroupEffect[] {
    const { context } = this;
    context.now = now;
    const { retentionCheckIntervalMs } = context.options;
    this.nextRetentionCheckMs ??= now.monotonicMs + retentionCheckIntervalMs;
    const isRetentionDue = now.monotonicMs >= this.nextRetentionCheckMs;
    if (isRetentionDue) this.nextRetentionCheckMs = now.monotonicMs + retentionCheckIntervalMs;
    for (const group of this.groups()) {
      tickGroup(context, group);
      if (isRetentionDue) expireOffsets(context, group, (gone) => this.forget(gone));
    }
    this.earliestMs = Infinity;
    for (const group of this.groups()) context.touched.add(group);
    return context.take();
  }

  // Looking in

  group(groupId: string): Group | undefined {
    return this.partitions.get(this.partitionOf(groupId))?.groups.get(groupId);
  }

  partitionOf(groupId: string): number {
    return coordinatorPartition(groupId, this.context.options.offsetsPartitionCount);
  }

  /** @throws AssertionError when a group is in a state that cannot be */
  invariants(): void {
    for (const group of this.groups()) checkGroup(group);
  }

  private *groups(): Generator<Group, void, undefined> {
    for (const { groups } of this.partitions.values()) yield* groups.values();
  }

  private forget(group: Group): void {
    const found = this.partitions.get(group.partition);
    if (found?.groups.get(group.id) === group) found.groups.delete(group.id);
  }

  // Calls

  /** Why the group cannot be asked about here, or NONE. */
  private unavailable(groupId: string): ErrorName {
    const found = this.partitions.get(this.partitionOf(groupId));
    if (found === undefined) return 'NOT_COORDINATOR';
    return this.context.rules.mayServe(found.loader === null) ? 'NONE' : 'COORDINATOR_LOAD_IN_PROGRESS';
  }

  private create(groupId: string): Group {
    const partition = this.partitionOf(groupId);
    const group = new Group(groupId, partition);
    group.stateMs = this.context.now.wallMs;
    this.partitions.get(partition)?.groups.set(groupId, group);
    this.context.touched.add(group);
    return group;
  }

  private dispatch(call: GroupCall): void {
    const { context } = this;
    switch (call.api) {
      case 'DescribeGroups':
        return this.describe(call);
      case 'ListGroups':
        return this.list(call);
      case 'DeleteGroups':
        return this.delete(call);
      default:
    }
    const { groupId } = call.request;
    const unavailable =
      groupId === '' && call.api !== 'OffsetCommit' ? 'INVALID_GROUP_ID' : this.unavailable(groupId);
    if (unavailable !== 'NONE') return this.refuse(call, unavailable);
    const group = this.group(groupId);
    if (group !== undefined) context.touched.add(group);
    switch (call.api) {
      case 'JoinGroup':
        return this.join(call, group);
      case 'SyncGroup':
        return group === undefined ? this.refuse(call, 'UNKNOWN_MEMBER_ID') : syncGroup(context, group, call);
      case 'Heartbeat':
        return group === undefined ? this.refuse(call, 'UNKNOWN_MEMBER_ID') : heartbeat(context, group, call);
      case 'LeaveGroup':
        return leaveGroup(context, group, call);
      case 'OffsetFetch':
        return fetchOffsets(context, group, call);
      case 'OffsetDelete':
        return deleteOffsets(context, group, call);
      case 'OffsetCommit': {
        const isSimple = call.request.generationIdOrMemberEpoch < 0;
        if (group === undefined && !isSimple) return this.refuse(call, 'ILLEGAL_GENERATION');
        return commitOffsets(context, group ?? this.create(groupId), call);
      }
      case 'TxnOffsetCommit': {
        const isSimple = call.request.generationId < 0;
        if (group === undefined && !isSimple) return this.refuse(call, 'ILLEGAL_GENERATION');
        return commitTransactionally(context, group ?? this.create(groupId), call);
      }
    }
  }

  private join(call: CallOf<'JoinGroup'>, group: Group | undefined): void {
    const { sessionTimeoutMs, memberId, groupId } = call.request;
    const { minSessionTimeoutMs, maxSessionTimeoutMs } = this.context.options;
    if (sessionTimeoutMs < minSessionTimeoutMs || sessionTimeoutMs > maxSessionTimeoutMs) {
      return this.refuse(call, 'INVALID_SESSION_TIMEOUT');
    }
    if (group === undefined && memberId !== '') return this.refuse(call, 'UNKNOWN_MEMBER_ID');
    const joined = group ?? this.create(groupId);
    joinGroup(this.context, joined, call);
    // Refused, and nobody else is in it.
    if (group === undefined && joined.state === 'Empty' && joined.isUnused) this.forget(joined);
  }

  private refuse(
    call: Exclude<GroupCall, { api: 'DescribeGroups' | 'ListGroups' | 'DeleteGroups' }>,
    error: ErrorName,
  ): void {
    const { context } = this;
    const errorCode = ERROR[error];
    switch (call.api) {
      case 'JoinGroup':
        return refuseJoin(context, call.replyTo, call.request.memberId, error);
      case 'SyncGroup':
        return replySync(context, call.replyTo, error);
      case 'Heartbeat':
        return context.reply('Heartbeat', call.replyTo, { errorCode });
      case 'LeaveGroup':
        return context.reply('LeaveGroup', call.replyTo, { errorCode, members: [] });
      case 'OffsetFetch':
        return refuseFetch(context, call, error);
      case 'OffsetDelete':
        return refuseDeletion(context, call.replyTo, error);
      case 'OffsetCommit':
      case 'TxnOffsetCommit':
        return refuseCommit(context, call, error);
    }
  }

  private describe({ request, replyTo }: CallOf<'DescribeGroups'>): void {
    const groups = request.groups.map((groupId) =>
      describeGroup(groupId, this.group(groupId), this.unavailable(groupId)),
    );
    this.context.reply('DescribeGroups', replyTo, { groups });
  }

  private list({ replyTo }: CallOf<'ListGroups'>): void {
    const isLoading = [...this.partitions.values()].some(({ loader }) => loader !== null);
    const groups = [...this.groups()]
      .filter(({ state }) => state !== 'Dead')
      .map((group) => ({ groupId: group.id, protocolType: group.protocolType ?? '' }));
    const errorCode = isLoading ? ERROR.COORDINATOR_LOAD_IN_PROGRESS : ERROR.NONE;
    this.context.reply('ListGroups', replyTo, { errorCode, groups });
  }

  private delete({ request, replyTo }: CallOf<'DeleteGroups'>): void {
    const errors = new Map<string, ErrorName>();
    let waiting = 1;
    const answer = (): void => {
      if (--waiting > 0) return;
      const results = [...errors].map(([groupId, error]) => ({ groupId, errorCode: ERROR[error] }));
      this.context.reply('DeleteGroups', replyTo, { results });
    };
    for (const groupId of new Set(request.groupsNames)) {
      const group = this.group(groupId);
      const unavailable = this.unavailable(groupId);
      errors.set(groupId, unavailable);
      if (unavailable !== 'NONE') continue;
      if (group === undefined) errors.set(groupId, 'GROUP_ID_NOT_FOUND');
      else if (group.state === 'Dead') errors.set(groupId, 'COORDINATOR_NOT_AVAILABLE');
      else if (group.state !== 'Empty') errors.set(groupId, 'NON_EMPTY_GROUP');
      else {
        waiting++;
        const forget = (gone: Group): void => this.forget(gone);
        deleteGroup(this.context, group, forget, (error) => {
          errors.set(groupId, error);
          answer();
        });
      }
    }
    answer();
  }
}
