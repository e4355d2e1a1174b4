/**
 * What a client library does for the operations of a workload: the seam between `operation-runner.ts` and the clients.
 *
 *     const offset = await driver.send(keyOf('t0', 1), [7, 8], deadlineMs); // of the 7; the 8 is behind it
 *
 * Every method that can fail rejects with a ClientError, which says whether it certainly had no effect. Deadlines are on the
 * driver's own clock.
 */
import type { Json } from '../../../harness/history/operation.ts';
import type { NewTopic, QuorumView, TopicView } from './admin.ts';
import type { KeyOffset, KeyPosition, PartitionKey } from './operations.ts';

export interface PolledValues {
  /** By partition; of those that had any. */
  readonly records: readonly (readonly [name: string, records: readonly (readonly [number, Json])[]])[];
  /** Partitions that were lost, given, or reset since the last poll. */
  readonly rebalanced: readonly string[];
}

export interface Assignment {
  readonly member: string;
  /** −1 for who assigns to himself. */
  readonly generation: number;
  readonly partitions: readonly PartitionKey[];
}

export interface Driver {
  /** Monotonic. */
  readonly nowMs: number;
  sleep(ms: number): Promise<void>;

  /** Creates what does not exist, and waits until it has leaders. */
  ensureTopics(topics: readonly string[], deadlineMs: number): Promise<void>;

  // Producing
  /** In one batch. @returns the offset of the first; null where nobody tells */
  send(key: PartitionKey, values: readonly Json[], deadlineMs: number): Promise<number | null>;
  /** What is sent from here to the `end` is one transaction. */
  begin(): void;
  /** Offsets of the option's group become committed with the transaction. */
  sendOffsets(offsets: readonly KeyOffset[], deadlineMs: number): Promise<void>;
  /** A commit that fails definitely was aborted, or will be; an abort never fails in doubt. */
  end(how: 'commit' | 'abort', deadlineMs: number): Promise<void>;

  // Consuming
  assign(positions: readonly KeyPosition[], deadlineMs: number): Promise<void>;
  subscribe(topics: readonly string[], deadlineMs: number): Promise<void>;
  seek(positions: readonly KeyPosition[], deadlineMs: number): Promise<void>;
  poll(deadlineMs: number): Promise<PolledValues>;
  readonly assignment: Assignment;
  /** Where polls have come to. */
  polledOffsets(): readonly KeyOffset[];
  /** Where it goes on now; the function brings it back there. */
  bookmark(): () => void;
  /** @param group - null: the option's */
  commit(group: string | null, offsets: readonly KeyOffset[], deadlineMs: number): Promise<void>;
  committed(
    group: string | null,
    keys: readonly PartitionKey[],
    deadlineMs: number,
  ): Promise<readonly { readonly key: PartitionKey; readonly offset: number | null }[]>;
  listOffsets(
    keys: readonly PartitionKey[],
    deadlineMs: number,
  ): Promise<readonly { readonly key: PartitionKey; readonly low: number; readonly high: number }[]>;
  /** Deletes the records below the offsets. @returns where the logs begin now */
  deleteRecords(offsets: readonly KeyOffset[], deadlineMs: number): Promise<readonly KeyOffset[]>;
  /** How many partitions a topic has that was ensured. */
  partitionCount(topic: string): number;
  /** All that is committed in a topic at some moment after the call, whatever is assigned. */
  readAll(topic: string, deadlineMs: number): Promise<readonly Json[]>;
  /** Whether a partition of the topic has records that are neither committed nor aborted. */
  hasOpenTransactions(topic: string, deadlineMs: number): Promise<boolean>;

  // Of its own node
  createTopic(topic: NewTopic, deadlineMs: number): Promise<void>;
  deleteTopic(topic: string, deadlineMs: number): Promise<void>;
  /** @param topics - null: all */
  describeTopics(topics: readonly string[] | null, deadlineMs: number): Promise<readonly TopicView[]>;
  describeQuorum(deadlineMs: number): Promise<QuorumView>;

  /** Connections end, and all but the options is forgotten. */
  crash(): void;
  close(): void;
}
