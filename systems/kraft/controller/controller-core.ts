/**
 * The controller of a KRaft cluster as a state machine: requests in, records to append out. No promise, clock, timer or socket.
 *
 *     const core = new ControllerCore({ options, rules, random });
 *     core.committed(0, records);                      // every node: what the quorum committed, in order
 *     const boot = core.activate(nowMs, nextOffset);   // this node leads the quorum, and has replayed all that is in its log
 *     const outcome = core.createTopics(nowMs, request);
 *     // append outcome.records at outcome.baseOffset; send outcome.response when outcome.answerOffset is committed
 *     core.tick(nowMs); core.deadlineMs;               // sessions end, leaders are balanced
 *     core.deactivate();                               // leadership is lost: what was not committed is forgotten
 *
 * Decisions are made against the latest state, committed or not. So an answer waits until all that it may rest on is committed, also
 * when it appended nothing itself. A refusal leaves at once.
 */
import type { Random } from '../../../harness/random.ts';
import { ActiveController, ELR_FEATURE } from './active-controller.ts';
import type { AlterPartitionRequest, AlterPartitionResult } from './alter-partition.ts';
import { alterPartition } from './alter-partition.ts';
import type { HeartbeatRequest, HeartbeatResponse, RegisterBrokerRequest } from './brokers.ts';
import { fenceSilentBrokers, heartbeat, nextExpiryMs, registerBroker, unregisterBroker } from './brokers.ts';
import type { AlterConfigsRequest, ConfigResult } from './configs.ts';
import { alterConfigs } from './configs.ts';
import type { ControllerOptions } from './controller-options.ts';
import type { ElectionResult, ElectLeadersRequest } from './elections.ts';
import { balanceLeaders, electLeaders, electUnclean } from './elections.ts';
import type { ErrorName } from './errors.ts';
import { Refused } from './errors.ts';
import { checkImage, checkStep } from './invariants.ts';
import { MetadataImage } from './metadata-image.ts';
import type { MetadataRecord } from './metadata-records.ts';
import type { ProducerIdBlock } from './producer-ids.ts';
import { allocateProducerIds } from './producer-ids.ts';
import type { Reassignment, ReassignmentRequest, ReassignmentResult } from './reassignment.ts';
import { alterReassignments, listReassignments } from './reassignment.ts';
import type { Rules } from './rules.ts';
import type * as topics from './topics.ts';
import { createPartitions, createTopics, deleteTopics } from './topics.ts';

export interface Decision<T> {
  readonly kind: 'decision';
  /** Where the records must be, as one batch. */
  readonly baseOffset: number;
  readonly records: readonly MetadataRecord[];
  /** The response may leave when this offset is committed. */
  readonly answerOffset: number;
  readonly response: T;
}

export interface Refusal {
  readonly kind: 'refusal';
  readonly error: ErrorName;
  readonly message: string;
}

export type Outcome<T> = Decision<T> | Refusal;

export interface ControllerConfig {
  readonly options: ControllerOptions;
  readonly rules: Rules;
  readonly random: Random;
}

const NOT_ACTIVE: Refusal = {
  kind: 'refusal',
  error: 'NOT_CONTROLLER',
  message: 'this node is not the active controller',
};

/** What a new cluster begins with; 25 is Kafka 4.0. */
const METADATA_VERSION = 25;

export class ControllerCore {
  private readonly config: ControllerConfig;
  private active: ActiveController | null = null;
  private standby: MetadataImage;
  private lastCommitted = -1;
  private checked: MetadataImage | null = null;
  /** The last offset of what was checked. */
  private checkedOffset = -1;

  constructor(config: ControllerConfig) {
    this.config = config;
    this.standby = new MetadataImage(config.rules);
  }

  // The log

  /** The image of what is committed: for snapshots, brokers, and whoever describes the cluster. */
  get image(): MetadataImage {
    return this.standby;
  }

  /** The last offset that {@link image} contains. */
  get committedOffset(): number {
    return this.lastCommitted;
  }

  /** What the active controller decides by, with what is not committed yet; null on all others. */
  get latestImage(): MetadataImage | null {
    return this.active?.image ?? null;
  }

  /**
   * The quorum committed these, in order and without a gap but for its own control records.
   * @throws ImpossibleRecordError
   */
  committed(baseOffset: number, records: readonly MetadataRecord[]): void {
    if (baseOffset <= this.lastCommitted) {
      throw new RangeError(`offset ${baseOffset} was committed already, up to ${this.lastCommitted}`);
    }
    for (const record of records) this.standby.apply(record);
    this.lastCommitted = baseOffset + records.length - 1;
  }

  /** Begins again from a snapshot. @param lastOffset - the last that it contains */
  loadSnapshot(records: readonly MetadataRecord[], lastOffset: number): void {
    if (this.active !== null) throw new RangeError('the active controller loads no snapshot');
    this.standby = new MetadataImage(this.config.rules);
    this.checked = null;
    for (const record of records) this.standby.apply(record);
    this.lastCommitted = lastOffset;
  }

  // Leadership

  get isActive(): boolean {
    return this.active !== null;
  }

  /**
   * This node leads the quorum and everything in its log is committed and replayed here.
   * @param nextOffset - of the record that it will append next
   */
  activate(nowMs: number, nextOffset: number): Decision<null> {
    const { rules, options, random } = this.config;
    this.active = new ActiveController(rules, options, random, this.standby.copy(), nextOffset, nowMs);
    const outcome = this.decide(nowMs, (active) => {
      if (!active.image.isEmpty) return null;
      active.emit({ type: 'feature-level', name: 'metadata.version', featureLevel: METADATA_VERSION });
      if (options.eligibleLeaderReplicas) {
        active.emit({ type: 'feature-level', name: ELR_FEATURE, featureLevel: 1 });
      }
      return null;
    });
    return outcome as Decision<null>;
  }

