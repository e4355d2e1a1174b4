/**
 * What a controller is set to, by the names and defaults of `server.properties`.
 *
 *     const options: ControllerOptions = { ...CONTROLLER_DEFAULTS, nodeId: 1, clusterId: 'aCluster…', sessionTimeoutMs: 3000 };
 */
import type { ConfiguredNode } from './topic-configs.ts';

export interface ControllerOptions extends ConfiguredNode {
  readonly clusterId: string;
  /** `broker.session.timeout.ms`: how long a broker may be silent. */
  readonly sessionTimeoutMs: number;
  /** `num.partitions`, for who creates a topic without a number. */
  readonly defaultPartitions: number;
  /** `default.replication.factor` */
  readonly defaultReplicationFactor: number;
  /** Whether a new cluster begins with the feature `eligible.leader.replicas.version` (KIP-966). */
  readonly eligibleLeaderReplicas: boolean;
  /** `auto.leader.rebalance.enable` and `leader.imbalance.check.interval.seconds`; 0 for never. */
  readonly leaderImbalanceCheckIntervalMs: number;
  /** `metadata.max.idle.interval.ms`: a NoOp goes to the log when nothing else did; 0 for never. */
  readonly idleIntervalMs: number;
  /** At most so many elections at one tick for balance or when allowed anew, so that a batch stays small. */
  readonly maxElectionsPerTick: number;
  /** One request cannot create more. */
  readonly maxPartitionsPerRequest: number;
}

export const CONTROLLER_DEFAULTS: Omit<ControllerOptions, 'clusterId' | 'nodeId'> = {
  sessionTimeoutMs: 9000,
  defaultPartitions: 1,
  defaultReplicationFactor: 1,
  eligibleLeaderReplicas: true,
  leaderImbalanceCheckIntervalMs: 300_000,
  idleIntervalMs: 500,
  maxElectionsPerTick: 1000,
  maxPartitionsPerRequest: 10_000,
  staticConfigs: {},
};
