/**
 * Three controllers with a quorum of their own in the simulator: everything but brokers.
 *
 *     const controllers = new RealControllers({ seed: 1 });
 *     await controllers.run(async () => {
 *       const active = await controllers.active();
 *       await controllers.createTopics(active, 'orders');
 *       await controllers.cluster.kill(`n${active}`);
 *     });
 */
import { SimCluster } from '../../../../../harness/cluster/sim/sim-cluster.ts';
import { toySystem } from '../../../../../harness/cluster/sim/toy-system.ts';
import { msToNs } from '../../../../../harness/units.ts';
import type { RunningNode } from '../../../../runtime/node-program.ts';
import type { Runtime } from '../../../../runtime/runtime.ts';
import type { Quorum } from '../../parts.ts';
import type { PropertyValues } from '../../property-table.ts';
import { QuorumDriver } from '../../quorum/quorum-driver.ts';
import { inSim } from '../../testing/in-sim.ts';
import { ControllerDriver } from '../controller-driver.ts';
import { Asker, CONTROLLER_PORT } from './asker.ts';
import { CLIENT, NODES, serve, settingsOf } from './controllers.ts';

export const IDS: readonly number[] = [1, 2, 3];
const WAIT_STEP_MS = 10;
const WAIT_STEPS_MAX = 3000;

export interface RealOptions {
  readonly seed: number;
  readonly properties?: Partial<PropertyValues>;
  readonly bugs?: readonly string[];
}

export class RealControllers extends Asker {
  readonly cluster: SimCluster;
  /** Of the boot that runs. */
  readonly drivers = new Map<number, ControllerDriver>();
  private readonly options: RealOptions;

  constructor(options: RealOptions) {
    super();
    this.options = options;
    const system = toySystem((runtime, { name }) => {
      if (name !== CLIENT) return this.startNode(runtime, Number(name.slice(1)));
      this.runtime = runtime;
      return;
    });
    this.cluster = new SimCluster({ system, nodes: NODES, seed: options.seed });
  }

  private startNode(runtime: Runtime, id: number): Partial<RunningNode> {
    const settings = settingsOf(
      id,
      {
        'process.roles': ['controller'],
        'controller.quorum.voters': IDS.map((voter) => ({
          ...{ id: voter, host: `n${voter}`, port: CONTROLLER_PORT },
        })),
        listeners: [{ name: 'CONTROLLER', host: '', port: CONTROLLER_PORT }],
        'controller.listener.names': ['CONTROLLER'],
        'broker.session.timeout.ms': 3_600_000,
        ...this.options.properties,
      },
      this.options.bugs,
    );
    let quorum: QuorumDriver | null = null;
    const driver = new ControllerDriver(runtime, settings, () => quorum as Quorum);
    this.drivers.set(id, driver);
    QuorumDriver.open(runtime, settings, driver).then(
      (opened) => {
        quorum = opened;
        serve(runtime, { ...opened.handlers, ...driver.handlers });
      },
      () => undefined,
    );
    return {
      invariants: () => {
        quorum?.invariants();
        driver.invariants();
      },
    };
  }

  run(body: () => Promise<void>): Promise<void> {
    return inSim(this.cluster, body);
  }

  sleep(ms: number): Promise<void> {
    return this.cluster.clock.sleep(msToNs(ms));
  }

  driver(id: number): ControllerDriver {
    return this.drivers.get(id) as ControllerDriver;
  }

  /** Who says that it is the active controller, of those that run; it may be wrong. */
  activeNow(): number | null {
    const active = IDS.filter((id) => this.cluster.isRunning(`n${id}`) && this.driver(id).status().active);
    return active[0] ?? null;
  }

  /** @throws Error after half a minute of the cluster's time */
  async active(except: number | null = null): Promise<number> {
    return this.until(() => {
      const active = IDS.filter((id) => this.cluster.isRunning(`n${id}`) && this.driver(id).status().active);
      return active.find((id) => id !== except) ?? null;
    });
  }

  /** @throws Error after half a minute of the cluster's time */
  async until<T>(what: () => T | null): Promise<T> {
    for (let i = 0; i < WAIT_STEPS_MAX; i++) {
      const found = what();
      if (found !== null) return found;
      await this.sleep(WAIT_STEP_MS);
    }
    throw new Error('it did not come');
  }

  topicNames(id: number): string[] {
    return [...this.driver(id).image.topics.values()].map(({ name }) => name).sort();
  }
}
