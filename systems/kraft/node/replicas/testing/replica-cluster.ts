/**
 * Brokers that have nothing but replicas, in the simulator, with the real controller's core beside them: their metadata come
 * from it a little later, each at its own time, and their AlterPartition goes to it.
 *
 *     const cluster = new ReplicaCluster({ brokers: 3, seed: 1 });
 *     await cluster.run(async () => {
 *       await cluster.start();
 *       cluster.createTopic('t', { replicationFactor: 3 });
 *       const client = await cluster.client('n1');
 *       await client.produce('t', 0, ['a'], { acks: -1 });
 *     });
 */
import { IsrInvariants } from '../../../../../checkers/invariants/isr-invariants.ts';
import { PartitionGroups } from '../../../../../checkers/invariants/partition-groups.ts';
import { SimCluster } from '../../../../../harness/cluster/sim/sim-cluster.ts';
import type { TraceRecord } from '../../../../../harness/history/trace.ts';
import { randomStream } from '../../../../../harness/random.ts';
import { msToNs, nsToMs } from '../../../../../harness/units.ts';
import type { Runtime } from '../../../../runtime/runtime.ts';
import type { System } from '../../../../system.ts';
import { ControllerRig } from '../../../controller/testing/controller-rig.ts';
import type { Outcome } from '../../../controller/controller-core.ts';
import { RESOURCE, type MetadataRecord } from '../../../controller/metadata-records.ts';
import { ImageFollower } from '../../broker/broker-metadata.ts';
import { ERROR } from '../../../wire/error-codes.ts';
import { NetworkServer } from '../../network/network-server.ts';
import type { NodeOutcome } from '../../network/node-client.ts';
import type { ControllerLink } from '../../parts.ts';
import { readServerProperties } from '../../properties.ts';
import { nodeRulesWith } from '../../rules.ts';
import type { NodeSettings } from '../../settings.ts';
import { ReplicaManager } from '../replica-manager.ts';
import { ReplicaClient } from './replica-client.ts';

export const PORT = 9092;
const CLUSTER_ID = 'replica-cluster';

export interface ReplicaClusterOptions {
  readonly brokers?: number;
  readonly seed?: number;
  readonly bugs?: readonly string[];
  /** Lines of `server.properties` of every broker. */
  readonly properties?: readonly string[];
}

interface Broker {
  readonly id: number;
  readonly runtime: Runtime;
  readonly metadata: ImageFollower;
  readonly manager: ReplicaManager;
}

export class ReplicaCluster {
  readonly sim: SimCluster;
  readonly controller: ControllerRig;
  readonly names: readonly string[];
  /** Requests that the controller does not answer: it is cut off. */
  isControllerAway = false;
  private isHeld = false;
  readonly leaderships: string[] = [];
  readonly markers: string[] = [];
  readonly traces: TraceRecord[] = [];
  /** What the invariants of replication have against what the brokers said. */
  readonly anomalies: unknown[] = [];
  private readonly options: ReplicaClusterOptions;
  private readonly brokers = new Map<number, Broker>();
  private incarnations = 0;
  private clients = 0;
  private opened: ReplicaClient | null = null;

  constructor(options: ReplicaClusterOptions = {}) {
    this.options = options;
    const { brokers = 3, seed = 1 } = options;
    this.names = Array.from({ length: brokers }, (_, place) => `n${place + 1}`);
    this.controller = new ControllerRig({ seed, options: { clusterId: CLUSTER_ID } });
    const system: System = {
      name: 'replicas',
      summary: 'brokers without anything else',
      defaultNodes: 3,
      functions: [],
      options: [],
      errors: [],
      bugs: [],
      clientPort: PORT,
      program: (runtime) => {
        const id = this.names.indexOf(runtime.host) + 1;
        this.boot(id, runtime).catch((error: unknown) => runtime.crash(`cannot start: ${String(error)}`));
        return {
          status: () => ({ role: 'broker', term: 0, leader: null }),
          invariants: () => this.brokers.get(id)?.manager.invariants(),
        };
      },
      openClient: (endpoint) => {
        this.opened = new ReplicaClient(endpoint);
        return Promise.resolve(this.opened);
      },
    };
    this.sim = new SimCluster({ system, nodes: this.names, seed, logLevel: 'debug' });
    const monitor = new IsrInvariants({ globalOrder: true });
    const groups = new PartitionGroups({ globalOrder: true });
    this.sim.onTrace((record) => {
      this.traces.push(record);
      for (const anomaly of [monitor.observe(record), groups.observe(record)]) {
        if (anomaly !== undefined) this.anomalies.push(anomaly);
      }
    });
  }

