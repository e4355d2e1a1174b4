/**
 * Whole nodes in the simulator, quorum and logs included, as far as the cluster's administration goes.
 *
 *     await withNodes({ nodes: 3 }, async (rig) => {
 *       await rig.ask('n1', 'metadata', 8, { topics: null });
 *       await rig.node('n2').shutdown();
 *     });
 */
import { SimCluster } from '../../../../../harness/cluster/sim/sim-cluster.ts';
import { toySystem } from '../../../../../harness/cluster/sim/toy-system.ts';
import type { Json } from '../../../../../harness/history/operation.ts';
import { msToNs } from '../../../../../harness/units.ts';
import type { Connection, Runtime } from '../../../../runtime/runtime.ts';
import { BROKER_PORT, CLUSTER_ID, nodeIdOf, propertiesText } from '../../../cluster-options.ts';
import type { ApiName, RequestInputBody } from '../../../wire/apis.ts';
import type { KraftNode } from '../../kraft-node.ts';
import { startKraftNode } from '../../kraft-node.ts';
import { openLogDir } from '../../log-dir.ts';
import type { NodeOutcome, ReceivedBody } from '../../network/node-client.ts';
import { NodeClient } from '../../network/node-client.ts';
import { readServerProperties } from '../../properties.ts';
import { answerOf, inSim, send, until } from '../../testing/in-sim.ts';

const ASK_TIMEOUT_MS = 30_000;
const PATIENCE = { pollMs: 20, pollsMax: 3_000 };

export interface NodesOptions {
  readonly nodes?: number;
  readonly options?: { readonly [name: string]: Json };
  /** Of `server.properties`, beside what the options give. */
  readonly lines?: readonly string[];
  readonly seed?: number;
}

export class WholeNodes {
  readonly cluster: SimCluster;
  readonly names: readonly string[];
  private readonly nodes = new Map<string, KraftNode>();
  private readonly runtimes = new Map<string, Runtime>();
  private readonly clients = new Map<string, NodeClient>();
  private clientRuntime: Runtime | null = null;

  constructor({ nodes = 3, options = {}, lines = [], seed = 1 }: NodesOptions) {
    const peers = Array.from({ length: nodes }, (_, i) => `n${i + 1}`);
    this.names = peers;
    const system = toySystem((runtime, { name }) => {
      if (name === 'client') {
        this.clientRuntime = runtime;
        return {};
      }
      this.nodes.delete(name);
      this.runtimes.set(name, runtime);
      const text = [propertiesText({ name, peers, options }), ...lines].join('\n');
      const properties = readServerProperties(text, 'the test').values;
      openLogDir(runtime, { nodeId: nodeIdOf(peers, name), clusterId: CLUSTER_ID })
        .then(({ directoryId }) => {
          this.nodes.set(
            name,
            startKraftNode(runtime, { properties, clusterId: CLUSTER_ID, directoryId, bugs: [] }),
          );
        })
        .catch((error: unknown) => runtime.crash(String(error)));
      return { invariants: () => this.nodes.get(name)?.invariants?.() };
    });
    this.cluster = new SimCluster({ system, nodes: [...peers, 'client'], seed });
  }

  node(name: string): KraftNode | undefined {
    return this.nodes.get(name);
  }

  files(name: string): Runtime['files'] {
    return (this.runtimes.get(name) as Runtime).files;
  }

  /** The quorum's leader by its name, as most of the running nodes see it. */
  get leader(): string | null {
    const seen = this.names
      .filter((name) => this.cluster.isRunning(name))
      .map((name) => this.nodes.get(name)?.status())
      .filter((status) => status?.role === 'leader');
    return seen.length === 1 ? `n${seen[0]?.leader}` : null;
  }

  sleep(ms: number): Promise<void> {
    return this.cluster.clock.sleep(msToNs(ms));
  }

  /** @throws Error where it does not come true within a minute */
  until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
    return until(this.cluster, condition, PATIENCE, what);
  }

  allRunning(names: readonly string[] = this.names): Promise<void> {
    return this.until(
      () => names.every((name) => this.nodes.get(name)?.status()['broker'] === 'running'),
      'all brokers running',
    );
  }

  send<N extends ApiName>(
    name: string,
    api: N,
    version: number,
    body: RequestInputBody<N>,
  ): Promise<NodeOutcome<N>> {
    let client = this.clients.get(name);
    if (client === undefined) {
      client = new NodeClient(this.clientRuntime as Runtime, { clientId: 'test' });
      this.clients.set(name, client);
    }
    return send(client, { host: name, port: BROKER_PORT }, api, version, body, ASK_TIMEOUT_MS);
  }

  /** To a broker's listener, for bytes of any kind. */
  connect(name: string): Connection {
    return (this.clientRuntime as Runtime).connect({ host: name, port: BROKER_PORT });
  }

  /** Drops the connections of before, which may lead to processes that are dead. */
  reconnect(): void {
    for (const client of this.clients.values()) client.close();
    this.clients.clear();
  }

  /** @throws Error where there is no answer */
  async ask<N extends ApiName>(
    name: string,
    api: N,
    version: number,
    body: RequestInputBody<N>,
  ): Promise<ReceivedBody<N>> {
    return answerOf(await this.send(name, api, version, body));
  }

  /** @returns the error code */
  async createTopic(at: string, name: string, partitions = 1, replicas = 3): Promise<number | undefined> {
    const topic = { name, numPartitions: partitions, replicationFactor: replicas };
    const topics = [{ ...topic, assignments: [], configs: [] }];
    return (await this.ask(at, 'createTopics', 4, { topics, timeoutMs: 10_000 })).topics[0]?.errorCode;
  }
}

export async function withNodes(
  options: NodesOptions,
  body: (rig: WholeNodes) => Promise<void>,
): Promise<void> {
  const rig = new WholeNodes(options);
  await inSim(rig.cluster, () => body(rig));
}
