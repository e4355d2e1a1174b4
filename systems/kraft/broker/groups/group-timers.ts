/**
 * What ends by itself in a group: sessions, the time to join, the time to ask for an assignment.
 *
 *     nextDeadlineMs(group); // when tickGroup has something to do
 */
import type { GroupContext } from './group-context.ts';
import type { Group, Member } from './group.ts';
import { joinTimeIsOver, maybeCompleteJoin, prepareRebalance, removeMember } from './rebalance.ts';

/** While the coordinator owes a member an answer, the member is not silent. */
const endsMs = (member: Member): number => {
  if (member.joining !== null) return member.joinEndsMs;
  return member.syncing !== null ? Infinity : member.sessionEndsMs;
};

export function nextDeadlineMs(group: Group): number {
  if (group.state === 'Dead') return Infinity;
  return Math.min(
    group.rebalance?.endsMs ?? Infinity,
    group.syncEndsMs,
    ...group.pendingMembers.values(),
    ...[...group.members.values()].map(endsMs),
  );
}

export function tickGroup(context: GroupContext, group: Group): void {
  const { rules, nowMs } = context;
  if (group.state === 'Dead') return;
  for (const [memberId, deadlineMs] of [...group.pendingMembers]) {
    if (nowMs >= deadlineMs) group.pendingMembers.delete(memberId);
  }
  for (const member of [...group.members.values()]) {
    if (rules.isSessionOver(nowMs, endsMs(member))) removeMember(context, group, member, 'UNKNOWN_MEMBER_ID');
  }
  if (nowMs >= group.syncEndsMs) dropUnsynced(context, group);
  if (group.rebalance !== null && nowMs >= group.rebalance.endsMs) joinTimeIsOver(context, group);
  else maybeCompleteJoin(context, group);
}

/** Who joined and never asked for its assignment does not follow the protocol: its partitions would lie idle. */
function dropUnsynced(context: GroupContext, group: Group): void {
  group.syncEndsMs = Infinity;
  const silent = [...group.unsynced]
    .map((id) => group.members.get(id))
    .filter((member) => member !== undefined);
  for (const member of silent) group.remove(member);
  group.unsynced.clear();
  if (silent.length > 0 && group.state !== 'PreparingRebalance') prepareRebalance(context, group);
}
