/**
 * Leading: the term's no-op, proposals, answers of followers, the commit index, and stepping down when no majority
 * is heard any more.
 */
import { acknowledge, advanceCommit } from './apply.ts';
import type { ReplyToken } from './effects.ts';
import { RESULT } from './errors.ts';
import { newEntry } from './log.ts';
import type { AppendReply, SnapshotReply } from './messages.ts';
import type { Payload } from './payload.ts';
import { encodePayload } from './payload.ts';
import { Progress } from './progress.ts';
import { hasMajority, majorityValue } from './quorum.ts';
import { confirmRounds, serveReads } from './reads.ts';
import { heartbeat, replicate, replicateToAll, sendChunk } from './replication.ts';
import type { CoreState } from './state.ts';

const NOOP = encodePayload({ kind: 'noop' });

export function becomeLeader(s: CoreState): void {
  s.role = 'leader';
  s.leader = s.name;
  s.progress.clear();
  for (const peer of s.peers()) {
    s.progress.set(peer, new Progress(peer, s.log.lastIndex + 1, s.options.maxInflightMessages));
  }
  s.followers = [...s.progress.values()];
  s.heartbeatDeadline = s.now + s.heartbeatNs;
  s.quorumDeadline = s.now + s.electionTimeoutNs;
  // Rounds of another leadership must not confirm reads of this one; terms part them, zero keeps them small.
  s.round = 0;
  s.confirmedRound = 0;
  s.traceRole();
  s.noopIndex = s.log.lastIndex + 1;
  s.appendEntries([newEntry(s.term, NOOP)]);
  replicateToAll(s);
}

/** @param decoded - the payload's content, already checked */
export function propose(s: CoreState, token: ReplyToken, payload: Uint8Array, decoded: Payload): void {
  if (s.role !== 'leader') {
    s.reply(token, RESULT.notLeader);
    return;
  }
  const sizeBytes = payload.length;
  if (s.uncommittedBytes > 0 && s.uncommittedBytes + sizeBytes > s.options.maxUncommittedBytes) {
    s.reply(token, RESULT.overloaded);
    return;
  }
  const entry = newEntry(s.term, payload, decoded);
  s.appendEntries([entry]);
  if (s.rules.mayAcknowledge(entry.index, s.commitIndex)) {
    const code = decoded.kind === 'command' ? s.machine.evaluate(decoded) : RESULT.ok;
    acknowledge(s, token, { code, index: entry.index, term: entry.term });
  } else {
    s.proposals.set(entry.index, { token, term: s.term, sizeBytes });
    s.uncommittedBytes += sizeBytes;
  }
  replicateToAll(s);
  // A lone voter hears of no follower; its own disk decides.
  if (s.followers.length === 0) advanceLeaderCommit(s);
}

export function onAppendReply(s: CoreState, from: string, reply: AppendReply): void {
  const p = s.progress.get(from);
  if (s.role !== 'leader' || p === undefined || !s.rules.isCurrentReply(reply.term, s.term)) return;
  p.active = true;
  if (reply.rejected) onRefusal(s, p, reply);
  else onAcceptance(s, p, reply);
  if (reply.round > p.ackedRound && reply.round <= s.round) {
    p.ackedRound = reply.round;
    confirmRounds(s);
  }
}

function onRefusal(s: CoreState, p: Progress, reply: AppendReply): void {
  // A refusal of something else than what we last sent is old news.
  if (p.state === 'snapshot') return;
  if (p.state === 'probe' ? reply.prevIndex !== p.next - 1 : reply.prevIndex <= p.match) return;
  const next = s.rules.nextIndexAfterConflict(
    { index: reply.hintIndex, term: reply.hintTerm, firstOfTerm: reply.hintFirst },
    s.log,
  );
  const probed = p.state === 'probe' ? p.next : 0;
  p.becomeProbe(next);
  // A follower that lost what it acknowledged refuses the same place for ever: ask again at heartbeats only.
  if (p.next === probed) p.probeSent = true;
  else replicate(s, p);
}

function onAcceptance(s: CoreState, p: Progress, reply: AppendReply): void {
  if (reply.match > s.log.lastIndex) {
    s.violation ??= `${p.node} acknowledges ${reply.match}, beyond the leader's last index ${s.log.lastIndex}`;
    return;
  }
  p.acknowledged(reply.match);
  const advanced = reply.match > p.match;
  if (advanced) p.match = reply.match;
  if (p.state === 'probe' || (p.state === 'snapshot' && p.match >= (p.transfer?.index ?? 0))) {
    p.becomeReplicate(Math.min(reply.verified, s.log.lastIndex) + 1);
  }
  if (p.next <= p.match) p.next = p.match + 1;
  if (advanced) advanceLeaderCommit(s);
  replicate(s, p);
}

export function onSnapshotReply(s: CoreState, from: string, reply: SnapshotReply): void {
  const p = s.progress.get(from);
  if (s.role !== 'leader' || p === undefined || !s.rules.isCurrentReply(reply.term, s.term)) return;
  p.active = true;
  const { transfer } = p;
  if (p.state === 'snapshot' && transfer !== null && transfer.index === reply.index) {
    if (reply.installed) {
      p.match = Math.max(p.match, reply.index);
      p.becomeProbe(reply.index + 1);
      replicate(s, p);
    } else if (reply.offsetBytes !== transfer.offsetBytes && reply.offsetBytes <= transfer.bytes.length) {
      transfer.offsetBytes = reply.offsetBytes;
      if (reply.offsetBytes < transfer.bytes.length) sendChunk(s, p, s.options.snapshotChunkBytes);
    }
  }
  if (reply.round > p.ackedRound && reply.round <= s.round) {
    p.ackedRound = reply.round;
    confirmRounds(s);
  }
}

/** After a follower, or our own disk, has more. */
export function advanceLeaderCommit(s: CoreState): void {
  const { configuration, log } = s;
  const own = s.rules.ownMatchIndex(log.lastIndex, s.durableIndex, configuration.voters.length);
  const majorityIndex = majorityValue(configuration, (node) =>
    node === s.name ? own : (s.progress.get(node)?.match ?? 0),
  );
  if (majorityIndex <= s.commitIndex) return;
  const commitIndex = s.rules.commitIndex({
    majorityIndex,
    termAtMajority: log.termAt(majorityIndex),
    currentTerm: s.term,
    commitIndex: s.commitIndex,
  });
  if (commitIndex <= s.commitIndex) return;
  advanceCommit(s, commitIndex);
  serveReads(s);
}

export function leaderTick(s: CoreState): void {
  if (s.options.checkQuorum && s.now >= s.quorumDeadline) {
    s.quorumDeadline = s.now + s.electionTimeoutNs;
    const heard = hasMajority(
      s.configuration,
      (node) => node === s.name || s.progress.get(node)?.active === true,
    );
    if (!s.rules.keepsQuorum(heard)) {
      s.becomeFollower(s.term, null);
      return;
    }
    for (const p of s.followers) p.active = false;
  }
  if (s.now >= s.heartbeatDeadline) heartbeat(s);
}
