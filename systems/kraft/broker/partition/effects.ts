/**
 * What the core asks of the world, in the order in which it is to be done.
 *
 *     for (const effect of core.takeEffects()) perform(effect);
 *
 * The driver takes them after every input and performs `append` and `append-fetched` at once: it appends to the log and says
 * `appended` before it gives the core anything else. A truncation may take its time; the core waits for `truncated`.
 */
import type { AlterPartition, EpochEndResponse, FetchReply, ProduceReply, Token } from './messages.ts';

/** What a follower sends to its leader; the driver may put those of many partitions into one request. */
export type LeaderRequest =
  | {
      readonly api: 'fetch';
      readonly leaderEpoch: number;
      readonly offset: number;
      readonly lastFetchedEpoch: number;
    }
  | { readonly api: 'offset-for-leader-epoch'; readonly leaderEpoch: number; readonly epoch: number };

/** What a replica did, for traces and for people. */
export type PartitionEvent =
  | { readonly kind: 'role'; readonly role: Role; readonly leaderEpoch: number; readonly leader: number }
  | { readonly kind: 'high-watermark'; readonly offset: number; readonly leaderEpoch: number }
  /** The partition changed, or what a leader proposes did; null: nothing is under way. */
  | {
      readonly kind: 'isr';
      readonly isr: readonly number[];
      readonly proposed: readonly number[] | null;
      readonly partitionEpoch: number;
    }
  | { readonly kind: 'truncate'; readonly from: number; readonly to: number; readonly highWatermark: number };

export type Role = 'offline' | 'leader' | 'follower';

export type Effect =
  /** A produce's batches go into the log, with offsets and this leader epoch; then `appended`. */
  | { readonly kind: 'append'; readonly token: Token; readonly leaderEpoch: number }
  /** The records of a fetch response go into the log as they are; then `appended`, or `appendFailed`. */
  | { readonly kind: 'append-fetched'; readonly token: number }
  /** Then `truncated`. */
  | { readonly kind: 'truncate'; readonly endOffset: number }
  /** The log gives up everything and begins here; then `truncated`. */
  | { readonly kind: 'truncate-fully'; readonly startOffset: number }
  /** The leader's log begins here now: what is before may go. */
  | { readonly kind: 'advance-log-start'; readonly offset: number }
  /** To be answered with the same correlation id, or `requestFailed`. */
  | {
      readonly kind: 'request';
      readonly to: number;
      readonly correlationId: number;
      readonly request: LeaderRequest;
    }
  /** To the active controller; to be answered with the same correlation id, or `requestFailed`. */
  | { readonly kind: 'alter-partition'; readonly correlationId: number; readonly request: AlterPartition }
  /** With acks=0 nothing goes to the client: an error closes its connection. */
  | { readonly kind: 'reply-produce'; readonly token: Token; readonly reply: ProduceReply }
  | { readonly kind: 'reply-fetch'; readonly token: Token; readonly reply: FetchReply }
  | { readonly kind: 'reply-epoch-end'; readonly token: Token; readonly reply: EpochEndResponse }
  /** It moved: coordinators may go on. The log was told. */
  | { readonly kind: 'high-watermark'; readonly offset: number }
  | { readonly kind: 'trace'; readonly event: PartitionEvent }
  /** The broker must stop: its state is not what it must be. */
  | { readonly kind: 'crash'; readonly reason: string };
