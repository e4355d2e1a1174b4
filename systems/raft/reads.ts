/**
 * ReadIndex (dissertation, section 6.4): a leader answers reads from its state machine once a majority confirmed, after the
 * read arrived, that it still leads. One heartbeat round serves all reads that wait for it; those that arrive while a
 * round is under way share the next one.
 */
import { RESULT } from './errors.ts';
import { majorityValue } from './quorum.ts';
import type { ReplyToken } from './effects.ts';
import { sendRound } from './replication.ts';
import type { CoreState, WaitingRead } from './state.ts';

export function addRead(s: CoreState, token: ReplyToken, key: string): void {
  if (s.role !== 'leader') {
    s.reply(token, RESULT.notLeader);
    return;
  }
  if (s.waitingReads.length >= s.options.maxPendingReads) {
    s.reply(token, RESULT.overloaded);
    return;
  }
  // Until the own no-op is applied, the commit index may lag behind what earlier leaders committed.
  const readIndex = Math.max(s.commitIndex, s.noopIndex);
  const read = { token, key, round: s.round + 1, readIndex };
  if (mayServe(s, read)) {
    serve(s, read);
    return;
  }
  s.waitingReads.push(read);
  if (s.round === s.confirmedRound) beginRound(s);
}

function beginRound(s: CoreState): void {
  s.round++;
  sendRound(s);
  confirmRounds(s);
}

/** A follower answered a round, or there is none but us. */
export function confirmRounds(s: CoreState): void {
  if (s.confirmedRound === s.round) return;
  const confirmed = majorityValue(s.configuration, (node) =>
    node === s.name ? s.round : (s.progress.get(node)?.ackedRound ?? 0),
  );
  if (confirmed <= s.confirmedRound) return;
  s.confirmedRound = confirmed;
  serveReads(s);
}

/** Answers the reads whose round is confirmed and whose index is applied. */
export function serveReads(s: CoreState): void {
  const reads = s.waitingReads;
  let served = 0;
  while (served < reads.length) {
    const read = reads[served] as WaitingRead;
    if (!mayServe(s, read)) break;
    serve(s, read);
    served++;
  }
  if (served > 0) reads.splice(0, served);
  const last = reads.at(-1);
  if (last !== undefined && last.round > s.round && s.round === s.confirmedRound) beginRound(s);
}

const mayServe = (s: CoreState, read: WaitingRead): boolean =>
  s.rules.mayServeRead({
    ownTermApplied: s.appliedIndex >= s.noopIndex,
    confirmedRound: s.confirmedRound,
    round: read.round,
    appliedIndex: s.appliedIndex,
    readIndex: read.readIndex,
  });

function serve(s: CoreState, read: WaitingRead): void {
  s.effects.push({
    kind: 'reply',
    token: read.token,
    code: RESULT.ok,
    index: 0,
    term: 0,
    value: s.machine.read(read.key),
    isRead: true,
    leader: null,
  });
}
