/**
 * A whole node: the quorum, the controller and the broker that its roles ask for, on one Runtime.
 *
 *     const node = startKraftNode(runtime, { properties, clusterId, directoryId, bugs: [], nameOf });
 *     node.status();          // { role: 'leader', term: 3, leader: 'n1', broker: 'running', … }
 *     await node.shutdown();  // leaderships are handed over first
 *
 * The order of a start: the metadata log is recovered, and the controller listener opens; the broker recovers its partitions,
 * registers, and replays up to its own registration; then its listener opens, and it leads and follows. Whatever the node cannot go on
 * after (a disk that fails or that it cannot trust) crashes the runtime with the reason.
 */
import { messageOf } from '../../../harness/errors.ts';
import type { NodeStatus, RunningNode } from '../../runtime/node-program.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import type { MetadataRecord } from '../controller/metadata-records.ts';
import { Broker } from './broker-node.ts';
import { ControllerDriver } from './controller/controller-driver.ts';
import { ConnectionQuota } from './network/connection-quota.ts';
import type { Handlers } from './network/exchange.ts';
import { NetworkServer } from './network/network-server.ts';
import type { MetadataListener, Quorum } from './parts.ts';
import { interBrokerListenerName } from './property-checks.ts';
import type { PropertyValues } from './property-table.ts';
import { QuorumDriver } from './quorum/quorum-driver.ts';
import { nodeRulesWith } from './rules.ts';
import type { NodeSettings } from './settings.ts';

export interface KraftNodeOptions {
  readonly properties: PropertyValues;
  readonly clusterId: string;
  /** Of the log directory, as `meta.properties` says. */
  readonly directoryId: string;
  /** Names of bugs. */
  readonly bugs: readonly string[];
  /** What the trace calls a node; its id where absent. */
  readonly nameOf?: (nodeId: number) => string;
}

export interface KraftNode extends RunningNode {
  /** When the disk is read, and believed. Never, where the node crashed before. */
  readonly recovered: Promise<void>;
  /** In good order: a broker hands over what it leads, the quorum's leader resigns, and all is flushed. Idempotent. */
  shutdown(): Promise<void>;
}

/** @throws HarnessError for a bug that nobody has; what fails later crashes the runtime */
export function startKraftNode(runtime: Runtime, options: KraftNodeOptions): KraftNode {
  const { properties, clusterId, directoryId, bugs, nameOf = String } = options;
  const node = new Node(runtime, {
    nodeId: properties['node.id'],
    clusterId,
    directoryId,
    properties,
    rules: nodeRulesWith(bugs),
    nameOf,
  });
  node.start();
  return node;
}

class Node implements KraftNode {
  private readonly runtime: Runtime;
  private readonly settings: NodeSettings;
  private readonly controller: ControllerDriver | null;
  private readonly broker: Broker | null;
  private quorum: QuorumDriver | null = null;
  private readonly servers: NetworkServer[] = [];
  private started: Promise<void> = Promise.resolve();
  private whenRecovered: () => void = () => undefined;
  readonly recovered = new Promise<void>((resolve) => (this.whenRecovered = resolve));
  private stopped: Promise<void> | null = null;

  constructor(runtime: Runtime, settings: NodeSettings) {
    this.runtime = runtime;
    this.settings = settings;
    const roles = settings.properties['process.roles'];
    const quorum = (): Quorum => this.recoveredQuorum();
    this.controller = roles.includes('controller') ? new ControllerDriver(runtime, settings, quorum) : null;
    this.broker = roles.includes('broker') ? new Broker(runtime, settings, quorum) : null;
  }

  start(): void {
    this.started = this.recover().then(this.whenRecovered, (error: unknown) => {
      this.runtime.crash(`cannot start: ${messageOf(error)}`);
    });
  }

