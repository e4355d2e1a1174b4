/**
 * OffsetCommit, TxnOffsetCommit, OffsetFetch.
 *
 *     commitOffsets(context, group, call);            // appended; kept, and acknowledged, when that is committed
 *     commitTransactionally(context, group, call);    // kept beside, until the transaction's marker
 *     endTransaction(context, group, producerId, 'commit', markerOffset);
 *     fetchOffsets(context, group, call);             // UNSTABLE_OFFSET_COMMIT where the call says so, and a transaction is open
 *
 * Two commits for one partition may be under way at once. Which counts is decided by where they are in the log, and so by nobody's
 * luck: a later coordinator that reads the log comes to the same. For the same reason a marker ends what is before it in the log, also
 * where the coordinator hears of the marker first, and of the append later.
 */
import type { ErrorName } from '../../wire/error-codes.ts';
import { ERROR } from '../../wire/error-codes.ts';
import type { AppendEffect, AppendError } from '../coordinator-log.ts';
import { coordinatorError } from '../coordinator-log.ts';
import type { CallOf, ResponseFrom } from './group-calls.ts';
import type { GroupContext } from './group-context.ts';
import type { GroupRecord } from './group-records.ts';
import type { CommittedOffset, Group } from './group.ts';
import { offsetName } from './group.ts';
import { findMember } from './membership.ts';
import { touch } from './rebalance.ts';

type CommitCall = CallOf<'OffsetCommit'> | CallOf<'TxnOffsetCommit'>;
type Answer = (errorOf: (metadata: string | null) => ErrorName) => void;

const NO_GENERATION = -1;

/** Answers a commit, each partition with its error. */
function answerer(context: GroupContext, call: CommitCall): Answer {
  return (errorOf) => {
    const topics = call.request.topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex, committedMetadata }) => ({
        partitionIndex,
        errorCode: ERROR[errorOf(committedMetadata)],
      })),
    }));
    context.reply(call.api, call.replyTo, { topics });
  };
}

export function refuseCommit(context: GroupContext, call: CommitCall, error: ErrorName): void {
  answerer(context, call)(() => error);
}

export function commitOffsets(context: GroupContext, group: Group, call: CallOf<'OffsetCommit'>): void {
  const { request } = call;
  const { generationIdOrMemberEpoch: generation, memberId, groupInstanceId } = request;
  const error = commitError(context, group, {
    generation,
    memberId,
    groupInstanceId,
    isTransactional: false,
  });
  if (error !== 'NONE') return refuseCommit(context, call, error);
  const member = group.members.get(memberId);
  if (member !== undefined) touch(context, member);
  const { retentionTimeMs } = request;
  const keptUntilMs = Math.min(Number.MAX_SAFE_INTEGER, context.now.wallMs + retentionTimeMs);
  const expireMs = retentionTimeMs === -1 ? -1 : keptUntilMs;
  const store = (offset: CommittedOffset): void => keepOffset(context, group, offset);
  appendOffsets(context, group, call, { expireMs, producer: null, store, settled: () => undefined });
}

export function commitTransactionally(
  context: GroupContext,
  group: Group,
  call: CallOf<'TxnOffsetCommit'>,
): void {
  const { generationId: generation, memberId, groupInstanceId, ...request } = call.request;
  const error = commitError(context, group, { generation, memberId, groupInstanceId, isTransactional: true });
  if (error !== 'NONE') return refuseCommit(context, call, error);
  const { producerId, producerEpoch } = request;
  const appending = group.appending.get(producerId) ?? { appends: new Set(), ended: [] };
  const names = new Set(
    request.topics.flatMap(({ name, partitions }) =>
      partitions.map(({ partitionIndex }) => offsetName(name, partitionIndex)),
    ),
  );
  const store = (offset: CommittedOffset): void => {
    const end = appending.ended.find((marker) => marker.offset > offset.logOffset);
    if (end === undefined) keepPending(context, group, producerId, offset);
    else if (context.rules.transactionalOffsetsCount(end.marker)) keepOffset(context, group, offset);
  };
  const settled = (): void => {
    appending.appends.delete(names);
    if (appending.appends.size === 0) group.appending.delete(producerId);
  };
  group.appending.set(producerId, appending);
  appending.appends.add(names);
  appendOffsets(context, group, call, {
    expireMs: -1,
    producer: { producerId, producerEpoch },
    store,
    settled,
  });
}

