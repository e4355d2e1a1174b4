/**
 * The core's answers as bodies of responses: flat there, below one topic and one partition here.
 *
 *     exchange.respond(vote(response, context));
 *
 * They also say where the leader is reached (KIP-853), and DescribeQuorum's times are wall times.
 */
import { assert } from '../../../../harness/errors.ts';
import type { RequestBody, ResponseBody } from '../../wire/apis.ts';
import { ERROR } from '../../wire/error-codes.ts';
import { ZERO_UUID } from '../../wire/uuid.ts';
import type { DescribedReplica, Response } from '../../quorum/messages.ts';
import type { QuorumPlace } from './peer-requests.ts';

export interface AnswerContext {
  readonly place: QuorumPlace;
  /** Where a controller is reached; null where unknown. */
  addressOf(nodeId: number): { readonly host: string; readonly port: number } | null;
  /** Milliseconds since 1970 of a monotonic time. */
  wallTimeOf(monotonicMs: number): number;
}

const VOTER_CHANGES = ['add-voter', 'remove-voter', 'update-voter'] as const;
const NO_BYTES = new Uint8Array(0);

/** An answer of a kind that the core gives to such a request. */
function as<A extends Response['api']>(
  response: Response,
  ...apis: readonly A[]
): Extract<Response, { readonly api: A }> {
  assert((apis as readonly string[]).includes(response.api), `${response.api} answers another request`);
  return response as Extract<Response, { readonly api: A }>;
}

/** An error of the whole response; all others are the partition's. */
const topError = (errorCode: number): number =>
  errorCode === ERROR.INCONSISTENT_CLUSTER_ID ? errorCode : ERROR.NONE;

function endpointsOf(leaderId: number, context: AnswerContext) {
  const address = leaderId < 0 ? null : context.addressOf(leaderId);
  return address === null ? [] : [{ nodeId: leaderId, host: address.host, port: address.port }];
}

export function vote(given: Response, context: AnswerContext): ResponseBody<'vote'> {
  const { errorCode, leaderId, leaderEpoch, voteGranted } = as(given, 'vote');
  const { topic: topicName, index: partitionIndex } = context.place;
  const partition = { partitionIndex, errorCode, leaderId, leaderEpoch, voteGranted };
  return {
    errorCode: topError(errorCode),
    topics: [{ topicName, partitions: [partition] }],
    nodeEndpoints: endpointsOf(leaderId, context),
  };
}

export function epoch(given: Response, context: AnswerContext): ResponseBody<'beginQuorumEpoch'> {
  const { errorCode, leaderId, leaderEpoch } = as(given, 'begin-quorum-epoch', 'end-quorum-epoch');
  const { topic: topicName, index: partitionIndex } = context.place;
  const partition = { partitionIndex, errorCode, leaderId, leaderEpoch };
  return {
    errorCode: topError(errorCode),
    topics: [{ topicName, partitions: [partition] }],
    nodeEndpoints: endpointsOf(leaderId, context),
  };
}

export function fetch(
  given: Response,
  records: Uint8Array | null,
  context: AnswerContext,
): ResponseBody<'fetch'> {
  const { topic, topicId, index: partitionIndex } = context.place;
  const { errorCode, currentLeader, highWatermark, ...response } = as(given, 'fetch');
  const partition = {
    partitionIndex,
    errorCode,
    highWatermark,
    lastStableOffset: highWatermark,
    logStartOffset: response.logStartOffset,
    divergingEpoch: response.divergingEpoch,
    currentLeader,
    snapshotId: response.snapshotId,
    records: records ?? NO_BYTES,
  };
  return {
    errorCode: topError(errorCode),
    responses: [{ topic, topicId, partitions: [partition] }],
    nodeEndpoints: endpointsOf(currentLeader.leaderId, context),
  };
}

export function fetchSnapshot(given: Response, context: AnswerContext): ResponseBody<'fetchSnapshot'> {
  const { errorCode, currentLeader, snapshotId, size, position, unalignedRecords } = as(
    given,
    'fetch-snapshot',
  );
  const partition = {
    index: context.place.index,
    errorCode,
    snapshotId,
    currentLeader,
    size,
    position,
    unalignedRecords,
  };
  return {
    errorCode: topError(errorCode),
    topics: [{ name: context.place.topic, partitions: [partition] }],
    nodeEndpoints: endpointsOf(currentLeader.leaderId, context),
  };
}

/** Each partition that is asked for is one that there is not, or too many. */
export function refusedDescription(body: RequestBody<'describeQuorum'>): ResponseBody<'describeQuorum'> {
  return {
    errorCode: ERROR.NONE,
    topics: body.topics.map((topic) => ({
      topicName: topic.topicName,
      partitions: topic.partitions.map((partition) => ({
        partitionIndex: partition.partitionIndex,
        errorCode: ERROR.UNKNOWN_TOPIC_OR_PARTITION,
        leaderId: -1,
        leaderEpoch: -1,
        highWatermark: -1,
        currentVoters: [],
        observers: [],
      })),
    })),
  };
}

export function describeQuorum(given: Response, context: AnswerContext): ResponseBody<'describeQuorum'> {
  const response = as(given, 'describe-quorum');
  const { topic: topicName, index: partitionIndex } = context.place;
  const { errorCode, leaderId, leaderEpoch, highWatermark } = response;
  const timeOf = (monotonicMs: number): number => (monotonicMs < 0 ? -1 : context.wallTimeOf(monotonicMs));
  const replica = (described: DescribedReplica) => ({
    replicaId: described.replicaId,
    replicaDirectoryId: described.replicaDirectoryId ?? ZERO_UUID,
    logEndOffset: described.logEndOffset,
    lastFetchTimestamp: timeOf(described.lastFetchTimestamp),
    lastCaughtUpTimestamp: timeOf(described.lastCaughtUpTimestamp),
  });
  const partition = {
    partitionIndex,
    errorCode,
    leaderId,
    leaderEpoch,
    highWatermark,
    currentVoters: response.currentVoters.map(replica),
    observers: response.observers.map(replica),
  };
  return {
    errorCode: ERROR.NONE,
    topics: [{ topicName, partitions: [partition] }],
    nodes: response.nodes,
  };
}

export function voterChange(given: Response): ResponseBody<'addRaftVoter'> {
  const { errorCode, errorMessage } = as(given, ...VOTER_CHANGES);
  return { throttleTimeMs: 0, errorCode, errorMessage };
}

export function voterUpdate(given: Response, context: AnswerContext): ResponseBody<'updateRaftVoter'> {
  const { errorCode, currentLeader } = as(given, ...VOTER_CHANGES);
  const address = context.addressOf(currentLeader.leaderId);
  return {
    throttleTimeMs: 0,
    errorCode,
    currentLeader: { ...currentLeader, host: address?.host ?? '', port: address?.port ?? 0 },
  };
}
