/**
 * What brokers say of the replicas of their partitions: the words that the ISR invariants understand. A part of
 * `TraceEvent`, under the same rules: written when it has happened and before its consequences leave the broker, and read
 * broker by broker in the order of writing.
 *
 *     n1 replica-start  t-0  log [0, 0)             n1 replica-append t-0  batch [0, 2] of epoch 0
 *     n1 replica-role   t-0  leader of epoch 0      n2 replica-append t-0  the same
 *     n1 replica-isr    t-0  n1, n2                 n1 replica-high-watermark t-0  3
 *
 * `replica-append` comes before the append's acknowledgement, before the fetch that tells the leader of it, and before the high
 * watermark that counts it; `replica-truncate` when it is done, or decided, but before the next fetch; `replica-high-watermark`
 * before anybody is shown it; `replica-acknowledge` before the answer.
 */

/** One batch of a partition's log, as it was appended. */
export interface TracedBatch {
  readonly baseOffset: number;
  readonly lastOffset: number;
  /** The leader epoch in the batch: of the leader that first appended it. */
  readonly leaderEpoch: number;
  /** Unsigned 32-bit, of what it holds without its offset and leader epoch: the batch's own CRC. */
  readonly hash: number;
}

/** Which log an event is about. A topic that was deleted and created again has another id, and another log. */
export interface OfReplica {
  /** Topic and partition, as workloads name it: `t0-1`. */
  readonly partition: string;
  readonly topicId: string;
}

/** Of a replica whose partition is replicated by a Raft group: what it knows of the group when it starts. Epochs are Raft's terms. */
export interface TracedGroup {
  readonly epoch: number;
  readonly votedFor: string | null;
  readonly voters: readonly string[];
}

export type ReplicaEvent =
  /**
   * The replica's log is open. It holds what it held when the broker stopped, up to `logEndOffset` and from `logStartOffset` on; where that
   * is less, the rest is lost, as a power failure may lose what was not flushed. An empty log is a new one.
   */
  | (OfReplica & {
      readonly kind: 'replica-start';
      readonly logStartOffset: number;
      readonly logEndOffset: number;
      readonly highWatermark: number;
      /** Only where a Raft group replicates it: all of its log is durable then. */
      readonly group?: TracedGroup;
    })
  /** Of a Raft group: its vote in an epoch left it, also for itself; a real vote, no pre-vote. */
  | (OfReplica & {
      readonly kind: 'replica-vote';
      readonly leaderEpoch: number;
      readonly candidate: string;
    })
  /** Of a Raft group: epoch and vote became durable. */
  | (OfReplica & {
      readonly kind: 'replica-persist';
      readonly leaderEpoch: number;
      readonly votedFor: string | null;
    })
  /** Of a Raft group: its log, as it stands, is durable below `endOffset`. */
  | (OfReplica & { readonly kind: 'replica-durable'; readonly endOffset: number })
  /** It changed role or leader epoch. Written before `replica-isr` where both changed at once, or after it. */
  | (OfReplica & {
      readonly kind: 'replica-role';
      readonly role: 'leader' | 'follower' | 'offline';
      readonly leaderEpoch: number;
      /** Null where there is none. */
      readonly leader: string | null;
      /** The election was unclean, as the metadata say (`leaderRecoveryState`): what was committed may be gone. */
      readonly isUnclean?: boolean;
    })
  /** Its partition changed in the metadata, or, on a leader, what it proposes did (null: nothing is under way). */
  | (OfReplica & {
      readonly kind: 'replica-isr';
      readonly partitionEpoch: number;
      readonly isr: readonly string[];
      readonly proposed: readonly string[] | null;
    })
  /** Batches are at the end of its log, in memory at least. */
  | (OfReplica & { readonly kind: 'replica-append'; readonly batches: readonly TracedBatch[] })
  /** What is at `endOffset` and behind it goes. One beyond its log's end, or before its beginning: all goes, and the log begins there. */
  | (OfReplica & { readonly kind: 'replica-truncate'; readonly endOffset: number })
  /** What is before `offset` is gone by policy: retention, or a client deleted it. */
  | (OfReplica & { readonly kind: 'replica-log-start'; readonly offset: number })
  /** Its cleaner rewrote the log below `endOffset`: batches there are no longer what was appended. */
  | (OfReplica & { readonly kind: 'replica-clean'; readonly endOffset: number })
  /** It rose. On a leader: what is below it may be shown to consumers, and acknowledged under acks=-1. */
  | (OfReplica & {
      readonly kind: 'replica-high-watermark';
      readonly offset: number;
      readonly leaderEpoch: number;
    })
  /** A leader told a producer that what it sent is in the log. */
  | (OfReplica & {
      readonly kind: 'replica-acknowledge';
      readonly acks: 0 | 1 | -1;
      readonly baseOffset: number;
      readonly lastOffset: number;
    });