interface CommitClaim {
  readonly generation: number;
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly isTransactional: boolean;
}

function commitError(context: GroupContext, group: Group, claim: CommitClaim): ErrorName {
  const { generation, memberId, groupInstanceId, isTransactional } = claim;
  const { rules } = context;
  if (group.state === 'Dead') return 'COORDINATOR_NOT_AVAILABLE';
  const claimsMembership = generation >= 0 || memberId !== '' || groupInstanceId !== null;
  const isSimple = generation < 0 && group.state === 'Empty';
  if (claimsMembership && !isSimple) {
    const member = findMember(context, group, memberId, groupInstanceId);
    if (typeof member === 'string') return member;
    const mayLackGeneration = isTransactional && generation === NO_GENERATION;
    if (!mayLackGeneration && !rules.generationIsCurrent('commit', generation, group.generation)) {
      return 'ILLEGAL_GENERATION';
    }
  }
  const { state, generation: groupGeneration } = group;
  return rules.commitError({ state, generation, groupGeneration, isTransactional, claimsMembership });
}

interface Commit {
  readonly expireMs: number;
  readonly producer: AppendEffect['producer'];
  /** For each offset, when it is committed. */
  readonly store: (offset: CommittedOffset) => void;
  /** Once, after all: nothing is under way any more, or nothing ever was. */
  readonly settled: () => void;
}

function appendOffsets(
  context: GroupContext,
  group: Group,
  call: CommitCall,
  { expireMs, producer, store, settled }: Commit,
): void {
  const answer = answerer(context, call);
  const isTooLong = (metadata: string | null): boolean =>
    (metadata ?? '').length > context.options.offsetMetadataMaxLength;
  const errorOr =
    (error: ErrorName) =>
    (metadata: string | null): ErrorName =>
      isTooLong(metadata) ? 'OFFSET_METADATA_TOO_LARGE' : error;
  const offsets: CommittedOffset[] = [];
  for (const { name, partitions } of call.request.topics) {
    for (const each of partitions) {
      if (isTooLong(each.committedMetadata)) continue;
      offsets.push({
        topic: name,
        partition: each.partitionIndex,
        offset: each.committedOffset,
        leaderEpoch: each.committedLeaderEpoch,
        metadata: each.committedMetadata ?? '',
        commitMs: context.now.wallMs,
        expireMs,
        logOffset: -1,
      });
    }
  }
  if (offsets.length === 0) {
    settled();
    return answer(errorOr('NONE'));
  }
  const records = offsets.map((offset) => offsetRecord(group.id, offset));
  const answersEarly = context.rules.mayAcknowledgeCommit(false);
  group.commitsInFlight++;
  context.append(
    group,
    records,
    (outcome) => {
      group.commitsInFlight--;
      if (outcome.error === 'NONE') {
        offsets.forEach((offset, i) => store({ ...offset, logOffset: outcome.baseOffset + i }));
      }
      settled();
      if (!answersEarly) answer(errorOr(outcome.error === 'NONE' ? 'NONE' : commitFailure(outcome.error)));
    },
    producer,
  );
  if (answersEarly) answer(errorOr('NONE'));
}

const TOO_LARGE: ReadonlySet<AppendError> = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE']);

const commitFailure = (error: AppendError): ErrorName =>
  TOO_LARGE.has(error) ? 'INVALID_COMMIT_OFFSET_SIZE' : coordinatorError(error);

export function offsetRecord(groupId: string, committed: CommittedOffset): GroupRecord {
  const { topic, partition, offset, leaderEpoch, metadata, commitMs, expireMs } = committed;
  const value = { offset, leaderEpoch, metadata, commitMs, expireMs };
  return { type: 'offset', groupId, topic, partition, value };
}

