/**
 * What `server.properties` says to the controller.
 *
 *     controllerOptions(settings).sessionTimeoutMs // 9000
 */
import type { ControllerOptions } from '../../controller/controller-options.ts';
import { CONTROLLER_DEFAULTS } from '../../controller/controller-options.ts';
import type { NodeSettings } from '../settings.ts';
import { staticConfigs } from '../static-configs.ts';

const S_MS = 1000;

export function controllerOptions({ clusterId, properties }: NodeSettings): ControllerOptions {
  return {
    ...CONTROLLER_DEFAULTS,
    clusterId,
    sessionTimeoutMs: properties['broker.session.timeout.ms'],
    defaultPartitions: properties['num.partitions'],
    defaultReplicationFactor: properties['default.replication.factor'],
    leaderImbalanceCheckIntervalMs: properties['auto.leader.rebalance.enable']
      ? properties['leader.imbalance.check.interval.seconds'] * S_MS
      : 0,
    idleIntervalMs: properties['metadata.max.idle.interval.ms'],
    staticConfigs: staticConfigs(properties),
  };
}
