/**
 * Joins the controller's core to the quorum and to whoever asks: what the quorum commits is replayed, what the core decides is
 * appended, and each answer leaves when all that it rests on is committed.
 *
 *     const controller = new ControllerDriver(runtime, settings, () => quorum);
 *     new NetworkServer(runtime, { …, listener: 'controller', handlers: { ...quorum.handlers, ...controller.handlers } });
 *     controller.status();   // { active: true, controllerId: 1, epoch: 3, committedOffset: 41 }
 *
 * The quorum tells it who leads; it elects nobody itself. A node that does not lead replays too, so that it is ready at once when it
 * does. Requests that come to it then are refused with NOT_CONTROLLER. What was appended and not committed when leadership is lost may
 * still take effect: those answers say NOT_CONTROLLER as well, which proves nothing.
 */
import { messageOf } from '../../../../harness/errors.ts';
import { nsToMs } from '../../../../harness/units.ts';
import type { Runtime } from '../../../runtime/runtime.ts';
import type { Outcome } from '../../controller/controller-core.ts';
import { ControllerCore } from '../../controller/controller-core.ts';
import type { MetadataImage } from '../../controller/metadata-image.ts';
import type { MetadataRecord } from '../../controller/metadata-records.ts';
import type { ApiName } from '../../wire/apis.ts';
import { APIS } from '../../wire/apis.ts';
import { ERROR } from '../../wire/error-codes.ts';
import { DeadlineTimer } from '../deadline-timer.ts';
import type { Exchange, Handlers } from '../network/exchange.ts';
import type { MetadataListener, Quorum } from '../parts.ts';
import type { NodeSettings } from '../settings.ts';
import { Answers } from './answers.ts';
import { allocateProducerIds, alterPartition, brokerHeartbeat } from './broker-requests.ts';
import { brokerRegistration, unregisterBroker } from './broker-requests.ts';
import { alterConfigs, incrementalAlterConfigs } from './config-requests.ts';
import { controllerOptions } from './controller-settings.ts';
import { describeControllers } from './describe-cluster.ts';
import { openEnvelope } from './envelope.ts';
import { narrate } from './narrate.ts';
import type { Prepare } from './prepared-request.ts';
import { itemCount, shortened } from './prepared-request.ts';
import { alterPartitionReassignments, electLeaders, listPartitionReassignments } from './replica-requests.ts';
import { createPartitions, createTopics, deleteTopics, keepTopics } from './topic-requests.ts';

export interface ControllerStatus {
  readonly active: boolean;
  /** Who is the active controller, as far as this node knows. */
  readonly controllerId: number | null;
  readonly epoch: number;
  /** The last that {@link ControllerDriver.image} contains. */
  readonly committedOffset: number;
}

/** In all lists of a client's request: what a controller decides at once goes into one batch. */
const CLIENT_ITEMS_MAX = 100_000;

const NOT_ACTIVE = 'this node is not the active controller';

export class ControllerDriver implements MetadataListener {
  readonly handlers: Handlers;
  private readonly runtime: Runtime;
  private readonly settings: NodeSettings;
  private readonly quorum: () => Quorum;
  private readonly core: ControllerCore;
  private readonly answers = new Answers();
  private leaderId: number | null = null;
  private epoch = 0;
  /** The last offset of which the quorum said that it is committed. */
  private committedOffset = -1;
  private readonly timer: DeadlineTimer;
  private isStopped = false;

  constructor(runtime: Runtime, settings: NodeSettings, quorum: () => Quorum) {
    this.runtime = runtime;
    this.settings = settings;
    this.quorum = quorum;
    this.core = new ControllerCore({
      options: controllerOptions(settings),
      rules: settings.rules.controller,
      random: runtime.random,
    });
    this.timer = new DeadlineTimer(runtime, () => this.onTimer());
    this.handlers = this.makeHandlers();
  }

  /** What is committed. */
  get image(): MetadataImage {
    return this.core.image;
  }

