/**
 * Every decision that Raft's safety rests on, each a pure function named after what it decides. The core asks
 * them and decides nothing itself; a bug (`bugs.ts`) is this object with one function replaced.
 *
 *     correctRules.commitIndex({ majorityIndex: 7, termAtMajority: 2, currentTerm: 3, commitIndex: 4 }) // 4
 *
 * Sections are of Ongaro's dissertation, "Consensus: Bridging Theory and Practice" (2014).
 */

export interface VoteRequestFacts {
  readonly requestTerm: number;
  readonly currentTerm: number;
  /** Whom this node voted for in its current term. */
  readonly votedFor: string | null;
  readonly candidate: string;
  /** What {@link Rules.isLogUpToDate} said. */
  readonly logUpToDate: boolean;
}

export interface ReadFacts {
  /** An entry of the leader's own term is committed and applied. */
  readonly ownTermApplied: boolean;
  /** The last heartbeat round that a majority answered. */
  readonly confirmedRound: number;
  /** The round begun after the read arrived. */
  readonly round: number;
  readonly appliedIndex: number;
  /** The commit index when the read arrived. */
  readonly readIndex: number;
}

export interface CommitFacts {
  /** The highest index stored on a majority of voters. */
  readonly majorityIndex: number;
  /** The term of the entry there; undefined where there is none. */
  readonly termAtMajority: number | undefined;
  readonly currentTerm: number;
  readonly commitIndex: number;
}

/** Where two logs disagree, as the follower sees it. */
export interface ConflictHint {
  /** The last index that both may have: the smaller of the probe and the follower's last. */
  readonly index: number;
  readonly term: number;
  /** The first index of that term in the follower's log, as far back as it goes. */
  readonly firstOfTerm: number;
}

/** What the rules may ask of a log. */
export interface LogView {
  readonly baseIndex: number;
  readonly lastIndex: number;
  termAt(index: number): number | undefined;
  lastIndexOfTermAtMost(term: number, from: number): number;
}

export type SessionDecision = 'apply' | 'replay' | 'stale';

