/**
 * Following: taking the leader's entries and snapshots, and telling it what is durable here.
 */
import { advanceCommit } from './apply.ts';
import { MalformedError } from './bytes.ts';
import type { Append, SnapshotChunk } from './messages.ts';
import { checksum } from './hash.ts';
import { decodeSnapshot } from './snapshot.ts';
import type { CoreState } from './state.ts';

/** A larger snapshot is refused: it would not fit beside the state that it replaces. */
const MAX_SNAPSHOT_BYTES = 1024 * 1024 * 1024;

export function onAppend(s: CoreState, from: string, append: Append): void {
  if (append.term < s.term) {
    refuse(s, from, append, 0);
    return;
  }
  if (s.role === 'leader' && append.term === s.term) {
    s.violation ??= `${from} leads in term ${s.term}, and so does this node`;
    return;
  }
  s.follow(from, append.term);
  const { log, rules } = s;
  let { prevIndex, prevTerm, entries } = append;
  if (prevIndex < log.baseIndex) {
    // What the snapshot covers is committed: the leader has the same.
    entries = entries.slice(log.baseIndex - prevIndex);
    prevIndex = log.baseIndex;
    prevTerm = log.baseTerm;
  }
  if (!rules.acceptAppend(prevTerm, log.termAt(prevIndex))) {
    refuse(s, from, append, Math.min(append.prevIndex, log.lastIndex));
    return;
  }
  const truncationPoint = rules.truncationPoint(prevIndex + 1, entries, log);
  if (truncationPoint > 0) s.truncateLog(truncationPoint);
  const known = log.lastIndex - prevIndex;
  if (known < entries.length) s.appendEntries(known === 0 ? entries : entries.slice(known));
  const verified = prevIndex + entries.length;
  if (verified > s.verifiedIndex) s.verifiedIndex = verified;
  const commitIndex = rules.followerCommitIndex(append.commit, s.verifiedIndex, log.lastIndex, s.commitIndex);
  if (commitIndex > s.commitIndex) advanceCommit(s, commitIndex);
  // New entries are acknowledged when they are durable, many at once; a new round is answered now.
  const match = rules.acknowledgedIndex(s.verifiedIndex, s.durableIndex);
  if (entries.length === 0 || match >= verified || append.round > s.answeredRound) {
    s.answeredRound = Math.max(s.answeredRound, append.round);
    accept(s, from, match);
  }
}

function accept(s: CoreState, leader: string, match: number): void {
  s.acknowledgedIndex = match;
  s.sendInTerm(leader, {
    kind: 'append-reply',
    term: s.term,
    round: s.answeredRound,
    rejected: false,
    verified: s.verifiedIndex,
    match,
    prevIndex: 0,
    hintIndex: 0,
    hintTerm: 0,
    hintFirst: 0,
  });
}

/** @param hintIndex - the last index that may agree; 0 when the term alone says no */
function refuse(s: CoreState, to: string, append: Append, hintIndex: number): void {
  const { log } = s;
  s.sendInTerm(to, {
    kind: 'append-reply',
    term: s.term,
    round: append.term < s.term ? 0 : append.round,
    rejected: true,
    verified: 0,
    match: 0,
    prevIndex: append.prevIndex,
    hintIndex,
    hintTerm: log.termAt(hintIndex) ?? 0,
    hintFirst: hintIndex <= log.baseIndex ? hintIndex : log.firstIndexOfTermAt(hintIndex),
  });
}

/** The disk has more: the leader learns of it. */
export function acknowledgeDurable(s: CoreState): void {
  if (s.leader === null) return;
  const match = s.rules.acknowledgedIndex(s.verifiedIndex, s.durableIndex);
  if (match > s.acknowledgedIndex) accept(s, s.leader, match);
}

export function onSnapshotChunk(s: CoreState, from: string, chunk: SnapshotChunk): void {
  if (chunk.term < s.term) {
    answerChunk(s, from, chunk, 0, false);
    return;
  }
  if (s.role === 'leader' && chunk.term === s.term) {
    s.violation ??= `${from} leads in term ${s.term}, and so does this node`;
    return;
  }
  s.follow(from, chunk.term);
  if (!s.rules.mayInstallSnapshot(chunk.index, s.commitIndex)) {
    s.incoming = null;
    answerChunk(s, from, chunk, chunk.totalBytes, true);
    return;
  }
  answerChunk(s, from, chunk, receiveChunk(s, chunk), false);
}

