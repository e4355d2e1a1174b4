/**
 * The quorum's requests as they come over the wire: read for the core, and its answers written.
 *
 *     const handlers = quorumHandlers({ receive: (asker, request) => core.receiveRequest(nowMs, asker, request), … });
 *
 * Every request is about one topic and one partition: `__cluster_metadata` 0, or a partition that Raft replicates. What asks for another is
 * refused here.
 */
import type { ApiName, RequestBody, ResponseBody } from '../../wire/apis.ts';
import { ERROR } from '../../wire/error-codes.ts';
import { ZERO_UUID } from '../../wire/uuid.ts';
import type { Request, Response } from '../../quorum/messages.ts';
import type { Exchange, Handlers } from '../network/exchange.ts';
import * as answers from './quorum-answers.ts';
import type { QuorumPlace } from './peer-requests.ts';
import type { AnswerContext } from './quorum-answers.ts';

/** Whom an answer of the core goes to. */
export interface Asker {
  answer(response: Response, records: Uint8Array | null): void;
  /** Nothing can be said: the other side tries again. */
  drop(reason: string): void;
}

export interface HandlerContext extends AnswerContext {
  readonly clusterId: string;
  readonly nodeId: number;
  receive(asker: Asker, request: Request): void;
}

type TopicOf<P> = {
  readonly name?: string;
  readonly topicName?: string;
  readonly partitions: readonly P[];
};

/** The one partition, or null where something else is asked for. */
function onePartition<P>(
  place: QuorumPlace,
  topics: readonly TopicOf<P>[],
  indexOf: (partition: P) => number,
): P | null {
  const [topic, ...others] = topics;
  if (topic === undefined || others.length > 0 || topic.partitions.length !== 1) return null;
  const [partition] = topic.partitions as [P];
  const isOurs = (topic.name ?? topic.topicName) === place.topic && indexOf(partition) === place.index;
  return isOurs ? partition : null;
}

const directoryOf = (uuid: string): string | null => (uuid === ZERO_UUID ? null : uuid);

/** The first version of each response that says where the leader is reached; an older one cannot (KIP-853). */
const ENDPOINTS_SINCE = {
  vote: 1,
  beginQuorumEpoch: 1,
  endQuorumEpoch: 1,
  fetch: 16,
  fetchSnapshot: 1,
} as const;

/** What a request says, or the answer to one that is about something else. */
type Read<N extends ApiName> = { readonly request: Request } | { readonly refusal: ResponseBody<N> };

export function quorumHandlers(context: HandlerContext): Handlers {
  const serve =
    <N extends ApiName>(
      read: (exchange: Exchange<N>) => Read<N>,
      write: (response: Response, records: Uint8Array | null, context: AnswerContext) => ResponseBody<N>,
      endpointsSince = 0,
    ) =>
    (exchange: Exchange<N>): void => {
      const what = read(exchange);
      if ('refusal' in what) {
        exchange.respond(what.refusal);
        return;
      }
      const speaksOfEndpoints = exchange.header.apiVersion >= endpointsSince;
      const answering = speaksOfEndpoints ? context : { ...context, addressOf: () => null };
      const asker: Asker = {
        answer: (response, records) => exchange.respond(write(response, records, answering)),
        drop: (reason) => exchange.disconnect(reason),
      };
      context.receive(asker, what.request);
    };
  const clusterId = (given: string | null): string => given ?? context.clusterId;

  return {
    vote: serve<'vote'>(
      ({ body }) => readVote(body, context, clusterId(body.clusterId)),
      (response, _, answering) => answers.vote(response, answering),
      ENDPOINTS_SINCE.vote,
    ),
    beginQuorumEpoch: serve<'beginQuorumEpoch'>(
      ({ body }) => readBegin(body, context, clusterId(body.clusterId)),
      (response, _, answering) => answers.epoch(response, answering),
      ENDPOINTS_SINCE.beginQuorumEpoch,
    ),
    endQuorumEpoch: serve<'endQuorumEpoch'>(
      ({ body }) => readEnd(body, context, clusterId(body.clusterId)),
      (response, _, answering) => answers.epoch(response, answering),
      ENDPOINTS_SINCE.endQuorumEpoch,
    ),
    fetch: serve<'fetch'>(
      (exchange) => readFetch(exchange, context, clusterId(exchange.body.clusterId)),
      (response, records, answering) => answers.fetch(response, records, answering),
      ENDPOINTS_SINCE.fetch,
    ),
    fetchSnapshot: serve<'fetchSnapshot'>(
      ({ body }) => readFetchSnapshot(body, context, clusterId(body.clusterId)),
      (response, _, answering) => answers.fetchSnapshot(response, answering),
      ENDPOINTS_SINCE.fetchSnapshot,
    ),
    describeQuorum: serve<'describeQuorum'>(
      ({ body }) =>
        onePartition(context.place, body.topics, (partition) => partition.partitionIndex) === null
          ? { refusal: answers.refusedDescription(body) }
          : { request: { api: 'describe-quorum' } },
      (response) => answers.describeQuorum(response, context),
    ),
    addRaftVoter: serve<'addRaftVoter'>(
      ({ body }) => {
        const { voterId, timeoutMs, listeners } = body;
        if (listeners.length === 0) return { refusal: NO_LISTENER };
        return {
          request: {
            api: 'add-voter',
            clusterId: clusterId(body.clusterId),
            timeoutMs: Math.max(0, timeoutMs),
            voterId,
            voterDirectoryId: directoryOf(body.voterDirectoryId),
            listeners,
          },
        };
      },
      (response) => answers.voterChange(response),
    ),
    removeRaftVoter: serve<'removeRaftVoter'>(
      ({ body }) => ({
        request: {
          api: 'remove-voter',
          clusterId: clusterId(body.clusterId),
          voterId: body.voterId,
          voterDirectoryId: directoryOf(body.voterDirectoryId),
        },
      }),
      (response) => answers.voterChange(response),
    ),
    updateRaftVoter: serve<'updateRaftVoter'>(
      ({ body }) => ({
        request: {
          api: 'update-voter',
          clusterId: clusterId(body.clusterId),
          currentLeaderEpoch: body.currentLeaderEpoch,
          voterId: body.voterId,
          voterDirectoryId: directoryOf(body.voterDirectoryId),
          listeners: body.listeners,
        },
      }),
      (response) => answers.voterUpdate(response, context),
    ),
  };
}

