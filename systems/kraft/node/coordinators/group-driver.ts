/**
 * Joins the group coordinator to the node: requests of the network go in as calls, its appends go to the partitions of
 * `__consumer_offsets` that this broker leads, and what it replies goes back to whoever asked.
 *
 *     const groups = new GroupDriver(runtime, settings, metadata, replicas);
 *     new NetworkServer(runtime, { …, handlers: groups.handlers });
 *
 * Not here: who coordinates which group (find-coordinator.ts), and what a group decides (broker/groups).
 */
import { nsToMs } from '../../../../harness/units.ts';
import type { Runtime } from '../../../runtime/runtime.ts';
import type { Instant } from '../../broker/coordinator-log.ts';
import type { GroupApi, GroupCall, GroupEffect } from '../../broker/groups/group-calls.ts';
import { GroupCoordinator } from '../../broker/groups/group-coordinator.ts';
import type { GroupOptions } from '../../broker/groups/group-options.ts';
import { DEFAULT_GROUP_OPTIONS } from '../../broker/groups/group-options.ts';
import { OFFSETS_TOPIC } from '../../internal-topics.ts';
import { ERROR } from '../../wire/error-codes.ts';
import { DeadlineTimer } from '../deadline-timer.ts';
import type { Exchange, Handlers } from '../network/exchange.ts';
import type { BrokerMetadata, Replicas } from '../parts.ts';
import { randomUuid } from '../random-uuid.ts';
import type { NodeSettings } from '../settings.ts';
import { CoordinatorAppends } from './coordinator-appends.ts';
import { partitionCount } from './internal-topics.ts';
import { PartitionLoads } from './partition-loads.ts';

/** As Kafka's `offsets.commit.timeout.ms`. */
const APPEND_TIMEOUT_MS = 5_000;
const MS_PER_MINUTE = 60_000;

type Answer = (response: never) => void;

export class GroupDriver {
  readonly handlers: Handlers;
  private readonly runtime: Runtime;
  private readonly metadata: BrokerMetadata;
  private readonly core: GroupCoordinator;
  private readonly appends: CoordinatorAppends;
  private readonly loads: PartitionLoads;
  private readonly timer: DeadlineTimer;
  /** Who waits for a reply. */
  private readonly waiting = new Map<number, Answer>();
  private nextReplyTo = 1;
  /** Not performed yet: an effect's outcome may be there before the next effect is looked at. */
  private readonly effects: GroupEffect[] = [];
  private isPerforming = false;
  /** Since the invariants were checked. */
  private hadInput = false;
  private isClosed = false;

  constructor(runtime: Runtime, settings: NodeSettings, metadata: BrokerMetadata, replicas: Replicas) {
    this.runtime = runtime;
    this.metadata = metadata;
    this.core = new GroupCoordinator({
      options: groupOptions(settings, metadata),
      rules: settings.rules.groups,
      newUuid: () => randomUuid(runtime.random),
    });
    const { core } = this;
    this.appends = new CoordinatorAppends(runtime, replicas, {
      topic: OFFSETS_TOPIC,
      timeoutMs: APPEND_TIMEOUT_MS,
      maxBatchBytes: settings.properties['message.max.bytes'],
      codec: settings.properties['offsets.topic.compression.codec'],
    });
    this.timer = new DeadlineTimer(runtime, () => this.perform(core.tick(this.now)));
    this.loads = new PartitionLoads(runtime, replicas, OFFSETS_TOPIC, {
      start: (partition) => core.startLoading(partition),
      record: (partition, record) => core.loadRecord(partition, record),
      loadedMarker: (...marker) => core.loadMarker(...marker),
      finish: (partition) => this.perform(core.finishLoading(this.now, partition)),
      resign: (partition) => this.perform(core.resign(partition)),
      marker: (...marker) => this.perform(core.transactionEnded(this.now, ...marker)),
    });
    this.handlers = {
      joinGroup: (exchange) => this.pass('JoinGroup', exchange),
      syncGroup: (exchange) => this.pass('SyncGroup', exchange),
      heartbeat: (exchange) => this.pass('Heartbeat', exchange),
      leaveGroup: (exchange) => this.pass('LeaveGroup', exchange),
      offsetCommit: (exchange) => this.passKnown('OffsetCommit', exchange),
      offsetDelete: (exchange) => this.passKnown('OffsetDelete', exchange),
      offsetFetch: (exchange) => this.pass('OffsetFetch', exchange),
      describeGroups: (exchange) => this.pass('DescribeGroups', exchange),
      listGroups: (exchange) => this.pass('ListGroups', exchange),
      deleteGroups: (exchange) => this.pass('DeleteGroups', exchange),
      txnOffsetCommit: (exchange) => this.passKnown('TxnOffsetCommit', exchange),
    };
    metadata.subscribe(({ deletedTopics }) => {
      for (const { name } of deletedTopics) this.perform(core.topicDeleted(this.now, name));
    });
    this.perform(core.tick(this.now));
  }