  run<T>(main: () => Promise<T>): Promise<T> {
    return this.sim.run(main);
  }

  async start(): Promise<void> {
    await this.sim.start();
    await this.sleep(100);
  }

  sleep(ms: number): Promise<void> {
    return this.sim.clock.sleep(msToNs(ms));
  }

  // Brokers

  private async boot(id: number, runtime: Runtime): Promise<void> {
    const { controller } = this;
    const rules = nodeRulesWith(this.options.bugs ?? []);
    const settings: NodeSettings = {
      nodeId: id,
      clusterId: CLUSTER_ID,
      directoryId: 'unused',
      properties: this.properties(id),
      rules,
      nameOf: (nodeId) => `n${nodeId}`,
    };
    const metadata = new ImageFollower({ nodeId: id, rules: rules.controller });
    const manager = await ReplicaManager.open(runtime, settings, metadata, this.link(id, runtime));
    this.brokers.set(id, { id, runtime, metadata, manager });
    manager.onLeadership((topic, partition, epoch) =>
      this.leaderships.push(`n${id} ${topic}-${partition} ${epoch === null ? 'ends' : epoch}`),
    );
    manager.onMarker((topic, partition, producerId, marker, offset) =>
      this.markers.push(`n${id} ${topic}-${partition} ${producerId} ${marker} at ${offset}`),
    );
    new NetworkServer(runtime, {
      port: PORT,
      listener: 'broker',
      listenerName: 'PLAINTEXT',
      handlers: manager.handlers,
      maxRequestBytes: settings.properties['socket.request.max.bytes'],
    });
    // All that is committed so far, then its own registration.
    controller.log.forEach((record, offset) => metadata.committed(offset, record === null ? [] : [record]));
    this.register(id, metadata);
  }

  private properties(id: number): NodeSettings['properties'] {
    const lines = [
      'process.roles=broker',
      `node.id=${id}`,
      'controller.quorum.voters=100@controller:9093',
      'controller.listener.names=CONTROLLER',
      'listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
      `advertised.listeners=PLAINTEXT://n${id}:${PORT}`,
      `listeners=PLAINTEXT://:${PORT}`,
      ...(this.options.properties ?? []),
    ];
    return readServerProperties(lines.join('\n'), 'server.properties').values;
  }

  private register(id: number, metadata: ImageFollower): void {
    const uuid = (text: string): string => `${text}${'A'.repeat(22)}`.slice(0, 22);
    this.decide(
      this.controller.core.registerBroker(this.nowMs, {
        clusterId: CLUSTER_ID,
        brokerId: id,
        incarnationId: uuid(`boot${this.incarnations++}`),
        endPoints: [{ name: 'PLAINTEXT', host: `n${id}`, port: PORT, securityProtocol: 0 }],
        features: [{ name: 'metadata.version', minSupportedVersion: 1, maxSupportedVersion: 25 }],
        rack: null,
        logDirs: [uuid(`dir${id}`)],
        previousBrokerEpoch: -1,
      }),
      ({ brokerEpoch }) => {
        metadata.registered(brokerEpoch);
        this.heartbeat(id, {});
      },
    );
  }

