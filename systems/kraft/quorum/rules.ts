/**
 * Every decision that the quorum's safety rests on, each a pure function named after what it decides. The core asks
 * them and decides nothing itself; a bug (`bugs.ts`) is this object with functions replaced.
 *
 *     correctRules.highWatermark({ endOffsets: [9, 7, 4], epochStartOffset: 6, highWatermark: null }) // 7
 *
 * KIP-595 is the protocol, KIP-630 its snapshots, KIP-853 its voters, KIP-996 its pre-vote; sections without a KIP are of
 * Ongaro's dissertation, which they follow.
 */
import type { LogIndex } from './log-index.ts';
import type { OffsetAndEpoch, ReplicaKey } from './messages.ts';
import { sameReplica } from './voters.ts';

/** The states of a voter; an observer is unattached or a follower. */
export type StateName = 'unattached' | 'prospective' | 'candidate' | 'leader' | 'follower' | 'resigned';

export interface VoteFacts {
  readonly state: StateName;
  /** A leader of this epoch is known. */
  readonly leaderKnown: boolean;
  /** Whom this node voted for in this epoch. */
  readonly votedKey: ReplicaKey | null;
  readonly candidate: ReplicaKey;
  /** What {@link Rules.isLogUpToDate} said. */
  readonly logUpToDate: boolean;
  /** A follower that had a successful answer of its leader since it began to follow, or since that leader took leave. */
  readonly fetchedFromLeader: boolean;
}

export interface HighWatermarkFacts {
  /** Of the voters, descending. */
  readonly endOffsets: readonly number[];
  /** Where the leader's own epoch begins. */
  readonly epochStartOffset: number;
  /** Of this leader so far; null before the first. */
  readonly highWatermark: number | null;
}

export type FetchPosition =
  | { readonly kind: 'valid' }
  | { readonly kind: 'diverging'; readonly epoch: OffsetAndEpoch }
  | { readonly kind: 'snapshot'; readonly snapshotId: OffsetAndEpoch };

export interface VoterChangeFacts {
  /** The leader's, or null before a record of its own epoch is committed. */
  readonly highWatermark: number | null;
  /** Of the last Voters record in the log, committed or not. */
  readonly lastVotersOffset: number;
  /** A change that waits: for its voter to catch up, or for its record to be committed. */
  readonly changePending: boolean;
}

/** What a node's quorum-state says of the epoch that it was in. */
export interface RestartFacts {
  readonly wasLeader: boolean;
  readonly votedForItself: boolean;
  /** What {@link Rules.mayStandForElection} said. */
  readonly mayStand: boolean;
  readonly leaderKnown: boolean;
}

