/**
 * A replica of a partition that a Raft group of its own replicates (`replication.protocol=raft`): joins the quorum's core and the
 * clients' core to the partition's log, to the other replicas and to the controller.
 *
 *     const partition = new RaftPartition(context, identity, log, settings, { replicas: [1, 2, 3], quorumState });
 *     partition.handlers.vote?.(exchange);     // of another member of the group
 *
 * The group is what the metadata quorum is (KIP-595): the replicas vote, followers fetch, a fetch acknowledges what is durable here, and
 * `quorum-state` lies in the partition's folder. Its Fetches go with those of all other partitions (fetcher.ts, fetch-requests.ts).
 * Whoever leads tells the controller until the metadata show it. Files are written by a WriteQueue.
 */
import { messageOf } from '../../../../harness/errors.ts';
import type { TraceEvent } from '../../../../harness/history/trace.ts';
import { GroupClients } from '../../broker/partition-raft/group-clients.ts';
import type { Effect as ClientEffect } from '../../broker/partition/effects.ts';
import { viewOf } from '../../broker/partition/log-view.ts';
import type * as messages from '../../broker/partition/messages.ts';
import type { PartitionRegistration } from '../../controller/registrations.ts';
import type { ReplicaLog } from '../../log/replica-log.ts';
import type { QuorumCore } from '../../quorum/core.ts';
import type { Effect as GroupEffect } from '../../quorum/effects.ts';
import type { PeerRequest } from '../../quorum/messages.ts';
import { stampAppendTime } from '../../records/batch-builder.ts';
import { RecordBatch } from '../../records/batch.ts';
import { RecordError } from '../../records/errors.ts';
import { ERROR } from '../../wire/error-codes.ts';
import type { Handlers } from '../network/exchange.ts';
import type { PeerAnswer } from '../quorum/peer-links.ts';
import { optionsOf } from '../quorum/quorum-config.ts';
import { quorumHandlers, type Asker } from '../quorum/quorum-handlers.ts';
import { WriteQueue } from '../quorum/write-queue.ts';
import { nowMsOf } from './context.ts';
import { groupCore, type Group } from './group-core.ts';
import { appendable, batchOf, memberFetch, memberReply, memberResponse } from './group-messages.ts';
import { HostedPartition, type PartitionIdentity, type ReplicaContext } from './hosted-partition.ts';
import { LeaderNotice } from './leader-notice.ts';
import { folderOf } from './partition-folders.ts';
import type { Asked, FetchToken, ProduceToken } from './tokens.ts';
import type { TopicSettings } from './topic-settings.ts';

export class RaftPartition extends HostedPartition {
  readonly handlers: Handlers;
  override readonly replicas: readonly number[];
  /** A leader that nobody asks for long resigns. */
  override readonly mayRest = false;
  private readonly quorum: QuorumCore;
  protected override readonly clients: GroupClients;
  private readonly writes: WriteQueue;
  private readonly notice: LeaderNotice;
  /** Named in each of its requests. */
  private readonly groupId: string;
  private readonly requestTimeoutMs: number;
  /** By correlation id: the member that is asked. */
  private readonly asked = new Map<number, number>();
  /** This leader's own, made in its epoch; −1 before there is one. */
  private ledHighWatermark = -1;
  private isLeaving = false;

  constructor(
    context: ReplicaContext,
    identity: PartitionIdentity,
    log: ReplicaLog,
    settings: TopicSettings,
    group: Group,
  ) {
    super(context, identity, log, settings);
    const { runtime } = context;
    const { nodeId, clusterId, properties, rules, nameOf } = context.settings;
    const { replicas, quorumState } = group;
    this.replicas = replicas;
    this.groupId = `${clusterId}/${this.topicId}`;
    this.requestTimeoutMs = optionsOf(properties).requestTimeoutMs;
    this.writes = new WriteQueue(runtime.files, folderOf(this.topic, this.index), log, {
      onStored: (write) => this.input(() => this.quorum.stored(nowMsOf(runtime), write)),
      onFailure: (error) => context.crash(this.name, error),
      deletePrefix: () => Promise.resolve(),
    });
    this.notice = new LeaderNotice(nodeId, (correlationId, leaderEpoch) =>
      this.tellController(correlationId, leaderEpoch),
    );
    this.clients = new GroupClients({
      brokerId: nodeId,
      options: settings.partition,
      rules: rules.partition,
      log: viewOf(log),
      replicas,
    });
    this.trace.start(log, {
      epoch: quorumState.leaderEpoch,
      votedFor: quorumState.votedId < 0 ? null : nameOf(quorumState.votedId),
      voters: replicas.map(nameOf),
    });
    this.quorum = groupCore(context, this.groupId, log, group);
    this.handlers = quorumHandlers({
      place: this,
      clusterId: this.groupId,
      nodeId,
      addressOf: () => null,
      wallTimeOf: () => -1,
      receive: (asker, request) =>
        this.input(() => this.quorum.receiveRequest(nowMsOf(runtime), asker, request)),
    });
    this.input(() => undefined);
  }

