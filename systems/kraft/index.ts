/**
 * A Kafka cluster of ours as a system under test: a KRaft quorum and brokers, in the simulator, as processes and in containers.
 *
 *     kraft.program(runtime, { name: 'n1', peers: ['n1', 'n2', 'n3'], options: {}, bugs: [] });
 *     const client = await kraft.openClient(endpoint, context);
 */
import { messageOf } from '../../harness/errors.ts';
import type { NodeProgram, NodeStatus } from '../runtime/node-program.ts';
import type { System, Variant } from '../system.ts';
import { BUG_LIST } from './bugs.ts';
import { CLIENT_ERRORS } from './client/client-error.ts';
import { CLIENT_OPTIONS, parseClientOptions } from './client/client-options.ts';
import { openClient } from './client/open-client.ts';
import { FUNCTIONS } from './client/operations.ts';
import {
  BROKER_PORT,
  CLUSTER_ID,
  CLUSTER_OPTIONS,
  CONTROLLER_PORT,
  nodeIdOf,
  brokersOf,
  propertiesText,
  type ClusterNode,
} from './cluster-options.ts';
import { describeMessages } from './describe-messages.ts';
import type { KraftNode } from './node/kraft-node.ts';
import { startKraftNode } from './node/kraft-node.ts';
import { openLogDir } from './node/log-dir.ts';
import { readServerProperties } from './node/properties.ts';
import type { PropertyValues } from './node/property-table.ts';
import { nodeRulesWith } from './node/rules.ts';
import { ERRORS } from './wire/error-codes.ts';

const STARTING: NodeStatus = { role: 'starting', term: 0, leader: null };

/** @throws HarnessError that names the options which no node would start with */
const propertiesOf = (node: ClusterNode): PropertyValues =>
  readServerProperties(propertiesText(node), 'the options', () => '--option').values;

/** @throws HarnessError for an unknown bug, or options that no node would start with */
const kraftProgram: NodeProgram = (runtime, { name, peers, options, bugs }) => {
  const properties = propertiesOf({ name, peers, options });
  nodeRulesWith(bugs);
  let node: KraftNode | null = null;
  openLogDir(runtime, { nodeId: nodeIdOf(peers, name), clusterId: CLUSTER_ID })
    .then(({ directoryId }) => {
      node = startKraftNode(runtime, {
        properties,
        clusterId: CLUSTER_ID,
        directoryId,
        bugs,
        nameOf: (id) => peers[id - 1] ?? String(id),
      });
    })
    .catch((error: unknown) => runtime.crash(`cannot start: ${messageOf(error)}`));
  return {
    status: () => node?.status() ?? STARTING,
    shutdown: () => node?.shutdown() ?? Promise.resolve(),
    invariants: () => node?.invariants?.(),
  };
};

const NODES = 3;

/** Ways to keep copies of a partition, for `shaketable compare`. */
const VARIANTS: readonly Variant[] = [
  {
    name: 'isr',
    description: 'in-sync replicas, as in Kafka: acks=all, min.insync.replicas=2, no flush before an answer',
    options: {},
  },
  {
    name: 'raft',
    description: 'a Raft group a partition: a majority has flushed a record before it counts',
    options: { 'replication.protocol': 'raft' },
  },
  {
    name: 'isr-flush',
    description: 'in-sync replicas, each of which flushes a record before it counts',
    options: { 'log.flush.interval.messages': 1 },
  },
  {
    name: 'isr-acks-1',
    description: 'in-sync replicas; a send waits for the leader alone',
    options: { acks: 1, idempotence: false },
  },
];

export const kraft = {
  name: 'kraft',
  summary:
    'Kafka: a KRaft quorum, brokers that replicate by ISR or Raft, idempotent producers, transactions and groups',
  defaultNodes: NODES,
  functions: FUNCTIONS,
  options: [...CLUSTER_OPTIONS, ...CLIENT_OPTIONS],
  variants: VARIANTS,
  checkOptions: (options, nodes) => {
    for (const name of nodes) propertiesOf({ name, peers: nodes, options });
    parseClientOptions(options, brokersOf(nodes, options).length);
  },
  errors: [...ERRORS, ...CLIENT_ERRORS],
  bugs: BUG_LIST,
  program: kraftProgram,
  clientPort: BROKER_PORT,
  otherPorts: [CONTROLLER_PORT],
  invariants: 'kraft',
  describeMessages,
  openClient,
} satisfies System;
