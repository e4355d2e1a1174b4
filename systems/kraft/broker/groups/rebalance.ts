/**
 * A rebalance: members join, a generation begins, its leader's assignment is made durable and handed out.
 *
 *     prepareRebalance(context, group);   // every member is told to join again, and has the rebalance timeout to do so
 *     maybeCompleteJoin(context, group);  // all are here: a new generation; the leader hears who is in it
 *     storeAssignment(context, group, …); // the leader's assignment: appended, committed, and only then handed out
 */
import { ERROR } from '../../wire/error-codes.ts';
import type { ErrorName } from '../../wire/error-codes.ts';
import type { AppendError } from '../coordinator-log.ts';
import { coordinatorError } from '../coordinator-log.ts';
import type { GroupContext } from './group-context.ts';
import { refuseJoin, replySync } from './group-context.ts';
import type { Group, Member } from './group.ts';
import { NO_BYTES } from './group.ts';

export function touch(context: GroupContext, member: Member): void {
  member.sessionEndsMs = context.nowMs + member.sessionTimeoutMs;
}

/** Begins a rebalance where none is: members that wait for an assignment learn that there will be another. */
export function prepareRebalance(context: GroupContext, group: Group): void {
  if (group.state === 'CompletingRebalance') resetAssignments(context, group, 'REBALANCE_IN_PROGRESS');
  const { initialRebalanceDelayMs } = context.options;
  const timeoutMs = group.rebalanceTimeoutMs;
  const isInitial = group.state === 'Empty';
  group.rebalance = {
    endsMs: context.nowMs + (isInitial ? Math.min(initialRebalanceDelayMs, timeoutMs) : timeoutMs),
    initialRemainingMs: isInitial ? Math.max(0, timeoutMs - initialRebalanceDelayMs) : null,
    hasNewMember: false,
  };
  endSync(group);
  group.become('PreparingRebalance', context.now.wallMs);
  maybeCompleteJoin(context, group);
}

function endSync(group: Group): void {
  group.unsynced.clear();
  group.syncEndsMs = Infinity;
  group.isStoring = false;
}

/** Whoever waits for an assignment of this generation will not get one. */
function resetAssignments(context: GroupContext, group: Group, error: ErrorName): void {
  for (const member of group.members.values()) {
    member.assignment = NO_BYTES;
    if (member.syncing === null) continue;
    replySync(context, member.syncing, error);
    member.syncing = null;
    touch(context, member);
  }
}

/** Ends the joining if everybody is here. An empty group's first delay runs to its end. */
export function maybeCompleteJoin(context: GroupContext, group: Group): void {
  const { rebalance } = group;
  if (group.state !== 'PreparingRebalance' || rebalance === null) return;
  const isDelayed = rebalance.initialRemainingMs !== null && rebalance.endsMs > context.nowMs;
  if (isDelayed && group.members.size + group.pendingMembers.size > 0) return;
  const facts = {
    waiting: group.waitingCount,
    members: group.members.size,
    pending: group.pendingMembers.size,
  };
  if (context.rules.isJoinComplete(facts)) completeJoin(context, group);
}

/** The time to join is over: an initial delay may begin again, any other rebalance goes on with who is here. */
export function joinTimeIsOver(context: GroupContext, group: Group): void {
  const { rebalance } = group;
  if (rebalance === null) return;
  const remainingMs = rebalance.initialRemainingMs;
  if (remainingMs !== null && remainingMs > 0 && rebalance.hasNewMember) {
    const delayMs = Math.min(context.options.initialRebalanceDelayMs, remainingMs);
    rebalance.hasNewMember = false;
    rebalance.endsMs = context.nowMs + delayMs;
    rebalance.initialRemainingMs = remainingMs - delayMs;
    return;
  }
  completeJoin(context, group);
}

function completeJoin(context: GroupContext, group: Group): void {
  for (const member of [...group.members.values()]) {
    // A static member may be away for its session; it keeps its place.
    if (member.joining === null && member.instanceId === null) group.remove(member);
  }
  const waiting = [...group.members.values()].filter(({ joining }) => joining !== null);
  if (group.members.size > 0 && waiting.length === 0) {
    // Only static members that are away: nobody could assign. Their sessions end, or they come.
    if (group.rebalance !== null) group.rebalance.endsMs = context.nowMs + group.rebalanceTimeoutMs;
    return;
  }
  group.rebalance = null;
  group.generation = context.rules.generationAfter(group.generation);
  if (group.members.size === 0) becomeEmpty(context, group);
  else beginGeneration(context, group, waiting);
}