  override get leaderEpoch(): number {
    return this.clients.leaderEpoch;
  }

  override get servedHighWatermark(): number {
    return this.ledHighWatermark;
  }

  override invariants(): void {
    if (this.isClosed) return;
    this.quorum.invariants();
    this.clients.invariants();
  }

  // Inputs

  override metadata(registration: PartitionRegistration): void {
    this.input((nowMs) => this.notice.shown(nowMs, registration));
  }

  /** A broker that shuts down hands over what it leads. */
  override brokersChanged(brokers: ReadonlyMap<number, messages.BrokerView>): void {
    const isLeaving = brokers.get(this.context.settings.nodeId)?.inControlledShutdown === true;
    const resigns = isLeaving && !this.isLeaving && this.replicas.length > 1;
    this.isLeaving = isLeaving;
    if (resigns) this.input((nowMs) => this.quorum.resign(nowMs));
  }

  override configure(settings: TopicSettings): void {
    this.settings = settings;
    this.log.configure(settings.log);
    this.clients.configure(settings.partition);
  }

  override fetched(
    { correlationId, request }: Asked,
    answer: Omit<messages.FetchResponse, 'sizeBytes'>,
    records: Uint8Array,
  ): void {
    const leader = { leaderId: this.asked.get(correlationId) ?? -1, leaderEpoch: request.leaderEpoch };
    try {
      this.answered(correlationId, memberResponse(answer, leader, records));
    } catch (error) {
      if (!(error instanceof RecordError)) throw error;
      this.context.runtime.log('warn', `${this.name}: fetched records are refused`, {
        error: messageOf(error),
      });
      this.requestFailed(correlationId);
    }
  }

  /** Its followers send the epoch with each fetch. */
  override epochEnded({ correlationId }: Asked): void {
    this.requestFailed(correlationId);
  }

  override requestFailed(correlationId: number): void {
    if (correlationId > 0) return this.answered(correlationId, null);
    this.input((nowMs) => this.notice.answered(nowMs, correlationId, false));
  }

  override requestRefused(correlationId: number): void {
    this.answered(correlationId, 'refused');
  }

  private answered(correlationId: number, answer: PeerAnswer): void {
    const from = this.asked.get(correlationId);
    if (from === undefined) return;
    this.asked.delete(correlationId);
    this.input((nowMs) => {
      if (answer === null) this.quorum.requestFailed(nowMs, from, correlationId);
      else if (answer === 'refused') this.quorum.requestRefused(nowMs, from, correlationId);
      else this.quorum.receiveResponse(nowMs, from, correlationId, answer);
    });
  }

  override alterPartitionAnswered(
    correlationId: number,
    { errorCode }: messages.AlterPartitionResponse,
  ): void {
    this.input((nowMs) => this.notice.answered(nowMs, correlationId, errorCode === ERROR.NONE));
  }

  // Time

  override get deadlineMs(): number {
    if (this.isClosed) return Infinity;
    return Math.min(this.quorum.deadlineMs, this.clients.deadlineMs, this.notice.deadlineMs);
  }

  override due(nowMs: number): void {
    this.input(() => {
      this.quorum.tick(nowMs);
      this.clients.tick(nowMs);
      this.notice.tick(nowMs);
    });
  }

  // The end

  override close(): void {
    if (this.isClosed) return;
    this.input((nowMs) => this.clients.close(nowMs));
    this.isClosed = true;
    this.context.deadlines.forget(this);
    this.context.inBackground(this.name, () => this.ended());
  }

  override async ended(): Promise<void> {
    await super.ended();
    await this.writes.close();
  }

  // Effects

  protected override fetchInto(nowMs: number, token: FetchToken, request: messages.FetchRequest): void {
    if (request.kind === 'consumer') return this.clients.fetch(nowMs, token, request);
    // Without a reply its answer waits for the disk, and says nothing yet.
    this.quorum.receiveRequest(nowMs, token, memberFetch(this.groupId, request));
  }

  protected override perform(): void {
    let isDone = false;
    while (!isDone) {
      const ofGroup = this.quorum.takeEffects();
      for (const effect of ofGroup) this.performOfGroup(effect);
      const ofClients = this.clients.takeEffects();
      for (const effect of ofClients) this.performOfClients(effect);
      isDone = ofGroup.length === 0 && ofClients.length === 0;
    }
    this.context.deadlines.watch(this);
  }

