/** What is common to requests and responses: errors, and what is learnt from any of them. */
import { ERROR } from './errors.ts';
import type { FetchResponse, FetchSnapshotRequest, FetchSnapshotResponse } from './messages.ts';
import { NO_OFFSET_AND_EPOCH } from './messages.ts';
import type { CoreState } from './state.ts';

export const fetchError = (s: CoreState, errorCode: number): FetchResponse => ({
  api: 'fetch',
  errorCode,
  currentLeader: s.currentLeader,
  highWatermark: -1,
  logStartOffset: -1,
  divergingEpoch: NO_OFFSET_AND_EPOCH,
  snapshotId: NO_OFFSET_AND_EPOCH,
  records: [],
});

const NO_BYTES = new Uint8Array(0);

export const snapshotError = (
  s: CoreState,
  { snapshotId, position }: FetchSnapshotRequest,
  errorCode: number,
): FetchSnapshotResponse => ({
  api: 'fetch-snapshot',
  errorCode,
  currentLeader: s.currentLeader,
  snapshotId,
  size: 0,
  position,
  unalignedRecords: NO_BYTES,
});

/** What is wrong with a request that only the leader of that epoch answers; null where nothing is. */
export function leaderOnlyError(s: CoreState, requestEpoch: number): number | null {
  if (requestEpoch < s.epoch) return ERROR.fencedLeaderEpoch;
  if (requestEpoch > s.epoch) return ERROR.unknownLeaderEpoch;
  return s.state.name === 'leader' ? null : ERROR.notLeaderOrFollower;
}

export const hasOtherCluster = (s: CoreState, clusterId: string): boolean => clusterId !== s.config.clusterId;