function becomeEmpty(context: GroupContext, group: Group): void {
  group.protocol = null;
  group.leader = null;
  endSync(group);
  group.become('Empty', context.now.wallMs);
  // If this is lost the next coordinator waits for the sessions of members that are gone: late, and not wrong.
  const value = group.toValue();
  context.append(group, [{ type: 'group', groupId: group.id, value }], () => undefined);
}

function beginGeneration(context: GroupContext, group: Group, waiting: readonly Member[]): void {
  if (!waiting.some(({ id }) => id === group.leader)) group.leader = (waiting[0] as Member).id;
  group.protocol = group.selectProtocol();
  group.become('CompletingRebalance', context.now.wallMs);
  endSync(group);
  group.syncEndsMs = context.nowMs + group.rebalanceTimeoutMs;
  for (const member of waiting) {
    replyJoined(context, group, member);
    group.unsynced.add(member.id);
  }
}

/** Tells a member its generation; the leader hears of everybody. */
export function replyJoined(context: GroupContext, group: Group, member: Member): void {
  const { joining } = member;
  if (joining === null) return;
  const members =
    member.id !== group.leader
      ? []
      : [...group.members.values()].map((each) => ({
          memberId: each.id,
          groupInstanceId: each.instanceId,
          metadata: group.metadataOf(each),
        }));
  context.reply('JoinGroup', joining, {
    errorCode: ERROR.NONE,
    generationId: group.generation,
    protocolName: group.protocol ?? '',
    leader: group.leader ?? '',
    memberId: member.id,
    members,
  });
  member.joining = null;
  member.joinEndsMs = Infinity;
  touch(context, member);
}

/** The leader has assigned: durable first, then everybody who waits gets its own. */
export function storeAssignment(
  context: GroupContext,
  group: Group,
  assignments: ReadonlyMap<string, Uint8Array>,
): void {
  const { generation } = group;
  group.isStoring = true;
  const isStill = (): boolean =>
    group.state === 'CompletingRebalance' && group.generation === generation && group.isStoring;
  const value = { ...group.toValue(assignments), currentStateMs: context.now.wallMs };
  context.append(group, [{ type: 'group', groupId: group.id, value }], (outcome) => {
    if (!isStill()) return;
    if (outcome.error === 'NONE') handOut(context, group, assignments);
    else failAssignment(context, group, outcome.error);
  });
  if (context.rules.assignmentIsFinal(false)) handOut(context, group, assignments);
}

function failAssignment(context: GroupContext, group: Group, error: AppendError): void {
  // A time-out is for the members a reason to join again, not to look for another coordinator.
  const told = error === 'REQUEST_TIMED_OUT' ? 'REBALANCE_IN_PROGRESS' : coordinatorError(error);
  resetAssignments(context, group, told);
  prepareRebalance(context, group);
}

function handOut(context: GroupContext, group: Group, assignments: ReadonlyMap<string, Uint8Array>): void {
  group.isStoring = false;
  group.become('Stable', context.now.wallMs);
  for (const member of group.members.values()) {
    member.assignment = assignments.get(member.id) ?? NO_BYTES;
    if (member.syncing !== null) replyAssignment(context, group, member, member.syncing);
  }
  if (group.unsynced.size === 0) group.syncEndsMs = Infinity;
}

export function replyAssignment(context: GroupContext, group: Group, member: Member, replyTo: number): void {
  replySync(context, replyTo, 'NONE', member.assignment);
  member.syncing = null;
  group.unsynced.delete(member.id);
  touch(context, member);
}

/** A member goes: by its own will, or since it was not heard. */
export function removeMember(context: GroupContext, group: Group, member: Member, told: ErrorName): void {
  if (member.joining !== null) refuseJoin(context, member.joining, member.id, told);
  if (member.syncing !== null) replySync(context, member.syncing, told);
  member.joining = null;
  member.syncing = null;
  group.remove(member);
  if (group.state === 'Stable' || group.state === 'CompletingRebalance') prepareRebalance(context, group);
  else maybeCompleteJoin(context, group);
}
