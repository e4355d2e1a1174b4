/**
 * What the two coordinators share: in which partition of their topic a name lives, and how they write to it.
 *
 *     coordinatorPartition('my-group', 50) // 12: which partition of __consumer_offsets, so whose leader coordinates the group
 *
 * A coordinator has no log. It asks for an append, and hears later that it is committed, or why it is not:
 *
 *     const appends = new PendingAppends();
 *     const effect = appends.begin(partition, records, (outcome) => …);
 *     appends.settle(effect.appendId, { error: 'NONE', baseOffset: 17 });
 *
 * `committed` means replicated as acks=-1 asks. An append that failed may still be in the log: a later leader may find it there.
 */
import type { ErrorName } from '../wire/error-codes.ts';

/** Java's hash of a string: 31-based over its UTF-16 units, in 32 bits. */
export function javaHash(text: string): number {
  let hash = 0;
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0;
  return hash;
}

/** Where a group or a transactional id lives. Java cannot negate its smallest integer; Kafka takes 0 for it. */
export function coordinatorPartition(name: string, partitionCount: number): number {
  const hash = javaHash(name);
  return (hash === -0x8000_0000 ? 0 : Math.abs(hash)) % partitionCount;
}

/** What begins and ends in one coordinator runs on the monotonic clock; what is written into the log is of the wall clock. */
export interface Instant {
  readonly monotonicMs: number;
  /** Whole milliseconds since 1970. */
  readonly wallMs: number;
}

export interface LogRecord {
  readonly key: Uint8Array;
  /** Null: a tombstone. */
  readonly value: Uint8Array | null;
}

/** Append these as one batch with acks=-1, and tell the coordinator what came of it. */
export interface AppendEffect {
  readonly type: 'append';
  readonly appendId: number;
  readonly partition: number;
  readonly records: readonly LogRecord[];
  /** Of a transactional batch. */
  readonly producer: { readonly producerId: number; readonly producerEpoch: number } | null;
}

export type AppendError = Exclude<ErrorName, 'NONE'>;
export type AppendOutcome =
  { readonly error: 'NONE'; readonly baseOffset: number } | { readonly error: AppendError };

interface PendingAppend {
  readonly partition: number;
  readonly done: (outcome: AppendOutcome) => void;
}

export class PendingAppends {
  private readonly pending = new Map<number, PendingAppend>();
  private nextId = 1;

  get size(): number {
    return this.pending.size;
  }

  begin(
    partition: number,
    records: readonly LogRecord[],
    done: (outcome: AppendOutcome) => void,
    producer: AppendEffect['producer'] = null,
  ): AppendEffect {
    const appendId = this.nextId++;
    this.pending.set(appendId, { partition, done });
    return { type: 'append', appendId, partition, records, producer };
  }

  /** What is not known is of a partition that was given up meanwhile. */
  settle(appendId: number, outcome: AppendOutcome): void {
    const found = this.pending.get(appendId);
    this.pending.delete(appendId);
    found?.done(outcome);
  }

  /** The partition is led by another: whatever is under way there ends without an outcome that is known. */
  abandon(partition: number): void {
    for (const [appendId, { partition: of }] of [...this.pending]) {
      if (of === partition) this.settle(appendId, { error: 'NOT_LEADER_OR_FOLLOWER' });
    }
  }
}

/** What a client hears of a coordinator whose append failed: whether to come again, or to look for another coordinator. */
export function coordinatorError(error: AppendError): AppendError {
  switch (error) {
    case 'NOT_LEADER_OR_FOLLOWER':
    case 'KAFKA_STORAGE_ERROR':
    case 'FENCED_LEADER_EPOCH':
      return 'NOT_COORDINATOR';
    case 'UNKNOWN_TOPIC_OR_PARTITION':
    case 'NOT_ENOUGH_REPLICAS':
    case 'NOT_ENOUGH_REPLICAS_AFTER_APPEND':
    case 'REQUEST_TIMED_OUT':
      return 'COORDINATOR_NOT_AVAILABLE';
    case 'MESSAGE_TOO_LARGE':
    case 'RECORD_LIST_TOO_LARGE':
    case 'INVALID_FETCH_SIZE':
      return 'UNKNOWN_SERVER_ERROR';
    default:
      return error;
  }
}
