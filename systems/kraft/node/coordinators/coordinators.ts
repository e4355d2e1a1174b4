/**
 * All that a broker does as a coordinator, in one piece for the node.
 *
 *     const coordinators = new Coordinators(runtime, settings, metadata, replicas, link);
 *     new NetworkServer(runtime, { …, handlers: { ...replicas.handlers, ...coordinators.handlers } });
 */
import type { Runtime } from '../../../runtime/runtime.ts';
import type { Handlers } from '../network/exchange.ts';
import type { BrokerMetadata, ControllerLink, Replicas } from '../parts.ts';
import type { NodeSettings } from '../settings.ts';
import { CoordinatorFinder } from './find-coordinator.ts';
import { GroupDriver } from './group-driver.ts';
import { InternalTopics } from './internal-topics.ts';
import { TransactionDriver } from './transaction-driver.ts';

export class Coordinators {
  readonly groups: GroupDriver;
  readonly transactions: TransactionDriver;
  readonly handlers: Handlers;

  constructor(
    runtime: Runtime,
    settings: NodeSettings,
    metadata: BrokerMetadata,
    replicas: Replicas,
    link: ControllerLink,
  ) {
    this.groups = new GroupDriver(runtime, settings, metadata, replicas);
    this.transactions = new TransactionDriver(runtime, settings, metadata, replicas, link);
    const topics = new InternalTopics(runtime, settings, metadata, link);
    const finder = new CoordinatorFinder(metadata, topics);
    this.handlers = { ...this.groups.handlers, ...this.transactions.handlers, ...finder.handlers };
  }

  /** @throws AssertionError when a group or a transaction is in a state that cannot be */
  invariants(): void {
    this.groups.invariants();
    this.transactions.invariants();
  }

  /** Nothing happens here any more; whoever waits is not answered. */
  close(): void {
    this.groups.close();
    this.transactions.close();
  }
}
