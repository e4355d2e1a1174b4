/**
 * Brokers in the simulator that are nothing but coordinators: the real drivers behind a real listener, on partitions and metadata that
 * all brokers share (shared-partitions.ts), with a controller that is a few lines.
 *
 *     await withCoordinators({ brokers: 2 }, async (cluster) => {
 *       await cluster.createTopic('orders', 1);
 *       const found = await cluster.ask('n1', 'findCoordinator', 2, { key: 'g', keyType: 0 });
 *     });
 */
import { SimCluster } from '../../../../../harness/cluster/sim/sim-cluster.ts';
import { TOY_PORT, toySystem } from '../../../../../harness/cluster/sim/toy-system.ts';
import { msToNs } from '../../../../../harness/units.ts';
import type { Endpoint, Runtime } from '../../../../runtime/runtime.ts';
import { MetadataImage } from '../../../controller/metadata-image.ts';
import { RESOURCE } from '../../../controller/metadata-records.ts';
import { correctRules } from '../../../controller/rules.ts';
import { encodeControlBatch } from '../../../records/control.ts';
import type { ApiName, RequestBody, RequestInputBody } from '../../../wire/apis.ts';
import { ERROR } from '../../../wire/error-codes.ts';
import { NetworkServer } from '../../network/network-server.ts';
import type { Handlers } from '../../network/exchange.ts';
import type { ReceivedBody } from '../../network/node-client.ts';
import { NodeClient } from '../../network/node-client.ts';
import type {
  AppendRequest,
  BrokerMetadata,
  ControllerLink,
  MetadataChanges,
  Replicas,
} from '../../parts.ts';
import { readServerProperties } from '../../properties.ts';
import { nodeRulesWith } from '../../rules.ts';
import type { NodeSettings } from '../../settings.ts';
import { Coordinators } from '../coordinators.ts';
import type { Outcome } from './shared-partitions.ts';
import { SharedPartitions } from './shared-partitions.ts';

export interface CoordinatorSetup {
  readonly brokers?: number;
  readonly seed?: number;
  /** Lines of server.properties. */
  readonly properties?: readonly string[];
  readonly bugs?: readonly string[];
}

const COMMIT_DELAY_MS = 2;
const REQUEST_TIMEOUT_MS = 60_000;
const BROKER_EPOCH = 7;

/** Two partitions of each internal topic, and no initial delay of a rebalance, unless a test says otherwise. */
const PROPERTIES = [
  'process.roles=broker',
  'node.id=1',
  'controller.quorum.voters=9@c:9093',
  'controller.listener.names=CONTROLLER',
  'listeners=PLAINTEXT://:7000',
  'listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
  'offsets.topic.num.partitions=2',
  'offsets.topic.replication.factor=1',
  'transaction.state.log.num.partitions=2',
  'transaction.state.log.replication.factor=1',
  'transaction.state.log.min.isr=1',
  'group.initial.rebalance.delay.ms=0',
];

export class CoordinatorCluster {
  readonly partitions = new SharedPartitions();
  readonly image = new MetadataImage(correctRules);
  readonly created: RequestBody<'createTopics'>['topics'][number][] = [];
  /** Requests for topics and producer ids fail while there is no controller. */
  hasController = true;
  readonly sim: SimCluster;
  readonly coordinators = new Map<string, Coordinators>();
  private readonly names: readonly string[];
  private readonly properties: readonly string[];
  private readonly changeHearers: ((changes: MetadataChanges) => void)[] = [];
  private readonly clients = new Map<string, NodeClient>();
  private endpoint: Endpoint | null = null;
  private topicCount = 0;

  constructor({ brokers = 2, seed = 1, properties = [], bugs = [] }: CoordinatorSetup) {
    this.names = Array.from({ length: brokers }, (_, i) => `n${i + 1}`);
    const keys = new Set(properties.map((line) => line.split('=')[0]));
    this.properties = [
      ...PROPERTIES.filter((line) => !keys.has(line.split('=')[0] as string)),
      ...properties,
    ];
    const system = toySystem((runtime, { name, bugs: ofNode }) => this.startNode(runtime, name, ofNode));
    this.sim = new SimCluster({
      system: {
        ...system,
        openClient: (endpoint) => {
          this.endpoint = endpoint;
          return Promise.resolve({
            invoke: () => Promise.reject(new Error('requests go by `ask`')),
            close: () => undefined,
          });
        },
      },
      ...{ nodes: this.names, seed, bugs },
    });
    this.names.forEach((name, i) => this.register(i + 1, name));
    this.partitions.onLeader = ({ topic, index, leader }) => {
      const topicId = this.image.topicByName(topic)?.id;
      if (topicId !== undefined)
        this.image.apply({ type: 'partition-change', topicId, partitionId: index, leader });
    };
  }

  async start(): Promise<void> {
    await this.sim.start();
    await this.sim.openClient('n1', 0);
  }

