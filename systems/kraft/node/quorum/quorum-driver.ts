/**
 * Joins the quorum's core to the world: connections, disk and clock become inputs, effects are performed in order, and a listener
 * hears what was committed.
 *
 *     const quorum = await QuorumDriver.open(runtime, settings, listener);
 *     const server = new NetworkServer(runtime, { port: 9093, listener: 'controller', handlers: quorum.handlers, … });
 *     quorum.append(records);    // where the listener was told `mayAct`
 *
 * Nodes that are no voters observe: they fetch, and hear the same. A failed disk, a corrupt file and an impossible state
 * end the node. Not here: `controller.quorum.append.linger.ms` (each append is a batch; flushes are shared anyway).
 */
import { messageOf } from '../../../../harness/errors.ts';
import type { TraceEvent } from '../../../../harness/history/trace.ts';
import { msToNs, nsToMs } from '../../../../harness/units.ts';
import type { Runtime } from '../../../runtime/runtime.ts';
import type { MetadataRecord } from '../../controller/metadata-records.ts';
import { METADATA_DIRECTORY } from '../../internal-topics.ts';
import { QuorumCore, type QuorumStatus } from '../../quorum/core.ts';
import type { Effect } from '../../quorum/effects.ts';
import { ERROR } from '../../quorum/errors.ts';
import type { QuorumOptions } from '../../quorum/options.ts';
import { DeadlineTimer } from '../deadline-timer.ts';
import type { Handlers } from '../network/exchange.ts';
import type { MetadataListener, Quorum } from '../parts.ts';
import type { NodeSettings } from '../settings.ts';
import { encodeControls, encodeMetadata } from './metadata-batches.ts';
import { MetadataDisk, type OpenedDisk } from './metadata-disk.ts';
import { MetadataFeed } from './metadata-feed.ts';
import { PeerLinks } from './peer-links.ts';
import { METADATA_PLACE } from './peer-requests.ts';
import { bootstrapOf, controllerListenersOf, optionsOf, staticVotersOf } from './quorum-config.ts';
import { quorumHandlers, type Asker } from './quorum-handlers.ts';
import { SnapshotTaker } from './snapshot-taker.ts';
import { refuseLostLog, refuseNoVoters } from './start-checks.ts';

type EffectOf<K extends Effect['kind']> = Extract<Effect, { readonly kind: K }>;
type Input = (core: QuorumCore, nowMs: number) => void;

/** A leader that stops waits so many request timeouts for another to be known. */
const CLOSE_REQUEST_TIMEOUTS = 1;

export class QuorumDriver implements Quorum {
  readonly handlers: Handlers;
  private readonly runtime: Runtime;
  private readonly settings: NodeSettings;
  private readonly options: QuorumOptions;
  private readonly listener: MetadataListener;
  private readonly disk: MetadataDisk;
  private readonly core: QuorumCore;
  private readonly feed: MetadataFeed;
  private readonly taker: SnapshotTaker;
  private readonly links: PeerLinks;
  private readonly timer: DeadlineTimer;
  private isStepping = false;
  /** Inputs that came while effects were performed. */
  private readonly inbox: Input[] = [];
  private isStopped = false;
  /** The epoch in which the listener may act; null where it may not. */
  private actingEpoch: number | null = null;
  private onLeaderChange: (() => void) | null = null;

  /**
   * Reads the disk, and begins when the caller has what this resolves with: what it tells then may ask for it. Crashes the node, and rejects, where a file is corrupt.
   *
   * @param listener - hears the snapshot that the disk has before this resolves
   */
  static async open(
    runtime: Runtime,
    settings: NodeSettings,
    listener: MetadataListener,
  ): Promise<QuorumDriver> {
    try {
      const { properties } = settings;
      const { files } = runtime;
      if (!(await files.exists(METADATA_DIRECTORY))) await files.makeDirectory(METADATA_DIRECTORY);
      const opened = await MetadataDisk.open(files, {
        segmentBytes: properties['metadata.log.segment.bytes'],
        staticVoters: staticVotersOf(properties),
      });
      for (const { level, message } of opened.notes) runtime.log(level, message);
      const isController = properties['process.roles'].includes('controller');
      if (isController) await refuseLostLog(files, opened);
      const driver = new QuorumDriver(runtime, settings, listener, opened);
      if (isController) refuseNoVoters(runtime, settings, driver.status());
      runtime.setTimer(0, () => driver.step(() => undefined));
      return driver;
    } catch (error) {
      runtime.crash(`cannot start: ${messageOf(error)}`);
      throw error;
    }
  }

