/**
 * Following: fetches, which acknowledge what is durable; records, truncations and snapshots that come back (KIP-595, KIP-630).
 */
import type {
  Entry,
  FetchRequest,
  FetchResponse,
  FetchSnapshotResponse,
  OffsetAndEpoch,
} from './messages.ts';
import { ERROR } from './errors.ts';
import type { CoreState } from './state.ts';
import type { FetchingSnapshot, StoredSnapshot } from './state-types.ts';
import { prefixHash } from './state.ts';
import { becomeProspective } from './transitions.ts';

/** Of the election timeout, at most, between the news that the leader is down and an election. */
const REFUSED_WAIT_PART = 0.2;

export function pollFollower(s: CoreState): void {
  const { state } = s;
  if (state.name !== 'follower' || s.leaderId === null) return;
  if (s.nowMs >= state.fetchDeadlineMs) {
    if (s.mayStand) becomeProspective(s);
    else fetchFromAnyVoter(s);
    return;
  }
  const { fetchingSnapshot } = state;
  if (fetchingSnapshot === null) fetch(s, s.leaderId);
  else if (!fetchingSnapshot.storing) fetchSnapshot(s, s.leaderId, fetchingSnapshot);
}

/**
 * An observer that has no leader, or lost it, asks around: whoever is asked says who leads. Also the leader itself, which may
 * be none of the voters that a log as old as this one's names.
 */
export function fetchFromAnyVoter(s: CoreState): void {
  const asked = s.knownNodes;
  const nodeId = asked[Math.floor(s.config.random() * asked.length)];
  if (nodeId !== undefined && !s.peers.isBusy(s.nowMs)) fetch(s, nodeId);
}

function fetch(s: CoreState, to: number): void {
  if (!s.rules.mayFetch(s.log.endOffset, s.durableEndOffset)) return;
  if (!s.rules.mayLeave(s.quorumStateWrite, s.storedWrite)) return;
  s.ask(to, () => fetchRequest(s));
}

function fetchRequest(s: CoreState): FetchRequest {
  return {
    api: 'fetch',
    clusterId: s.config.clusterId,
    replicaId: s.nodeId,
    replicaDirectoryId: s.config.directoryId,
    currentLeaderEpoch: s.epoch,
    fetchOffset: s.log.endOffset,
    lastFetchedEpoch: s.rules.lastFetchedEpoch(s.log.lastEpoch, s.epoch, s.lastResponseWasEmpty),
    highWatermark: s.highWatermark,
    maxWaitMs: s.options.fetchMaxWaitMs,
    maxBytes: s.options.fetchMaxBytes,
  };
}

function fetchSnapshot(s: CoreState, to: number, { snapshotId, position }: FetchingSnapshot): void {
  if (!s.rules.mayLeave(s.quorumStateWrite, s.storedWrite)) return;
  s.ask(to, () => ({
    api: 'fetch-snapshot',
    clusterId: s.config.clusterId,
    replicaId: s.nodeId,
    replicaDirectoryId: s.config.directoryId,
    currentLeaderEpoch: s.epoch,
    snapshotId,
    position,
    maxBytes: s.options.snapshotMaxBytes,
  }));
}

/** A response without an error, of this epoch. */
export function onFetchResponse(s: CoreState, from: number, response: FetchResponse): void {
  const { state } = s;
  if (state.name !== 'follower' || from !== s.leaderId) return;
  const { divergingEpoch, snapshotId, records } = response;
  if (divergingEpoch.epoch >= 0) {
    truncateTo(s, divergingEpoch);
  } else if (snapshotId.endOffset >= 0) {
    if (s.rules.mayInstallSnapshot(snapshotId.endOffset, s.highWatermark)) {
      state.fetchingSnapshot = { snapshotId, position: 0, storing: false };
    }
  } else {
    s.lastResponseWasEmpty = records.length === 0;
    if (!takeRecords(s, records)) return;
    const { highWatermark } = response;
    s.raiseHighWatermark(s.rules.followerHighWatermark(highWatermark, s.log.endOffset, s.highWatermark));
  }
  state.fetchDeadlineMs = s.nowMs + s.options.fetchTimeoutMs;
  state.fetchedFromLeader = true;
}

/**
 * The leader is down: who fetched from it need not wait until its time is up, but only for a moment of its own, so that voters
 * who all see it do not stand at once. Not again before the next fetch that succeeds: others may still reach the leader, and the usual
 * times bound how often they are asked. Apache Kafka waits.
 */
