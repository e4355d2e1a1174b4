/**
 * What `server.properties` says to the controller.
 *
 *     controllerOptions(settings).sessionTimeoutMs // 9000
 */
import type { ControllerOptions } from '../../controller/controller-options.ts';
import { CONTROLLER_DEFAULTS } from '../../controller/controller-options.ts';
import type { NodeSettings } from '../settings.ts';
import { configuredNode } from '../static-configs.ts';

const S_MS = 1000;

export function controllerOptions(settings: NodeSettings): ControllerOptions {
  const { clusterId, properties } = settings;
  return {
    ...CONTROLLER_DEFAULTS,
    ...configuredNode(settings),
    clusterId,
    sessionTimeoutMs: properties['broker.session.timeout.ms'],
    defaultPartitions: properties['num.partitions'],
    defaultReplicationFactor: properties['default.replication.factor'],
    leaderImbalanceCheckIntervalMs: properties['auto.leader.rebalance.enable']
      ? properties['leader.imbalance.check.interval.seconds'] * S_MS
      : 0,
    idleIntervalMs: properties['metadata.max.idle.interval.ms'],
  };
}
