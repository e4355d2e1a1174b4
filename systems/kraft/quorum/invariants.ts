/**
 * What is always true of one node's state. Cheap enough to be asked after every step; what spans nodes or time is for
 * the checkers, from the trace.
 */
import type { CoreState } from './state.ts';

/** What was seen at the last check: some things never go back. */
export interface Seen {
  epoch: number;
  highWatermark: number;
  /** The epoch in which it led, and the high watermark that it had as its leader. */
  ledEpoch: number;
  leadersHighWatermark: number;
}

export const nothingSeen = (): Seen => ({
  epoch: 0,
  highWatermark: 0,
  ledEpoch: -1,
  leadersHighWatermark: 0,
});

/** @throws Error with a sentence */
export function checkInvariants(s: CoreState, seen: Seen): void {
  const { log, state } = s;
  if (s.violation !== null) fail(s, s.violation);
  if (s.epoch < seen.epoch) fail(s, `its epoch went back from ${seen.epoch} to ${s.epoch}`);
  if (s.highWatermark < seen.highWatermark) {
    fail(s, `its high watermark went back from ${seen.highWatermark} to ${s.highWatermark}`);
  }
  if (s.highWatermark > log.endOffset) {
    fail(s, `its high watermark ${s.highWatermark} is beyond its log end ${log.endOffset}`);
  }
  if (s.durableEndOffset > log.endOffset) {
    fail(s, `its log is durable up to ${s.durableEndOffset} and ends at ${log.endOffset}`);
  }
  if (log.lastEpoch > s.epoch)
    fail(s, `its last record has epoch ${log.lastEpoch}, beyond its own ${s.epoch}`);
  if (log.startOffset > (s.snapshot?.snapshotId.endOffset ?? 0)) {
    fail(s, `its log starts at ${log.startOffset}, and no snapshot reaches so far`);
  }
  if (s.appliedOffset > s.highWatermark) {
    fail(s, `it applied up to ${s.appliedOffset}, and its high watermark is ${s.highWatermark}`);
  }
  if (s.storedWrite > s.lastWrite) fail(s, `its disk stored write ${s.storedWrite} of ${s.lastWrite}`);
  if ((state.name === 'leader' || state.name === 'resigned') !== (s.leaderId === s.nodeId)) {
    fail(s, `it is ${state.name} and believes that ${String(s.leaderId)} leads`);
  }
  if (state.name === 'follower' && s.leaderId === null) fail(s, 'it follows nobody');
  if (state.name === 'candidate' && s.votedKey?.id !== s.nodeId) fail(s, 'it stands and voted for another');
  if (state.name === 'leader') checkLeader(s, seen);
  seen.epoch = s.epoch;
  seen.highWatermark = s.highWatermark;
}

function checkLeader(s: CoreState, seen: Seen): void {
  if (s.state.name !== 'leader') return;
  const { highWatermark, epochStartOffset } = s.state;
  if (seen.ledEpoch !== s.epoch) {
    seen.ledEpoch = s.epoch;
    seen.leadersHighWatermark = 0;
  }
  const known = highWatermark ?? 0;
  if (known < seen.leadersHighWatermark) {
    fail(s, `the quorum's high watermark went back from ${seen.leadersHighWatermark} to ${known}`);
  }
  seen.leadersHighWatermark = known;
  if (highWatermark !== null && highWatermark <= epochStartOffset) {
    fail(s, `its high watermark ${highWatermark} is not past its epoch's start ${epochStartOffset}`);
  }
  if (highWatermark === null) return;
  // Before that, changes of earlier leaders may be committed, and this leader does not know it.
  const uncommitted = s.voters.changesFrom(highWatermark);
  if (uncommitted > 1) fail(s, `${uncommitted} changes of the voters are in its log and not committed`);
}

function fail(s: CoreState, sentence: string): never {
  throw new Error(`node ${s.nodeId} (${s.state.name}, epoch ${s.epoch}): ${sentence}`);
}
