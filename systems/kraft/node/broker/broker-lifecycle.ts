/**
 * A broker's life as the controller sees it: it registers, sends heartbeats, asks to be unfenced when it has caught up, and asks
 * to go before it stops (KIP-631, KIP-841).
 *
 *     const lifecycle = new BrokerLifecycle(runtime, settings, { link, metadata });
 *     await lifecycle.start();              // reads the last shutdown; registers in the background
 *     lifecycle.state;                      // 'recovery', then 'running'
 *     await lifecycle.shutdown(() => replicas.close());
 *
 *     starting                       not registered, or not any more
 *     recovery                       registered and fenced: it replays the metadata up to its registration
 *     running                        unfenced: it may lead
 *     pending-controlled-shutdown    the controller moves its leaderships away
 *     shutting-down                  no heartbeats any more
 *
 * A broker without a controller goes on asking for one for as long as it lives: it has nothing else to do. Only a refusal for
 * good (another cluster), or another process that keeps its id, ends it.
 */
import { msToNs, nsToMs } from '../../../../harness/units.ts';
import type { Runtime, Timer } from '../../../runtime/runtime.ts';
import { ERROR, errorName } from '../../wire/error-codes.ts';
import type { ReceivedBody } from '../network/node-client.ts';
import type { BrokerMetadata, ControllerLink } from '../parts.ts';
import { advertisedListeners } from '../property-checks.ts';
import { randomUuid } from '../random-uuid.ts';
import type { NodeSettings } from '../settings.ts';
import { CleanShutdownFile } from './clean-shutdown.ts';

export type LifecycleState =
  'starting' | 'recovery' | 'running' | 'pending-controlled-shutdown' | 'shutting-down';

/** What the lifecycle needs of the metadata. */
export interface RegisteredMetadata extends BrokerMetadata {
  /** Of the last record that was replayed. */
  readonly offset: number;
  readonly isCaughtUp: boolean;
  registered(brokerEpoch: number): void;
}

export interface BrokerLifecycleOptions {
  readonly link: ControllerLink;
  readonly metadata: RegisteredMetadata;
  /** Where the node's logs lie, below its own folder. */
  readonly directory?: string;
  /** Whether the broker could serve what it were to lead: it stays fenced until then. Asked at each heartbeat. */
  readonly isReady?: () => boolean;
  /** How long a shutdown waits for the controller. */
  readonly controlledShutdownMaxMs?: number;
}

const REGISTRATION_VERSION = 4;
const HEARTBEAT_VERSION = 1;
/** What each of our nodes speaks; 25 is Kafka 4.0. */
const FEATURES = [
  { name: 'metadata.version', minSupportedVersion: 1, maxSupportedVersion: 25 },
  { name: 'eligible.leader.replicas.version', minSupportedVersion: 0, maxSupportedVersion: 1 },
];
/** As Kafka's `initial.broker.registration.timeout.ms`: so long another process may have this broker's id, and no longer. */
const DUPLICATE_MAX_MS = 60_000;
const CONTROLLED_SHUTDOWN_MAX_MS = 30_000;
/** Between heartbeats that ask whether the broker may go; it doubles up to the usual interval. */
const SHUTDOWN_POLL_MS = 50;
/** A request is given up for another before the session ends. */
const REQUESTS_PER_SESSION = 2;
/** Before a broker registers again that the controller does not know any more. */
const REGISTER_AGAIN_MS = 100;
const PLAINTEXT = 0;

export class BrokerLifecycle {
  readonly incarnationId: string;
  private readonly runtime: Runtime;
  private readonly settings: NodeSettings;
  private readonly options: BrokerLifecycleOptions;
  private readonly cleanShutdown: CleanShutdownFile;
  private current: LifecycleState = 'starting';
  private isStarted = false;
  private isClosed = false;
  private isAsking = false;
  /** Something changed while a request was under way: the next one follows at once. */
  private isDirty = false;
  private previousEpoch = -1;
  private epoch = -1;
  private fenced = true;
  private timer: Timer | null = null;
  private duplicateSinceMs: number | null = null;
  private shutdownPollMs = SHUTDOWN_POLL_MS;
  private onMayGo: (() => void) | null = null;
  private starting: Promise<void> = Promise.resolve();
  private stopping: Promise<void> | null = null;

  constructor(runtime: Runtime, settings: NodeSettings, options: BrokerLifecycleOptions) {
    this.runtime = runtime;
    this.settings = settings;
    this.options = options;
    this.incarnationId = randomUuid(runtime.random);
    this.cleanShutdown = new CleanShutdownFile(runtime.files, options.directory ?? '');
  }

