/**
 * Every decision of the group coordinator that safety rests on, each a pure function. The core asks them and decides nothing itself;
 * a bug (`bugs.ts`) is this object with one function replaced.
 *
 *     correctRules.generationIsCurrent('commit', 3, 4) // false: ILLEGAL_GENERATION
 */

export interface MemberFacts {
  readonly memberId: string;
  /** What the request says it is, or null. */
  readonly instanceId: string | null;
  /** Which member has this instance id; undefined where none has. */
  readonly instanceHolder: string | undefined;
  readonly isMember: boolean;
}

export type ActingMember =
  { readonly memberId: string } | { readonly error: 'UNKNOWN_MEMBER_ID' | 'FENCED_INSTANCE_ID' };

export interface CommitFacts {
  readonly state: GroupState;
  /** Below 0: a client that assigns partitions to itself. */
  readonly generation: number;
  readonly groupGeneration: number;
  readonly isTransactional: boolean;
  /** Whether the request says a member, an instance or a generation. */
  readonly claimsMembership: boolean;
}

export type GroupState = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable' | 'Dead';

export interface ExpiryFacts {
  readonly state: GroupState;
  /** Groups without a protocol only commit: nobody ever joins them. */
  readonly hasProtocol: boolean;
  /** Since when the group is in its state; −1 where it is not known. */
  readonly stateMs: number;
  readonly commitMs: number;
  /** −1: as the broker does. */
  readonly expireMs: number;
  readonly nowMs: number;
  readonly retentionMs: number;
}

/** What has 32 bits on the wire goes round. */
const MAX_GENERATION = 0x7fff_ffff;

export const correctRules = {
  // Members and generations

  /** Every rebalance makes a new generation, also one that ends with nobody: whoever is of an older one is fenced by it. */
  generationAfter(generation: number): number {
    return generation === MAX_GENERATION ? 1 : generation + 1;
  },

  /** Whether a request comes from the present generation. @param _from - where it matters */
  generationIsCurrent(
    _from: 'sync' | 'heartbeat' | 'commit',
    generation: number,
    groupGeneration: number,
  ): boolean {
    return generation === groupGeneration;
  },

  /** A member that was not heard for its session is no member: its partitions go to others (KIP-62). */
  isSessionOver(nowMs: number, sessionEndsMs: number): boolean {
    return nowMs >= sessionEndsMs;
  },

  /**
   * As which member a request acts, or why as none. Of two processes with one instance id the later has it, and the earlier is fenced
   * (KIP-345).
   */
  actingMember(facts: MemberFacts): ActingMember {
    const { memberId, instanceId, instanceHolder, isMember } = facts;
    if (instanceId !== null && instanceHolder !== undefined && instanceHolder !== memberId) {
      return { error: 'FENCED_INSTANCE_ID' };
    }
    const isUnknown = !isMember || (instanceId !== null && instanceHolder === undefined);
    return isUnknown ? { error: 'UNKNOWN_MEMBER_ID' } : { memberId };
  },

  /** A rebalance ends before its time when all members, and all who were told to become one, have joined. */
  isJoinComplete(facts: {
    readonly waiting: number;
    readonly members: number;
    readonly pending: number;
  }): boolean {
    return facts.waiting === facts.members && facts.pending === 0;
  },

  // What must be durable

  /** An assignment leaves when its record is committed: a later coordinator must know of the generation that owns partitions. */
  assignmentIsFinal(isCommitted: boolean): boolean {
    return isCommitted;
  },

  /** A committed offset is acknowledged when its record is committed: a later coordinator must know it. */
  mayAcknowledgeCommit(isCommitted: boolean): boolean {
    return isCommitted;
  },

  /** Whether a coordinator answers for a partition that it has not yet read to the end. */
  mayServe(isLoaded: boolean): boolean {
    return isLoaded;
  },

  // Offsets

  /** Who may commit, when it is of the group and generation: nobody between a rebalance's two halves, and no outsider beside members. */
  commitError(facts: CommitFacts): 'NONE' | 'UNKNOWN_MEMBER_ID' | 'REBALANCE_IN_PROGRESS' {
    if (!facts.claimsMembership && !facts.isTransactional && facts.state !== 'Empty')
      return 'UNKNOWN_MEMBER_ID';
    if (facts.state === 'CompletingRebalance' && !facts.isTransactional) return 'REBALANCE_IN_PROGRESS';
    return 'NONE';
  },

  /** Offsets of a transaction count when its marker says that it is committed (KIP-98). */
  transactionalOffsetsCount(marker: 'none' | 'commit' | 'abort'): boolean {
    return marker === 'commit';
  },

  /**
   * Whether an offset may be fetched as one to go on from. Before the transaction that may replace it is decided, who asks for stable
   * offsets waits: else both would process what is behind it (KIP-447).
   */
  isStable(requireStable: boolean, isUndecided: boolean): boolean {
    return !requireStable || !isUndecided;
  },

  /** What a coordinator that takes over reads in its log is what was committed: already the record behind the last one processed. */
  loadedOffset(offset: number): number {
    return offset;
  },

  /** Of two commits for one partition the one later in the log counts, whenever its transaction ended (KAFKA-5247). */
  isNewerCommit(logOffset: number, presentLogOffset: number): boolean {
    return logOffset > presentLogOffset;
  },

  /** Offsets are kept while the group has members, and for the retention after it has none (KIP-211). */
  isOffsetExpired(facts: ExpiryFacts): boolean {
    const { state, hasProtocol, stateMs, commitMs, expireMs, nowMs, retentionMs } = facts;
    if (state !== 'Empty') return false;
    if (expireMs !== -1) return nowMs >= expireMs;
    const sinceMs = hasProtocol && stateMs !== -1 ? Math.max(stateMs, commitMs) : commitMs;
    return nowMs - sinceMs >= retentionMs;
  },
};

export type GroupRules = typeof correctRules;
