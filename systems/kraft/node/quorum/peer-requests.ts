/**
 * What a quorum's member asks another, on the wire: the core's requests as bodies, and the answers as the core reads them.
 *
 *     const { name, body } = toWire({ api: 'vote', … }, METADATA_PLACE);
 *     client.request(address, name, version, body, timeoutMs, (outcome) => …);
 *
 * The core's messages are flat; on the wire they are below one topic and one partition. An answer that has neither that nor
 * an error says nothing: null.
 */
import { METADATA_PARTITION, METADATA_TOPIC, METADATA_TOPIC_ID } from '../../internal-topics.ts';
import type { RequestInputBody } from '../../wire/apis.ts';
import { RecordError } from '../../records/errors.ts';
import { ZERO_UUID } from '../../wire/uuid.ts';
import type {
  BeginQuorumEpochRequest,
  EndQuorumEpochRequest,
  FetchRequest,
  FetchSnapshotRequest,
  PeerRequest,
  Response,
  VoteRequest,
} from '../../quorum/messages.ts';
import { NO_OFFSET_AND_EPOCH } from '../../quorum/messages.ts';
import type { ReceivedBody } from '../network/node-client.ts';
import { entriesOf } from './metadata-batches.ts';

export type PeerApi = 'vote' | 'beginQuorumEpoch' | 'endQuorumEpoch' | 'fetch' | 'fetchSnapshot';

/** The versions that our nodes speak among themselves. */
export const PEER_VERSIONS = {
  vote: 2,
  beginQuorumEpoch: 1,
  endQuorumEpoch: 1,
  fetch: 18,
  fetchSnapshot: 1,
} as const satisfies Record<PeerApi, number>;

type Wired<N extends PeerApi> = { readonly name: N; readonly body: RequestInputBody<N> };
export type WiredRequest = { [N in PeerApi]: Wired<N> }[PeerApi];

/** Which log a quorum is about. */
export interface QuorumPlace {
  readonly topic: string;
  readonly topicId: string;
  readonly index: number;
}

export const METADATA_PLACE: QuorumPlace = {
  topic: METADATA_TOPIC,
  topicId: METADATA_TOPIC_ID,
  index: METADATA_PARTITION,
};

const uuidOf = (directoryId: string | null): string => directoryId ?? ZERO_UUID;

export function toWire(request: PeerRequest, place: QuorumPlace): WiredRequest {
  switch (request.api) {
    case 'vote':
      return { name: 'vote', body: voteBody(request, place) };
    case 'begin-quorum-epoch':
      return { name: 'beginQuorumEpoch', body: beginBody(request, place) };
    case 'end-quorum-epoch':
      return { name: 'endQuorumEpoch', body: endBody(request, place) };
    case 'fetch':
      return { name: 'fetch', body: fetchBody(request, place) };
    case 'fetch-snapshot':
      return { name: 'fetchSnapshot', body: fetchSnapshotBody(request, place) };
  }
}

function voteBody(
  request: VoteRequest,
  { topic: topicName, index: partitionIndex }: QuorumPlace,
): RequestInputBody<'vote'> {
  const { clusterId, voterId, lastOffsetEpoch, lastOffset, preVote } = request;
  const partition = {
    partitionIndex,
    replicaEpoch: request.candidateEpoch,
    replicaId: request.candidateId,
    replicaDirectoryId: uuidOf(request.candidateDirectoryId),
    voterDirectoryId: uuidOf(request.voterDirectoryId),
    lastOffsetEpoch,
    lastOffset,
    preVote,
  };
  return { clusterId, voterId, topics: [{ topicName, partitions: [partition] }] };
}

function beginBody(
  request: BeginQuorumEpochRequest,
  { topic: topicName, index: partitionIndex }: QuorumPlace,
): RequestInputBody<'beginQuorumEpoch'> {
  const { clusterId, voterId, leaderId, leaderEpoch, leaderEndpoints } = request;
  const voterDirectoryId = uuidOf(request.voterDirectoryId);
  const partition = { partitionIndex, voterDirectoryId, leaderId, leaderEpoch };
  return { clusterId, voterId, topics: [{ topicName, partitions: [partition] }], leaderEndpoints };
}

function endBody(
  request: EndQuorumEpochRequest,
  { topic: topicName, index: partitionIndex }: QuorumPlace,
): RequestInputBody<'endQuorumEpoch'> {
  const { clusterId, leaderId, leaderEpoch, leaderEndpoints } = request;
  const preferredCandidates = request.preferredCandidates.map(({ id, directoryId }) => ({
    candidateId: id,
    candidateDirectoryId: uuidOf(directoryId),
  }));
  const partition = { partitionIndex, leaderId, leaderEpoch, preferredCandidates };
  return { clusterId, topics: [{ topicName, partitions: [partition] }], leaderEndpoints };
}

