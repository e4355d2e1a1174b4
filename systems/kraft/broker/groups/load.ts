/**
 * A coordinator that takes over reads its partition from the start: the last record of each key counts, and a transaction's offsets
 * count from its marker on.
 *
 *     const loader = new GroupLoader(context, 12);
 *     loader.record(0, key, value, null);
 *     loader.record(1, key, value, 9);    // of producer 9's transaction
 *     loader.marker(9, 'commit', 2);
 *     loader.finish();                    // the groups
 *
 * A group that has members is stable in the generation of its record: it goes on, and its members do not notice. A rebalance that
 * was under way is forgotten: its members are told that theirs is not the generation, or get it from the record and join again.
 */
import type { GroupContext } from './group-context.ts';
import type { GroupValue } from './group-records.ts';
import { decodeGroupRecord } from './group-records.ts';
import type { Member } from './group.ts';
import { Group, offsetName } from './group.ts';
import { endTransaction, keepOffset, keepPending } from './offsets.ts';
import { prepareRebalance } from './rebalance.ts';

export class GroupLoader {
  private readonly context: GroupContext;
  private readonly partition: number;
  private readonly groups = new Map<string, Group>();
  private readonly values = new Map<string, GroupValue | null>();

  constructor(context: GroupContext, partition: number) {
    this.context = context;
    this.partition = partition;
  }

  private group(groupId: string): Group {
    let group = this.groups.get(groupId);
    if (group === undefined) this.groups.set(groupId, (group = new Group(groupId, this.partition)));
    return group;
  }

  /**
   * One record, in the order of the log.
   * @param producerId - of a transactional batch, or null
   * @throws MalformedError
   */
  record(logOffset: number, key: Uint8Array, value: Uint8Array | null, producerId: number | null): void {
    const record = decodeGroupRecord(key, value);
    const { groupId } = record;
    if (record.type === 'group') {
      this.group(groupId);
      this.values.set(groupId, record.value);
      return;
    }
    const { topic, partition, value: committed } = record;
    const group = this.group(groupId);
    if (committed === null) {
      // Of a deleted group the offsets of an open transaction go, too.
      group.offsets.delete(offsetName(topic, partition));
      for (const pending of group.pendingOffsets.values()) pending.delete(offsetName(topic, partition));
      return;
    }
    const loaded = this.context.rules.loadedOffset(committed.offset);
    const offset = { topic, partition, logOffset, ...committed, offset: loaded };
    if (producerId === null) keepOffset(this.context, group, offset);
    else keepPending(this.context, group, producerId, offset);
  }

  /** Between records, where it is in the log. */
  marker(producerId: number, marker: 'commit' | 'abort', offset: number): void {
    for (const group of this.groups.values()) endTransaction(this.context, group, producerId, marker, offset);
  }

  finish(): Map<string, Group> {
    for (const group of [...this.groups.values()]) {
      const value = this.values.get(group.id) ?? null;
      for (const [producerId, pending] of group.pendingOffsets) {
        if (pending.size === 0) group.pendingOffsets.delete(producerId);
      }
      if (value !== null) this.fill(group, value);
      else if (group.isUnused) this.groups.delete(group.id);
    }
    return this.groups;
  }

  private fill(group: Group, value: GroupValue): void {
    const { context } = this;
    group.generation = value.generation;
    group.protocolType = value.protocolType === '' ? null : value.protocolType;
    group.protocol = value.protocol;
    group.state = value.members.length === 0 ? 'Empty' : 'Stable';
    group.stateMs = value.currentStateMs;
    for (const member of value.members) group.add(loadedMember(context.nowMs, value.protocol, member));
    // Who was it once in a group that nobody is in says nothing.
    if (value.members.length > 0) group.leader = value.leader;
    if (group.members.size > context.options.maxSize) prepareRebalance(context, group);
  }
}

/** Everybody has a whole session to be heard by the new coordinator. */
function loadedMember(nowMs: number, protocol: string | null, value: GroupValue['members'][number]): Member {
  return {
    id: value.memberId,
    instanceId: value.groupInstanceId,
    clientId: value.clientId,
    clientHost: value.clientHost,
    rebalanceTimeoutMs: value.rebalanceTimeoutMs,
    sessionTimeoutMs: value.sessionTimeoutMs,
    protocols: protocol === null ? [] : [{ name: protocol, metadata: value.subscription }],
    assignment: value.assignment,
    sessionEndsMs: nowMs + value.sessionTimeoutMs,
    joining: null,
    syncing: null,
    joinEndsMs: Infinity,
  };
}
