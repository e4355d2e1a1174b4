/**
 * A consumer as the protocol sees it: joins, assigns when it leads, and knows what it owns.
 *
 *     const member = new GroupMember(rig, 'a');
 *     member.join(); member.sync(); member.commit(0, 42);
 *
 * Its protocol is `range`; its leader gives partition i of four to member i mod n, one byte a partition.
 */
import { ERROR, errorName } from '../../../wire/error-codes.ts';
import type { JoinGroupResponseInput } from '../../../wire/api/groups.ts';
import type { GroupRig } from './group-rig.ts';

export const GROUP = 'g';
export const TOPIC = 'orders';
export const PARTITION_COUNT = 4;
const SESSION_TIMEOUT_MS = 10_000;
const REBALANCE_TIMEOUT_MS = 20_000;

/** Four partitions among these members, in their order. */
export const assign = (
  memberIds: readonly string[],
): { readonly memberId: string; readonly assignment: Uint8Array }[] =>
  memberIds.map((memberId, i) => ({
    memberId,
    assignment: Uint8Array.from(
      [...Array(PARTITION_COUNT).keys()].filter((partition) => partition % memberIds.length === i),
    ),
  }));

export class GroupMember {
  readonly name: string;
  readonly instanceId: string | null;
  memberId = '';
  generation = -1;
  /** Of the last JoinGroup, for its leader. */
  memberIds: readonly string[] = [];
  owned: readonly number[] = [];
  /** Lines of what was answered. */
  say: (line: string) => void = () => undefined;
  /** A request was answered without an error. */
  onServed: (what: 'join' | 'sync' | 'heartbeat') => void = () => undefined;
  onOwned: (generation: number, partitions: readonly number[]) => void = () => undefined;
  protected readonly rig: GroupRig;

  constructor(rig: GroupRig, name: string, instanceId: string | null = null) {
    this.rig = rig;
    this.name = name;
    this.instanceId = instanceId;
  }

  join(version = 5, protocols: readonly string[] = ['range'], timeoutMs = REBALANCE_TIMEOUT_MS): void {
    const request = {
      groupId: GROUP,
      sessionTimeoutMs: SESSION_TIMEOUT_MS,
      rebalanceTimeoutMs: timeoutMs,
      memberId: this.memberId,
      groupInstanceId: this.instanceId,
      protocolType: 'consumer',
      protocols: protocols.map((name) => ({ name, metadata: Uint8Array.of(1) })),
    };
    const answered = (response: JoinGroupResponseInput): void => this.joined(response);
    this.rig.call('JoinGroup', request, answered, { version, clientId: this.name });
  }

  private joined({ errorCode, memberId, generationId, members, leader }: JoinGroupResponseInput): void {
    if (errorCode === ERROR.MEMBER_ID_REQUIRED) {
      this.memberId = memberId;
      this.say(`${this.name} is ${memberId}`);
    } else if (errorCode === ERROR.NONE) {
      this.memberId = memberId;
      this.generation = generationId ?? -1;
      this.memberIds = members.map((each) => each.memberId);
      this.onServed('join');
      const role = memberId === leader ? `leads ${this.memberIds.join(' ')}` : `follows ${leader}`;
      this.say(`${this.name} joined generation ${this.generation} as ${memberId}, ${role}`);
    } else this.failed('join', errorCode);
  }

  private failed(what: string, errorCode: number): void {
    this.say(`${this.name} ${what}: ${errorName(errorCode)}`);
    if (errorCode === ERROR.UNKNOWN_MEMBER_ID || errorCode === ERROR.FENCED_INSTANCE_ID) {
      this.memberId = '';
      this.generation = -1;
      this.owned = [];
    }
  }

  sync(generation = this.generation, memberIds = this.memberIds): void {
    const request = {
      groupId: GROUP,
      generationId: generation,
      memberId: this.memberId,
      groupInstanceId: this.instanceId,
      assignments: assign(memberIds),
    };
    this.rig.call('SyncGroup', request, ({ errorCode, assignment }) => {
      if (errorCode !== ERROR.NONE) return this.failed('sync', errorCode);
      if (generation === this.generation) this.owned = [...assignment];
      this.onServed('sync');
      this.onOwned(generation, [...assignment]);
      this.say(`${this.name} owns [${[...assignment].join(' ')}] in generation ${generation}`);
    });
  }