function fetchBody(
  request: FetchRequest,
  { topicId, index: partitionIndex }: QuorumPlace,
): RequestInputBody<'fetch'> {
  const { clusterId, replicaId, maxWaitMs, maxBytes, currentLeaderEpoch, highWatermark } = request;
  const { fetchOffset, lastFetchedEpoch } = request;
  const partition = {
    partition: partitionIndex,
    currentLeaderEpoch,
    fetchOffset,
    lastFetchedEpoch,
    partitionMaxBytes: maxBytes,
    replicaDirectoryId: uuidOf(request.replicaDirectoryId),
    highWatermark,
  };
  return {
    clusterId,
    replicaState: { replicaId },
    maxWaitMs,
    minBytes: 0,
    maxBytes,
    topics: [{ topicId, partitions: [partition] }],
  };
}

function fetchSnapshotBody(
  request: FetchSnapshotRequest,
  { topic: topicName, index: partitionIndex }: QuorumPlace,
): RequestInputBody<'fetchSnapshot'> {
  const { clusterId, replicaId, maxBytes, currentLeaderEpoch, snapshotId, position } = request;
  const partition = {
    partition: partitionIndex,
    currentLeaderEpoch,
    snapshotId,
    position,
    replicaDirectoryId: uuidOf(request.replicaDirectoryId),
  };
  return {
    clusterId,
    replicaId,
    maxBytes,
    topics: [{ name: topicName, partitions: [partition] }],
  };
}

// Answers

export interface ReadAnswer {
  /** Null: it says nothing that can be understood. */
  readonly response: Response | null;
  /** Where nodes are reached, of those that it speaks of. */
  readonly endpoints: readonly { readonly nodeId: number; readonly host: string; readonly port: number }[];
}

/** @returns a null response for what is not an answer to such a request */
export function fromWire<N extends PeerApi>(name: N, received: ReceivedBody<N>): ReadAnswer {
  // The name says which of the five it is, and the compiler cannot see that.
  const answer = { name, body: received } as unknown as {
    [M in PeerApi]: { readonly name: M; readonly body: ReceivedBody<M> };
  }[PeerApi];
  return { response: readResponse(answer), endpoints: answer.body.nodeEndpoints };
}

type Answer = { [M in PeerApi]: { readonly name: M; readonly body: ReceivedBody<M> } }[PeerApi];

const NO_LEADER = { leaderId: -1, leaderEpoch: -1 } as const;
const NO_BYTES = new Uint8Array(0);

function readResponse(answer: Answer): Response | null {
  switch (answer.name) {
    case 'vote': {
      const { errorCode, topics } = answer.body;
      if (errorCode !== 0) return { api: 'vote', errorCode, ...NO_LEADER, voteGranted: false };
      const partition = topics[0]?.partitions[0];
      return partition === undefined ? null : { api: 'vote', ...partition };
    }
    case 'beginQuorumEpoch':
      return readEpochResponse('begin-quorum-epoch', answer.body);
    case 'endQuorumEpoch':
      return readEpochResponse('end-quorum-epoch', answer.body);
    case 'fetch':
      return readFetchResponse(answer.body);
    case 'fetchSnapshot':
      return readFetchSnapshotResponse(answer.body);
  }
}

function readEpochResponse(
  api: 'begin-quorum-epoch' | 'end-quorum-epoch',
  { errorCode, topics }: ReceivedBody<'beginQuorumEpoch'>,
): Response | null {
  if (errorCode !== 0) return { api, errorCode, ...NO_LEADER };
  const partition = topics[0]?.partitions[0];
  return partition === undefined ? null : { api, ...partition };
}

function readFetchResponse({ errorCode, responses }: ReceivedBody<'fetch'>): Response | null {
  const base = {
    api: 'fetch',
    divergingEpoch: NO_OFFSET_AND_EPOCH,
    snapshotId: NO_OFFSET_AND_EPOCH,
  } as const;
  if (errorCode !== 0) {
    return {
      ...base,
      errorCode,
      currentLeader: NO_LEADER,
      highWatermark: -1,
      logStartOffset: -1,
      records: [],
    };
  }
  const partition = responses[0]?.partitions[0];
  if (partition === undefined) return null;
  const { currentLeader, highWatermark, logStartOffset, divergingEpoch, snapshotId, records } = partition;
  try {
    return {
      api: 'fetch',
      errorCode: partition.errorCode,
      currentLeader,
      highWatermark,
      logStartOffset,
      divergingEpoch,
      snapshotId,
      records: records === null ? [] : entriesOf(records),
    };
  } catch (error) {
    if (error instanceof RecordError) return null;
    throw error;
  }
}

function readFetchSnapshotResponse({ errorCode, topics }: ReceivedBody<'fetchSnapshot'>): Response | null {
  const partition = topics[0]?.partitions[0];
  if (errorCode !== 0) {
    return {
      api: 'fetch-snapshot',
      errorCode,
      currentLeader: NO_LEADER,
      snapshotId: NO_OFFSET_AND_EPOCH,
      size: 0,
      position: 0,
      unalignedRecords: NO_BYTES,
    };
  }
  return partition === undefined ? null : { api: 'fetch-snapshot', ...partition };
}
