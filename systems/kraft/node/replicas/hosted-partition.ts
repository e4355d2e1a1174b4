/**
 * One replica on this broker: its log, its core, and what the core asks for.
 *
 *     partition.metadata(registration);
 *     partition.produce(token);               // token.onReply, when the turn is over
 *     const reply = partition.fetch(request); // at once: what waits, waits in fetch-requests.ts
 *
 * Inputs come in a turn (turn.ts) and leave no effect behind. Everything that the log does in its own time is a job in the
 * background, and tells the core when it is done.
 */
import { assert, messageOf } from '../../../../harness/errors.ts';
import type { Effect } from '../../broker/partition/effects.ts';
import { viewOf } from '../../broker/partition/log-view.ts';
import type * as messages from '../../broker/partition/messages.ts';
import { PartitionCore } from '../../broker/partition/partition-core.ts';
import type { PartitionRegistration } from '../../controller/registrations.ts';
import { OffsetOutOfRangeError, UnexpectedOffsetError } from '../../log/errors.ts';
import type { ReplicaLog } from '../../log/replica-log.ts';
import { RecordError } from '../../records/errors.ts';
import { readBatches } from '../../records/batch.ts';
import { ERROR } from '../../wire/error-codes.ts';
import type { PartitionContext } from './context.ts';
import { nowMsOf } from './context.ts';
import type { DeadlineItem } from './deadlines.ts';
import { Flusher } from './flusher.ts';
import { PendingMarkers } from './pending-markers.ts';
import type { Asked, EpochEndToken, FetchToken, ProduceToken } from './tokens.ts';
import { PartitionTrace } from './trace-partition.ts';
import type { TopicSettings } from './topic-settings.ts';

export type ReplicaContext = PartitionContext<HostedPartition>;

export interface PartitionIdentity {
  readonly topic: string;
  readonly topicId: string;
  readonly index: number;
}

