/**
 * What is true of a replica at every moment, whatever the others do. The simulator and the tests check it after every input.
 *
 *     checkInvariants(s, seen); // throws with a sentence
 */
import type { CoreState } from './state.ts';

/** What an earlier check saw. */
export interface Seen {
  leaderEpoch: number;
  partitionEpoch: number;
  /** Of the leadership that goes on. */
  highWatermark: number;
}

export const nothingSeen = (): Seen => ({ leaderEpoch: -1, partitionEpoch: -1, highWatermark: -1 });

function fail(sentence: string): never {
  throw new Error(`impossible: ${sentence}`);
}

/** @throws Error with a sentence that says what cannot be */
export function checkInvariants(s: CoreState, seen: Seen): void {
  const { log, partition, role } = s;
  const { leaderEpoch, partitionEpoch } = partition;
  const { logStartOffset, logEndOffset, highWatermark, lastStableOffset } = log;
  // While it is truncated, a log is neither as it was nor as it will be.
  if (s.truncatingTo === null) {
    if (logStartOffset > logEndOffset) fail(`the log starts at ${logStartOffset}, ends at ${logEndOffset}`);
    if (highWatermark > logEndOffset) fail(`high watermark ${highWatermark}, log end ${logEndOffset}`);
  } else if (role.name === 'leader') fail('a leader truncates its log');
  if (lastStableOffset > highWatermark) {
    fail(`last stable offset ${lastStableOffset}, high watermark ${highWatermark}`);
  }
  if (leaderEpoch < seen.leaderEpoch) fail(`leader epoch ${leaderEpoch} after ${seen.leaderEpoch}`);
  if (partitionEpoch < seen.partitionEpoch) {
    fail(`partition epoch ${partitionEpoch} after ${seen.partitionEpoch}`);
  }
  if (role.name === 'leader') {
    if (!partition.isr.includes(s.brokerId)) fail(`a leader outside its ISR [${partition.isr.join(',')}]`);
    if (leaderEpoch === seen.leaderEpoch && highWatermark < seen.highWatermark) {
      fail(`a leader's high watermark went from ${seen.highWatermark} back to ${highWatermark}`);
    }
    for (const { requiredOffset } of role.produces) {
      if (requiredOffset > logEndOffset)
        fail(`a produce waits for ${requiredOffset}, log end ${logEndOffset}`);
    }
    const { proposal } = role;
    if (proposal !== null && proposal.request.partitionEpoch !== partitionEpoch) {
      fail(`a proposal for partition epoch ${proposal.request.partitionEpoch}, which is ${partitionEpoch}`);
    }
  }
  seen.leaderEpoch = leaderEpoch;
  seen.partitionEpoch = partitionEpoch;
  seen.highWatermark = role.name === 'leader' ? highWatermark : -1;
}
