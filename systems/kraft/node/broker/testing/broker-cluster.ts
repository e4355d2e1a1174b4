/**
 * Brokers as far as the cluster sees them, in the simulator's network: real controllers on a quorum in memory, and of each broker its
 * metadata, its life and the requests that it answers out of them. Their logs are not there.
 *
 *     await withBrokers({ brokers: 3 }, async (rig) => {
 *       await rig.until(() => rig.broker(4).lifecycle.state === 'running');
 *       await rig.ask(4, 'metadata', 8, { topics: null });
 *     });
 *
 * Nodes 1 to 3 are controllers, `n1` to `n3`; brokers follow, `n4` and on.
 */
import { SimCluster } from '../../../../../harness/cluster/sim/sim-cluster.ts';
import { toySystem } from '../../../../../harness/cluster/sim/toy-system.ts';
import { msToNs } from '../../../../../harness/units.ts';
import type { Runtime } from '../../../../runtime/runtime.ts';
import type { ApiName, RequestInputBody } from '../../../wire/apis.ts';
import { uuidFromBytes } from '../../../wire/bytes.ts';
import { ControllerDriver } from '../../controller/controller-driver.ts';
import { settingsOf } from '../../controller/testing/controllers.ts';
import { MemoryQuorum } from '../../controller/testing/memory-quorum.ts';
import type { NodeOutcome, ReceivedBody } from '../../network/node-client.ts';
import { NodeClient } from '../../network/node-client.ts';
import { NetworkServer } from '../../network/network-server.ts';
import type { MetadataChanges, Quorum } from '../../parts.ts';
import type { PropertyValues } from '../../property-table.ts';
import type { NodeSettings } from '../../settings.ts';
import { answerOf, inSim, send, until } from '../../testing/in-sim.ts';
import { brokerHandlers } from '../broker-handlers.ts';
import { BrokerLifecycle } from '../broker-lifecycle.ts';
import { ImageFollower } from '../broker-metadata.ts';
import { ControllerClient } from '../controller-link.ts';

const CONTROLLERS = [1, 2, 3];
const CONTROLLER_PORT = 9093;
const CLIENT_PORT = 9092;
const ASK_TIMEOUT_MS = 60_000;
const PATIENCE = { pollMs: 5, pollsMax: 20_000 };

export interface BrokersOptions {
  readonly brokers?: number;
  readonly commitDelayMs?: number;
  readonly properties?: Partial<PropertyValues>;
  readonly seed?: number;
  readonly isReady?: () => boolean;
  /** Of a node that belongs to another cluster. */
  readonly clusterOf?: (node: number) => string | null;
  /** What a node advertises. */
  readonly listenersOf?: (node: number) => PropertyValues['listeners'];
  /** Of the one listener that brokers have for tests. */
  readonly listenerName?: string;
  /** For nodes that say that they are another. */
  readonly nodeIdOf?: (node: number) => number;
}

export interface TestBroker {
  readonly runtime: Runtime;
  readonly settings: NodeSettings;
  readonly metadata: ImageFollower;
  readonly link: ControllerClient;
  readonly lifecycle: BrokerLifecycle;
  /** What a subscriber was told in this boot. */
  readonly changes: MetadataChanges[];
}

export class Brokers {
  readonly quorum: MemoryQuorum;
  readonly cluster: SimCluster;
  readonly drivers = new Map<number, ControllerDriver>();
  private readonly brokers = new Map<number, TestBroker>();
  private readonly options: BrokersOptions;
  private client: NodeClient | null = null;
  private clientRuntime: Runtime | null = null;

  constructor(options: BrokersOptions) {
    this.options = options;
    const { brokers = 3, commitDelayMs = 5, seed = 1 } = options;
    this.quorum = new MemoryQuorum({ commitDelayMs });
    const system = toySystem((runtime, { name }) => {
      if (name === 'client') this.clientRuntime = runtime;
      else if (Number(name.slice(1)) <= CONTROLLERS.length) return this.startController(runtime, name);
      else this.startBroker(runtime, name);
      return {};
    });
    const names = Array.from({ length: CONTROLLERS.length + brokers }, (_, i) => `n${i + 1}`);
    this.cluster = new SimCluster({ system, nodes: [...names, 'client'], seed });
  }

  private settings(id: number): NodeSettings {
    const bytes = new Uint8Array(16);
    bytes[15] = id;
    const properties: Partial<PropertyValues> = {
      'advertised.listeners': this.options.listenersOf?.(id) ?? [
        { name: 'PLAINTEXT', host: `n${id}`, port: CLIENT_PORT },
      ],
      'broker.heartbeat.interval.ms': 500,
      'broker.session.timeout.ms': 3000,
      ...this.options.properties,
    };
    const settings = { ...settingsOf(id, properties), directoryId: uuidFromBytes(bytes) as string };
    return { ...settings, clusterId: this.options.clusterOf?.(id) ?? settings.clusterId };
  }