  private constructor(
    runtime: Runtime,
    settings: NodeSettings,
    listener: MetadataListener,
    { disk, recovered, snapshot, formatted }: OpenedDisk,
  ) {
    const { properties, nodeId, clusterId, directoryId, nameOf } = settings;
    this.runtime = runtime;
    this.settings = settings;
    this.listener = listener;
    this.options = optionsOf(properties);
    this.disk = disk;
    const bootstrap = bootstrapOf(properties);
    this.links = new PeerLinks(runtime, {
      nodeId,
      requestTimeoutMs: this.options.requestTimeoutMs,
      voters: () => this.core.status().voters,
      bootstrap,
    });
    this.core = new QuorumCore(
      {
        clusterId,
        nodeId,
        directoryId,
        voters: formatted?.voters ?? staticVotersOf(properties),
        kraftVersion: formatted?.kraftVersion ?? 0,
        bootstrapIds: [...bootstrap.keys()],
        listeners: controllerListenersOf(properties, nodeId, runtime.host),
        options: this.options,
        rules: settings.rules.quorum,
        random: () => runtime.random.float(),
        encodeControls: (controls) => encodeControls(controls, this.wallMs),
        nameOf,
      },
      recovered,
      this.nowMs,
    );
    this.feed = new MetadataFeed(disk, listener, {
      onApplied: (offset, sizeBytes) => this.onApplied(offset, sizeBytes),
      onTold: () => this.onTold(),
      onFailure: (error) => this.crash('cannot follow the metadata log', error),
    });
    this.timer = new DeadlineTimer(runtime, () => this.step((core, nowMs) => core.tick(nowMs)));
    this.taker = new SnapshotTaker(properties, this.nowMs, snapshot?.stored.snapshotId.endOffset ?? 0);
    disk.listen({
      onStored: (write) => this.step((core, nowMs) => core.stored(nowMs, write)),
      onFailure: (error) => this.crash('its disk failed', error),
    });
    this.handlers = quorumHandlers({
      place: METADATA_PLACE,
      clusterId,
      nodeId,
      addressOf: (id) => this.controllerAddress(id),
      wallTimeOf: (monotonicMs) => Math.round(runtime.wallMs() - (this.nowMs - monotonicMs)),
      receive: (asker, request) => {
        if (request.api === 'begin-quorum-epoch' || request.api === 'end-quorum-epoch') {
          const [endpoint] = request.leaderEndpoints;
          if (endpoint !== undefined) this.links.learn(request.leaderId, endpoint);
        }
        this.step((core, nowMs) => core.receiveRequest(nowMs, asker, request));
      },
    });
    if (snapshot !== null) this.feed.begin(snapshot.records, snapshot.stored.snapshotId.endOffset);
  }

  private get nowMs(): number {
    return nsToMs(this.runtime.monotonicNs());
  }

  /** Whole, as timestamps of records are. */
  private get wallMs(): number {
    return Math.floor(this.runtime.wallMs());
  }

  // What the node asks

  append(records: readonly MetadataRecord[]): { readonly baseOffset: number } | null {
    const { core, actingEpoch } = this;
    const { state, epoch } = core.status();
    if (this.isStopped || records.length === 0 || state !== 'leader' || epoch !== actingEpoch) return null;
    const { payload, hash } = encodeMetadata(records, this.wallMs);
    const offsets = core.append(this.nowMs, [{ count: records.length, hash, payload }]);
    this.step(() => undefined);
    const baseOffset = offsets?.[0];
    return baseOffset === undefined ? null : { baseOffset };
  }

  status(): QuorumStatus {
    return this.core.status();
  }

  controllerAddress(nodeId: number): { readonly host: string; readonly port: number } | null {
    return this.links.addressOf(nodeId);
  }

  invariants(): void {
    if (!this.isStopped) this.core.invariants();
  }

  async close(): Promise<void> {
    if (this.isStopped) return;
    const { state, voters } = this.core.status();
    // Alone, it would lead on.
    if (state === 'leader' && voters.length > 1) await this.handOver();
    if (this.isStopped) return;
    this.isStopped = true;
    this.feed.stop();
    this.timer.cancel();
    this.links.close();
    await this.disk.close();
  }

  /** Says that it leads no more, and waits a little until another does. */
  private async handOver(): Promise<void> {
    this.step((core, nowMs) => core.resign(nowMs));
    await new Promise<void>((resolve) => {
      const waitMs = CLOSE_REQUEST_TIMEOUTS * this.options.requestTimeoutMs;
      const timer = this.runtime.setTimer(msToNs(waitMs), resolve);
      this.onLeaderChange = () => {
        const { leaderId } = this.core.status();
        if (leaderId === null || leaderId === this.settings.nodeId) return;
        timer.cancel();
        resolve();
      };
    });
    this.onLeaderChange = null;
  }

  // Inputs

  /** One input, its effects, and those of what came meanwhile. */
  private step(input: Input): void {
    this.inbox.push(input);
    if (this.isStepping) return;
    this.isStepping = true;
    for (let next = this.inbox.shift(); next !== undefined; next = this.inbox.shift()) {
      if (this.isStopped) break;
      next(this.core, this.nowMs);
      for (const effect of this.core.takeEffects()) {
        if (this.isStopped) break;
        this.perform(effect);
      }
    }
    this.inbox.length = 0;
    this.isStepping = false;
    if (!this.isStopped) this.timer.setWithin(this.core.deadlineMs - this.nowMs);
  }

  private crash(what: string, error: unknown): void {
    if (this.isStopped) return;
    this.isStopped = true;
    this.feed.stop();
    this.runtime.crash(`${what}: ${messageOf(error)}`);
  }

  // Effects