  /** The quorum appended records of its own, such as a change of voters: the next record is at this offset, or later. */
  skipTo(nextOffset: number): void {
    const { active } = this;
    if (active !== null) active.nextOffset = Math.max(active.nextOffset, nextOffset);
  }

  deactivate(): void {
    this.active = null;
    this.checked = null;
  }

  /** When {@link tick} is due; it may move later, and an early tick does nothing. */
  get deadlineMs(): number {
    const { active } = this;
    if (active === null) return Infinity;
    const { idleIntervalMs, leaderImbalanceCheckIntervalMs } = active.options;
    return Math.min(
      nextExpiryMs(active),
      active.electUncleanSoon ? active.nowMs : Infinity,
      leaderImbalanceCheckIntervalMs > 0 ? active.nextImbalanceCheckMs : Infinity,
      idleIntervalMs > 0 ? active.lastAppendMs + idleIntervalMs : Infinity,
    );
  }

  tick(nowMs: number): Outcome<null> {
    return this.decide(nowMs, (active) => {
      fenceSilentBrokers(active);
      if (active.electUncleanSoon) active.electUncleanSoon = !electUnclean(active);
      const { idleIntervalMs, leaderImbalanceCheckIntervalMs } = active.options;
      if (leaderImbalanceCheckIntervalMs > 0 && nowMs >= active.nextImbalanceCheckMs) {
        if (balanceLeaders(active)) active.nextImbalanceCheckMs = nowMs + leaderImbalanceCheckIntervalMs;
      }
      const isIdle = active.emitted === 0 && nowMs - active.lastAppendMs >= idleIntervalMs;
      if (idleIntervalMs > 0 && isIdle) active.emit({ type: 'no-op' });
      return null;
    });
  }

  // Requests

  registerBroker(nowMs: number, request: RegisterBrokerRequest): Outcome<{ readonly brokerEpoch: number }> {
    return this.decide(nowMs, (active) => registerBroker(active, request));
  }

  heartbeat(nowMs: number, request: HeartbeatRequest): Outcome<HeartbeatResponse> {
    return this.decide(nowMs, (active) => heartbeat(active, request));
  }

  unregisterBroker(nowMs: number, brokerId: number): Outcome<void> {
    return this.decide(nowMs, (active) => unregisterBroker(active, brokerId));
  }

  createTopics(nowMs: number, request: topics.CreateTopicsRequest): Outcome<topics.CreateTopicResult[]> {
    return this.decide(nowMs, (active) => createTopics(active, request));
  }

  createPartitions(nowMs: number, request: topics.CreatePartitionsRequest): Outcome<topics.TopicResult[]> {
    return this.decide(nowMs, (active) => createPartitions(active, request));
  }

  deleteTopics(nowMs: number, request: topics.DeleteTopicsRequest): Outcome<topics.DeleteTopicResult[]> {
    return this.decide(nowMs, (active) => deleteTopics(active, request));
  }

  alterConfigs(nowMs: number, request: AlterConfigsRequest): Outcome<ConfigResult[]> {
    return this.decide(nowMs, (active) => alterConfigs(active, request));
  }

  electLeaders(nowMs: number, request: ElectLeadersRequest): Outcome<ElectionResult[]> {
    return this.decide(nowMs, (active) => electLeaders(active, request));
  }

  alterPartition(nowMs: number, request: AlterPartitionRequest): Outcome<AlterPartitionResult[]> {
    return this.decide(nowMs, (active) => alterPartition(active, request));
  }

  alterReassignments(nowMs: number, requests: readonly ReassignmentRequest[]): Outcome<ReassignmentResult[]> {
    return this.decide(nowMs, (active) => alterReassignments(active, requests));
  }

  /** Appends nothing; the answer waits for what it tells of. @param only - null for all */
  listReassignments(
    nowMs: number,
    only: readonly { readonly topic: string; readonly partitionId: number }[] | null,
  ): Outcome<Reassignment[]> {
    return this.decide(nowMs, (active) => listReassignments(active.image, only));
  }

  allocateProducerIds(
    nowMs: number,
    request: { readonly brokerId: number; readonly brokerEpoch: number },
  ): Outcome<ProducerIdBlock> {
    return this.decide(nowMs, (active) => allocateProducerIds(active, request));
  }

  /**
   * Whether the latest image is possible, and can follow the one of the last call. Looks at every partition where anything was
   * appended since: for tests and `sim`.
   * @throws Error with a sentence
   */
  invariants(): void {
    const { active } = this;
    if (active === null || (this.checked !== null && this.checkedOffset === active.lastOffset)) return;
    checkImage(active.image, (topic) => active.minIsr(topic));
    if (this.checked !== null) checkStep(this.checked, active.image);
    this.checked = active.image.copy();
    this.checkedOffset = active.lastOffset;
  }

  private decide<T>(nowMs: number, make: (active: ActiveController) => T): Outcome<T> {
    const { active } = this;
    if (active === null) return NOT_ACTIVE;
    active.nowMs = nowMs;
    const baseOffset = active.nextOffset;
    try {
      const response = make(active);
      const answerOffset = active.rules.answerOffset(active.lastOffset);
      return { kind: 'decision', baseOffset, records: active.take(), answerOffset, response };
    } catch (thrown) {
      if (!(thrown instanceof Refused)) throw thrown;
      if (active.emitted > 0) throw new Error('refused after records were made', { cause: thrown });
      return { kind: 'refusal', error: thrown.error, message: thrown.message };
    }
  }
}