  beat(generation = this.generation): void {
    const request = {
      groupId: GROUP,
      generationId: generation,
      memberId: this.memberId,
      groupInstanceId: this.instanceId,
    };
    this.rig.call('Heartbeat', request, ({ errorCode }) => {
      if (errorCode !== ERROR.NONE) return this.failed('heartbeat', errorCode);
      this.onServed('heartbeat');
      this.say(`${this.name} beats`);
    });
  }

  leave(version = 3): void {
    const { memberId, instanceId: groupInstanceId } = this;
    const members = version < 3 ? [] : [{ memberId, groupInstanceId }];
    const request = { groupId: GROUP, memberId: version < 3 ? memberId : '', members };
    const answered = (response: {
      errorCode: number;
      members?: readonly { errorCode: number }[] | undefined;
    }): void => {
      const errorCode = response.members?.[0]?.errorCode ?? response.errorCode;
      if (errorCode !== ERROR.NONE) return this.failed('leave', errorCode);
      this.say(`${this.name} left`);
      this.memberId = '';
      this.owned = [];
    };
    this.rig.call('LeaveGroup', request, answered, { version });
  }

  commit(
    partition: number,
    offset: number,
    { generation = this.generation, metadata = '', retentionTimeMs = -1 } = {},
    answered: (errorCode: number) => void = () => undefined,
  ): void {
    const request = {
      groupId: GROUP,
      generationIdOrMemberEpoch: generation,
      memberId: this.memberId,
      groupInstanceId: this.instanceId,
      retentionTimeMs,
      topics: [commitOf(partition, offset, metadata)],
    };
    this.rig.call('OffsetCommit', request, ({ topics }) => {
      const errorCode = topics[0]?.partitions[0]?.errorCode ?? -1;
      this.say(`${this.name} commits ${TOPIC}-${partition} = ${offset}: ${errorName(errorCode)}`);
      answered(errorCode);
    });
  }

  commitInTransaction(
    producerId: number,
    partition: number,
    offset: number,
    generation = -1,
    answered: (errorCode: number) => void = () => undefined,
  ): void {
    const request = {
      transactionalId: `t${producerId}`,
      groupId: GROUP,
      producerId,
      producerEpoch: 0,
      generationId: generation,
      memberId: generation < 0 ? '' : this.memberId,
      groupInstanceId: null,
      topics: [commitOf(partition, offset, '')],
    };
    this.rig.call('TxnOffsetCommit', request, ({ topics }) => {
      const errorCode = topics[0]?.partitions[0]?.errorCode ?? -1;
      this.say(`producer ${producerId} commits ${TOPIC}-${partition} = ${offset}: ${errorName(errorCode)}`);
      answered(errorCode);
    });
  }
}

const commitOf = (partition: number, offset: number, metadata: string) => ({
  name: TOPIC,
  partitions: [
    {
      partitionIndex: partition,
      committedOffset: offset,
      committedLeaderEpoch: 0,
      committedMetadata: metadata,
    },
  ],
});

/** What the group committed, by partition; an error's name where there is no answer. */
export function fetchCommitted(rig: GroupRig): ReadonlyMap<number, number> | string {
  let result: ReadonlyMap<number, number> | string = 'no answer';
  const request = { groupId: GROUP, topics: null, requireStable: false };
  rig.call('OffsetFetch', request, ({ topics, errorCode }) => {
    const partitions = topics.flatMap((topic) => topic.partitions);
    result =
      errorCode !== undefined && errorCode !== ERROR.NONE
        ? errorName(errorCode)
        : new Map(partitions.map((each) => [each.partitionIndex, each.committedOffset]));
  });
  return result;
}

/** What a member that begins now would go on from: of each partition the offset, or that it is to wait; null where there is no answer. */
export function fetchStable(rig: GroupRig): readonly (number | 'wait')[] | null {
  let result: readonly (number | 'wait')[] | null = null;
  const partitionIndexes = Array.from({ length: PARTITION_COUNT }, (_, partition) => partition);
  const request = { groupId: GROUP, topics: [{ name: TOPIC, partitionIndexes }], requireStable: true };
  rig.call(
    'OffsetFetch',
    request,
    ({ topics, errorCode }) => {
      if (errorCode !== ERROR.NONE) return;
      result = (topics[0]?.partitions ?? []).map((each) =>
        each.errorCode === ERROR.UNSTABLE_OFFSET_COMMIT ? 'wait' : each.committedOffset,
      );
    },
    { version: 7 },
  );
  return result;
}
