/**
 * One replica on this broker: its log, and what every request finds in it, whichever way its partition is replicated.
 *
 *     partition.metadata(registration);
 *     partition.produce(token);               // token.onReply, when the turn is over
 *     const reply = partition.fetch(request); // at once: what waits, waits in fetch-requests.ts
 *
 * Replication by ISR is in `isr-partition.ts`, by a Raft group in `raft-partition.ts`. Inputs come in a turn (turn.ts) and leave no
 * effect behind. Everything that the log does in its own time is a job in the background, and tells the core when it is done.
 */
import type * as messages from '../../broker/partition/messages.ts';
import type { PartitionRegistration } from '../../controller/registrations.ts';
import type { ReplicaLog } from '../../log/replica-log.ts';
import { ERROR } from '../../wire/error-codes.ts';
import type { PartitionContext } from './context.ts';
import type { DeadlineItem } from './deadlines.ts';
import type { Asked, ProduceToken } from './tokens.ts';
import { PartitionTrace } from './trace-partition.ts';
import type { TopicSettings } from './topic-settings.ts';

export type ReplicaContext = PartitionContext<HostedPartition>;

export interface PartitionIdentity {
  readonly topic: string;
  readonly topicId: string;
  readonly index: number;
}

export abstract class HostedPartition implements DeadlineItem, PartitionIdentity {
  readonly topic: string;
  readonly topicId: string;
  readonly index: number;
  readonly log: ReplicaLog;
  /** The epoch in which it leads; null while it does not. */
  leadership: number | null = null;
  /** Where its log ended when it began to lead in this epoch. */
  epochStart = 0;
  /** Fetches of this follower, one after the other, that brought nothing. */
  emptyRounds = 0;
  settings: TopicSettings;
  isClosed = false;
  /** Under way: retention or compaction; the log is not to be closed before it ends. */
  tidying: Promise<void> | null = null;
  /** By replica: the high watermark that went to it last, in this leadership. */
  readonly sentHighWatermarks = new Map<number, number>();
  protected readonly context: ReplicaContext;
  protected readonly trace: PartitionTrace;
  protected tracedLogStart: number;

  constructor(
    context: ReplicaContext,
    identity: PartitionIdentity,
    log: ReplicaLog,
    settings: TopicSettings,
  ) {
    this.context = context;
    this.topic = identity.topic;
    this.topicId = identity.topicId;
    this.index = identity.index;
    this.log = log;
    this.settings = settings;
    this.trace = new PartitionTrace(context.runtime, identity, context.settings.nameOf);
    this.tracedLogStart = log.logStartOffset;
  }

  get name(): string {
    return `${this.topic}-${this.index}`;
  }

  abstract get leaderEpoch(): number;

  abstract get replicas(): readonly number[];

  /** Whether it may be asked about rarely while nothing happens: its leader misses it only after long. */
  abstract get mayRest(): boolean;

  /** What followers are told of it. */
  get servedHighWatermark(): number {
    return this.log.highWatermark;
  }

  abstract invariants(): void;

  // Inputs

  abstract metadata(registration: PartitionRegistration): void;

  abstract brokersChanged(brokers: ReadonlyMap<number, messages.BrokerView>): void;

  abstract configure(settings: TopicSettings): void;

  abstract produce(token: ProduceToken): void;

  /** @returns the answer at this moment, whatever it has to wait for; null where it can say nothing */
  abstract fetch(request: messages.FetchRequest): messages.FetchReply | null;

  abstract epochEnd(request: messages.EpochEndRequest): messages.EpochEndResponse;

  abstract fetched(
    asked: Asked,
    response: Omit<messages.FetchResponse, 'sizeBytes'>,
    records: Uint8Array,
  ): void;

  abstract epochEnded(asked: Asked, response: messages.EpochEndResponse): void;

  abstract requestFailed(correlationId: number): void;

  /** It failed, for nobody listens there: that broker is down. */
  requestRefused(correlationId: number): void {
    this.requestFailed(correlationId);
  }

  abstract alterPartitionAnswered(correlationId: number, response: messages.AlterPartitionResponse): void;

  // Time

  abstract get deadlineMs(): number;

  abstract due(nowMs: number): void;

  // The end

  /** It is no replica any more, or the broker stops: whoever waits is told. Its log is the caller's to close. */
  abstract close(): void;

  /** Nothing is done to its log any more. */
  async ended(): Promise<void> {
    await this.tidying;
  }

  // What is done to its log beside the core

  /** The log begins elsewhere, perhaps. */
  logStartMoved(): void {
    const { logStartOffset } = this.log;
    if (logStartOffset === this.tracedLogStart || this.isClosed) return;
    this.tracedLogStart = logStartOffset;
    this.trace.logStart(logStartOffset);
    this.context.moved(this);
  }

  compacted(): void {
    this.trace.cleaned(this.log.segmentOffsets.at(-1) as number);
  }

  protected changeRole(leaderEpoch: number, leads: boolean): void {
    const leadership = leads ? leaderEpoch : null;
    this.sentHighWatermarks.clear();
    this.epochStart = this.log.logEndOffset;
    this.context.moved(this);
    if (leadership === this.leadership) return;
    this.leadership = leadership;
    this.context.leadershipChanged(this, leadership);
  }
}

export const NOT_LEADING: messages.ProduceReply = {
  errorCode: ERROR.NOT_LEADER_OR_FOLLOWER,
  baseOffset: -1,
  logStartOffset: -1,
};
