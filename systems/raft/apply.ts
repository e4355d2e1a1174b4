/**
 * What follows from a higher commit index: entries are applied in order, their clients answered, and now and then a
 * snapshot is taken.
 */
import { MalformedError } from './bytes.ts';
import { RESULT } from './errors.ts';
import type { ReplyToken } from './effects.ts';
import type { LogEntry } from './log.ts';
import { decodePayload } from './payload.ts';
import { encodeSnapshot } from './snapshot.ts';
import type { CoreState } from './state.ts';
import type { Outcome } from './state-machine.ts';

/** The state is hashed at every multiple of this index, the same on all nodes. */
const STATE_HASH_EVERY = 64;

export function advanceCommit(s: CoreState, commitIndex: number): void {
  s.commitIndex = commitIndex;
  s.effects.push({
    kind: 'trace',
    event: {
      kind: 'commit',
      index: commitIndex,
      term: s.log.termAt(commitIndex) ?? 0,
      prefixHash: s.log.prefixHashAt(commitIndex) ?? 0,
    },
  });
  applyCommitted(s);
}

function applyCommitted(s: CoreState): void {
  const limit = s.rules.applyLimit(s.commitIndex);
  let traced = s.appliedIndex;
  while (s.appliedIndex < limit) {
    const entry = s.log.at(s.appliedIndex + 1);
    // Only a node with a bug has none: it truncated what was committed. Its invariants say so.
    if (entry === undefined || !applyEntry(s, entry)) break;
    if (entry.index % STATE_HASH_EVERY === 0) {
      traced = entry.index;
      s.effects.push({
        kind: 'trace',
        event: { kind: 'apply', index: entry.index, stateHash: s.machine.stateHash() },
      });
    }
  }
  if (s.appliedIndex > traced) {
    s.effects.push({ kind: 'trace', event: { kind: 'apply', index: s.appliedIndex } });
  }
  answerApplied(s);
  takeSnapshotIfDue(s);
}

function applyEntry(s: CoreState, entry: LogEntry): boolean {
  let payload = entry.decoded;
  try {
    payload ??= decodePayload(entry.payload);
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
    s.effects.push({ kind: 'crash', reason: `entry ${entry.index} cannot be read: ${error.message}` });
    return false;
  }
  // Decoded values now belong to the state; the log keeps the bytes.
  entry.decoded = null;
  const outcome = s.machine.apply(payload, entry.index, entry.term, s.rules);
  s.appliedIndex = entry.index;
  s.appliedBytesSinceSnapshot += entry.payload.length;
  const proposal = s.proposals.get(entry.index);
  if (proposal !== undefined && s.rules.mayAcknowledge(entry.index, s.commitIndex)) {
    s.proposals.delete(entry.index);
    s.uncommittedBytes -= proposal.sizeBytes;
    if (proposal.term === entry.term) {
      s.answers.push({ token: proposal.token, outcome });
    } else {
      s.reply(proposal.token, RESULT.leadershipLost);
    }
  }
  return true;
}

function answerApplied(s: CoreState): void {
  if (s.answers.length === 0) return;
  for (const { token, outcome } of s.answers) acknowledge(s, token, outcome);
  s.answers = [];
}

/** Tells a client what its command came to. */
export function acknowledge(s: CoreState, token: ReplyToken, outcome: Outcome): void {
  const { code, index, term } = outcome;
  if (code === RESULT.ok) s.effects.push({ kind: 'trace', event: { kind: 'acknowledge', term, index } });
  s.reply(token, code, index, term);
}

/**
 * Every so many entries, but not before the log has grown by as much as the last snapshot holds: a large
 * state is not written again for a few entries.
 */
function takeSnapshotIfDue(s: CoreState): void {
  const since = s.appliedIndex - (s.snapshot?.index ?? 0);
  if (since < s.options.snapshotEveryEntries || s.savingSnapshot !== null) return;
  if (s.appliedBytesSinceSnapshot < (s.snapshot?.bytes.length ?? 0)) return;
  const index = s.rules.snapshotIndex(s.appliedIndex, s.log.lastIndex);
  const meta = {
    index,
    term: s.log.termAt(index) ?? 0,
    prefixHash: s.log.prefixHashAt(index) ?? 0,
    stateHash: s.machine.stateHash(),
    configuration: s.configuration,
  };
  const snapshot = encodeSnapshot(meta, s.machine, s.rules.snapshotHoldsSessions());
  s.appliedBytesSinceSnapshot = 0;
  s.savingSnapshot = { snapshot, machine: null };
  s.effects.push({ kind: 'save-snapshot', snapshot });
}

/** An own snapshot is durable: the log behind it goes, but for a few entries for followers that are a little late. */
export function ownSnapshotSaved(s: CoreState): void {
  const saved = s.savingSnapshot?.snapshot;
  s.savingSnapshot = null;
  if (saved === undefined || saved.index <= (s.snapshot?.index ?? 0)) return;
  s.snapshot = saved;
  const { index, term, prefixHash, stateHash } = saved;
  s.effects.push({
    kind: 'trace',
    event: { kind: 'snapshot', source: 'taken', index, term, prefixHash, stateHash },
  });
  s.log.compactTo(Math.min(index, s.appliedIndex, s.log.lastIndex) - s.options.keepEntries);
  s.effects.push({ kind: 'compact', index });
}