  private heartbeat(id: number, { wantsFence = false }): void {
    const broker = this.controller.core.image.brokers.get(id);
    if (broker === undefined) return;
    const metadataOffset = this.controller.log.length;
    const request = { brokerId: id, brokerEpoch: broker.epoch, metadataOffset, wantsShutdown: false };
    this.decide(this.controller.core.heartbeat(this.nowMs, { ...request, wantsFence }));
  }

  manager(id: number): ReplicaManager {
    const manager = this.brokers.get(id)?.manager;
    if (manager === undefined) throw new Error(`n${id} is not up`);
    return manager;
  }

  files(id: number): Runtime['files'] {
    return (this.brokers.get(id) as Broker).runtime.files;
  }

  async kill(id: number, options: { readonly loseUnsynced?: boolean } = {}): Promise<void> {
    await this.sim.kill(`n${id}`, options);
    this.brokers.delete(id);
  }

  unfence(id: number): void {
    this.heartbeat(id, {});
  }

  fence(id: number): void {
    this.heartbeat(id, { wantsFence: true });
  }

  async restart(id: number): Promise<void> {
    this.fence(id);
    await this.sim.restart(`n${id}`);
    await this.sleep(100);
  }

  // The controller

  /** Of the brokers. */
  get wallMs(): number {
    return (this.brokers.get(1) as Broker).runtime.wallMs();
  }

  get nowMs(): number {
    return nsToMs(this.sim.clock.now());
  }

  /** What is decided here comes to each broker as one change of the metadata. */
  atOnce(decisions: () => void): void {
    const from = this.controller.log.length;
    this.isHeld = true;
    decisions();
    this.isHeld = false;
    this.tell(from);
  }

  /** The records go to all brokers, each a few milliseconds later. */
  private tell(from: number): void {
    const records = this.controller.log.slice(from) as MetadataRecord[];
    if (records.length === 0) return;
    for (const { id, metadata, runtime } of [...this.brokers.values()]) {
      runtime.setTimer(msToNs(id), () => metadata.committed(from, records));
    }
  }

  decide<T>(outcome: Outcome<T>, answer: (response: T) => void = () => undefined): void {
    const from = this.controller.log.length;
    let response: { readonly value: T } | null = null;
    this.controller.perform(
      outcome,
      (value) => (response = { value }),
      ({ error, message }) => {
        throw new Error(`${error}: ${message}`);
      },
    );
    this.controller.commit();
    if (!this.isHeld) this.tell(from);
    if (response !== null) answer((response as { readonly value: T }).value);
  }

  private link(id: number, runtime: Runtime): ControllerLink {
    const random = randomStream(this.options.seed ?? 1, 'link', id);
    return {
      forward: () => undefined,
      request: (name, _version, body, _timeoutMs, onOutcome) => {
        const tell = (outcome: NodeOutcome<'alterPartition'>): void => {
          runtime.setTimer(msToNs(1 + random.float() * 5), () => onOutcome(outcome as never));
        };
        if (name !== 'alterPartition') throw new Error(`${name} is not asked by replicas`);
        if (this.isControllerAway) return tell({ kind: 'failed', reason: 'away', sent: false });
        runtime.setTimer(msToNs(1), () => this.alterPartition(body as never, tell));
      },
    };
  }

  private alterPartition(
    body: {
      readonly brokerId: number;
      readonly brokerEpoch: number;
      readonly topics: readonly {
        readonly topicId: string;
        readonly partitions: readonly {
          readonly partitionIndex: number;
          readonly leaderEpoch: number;
          readonly partitionEpoch: number;
          readonly newIsrWithEpochs: readonly { readonly brokerId: number; readonly brokerEpoch: number }[];
        }[];
      }[];
    },
    tell: (outcome: NodeOutcome<'alterPartition'>) => void,
  ): void {
    const partitions = body.topics.flatMap(({ topicId, partitions: members }) =>
      members.map(({ partitionIndex, leaderEpoch, partitionEpoch, newIsrWithEpochs: isr }) => ({
        topicId,
        partitionId: partitionIndex,
        leaderEpoch,
        partitionEpoch,
        isr,
        leaderRecoveryState: 'recovered' as const,
      })),
    );
    const outcome = this.controller.core.alterPartition(this.nowMs, { ...body, partitions });
    const answer = (errorCode: number, topics: never[] = []): void =>
      tell({ kind: 'response', body: { throttleTimeMs: 0, errorCode, topics } });
    if (outcome.kind === 'refusal') return answer(ERROR[outcome.error]);
    this.decide(outcome, (results) => {
      const topics = results.map(({ topicId, partitionId, error, partition }) => ({
        topicId,
        partitions: [
          {
            partitionIndex: partitionId,
            errorCode: ERROR[error],
            leaderId: partition?.leader ?? -1,
            leaderEpoch: partition?.leaderEpoch ?? -1,
            isr: partition?.isr ?? [],
            leaderRecoveryState: 0,
            partitionEpoch: partition?.partitionEpoch ?? -1,
          },
        ],
      }));
      answer(ERROR.NONE, topics as never[]);
    });
  }

