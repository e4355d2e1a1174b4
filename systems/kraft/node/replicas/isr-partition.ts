/**
 * A replica of a partition that is replicated by ISR: its core, and what the core asks for.
 *
 *     const partition = new IsrPartition(context, { topic: 'orders', topicId, index: 0 }, log, settings);
 *     partition.metadata(registration); // it leads or follows
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
import { ERROR } from '../../wire/error-codes.ts';
import { nowMsOf } from './context.ts';
import { Flusher } from './flusher.ts';
import { HostedPartition, type PartitionIdentity, type ReplicaContext } from './hosted-partition.ts';
import { PendingMarkers } from './pending-markers.ts';
import type { Asked, FetchToken, ProduceToken } from './tokens.ts';
import type { TopicSettings } from './topic-settings.ts';

export class IsrPartition extends HostedPartition {
  /** As the metadata show it. */
  private isr: readonly number[] = [];
  private readonly core: PartitionCore;
  private readonly flusher: Flusher;
  private readonly markers = new PendingMarkers();
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
    super(context, identity, log, settings);
    const { nodeId, properties, rules } = context.settings;
    const config = {
      brokerId: nodeId,
      options: settings.partition,
      rules: rules.partition,
      log: viewOf(log),
    };
    this.core = new PartitionCore(config, nowMsOf(context.runtime));
    // Followers fetch, and leaders count, as far as the operating system has the records.
    log.configure({ onWritten: () => this.input((nowMs) => this.core.stored(nowMs)) });
    this.trace.start(log);
    const lookMs = properties['log.flush.scheduler.interval.ms'];
    this.flusher = new Flusher(log, lookMs, (flush) => this.flush(flush));
    this.flusher.configure(settings);
  }

  override get leaderEpoch(): number {
    return this.core.leaderEpoch;
  }

  override get replicas(): readonly number[] {
    return this.core.status().replicas;
  }

  /** In sync, it stays so for `replica.lag.time.max.ms`. */
  override get mayRest(): boolean {
    return this.isr.includes(this.context.settings.nodeId);
  }

  override invariants(): void {
    this.core.invariants();
  }

  // Inputs

  override metadata(registration: PartitionRegistration): void {
    const { leader, leaderEpoch, partitionEpoch, replicas, isr } = registration;
    this.isr = isr;
    this.isUnclean = registration.leaderRecoveryState === 'recovering';
    this.input((nowMs) => this.core.metadata(nowMs, { leader, leaderEpoch, partitionEpoch, replicas, isr }));
  }

  override brokersChanged(brokers: ReadonlyMap<number, messages.BrokerView>): void {
    this.input((nowMs) => this.core.brokersChanged(nowMs, brokers));
  }

  override configure(settings: TopicSettings): void {
    this.settings = settings;
    this.log.configure(settings.log);
    this.flusher.configure(settings);
    this.input((nowMs) => this.core.configure(nowMs, settings.partition));
  }

  override fetched(
    { correlationId, request }: Asked,
    response: Omit<messages.FetchResponse, 'sizeBytes'>,
    records: Uint8Array,
  ): void {
    if (request.api !== 'fetch') return;
    const { leaderEpoch, offset } = request;
    this.incoming = records;
    this.input((nowMs) =>
      this.core.fetchResponse(
        nowMs,
        { correlationId, leaderEpoch, offset },
        { ...response, sizeBytes: records.length },
      ),
    );
    this.incoming = null;
  }

  override epochEnded({ correlationId, request }: Asked, response: messages.EpochEndResponse): void {
    const { leaderEpoch } = request;
    this.input((nowMs) => this.core.epochEndResponse(nowMs, { correlationId, leaderEpoch }, response));
  }

  override requestFailed(correlationId: number): void {
    this.input((nowMs) => this.core.requestFailed(nowMs, correlationId));
  }

  override alterPartitionAnswered(correlationId: number, response: messages.AlterPartitionResponse): void {
    this.input((nowMs) => this.core.alterPartitionResponse(nowMs, correlationId, response));
  }

  // Time

  override get deadlineMs(): number {
    return this.isClosed ? Infinity : Math.min(this.core.deadlineMs, this.flusher.deadlineMs);
  }

  override due(nowMs: number): void {
    if (this.flusher.deadlineMs <= nowMs) this.flusher.start();
    this.input(() => this.core.tick(nowMs));
  }

  // The end

  override close(): void {
    if (this.isClosed) return;
    this.input((nowMs) => this.core.close(nowMs));
    this.isClosed = true;
    this.context.deadlines.forget(this);
  }

  // Effects

  protected override get clients(): PartitionCore {
    return this.core;
  }

  protected override fetchInto(nowMs: number, token: FetchToken, request: messages.FetchRequest): void {
    this.core.fetch(nowMs, token, request);
  }

  protected override perform(): void {
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
      case 'reply-produce':
      case 'reply-fetch':
      case 'reply-epoch-end':
        return this.reply(effect);
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
    for (const batch of range.batches) this.markers.appended(batch);
    this.trace.appended(range.batches);
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
    for (const batch of range.batches) this.markers.appended(batch);
    this.trace.appended(range.batches);
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
      this.input((nowMs) => this.core.stored(nowMs));
    });
  }

  private truncate(job: () => Promise<void>, endOffset: number): void {
    this.markers.truncated(endOffset);
    this.context.inBackground(this.name, async () => {
      await job();
      this.tracedLogStart = this.log.logStartOffset;
      this.input((nowMs) => this.core.truncated(nowMs));
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
