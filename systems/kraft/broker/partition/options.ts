/**
 * What a partition's replica can be told, by Kafka's names and with Kafka's defaults.
 *
 *     const options = { ...DEFAULT_OPTIONS, minInsyncReplicas: 2 };
 */
export interface PartitionOptions {
  /** `replica.lag.time.max.ms`: who has not caught up for so long leaves the ISR. */
  readonly replicaLagTimeMaxMs: number;
  /** `min.insync.replicas` of the topic. */
  readonly minInsyncReplicas: number;
  /** `replica.fetch.wait.max.ms`: how long the leader may hold an empty answer to a follower. */
  readonly replicaFetchWaitMaxMs: number;
  /** `replica.fetch.min.bytes`. */
  readonly replicaFetchMinBytes: number;
  /** `replica.fetch.max.bytes`. */
  readonly replicaFetchMaxBytes: number;
  /** `replica.fetch.backoff.ms`: after an error, a follower waits so long before it fetches again. */
  readonly replicaFetchBackoffMs: number;
  /** `replica.socket.timeout.ms`: after this a request to another broker or to the controller that is not answered counts as lost. */
  readonly requestTimeoutMs: number;
  /** How long the leader waits before it proposes an ISR again that the controller could not take. */
  readonly alterPartitionBackoffMs: number;
  /** Produces and fetches that wait at one time; one more is refused or answered at once. */
  readonly maxParked: number;
  /**
   * How a new follower finds where its log parts from the leader's: `fetch` sends the epoch of its last batch with each fetch
   * (as Kafka since 2.7); `offset-for-leader-epoch` asks once before the first fetch (KIP-101, KIP-279).
   */
  readonly truncation: 'fetch' | 'offset-for-leader-epoch';
  /** `flush.messages=1`: what is not on the disk does not count, neither the leader's nor a follower's. */
  readonly flushesEveryAppend: boolean;
}

export const DEFAULT_OPTIONS: PartitionOptions = {
  replicaLagTimeMaxMs: 30_000,
  minInsyncReplicas: 1,
  replicaFetchWaitMaxMs: 500,
  replicaFetchMinBytes: 1,
  replicaFetchMaxBytes: 1 << 20,
  replicaFetchBackoffMs: 1000,
  requestTimeoutMs: 30_000,
  alterPartitionBackoffMs: 50,
  maxParked: 10_000,
  truncation: 'fetch',
  flushesEveryAppend: false,
};