  createTopic(
    name: string,
    {
      partitions = 1,
      replicationFactor = this.names.length,
      configs = {},
    }: {
      readonly partitions?: number;
      readonly replicationFactor?: number;
      readonly configs?: Readonly<Record<string, string>>;
    } = {},
  ): void {
    const assignments = new Map(
      Array.from({ length: partitions }, (_, index) => [
        index,
        this.names.map((__, place) => ((index + place) % this.names.length) + 1).slice(0, replicationFactor),
      ]),
    );
    const topic = { name, partitions: -1, replicationFactor: -1, assignments, configs };
    const request = { topics: [topic], validateOnly: false };
    this.decide(this.controller.core.createTopics(this.nowMs, request), ([result]) => {
      if (result?.error !== 'NONE')
        throw new Error(`${name}: ${result?.error ?? ''} ${result?.message ?? ''}`);
    });
  }

  deleteTopic(name: string): void {
    this.decide(this.controller.core.deleteTopics(this.nowMs, [{ name }]));
  }

  setConfig(topic: string, name: string, value: string): void {
    this.alterConfig(RESOURCE.topic, topic, name, value);
  }

  /** @param broker - its id; empty: all brokers */
  setBrokerConfig(broker: string, name: string, value: string): void {
    this.alterConfig(RESOURCE.broker, broker, name, value);
  }

  private alterConfig(type: number, resource: string, name: string, value: string): void {
    const changes = [{ name, operation: 'set', value }] as const;
    const resources = [{ type, name: resource, changes }];
    this.decide(this.controller.core.alterConfigs(this.nowMs, { resources, validateOnly: false }));
  }

  partition(topic: string, index = 0) {
    const { image } = this.controller.core;
    const found = image.topicByName(topic)?.partitions.get(index);
    if (found === undefined) throw new Error(`there is no ${topic}-${index}`);
    return found;
  }

  // Clients

  /** A topic, and a client of n1 when it is there. */
  async serve(name: string, settings?: Parameters<ReplicaCluster['createTopic']>[1]): Promise<ReplicaClient> {
    this.createTopic(name, settings);
    await this.sleep(100);
    return this.client('n1');
  }

  async client(node: string): Promise<ReplicaClient> {
    // The cluster hands out a client of its own around it.
    await this.sim.openClient(node, this.clients++);
    return (this.opened as ReplicaClient).to(node);
  }
}

/** Does the body in virtual time, with the brokers started. @throws Error where one of them crashed, or was wrong */
export async function withReplicas<T>(
  options: ReplicaClusterOptions,
  body: (cluster: ReplicaCluster) => Promise<T>,
): Promise<T> {
  const cluster = new ReplicaCluster(options);
  const result = await cluster.run(async () => {
    await cluster.start();
    return body(cluster);
  });
  const { crashes, invariantViolations } = cluster.sim;
  const wrong: readonly unknown[] = [...crashes, ...invariantViolations, ...cluster.anomalies];
  if (wrong.length > 0) throw new Error(`brokers were wrong: ${JSON.stringify(wrong)}`);
  return result;
}
