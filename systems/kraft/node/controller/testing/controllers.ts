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
import type { Handlers } from '../../network/exchange.ts';
import { NetworkServer } from '../../network/network-server.ts';
import type { Quorum } from '../../parts.ts';
import type { PropertyValues } from '../../property-table.ts';
import { PROPERTY_TABLE } from '../../property-table.ts';
import { nodeRulesWith } from '../../rules.ts';
import type { NodeSettings } from '../../settings.ts';
import { inSim } from '../../testing/in-sim.ts';
import { ControllerDriver } from '../controller-driver.ts';
import { Asker, CLUSTER_ID, CONTROLLER_PORT } from './asker.ts';
import { MemoryQuorum } from './memory-quorum.ts';

/** The node that asks. */
export const CLIENT = 'client';
export const NODES: readonly string[] = ['n1', 'n2', 'n3', CLIENT];
const MAX_REQUEST_BYTES = 10_000_000;

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

export function serve(runtime: Runtime, handlers: Handlers): NetworkServer {
  return new NetworkServer(runtime, {
    port: CONTROLLER_PORT,
    listener: 'controller',
    listenerName: 'CONTROLLER',
    handlers,
    maxRequestBytes: MAX_REQUEST_BYTES,
  });
}

export class Controllers extends Asker {
  readonly quorum: MemoryQuorum;
  readonly cluster: SimCluster;
  readonly drivers = new Map<number, ControllerDriver>();

  constructor({ commitDelayMs = 5, properties, bugs }: RigOptions) {
    super();
    this.quorum = new MemoryQuorum({ commitDelayMs });
    const system = toySystem((runtime, { name }) => {
      if (name === CLIENT) {
        this.runtime = runtime;
        return;
      }
      const id = Number(name.slice(1));
      const driver: ControllerDriver = new ControllerDriver(
        runtime,
        settingsOf(id, properties, bugs),
        () => quorum,
      );
      const quorum: Quorum = this.quorum.join(runtime, id, () => driver);
      this.drivers.set(id, driver);
      serve(runtime, driver.handlers);
      return { invariants: () => driver.invariants() };
    });
    this.cluster = new SimCluster({ system, nodes: NODES, seed: 1, logLevel: 'debug' });
  }

  driver(id: number): ControllerDriver {
    return this.drivers.get(id) as ControllerDriver;
  }

  sleep(ms: number): Promise<void> {
    return this.cluster.clock.sleep(msToNs(ms));
  }
}

export async function withControllers(
  options: RigOptions,
  body: (rig: Controllers) => Promise<void>,
): Promise<void> {
  const rig = new Controllers(options);
  await inSim(rig.cluster, () => body(rig));
}
