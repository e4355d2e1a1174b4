/**
 * What must hold of a group after every step, whatever the inputs were.
 *
 *     checkGroup(group); // throws AssertionError
 */
import { assert } from '../../../../harness/errors.ts';
import type { Group } from './group.ts';

export function checkGroup(group: Group): void {
  const { id, state, members } = group;
  const check = (condition: boolean, what: string): void =>
    assert(condition, `group ${id}, ${state}: ${what}`);
  if (state === 'Empty') check(members.size === 0, 'an empty group has members');
  if (state === 'Stable' || state === 'CompletingRebalance') {
    check(members.size > 0, 'a group without members has a generation to run');
    check(group.leader !== null && members.has(group.leader), 'the leader is no member');
  }
  check(
    (state === 'PreparingRebalance') === (group.rebalance !== null) || state === 'Dead',
    'a rebalance beside its state',
  );
  check(
    [...group.pendingMembers.keys()].every((memberId) => !members.has(memberId)),
    'a member is pending, too',
  );
  for (const [instanceId, memberId] of group.instances) {
    check(members.get(memberId)?.instanceId === instanceId, `instance ${instanceId} is no member’s`);
  }
  for (const [memberId, member] of members) {
    check(member.id === memberId, `member ${memberId} has another id`);
    if (state !== 'CompletingRebalance')
      check(member.syncing === null, `${memberId} waits for an assignment`);
    if (member.instanceId !== null) {
      check(group.instances.get(member.instanceId) === memberId, `${memberId} lost its instance`);
    }
  }
  check(group.commitsInFlight >= 0, 'fewer commits under way than none');
}
