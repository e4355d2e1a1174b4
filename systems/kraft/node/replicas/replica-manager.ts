/**
 * The replicas on a broker, and all requests that concern them: what joins the cores of partitions to logs, to other brokers and to
 * the controller.
 *
 *     const replicas = await ReplicaManager.open(runtime, settings, metadata, link);
 *     new NetworkServer(runtime, { …, handlers: { ...replicas.handlers, … } });
 *     replicas.append({ topic, partition, batches, acks: -1, timeoutMs: 30_000 }, ({ error, baseOffset }) => …);
 *     await replicas.close(); // logs are closed in order: the next start reads no batch
 *
 * What it does not: metadata requests, groups and transactions, which other parts of the node have. A disk that fails, and a
 * log that is corrupt, end the node with the file's name.
 */
import { messageOf } from '../../../../harness/errors.ts';
import type { Runtime } from '../../../runtime/runtime.ts';
import { readBatches } from '../../records/batch.ts';
import { errorName, type ErrorName } from '../../wire/error-codes.ts';
import type { ReplicaLog } from '../../log/replica-log.ts';
import type { Handlers } from '../network/exchange.ts';
import type { AppendRequest, BrokerMetadata, ControllerLink, Replicas } from '../parts.ts';
import type { NodeSettings } from '../settings.ts';
import type { ReplicaContext } from './hosted-partition.ts';
import { Deadlines } from './deadlines.ts';
import { FetchRequests } from './fetch-requests.ts';
import { Fetcher } from './fetcher.ts';
import { groupHandlers, GroupLinks } from './group-links.ts';
import type { HostedPartition } from './hosted-partition.ts';
import { HostedPartitions } from './hosted-partitions.ts';
import { IsrProposals } from './isr-proposals.ts';
import { scanFolders } from './partition-folders.ts';
import { handleDeleteRecords, handleEpochEnds, handleListOffsets } from './offset-requests.ts';
import { handleMarkers } from './marker-requests.ts';
import { handleLogDirs } from './log-dir-requests.ts';
import { Housekeeping } from './housekeeping.ts';
import { handleProduce } from './produce-requests.ts';
import { newProduce } from './tokens.ts';
import { Turn } from './turn.ts';

type OnLeadership = Parameters<Replicas['onLeadership']>[0];
type OnMarker = Parameters<Replicas['onMarker']>[0];
type OnAppended = Parameters<Replicas['append']>[1];

export class ReplicaManager implements Replicas {
  readonly handlers: Handlers;
  private readonly context: ReplicaContext;
  private readonly partitions: HostedPartitions;
  private readonly fetches: FetchRequests;
  private readonly proposals: IsrProposals;
  private readonly groupLinks: GroupLinks;
  private readonly housekeeping: Housekeeping;
  private readonly fetchers = new Map<number, Fetcher>();
  /** Under way. */
  private jobs = 0;
  private onIdle: (() => void) | null = null;
  private readonly leadershipCallbacks: OnLeadership[] = [];
  private readonly markerCallbacks: OnMarker[] = [];
  private isClosed = false;
  /** Had an input since the invariants were checked. */
  private readonly touched = new Set<HostedPartition>();

  /**
   * Opens the logs that there are; what is to lead or follow with them, the metadata say later.
   *
   * @throws LogCorruptError, PartitionFolderError, FileError with the file's name: the node must not start
   */
  static async open(
    runtime: Runtime,
    settings: NodeSettings,
    metadata: BrokerMetadata,
    link: ControllerLink,
  ): Promise<ReplicaManager> {
    const manager = new ReplicaManager(runtime, settings, metadata, link);
    await manager.partitions.recover(await scanFolders(runtime.files));
    metadata.subscribe((changes) => {
      if (!manager.isClosed) manager.context.turn.run(() => manager.partitions.apply(changes));
    });
    return manager;
  }

