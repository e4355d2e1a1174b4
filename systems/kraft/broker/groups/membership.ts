/**
 * JoinGroup, SyncGroup, Heartbeat, LeaveGroup (KIP-62, KIP-345 static members, KIP-394 member id required).
 *
 *     joinGroup(context, group, call);
 *
 * A member joins with the id that it was given. From version 4 on its first request only gives it one, so that a client that gives
 * up and comes again does not fill the group with members that nobody is.
 */
import type { ErrorName } from '../../wire/error-codes.ts';
import { ERROR } from '../../wire/error-codes.ts';
import { coordinatorError } from '../coordinator-log.ts';
import type { CallOf } from './group-calls.ts';
import type { GroupContext } from './group-context.ts';
import { refuseJoin, replySync } from './group-context.ts';
import type { Group, Member } from './group.ts';
import { NO_BYTES, sameProtocols } from './group.ts';
import {
  maybeCompleteJoin,
  prepareRebalance,
  removeMember,
  replyAssignment,
  replyJoined,
  storeAssignment,
  touch,
} from './rebalance.ts';

type JoinCall = CallOf<'JoinGroup'>;
const MEMBER_ID_REQUIRED_FROM_VERSION = 4;
/** So much of a client's or an instance's name goes into a member's id, which must fit into a record. */
const NAME_IN_MEMBER_ID_MAX = 255;

// Joining

export function joinGroup(context: GroupContext, group: Group, call: JoinCall): void {
  const { request, replyTo } = call;
  const { memberId, groupInstanceId, protocolType, protocols } = request;
  const refuse = (error: ErrorName): void => refuseJoin(context, replyTo, memberId, error);
  if (group.state === 'Dead') return refuse('COORDINATOR_NOT_AVAILABLE');
  if (!group.supports(protocolType, protocols)) return refuse('INCONSISTENT_GROUP_PROTOCOL');
  if (memberId === '') return joinWithoutId(context, group, call);
  if (group.pendingMembers.has(memberId)) {
    if (groupInstanceId !== null) return refuse('UNKNOWN_MEMBER_ID');
    return addMember(context, group, call, memberId);
  }
  const member = findMember(context, group, memberId, groupInstanceId);
  if (typeof member === 'string') return refuse(member);
  rejoin(context, group, call, member);
}

function joinWithoutId(context: GroupContext, group: Group, call: JoinCall): void {
  const { request, replyTo, clientId, version } = call;
  const { groupInstanceId } = request;
  const name = (groupInstanceId ?? clientId).slice(0, NAME_IN_MEMBER_ID_MAX);
  const memberId = `${name}-${context.newUuid()}`;
  if (groupInstanceId !== null) {
    const present = group.instances.get(groupInstanceId);
    const member = present === undefined ? undefined : group.members.get(present);
    if (member !== undefined) return replaceStatic(context, group, call, member, memberId);
    return addMember(context, group, call, memberId);
  }
  if (version < MEMBER_ID_REQUIRED_FROM_VERSION) return addMember(context, group, call, memberId);
  if (isFull(context, group)) return refuseJoin(context, replyTo, '', 'GROUP_MAX_SIZE_REACHED');
  group.pendingMembers.set(memberId, context.nowMs + request.sessionTimeoutMs);
  refuseJoin(context, replyTo, memberId, 'MEMBER_ID_REQUIRED');
}

const isFull = (context: GroupContext, group: Group): boolean =>
  group.members.size + group.pendingMembers.size >= context.options.maxSize;

function addMember(context: GroupContext, group: Group, call: JoinCall, memberId: string): void {
  const { request, clientId, clientHost, replyTo } = call;
  const wasPending = group.pendingMembers.delete(memberId);
  if (!wasPending && isFull(context, group)) {
    return refuseJoin(context, replyTo, '', 'GROUP_MAX_SIZE_REACHED');
  }
  if (group.members.size === 0) group.protocolType = request.protocolType;
  group.add({
    id: memberId,
    instanceId: request.groupInstanceId,
    clientId,
    clientHost,
    ...timeouts(request),
    protocols: request.protocols,
    assignment: NO_BYTES,
    sessionEndsMs: context.nowMs + request.sessionTimeoutMs,
    joining: replyTo,
    syncing: null,
    joinEndsMs: context.nowMs + context.options.newMemberJoinTimeoutMs,
  });
  if (group.rebalance !== null) group.rebalance.hasNewMember = true;
  if (group.state === 'PreparingRebalance') maybeCompleteJoin(context, group);
  else prepareRebalance(context, group);
}

