/**
 * What a leader sends: entries as far as flow control lets it, heartbeats, chunks of a snapshot. When to send is
 * decided by its callers.
 */
import { assert } from '../../harness/errors.ts';
import { NO_ENTRIES } from './log.ts';
import type { Append } from './messages.ts';
import type { Progress } from './progress.ts';
import type { CoreState } from './state.ts';

const NO_BYTES = new Uint8Array(0);

/** Sends to one follower what it lacks and may be sent now. */
export function replicate(s: CoreState, p: Progress): void {
  if (p.state === 'probe') {
    if (!p.probeSent) sendProbe(s, p);
    return;
  }
  while (p.state === 'replicate' && p.next <= s.log.lastIndex && p.mayPipeline(s.options.maxInflightBytes)) {
    const append = appendFrom(s, p.next);
    if (append === null) {
      beginTransfer(s, p);
      return;
    }
    let sizeBytes = 0;
    for (const entry of append.entries) sizeBytes += entry.payload.length;
    p.sent(append.prevIndex + append.entries.length, sizeBytes);
    s.send(p.node, append);
  }
}

export function replicateToAll(s: CoreState): void {
  for (const p of s.followers) replicate(s, p);
}

/** On every heartbeat interval: says that we lead, and repeats what may have been lost. */
export function heartbeat(s: CoreState): void {
  s.heartbeatDeadline = s.now + s.heartbeatNs;
  for (const p of s.followers) {
    if (p.state === 'probe') sendProbe(s, p);
    else if (p.state === 'snapshot') sendChunk(s, p, s.options.snapshotChunkBytes);
    else sendEmpty(s, p);
  }
}

/** Asks everyone whether we still lead, in the current round. */
export function sendRound(s: CoreState): void {
  for (const p of s.followers) {
    if (p.state === 'snapshot') sendChunk(s, p, 0);
    else sendEmpty(s, p);
  }
}

function sendProbe(s: CoreState, p: Progress): void {
  const append = appendFrom(s, p.next);
  if (append === null) {
    beginTransfer(s, p);
    return;
  }
  p.probeSent = true;
  s.send(p.node, append);
}

/** An append without entries, at the place up to which we sent: a follower that lacks something refuses it. */
function sendEmpty(s: CoreState, p: Progress): void {
  const prevIndex = p.next - 1;
  const prevTerm = s.log.termAt(prevIndex);
  if (prevTerm === undefined) {
    beginTransfer(s, p);
    return;
  }
  let append = s.lastAppend;
  if (append === null || append.entries.length > 0 || !isSameAppend(s, append, prevIndex)) {
    append = {
      kind: 'append',
      term: s.term,
      prevIndex,
      prevTerm,
      commit: s.commitIndex,
      round: s.round,
      entries: NO_ENTRIES,
    };
    s.lastAppend = append;
  }
  s.send(p.node, append);
}

/** The append that begins at an index; null where the entry before it is compacted. */
function appendFrom(s: CoreState, index: number): Append | null {
  const prevIndex = index - 1;
  const prevTerm = s.log.termAt(prevIndex);
  if (prevTerm === undefined) return null;
  const last = s.lastAppend;
  if (last !== null && isSameAppend(s, last, prevIndex) && isFull(s, last)) return last;
  const append: Append = {
    kind: 'append',
    term: s.term,
    prevIndex,
    prevTerm,
    commit: s.commitIndex,
    round: s.round,
    entries: s.log.slice(index, s.options.maxAppendBytes),
  };
  s.lastAppend = append;
  return append;
}

const isSameAppend = (s: CoreState, append: Append, prevIndex: number): boolean =>
  append.prevIndex === prevIndex &&
  append.commit === s.commitIndex &&
  append.round === s.round &&
  append.term === s.term;

/** Whether it carries all that there is after its beginning. */
const isFull = (s: CoreState, append: Append): boolean =>
  append.prevIndex + append.entries.length === s.log.lastIndex;

function beginTransfer(s: CoreState, p: Progress): void {
  const { snapshot } = s;
  assert(snapshot !== null, 'the log is compacted and there is no snapshot');
  const { index, term, bytes, checksum } = snapshot;
  p.becomeSnapshot({ index, term, bytes, checksum, offsetBytes: 0 });
  sendChunk(s, p, s.options.snapshotChunkBytes);
}

/** @param maxBytes - of the chunk; 0 only asks how far it got */
export function sendChunk(s: CoreState, p: Progress, maxBytes: number): void {
  const { transfer } = p;
  if (transfer === null) return;
  const { offsetBytes, bytes } = transfer;
  s.send(p.node, {
    kind: 'snapshot',
    term: s.term,
    round: s.round,
    index: transfer.index,
    snapshotTerm: transfer.term,
    totalBytes: bytes.length,
    checksum: transfer.checksum,
    offsetBytes,
    chunk: maxBytes === 0 ? NO_BYTES : bytes.subarray(offsetBytes, offsetBytes + maxBytes),
  });
}
