/**
 * Every decision that the replication of a partition rests on, each a pure function named after what it decides. The core
 * asks them and decides nothing itself; a bug (`bugs.ts`) is this object with functions replaced.
 *
 *     correctRules.maximalIsr([1], [1, 2]) // [1, 2]: both count while the controller has not decided
 *
 * The ISR is Kafka's own (a relative of PacificA); KIP-101 and KIP-279 are its truncation, KIP-320 its fencing, KIP-497 the
 * ISR's changes, KIP-903 and KIP-966 its membership, KIP-98 its transactions.
 */
import type { EpochEnd } from '../../log/leader-epochs.ts';
import type { AppendDecision } from '../../log/producer-rules.ts';
import { ERROR } from '../../wire/error-codes.ts';
import type { BrokerView } from './messages.ts';
import { UNKNOWN_EPOCH } from './messages.ts';

export interface HighWatermarkFacts {
  readonly highWatermark: number;
  /** The leader's own, as far as it counts. */
  readonly ownEndOffset: number;
  /** Of the other members of the maximal ISR; −1 where the member has not fetched from this leader yet. */
  readonly memberEndOffsets: readonly number[];
  /** Members of the ISR that the controller knows of. */
  readonly isrSize: number;
  readonly minIsr: number;
}

export interface JoinFacts {
  /** Of the replica, by its last fetch. */
  readonly endOffset: number;
  readonly highWatermark: number;
  /** Where the leader's log ended when it became leader. */
  readonly leaderEpochStart: number;
  /** Of its last fetch. */
  readonly brokerEpoch: number;
  readonly broker: BrokerView | undefined;
}

export interface LagFacts {
  readonly nowMs: number;
  /** When the replica last had everything that the leader had. */
  readonly caughtUpMs: number;
  readonly endOffset: number;
  readonly leaderEndOffset: number;
  readonly lagTimeMaxMs: number;
}

export interface AppendFacts {
  readonly isLeader: boolean;
  readonly acks: 0 | 1 | -1;
  readonly isrSize: number;
  readonly minIsr: number;
}

export interface AcknowledgeFacts {
  readonly acks: 0 | 1 | -1;
  /** The first offset that need not be replicated for this produce. */
  readonly requiredOffset: number;
  readonly highWatermark: number;
  /** Up to where the leader's own log counts. */
  readonly ownEndOffset: number;
  readonly isrSize: number;
  readonly minIsr: number;
  /** The batch was there before: nothing was appended. */
  readonly isDuplicate: boolean;
}

export interface Truncation {
  readonly endOffset: number;
  /** Both logs are the same up to there; else there is more to ask. */
  readonly agrees: boolean;
}