const NO_LISTENER = {
  throttleTimeMs: 0,
  errorCode: ERROR.INVALID_REQUEST,
  errorMessage: 'a voter has a listener where the others reach it',
} as const;
const REFUSED = { errorCode: ERROR.INVALID_REQUEST, topics: [] } as const;

function readVote(body: RequestBody<'vote'>, context: HandlerContext, clusterId: string): Read<'vote'> {
  const partition = onePartition(context.place, body.topics, ({ partitionIndex }) => partitionIndex);
  if (partition === null) return { refusal: REFUSED };
  return {
    request: {
      api: 'vote',
      clusterId,
      // Version 0 does not say whom it means.
      voterId: body.voterId < 0 ? context.nodeId : body.voterId,
      voterDirectoryId: directoryOf(partition.voterDirectoryId),
      candidateEpoch: partition.replicaEpoch,
      candidateId: partition.replicaId,
      candidateDirectoryId: directoryOf(partition.replicaDirectoryId),
      lastOffsetEpoch: partition.lastOffsetEpoch,
      lastOffset: partition.lastOffset,
      preVote: partition.preVote,
    },
  };
}

function readBegin(
  body: RequestBody<'beginQuorumEpoch'>,
  context: HandlerContext,
  clusterId: string,
): Read<'beginQuorumEpoch'> {
  const partition = onePartition(context.place, body.topics, ({ partitionIndex }) => partitionIndex);
  if (partition === null) return { refusal: REFUSED };
  const { leaderId, leaderEpoch } = partition;
  return {
    request: {
      api: 'begin-quorum-epoch',
      clusterId,
      voterId: body.voterId < 0 ? context.nodeId : body.voterId,
      voterDirectoryId: directoryOf(partition.voterDirectoryId),
      leaderId,
      leaderEpoch,
      leaderEndpoints: body.leaderEndpoints,
    },
  };
}

function readEnd(
  body: RequestBody<'endQuorumEpoch'>,
  context: HandlerContext,
  clusterId: string,
): Read<'endQuorumEpoch'> {
  const partition = onePartition(context.place, body.topics, ({ partitionIndex }) => partitionIndex);
  if (partition === null) return { refusal: REFUSED };
  const { leaderId, leaderEpoch, preferredCandidates, preferredSuccessors } = partition;
  const candidates = preferredCandidates.map(({ candidateId, candidateDirectoryId }) => ({
    id: candidateId,
    directoryId: directoryOf(candidateDirectoryId),
  }));
  return {
    request: {
      api: 'end-quorum-epoch',
      clusterId,
      leaderId,
      leaderEpoch,
      preferredCandidates:
        candidates.length > 0 ? candidates : preferredSuccessors.map((id) => ({ id, directoryId: null })),
      leaderEndpoints: body.leaderEndpoints,
    },
  };
}

/** From this version on a topic has an id and no name, and the sender its state. */
const FETCH_WITH_TOPIC_ID = 13;
const FETCH_WITH_REPLICA_STATE = 15;

function readFetch(
  { body, header }: Exchange<'fetch'>,
  context: HandlerContext,
  clusterId: string,
): Read<'fetch'> {
  const { apiVersion } = header;
  const hasId = apiVersion >= FETCH_WITH_TOPIC_ID;
  const topics = body.topics.map(({ topic, topicId, partitions }) => ({
    name: hasId ? (topicId === context.place.topicId ? context.place.topic : '') : topic,
    partitions,
  }));
  const partition = onePartition(context.place, topics, (each) => each.partition);
  if (partition === null) return { refusal: { errorCode: ERROR.INVALID_REQUEST, responses: [] } };
  const { highWatermark } = partition;
  return {
    request: {
      api: 'fetch',
      clusterId,
      replicaId: apiVersion >= FETCH_WITH_REPLICA_STATE ? body.replicaState.replicaId : body.replicaId,
      replicaDirectoryId: directoryOf(partition.replicaDirectoryId),
      currentLeaderEpoch: partition.currentLeaderEpoch,
      fetchOffset: partition.fetchOffset,
      lastFetchedEpoch: partition.lastFetchedEpoch,
      highWatermark,
      maxWaitMs: body.maxWaitMs,
      maxBytes: Math.max(0, Math.min(body.maxBytes, partition.partitionMaxBytes)),
    },
  };
}

function readFetchSnapshot(
  body: RequestBody<'fetchSnapshot'>,
  context: HandlerContext,
  clusterId: string,
): Read<'fetchSnapshot'> {
  const partition = onePartition(context.place, body.topics, (each) => each.partition);
  if (partition === null) return { refusal: REFUSED };
  const { currentLeaderEpoch, snapshotId, position, replicaDirectoryId } = partition;
  return {
    request: {
      api: 'fetch-snapshot',
      clusterId,
      replicaId: body.replicaId,
      replicaDirectoryId: directoryOf(replicaDirectoryId),
      currentLeaderEpoch,
      snapshotId,
      position,
      maxBytes: body.maxBytes,
    },
  };
}