/** A committed offset becomes what is fetched, unless a later one in the log is already. */
export function keepOffset(context: GroupContext, group: Group, offset: CommittedOffset): void {
  const name = offsetName(offset.topic, offset.partition);
  const present = group.offsets.get(name);
  if (present === undefined || context.rules.isNewerCommit(offset.logOffset, present.logOffset)) {
    group.offsets.set(name, offset);
  }
}

/** An offset of a transaction waits for the marker. */
export function keepPending(
  context: GroupContext,
  group: Group,
  producerId: number,
  offset: CommittedOffset,
): void {
  if (context.rules.transactionalOffsetsCount('none')) keepOffset(context, group, offset);
  const pending = group.pendingOffsets.get(producerId) ?? new Map<string, CommittedOffset>();
  pending.set(offsetName(offset.topic, offset.partition), offset);
  group.pendingOffsets.set(producerId, pending);
}

/** The marker of a producer's transaction is committed, and so are all its offsets before it, though perhaps not all are heard of. */
export function endTransaction(
  context: GroupContext,
  group: Group,
  producerId: number,
  marker: 'commit' | 'abort',
  markerOffset: number,
): void {
  group.appending.get(producerId)?.ended.push({ marker, offset: markerOffset });
  const pending = group.pendingOffsets.get(producerId);
  if (pending === undefined) return;
  group.pendingOffsets.delete(producerId);
  if (!context.rules.transactionalOffsetsCount(marker)) return;
  for (const offset of pending.values()) keepOffset(context, group, offset);
}

// Fetching

type FetchedTopics = ResponseFrom<'OffsetFetch'>['topics'];

export function fetchOffsets(
  context: GroupContext,
  group: Group | undefined,
  { request, replyTo }: CallOf<'OffsetFetch'>,
): void {
  const present = group === undefined || group.state === 'Dead' ? null : group;
  const known = present?.offsets ?? new Map<string, CommittedOffset>();
  const wanted = request.topics ?? allTopics(known);
  const topics: FetchedTopics = wanted.map(({ name, partitionIndexes }) => ({
    name,
    partitions: partitionIndexes.map((partitionIndex) => {
      const id = offsetName(name, partitionIndex);
      const isUndecided = present?.isUndecided(id) ?? false;
      const isStable = context.rules.isStable(request.requireStable, isUndecided);
      const found = isStable ? known.get(id) : undefined;
      return {
        partitionIndex,
        committedOffset: found?.offset ?? -1,
        committedLeaderEpoch: found?.leaderEpoch ?? -1,
        metadata: found?.metadata ?? '',
        errorCode: isStable ? ERROR.NONE : ERROR.UNSTABLE_OFFSET_COMMIT,
      };
    }),
  }));
  context.reply('OffsetFetch', replyTo, { topics, errorCode: ERROR.NONE });
}

export function refuseFetch(
  context: GroupContext,
  { request, replyTo, version }: CallOf<'OffsetFetch'>,
  error: ErrorName,
): void {
  const errorCode = ERROR[error];
  // Version 1 has no error for the whole: each partition says it.
  const topics = (version < 2 ? (request.topics ?? []) : []).map(({ name, partitionIndexes }) => ({
    name,
    partitions: partitionIndexes.map((partitionIndex) => ({
      partitionIndex,
      committedOffset: -1,
      metadata: '',
      errorCode,
    })),
  }));
  context.reply('OffsetFetch', replyTo, { topics, errorCode });
}

function allTopics(
  offsets: ReadonlyMap<string, CommittedOffset>,
): readonly { readonly name: string; readonly partitionIndexes: readonly number[] }[] {
  const byTopic = new Map<string, number[]>();
  for (const { topic, partition } of offsets.values()) {
    const partitions = byTopic.get(topic);
    if (partitions === undefined) byTopic.set(topic, [partition]);
    else partitions.push(partition);
  }
  return [...byTopic].map(([name, partitionIndexes]) => ({ name, partitionIndexes }));
}