  get log(): (node: string) => readonly string[] {
    return (node) => this.sim.logs(node);
  }

  private register(brokerId: number, host: string): void {
    this.image.apply({
      type: 'register-broker',
      ...{ brokerId, brokerEpoch: BROKER_EPOCH, incarnationId: `incarnation-${brokerId}` },
      endPoints: [{ name: 'PLAINTEXT', host, port: TOY_PORT, securityProtocol: 0 }],
      ...{ features: [], rack: null, fenced: false, inControlledShutdown: false, logDirs: [] },
    });
  }

  private startNode(runtime: Runtime, name: string, bugs: readonly string[]) {
    const nodeId = this.names.indexOf(name) + 1;
    const lines = this.properties.map((line) => (line.startsWith('node.id=') ? `node.id=${nodeId}` : line));
    const settings: NodeSettings = {
      ...{ nodeId, clusterId: 'cluster', directoryId: 'directory' },
      properties: readServerProperties(lines.join('\n'), 'server.properties').values,
      rules: nodeRulesWith(bugs),
      nameOf: (id) => `n${id}`,
    };
    const replicas = this.replicasOf(runtime, nodeId);
    const coordinators = new Coordinators(runtime, settings, this.metadata, replicas, this.linkOf(runtime));
    this.coordinators.set(name, coordinators);
    new NetworkServer(runtime, {
      ...{ port: TOY_PORT, listener: 'broker', listenerName: 'PLAINTEXT' },
      handlers: { ...replicas.handlers, ...coordinators.handlers },
      maxRequestBytes: settings.properties['socket.request.max.bytes'],
    });
    return { invariants: () => coordinators.invariants() };
  }

  private get metadata(): BrokerMetadata {
    const ignore = (): void => undefined;
    return {
      image: this.image,
      brokerEpoch: BROKER_EPOCH,
      snapshotRecords: () => [],
      subscribe: (onChange) => void this.changeHearers.push(onChange),
      ...{ committed: ignore, loadSnapshot: ignore, leader: ignore, mayAct: ignore, lost: ignore },
    };
  }

  private replicasOf(runtime: Runtime, nodeId: number): Replicas {
    const { partitions } = this;
    const leadership: Parameters<Replicas['onLeadership']>[0][] = [];
    const marker: Parameters<Replicas['onMarker']>[0][] = [];
    partitions.hearers.set(nodeId, {
      leadership: (...told) => leadership.forEach((tell) => tell(...told)),
      marker: (topic, partition, { producerId, type, offset }) =>
        marker.forEach((tell) => tell(topic, partition, producerId, type, offset)),
    });
    const append = (request: AppendRequest, onOutcome: (outcome: Outcome) => void): void => {
      const { topic, partition, batches } = request;
      const { end, ...outcome } = partitions.append(nodeId, topic, partition, batches);
      if (outcome.error !== 'NONE') return onOutcome(outcome);
      partitions.wait(topic, partition, { baseOffset: outcome.baseOffset, endOffset: end, onOutcome });
      runtime.setTimer(msToNs(COMMIT_DELAY_MS), () => {
        if (!partitions.isHeld) partitions.commit();
      });
    };
    return {
      handlers: markerHandlers(append),
      append,
      leads: (topic, partition) => {
        const found = partitions.find(topic, partition);
        return found?.leader === nodeId ? { log: found.log, leaderEpoch: found.leaderEpoch } : null;
      },
      onLeadership: (callback) => void leadership.push(callback),
      onMarker: (callback) => void marker.push(callback),
      invariants: () => undefined,
      close: () => Promise.resolve(),
    };
  }

  // The controller

  private linkOf(runtime: Runtime): ControllerLink {
    return {
      request: (name, _version, body, _timeoutMs, onOutcome) => {
        runtime.setTimer(msToNs(COMMIT_DELAY_MS), () => {
          if (!this.hasController) return onOutcome({ kind: 'failed', reason: 'no controller', sent: false });
          void this.decide(name, body).then((answer) =>
            // By the name it is the answer of that API.
            onOutcome({ kind: 'response', body: answer as never }),
          );
        });
      },
      forward: (exchange) => exchange.disconnect('nothing is forwarded here'),
    };
  }

  private async decide(name: ApiName, body: unknown): Promise<unknown> {
    if (name === 'allocateProducerIds') {
      const { nextProducerId: producerIdStart } = this.image;
      const producerIdLen = 1000;
      const nextProducerId = producerIdStart + producerIdLen;
      this.image.apply({ type: 'producer-ids', brokerId: 1, brokerEpoch: BROKER_EPOCH, nextProducerId });
      return { errorCode: ERROR.NONE, producerIdStart, producerIdLen };
    }
    const { topics } = body as RequestBody<'createTopics'>;
    const answers = [];
    for (const topic of topics) {
      const exists = this.image.topicByName(topic.name) !== undefined;
      if (!exists) {
        this.created.push(topic);
        await this.createTopic(topic.name, topic.numPartitions);
      }
      answers.push({
        name: topic.name,
        errorCode: exists ? ERROR.TOPIC_ALREADY_EXISTS : ERROR.NONE,
        errorMessage: null,
      });
    }
    return { topics: answers };
  }