  status(): ControllerStatus {
    const { leaderId: controllerId, epoch } = this;
    return { active: this.core.isActive, controllerId, epoch, committedOffset: this.core.committedOffset };
  }

  /**
   * Looks at every partition when metadata changed: for tests and the simulator.
   * @throws Error with a sentence
   */
  invariants(): void {
    this.core.invariants();
  }

  /** Takes part in nothing any more; who still waits is refused. */
  close(): void {
    this.deactivate('this node stops');
    this.isStopped = true;
  }

  // What the quorum tells

  committed(baseOffset: number, records: readonly MetadataRecord[]): void {
    if (this.isStopped) return;
    const lines = this.core.isActive ? narrate(this.core.image, records) : [];
    try {
      this.core.committed(baseOffset, records);
    } catch (error) {
      return this.crash('cannot replay the metadata log', error);
    }
    this.committedOffset = Math.max(this.committedOffset, this.core.committedOffset);
    for (const { level, text } of lines) this.runtime.log(level, text);
    this.answers.committed(this.committedOffset);
  }

  loadSnapshot(records: readonly MetadataRecord[], lastOffset: number): void {
    if (this.isStopped) return;
    try {
      this.core.loadSnapshot(records, lastOffset);
    } catch (error) {
      return this.crash('cannot load a metadata snapshot', error);
    }
    this.committedOffset = lastOffset;
  }

  snapshotRecords(): readonly MetadataRecord[] {
    return this.core.image.toRecords();
  }

  leader(leaderId: number | null, epoch: number): void {
    this.leaderId = leaderId;
    this.epoch = epoch;
  }

  mayAct(epoch: number, nextOffset: number): void {
    if (this.isStopped) return;
    this.deactivate('a new term began');
    this.leaderId = this.settings.nodeId;
    this.epoch = epoch;
    this.committedOffset = Math.max(this.committedOffset, nextOffset - 1);
    const { topics, brokers } = this.core.image;
    this.runtime.log('info', 'is the active controller', {
      epoch,
      topics: topics.size,
      brokers: brokers.size,
    });
    this.append(this.core.activate(this.nowMs, nextOffset));
    this.arm();
  }

  lost(): void {
    this.deactivate('another controller may have taken over');
  }

  private deactivate(reason: string): void {
    if (!this.core.isActive) return;
    this.core.deactivate();
    this.timer.cancel();
    const unanswered = this.answers.size;
    this.runtime.log('info', 'is the active controller no longer', { reason, unanswered });
    this.answers.refuseAll('NOT_CONTROLLER', reason);
  }

  // Requests

  private makeHandlers(): Handlers {
    const handlers: Handlers = {
      brokerRegistration: this.handler(brokerRegistration),
      brokerHeartbeat: this.handler(brokerHeartbeat),
      unregisterBroker: this.handler(unregisterBroker),
      allocateProducerIds: this.handler(allocateProducerIds),
      alterPartition: this.handler(alterPartition),
      createTopics: this.handler(createTopics),
      createPartitions: this.handler(createPartitions),
      deleteTopics: this.handler(this.settings.properties['delete.topic.enable'] ? deleteTopics : keepTopics),
      alterConfigs: this.handler(alterConfigs),
      incrementalAlterConfigs: this.handler(incrementalAlterConfigs),
      electLeaders: this.handler(electLeaders),
      alterPartitionReassignments: this.handler(alterPartitionReassignments),
      listPartitionReassignments: this.handler(listPartitionReassignments),
      describeCluster: (exchange) =>
        exchange.respond(
          describeControllers(
            exchange.body,
            this.settings.clusterId,
            exchange.header.apiVersion,
            this.quorum(),
          ),
        ),
      envelope: (exchange) => {
        // Said of the envelope and not of the request within: nothing was decided, and the broker may try the next controller.
        if (!this.core.isActive) exchange.respond({ errorCode: ERROR.NOT_CONTROLLER });
        else openEnvelope(exchange, (inner) => (handlers[inner.name] as (inner: Exchange) => void)(inner));
      },
    };
    return handlers;
  }