export const correctRules = {
  // Elections

  /** Whether a candidate's log is at least as up-to-date as ours: later last term, or same and as long (3.6.1). */
  isLogUpToDate(lastTerm: number, lastIndex: number, ownLastTerm: number, ownLastIndex: number): boolean {
    return lastTerm > ownLastTerm || (lastTerm === ownLastTerm && lastIndex >= ownLastIndex);
  },

  /** At most one vote in a term, first come first served, and only for an up-to-date log (3.4, 3.6.1). */
  grantVote(facts: VoteRequestFacts): boolean {
    return (
      facts.requestTerm === facts.currentTerm &&
      (facts.votedFor === null || facts.votedFor === facts.candidate) &&
      facts.logUpToDate
    );
  },

  /** Whether a node would vote in that future term, without promising anything (9.6). */
  grantPreVote(
    requestTerm: number,
    currentTerm: number,
    logUpToDate: boolean,
    hearsLeader: boolean,
  ): boolean {
    return requestTerm > currentTerm && logUpToDate && !hearsLeader;
  },

  /**
   * Whether a node has a live leader: it heard one within the minimum election timeout, and then disregards
   * requests for votes, so that a removed or partitioned node disturbs nobody (4.2.3).
   */
  hearsLeader(now: number, lastHeardLeader: number, electionTimeoutNs: number): boolean {
    return now - lastHeardLeader < electionTimeoutNs;
  },

  /** The vote that goes to disk beside the term: the one that was given (3.8). */
  voteToPersist(votedFor: string | null): string | null {
    return votedFor;
  },

  /** Whether a batch of writes counts as stored only after its fsync, not when the operating system has it (3.8). */
  storedAfterSync(): boolean {
    return true;
  },

  /** Whether a message may leave that rests on a disk write: after the write is durable (3.8). */
  mayLeave(requiredWrite: number, storedWrite: number): boolean {
    return requiredWrite <= storedWrite;
  },

  // Log replication

  /** Whether a follower takes entries after `prevIndex`: its entry there has the leader's term (3.5). */
  acceptAppend(prevTerm: number, ownTermAtPrev: number | undefined): boolean {
    return ownTermAtPrev === prevTerm;
  },

  /**
   * The index from which a follower's log goes, or 0: the first at which it holds an entry of another term
   * than the leader's. Entries that agree, and those beyond, stay: the message may be old (3.5).
   *
   * @param firstIndex - of the leader's entries
   * @param terms - of the leader's entries in order
   */
  truncationPoint(firstIndex: number, terms: readonly { readonly term: number }[], log: LogView): number {
    for (let i = 0; i < terms.length; i++) {
      const own = log.termAt(firstIndex + i);
      if (own === undefined) return 0;
      if (own !== (terms[i] as { term: number }).term) return firstIndex + i;
    }
    return 0;
  },

  /**
   * Where a leader goes on probing after a follower refused: one step back for each conflicting term, not for
   * each entry (3.5, the optimization at its end).
   */
  nextIndexAfterConflict(hint: ConflictHint, log: LogView): number {
    const candidate = log.lastIndexOfTermAtMost(hint.term, hint.index);
    if (log.termAt(candidate) === hint.term) return candidate + 1;
    return Math.min(candidate + 1, hint.firstOfTerm);
  },

  /** What a follower tells its leader that it has: what agrees with the leader and is durable (3.8). */
  acknowledgedIndex(verifiedIndex: number, durableIndex: number): number {
    return Math.min(verifiedIndex, durableIndex);
  },

  /** What a leader counts for itself: what it has fsynced, though it sent it while writing (10.2.1). */
  ownMatchIndex(_lastIndex: number, durableIndex: number, _voters: number): number {
    return durableIndex;
  },

  /** Whether a reply counts: one to this term's request. An older one may speak of entries that are gone (3.3). */
  isCurrentReply(replyTerm: number, currentTerm: number): boolean {
    return replyTerm === currentTerm;
  },

  /**
   * A leader's commit index: the highest index stored on a majority of voters, if the entry there is of the
   * current term. An older term's entry is never committed by counting copies: a later leader may still
   * overwrite it; it commits with the first own entry after it (3.6.2, figure 3.7; figure 8 of the paper).
   */
  commitIndex(facts: CommitFacts): number {
    return facts.majorityIndex > facts.commitIndex && facts.termAtMajority === facts.currentTerm
      ? facts.majorityIndex
      : facts.commitIndex;
  },

  /**
   * A follower's commit index: the leader's, but not beyond the last entry that was compared with the leader's;
   * what lies behind it may be an old leader's (3.5, figure 3.1).
   */
  followerCommitIndex(
    leaderCommit: number,
    verifiedIndex: number,
    _lastIndex: number,
    commitIndex: number,
  ): number {
    return Math.max(commitIndex, Math.min(leaderCommit, verifiedIndex));
  },

  /** How far the state machine may apply: what is committed (3.5). */
  applyLimit(commitIndex: number): number {
    return commitIndex;
  },

  // Clients

  /** Whether a client may be told that its command took effect: it is committed (and applied, for its result) (3.5, 6.3). */
  mayAcknowledge(index: number, commitIndex: number): boolean {
    return index <= commitIndex;
  },

  /**
   * Whether a leader may answer a read from its state machine (6.4, ReadIndex): it has committed in its own
   * term, a majority has since confirmed that it still leads, and it has applied what was committed when the
   * read arrived.
   */
  mayServeRead(facts: ReadFacts): boolean {
    return (
      facts.ownTermApplied && facts.confirmedRound >= facts.round && facts.appliedIndex >= facts.readIndex
    );
  },

  /** What to do with a command of a session: a sequence number is applied once, its reply repeated (6.3). */
  duplicateDecision(lastSequence: number, sequence: number): SessionDecision {
    if (sequence > lastSequence) return 'apply';
    return sequence === lastSequence ? 'replay' : 'stale';
  },

  /** Whether a leader still leads: it heard a majority during the last election timeout (6.2). */
  keepsQuorum(heardMajority: boolean): boolean {
    return heardMajority;
  },

  // Snapshots

  /** The index that a snapshot of the state machine is labelled with: what was applied to it (5.1). */
  snapshotIndex(appliedIndex: number, _lastIndex: number): number {
    return appliedIndex;
  },

  /** Whether a snapshot contains the client sessions: it replaces the log that they came from (6.3). */
  snapshotHoldsSessions(): boolean {
    return true;
  },

  /** Whether a received snapshot replaces the state: only if it is ahead of what is committed here (5.3). */
  mayInstallSnapshot(snapshotIndex: number, commitIndex: number): boolean {
    return snapshotIndex > commitIndex;
  },

  /** Whether the log behind an installed snapshot stays: if it holds the snapshot's last entry (5.3). */
  keepsLogBehindSnapshot(snapshotTerm: number, ownTermAtSnapshot: number | undefined): boolean {
    return ownTermAtSnapshot === snapshotTerm;
  },
};

export type Rules = typeof correctRules;