  /** Its partitions are led by the brokers in turn, or by one. */
  async createTopic(name: string, count: number, leader: number | null = null): Promise<void> {
    const leaderOf = (index: number): number => leader ?? 1 + (index % this.names.length);
    await this.partitions.create(name, count, leaderOf);
    const topicId = `topic-${++this.topicCount}`;
    this.image.apply({ type: 'topic', name, topicId });
    for (let partitionId = 0; partitionId < count; partitionId++) {
      const leads = leaderOf(partitionId);
      this.image.apply({
        ...{ type: 'partition', partitionId, topicId, replicas: [leads], isr: [leads], leader: leads },
        ...{ removingReplicas: [], addingReplicas: [], leaderRecoveryState: 'recovered' },
        ...{ leaderEpoch: 0, partitionEpoch: 0, directories: ['directory'] },
        ...{ eligibleLeaderReplicas: [], lastKnownElr: [] },
      });
    }
    this.partitions.announce(name);
  }

  setConfig(topic: string, name: string, value: string): void {
    this.image.apply({ type: 'config', resourceType: RESOURCE.topic, resourceName: topic, name, value });
  }

  removeTopic(name: string): void {
    const topic = this.image.topicByName(name);
    if (topic === undefined) throw new Error(`there is no ${name}`);
    this.image.apply({ type: 'remove-topic', topicId: topic.id });
    this.tell({ deletedTopics: [{ id: topic.id, name }] });
  }

  fence(brokerId: number): void {
    this.image.apply({ type: 'fence-broker', id: brokerId, epoch: BROKER_EPOCH });
    this.tell({ brokersChanged: true });
  }

  private tell(changes: Partial<MetadataChanges>): void {
    for (const onChange of this.changeHearers) {
      onChange({
        ...{ image: this.image, offset: 0, brokersChanged: false, deletedTopics: [] },
        ...{ partitions: new Map(), configs: new Set() },
        ...changes,
      });
    }
  }

  // Clients

  /** @param via - requests of one name wait for each other, as on one connection */
  ask<N extends ApiName>(
    node: string,
    name: N,
    version: number,
    body: RequestInputBody<N>,
    via = 'client',
  ): Promise<ReceivedBody<N>> {
    let client = this.clients.get(via);
    if (client === undefined) {
      client = new NodeClient(this.endpoint as Endpoint, { clientId: via });
      this.clients.set(via, client);
    }
    const address = { host: node, port: TOY_PORT };
    return new Promise((resolve, reject) => {
      client.request(address, name, version, body, REQUEST_TIMEOUT_MS, (outcome) => {
        if (outcome.kind === 'response') resolve(outcome.body);
        else reject(new Error(outcome.reason));
      });
    });
  }

  sleep(ms: number): Promise<void> {
    return this.sim.clock.sleep(msToNs(ms));
  }
}

/** As a broker writes markers: each partition answers when its own is committed. */
function markerHandlers(
  append: (request: AppendRequest, onOutcome: (outcome: Outcome) => void) => void,
): Handlers {
  return {
    writeTxnMarkers: (exchange) => {
      let missing = 1;
      const done = (): void => {
        if (--missing === 0) exchange.respond({ markers });
      };
      const markers = exchange.body.markers.map((marker) => ({
        producerId: marker.producerId,
        topics: marker.topics.map(({ name: topic, partitionIndexes }) => ({
          name: topic,
          partitions: partitionIndexes.map((partition) => {
            const { producerId, producerEpoch, coordinatorEpoch } = marker;
            const type = marker.transactionResult ? ('commit' as const) : ('abort' as const);
            const answer = { partitionIndex: partition, errorCode: ERROR.NONE as number };
            const batches = encodeControlBatch([{ type, coordinatorEpoch }], {
              ...{ producerId, producerEpoch, isTransactional: true, timestampMs: 1 },
            });
            missing++;
            append({ topic, partition, batches, acks: -1, timeoutMs: 30_000 }, ({ error }) => {
              answer.errorCode = ERROR[error];
              done();
            });
            return answer;
          }),
        })),
      }));
      done();
    },
  };
}

export async function withCoordinators<T>(
  setup: CoordinatorSetup,
  body: (cluster: CoordinatorCluster) => Promise<T>,
): Promise<T> {
  const cluster = new CoordinatorCluster(setup);
  try {
    return await cluster.sim.run(async () => {
      await cluster.start();
      return body(cluster);
    });
  } finally {
    await cluster.sim.stop();
  }
}