/** Before version 1 a member had its session to join again. */
function timeouts(request: JoinCall['request']): Pick<Member, 'rebalanceTimeoutMs' | 'sessionTimeoutMs'> {
  const { rebalanceTimeoutMs, sessionTimeoutMs } = request;
  return {
    rebalanceTimeoutMs: rebalanceTimeoutMs < 0 ? sessionTimeoutMs : rebalanceTimeoutMs,
    sessionTimeoutMs,
  };
}

function rejoin(context: GroupContext, group: Group, call: JoinCall, member: Member): void {
  const { request, replyTo } = call;
  const isSame = sameProtocols(member.protocols, request.protocols);
  if (member.joining !== null) refuseJoin(context, member.joining, member.id, 'REBALANCE_IN_PROGRESS');
  member.joining = replyTo;
  // Its answer was lost, or a follower asks again: nothing has changed. A leader that asks wants to assign anew.
  const isAnswered =
    isSame &&
    (group.state === 'CompletingRebalance' || (group.state === 'Stable' && member.id !== group.leader));
  if (isAnswered) return replyJoined(context, group, member);
  member.protocols = request.protocols;
  Object.assign(member, timeouts(request));
  if (group.state === 'PreparingRebalance') maybeCompleteJoin(context, group);
  else prepareRebalance(context, group);
}

/** A static member is back in a new process: it takes its place and its partitions, and the old process is fenced (KIP-345). */
function replaceStatic(
  context: GroupContext,
  group: Group,
  call: JoinCall,
  member: Member,
  memberId: string,
): void {
  const { request, replyTo } = call;
  const oldId = member.id;
  const oldLeader = group.leader;
  if (member.joining !== null) refuseJoin(context, member.joining, oldId, 'FENCED_INSTANCE_ID');
  if (member.syncing !== null) replySync(context, member.syncing, 'FENCED_INSTANCE_ID');
  member.syncing = null;
  member.joining = null;
  const before = group.protocol;
  group.rename(oldId, memberId);
  member.protocols = request.protocols;
  Object.assign(member, timeouts(request));
  touch(context, member);
  member.joining = replyTo;
  if (group.state === 'PreparingRebalance') return maybeCompleteJoin(context, group);
  if (group.state !== 'Stable' || group.selectProtocol() !== before) return prepareRebalance(context, group);
  // Nothing changes but the id. It must be durable: a later coordinator would fence the new process and take the old one.
  const { generation } = group;
  const value = group.toValue();
  context.append(group, [{ type: 'group', groupId: group.id, value }], (outcome) => {
    if (member.joining !== replyTo) return;
    if (group.state !== 'Stable' || group.generation !== generation) return;
    if (outcome.error !== 'NONE') {
      member.joining = null;
      refuseJoin(context, replyTo, memberId, coordinatorError(outcome.error));
      return;
    }
    // It hears the old leader's id, so that it does not take itself for the leader and assign.
    const leader = oldLeader ?? '';
    const { protocol } = group;
    const response = { errorCode: ERROR.NONE, generationId: generation, leader, memberId, members: [] };
    context.reply('JoinGroup', replyTo, { ...response, protocolName: protocol ?? '' });
    member.joining = null;
    member.joinEndsMs = Infinity;
    touch(context, member);
  });
}

/** The member that a request is from, or why it is from none. */
export function findMember(
  context: GroupContext,
  group: Group,
  memberId: string,
  instanceId: string | null,
): Member | ErrorName {
  const acting = context.rules.actingMember({
    memberId,
    instanceId,
    instanceHolder: instanceId === null ? undefined : group.instances.get(instanceId),
    isMember: group.members.has(memberId),
  });
  if ('error' in acting) return acting.error;
  return group.members.get(acting.memberId) ?? 'UNKNOWN_MEMBER_ID';
}