  private handler<N extends ApiName>(prepare: Prepare<N>): (exchange: Exchange<N>) => void {
    return (exchange) => this.submit(exchange, prepare);
  }

  private submit<N extends ApiName>(exchange: Exchange<N>, prepare: Prepare<N>): void {
    const request = prepare(exchange.body, exchange.header.apiVersion);
    if (!this.core.isActive) return exchange.respond(request.refuse('NOT_CONTROLLER', NOT_ACTIVE));
    // The other listener is for brokers, which may have as many partitions as there are.
    if (exchange.listener === 'broker' && itemCount(exchange.body) > CLIENT_ITEMS_MAX) {
      return exchange.respond(request.refuse('POLICY_VIOLATION', `more than ${CLIENT_ITEMS_MAX} items`));
    }
    if (this.answers.isFull) {
      return exchange.respond(request.refuse('REQUEST_TIMED_OUT', 'too many requests wait'));
    }
    const { nowMs } = this;
    const outcome = this.decide((core) => request.decide(core, nowMs));
    if (outcome === null) return;
    if (outcome.kind === 'refusal') {
      // What brokers are answered has no room for the reason.
      const level = exchange.name === 'brokerRegistration' ? 'warn' : 'debug';
      this.runtime.log(level, `refused a ${APIS[exchange.name].name}`, {
        message: shortened(outcome.message),
        error: outcome.error,
        from: exchange.clientHost,
      });
      exchange.respond(request.refuse(outcome.error, outcome.message));
    } else if (!this.append(outcome)) {
      exchange.respond(request.refuse('NOT_CONTROLLER', NOT_ACTIVE));
    } else if (outcome.answerOffset <= this.committedOffset) {
      exchange.respond(outcome.response);
    } else {
      this.answers.add({
        answerOffset: outcome.answerOffset,
        deadlineMs: request.timeoutMs === null ? null : nowMs + Math.max(0, request.timeoutMs),
        deliver: () => exchange.respond(outcome.response),
        refuse: (error, message) => exchange.respond(request.refuse(error, message)),
      });
    }
    this.arm();
  }

  /** Null: this node has just crashed. */
  private decide<T>(make: (core: ControllerCore) => Outcome<T>): Outcome<T> | null {
    const { core } = this;
    const quorum = this.quorum().status();
    if (quorum !== null) core.skipTo(quorum.logEndOffset);
    try {
      return make(core);
    } catch (error) {
      this.crash('the controller cannot decide', error);
      return null;
    }
  }

  /** @returns whether this node still leads: the records are in the log then */
  private append(outcome: Outcome<unknown>): boolean {
    if (outcome.kind === 'refusal' || outcome.records.length === 0) return true;
    const { records, baseOffset: expected } = outcome;
    const appended = this.quorum().append(records);
    if (appended === null) {
      this.deactivate('the quorum does not take its records');
      return false;
    }
    if (appended.baseOffset !== expected) {
      const message = `records for offset ${expected} are at ${appended.baseOffset}`;
      this.crash('the metadata log is not what the controller decided by', new Error(message));
      return false;
    }
    return true;
  }

  // Time

  private get nowMs(): number {
    return nsToMs(this.runtime.monotonicNs());
  }

  private arm(): void {
    if (this.isStopped) return;
    this.timer.setWithin(Math.min(this.core.deadlineMs, this.answers.deadlineMs) - this.nowMs);
  }

  private onTimer(): void {
    const { nowMs } = this;
    this.answers.expire(nowMs);
    if (this.core.isActive && this.core.deadlineMs <= nowMs) {
      const outcome = this.decide((core) => core.tick(nowMs));
      if (outcome !== null) this.append(outcome);
    }
    this.arm();
  }

  private crash(what: string, error: unknown): void {
    this.isStopped = true;
    this.timer.cancel();
    this.runtime.crash(`${what}: ${messageOf(error)}`);
  }
}
