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
import type { Effect } from '../../broker/partition/effects.ts';
import type * as messages from '../../broker/partition/messages.ts';
import type { PartitionCore } from '../../broker/partition/partition-core.ts';
import type { PartitionRegistration } from '../../controller/registrations.ts';
import type { ReplicaLog } from '../../log/replica-log.ts';
import { ERROR } from '../../wire/error-codes.ts';
import { nowMsOf, type PartitionContext } from './context.ts';
import type { DeadlineItem } from './deadlines.ts';
import type { Asked, EpochEndToken, FetchToken, ProduceToken } from './tokens.ts';
import { PartitionTrace } from './trace-partition.ts';
import type { TopicSettings } from './topic-settings.ts';

export type ReplicaContext = PartitionContext<HostedPartition>;

/** Of a core: what answers somebody who asked. */
type Reply = Extract<Effect, { readonly kind: 'reply-produce' | 'reply-fetch' | 'reply-epoch-end' }>;

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

  produce(token: ProduceToken): void {
    const { acks, timeoutMs, batches } = token;
    if (this.isClosed) return this.context.turn.after(() => token.onReply(NOT_LEADING, token));
    this.input((nowMs) => this.clients.produce(nowMs, token, { acks, timeoutMs, batches }));
  }

  /** @returns the answer at this moment, whatever it has to wait for; null where it can say nothing */
  fetch(request: messages.FetchRequest): messages.FetchReply | null {
    const token: FetchToken = { reply: null };
    this.input((nowMs) => this.fetchInto(nowMs, token, { ...request, maxWaitMs: 0 }));
    return token.reply;
  }

  epochEnd(request: messages.EpochEndRequest): messages.EpochEndResponse {
    const token: EpochEndToken = { reply: null };
    this.input((nowMs) => this.clients.epochEnd(nowMs, token, request));
    return token.reply ?? { errorCode: ERROR.NOT_LEADER_OR_FOLLOWER, end: null };
  }

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

  // What its cores want

  /** What producers ask, and who looks for the end of an epoch. */
  protected abstract get clients(): Pick<PartitionCore, 'produce' | 'epochEnd'>;

  /** The token has the reply when the input is over, if there is one. */
  protected abstract fetchInto(nowMs: number, token: FetchToken, request: messages.FetchRequest): void;

  /** Does all that the cores want, until they want no more. */
  protected abstract perform(): void;

  protected input(act: (nowMs: number) => void): void {
    if (this.isClosed) return;
    const { turn, runtime } = this.context;
    turn.run(() => {
      act(nowMsOf(runtime));
      this.perform();
      this.context.touched(this);
    });
  }

  protected reply(effect: Reply): void {
    switch (effect.kind) {
      case 'reply-produce': {
        const token = effect.token as ProduceToken;
        const { errorCode, baseOffset } = effect.reply;
        if (errorCode === ERROR.NONE) this.trace.acknowledged(token.acks, token.batches, baseOffset);
        return this.context.turn.after(() => token.onReply(effect.reply, token));
      }
      case 'reply-fetch':
        (effect.token as FetchToken).reply = effect.reply;
        return;
      case 'reply-epoch-end':
        (effect.token as EpochEndToken).reply = effect.reply;
    }
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

const NOT_LEADING: messages.ProduceReply = {
  errorCode: ERROR.NOT_LEADER_OR_FOLLOWER,
  baseOffset: -1,
  logStartOffset: -1,
};