  /** @throws AssertionError when a group is in a state that cannot be */
  invariants(): void {
    if (!this.hadInput) return;
    this.hadInput = false;
    this.core.invariants();
  }

  /** Nothing happens here any more; whoever waits is not answered. */
  close(): void {
    this.isClosed = true;
    this.loads.close();
    this.timer.cancel();
    this.waiting.clear();
  }

  private get now(): Instant {
    const { runtime } = this;
    return { monotonicMs: nsToMs(runtime.monotonicNs()), wallMs: Math.floor(runtime.wallMs()) };
  }

  // Calls

  private pass(api: GroupApi, exchange: Exchange): void {
    this.call(api, exchange, exchange.body, (response) => exchange.respond(response));
  }

  private call(api: GroupApi, exchange: Exchange, request: unknown, answer: Answer): void {
    const replyTo = this.nextReplyTo++;
    this.waiting.set(replyTo, answer);
    const { header, clientHost } = exchange;
    const clientId = header.clientId ?? '';
    // Handlers are by name: the body is that API's, which the compiler cannot see.
    const call = { api, replyTo, version: header.apiVersion, clientId, clientHost, request } as GroupCall;
    this.perform(this.core.handle(this.now, call));
  }

  /** Offsets of topics that are not there are refused before the group is asked. */
  private passKnown(
    api: 'OffsetCommit' | 'TxnOffsetCommit' | 'OffsetDelete',
    exchange: Exchange<'offsetCommit'> | Exchange<'txnOffsetCommit'> | Exchange<'offsetDelete'>,
  ): void {
    const { image } = this.metadata;
    const { body } = exchange;
    type Topic = (typeof body.topics)[number];
    const isKnown = ({ name }: Topic): boolean => image.topicByName(name) !== undefined;
    const unknown: readonly Topic[] = body.topics.filter((topic) => !isKnown(topic));
    if (unknown.length === 0) return this.pass(api, exchange);
    const refused = unknown.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => ({
        partitionIndex,
        errorCode: ERROR.UNKNOWN_TOPIC_OR_PARTITION,
      })),
    }));
    const known = body.topics.filter(isKnown);
    type Answered = { readonly errorCode: number; readonly topics: typeof refused };
    const answer = ({ topics, ...rest }: Answered): void =>
      exchange.respond({ ...rest, topics: [...refused, ...topics] });
    if (known.length === 0) return answer({ errorCode: ERROR.NONE, topics: [] });
    this.call(api, exchange, { ...body, topics: known }, answer);
  }

  // Effects

  private perform(effects: readonly GroupEffect[]): void {
    this.hadInput = true;
    if (this.isClosed) return;
    this.effects.push(...effects);
    if (this.isPerforming) return;
    this.isPerforming = true;
    for (let next = this.effects.shift(); next !== undefined; next = this.effects.shift()) {
      this.performOne(next);
    }
    this.isPerforming = false;
    this.timer.setWithin(this.core.deadlineMs - this.now.monotonicMs);
  }

  private performOne(effect: GroupEffect): void {
    if (effect.type === 'append') {
      const { appendId } = effect;
      this.appends.perform(effect, (outcome) =>
        this.perform(this.core.appended(this.now, appendId, outcome)),
      );
      return;
    }
    const answer = this.waiting.get(effect.replyTo);
    this.waiting.delete(effect.replyTo);
    answer?.(effect.response as never);
  }
}

function groupOptions({ properties }: NodeSettings, metadata: BrokerMetadata): GroupOptions {
  return {
    ...DEFAULT_GROUP_OPTIONS,
    /** What the topic has, once it is there. */
    get offsetsPartitionCount() {
      return partitionCount(metadata, properties, OFFSETS_TOPIC);
    },
    minSessionTimeoutMs: properties['group.min.session.timeout.ms'],
    maxSessionTimeoutMs: properties['group.max.session.timeout.ms'],
    initialRebalanceDelayMs: properties['group.initial.rebalance.delay.ms'],
    maxSize: properties['group.max.size'],
    offsetMetadataMaxLength: properties['offset.metadata.max.bytes'],
    offsetsRetentionMs: properties['offsets.retention.minutes'] * MS_PER_MINUTE,
    retentionCheckIntervalMs: properties['offsets.retention.check.interval.ms'],
  };
}
