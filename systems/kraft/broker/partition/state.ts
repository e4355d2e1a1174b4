/**
 * The state of one partition's replica, which `leader.ts`, `fetches.ts`, `isr.ts` and `follower.ts` work on.
 *
 *     const s = new CoreState(config);
 *     s.role.name // 'offline' until there are metadata
 */
import type { EpochEnd } from '../../log/leader-epochs.ts';
import type { Effect, PartitionEvent } from './effects.ts';
import type {
  AlterPartition,
  BrokerView,
  FetchRequest,
  PartitionState,
  ProduceRequest,
  Token,
} from './messages.ts';
import { NO_LEADER } from './messages.ts';
import type { PartitionOptions } from './options.ts';
import type { PartitionLog } from './partition-log.ts';
import type { ReplicaProgress } from './replica-progress.ts';
import type { Rules } from './rules.ts';

export interface CoreConfig {
  readonly brokerId: number;
  readonly options: PartitionOptions;
  readonly rules: Rules;
  readonly log: PartitionLog;
}

/** A produce whose batches are with the log, or that waits for the others. */
export interface ParkedProduce {
  readonly token: Token;
  readonly request: ProduceRequest;
  readonly baseOffset: number;
  readonly requiredOffset: number;
  readonly isDuplicate: boolean;
  readonly deadlineMs: number;
}

export interface ParkedFetch {
  readonly token: Token;
  readonly request: FetchRequest;
  readonly deadlineMs: number;
}

/** An ISR that the controller has not confirmed. */
export interface Proposal {
  readonly isr: readonly number[];
  readonly request: AlterPartition;
  readonly correlationId: number;
  /** When to send it again; infinite where only metadata help. */
  retryAtMs: number;
}

export interface Leader {
  readonly name: 'leader';
  /** Where its log ended when it became leader. */
  readonly epochStart: number;
  /** The other replicas. */
  readonly replicas: Map<number, ReplicaProgress>;
  proposal: Proposal | null;
  nextLagCheckMs: number;
  produces: ParkedProduce[];
  fetches: ParkedFetch[];
  /** With the log just now: answered by `appended`. */
  appending: { readonly token: Token; readonly request: ProduceRequest; readonly again: boolean } | null;
}

export interface Follower {
  readonly name: 'follower';
  readonly leader: number;
  phase: 'asking' | 'fetching';
  request: {
    readonly correlationId: number;
    readonly leaderEpoch: number;
    readonly deadlineMs: number;
  } | null;
  /** What comes with the records that are with the log just now. */
  appending: {
    readonly token: number;
    readonly highWatermark: number;
    readonly logStartOffset: number;
  } | null;
  retryAtMs: number;
}

export type RoleState = { readonly name: 'offline' } | Leader | Follower;

const NOTHING: PartitionState = {
  leader: NO_LEADER,
  leaderEpoch: -1,
  partitionEpoch: -1,
  replicas: [],
  isr: [],
};

export class CoreState {
  readonly brokerId: number;
  readonly rules: Rules;
  readonly log: PartitionLog;
  options: PartitionOptions;
  nowMs = 0;
  effects: Effect[] = [];
  role: RoleState = { name: 'offline' };
  partition: PartitionState = NOTHING;
  brokers: ReadonlyMap<number, BrokerView> = new Map();
  /** Where the log will end when the truncation that is under way is done. */
  truncatingTo: number | null = null;
  /** Metadata that wait for the truncation. */
  deferred: PartitionState | null = null;
  crashed = false;
  private lastCorrelationId = 0;

  constructor({ brokerId, options, rules, log }: CoreConfig) {
    this.brokerId = brokerId;
    this.options = options;
    this.rules = rules;
    this.log = log;
  }

  get leaderEpoch(): number {
    return this.partition.leaderEpoch;
  }

  /** A partition with fewer replicas needs no more than those. */
  get minIsr(): number {
    return Math.max(1, Math.min(this.options.minInsyncReplicas, this.partition.replicas.length));
  }

  /** Up to where the own log counts. */
  get countedEndOffset(): number {
    const { log, options } = this;
    return this.rules.countedEndOffset(
      log.writtenEndOffset,
      log.durableEndOffset,
      options.flushesEveryAppend,
    );
  }

  nextCorrelationId(): number {
    return ++this.lastCorrelationId;
  }

  trace(event: PartitionEvent): void {
    this.effects.push({ kind: 'trace', event });
  }

  traceIsr(proposed: readonly number[] | null): void {
    const { isr, partitionEpoch } = this.partition;
    this.trace({ kind: 'isr', isr, proposed, partitionEpoch });
  }

  crash(reason: string): void {
    this.crashed = true;
    this.effects.push({ kind: 'crash', reason });
  }

  /** Where the own log's part of the epochs up to this one ends; never null for an epoch that has begun. */
  endOfEpoch(epoch: number): EpochEnd {
    const { log } = this;
    const { latestEpoch, logEndOffset, logStartOffset } = log;
    if (latestEpoch === null) return { epoch: -1, endOffset: Math.min(logStartOffset, logEndOffset) };
    return log.endOffsetForEpoch(epoch) ?? { epoch: latestEpoch, endOffset: logEndOffset };
  }

  advanceHighWatermark(offset: number): boolean {
    if (!this.log.advanceHighWatermark(offset)) return false;
    const { highWatermark } = this.log;
    this.effects.push({ kind: 'high-watermark', offset: highWatermark });
    this.trace({ kind: 'high-watermark', offset: highWatermark, leaderEpoch: this.leaderEpoch });
    return true;
  }
}
