/**
 * OffsetDelete (KIP-496), and the offsets of topics that are deleted.
 *
 *     deleteOffsets(context, group, call);                       // tombstones; gone when they are committed
 *     forgetOffsets(context, group, 'orders');
 *
 * Offsets that somebody may still go on from are kept: those of topics that a member of a consumer group has subscribed to, and all
 * of a group with members that is no consumer group. A topic that was deleted takes its offsets along, or a new one of its name
 * would be read from the middle.
 */
import type { ErrorName } from '../../wire/error-codes.ts';
import { MalformedError, Reader } from '../../wire/bytes.ts';
import { ERROR } from '../../wire/error-codes.ts';
import { coordinatorError } from '../coordinator-log.ts';
import { offsetTombstone } from './group-admin.ts';
import type { CallOf } from './group-calls.ts';
import type { GroupContext } from './group-context.ts';
import type { CommittedOffset, Group } from './group.ts';
import { offsetName } from './group.ts';

const CONSUMER_PROTOCOL = 'consumer';

export function refuseDeletion(context: GroupContext, replyTo: number, error: ErrorName): void {
  context.reply('OffsetDelete', replyTo, { errorCode: ERROR[error], topics: [] });
}

export function deleteOffsets(
  context: GroupContext,
  group: Group | undefined,
  { request, replyTo }: CallOf<'OffsetDelete'>,
): void {
  if (group === undefined || group.state === 'Dead') {
    return refuseDeletion(context, replyTo, 'GROUP_ID_NOT_FOUND');
  }
  if (group.state !== 'Empty' && group.protocolType !== CONSUMER_PROTOCOL) {
    return refuseDeletion(context, replyTo, 'NON_EMPTY_GROUP');
  }
  const isUsed = subscriptions(group);
  const errors = new Map(request.topics.map(({ name }) => [name, deletionError(isUsed(name))]));
  const removed = request.topics
    .filter(({ name }) => errors.get(name) === 'NONE')
    .flatMap(({ name, partitions }) =>
      partitions.flatMap(({ partitionIndex }) => group.offsets.get(offsetName(name, partitionIndex)) ?? []),
    );
  remove(context, group, removed, (failure) => {
    if (failure !== 'NONE') return refuseDeletion(context, replyTo, failure);
    const topics = request.topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => ({
        partitionIndex,
        errorCode: ERROR[errors.get(name) ?? 'NONE'],
      })),
    }));
    context.reply('OffsetDelete', replyTo, { errorCode: ERROR.NONE, topics });
  });
}

const deletionError = (isUsed: boolean): ErrorName => (isUsed ? 'GROUP_SUBSCRIBED_TO_TOPIC' : 'NONE');

/** Whether a member reads a topic. Of one whose metadata say nothing that is known, all may be read. */
function subscriptions(group: Group): (topic: string) => boolean {
  const topics = new Set<string>();
  for (const member of group.members.values()) {
    for (const { metadata } of member.protocols) {
      const subscribed = subscribedTopics(metadata);
      if (subscribed === null) return () => true;
      for (const topic of subscribed) topics.add(topic);
    }
  }
  return (topic) => topics.has(topic);
}

/** What a consumer says to its group begins with `version:i16 topics:array<string>`, in all versions; null: these bytes do not. */
function subscribedTopics(metadata: Uint8Array): readonly string[] | null {
  try {
    const reader = new Reader(metadata);
    reader.int16();
    const topics: string[] = [];
    for (let missing = reader.int32(); missing > 0; missing--) topics.push(reader.string());
    return topics;
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
    return null;
  }
}

/** Also those that a transaction has not decided yet. Where the tombstones get lost, they stay until they expire. */
export function forgetOffsets(context: GroupContext, group: Group, deleted: string): void {
  if (group.state === 'Dead') return;
  const pending = [...group.pendingOffsets.values()].flatMap((offsets) => [...offsets.values()]);
  const gone = [...group.offsets.values(), ...pending].filter(({ topic }) => topic === deleted);
  for (const offsets of group.pendingOffsets.values()) {
    for (const [name, { topic }] of offsets) if (topic === deleted) offsets.delete(name);
  }
  for (const [producerId, offsets] of group.pendingOffsets) {
    if (offsets.size === 0) group.pendingOffsets.delete(producerId);
  }
  remove(context, group, gone, () => undefined);
}

function remove(
  context: GroupContext,
  group: Group,
  removed: readonly CommittedOffset[],
  done: (error: ErrorName) => void,
): void {
  const byName = new Map(removed.map((offset) => [offsetName(offset.topic, offset.partition), offset]));
  if (byName.size === 0) return done('NONE');
  const records = [...byName.values()].map((offset) => offsetTombstone(group.id, offset));
  context.append(group, records, (outcome) => {
    if (outcome.error !== 'NONE') return done(coordinatorError(outcome.error));
    const { baseOffset } = outcome;
    for (const name of byName.keys()) {
      const present = group.offsets.get(name);
      // Committed anew meanwhile, and so perhaps later in the log than the tombstone.
      if (present !== undefined && present.logOffset < baseOffset) group.offsets.delete(name);
    }
    done('NONE');
  });
}
