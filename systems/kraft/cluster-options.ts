/**
 * The options of a cluster that the harness starts, and the `server.properties` that each of its nodes has from them.
 *
 *     propertiesText({ name: 'n1', peers: ['n1', 'n2', 'n3'], options: { controllers: 3 } });
 *     // process.roles=broker,controller\nnode.id=1\n…
 *
 * Options with dots are properties of the nodes by Kafka's names. Times are shorter than Kafka's, so that a test of half a
 * minute sees what a cluster does in an hour; each can be set to Kafka's default again.
 */
import { HarnessError } from '../../harness/errors.ts';
import type { Json } from '../../harness/history/operation.ts';
import type { SystemOption } from '../system.ts';
import type { PropertyKey } from './node/property-table.ts';

export const BROKER_PORT = 9092;
export const CONTROLLER_PORT = 9093;

/** Every cluster of the harness has it: a directory of one run is never another's. */
export const CLUSTER_ID = 'c2hha2V0YWJsZS1rcmFmdA';

const property = (
  name: PropertyKey,
  byDefault: number | boolean | string,
  meaning: string,
): SystemOption => ({
  name,
  default: byDefault,
  meaning,
});

export const PROPERTY_OPTIONS: readonly SystemOption[] = [
  property('controller.quorum.election.timeout.ms', 300, 'of the quorum; 1000 in Kafka'),
  property(
    'controller.quorum.fetch.timeout.ms',
    500,
    'a follower without its leader for so long stands; 2000 in Kafka',
  ),
  property('controller.quorum.request.timeout.ms', 500, 'of the quorum; 2000 in Kafka'),
  property('controller.quorum.election.backoff.max.ms', 300, 'of the quorum; 1000 in Kafka'),
  property('broker.heartbeat.interval.ms', 200, 'from brokers to the active controller; 2000 in Kafka'),
  property('broker.session.timeout.ms', 1000, 'a broker that is silent for so long is fenced; 9000 in Kafka'),
  property('replica.lag.time.max.ms', 1500, 'who lags for so long leaves the ISR; 30000 in Kafka'),
  property(
    'replica.fetch.wait.max.ms',
    100,
    'how long a leader holds a follower’s empty fetch; 500 in Kafka',
  ),
  property('replica.fetch.backoff.ms', 100, 'pause of a follower after an error; 1000 in Kafka'),
  property(
    'replica.socket.timeout.ms',
    1000,
    'a fetch that was not answered for so long is sent anew, on another connection; 30000 in Kafka',
  ),
  property('unclean.leader.election.enable', false, 'a replica outside the ISR may lead: records are lost'),
  property('auto.leader.rebalance.enable', true, 'leadership goes back to preferred replicas'),
  property('leader.imbalance.check.interval.seconds', 5, 'how often; 300 in Kafka'),
  property(
    'replication.protocol',
    'isr',
    'of the topics that the workload creates: isr, or raft for a Raft group a partition',
  ),
  property('log.segment.bytes', 65_536, 'of partitions; 1 GiB in Kafka'),
  property('log.retention.bytes', -1, 'of a partition: older segments are deleted; -1: none'),
  property('log.retention.check.interval.ms', 300_000, 'how often segments are looked for that may go'),
  property(
    'log.flush.interval.messages',
    9_007_199_254_740_991,
    'a partition flushes after so many records; 1: before it answers',
  ),
  property('metadata.log.max.record.bytes.between.snapshots', 20_000, 'of the metadata log; 20 MiB in Kafka'),
  property('auto.create.topics.enable', false, 'a topic that is asked for is created; true in Kafka'),
  property('group.initial.rebalance.delay.ms', 100, 'an empty group waits for more members; 3000 in Kafka'),
  property(
    'group.min.session.timeout.ms',
    500,
    'the shortest session that a member may ask for; 6000 in Kafka',
  ),
  property('offsets.topic.num.partitions', 3, 'of __consumer_offsets; 50 in Kafka'),
  property('transaction.state.log.num.partitions', 3, 'of __transaction_state; 50 in Kafka'),
  property('transaction.abort.timed.out.transaction.cleanup.interval.ms', 500, 'how often; 10000 in Kafka'),
];