  private async recover(): Promise<void> {
    const { runtime, settings, controller, broker } = this;
    const followers = [controller, broker?.metadata].filter((each) => each !== null && each !== undefined);
    const quorum = await QuorumDriver.open(runtime, settings, new FanOut(followers, broker));
    this.quorum = quorum;
    if (controller !== null) this.listen('controller', { ...quorum.handlers, ...controller.handlers });
    if (broker === null) return;
    const handlers = await broker.recover();
    // Clients find a listener when the broker knows the cluster, and before anybody is told that it serves.
    let isOpen = false;
    broker.metadata.subscribe(() => {
      if (!isOpen && this.stopped === null) this.listen('broker', handlers);
      isOpen = true;
    });
    broker.start();
  }

  private recoveredQuorum(): QuorumDriver {
    if (this.quorum === null) throw new Error('the quorum is asked before it is there');
    return this.quorum;
  }

  private listen(listener: 'broker' | 'controller', handlers: Handlers): void {
    const { properties } = this.settings;
    const controllerNames = properties['controller.listener.names'].map((name) => name.toUpperCase());
    const listeners = properties.listeners.filter(
      ({ name }) => controllerNames.includes(name) === (listener === 'controller'),
    );
    const quota = new ConnectionQuota({
      max: properties['max.connections'],
      maxPerHost: properties['max.connections.per.ip'],
    });
    // Nodes find room where they connect only, however many clients there are.
    const between = interBrokerListenerName(properties);
    const isOfNodes = (name: string): boolean =>
      listener === 'controller' || (listeners.length > 1 && name === between);
    for (const { name, port } of listeners) {
      this.servers.push(
        new NetworkServer(this.runtime, {
          port,
          listener,
          listenerName: name,
          handlers,
          maxRequestBytes: properties['socket.request.max.bytes'],
          idleMaxMs: properties['connections.max.idle.ms'],
          ...(isOfNodes(name) ? {} : { quota }),
        }),
      );
    }
  }

  status(): NodeStatus {
    const { broker, controller, quorum } = this;
    const status = quorum?.status() ?? null;
    const { nameOf } = this.settings;
    return {
      role: status?.state ?? 'starting',
      term: status?.epoch ?? 0,
      leader: status === null || status.leaderId === null ? null : nameOf(status.leaderId),
      ...(status === null ? {} : { highWatermark: status.highWatermark }),
      ...(controller === null ? {} : { activeController: controller.status().active }),
      ...(broker === null ? {} : { broker: broker.state, isServing: broker.state === 'running' }),
    };
  }

  invariants(): void {
    this.quorum?.invariants();
    this.controller?.invariants();
    this.broker?.invariants();
  }

  shutdown(): Promise<void> {
    this.stopped ??= this.stop();
    return this.stopped;
  }

  private async stop(): Promise<void> {
    await this.started;
    await this.broker?.shutdown();
    for (const server of this.servers) server.close();
    this.controller?.close();
    await this.quorum?.close();
  }
}

/** Tells the controller first: it decides by what the broker on this node acts on. */
class FanOut implements MetadataListener {
  private readonly followers: readonly MetadataListener[];
  private readonly broker: Broker | null;

  constructor(followers: readonly MetadataListener[], broker: Broker | null) {
    this.followers = followers;
    this.broker = broker;
  }

  committed(baseOffset: number, records: readonly MetadataRecord[]): void {
    for (const follower of this.followers) follower.committed(baseOffset, records);
  }

  loadSnapshot(records: readonly MetadataRecord[], lastOffset: number): void {
    for (const follower of this.followers) follower.loadSnapshot(records, lastOffset);
  }

  snapshotRecords(): readonly MetadataRecord[] {
    const [first] = this.followers;
    if (first === undefined) throw new Error('a node has a role');
    return first.snapshotRecords();
  }

  leader(leaderId: number | null, epoch: number): void {
    this.broker?.leader(leaderId);
    for (const follower of this.followers) follower.leader(leaderId, epoch);
  }

  mayAct(epoch: number, nextOffset: number): void {
    for (const follower of this.followers) follower.mayAct(epoch, nextOffset);
  }

  lost(): void {
    for (const follower of this.followers) follower.lost();
  }
}