export class HostedPartition implements DeadlineItem, PartitionIdentity {
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
  /** As the metadata show it. */
  isr: readonly number[] = [];
  settings: TopicSettings;
  isClosed = false;
  /** Under way: retention or compaction; the log is not to be closed before it ends. */
  tidying: Promise<void> | null = null;
  /** By replica: the high watermark that went to it last, in this leadership. */
  readonly sentHighWatermarks = new Map<number, number>();
  private readonly context: ReplicaContext;
  private readonly core: PartitionCore;
  private readonly flusher: Flusher;
  private readonly markers = new PendingMarkers();
  private readonly trace: PartitionTrace;
  private tracedLogStart: number;
  /** The metadata say that the last election was. */
  private isUnclean = false;
  /** Records of the answer that the core is looking at. */
  private incoming: Uint8Array | null = null;

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
    const { nodeId, rules } = context.settings;
    const config = {
      brokerId: nodeId,
      options: settings.partition,
      rules: rules.partition,
      log: viewOf(log),
    };
    this.core = new PartitionCore(config, nowMsOf(context.runtime));
    this.trace = new PartitionTrace(context.runtime, identity, context.settings.nameOf);
    this.trace.start(log);
    this.tracedLogStart = log.logStartOffset;
    this.flusher = new Flusher(log, (flush) => this.flush(flush));
    this.flusher.configure(settings);
  }

  get name(): string {
    return `${this.topic}-${this.index}`;
  }

  get leaderEpoch(): number {
    return this.core.leaderEpoch;
  }

  status(): ReturnType<PartitionCore['status']> {
    return this.core.status();
  }

  invariants(): void {
    this.core.invariants();
  }

  // Inputs

  private input(act: (core: PartitionCore, nowMs: number) => void): void {
    if (this.isClosed) return;
    const { turn, runtime } = this.context;
    turn.run(() => {
      act(this.core, nowMsOf(runtime));
      this.perform();
      this.context.touched(this);
    });
  }

  metadata(registration: PartitionRegistration): void {
    const { leader, leaderEpoch, partitionEpoch, replicas, isr } = registration;
    this.isr = isr;
    this.isUnclean = registration.leaderRecoveryState === 'recovering';
    this.input((core, nowMs) => core.metadata(nowMs, { leader, leaderEpoch, partitionEpoch, replicas, isr }));
  }

  brokersChanged(brokers: ReadonlyMap<number, messages.BrokerView>): void {
    this.input((core, nowMs) => core.brokersChanged(nowMs, brokers));
  }

  configure(settings: TopicSettings): void {
    this.settings = settings;
    this.log.configure(settings.log);
    this.flusher.configure(settings);
    this.input((core, nowMs) => core.configure(nowMs, settings.partition));
  }

  produce(token: ProduceToken): void {
    const { acks, timeoutMs, batches } = token;
    if (this.isClosed) return this.context.turn.after(() => token.onReply(NOT_HERE, token));
    this.input((core, nowMs) => core.produce(nowMs, token, { acks, timeoutMs, batches }));
  }

  /** @returns the answer at this moment, whatever it has to wait for */
  fetch(request: messages.FetchRequest): messages.FetchReply | null {
    const token: FetchToken = { reply: null };
    this.input((core, nowMs) => core.fetch(nowMs, token, { ...request, maxWaitMs: 0 }));
    return token.reply;
  }

  epochEnd(request: messages.EpochEndRequest): messages.EpochEndResponse {
    const token: EpochEndToken = { reply: null };
    this.input((core, nowMs) => core.epochEnd(nowMs, token, request));
    return token.reply ?? { errorCode: ERROR.NOT_LEADER_OR_FOLLOWER, end: null };
  }

  fetched(
    { correlationId, request }: Asked,
    response: Omit<messages.FetchResponse, 'sizeBytes'>,
    records: Uint8Array,
  ): void {
    if (request.api !== 'fetch') return;
    const { leaderEpoch, offset } = request;
    this.incoming = records;
    this.input((core, nowMs) =>
      core.fetchResponse(
        nowMs,
        { correlationId, leaderEpoch, offset },
        { ...response, sizeBytes: records.length },
      ),
    );
    this.incoming = null;
  }

  epochEnded({ correlationId, request }: Asked, response: messages.EpochEndResponse): void {
    const { leaderEpoch } = request;
    this.input((core, nowMs) => core.epochEndResponse(nowMs, { correlationId, leaderEpoch }, response));
  }

  requestFailed(correlationId: number): void {
    this.input((core, nowMs) => core.requestFailed(nowMs, correlationId));
  }

  alterPartitionAnswered(correlationId: number, response: messages.AlterPartitionResponse): void {
    this.input((core, nowMs) => core.alterPartitionResponse(nowMs, correlationId, response));
  }

  // Time

  get deadlineMs(): number {
    return this.isClosed ? Infinity : Math.min(this.core.deadlineMs, this.flusher.deadlineMs);
  }

  due(nowMs: number): void {
    if (this.flusher.deadlineMs <= nowMs) this.flusher.start();
    this.input((core) => core.tick(nowMs));
  }

  // The end

  /** It is no replica any more, or the broker stops: whoever waits is told. Its log is the caller's to close. */
  close(): void {
    if (this.isClosed) return;
    this.input((core, nowMs) => core.close(nowMs));
    this.isClosed = true;
    this.context.deadlines.forget(this);
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

  // Effects

  private perform(): void {
    const { core } = this;
    for (let effects = core.takeEffects(); effects.length > 0; effects = core.takeEffects()) {
      for (const effect of effects) this.performOne(effect);
    }
    this.context.deadlines.watch(this);
  }

  private performOne(effect: Effect): void {
    const { context, core, log } = this;
    switch (effect.kind) {
      case 'append':
        return this.append(effect.token as ProduceToken, effect.leaderEpoch);
      case 'append-fetched':
        return this.appendFetched();
      case 'truncate':
        return this.truncate(async () => void (await log.truncateTo(effect.endOffset)), effect.endOffset);
      case 'truncate-fully':
        return this.truncate(() => log.truncateFullyAndStartAt(effect.startOffset), effect.startOffset);
      case 'advance-log-start':
        return this.advanceLogStart(effect.offset);
      case 'request':
        return context.ask(this, effect.to, effect.correlationId, effect.request);
      case 'alter-partition':
        return context.propose(this, effect.correlationId, effect.request);
      case 'reply-produce': {
        const token = effect.token as ProduceToken;
        const { errorCode, baseOffset } = effect.reply;
        if (errorCode === ERROR.NONE) this.trace.acknowledged(token.acks, token.batches, baseOffset);
        return context.turn.after(() => token.onReply(effect.reply, token));
      }
      case 'reply-fetch':
        (effect.token as FetchToken).reply = effect.reply;
        return;
      case 'reply-epoch-end':
        (effect.token as EpochEndToken).reply = effect.reply;
        return;
      case 'high-watermark':
        this.markers.reached(effect.offset, (marker) => {
          if (this.leadership !== null) context.markerCommitted(this, marker);
        });
        return context.moved(this);
      case 'trace':
        if (effect.event.kind === 'role') this.changeRole(core.leaderEpoch, effect.event.role === 'leader');
        return this.trace.event(effect.event, this.isUnclean);
      case 'crash':
        return context.crash(this.name, effect.reason);
    }
  }

  private changeRole(leaderEpoch: number, leads: boolean): void {
    const leadership = leads ? leaderEpoch : null;
    this.sentHighWatermarks.clear();
    this.epochStart = this.log.logEndOffset;
    this.context.moved(this);
    if (leadership === this.leadership) return;
    this.leadership = leadership;
    this.context.leadershipChanged(this, leadership);
  }

  private append(token: ProduceToken, leaderEpoch: number): void {
    const { core, log, context, settings } = this;
    const nowMs = nowMsOf(context.runtime);
    // Only a bug appends twice; the log's bytes are not to be changed.
    const bytes = token.isTaken ? token.bytes.slice() : token.bytes;
    let range;
    try {
      const appendTimeMs = settings.stampsAppendTime ? context.runtime.wallMs() : null;
      range = log.append(bytes, {
        assignOffsets: true,
        leaderEpoch,
        verify: false,
        ...(appendTimeMs !== null && { appendTimeMs }),
      });
      token.appendTimeMs = appendTimeMs ?? -1;
    } catch (error) {
      if (!(error instanceof RecordError)) throw error;
      return core.appendFailed(nowMs, ERROR.CORRUPT_MESSAGE);
    }
    token.isTaken = true;
    const batches = bytes === token.bytes ? token.batches : [...readBatches(bytes)];
    for (const batch of batches) this.markers.appended(batch);
    this.trace.appended(batches);
    this.afterAppend(token.batches.reduce((sum, { count }) => sum + count, 0));
    core.appended(nowMs, range);
  }

  private appendFetched(): void {
    const { core, log, incoming, context } = this;
    assert(incoming !== null, 'records are appended while their answer is looked at');
    const nowMs = nowMsOf(context.runtime);
    const endOffset = log.logEndOffset;
    let range;
    try {
      range = log.append(incoming, { assignOffsets: false });
    } catch (error) {
      if (!(error instanceof RecordError || error instanceof UnexpectedOffsetError)) throw error;
      context.runtime.log('warn', `${this.name}: fetched records are refused`, { error: messageOf(error) });
      return core.appendFailed(nowMs, ERROR.CORRUPT_MESSAGE);
    }
    const batches = [...readBatches(incoming)];
    for (const batch of batches) this.markers.appended(batch);
    this.trace.appended(batches);
    this.afterAppend(range.lastOffset + 1 - endOffset);
    core.appended(nowMs, range);
  }

  private afterAppend(records: number): void {
    this.flusher.appended(records, nowMsOf(this.context.runtime));
    this.context.moved(this);
  }

  private flush(flush: () => Promise<void>): void {
    this.context.inBackground(this.name, async () => {
      await flush();
      this.input((core, nowMs) => core.flushed(nowMs));
    });
  }

  private truncate(job: () => Promise<void>, endOffset: number): void {
    this.markers.truncated(endOffset);
    this.context.inBackground(this.name, async () => {
      await job();
      this.tracedLogStart = this.log.logStartOffset;
      this.input((core, nowMs) => core.truncated(nowMs));
    });
  }

  private advanceLogStart(offset: number): void {
    this.context.inBackground(this.name, async () => {
      try {
        await this.log.deleteRecords(offset);
        this.logStartMoved();
      } catch (error) {
        // The log was truncated meanwhile; the next answer says it again.
        if (!(error instanceof OffsetOutOfRangeError)) throw error;
      }
    });
  }
}

const NOT_HERE: messages.ProduceReply = {
  errorCode: ERROR.NOT_LEADER_OR_FOLLOWER,
  baseOffset: -1,
  logStartOffset: -1,
};