/** Kafka's is 1: then one broker alone acknowledges the offsets of groups, and its power loss takes them back. */
const MIN_INSYNC_REPLICAS = property(
  'min.insync.replicas',
  2,
  'of topics that do not say otherwise, at most their replicas; 1 in Kafka',
);

export const CLUSTER_OPTIONS: readonly SystemOption[] = [
  { name: 'controllers', default: 3, meaning: 'the first so many nodes are the quorum' },
  {
    name: 'combinedRoles',
    default: true,
    meaning: 'controllers are brokers as well; false: the others are the brokers',
  },
  MIN_INSYNC_REPLICAS,
  ...PROPERTY_OPTIONS,
];

export interface ClusterNode {
  readonly name: string;
  readonly peers: readonly string[];
  readonly options: { readonly [name: string]: Json };
}

/** Of a node by its place among all: 1 for the first. */
export const nodeIdOf = (peers: readonly string[], name: string): number => peers.indexOf(name) + 1;

type Options = ClusterNode['options'];

const optionOf = (options: Options, name: string): Json =>
  options[name] ?? CLUSTER_OPTIONS.find((each) => each.name === name)?.default ?? null;

const controllersOf = (peers: readonly string[], options: Options): readonly string[] =>
  peers.slice(0, Math.max(1, Number(optionOf(options, 'controllers'))));

/**
 * The nodes that clients can ask, in order.
 *
 * @throws HarnessError `usage` where no node would be a broker
 */
export function brokersOf(peers: readonly string[], options: Options): readonly string[] {
  if (optionOf(options, 'combinedRoles') === true) return peers;
  const { length } = controllersOf(peers, options);
  if (length < peers.length) return peers.slice(length);
  throw new HarnessError(
    'usage',
    `${peers.length} nodes with controllers=${length} and combinedRoles=false leave no broker: add nodes`,
  );
}

/**
 * @returns what `server.properties` says
 * @throws HarnessError `usage` where no node would be a broker
 */
export function propertiesText({ name, peers, options }: ClusterNode): string {
  const get = (option: string): Json => optionOf(options, option);
  const text = (option: string): string => {
    const value = get(option);
    return typeof value === 'string' ? value : JSON.stringify(value);
  };
  const controllers = controllersOf(peers, options);
  const brokers = brokersOf(peers, options);
  const isController = controllers.includes(name);
  const isBroker = brokers.includes(name);
  const roles = [...(isBroker ? ['broker'] : []), ...(isController ? ['controller'] : [])];
  const voters = controllers.map((voter) => `${nodeIdOf(peers, voter)}@${voter}:${CONTROLLER_PORT}`);
  const listeners = [
    ...(isBroker ? [`PLAINTEXT://${name}:${BROKER_PORT}`] : []),
    ...(isController ? [`CONTROLLER://${name}:${CONTROLLER_PORT}`] : []),
  ];
  const replication = Math.min(3, brokers.length);
  return [
    `process.roles=${roles.join(',')}`,
    `node.id=${nodeIdOf(peers, name)}`,
    `controller.quorum.voters=${voters.join(',')}`,
    `listeners=${listeners.join(',')}`,
    ...(isBroker ? [`advertised.listeners=PLAINTEXT://${name}:${BROKER_PORT}`] : []),
    'controller.listener.names=CONTROLLER',
    'inter.broker.listener.name=PLAINTEXT',
    'listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
    `min.insync.replicas=${Math.min(Number(get('min.insync.replicas')), replication)}`,
    `default.replication.factor=${replication}`,
    `offsets.topic.replication.factor=${replication}`,
    `transaction.state.log.replication.factor=${replication}`,
    `transaction.state.log.min.isr=${Math.min(2, replication)}`,
    ...PROPERTY_OPTIONS.map((option) => `${option.name}=${text(option.name)}`),
    '',
  ].join('\n');
}
