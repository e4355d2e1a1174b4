/** What the clients of a run promised themselves of the log: decides which anomalies are violations. */

export interface LogOptions {
  /** Of the producers. `all`: acknowledged once the in-sync replicas have it. Default `all`. */
  readonly acks: 'all' | 'leader' | 'none';
  /** Producers number their batches, so that the broker drops what it has. Default true. */
  readonly idempotence: boolean;
  /** An operation with several micro-operations is a transaction. Default true, as in Jepsen. */
  readonly transactions: boolean;
  /** Of the consumers. Default `read-committed`. */
  readonly isolation: 'read-committed' | 'read-uncommitted';
  /** Consumers get their partitions from a group coordinator. Default: whether the history has a `subscribe`. */
  readonly subscribe: boolean;
  /** The history notes every rebalance, so that consumers of a group are judged between them. Default false. */
  readonly rebalancesRecorded: boolean;
  /** Where a consumer begins that has no position. Default `earliest`. */
  readonly offsetReset: 'earliest' | 'latest';
  /** Partitions that are compacted, or all of them. Default none. */
  readonly compaction: boolean | readonly (string | number)[];
  /**
   * The run ended with polls until everything was there, or time ran out. Then everything that was acknowledged and
   * never read is unseen. By default only what consumers asked for again and again, in vain: see polls.ts.
   */
  readonly finalPolls: boolean;
  /**
   * A transaction polls all partitions as of one moment, which Kafka does not promise. Then `G-single` is a violation
   * as well, and is also searched for with the orders of processes and of real time. Default false.
   */
  readonly snapshotReads: boolean;
  /**
   * A deposed leader or coordinator may show watermarks and committed offsets of before, until it knows: Kafka does not ask
   * a quorum for them. Then what goes back is a violation only where no later answer makes it good. Default false.
   */
  readonly staleViews: boolean;
  /** Anomalies to allow besides. Default none. */
  readonly allow: readonly string[];
  /**
   * Anomalies to judge, whatever else would allow them: the log promises more than Kafka. Of cycles also those that
   * are worse (with `G1c` also `G0`). Default none.
   */
  readonly forbid: readonly string[];
}

/** @param functions - what the history has besides send, poll and txn */
export function withDefaults(options: Partial<LogOptions>, functions: ReadonlySet<string>): LogOptions {
  return {
    acks: 'all',
    idempotence: true,
    transactions: true,
    isolation: 'read-committed',
    subscribe: functions.has('subscribe'),
    rebalancesRecorded: false,
    offsetReset: 'earliest',
    compaction: false,
    finalPolls: false,
    snapshotReads: false,
    staleViews: false,
    allow: [],
    forbid: [],
    ...options,
  };
}