// Syncing

export function syncGroup(context: GroupContext, group: Group, call: CallOf<'SyncGroup'>): void {
  const { request, replyTo } = call;
  const { memberId, groupInstanceId, generationId, assignments } = request;
  const refuse = (error: ErrorName): void => replySync(context, replyTo, error);
  if (group.state === 'Dead') return refuse('COORDINATOR_NOT_AVAILABLE');
  const member = findMember(context, group, memberId, groupInstanceId);
  if (typeof member === 'string') return refuse(member);
  if (!context.rules.generationIsCurrent('sync', generationId, group.generation)) {
    return refuse('ILLEGAL_GENERATION');
  }
  if (group.state === 'Empty') return refuse('UNKNOWN_MEMBER_ID');
  if (group.state === 'PreparingRebalance') return refuse('REBALANCE_IN_PROGRESS');
  if (group.state === 'Stable') return replyAssignment(context, group, member, replyTo);
  if (member.syncing !== null) replySync(context, member.syncing, 'REBALANCE_IN_PROGRESS');
  member.syncing = replyTo;
  group.unsynced.delete(member.id);
  // The first assignment counts: a second one could be handed out to some, and the first be what is durable.
  if (member.id !== group.leader || group.isStoring) return;
  storeAssignment(context, group, new Map(assignments.map((each) => [each.memberId, each.assignment])));
}

// Staying and leaving

export function heartbeat(context: GroupContext, group: Group, call: CallOf<'Heartbeat'>): void {
  const { request, replyTo } = call;
  const answer = (error: ErrorName): void => context.reply('Heartbeat', replyTo, { errorCode: ERROR[error] });
  if (group.state === 'Dead') return answer('COORDINATOR_NOT_AVAILABLE');
  const member = findMember(context, group, request.memberId, request.groupInstanceId);
  if (typeof member === 'string') return answer(member);
  if (!context.rules.generationIsCurrent('heartbeat', request.generationId, group.generation)) {
    return answer('ILLEGAL_GENERATION');
  }
  touch(context, member);
  answer(group.state === 'PreparingRebalance' ? 'REBALANCE_IN_PROGRESS' : 'NONE');
}

export function leaveGroup(
  context: GroupContext,
  group: Group | undefined,
  call: CallOf<'LeaveGroup'>,
): void {
  const { request, replyTo, version } = call;
  const leaving = version < 3 ? [{ memberId: request.memberId, groupInstanceId: null }] : request.members;
  const members = leaving.map((each) => ({ ...each, errorCode: ERROR[leave(context, group, each)] }));
  // One member's error is the answer's until version 2; from version 3 on each has its own.
  const errorCode = version < 3 ? (members[0]?.errorCode ?? ERROR.NONE) : ERROR.NONE;
  context.reply('LeaveGroup', replyTo, { errorCode, members: version < 3 ? [] : members });
}

function leave(
  context: GroupContext,
  group: Group | undefined,
  { memberId, groupInstanceId }: { readonly memberId: string; readonly groupInstanceId: string | null },
): ErrorName {
  if (group === undefined) return 'UNKNOWN_MEMBER_ID';
  if (group.state === 'Dead') return 'COORDINATOR_NOT_AVAILABLE';
  if (groupInstanceId === null && group.pendingMembers.delete(memberId)) {
    maybeCompleteJoin(context, group);
    return 'NONE';
  }
  // An operator removes a static member by its instance alone.
  const holder = groupInstanceId === null ? undefined : group.instances.get(groupInstanceId);
  const id = memberId === '' && holder !== undefined ? holder : memberId;
  const member = findMember(context, group, id, groupInstanceId);
  if (typeof member === 'string') return member;
  removeMember(context, group, member, 'UNKNOWN_MEMBER_ID');
  return 'NONE';
}