  get state(): LifecycleState {
    return this.current;
  }

  /** Of this boot's registration; −1 before it. */
  get brokerEpoch(): number {
    return this.epoch;
  }

  /** As the controller said last. */
  get isFenced(): boolean {
    return this.fenced;
  }

  /** Resolves when the file of the last shutdown is read and gone. @throws FileError */
  start(): Promise<void> {
    this.starting = this.begin();
    return this.starting;
  }

  private async begin(): Promise<void> {
    this.previousEpoch = await this.cleanShutdown.take();
    if (this.isClosed) return;
    this.isStarted = true;
    this.options.metadata.subscribe(() => {
      if (this.current === 'recovery') this.communicate();
    });
    this.communicate();
  }

  /** What {@link BrokerLifecycleOptions.isReady} says may have changed: a heartbeat goes at once. */
  readyChanged(): void {
    if (this.current === 'recovery') this.communicate();
  }

  /**
   * Asks the controller to move leaderships away, for a bounded time; then nothing is asked any more, the logs are closed, and the
   * file is left that proves it. Resolves also where the controller was not found. Called again, it is the same shutdown.
   *
   * @param closeLogs - resolves when all that was acknowledged is on the disk
   * @throws what `closeLogs` throws, and FileError: no file is left then
   */
  shutdown(closeLogs: () => Promise<void>): Promise<void> {
    this.stopping ??= this.stop(closeLogs);
    return this.stopping;
  }

  private async stop(closeLogs: () => Promise<void>): Promise<void> {
    await this.starting;
    if (this.current === 'running' && this.settings.properties['controlled.shutdown.enable']) {
      await this.controlledShutdown();
    }
    this.current = 'shutting-down';
    this.close();
    await closeLogs();
    // Who was never registered has changed nothing since the shutdown before.
    const epoch = this.epoch >= 0 ? this.epoch : this.previousEpoch;
    if (epoch >= 0) await this.cleanShutdown.leave(epoch);
  }

  /** Sends nothing any more. Idempotent. */
  close(): void {
    this.isClosed = true;
    this.timer?.cancel();
    this.timer = null;
    this.onMayGo?.();
  }

  private async controlledShutdown(): Promise<void> {
    const { runtime } = this;
    this.current = 'pending-controlled-shutdown';
    const maxMs = this.options.controlledShutdownMaxMs ?? CONTROLLED_SHUTDOWN_MAX_MS;
    await new Promise<void>((resolve) => {
      const patience = runtime.setTimer(msToNs(maxMs), () => {
        runtime.log('warn', 'stops although the controller did not let it go', { waitedMs: maxMs });
        resolve();
      });
      this.onMayGo = () => {
        patience.cancel();
        resolve();
      };
      this.communicate();
    });
    this.onMayGo = null;
  }

  // Requests: one at a time

  private communicate(): void {
    if (!this.isStarted || this.isClosed) return;
    if (this.isAsking) {
      this.isDirty = true;
      return;
    }
    this.timer?.cancel();
    this.timer = null;
    this.isAsking = true;
    this.isDirty = false;
    if (this.current === 'starting') this.register();
    else this.heartbeat();
  }

  /** @param delayMs - until the next request, unless something calls for it before */
  private answered(delayMs: number): void {
    this.isAsking = false;
    if (this.isClosed) return;
    if (this.isDirty) return this.communicate();
    this.timer = this.runtime.setTimer(msToNs(delayMs), () => {
      this.timer = null;
      this.communicate();
    });
  }

  private get intervalMs(): number {
    return this.settings.properties['broker.heartbeat.interval.ms'];
  }

  private get requestTimeoutMs(): number {
    return this.settings.properties['broker.session.timeout.ms'] / REQUESTS_PER_SESSION;
  }

  private register(): void {
    const { settings } = this;
    const { properties } = settings;
    const body = {
      brokerId: settings.nodeId,
      clusterId: settings.clusterId,
      incarnationId: this.incarnationId,
      listeners: advertisedListeners(properties).map(({ name, host, port }) => ({
        name,
        host: host === '' ? this.runtime.host : host,
        port,
        securityProtocol: PLAINTEXT,
      })),
      features: FEATURES,
      rack: properties['broker.rack'],
      logDirs: [settings.directoryId],
      previousBrokerEpoch: this.previousEpoch,
    };
    const { link } = this.options;
    link.request('brokerRegistration', REGISTRATION_VERSION, body, this.requestTimeoutMs, (outcome) => {
      if (this.isClosed) return;
      if (outcome.kind === 'failed') this.runtime.log('warn', 'cannot register', { reason: outcome.reason });
      else if (outcome.body.errorCode === ERROR.NONE) return this.onRegistered(outcome.body.brokerEpoch);
      else this.onRegistrationRefused(outcome.body.errorCode);
      this.answered(this.intervalMs);
    });
  }

