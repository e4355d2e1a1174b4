/** The settings of a log, with Kafka's defaults: topic options of the same names, but for units. */
import { correctProducerRules, type ProducerRules } from './producer-rules.ts';

export interface LogOptions {
  readonly segmentBytes: number;
  /** A segment gets no batch that is this much younger than its first. */
  readonly segmentMs: number;
  readonly indexIntervalBytes: number;
  /** Segments go when the log has more; -1 for no limit. */
  readonly retentionBytes: number;
  /** Segments go when their youngest record is older; -1 for no limit. */
  readonly retentionMs: number;
  /** How long the cleaner keeps tombstones and markers. */
  readonly deleteRetentionMs: number;
  /** It is worth cleaning if more of what can be cleaned never was. */
  readonly minCleanableDirtyRatio: number;
  /** The cleaner leaves records alone that are younger. */
  readonly minCompactionLagMs: number;
  /** It is also worth cleaning if some record waits for longer. */
  readonly maxCompactionLagMs: number;
  /** The most keys that a cleaning holds in memory; what is behind them waits for the next. */
  readonly maxCleanerKeys: number;
  /** Larger batches are refused. */
  readonly maxBatchBytes: number;
  /** The newest batches that are kept in memory, beside those that are not written yet. */
  readonly tailBytes: number;
  /** Earlier segments whose files stay open for readers. */
  readonly maxOpenSegments: number;
  /** Read and verify everything when opening. */
  readonly verifyAll: boolean;
  readonly producerRules: ProducerRules;
  /** The operating system has more of the log. */
  readonly onWritten?: () => void;
  /** The disk failed: the node must crash. Called once. */
  readonly onFailure?: (error: unknown) => void;
}

export const DEFAULT_LOG_OPTIONS: LogOptions = {
  segmentBytes: 1024 * 1024 * 1024,
  segmentMs: 7 * 24 * 3600 * 1000,
  indexIntervalBytes: 4096,
  retentionBytes: -1,
  retentionMs: 7 * 24 * 3600 * 1000,
  deleteRetentionMs: 24 * 3600 * 1000,
  minCleanableDirtyRatio: 0.5,
  minCompactionLagMs: 0,
  maxCompactionLagMs: Number.MAX_SAFE_INTEGER,
  maxCleanerKeys: 1_000_000,
  maxBatchBytes: 64 * 1024 * 1024,
  tailBytes: 1024 * 1024,
  maxOpenSegments: 4,
  verifyAll: false,
  producerRules: correctProducerRules,
};