export const correctRules = {
  // Elections

  /** Whether a candidate's log is at least as up-to-date: later last epoch, or the same and as long (KIP-595, Vote). */
  isLogUpToDate(candidate: OffsetAndEpoch, own: OffsetAndEpoch): boolean {
    return (
      candidate.epoch > own.epoch || (candidate.epoch === own.epoch && candidate.endOffset >= own.endOffset)
    );
  },

  /**
   * Whether to vote: once in an epoch, for an up-to-date log, and only where no leader of it is known; a repeated request of
   * the same candidate is granted again. A leader, a follower, a candidate and a resigned leader have decided (KIP-595, Vote).
   */
  grantVote(facts: VoteFacts): boolean {
    if (facts.state !== 'unattached' && facts.state !== 'prospective') return false;
    if (facts.votedKey !== null) return sameReplica(facts.votedKey, facts.candidate);
    return !facts.leaderKnown && facts.logUpToDate;
  },

  /**
   * Whether a vote would be given, without promising anything: to an up-to-date log, unless this node leads or has lately
   * fetched from its leader (KIP-996).
   */
  grantPreVote(facts: VoteFacts): boolean {
    if (facts.state === 'leader') return false;
    if (facts.state === 'follower' && facts.fetchedFromLeader) return false;
    return facts.logUpToDate;
  },

  /** The vote that goes to `quorum-state`: the one that was given (KIP-595, quorum state). */
  voteToPersist(votedKey: ReplicaKey | null): ReplicaKey | null {
    return votedKey;
  },

  /**
   * How a node continues after a restart. Who led may have lost records that it had not flushed and others have: it must
   * write no other ones at their offsets in this epoch, so it has resigned, and leads again only in a later epoch
   * (KIP-595, KAFKA-10527). Who stood for election may go on: its vote and its log were durable before it asked.
   */
  stateAfterRestart(facts: RestartFacts): StateName {
    if (facts.wasLeader) return 'resigned';
    if (facts.votedForItself && facts.mayStand) return 'candidate';
    return facts.leaderKnown ? 'follower' : 'unattached';
  },

  /** In which epoch a resigned leader goes on when its wait is over: in the next one (KIP-595). */
  epochAfterResigned(epoch: number): number {
    return epoch + 1;
  },

  /** Whether a leader goes on: a majority fetched within 1.5 fetch timeouts (KAFKA-15489). */
  keepsQuorum(nowMs: number, checkQuorumDeadlineMs: number): boolean {
    return nowMs < checkQuorumDeadlineMs;
  },

  /** Whether something may leave that rests on a disk write: after the write is durable (3.8). */
  mayLeave(requiredWrite: number, storedWrite: number): boolean {
    return requiredWrite <= storedWrite;
  },

  // Replication

  /** Whether a fetch may leave: its offset acknowledges the whole log, so all of that is durable (KAFKA-10533). */
  mayFetch(logEndOffset: number, durableEndOffset: number): boolean {
    return durableEndOffset >= logEndOffset;
  },

  /** The epoch that a follower says its log ends with: that of its last record, whatever came last (KAFKA-15510). */
  lastFetchedEpoch(lastRecordEpoch: number, _leaderEpoch: number, _lastResponseWasEmpty: boolean): number {
    return lastRecordEpoch;
  },

  /**
   * What a fetch at this position gets: records, if the follower's log is a prefix of the leader's; else the end of the
   * largest common epoch, to truncate to (KIP-595, Fetch); or a snapshot, where what it needs is gone (KIP-630).
   */
  fetchPosition(
    fetchOffset: number,
    lastFetchedEpoch: number,
    log: LogIndex,
    latestSnapshot: OffsetAndEpoch | null,
  ): FetchPosition {
    if (latestSnapshot !== null) {
      const baseEpoch = log.epochAt(log.startOffset - 1) ?? 0;
      if (
        fetchOffset < log.startOffset ||
        fetchOffset === 0 ||
        (fetchOffset === log.startOffset && lastFetchedEpoch !== baseEpoch) ||
        lastFetchedEpoch < baseEpoch
      ) {
        return { kind: 'snapshot', snapshotId: latestSnapshot };
      }
    }
    if (fetchOffset === 0) return { kind: 'valid' };
    const end = log.endOffsetForEpoch(lastFetchedEpoch);
    if (end.epoch !== lastFetchedEpoch || end.endOffset < fetchOffset)
      return { kind: 'diverging', epoch: end };
    return { kind: 'valid' };
  },

  /** Where a follower's log is cut: at the smaller end of the diverging epoch, or of the one before it (KIP-595, Fetch). */
  truncationOffset(diverging: OffsetAndEpoch, log: LogIndex): number {
    const own = log.endOffsetForEpoch(diverging.epoch);
    return own.epoch === diverging.epoch ? Math.min(own.endOffset, diverging.endOffset) : own.endOffset;
  },

  /** Whether a follower may truncate so far: what is committed stays; else its state is not what it must be (KIP-595). */
  mayTruncateTo(endOffset: number, highWatermark: number): boolean {
    return endOffset >= highWatermark;
  },

  /** Whether a follower takes a batch: right behind its last, of no earlier epoch, and of none to come (3.5). */
  mayAppend(offset: number, epoch: number, log: LogIndex, currentEpoch: number): boolean {
    return offset === log.endOffset && epoch >= log.lastEpoch && epoch <= currentEpoch;
  },

  /** What a leader counts for itself: what it flushed, although others may fetch what it did not (10.2.1). */
  ownEndOffset(_logEndOffset: number, durableEndOffset: number): number {
    return durableEndOffset;
  },

  /**
   * A leader's high watermark: the end offset that a majority of voters reached, once it is past the start of the leader's
   * own epoch. Before that, records of earlier epochs are not committed by counting copies (KAFKA-12619; 3.6.2,
   * figure 3.7). It never goes back, not even when the voters change.
   */
  highWatermark({ endOffsets, epochStartOffset, highWatermark }: HighWatermarkFacts): number | null {
    const majority = endOffsets[Math.floor(endOffsets.length / 2)] ?? 0;
    return majority > epochStartOffset && majority > (highWatermark ?? 0) ? majority : highWatermark;
  },

  /** A follower's high watermark: its leader's, up to the end of its own log (KIP-595, Fetch). */
  followerHighWatermark(leaders: number, logEndOffset: number, own: number): number {
    return Math.max(own, Math.min(leaders, logEndOffset));
  },

  /** Whether a leader tells its high watermark: only one of its own, made in its own epoch (KAFKA-12619). */
  servedHighWatermark(leaders: number | null, _beforeElection: number): number {
    return leaders ?? -1;
  },

  // Snapshots

  /** Whether a fetched snapshot is used: only if it is ahead of what is committed here (KIP-630; 5.3). */
  mayInstallSnapshot(endOffset: number, highWatermark: number): boolean {
    return endOffset > highWatermark;
  },

  /** Whether a snapshot replaces the log: unless its last record is there, with that epoch (KIP-630; 5.3). */
  snapshotReplacesLog(snapshotId: OffsetAndEpoch, log: LogIndex): boolean {
    return !log.contains(snapshotId);
  },

  /** Up to where old records may go: only what a snapshot holds (KAFKA-14238). */
  deletableEndOffset(wanted: number, latestSnapshot: OffsetAndEpoch | null, _highWatermark: number): number {
    return Math.min(wanted, latestSnapshot?.endOffset ?? 0);
  },

  // Voters

  /**
   * Whether the voters may change: a record of the leader's own epoch is committed, which fences changes of earlier leaders,
   * and no other change is under way; so that any two majorities share a voter (KIP-853; 4.1, and its correction by Ongaro).
   */
  mayChangeVoters({ highWatermark, lastVotersOffset, changePending }: VoterChangeFacts): boolean {
    return highWatermark !== null && lastVotersOffset < highWatermark && !changePending;
  },

  /**
   * Whether a new voter has caught up: it asks for what lies behind the end that the leader's log had at its fetch before,
   * and it did so lately; else it would be counted long before it helps (KIP-853; 4.2.1).
   */
  isCaughtUp(
    fetchOffset: number,
    leaderEndAtFetchBefore: number,
    sinceFetchMs: number,
    withinMs: number,
  ): boolean {
    return fetchOffset >= leaderEndAtFetchBefore && sinceFetchMs <= withinMs;
  },

  /**
   * Whether a node may stand for election: a voter, and one whose removal is not known to be committed. It may be the only
   * one whose log is up to date, with a removal of itself that the others never got (4.2.2). Apache Kafka lets only voters
   * stand; then such a quorum waits for ever.
   */
  mayStandForElection(isVoter: boolean, isVoterAsCommitted: boolean): boolean {
    return isVoter || isVoterAsCommitted;
  },

  /** Whether a leader goes: it is no voter any more, and that is committed. It leads until then (KIP-853; 4.2.2). */
  resignsAfterRemoval(isVoter: boolean, votersOffset: number, highWatermark: number | null): boolean {
    return !isVoter && highWatermark !== null && votersOffset < highWatermark;
  },
};

/** The decisions, by name. */
export type Rules = typeof correctRules;
