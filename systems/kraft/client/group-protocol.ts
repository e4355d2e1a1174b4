/**
 * What members of a consumer group say to each other through the coordinator, which does not read it: subscriptions,
 * assignments, and the range assignor.
 *
 *     encodeSubscription(['t0']); // bytes of version 0
 *     assignRanges([{ memberId: 'a', topics: ['t0'] }, { memberId: 'b', topics: ['t0'] }], new Map([['t0', 3]]));
 *     // a: t0-0 and t0-1, b: t0-2
 */
import { Reader, Writer } from '../wire/bytes.ts';
import { MalformedError } from '../wire/codec-error.ts';
import { array, bytes, int32, message, string, struct } from '../wire/schema.ts';
import type { PartitionKey } from './operations.ts';
import { keyOf } from './operations.ts';
import { partitionsByTopic } from './topic-groups.ts';

export const PROTOCOL_TYPE = 'consumer';
export const RANGE = 'range';

/** Members of a newer version may say more, which is behind what version 0 says. */
const VERSION = 0;

const subscription = message({
  name: 'ConsumerProtocolSubscription',
  versions: '0',
  flexible: 'none',
  fields: { topics: array(string()), userData: bytes({ nullable: '0+', default: null }) },
});

const assignment = message({
  name: 'ConsumerProtocolAssignment',
  versions: '0',
  flexible: 'none',
  fields: {
    assignedPartitions: array(struct({ topic: string(), partitions: array(int32()) })),
    userData: bytes({ nullable: '0+', default: null }),
  },
});

export interface Subscriber {
  readonly memberId: string;
  readonly topics: readonly string[];
}

export function encodeSubscription(topics: readonly string[]): Uint8Array {
  const writer = new Writer();
  writer.int16(VERSION);
  subscription.encode(writer, VERSION, { topics });
  return writer.take();
}

/** @throws MalformedError */
export function decodeSubscription(metadata: Uint8Array): readonly string[] {
  const reader = new Reader(metadata);
  reader.int16();
  return subscription.decode(reader, VERSION).topics;
}

export function encodeAssignment(keys: readonly PartitionKey[]): Uint8Array {
  const writer = new Writer();
  writer.int16(VERSION);
  const topics = partitionsByTopic(keys);
  assignment.encode(writer, VERSION, {
    assignedPartitions: topics.map(({ name, partitions }) => ({ topic: name, partitions })),
  });
  return writer.take();
}

/** Empty bytes are an empty assignment. @throws MalformedError */
export function decodeAssignment(data: Uint8Array): PartitionKey[] {
  if (data.length === 0) return [];
  const reader = new Reader(data);
  reader.int16();
  return assignment
    .decode(reader, VERSION)
    .assignedPartitions.flatMap(({ topic, partitions }) => partitions.map((index) => keyOf(topic, index)));
}

/** Of bytes that a member made: who sends no assignment has none. */
export const assignmentOf = (data: Uint8Array): readonly PartitionKey[] => orNone(data, decodeAssignment);

/** Of bytes that a member made: who sends no subscription wants no topics. */
export const subscriptionOf = (metadata: Uint8Array): readonly string[] =>
  orNone(metadata, decodeSubscription);

function orNone<T>(data: Uint8Array, decode: (data: Uint8Array) => readonly T[]): readonly T[] {
  try {
    return decode(data);
  } catch (error) {
    if (error instanceof MalformedError) return [];
    throw error;
  }
}

/** Each topic is cut into ranges among its subscribers, in the order of their ids; the first get one more. */
export function assignRanges(
  members: readonly Subscriber[],
  partitionCounts: ReadonlyMap<string, number>,
): ReadonlyMap<string, readonly PartitionKey[]> {
  const assigned = new Map<string, PartitionKey[]>(members.map(({ memberId }) => [memberId, []]));
  const topics = [...new Set(members.flatMap((member) => member.topics))].sort();
  for (const topic of topics) {
    const subscribers = members
      .filter((member) => member.topics.includes(topic))
      .map(({ memberId }) => memberId)
      .sort();
    const count = partitionCounts.get(topic) ?? 0;
    const share = Math.floor(count / subscribers.length);
    const extra = count % subscribers.length;
    let next = 0;
    subscribers.forEach((memberId, place) => {
      const end = next + share + (place < extra ? 1 : 0);
      for (; next < end; next++) assigned.get(memberId)?.push(keyOf(topic, next));
    });
  }
  return assigned;
}