  private perform(effect: Effect): void {
    switch (effect.kind) {
      case 'request':
        return this.request(effect);
      case 'respond':
        return this.respond(effect);
      case 'persist':
      case 'append':
      case 'truncate':
      case 'reset':
      case 'delete-prefix':
        return this.disk.write(effect);
      case 'snapshot-chunk':
        void this.disk.snapshots
          .chunk(effect.snapshotId, effect.position, effect.bytes)
          .catch((error: unknown) => this.crash('its disk failed', error));
        return;
      case 'store-snapshot':
        void this.storeSnapshot(effect);
        return;
      case 'load-snapshot':
        this.taker.tookOver(effect.snapshotId.endOffset, this.nowMs);
        return this.feed.push({ kind: 'snapshot', snapshotId: effect.snapshotId });
      case 'high-watermark':
        return this.feed.push({ kind: 'apply', upTo: effect.offset });
      case 'leader':
        this.onLeaderChange?.();
        return this.feed.push(effect);
      case 'trace':
        return this.trace(effect.event);
      case 'crash':
        return this.crash('stops', new Error(effect.reason));
    }
  }

  private trace(event: TraceEvent): void {
    this.runtime.trace(event);
    if (event.kind === 'role') {
      const { role, term, leader } = event;
      this.runtime.log(
        'info',
        `quorum: ${role} in epoch ${term}${leader === null ? '' : `, led by ${leader}`}`,
      );
    }
  }

  // Requests to other nodes

  private request({ to, correlationId, request }: EffectOf<'request'>): void {
    this.links.request(to, request, (answer) => {
      this.step((core, nowMs) => {
        if (answer === null) core.requestFailed(nowMs, to, correlationId);
        else if (answer === 'refused') core.requestRefused(nowMs, to, correlationId);
        else core.receiveResponse(nowMs, to, correlationId, answer);
      });
    });
  }

  // Answers to other nodes

  private respond({ token, response, fill }: EffectOf<'respond'>): void {
    const asker = token as Asker;
    if (fill === null) {
      asker.answer(response, null);
      return;
    }
    const filled =
      fill.kind === 'records'
        ? this.disk.read(fill.fromOffset, fill.maxBytes, fill.endOffset).then((records) => {
            if (records === null) asker.drop('the log was cut while it was read');
            else asker.answer(response, records);
          })
        : this.disk.snapshots.piece(fill.snapshotId, fill.position, fill.maxBytes).then((bytes) => {
            if (response.api !== 'fetch-snapshot') return;
            if (bytes === null) asker.answer({ ...response, errorCode: ERROR.snapshotNotFound }, null);
            else asker.answer({ ...response, unalignedRecords: bytes }, null);
          });
    filled.catch((error: unknown) => this.crash('its disk failed', error));
  }

  // Snapshots

  private async storeSnapshot({ snapshotId }: EffectOf<'store-snapshot'>): Promise<void> {
    try {
      const stored = await this.disk.snapshots.storeFetched(snapshotId);
      if (typeof stored === 'string') {
        this.runtime.log('warn', `quorum: the snapshot that the leader sent is none: ${stored}`);
        this.step((core, nowMs) => core.snapshotRefused(nowMs));
      } else {
        this.step((core, nowMs) => core.snapshotStored(nowMs, stored));
      }
    } catch (error) {
      this.crash('its disk failed', error);
    }
  }

  private takeSnapshot(endOffset: number): void {
    const context = this.core.snapshotContext(endOffset);
    const records = this.listener.snapshotRecords();
    const cleanTo = this.taker.began(endOffset, this.nowMs);
    void this.disk.snapshots
      .take(context, records, this.wallMs)
      .then((stored) => {
        this.taker.ended();
        if (stored === null) return;
        this.step((core) => core.snapshotTaken(stored));
        // The log begins where a snapshot ends: that says of which epoch the record before it was.
        if (this.disk.snapshots.endingAt(cleanTo) === null) return;
        this.step((core, nowMs) => core.cleanLog(nowMs, cleanTo));
      })
      .catch((error: unknown) => this.crash('its disk failed', error));
  }

  // What the listener was told

  private onApplied(offset: number, sizeBytes: number): void {
    this.step((core) => core.applied(offset));
    this.taker.grew(sizeBytes);
    if (!this.isStopped && this.taker.isDue(offset, this.nowMs)) this.takeSnapshot(offset);
  }

  private onTold(): void {
    const { feed, core, listener } = this;
    const { leaderId, epoch } = feed.toldLeader;
    const leads = leaderId === this.settings.nodeId;
    if (this.actingEpoch !== null && !(leads && epoch === this.actingEpoch)) {
      this.actingEpoch = null;
      listener.lost();
    }
    if (this.isStopped || this.actingEpoch !== null || !leads) return;
    const status = core.status();
    if (status.state !== 'leader' || status.epoch !== epoch) return;
    // Its own first record is committed then, too, and fences what earlier leaders may still have under way.
    if (feed.appliedOffset < status.logEndOffset) return;
    this.actingEpoch = epoch;
    listener.mayAct(epoch, status.logEndOffset);
  }
}
