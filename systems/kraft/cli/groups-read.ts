/**
 * Consumer groups as their coordinators know them.
 *
 *     await listGroups(session);                    // ['g1', 'g2'], of all brokers
 *     await describeGroup(session, 'g1');           // its state and members
 *     await committedOffsets(session, 'g1');        // [{ key, offset }]
 */
import type { Address } from '../../runtime/runtime.ts';
import { ClientError } from '../client/client-error.ts';
import { assignmentOf } from '../client/group-protocol.ts';
import type { KeyOffset, PartitionKey } from '../client/operations.ts';
import { keyOf } from '../client/operations.ts';
import { partitionsByTopic } from '../client/topic-groups.ts';
import type { OfTopic } from '../client/topic-groups.ts';
import { ERROR, isRetriable } from '../wire/error-codes.ts';
import type { BrokerSession } from './broker-session.ts';
import { unreachable } from './broker-session.ts';
import type { GroupMemberFacts } from './group-tables.ts';
import { explained } from './refusals.ts';
import { RefusedError } from './exit-codes.ts';

export interface GroupFacts {
  readonly group: string;
  /** Kafka's names: Stable, Empty, Dead, PreparingRebalance, CompletingRebalance. */
  readonly state: string;
  readonly strategy: string;
  readonly coordinator: Address;
  readonly members: readonly (GroupMemberFacts & { readonly keys: readonly PartitionKey[] })[];
}

export function groupRefusal(errorCode: number, message: string | null = null): RefusedError {
  return new RefusedError(
    `Error: Executing consumer group command failed due to ${explained(errorCode, message)}`,
  );
}

/** Sorted. */
export async function listGroups(session: BrokerSession): Promise<string[]> {
  const groups = new Set<string>();
  for (const broker of await session.brokers()) {
    const answer = await settled(session, null, async () => {
      const listed = await session.ask('listGroups', {}, [broker]);
      return { answer: listed, errorCode: listed.errorCode };
    });
    for (const { groupId } of answer.groups) groups.add(groupId);
  }
  return [...groups].sort();
}

/** A group that there is not is Dead. */
export async function describeGroup(session: BrokerSession, group: string): Promise<GroupFacts> {
  const { description, coordinator } = await settled(session, group, async () => {
    const address = await coordinatorOf(session, group);
    const { groups } = await session.ask('describeGroups', { groups: [group] }, [address]);
    const found = groups[0];
    const answer = { description: found, coordinator: address };
    return { answer, errorCode: found?.errorCode ?? ERROR.UNKNOWN_SERVER_ERROR };
  });
  return {
    group,
    state: description?.groupState ?? 'Dead',
    strategy: description?.protocolData ?? '',
    coordinator,
    members: (description?.members ?? []).map((member) => {
      const keys = assignmentOf(member.memberAssignment);
      return {
        memberId: member.memberId,
        instanceId: member.groupInstanceId,
        host: member.clientHost,
        clientId: member.clientId,
        keys,
        partitionCount: keys.length,
        assignment: partitionsByTopic(keys)
          .map(({ name, partitions }) => `${name}:${[...partitions].sort((a, b) => a - b).join(',')}`)
          .sort()
          .join(';'),
      };
    }),
  };
}

export interface Committed extends KeyOffset {
  /** Null: whoever committed did not say it. */
  readonly leaderEpoch: number | null;
}

/** By topic and partition. */
export async function committedOffsets(session: BrokerSession, group: string): Promise<Committed[]> {
  const answer = await settled(session, group, async () => {
    const address = await coordinatorOf(session, group);
    const fetched = await session.ask('offsetFetch', { groupId: group, topics: null }, [address]);
    return { answer: fetched, errorCode: fetched.errorCode };
  });
  return answer.topics
    .flatMap(({ name, partitions }) =>
      partitions
        .filter(({ committedOffset }) => committedOffset >= 0)
        .map(({ partitionIndex, committedOffset, committedLeaderEpoch }) => ({
          key: keyOf(name, partitionIndex),
          offset: committedOffset,
          leaderEpoch: committedLeaderEpoch < 0 ? null : committedLeaderEpoch,
        })),
    )
    .sort((a, b) =>
      a.key.topic === b.key.topic ? a.key.partition - b.key.partition : a.key.topic < b.key.topic ? -1 : 1,
    );
}

/** @returns the error code for the group */
export async function deleteGroup(session: BrokerSession, group: string): Promise<number> {
  const address = await coordinatorOf(session, group);
  const { results } = await session.tell('deleteGroups', { groupsNames: [group] }, [address]);
  return results[0]?.errorCode ?? ERROR.UNKNOWN_SERVER_ERROR;
}

/** @returns the error code for the group, and those of partitions by their names */
export async function deleteOffsets(
  session: BrokerSession,
  group: string,
  topics: readonly OfTopic<number>[],
): Promise<{ readonly errorCode: number; readonly codes: ReadonlyMap<string, number> }> {
  const address = await coordinatorOf(session, group);
  const body = {
    groupId: group,
    topics: topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map((partitionIndex) => ({ partitionIndex })),
    })),
  };
  const answer = await session.tell('offsetDelete', body, [address]);
  const codes = answer.topics.flatMap(({ name, partitions }) =>
    partitions.map(({ partitionIndex, errorCode }) => [keyOf(name, partitionIndex).name, errorCode] as const),
  );
  return { errorCode: answer.errorCode, codes: new Map(codes) };
}

async function coordinatorOf(session: BrokerSession, group: string): Promise<Address> {
  try {
    return await session.client.coordinator('group', group, session.deadlineMs);
  } catch (thrown) {
    throw thrown instanceof ClientError ? unreachable(thrown) : thrown;
  }
}

/** Asks again while a coordinator moves or still reads its log. @throws RefusedError for an error that stays */
async function settled<T>(
  session: BrokerSession,
  group: string | null,
  attempt: () => Promise<{ readonly answer: T; readonly errorCode: number }>,
): Promise<T> {
  for (;;) {
    const { answer, errorCode } = await attempt();
    if (errorCode === ERROR.NONE) return answer;
    if (!isRetriable(errorCode)) throw groupRefusal(errorCode);
    if (group !== null) session.client.forgetCoordinator('group', group);
    try {
      await session.client.pause(session.deadlineMs, ClientError.answered(errorCode, 'a group'));
    } catch {
      throw groupRefusal(errorCode);
    }
  }
}