export function onRefused(s: CoreState, from: number): void {
  const { state } = s;
  if (state.name !== 'follower' || from !== s.leaderId || !state.fetchedFromLeader) return;
  const waitMs = s.config.random() * REFUSED_WAIT_PART * s.options.electionTimeoutMs;
  state.fetchDeadlineMs = Math.min(state.fetchDeadlineMs, s.nowMs + waitMs);
  state.fetchedFromLeader = false;
}

function truncateTo(s: CoreState, diverging: OffsetAndEpoch): void {
  const endOffset = s.rules.truncationOffset(diverging, s.log);
  if (!s.rules.mayTruncateTo(endOffset, s.highWatermark) || endOffset < s.log.startOffset) {
    s.crash(
      `the leader asks to truncate to offset ${endOffset}, and the high watermark is ${s.highWatermark}`,
    );
    return;
  }
  s.truncateLog(endOffset);
}

function takeRecords(s: CoreState, records: readonly Entry[]): boolean {
  if (records.length === 0) return true;
  let { endOffset } = s.log;
  for (const { offset, count, epoch } of records) {
    const isNext = offset === endOffset && s.rules.mayAppend(s.log.endOffset, epoch, s.log, s.epoch);
    if (!isNext) {
      s.crash(`the leader sent a batch at ${offset} of epoch ${epoch} to a log that ends at ${endOffset}`);
      return false;
    }
    endOffset += count;
  }
  s.appendEntries(records);
  return true;
}

export function onFetchSnapshotResponse(s: CoreState, from: number, response: FetchSnapshotResponse): void {
  const { state } = s;
  if (state.name !== 'follower' || from !== s.leaderId) return;
  const { fetchingSnapshot } = state;
  if (fetchingSnapshot === null || fetchingSnapshot.storing) return;
  const { snapshotId, position, unalignedRecords: bytes, size } = response;
  const isNext =
    sameSnapshot(snapshotId, fetchingSnapshot.snapshotId) && position === fetchingSnapshot.position;
  if (!isNext || position + bytes.length > size || (bytes.length === 0 && size > 0)) {
    state.fetchingSnapshot = null;
    return;
  }
  s.effects.push({ kind: 'snapshot-chunk', snapshotId, position, bytes });
  fetchingSnapshot.position += bytes.length;
  if (fetchingSnapshot.position === size) {
    fetchingSnapshot.storing = true;
    s.effects.push({ kind: 'store-snapshot', snapshotId, size });
  }
  state.fetchDeadlineMs = s.nowMs + s.options.fetchTimeoutMs;
  state.fetchedFromLeader = true;
}

/** The leader has that snapshot no more, or not so much of it: the next fetch tells what it has. */
export function onFetchSnapshotError(s: CoreState, errorCode: number): void {
  const gone = errorCode === ERROR.snapshotNotFound || errorCode === ERROR.positionOutOfRange;
  if (gone && s.state.name === 'follower') s.state.fetchingSnapshot = null;
}

/** A fetched snapshot is durable. What it holds is committed, whatever this node has become by now. */
export function onSnapshotStored(s: CoreState, stored: StoredSnapshot): void {
  const { state } = s;
  if (state.name === 'follower') state.fetchingSnapshot = null;
  const { snapshotId } = stored;
  if (!s.rules.mayInstallSnapshot(snapshotId.endOffset, s.highWatermark)) return;
  s.snapshot = stored;
  const replaces = s.rules.snapshotReplacesLog(snapshotId, s.log);
  if (replaces && state.name === 'leader') {
    s.violation ??= `it leads without what the snapshot up to ${snapshotId.endOffset} holds`;
  }
  s.highWatermark = snapshotId.endOffset;
  s.appliedOffset = snapshotId.endOffset;
  s.trace({
    kind: 'snapshot',
    source: 'installed',
    index: snapshotId.endOffset,
    term: snapshotId.epoch,
    prefixHash: prefixHash(snapshotId),
    stateHash: stored.stateHash,
  });
  s.effects.push({ kind: 'load-snapshot', snapshotId });
  if (!replaces) return;
  s.resetLog(snapshotId);
  s.voters.reset(stored.kraftVersion, stored.voters);
  s.traceVoters();
}

const sameSnapshot = (a: OffsetAndEpoch, b: OffsetAndEpoch): boolean =>
  a.endOffset === b.endOffset && a.epoch === b.epoch;
