/**
 * What comes into the core and goes out of it: the requests, responses and metadata that concern one partition, without the
 * wire's nesting, and without records: bytes are the driver's.
 *
 *     core.fetch(nowMs, token, { kind: 'replica', brokerId: 2, brokerEpoch: 57, leaderEpoch: 3, offset: 10, … });
 *
 * Error codes are those of `wire/error-codes.ts`.
 */
import type { EpochEnd } from '../../log/leader-epochs.ts';
import type { AbortedTransaction } from '../../log/producer-state.ts';
import type { ProducedBatch } from './partition-log.ts';

/** −1 in a request: a consumer that does not know its leader epoch; nothing is compared then. */
export const UNKNOWN_EPOCH = -1;
export const NO_LEADER = -1;

/** Whom an answer goes to: the driver's own, passed through. */
export type Token = number | object;

// Metadata

/** A broker as the metadata shows it. */
export interface BrokerView {
  readonly brokerEpoch: number;
  readonly fenced: boolean;
  readonly inControlledShutdown: boolean;
}

export interface PartitionState {
  /** {@link NO_LEADER} where there is none. */
  readonly leader: number;
  readonly leaderEpoch: number;
  /** Raised with every change of the partition. */
  readonly partitionEpoch: number;
  readonly replicas: readonly number[];
  readonly isr: readonly number[];
}

// Clients and followers

export interface ProduceRequest {
  readonly acks: 0 | 1 | -1;
  readonly timeoutMs: number;
  /** One, except from the broker itself: an idempotent producer's request has exactly one. */
  readonly batches: readonly ProducedBatch[];
}

export interface ProduceReply {
  readonly errorCode: number;
  /** −1 with an error. */
  readonly baseOffset: number;
  readonly logStartOffset: number;
}

interface FetchCommon {
  /** {@link UNKNOWN_EPOCH} where a consumer does not say. */
  readonly leaderEpoch: number;
  readonly offset: number;
  /** Of the last batch before the offset; {@link UNKNOWN_EPOCH} where it is not to be compared. */
  readonly lastFetchedEpoch: number;
  readonly minBytes: number;
  readonly maxBytes: number;
  readonly maxWaitMs: number;
}

export interface ReplicaFetch extends FetchCommon {
  readonly kind: 'replica';
  readonly brokerId: number;
  readonly brokerEpoch: number;
}

export interface ConsumerFetch extends FetchCommon {
  readonly kind: 'consumer';
  readonly isolation: 'read-uncommitted' | 'read-committed';
}

export type FetchRequest = ReplicaFetch | ConsumerFetch;

/** Whole batches from `fromOffset` on that end at or before `upTo`, as many as fit, at least one. */
export interface Fill {
  readonly fromOffset: number;
  readonly upTo: number;
  readonly maxBytes: number;
}

export interface FetchReply {
  readonly errorCode: number;
  /** Of the one who answers; where the driver still finds it after reading the fill, the answer may be sent. */
  readonly leaderEpoch: number;
  readonly highWatermark: number;
  readonly lastStableOffset: number;
  readonly logStartOffset: number;
  /** The end of the largest common epoch: the follower truncates, and gets no records. */
  readonly diverging: EpochEnd | null;
  /** For a read-committed consumer. */
  readonly aborted: readonly AbortedTransaction[];
  /** Null where there is nothing to read. */
  readonly fill: Fill | null;
  /** Of a Raft group, in an error: who leads as far as the one who answers knows. */
  readonly currentLeader?: CurrentLeader;
}

/** Both −1 where nobody is known. */
export interface CurrentLeader {
  readonly leaderId: number;
  readonly leaderEpoch: number;
}

/** What a follower learns from an answer to its fetch; the records are counted, not seen. */
export interface FetchResponse extends Pick<
  FetchReply,
  'errorCode' | 'highWatermark' | 'logStartOffset' | 'diverging' | 'currentLeader'
> {
  readonly sizeBytes: number;
}

export interface EpochEndRequest {
  /** As the asking one knows it. */
  readonly leaderEpoch: number;
  /** Of which it wants the end. */
  readonly epoch: number;
}

export interface EpochEndResponse {
  readonly errorCode: number;
  /** Null where nothing is known of it, and with an error. */
  readonly end: EpochEnd | null;
}

// The controller

export interface IsrMember {
  readonly brokerId: number;
  /** Of the registration in which it was seen to be caught up; −1 is not compared. */
  readonly brokerEpoch: number;
}

export interface AlterPartition {
  readonly leaderEpoch: number;
  readonly partitionEpoch: number;
  readonly isr: readonly IsrMember[];
}

export interface AlterPartitionResponse {
  readonly errorCode: number;
  /** The partition as it is now, where the proposal was taken. */
  readonly partition: PartitionState | null;
}
