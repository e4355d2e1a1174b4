/**
 * The broker of a node: its picture of the metadata, its replicas, its coordinators and its life, put together.
 *
 *     const broker = new Broker(runtime, settings, () => quorum);
 *     const handlers = await broker.recover();   // the disk is read; the listener may open
 *     broker.start();                            // registers
 */
import { messageOf } from '../../../harness/errors.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import { brokerHandlers } from './broker/broker-handlers.ts';
import { BrokerLifecycle } from './broker/broker-lifecycle.ts';
import { ImageFollower } from './broker/broker-metadata.ts';
import { ControllerClient } from './broker/controller-link.ts';
import { Coordinators } from './coordinators/coordinators.ts';
import type { Handlers } from './network/exchange.ts';
import type { Quorum } from './parts.ts';
import { ReplicaManager } from './replicas/replica-manager.ts';
import type { NodeSettings } from './settings.ts';

interface Recovered {
  readonly replicas: ReplicaManager;
  readonly coordinators: Coordinators;
}

export class Broker {
  readonly metadata: ImageFollower;
  private readonly runtime: Runtime;
  private readonly settings: NodeSettings;
  private readonly link: ControllerClient;
  private readonly lifecycle: BrokerLifecycle;
  private recovered: Recovered | null = null;

  constructor(runtime: Runtime, settings: NodeSettings, quorum: () => Quorum) {
    const { nodeId, properties, rules } = settings;
    this.runtime = runtime;
    this.settings = settings;
    this.metadata = new ImageFollower({ nodeId, rules: rules.controller });
    this.link = new ControllerClient(runtime, {
      clientId: `broker-${nodeId}`,
      controllerAddress: (id) => quorum().controllerAddress(id),
      requestTimeoutMs: properties['controller.quorum.request.timeout.ms'],
      retryBackoffMs: properties['controller.quorum.retry.backoff.ms'],
    });
    this.lifecycle = new BrokerLifecycle(runtime, settings, { link: this.link, metadata: this.metadata });
  }

  /** @throws Error for a disk that it cannot trust */
  async recover(): Promise<Handlers> {
    const { runtime, settings, metadata, link } = this;
    const replicas = await ReplicaManager.open(runtime, settings, metadata, link);
    const coordinators = new Coordinators(runtime, settings, metadata, replicas, link);
    this.recovered = { replicas, coordinators };
    return {
      ...brokerHandlers({ runtime, settings, metadata, link }),
      ...replicas.handlers,
      ...coordinators.handlers,
    };
  }

  start(): void {
    this.lifecycle.start().catch((error: unknown) => {
      this.runtime.crash(`cannot register: ${messageOf(error)}`);
    });
  }

  leader(leaderId: number | null): void {
    this.link.leader(leaderId);
  }

  get state(): string {
    return this.lifecycle.state;
  }

  invariants(): void {
    this.recovered?.replicas.invariants();
    this.recovered?.coordinators.invariants();
  }

  /** Hands over what it leads, then closes its logs. */
  async shutdown(): Promise<void> {
    await this.lifecycle.shutdown(async () => {
      this.recovered?.coordinators.close();
      await this.recovered?.replicas.close();
    });
    this.link.close();
  }
}
