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

function require(holds: boolean, sentence: () => string): void {
  if (!holds) throw new Error(`impossible: ${sentence()}`);
}

/** @throws Error with a sentence that says what cannot be */
export function checkInvariants(s: CoreState, seen: Seen): void {
  const { log, partition, role } = s;
  const { leaderEpoch, partitionEpoch } = partition;
  const { logStartOffset, logEndOffset, highWatermark, lastStableOffset } = log;
  // While it is truncated, a log is neither as it was nor as it will be.
  const isWhole = s.truncatingTo === null;
  require(!isWhole || logStartOffset <= logEndOffset, () =>
    `the log starts at ${logStartOffset}, ends at ${logEndOffset}`);
  require(!isWhole || highWatermark <= logEndOffset, () =>
    `high watermark ${highWatermark}, log end ${logEndOffset}`);
  require(lastStableOffset <= highWatermark, () =>
    `last stable offset ${lastStableOffset}, high watermark ${highWatermark}`);
  require(leaderEpoch >= seen.leaderEpoch, () => `leader epoch ${leaderEpoch} after ${seen.leaderEpoch}`);
  require(partitionEpoch >= seen.partitionEpoch, () =>
    `partition epoch ${partitionEpoch} after ${seen.partitionEpoch}`);
  require(s.truncatingTo === null || role.name !== 'leader', () => 'a leader truncates its log');
  if (role.name === 'leader') {
    require(partition.isr.includes(s.brokerId), () =>
      `a leader outside its ISR [${partition.isr.join(',')}]`);
    const goesOn = leaderEpoch === seen.leaderEpoch;
    require(!goesOn || highWatermark >= seen.highWatermark, () =>
      `a leader's high watermark went from ${seen.highWatermark} back to ${highWatermark}`);
    for (const { requiredOffset } of role.produces) {
      require(requiredOffset <= logEndOffset, () =>
        `a produce waits for ${requiredOffset}, log end ${logEndOffset}`);
    }
    const { proposal } = role;
    require(proposal === null || proposal.request.partitionEpoch === partitionEpoch, () =>
      `a proposal for partition epoch ${String(proposal?.request.partitionEpoch)}, which is ${partitionEpoch}`);
  }
  seen.leaderEpoch = leaderEpoch;
  seen.partitionEpoch = partitionEpoch;
  seen.highWatermark = role.name === 'leader' ? highWatermark : -1;
}