  private constructor(
    runtime: Runtime,
    settings: NodeSettings,
    metadata: BrokerMetadata,
    link: ControllerLink,
  ) {
    const context: ReplicaContext = {
      runtime,
      settings,
      metadata,
      turn: new Turn(),
      deadlines: new Deadlines(runtime),
      find: (topic, index) => this.partitions.find(topic, index),
      touched: (partition) => this.touched.add(partition),
      moved: (partition) => this.fetches.moved(partition),
      ask: (partition, to, correlationId, request) =>
        this.fetcher(to).ask(partition, { correlationId, request }),
      askMember: (partition, to, request, timeoutMs, onAnswer) =>
        this.groupLinks.ask(partition, to, request, timeoutMs, onAnswer),
      propose: (partition, correlationId, request) =>
        this.proposals.propose(partition, correlationId, request),
      leadershipChanged: (partition, leaderEpoch) => this.leadershipChanged(partition, leaderEpoch),
      markerCommitted: ({ topic, index }, { producerId, type, offset }) =>
        context.turn.after(() => {
          for (const callback of this.markerCallbacks) callback(topic, index, producerId, type, offset);
        }),
      inBackground: (what, job) => void this.inBackground(what, job),
      crash: (what, error) => this.crash(what, error),
    };
    this.context = context;
    this.partitions = new HostedPartitions(context);
    this.fetches = new FetchRequests(context);
    this.proposals = new IsrProposals(context, link);
    this.groupLinks = new GroupLinks(context);
    this.housekeeping = new Housekeeping(context, () => this.partitions.all());
    this.handlers = {
      ...groupHandlers(context),
      produce: (exchange) => handleProduce(context, exchange),
      fetch: (exchange) => this.fetches.handle(exchange),
      listOffsets: (exchange) => handleListOffsets(context, exchange),
      offsetForLeaderEpoch: (exchange) => handleEpochEnds(context, exchange),
      deleteRecords: (exchange) => handleDeleteRecords(context, exchange),
      writeTxnMarkers: (exchange) => handleMarkers(context, exchange),
      describeLogDirs: (exchange) => handleLogDirs(context, this.partitions.all(), exchange),
    };
  }

  // For the broker's coordinators

  append({ topic, partition, batches, acks, timeoutMs }: AppendRequest, onOutcome: OnAppended): void {
    const { turn } = this.context;
    const answer = (errorCode: number, baseOffset = -1): void =>
      turn.after(() => onOutcome({ error: errorName(errorCode) as ErrorName, baseOffset }));
    const found = this.context.find(topic, partition);
    if (typeof found === 'number') return answer(found);
    const produced = { bytes: batches, batches: [...readBatches(batches)], acks, timeoutMs };
    found.produce(
      newProduce(produced, ({ errorCode, baseOffset }) =>
        onOutcome({ error: errorName(errorCode) as ErrorName, baseOffset }),
      ),
    );
  }

  leads(topic: string, partition: number): { readonly log: ReplicaLog; readonly leaderEpoch: number } | null {
    const found = this.context.find(topic, partition);
    if (typeof found === 'number' || found.leadership === null) return null;
    return { log: found.log, leaderEpoch: found.leadership };
  }

  onLeadership(callback: OnLeadership): void {
    this.leadershipCallbacks.push(callback);
  }

  onMarker(callback: OnMarker): void {
    this.markerCallbacks.push(callback);
  }

  private leadershipChanged({ topic, index }: HostedPartition, leaderEpoch: number | null): void {
    this.context.turn.after(() => {
      for (const callback of this.leadershipCallbacks) callback(topic, index, leaderEpoch);
    });
  }

  private fetcher(leader: number): Fetcher {
    let fetcher = this.fetchers.get(leader);
    if (fetcher === undefined) {
      fetcher = new Fetcher(this.context, leader);
      this.fetchers.set(leader, fetcher);
    }
    return fetcher;
  }

  // Life

  invariants(): void {
    for (const hosted of this.touched) hosted.invariants();
    this.touched.clear();
  }

  async close(): Promise<void> {
    if (this.isClosed) return;
    this.isClosed = true;
    const logs = this.partitions.close();
    for (const fetcher of this.fetchers.values()) fetcher.close();
    this.groupLinks.close();
    this.context.deadlines.close();
    this.housekeeping.close();
    // Each job ends by itself; one may begin another.
    while (this.jobs > 0) {
      await new Promise<void>((resolve) => {
        this.onIdle = resolve;
      });
    }
    for (const log of logs) await log.close();
  }

  private async inBackground(what: string, job: () => Promise<void>): Promise<void> {
    this.jobs++;
    try {
      await job();
    } catch (error) {
      this.crash(what, error);
    }
    if (--this.jobs === 0) this.onIdle?.();
  }

  private crash(what: string, error: unknown): void {
    this.context.runtime.crash(`${what}: ${messageOf(error)}`);
  }
}
