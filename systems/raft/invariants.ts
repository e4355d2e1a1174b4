/**
 * What is always true of one node's state. Cheap enough to be asked after every step; what spans nodes or time is for
 * the checkers, from the trace.
 */
import type { CoreState } from './state.ts';

/** What was seen at the last check: some things never go back. */
export interface Seen {
  term: number;
  commitIndex: number;
}

/** @throws Error with a sentence */
export function checkInvariants(s: CoreState, seen: Seen): void {
  const { log } = s;
  if (s.violation !== null) fail(s, s.violation);
  if (s.term < seen.term) fail(s, `its term went back from ${seen.term} to ${s.term}`);
  if (s.commitIndex < seen.commitIndex) {
    fail(s, `its commit index went back from ${seen.commitIndex} to ${s.commitIndex}`);
  }
  if (s.commitIndex > log.lastIndex) {
    fail(s, `its commit index ${s.commitIndex} is beyond its last index ${log.lastIndex}`);
  }
  if (s.appliedIndex > s.commitIndex)
    fail(s, `it applied ${s.appliedIndex} and committed only ${s.commitIndex}`);
  if (s.durableIndex > log.lastIndex) {
    fail(s, `its durable index ${s.durableIndex} is beyond its last index ${log.lastIndex}`);
  }
  if (log.baseIndex > s.appliedIndex) {
    fail(s, `its log begins after ${log.baseIndex} and it applied only ${s.appliedIndex}`);
  }
  if (log.lastTerm > s.term) fail(s, `its last entry has term ${log.lastTerm}, beyond its own ${s.term}`);
  if (s.storedWrite > s.lastWrite) fail(s, `its disk stored write ${s.storedWrite} of ${s.lastWrite}`);
  if (s.uncommittedBytes < 0) fail(s, `its uncommitted bytes are ${s.uncommittedBytes}`);
  if (s.role === 'leader') checkLeader(s);
  seen.term = s.term;
  seen.commitIndex = s.commitIndex;
}

function checkLeader(s: CoreState): void {
  if (s.leader !== s.name) fail(s, `it leads and believes that ${String(s.leader)} does`);
  if (s.confirmedRound > s.round)
    fail(s, `round ${s.confirmedRound} is confirmed, and ${s.round} is the last`);
  for (const p of s.followers) {
    if (p.match >= p.next) fail(s, `${p.node} has match ${p.match} and next ${p.next}`);
    if (p.match > s.log.lastIndex) fail(s, `${p.node} has match ${p.match}, beyond ${s.log.lastIndex}`);
  }
}

function fail(s: CoreState, sentence: string): never {
  throw new Error(`${s.name} (${s.role}, term ${s.term}): ${sentence}`);
}