  private performOfGroup(effect: GroupEffect): void {
    const { context } = this;
    const nowMs = nowMsOf(context.runtime);
    switch (effect.kind) {
      case 'request':
        return this.ask(effect.to, effect.correlationId, effect.request);
      case 'respond':
        return this.respond(effect);
      case 'append':
        this.trace.appended(effect.entries.map(batchOf));
        this.writes.write(effect);
        return context.moved(this);
      case 'persist':
      case 'truncate':
        return this.writes.write(effect);
      case 'high-watermark':
        if (this.leadership !== null) this.ledHighWatermark = effect.offset;
        this.clients.committed(nowMs, effect.offset);
        return context.moved(this);
      case 'leader':
        return this.follow(nowMs, effect.leaderId, effect.epoch);
      case 'trace':
        return this.traceGroup(effect.event);
      case 'crash':
        return context.crash(this.name, effect.reason);
      default:
        // There are no snapshots of partitions.
        return context.crash(this.name, `the group asks for ${effect.kind}`);
    }
  }

  private ask(to: number, correlationId: number, request: PeerRequest): void {
    this.asked.set(correlationId, to);
    if (request.api !== 'fetch') {
      const { requestTimeoutMs } = this;
      this.context.askMember(this, to, request, requestTimeoutMs, (answer) =>
        this.answered(correlationId, answer),
      );
      return;
    }
    const { currentLeaderEpoch: leaderEpoch, fetchOffset: offset, lastFetchedEpoch } = request;
    this.context.ask(this, to, correlationId, { api: 'fetch', leaderEpoch, offset, lastFetchedEpoch });
  }

  private respond({ token, response, fill }: Extract<GroupEffect, { kind: 'respond' }>): void {
    const asker = token as Asker | FetchToken;
    if ('answer' in asker) this.context.turn.after(() => asker.answer(response, null));
    else if (response.api === 'fetch') asker.reply = memberReply(response, fill, this.leaderEpoch);
  }

  private follow(nowMs: number, leaderId: number | null, epoch: number): void {
    const leads = leaderId === this.context.settings.nodeId;
    // Answers to what it asked before come to nobody.
    this.asked.clear();
    this.ledHighWatermark = -1;
    if (leads) this.clients.lead(nowMs, epoch);
    else this.clients.follow(nowMs, epoch, leaderId);
    this.changeRole(epoch, leads);
    this.notice.leads(nowMs, leads ? epoch : null);
  }

  private traceGroup(event: TraceEvent): void {
    if (event.kind === 'vote') this.trace.vote(event.term, event.candidate);
    else if (event.kind === 'persist') this.trace.persisted(event.term, event.votedFor);
    else if (event.kind === 'durable') this.trace.durable(event.index);
    else if (event.kind === 'truncate') this.trace.truncated(event.fromIndex - 1);
  }

  private performOfClients(effect: ClientEffect): void {
    switch (effect.kind) {
      case 'append':
        return this.append(effect.token as ProduceToken);
      case 'reply-produce':
      case 'reply-fetch':
      case 'reply-epoch-end':
        return this.reply(effect);
      case 'trace':
        return this.trace.event(effect.event, false);
      default:
        // The high watermark came from the group; the rest is of ISR replication.
        return;
    }
  }

  private append(token: ProduceToken): void {
    const nowMs = nowMsOf(this.context.runtime);
    const batches = token.isTaken
      ? token.batches.map(({ bytes }) => new RecordBatch(bytes.slice()))
      : token.batches;
    token.isTaken = true;
    if (this.settings.stampsAppendTime) {
      token.appendTimeMs = this.context.runtime.wallMs();
      for (const batch of batches) stampAppendTime(batch, token.appendTimeMs);
    }
    const offsets = this.quorum.append(nowMs, batches.map(appendable));
    const [baseOffset] = offsets ?? [];
    // The log has it when the group's effects are done.
    for (const effect of this.quorum.takeEffects()) this.performOfGroup(effect);
    if (baseOffset === undefined) this.clients.appendFailed(nowMs, ERROR.NOT_LEADER_OR_FOLLOWER);
    else {
      const records = batches.reduce((sum, { lastOffsetDelta }) => sum + lastOffsetDelta + 1, 0);
      this.clients.appended(nowMs, { baseOffset, lastOffset: baseOffset + records - 1 });
    }
  }

  private tellController(correlationId: number, leaderEpoch: number): void {
    const isr = this.replicas.map((brokerId) => ({ brokerId, brokerEpoch: -1 }));
    this.context.propose(this, correlationId, {
      leaderEpoch,
      partitionEpoch: this.notice.partitionEpoch,
      isr,
    });
  }
}