  private onRegistered(brokerEpoch: number): void {
    const { runtime, options } = this;
    runtime.log('info', 'is registered', { brokerEpoch, previousBrokerEpoch: this.previousEpoch });
    this.duplicateSinceMs = null;
    this.epoch = brokerEpoch;
    this.fenced = true;
    this.current = 'recovery';
    options.metadata.registered(brokerEpoch);
    this.isDirty = true;
    this.answered(0);
  }

  private onRegistrationRefused(errorCode: number): void {
    const { runtime } = this;
    const error = errorName(errorCode);
    runtime.log('warn', 'its registration was refused', { error });
    if (errorCode === ERROR.INCONSISTENT_CLUSTER_ID) {
      this.close();
      return runtime.crash(`the controller belongs to another cluster than ${this.settings.clusterId}`);
    }
    if (errorCode !== ERROR.DUPLICATE_BROKER_REGISTRATION) return;
    // Its own last session may still run; it ends in a while.
    const nowMs = nsToMs(runtime.monotonicNs());
    this.duplicateSinceMs ??= nowMs;
    if (nowMs - this.duplicateSinceMs < DUPLICATE_MAX_MS) return;
    this.close();
    runtime.crash(`another process is broker ${this.settings.nodeId}, and stays it`);
  }

  private heartbeat(): void {
    const { metadata, link, isReady } = this.options;
    const body = {
      brokerId: this.settings.nodeId,
      brokerEpoch: this.epoch,
      currentMetadataOffset: metadata.offset,
      wantFence: !metadata.isCaughtUp || isReady?.() === false,
      wantShutDown: this.current === 'pending-controlled-shutdown',
    };
    link.request('brokerHeartbeat', HEARTBEAT_VERSION, body, this.requestTimeoutMs, (outcome) => {
      if (this.isClosed) return;
      if (outcome.kind === 'response') return this.onHeartbeat(outcome.body);
      this.runtime.log('warn', 'no answer to a heartbeat', { reason: outcome.reason });
      this.answered(this.current === 'pending-controlled-shutdown' ? SHUTDOWN_POLL_MS : this.intervalMs);
    });
  }

  private onHeartbeat(body: ReceivedBody<'brokerHeartbeat'>): void {
    const { errorCode, isFenced, shouldShutDown } = body;
    if (errorCode === ERROR.STALE_BROKER_EPOCH || errorCode === ERROR.BROKER_ID_NOT_REGISTERED) {
      return this.onUnregistered(errorCode);
    }
    if (errorCode !== ERROR.NONE) {
      this.runtime.log('warn', 'a heartbeat was refused', { error: errorName(errorCode) });
      return this.answered(this.intervalMs);
    }
    this.noteFence(isFenced);
    if (this.current !== 'pending-controlled-shutdown') return this.answered(this.intervalMs);
    if (shouldShutDown) {
      this.isAsking = false;
      this.onMayGo?.();
      return;
    }
    this.answered(this.shutdownPollMs);
    this.shutdownPollMs = Math.min(this.intervalMs, this.shutdownPollMs * 2);
  }

  private onUnregistered(errorCode: number): void {
    const { runtime } = this;
    runtime.log('warn', 'is not registered any more', {
      error: errorName(errorCode),
      brokerEpoch: this.epoch,
    });
    this.fenced = true;
    // Who wanted to go leads nothing where it is not registered.
    if (this.current === 'pending-controlled-shutdown') {
      this.isAsking = false;
      this.onMayGo?.();
      return;
    }
    this.current = 'starting';
    this.isDirty = false;
    this.answered(REGISTER_AGAIN_MS);
  }

  private noteFence(isFenced: boolean): void {
    if (isFenced !== this.fenced) {
      this.fenced = isFenced;
      this.runtime.log('info', isFenced ? 'is fenced' : 'is unfenced', { brokerEpoch: this.epoch });
    }
    if (this.current === 'recovery' && !isFenced) this.current = 'running';
  }
}
