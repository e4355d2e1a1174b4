/**
 * Three controllers in the simulator's network, on a quorum in memory, and a client that asks them.
 *
 *     await withControllers({}, async (rig) => {
 *       rig.quorum.elect(1);
 *       await rig.ask(1, 'createTopics', 4, createOrders);
 *     });
 */
import { SimCluster } from '../../../../../harness/cluster/sim/sim-cluster.ts';
import { toySystem } from '../../../../../harness/cluster/sim/toy-system.ts';
import { msToNs } from '../../../../../harness/units.ts';
import type { Runtime } from '../../../../runtime/runtime.ts';
import type { ApiName, RequestInputBody } from '../../../wire/apis.ts';
import type { NodeOutcome, ReceivedBody } from '../../network/node-client.ts';
import { NodeClient } from '../../network/node-client.ts';
import { NetworkServer } from '../../network/network-server.ts';
import type { Quorum } from '../../parts.ts';
import type { PropertyValues } from '../../property-table.ts';
import { PROPERTY_TABLE } from '../../property-table.ts';
import { nodeRulesWith } from '../../rules.ts';
import type { NodeSettings } from '../../settings.ts';
import { ControllerDriver } from '../controller-driver.ts';
import { MemoryQuorum } from './memory-quorum.ts';

export const CONTROLLER_PORT = 9093;
export const CLUSTER_ID = 'MkU3OEVBNTcwNTJENDM2Qg';
const CONTROLLERS = [1, 2, 3];
const ASK_TIMEOUT_MS = 20_000;

export interface RigOptions {
  readonly commitDelayMs?: number;
  readonly properties?: Partial<PropertyValues>;
  readonly bugs?: readonly string[];
}

export function settingsOf(
  nodeId: number,
  properties: Partial<PropertyValues> = {},
  bugs: readonly string[] = [],
): NodeSettings {
  const defaults = Object.entries(PROPERTY_TABLE).map(([key, type]) => [key, type.default]);
  return {
    nodeId,
    clusterId: CLUSTER_ID,
    directoryId: 'AAAAAAAAAAAAAAAAAAAAAQ',
    properties: { ...(Object.fromEntries(defaults) as PropertyValues), ...properties },
    rules: nodeRulesWith(bugs),
    nameOf: (id) => `n${id}`,
  };
}

export class Controllers {
  readonly quorum: MemoryQuorum;
  readonly cluster: SimCluster;
  readonly drivers = new Map<number, ControllerDriver>();
  private readonly runtimes = new Map<string, Runtime>();
  private client: NodeClient | null = null;

  constructor({ commitDelayMs = 5, properties, bugs }: RigOptions) {
    this.quorum = new MemoryQuorum({ commitDelayMs });
    const system = toySystem((runtime, { name }) => {
      this.runtimes.set(name, runtime);
      if (name === 'client') return;
      const id = Number(name.slice(1));
      const driver: ControllerDriver = new ControllerDriver(
        runtime,
        settingsOf(id, properties, bugs),
        () => quorum,
      );
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
    });
    const nodes = [...CONTROLLERS.map((id) => `n${id}`), 'client'];
    this.cluster = new SimCluster({ system, nodes, seed: 1, logLevel: 'debug' });
  }

  driver(id: number): ControllerDriver {
    return this.drivers.get(id) as ControllerDriver;
  }

  sleep(ms: number): Promise<void> {
    return this.cluster.clock.sleep(msToNs(ms));
  }

  /** A connection of its own, so that one that waits holds up no other. */
  newClient(): NodeClient {
    return new NodeClient(this.runtimes.get('client') as Runtime, { clientId: 'client' });
  }

  send<N extends ApiName>(
    id: number,
    name: N,
    version: number,
    body: RequestInputBody<N>,
    client: NodeClient = this.newClient(),
  ): Promise<NodeOutcome<N>> {
    const address = { host: `n${id}`, port: CONTROLLER_PORT };
    return new Promise((resolve) => client.request(address, name, version, body, ASK_TIMEOUT_MS, resolve));
  }

  /** @throws Error where there is no answer */
  async ask<N extends ApiName>(
    id: number,
    name: N,
    version: number,
    body: RequestInputBody<N>,
  ): Promise<ReceivedBody<N>> {
    this.client ??= this.newClient();
    const outcome = await this.send(id, name, version, body, this.client);
    if (outcome.kind === 'failed') throw new Error(outcome.reason);
    return outcome.body;
  }

  /** @returns its epoch */
  async register(controller: number, brokerId: number): Promise<number> {
    const digit = String.fromCharCode(65 + brokerId);
    const { brokerEpoch } = await this.ask(controller, 'brokerRegistration', 4, {
      brokerId,
      clusterId: CLUSTER_ID,
      incarnationId: `AAAAAAAAAAAAAAAAAAAA${digit}A`,
      listeners: [{ name: 'PLAINTEXT', host: `b${brokerId}`, port: 9092 }],
      features: [],
      rack: null,
      logDirs: [`AAAAAAAAAAAAAAAAAAA${digit}AA`],
    });
    return brokerEpoch;
  }

  /** Registers and unfences. @returns its epoch */
  async join(controller: number, brokerId: number): Promise<number> {
    const brokerEpoch = await this.register(controller, brokerId);
    await this.heartbeat(controller, brokerId, brokerEpoch);
    return brokerEpoch;
  }

  heartbeat(
    controller: number,
    brokerId: number,
    brokerEpoch: number,
  ): Promise<ReceivedBody<'brokerHeartbeat'>> {
    return this.ask(controller, 'brokerHeartbeat', 1, {
      brokerId,
      brokerEpoch,
      currentMetadataOffset: brokerEpoch,
      wantFence: false,
      wantShutDown: false,
    });
  }
}

export async function withControllers(
  options: RigOptions,
  body: (rig: Controllers) => Promise<void>,
): Promise<void> {
  const rig = new Controllers(options);
  try {
    await rig.cluster.run(async () => {
      await rig.cluster.start();
      await body(rig);
    });
  } finally {
    await rig.cluster.stop();
  }
}