export const correctRules = {
  // The high watermark

  /** Whoever is in the ISR or may be soon: an AlterPartition that is under way may be decided already (KIP-497). */
  maximalIsr(committed: readonly number[], proposed: readonly number[] | null): readonly number[] {
    return proposed === null ? committed : [...new Set([...committed, ...proposed])];
  },

  /**
   * A leader's high watermark: the smallest log end of the maximal ISR. It never goes back, and it rests while the ISR is below
   * its minimum: what is then appended is on too few replicas to survive (KIP-966).
   */
  highWatermark(facts: HighWatermarkFacts): number {
    if (facts.isrSize < facts.minIsr) return facts.highWatermark;
    return Math.max(facts.highWatermark, Math.min(facts.ownEndOffset, ...facts.memberEndOffsets));
  },

  /** A follower's high watermark: the leader's, as far as the own log reaches. */
  followerHighWatermark(leaderHighWatermark: number, logEndOffset: number): number {
    return Math.min(leaderHighWatermark, logEndOffset);
  },

  /** A follower's log end: where it fetches from. What was sent to it may be lost on the way. */
  replicaEndOffset(fetchOffset: number, _sentUpTo: number): number {
    return fetchOffset;
  },

  /**
   * What of a log counts: what a killed process leaves, since replication, not the disk, makes it safe; with `flush.messages=1` what was
   * flushed.
   */
  countedEndOffset(writtenEndOffset: number, durableEndOffset: number, flushesEveryAppend: boolean): number {
    return flushesEveryAppend ? durableEndOffset : writtenEndOffset;
  },

  // The ISR

  /**
   * Whether a replica may join: it has everything that was committed, by this leader or by earlier ones, whose high watermark this
   * one may not know yet (KAFKA-7128); it is alive, and it is the incarnation that fetched (KIP-903).
   */
  mayJoinIsr(facts: JoinFacts): boolean {
    const { broker } = facts;
    return (
      facts.endOffset >= facts.highWatermark &&
      facts.endOffset >= facts.leaderEpochStart &&
      broker !== undefined &&
      !broker.fenced &&
      !broker.inControlledShutdown &&
      broker.brokerEpoch === facts.brokerEpoch
    );
  },

  /** The registration that a leader vouches for in AlterPartition: that of the fetch that it judges by (KIP-903). */
  claimedBrokerEpoch(fetchedWith: number): number {
    return fetchedWith;
  },

  /** Whether a member should leave: it has not had everything for `replica.lag.time.max.ms`. */
  mayShrinkIsr(facts: LagFacts): boolean {
    return facts.endOffset !== facts.leaderEndOffset && facts.nowMs - facts.caughtUpMs > facts.lagTimeMaxMs;
  },

  /**
   * What becomes of a proposal that was not taken. Certainly refused, it is forgotten. Where the controller knows better, or
   * nobody knows whether it was taken, both ISRs count until metadata or an answer tells (KIP-497).
   */
  afterAlterPartitionError(errorCode: number): 'revert' | 'wait' | 'retry' {
    switch (errorCode) {
      case ERROR.INELIGIBLE_REPLICA:
        return 'revert';
      case ERROR.INVALID_UPDATE_VERSION:
      case ERROR.FENCED_LEADER_EPOCH:
      case ERROR.NEW_LEADER_ELECTED:
      case ERROR.UNKNOWN_TOPIC_ID:
      case ERROR.UNKNOWN_TOPIC_OR_PARTITION:
      case ERROR.INVALID_REQUEST:
        return 'wait';
      default:
        return 'retry';
    }
  },

  // Produce

  /** Whether to append, as an error code: only the leader, and for acks=-1 only with enough replicas in sync. */
  mayAppend(facts: AppendFacts): number {
    if (!facts.isLeader) return ERROR.NOT_LEADER_OR_FOLLOWER;
    if (facts.acks === -1 && facts.isrSize < facts.minIsr) return ERROR.NOT_ENOUGH_REPLICAS;
    return ERROR.NONE;
  },

  /** What the log's producer state said counts (KIP-98). */
  producerDecision(decision: AppendDecision): AppendDecision {
    return decision;
  },

  /** Whether a new leader knows the producers that its log speaks of: duplicates of what the last leader took come to it (KIP-98). */
  keepsProducerState(): boolean {
    return true;
  },

  /**
   * Whether a producer may be told: for acks=0 and 1 when it is in the leader's log; for acks=-1 when the high watermark has
   * passed it, a duplicate like any other. If the ISR falls below its minimum meanwhile, nobody knows.
   */
  mayAcknowledge(facts: AcknowledgeFacts): 'acknowledge' | 'wait' | 'not-enough-replicas' {
    if (facts.acks === 0) return 'acknowledge';
    if (facts.acks === 1) return facts.requiredOffset <= facts.ownEndOffset ? 'acknowledge' : 'wait';
    if (facts.isrSize < facts.minIsr) return 'not-enough-replicas';
    return facts.requiredOffset <= facts.highWatermark ? 'acknowledge' : 'wait';
  },

  /** A produce that was not replicated in time is answered; to try again is the client's, who may know better. */
  onProduceTimeout(): 'answer' | 'append-again' {
    return 'answer';
  },

  // Reading

  /** Up to where one may read: a follower everything; a consumer what is committed (KIP-98: and of no open transaction). */
  visibleEndOffset(
    reader: 'replica' | 'read-uncommitted' | 'read-committed',
    offsets: {
      readonly logEndOffset: number;
      readonly highWatermark: number;
      readonly lastStableOffset: number;
    },
  ): number {
    if (reader === 'replica') return offsets.logEndOffset;
    return reader === 'read-committed' ? offsets.lastStableOffset : offsets.highWatermark;
  },

  // Leader epochs

  /** Whether both mean the same leadership, as an error code: an older one is fenced, a newer one not known here yet (KIP-320). */
  checkLeaderEpoch(requestEpoch: number, currentEpoch: number): number {
    if (requestEpoch === UNKNOWN_EPOCH || requestEpoch === currentEpoch) return ERROR.NONE;
    return requestEpoch < currentEpoch ? ERROR.FENCED_LEADER_EPOCH : ERROR.UNKNOWN_LEADER_EPOCH;
  },

  /** Whether a request comes from the incarnation that the leader knows of this broker, or a later one (KIP-903). */
  isCurrentBrokerEpoch(requestEpoch: number, knownEpoch: number): boolean {
    return requestEpoch >= knownEpoch;
  },

  /** Whether an answer still concerns a follower: it asked in the leadership that it follows now (KIP-320). */
  isCurrentResponse(askedInEpoch: number, currentEpoch: number): boolean {
    return askedInEpoch === currentEpoch;
  },

  /** Whether metadata are news: of a later leadership, or a later change of the same. */
  isNews(
    now: { readonly leaderEpoch: number; readonly partitionEpoch: number },
    current: { readonly leaderEpoch: number; readonly partitionEpoch: number },
  ): boolean {
    return now.leaderEpoch >= current.leaderEpoch && now.partitionEpoch > current.partitionEpoch;
  },

  // Truncation

  /**
   * What a replica keeps of its log before it asks its leader: all. Its high watermark is behind the leader's by a fetch, and
   * what lies between may be committed (KIP-101).
   */
  keptEndOffset(logEndOffset: number, _highWatermark: number): number {
    return logEndOffset;
  },

  /** Whether a follower's log is no prefix of the leader's, by the epoch of its last batch (KIP-595, as Kafka 2.7 took it over). */
  diverges(fetchOffset: number, lastFetchedEpoch: number, ownEnd: EpochEnd): boolean {
    if (lastFetchedEpoch === UNKNOWN_EPOCH) return false;
    return ownEnd.epoch < lastFetchedEpoch || ownEnd.endOffset < fetchOffset;
  },

  /**
   * Where a follower cuts when its leader said where an epoch ends: there, if it has that very epoch; else at the end of what it
   * has of earlier ones, and then it asks for the epoch that its log ends with now (KIP-279).
   *
   * @param own - the end of what the own log has of epochs up to the one that the leader named
   */
  truncation(leaderEnd: EpochEnd, own: EpochEnd, _logEndOffset: number): Truncation {
    return {
      endOffset: Math.min(leaderEnd.endOffset, own.endOffset),
      agrees: own.epoch === leaderEnd.epoch,
    };
  },
};

export type Rules = typeof correctRules;