  private startController(runtime: Runtime, name: string): { invariants: () => void } {
    const id = Number(name.slice(1));
    const driver: ControllerDriver = new ControllerDriver(runtime, this.settings(id), () => quorum);
    const quorum: Quorum = this.quorum.join(runtime, id, () => driver);
    this.drivers.set(id, driver);
    new NetworkServer(runtime, {
      port: CONTROLLER_PORT,
      listener: 'controller',
      listenerName: 'CONTROLLER',
      handlers: driver.handlers,
      maxRequestBytes: 1_000_000,
    });
    return { invariants: () => driver.invariants() };
  }

  private startBroker(runtime: Runtime, name: string): void {
    const node = Number(name.slice(1));
    const id = this.options.nodeIdOf?.(node) ?? node;
    const settings = { ...this.settings(node), nodeId: id };
    const metadata = new ImageFollower({ nodeId: id, rules: settings.rules.controller });
    const link = new ControllerClient(runtime, {
      clientId: `broker-${id}`,
      controllerAddress: (nodeId) => ({ host: `n${nodeId}`, port: CONTROLLER_PORT }),
      requestTimeoutMs: settings.properties['controller.quorum.request.timeout.ms'],
      retryBackoffMs: settings.properties['controller.quorum.retry.backoff.ms'],
    });
    const { isReady } = this.options;
    const lifecycle = new BrokerLifecycle(runtime, settings, {
      link,
      metadata,
      ...(isReady === undefined ? {} : { isReady }),
    });
    const changes: MetadataChanges[] = [];
    metadata.subscribe((change) => void changes.push(change));
    this.quorum.join(runtime, id, () => ({
      committed: (baseOffset, records) => metadata.committed(baseOffset, records),
      loadSnapshot: (records, lastOffset) => metadata.loadSnapshot(records, lastOffset),
      snapshotRecords: () => metadata.snapshotRecords(),
      leader: (leaderId) => link.leader(leaderId),
      mayAct: () => undefined,
      lost: () => undefined,
    }));
    link.leader(this.quorum.leaderId);
    new NetworkServer(runtime, {
      port: CLIENT_PORT,
      listener: 'broker',
      listenerName: this.options.listenerName ?? 'PLAINTEXT',
      handlers: brokerHandlers({ runtime, settings, metadata, link }),
      maxRequestBytes: 1_000_000,
    });
    this.brokers.set(node, { runtime, settings, metadata, link, lifecycle, changes });
    void lifecycle.start();
  }

  broker(id: number): TestBroker {
    return this.brokers.get(id) as TestBroker;
  }

  get allBrokers(): readonly TestBroker[] {
    return [...this.brokers.values()];
  }

  sleep(ms: number): Promise<void> {
    return this.cluster.clock.sleep(msToNs(ms));
  }

  /** @throws Error where it does not come true in a long time */
  until(condition: () => boolean, what = 'the condition'): Promise<void> {
    return until(this.cluster, condition, PATIENCE, what);
  }

  allRunning(): Promise<void> {
    return this.until(
      () => this.allBrokers.every(({ lifecycle }) => lifecycle.state === 'running' && !lifecycle.isFenced),
      'all brokers running',
    );
  }

  /** Of a broker, over its listener. */
  send<N extends ApiName>(
    id: number,
    name: N,
    version: number,
    body: RequestInputBody<N>,
  ): Promise<NodeOutcome<N>> {
    this.client ??= new NodeClient(this.clientRuntime as Runtime, { clientId: 'test' });
    return send(this.client, { host: `n${id}`, port: CLIENT_PORT }, name, version, body, ASK_TIMEOUT_MS);
  }

  /** @throws Error where there is no answer */
  async ask<N extends ApiName>(
    id: number,
    name: N,
    version: number,
    body: RequestInputBody<N>,
  ): Promise<ReceivedBody<N>> {
    return answerOf(await this.send(id, name, version, body));
  }

  async createTopic(id: number, name: string, partitions = 1, replicas = 1): Promise<number> {
    const { topics } = await this.ask(id, 'createTopics', 4, {
      topics: [
        { name, numPartitions: partitions, replicationFactor: replicas, assignments: [], configs: [] },
      ],
      timeoutMs: 10_000,
    });
    return topics[0]?.errorCode ?? -1;
  }
}

export async function withBrokers(
  options: BrokersOptions,
  body: (rig: Brokers) => Promise<void>,
): Promise<void> {
  const rig = new Brokers(options);
  await inSim(rig.cluster, () => {
    rig.quorum.elect(1);
    return body(rig);
  });
}