/** Returns how much of it is here. */
function receiveChunk(s: CoreState, chunk: SnapshotChunk): number {
  let { incoming } = s;
  if (
    incoming?.index !== chunk.index ||
    incoming.totalBytes !== chunk.totalBytes ||
    incoming.checksum !== chunk.checksum
  ) {
    if (chunk.totalBytes > MAX_SNAPSHOT_BYTES) return 0;
    const { index, totalBytes } = chunk;
    incoming = {
      index,
      totalBytes,
      checksum: chunk.checksum,
      bytes: new Uint8Array(totalBytes),
      receivedBytes: 0,
    };
    s.incoming = incoming;
  }
  const room = incoming.totalBytes - incoming.receivedBytes;
  if (chunk.offsetBytes !== incoming.receivedBytes || chunk.chunk.length > room)
    return incoming.receivedBytes;
  incoming.bytes.set(chunk.chunk, incoming.receivedBytes);
  incoming.receivedBytes += chunk.chunk.length;
  if (incoming.receivedBytes === incoming.totalBytes && s.savingSnapshot === null) saveIncoming(s);
  return s.incoming?.receivedBytes ?? 0;
}

/** It is complete: on to disk with it. A damaged one is forgotten and asked for again. */
function saveIncoming(s: CoreState): void {
  const { incoming } = s;
  if (incoming === null) return;
  try {
    if (checksum(incoming.bytes) !== incoming.checksum)
      throw new MalformedError('another checksum than announced');
    const decoded = decodeSnapshot(incoming.bytes, s.options.maxSessions);
    if (decoded.snapshot.index !== incoming.index) throw new MalformedError('another index than announced');
    s.savingSnapshot = decoded;
    s.effects.push({ kind: 'save-snapshot', snapshot: decoded.snapshot });
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
    s.incoming = null;
  }
}

function answerChunk(
  s: CoreState,
  to: string,
  chunk: SnapshotChunk,
  offsetBytes: number,
  installed: boolean,
): void {
  s.sendInTerm(to, {
    kind: 'snapshot-reply',
    term: s.term,
    round: chunk.term < s.term ? 0 : chunk.round,
    index: chunk.index,
    offsetBytes,
    installed,
  });
}

/** A received snapshot is durable: it becomes the state, unless the log got there first or this node leads by now. */
export function receivedSnapshotSaved(s: CoreState): void {
  const saving = s.savingSnapshot;
  s.savingSnapshot = null;
  s.incoming = null;
  if (saving === null || saving.machine === null || s.role !== 'follower') return;
  const { snapshot, machine } = saving;
  if (s.rules.mayInstallSnapshot(snapshot.index, s.commitIndex)) {
    if (!s.rules.keepsLogBehindSnapshot(snapshot.term, s.log.termAt(snapshot.index))) s.resetLog(snapshot);
    s.snapshot = snapshot;
    s.machine = machine;
    s.configuration = snapshot.configuration;
    s.commitIndex = snapshot.index;
    s.appliedIndex = snapshot.index;
    s.durableIndex = Math.max(s.durableIndex, snapshot.index);
    s.verifiedIndex = Math.max(s.verifiedIndex, snapshot.index);
    s.appliedBytesSinceSnapshot = 0;
    const { index, term, prefixHash, stateHash } = snapshot;
    s.effects.push({
      kind: 'trace',
      event: { kind: 'snapshot', source: 'installed', index, term, prefixHash, stateHash },
    });
    s.log.compactTo(Math.min(index, s.log.lastIndex));
    s.effects.push({ kind: 'compact', index });
  }
  if (s.leader === null) return;
  s.after(s.lastWrite, {
    kind: 'send',
    to: s.leader,
    message: {
      kind: 'snapshot-reply',
      term: s.term,
      round: s.answeredRound,
      index: snapshot.index,
      offsetBytes: snapshot.bytes.length,
      installed: true,
    },
  });
}
