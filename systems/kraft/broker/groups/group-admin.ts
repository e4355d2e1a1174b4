/**
 * DescribeGroups, ListGroups, DeleteGroups, and the removal of groups and offsets that nobody needs any more.
 *
 *     deleteGroup(context, group, 'NONE', (error) => …); // tombstones; the group is gone when they are committed
 *
 * While a group is being deleted it is `Dead`: whoever joins is told to come again, and finds a new group, or this one if it failed.
 */
import type { ErrorName } from '../../wire/error-codes.ts';
import { ERROR } from '../../wire/error-codes.ts';
import { coordinatorError } from '../coordinator-log.ts';
import type { ResponseFrom } from './group-calls.ts';
import type { GroupContext } from './group-context.ts';
import type { GroupRecord } from './group-records.ts';
import type { CommittedOffset, Group } from './group.ts';
import { NO_BYTES, offsetName } from './group.ts';

type Description = ResponseFrom<'DescribeGroups'>['groups'][number];

export function describeGroup(groupId: string, group: Group | undefined, error: ErrorName): Description {
  const nothing = { errorCode: ERROR[error], groupId, protocolType: '', protocolData: '', members: [] };
  if (error !== 'NONE') return { ...nothing, groupState: '' };
  if (group === undefined || group.state === 'Dead') return { ...nothing, groupState: 'Dead' };
  const isStable = group.state === 'Stable';
  return {
    ...nothing,
    groupState: group.state,
    protocolType: group.protocolType ?? '',
    protocolData: isStable ? (group.protocol ?? '') : '',
    members: [...group.members.values()].map((member) => ({
      memberId: member.id,
      groupInstanceId: member.instanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      memberMetadata: isStable ? group.metadataOf(member) : NO_BYTES,
      memberAssignment: isStable ? member.assignment : NO_BYTES,
    })),
  };
}

/** @param done - with NONE when the group is certainly gone */
export function deleteGroup(
  context: GroupContext,
  group: Group,
  forget: (group: Group) => void,
  done: (error: ErrorName) => void,
): void {
  const { stateMs } = group;
  group.become('Dead', context.now.wallMs);
  context.append(group, tombstones(group), (outcome) => {
    if (outcome.error === 'NONE') {
      forget(group);
      return done('NONE');
    }
    if (group.state === 'Dead') group.become('Empty', stateMs);
    done(coordinatorError(outcome.error));
  });
}

function tombstones(group: Group): readonly GroupRecord[] {
  const offsets = new Map(group.offsets);
  for (const pending of group.pendingOffsets.values()) {
    for (const [name, offset] of pending) offsets.set(name, offset);
  }
  return [
    ...[...offsets.values()].map((offset) => offsetTombstone(group.id, offset)),
    { type: 'group', groupId: group.id, value: null },
  ];
}

export const offsetTombstone = (groupId: string, { topic, partition }: CommittedOffset): GroupRecord => ({
  type: 'offset',
  groupId,
  topic,
  partition,
  value: null,
});

/** Removes what is past its retention, and the group with its last offset. */
export function expireOffsets(context: GroupContext, group: Group, forget: (group: Group) => void): void {
  if (group.state === 'Dead') return;
  const expired = [...group.offsets.values()].filter((offset) => isExpired(context, group, offset));
  const pending = new Set([...group.pendingOffsets.values()].flatMap((offsets) => [...offsets.keys()]));
  const removable = expired.filter(({ topic, partition }) => !pending.has(offsetName(topic, partition)));
  const isLast = group.state === 'Empty' && removable.length === group.offsets.size;
  if (isLast && pending.size === 0 && group.commitsInFlight === 0 && group.pendingMembers.size === 0) {
    return deleteGroup(context, group, forget, () => undefined);
  }
  if (removable.length === 0) return;
  const records = removable.map((offset) => offsetTombstone(group.id, offset));
  context.append(group, records, (outcome) => {
    if (outcome.error !== 'NONE') return;
    for (const offset of removable) {
      const name = offsetName(offset.topic, offset.partition);
      // Committed anew meanwhile, and so later in the log than the tombstone.
      if (group.offsets.get(name) === offset) group.offsets.delete(name);
    }
  });
}

function isExpired(context: GroupContext, group: Group, { commitMs, expireMs }: CommittedOffset): boolean {
  return context.rules.isOffsetExpired({
    state: group.state,
    hasProtocol: group.protocolType !== null,
    stateMs: group.stateMs,
    commitMs,
    expireMs,
    nowMs: context.now.wallMs,
    retentionMs: context.options.offsetsRetentionMs,
  });
}
