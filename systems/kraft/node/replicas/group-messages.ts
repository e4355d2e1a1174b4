/**
 * Between the replicas' Fetch, which many partitions share, and the one of a Raft group's core; and between the core's entries and batches.
 *
 *     quorum.receiveRequest(nowMs, token, memberFetch(groupId, request));   // as it came with those of other partitions
 *     memberReply(response, fill, leaderEpoch)                              // and its answer
 *     memberResponse(answer, leader, records)                               // what a follower gets, for its core
 */
import type * as messages from '../../broker/partition/messages.ts';
import type { Fill } from '../../quorum/effects.ts';
import type { Batch } from '../../quorum/leader.ts';
import type { Entry, FetchRequest, FetchResponse } from '../../quorum/messages.ts';
import { NO_OFFSET_AND_EPOCH } from '../../quorum/messages.ts';
import { RecordBatch } from '../../records/batch.ts';
import { ERROR } from '../../wire/error-codes.ts';
import { entriesOf } from '../quorum/metadata-batches.ts';

const NOBODY: messages.CurrentLeader = { leaderId: -1, leaderEpoch: -1 };

/** Answered at once: what waits, waits in fetch-requests.ts. */
export const memberFetch = (clusterId: string, request: messages.ReplicaFetch): FetchRequest => ({
  api: 'fetch',
  clusterId,
  replicaId: request.brokerId,
  replicaDirectoryId: null,
  currentLeaderEpoch: request.leaderEpoch,
  fetchOffset: request.offset,
  lastFetchedEpoch: request.lastFetchedEpoch,
  highWatermark: -1,
  maxWaitMs: 0,
  maxBytes: request.maxBytes,
});

export function memberReply(
  { errorCode, highWatermark, logStartOffset, divergingEpoch, currentLeader }: FetchResponse,
  fill: Fill,
  leaderEpoch: number,
): messages.FetchReply {
  return {
    errorCode,
    leaderEpoch,
    highWatermark,
    lastStableOffset: highWatermark,
    logStartOffset,
    diverging: divergingEpoch.epoch < 0 ? null : divergingEpoch,
    aborted: [],
    fill:
      fill?.kind === 'records'
        ? { fromOffset: fill.fromOffset, upTo: fill.endOffset, maxBytes: fill.maxBytes }
        : null,
    ...(errorCode !== ERROR.NONE && { currentLeader }),
  };
}

/**
 * @param leader - who was asked, in which epoch: only that leader answers without an error
 * @throws RecordError
 */
export function memberResponse(
  answer: Omit<messages.FetchResponse, 'sizeBytes'>,
  leader: messages.CurrentLeader,
  records: Uint8Array,
): FetchResponse {
  const { errorCode, highWatermark, logStartOffset, diverging } = answer;
  return {
    api: 'fetch',
    errorCode,
    currentLeader: errorCode === ERROR.NONE ? leader : (answer.currentLeader ?? NOBODY),
    highWatermark,
    logStartOffset,
    divergingEpoch: diverging ?? NO_OFFSET_AND_EPOCH,
    snapshotId: NO_OFFSET_AND_EPOCH,
    records: entriesOf(records),
  };
}

/** What producers sent, for the core to place. */
export const appendable = ({ bytes, crc, lastOffsetDelta }: RecordBatch): Batch => ({
  count: lastOffsetDelta + 1,
  hash: crc,
  payload: bytes,
});

/** An entry's batch, where it is in the log. */
export function batchOf({ offset, epoch, payload }: Entry): RecordBatch {
  const batch = new RecordBatch(payload as Uint8Array);
  batch.baseOffset = offset;
  batch.leaderEpoch = epoch;
  return batch;
}
