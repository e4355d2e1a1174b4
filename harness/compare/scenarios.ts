/**
 * The experiment plan: what `shaketable compare` runs for each variant, seed by seed.
 *
 * Times are those of the harness's clusters, in which a broker that is silent for a second is fenced: faults last long enough that a
 * system can move leaders away, and there is time to settle before the next one.
 */
import type { Json } from '../history/operation.ts';
import type { Measure } from './measures.ts';
import type { Scenario, ScriptedFault } from './scenario.ts';

/** Of most scenarios: who is hit in turn. */
const NODES = ['n1', 'n2', 'n3'];

/** Sends to six partitions of one topic; clients give up soon, so that they ask again and again. */
const PROBING = {
  topics: 1,
  partitions: 6,
  sendShare: 1,
  idempotence: false,
  requestTimeoutMs: 250,
  timeoutMs: 400,
};
const PROBING_LOAD = { concurrency: 30, rate: 180 };

/** Three faults of 1.2 s each, and time for the log to settle before it is read to its end. */
function losing(name: string, title: string, nemesis: string, target: Json): Scenario {
  const faults = [4, 7, 10].map((atS): ScriptedFault => ({ nemesis, atS, forS: 1.2, target }));
  return {
    name,
    title,
    measures: ['loss'],
    concurrency: 10,
    rate: 100,
    timeLimitS: 13,
    quietS: 5,
    faults,
    options: { topics: 1, partitions: 3 },
  };
}

/** Each node in turn, for long enough that others take over. */
function eachInTurn(
  name: string,
  title: string,
  nemesis: string,
  measures: readonly Measure[] = ['unavailability', 'elections'],
): Scenario {
  return {
    name,
    title,
    measures,
    nodes: NODES.length,
    ...PROBING_LOAD,
    timeLimitS: 26,
    quietS: 8,
    faults: NODES.map((node, i) => ({ nemesis, atS: 5 + 7 * i, forS: 3.5, target: [node] })),
    options: PROBING,
  };
}

/** Each has one fault in force at a time: who is to kill a second node without healing the first takes another. */
const KILLERS = ['kill', 'kill-one'];

/** Brokers apart from the quorum, which is one node that stays, each with a replica of every partition; some go, one after the other, and stay away. */
function surviving(failures: number, replicas: number, minInsyncReplicas: number): Scenario {
  const controllers = 1;
  return {
    name: `survive-${failures}-of-${replicas}-min-${minInsyncReplicas}`,
    title: `${failures} of ${replicas} replicas gone, min.insync.replicas=${minInsyncReplicas}`,
    measures: ['survival'],
    nodes: controllers + replicas,
    concurrency: 10,
    rate: 60,
    timeLimitS: 5 + 5 * failures,
    quietS: 0,
    faults: KILLERS.slice(0, failures).map((nemesis, i) => ({
      nemesis,
      atS: 5 + 5 * i,
      target: [`n${controllers + 1 + i}`],
    })),
    options: {
      topics: 1,
      partitions: 3,
      sendShare: 1,
      controllers,
      combinedRoles: false,
      replicationFactor: replicas,
      minInsyncReplicas,
    },
    requires: ['controllers', 'combinedRoles', 'replicationFactor'],
  };
}

export const SCENARIOS: readonly Scenario[] = [
  losing('power-loss-all', 'power loss of all nodes', 'power-loss', 'all'),
  losing('power-loss-majority', 'power loss of a majority', 'power-loss', 'majority'),
  losing('power-loss-minority', 'power loss of a minority', 'power-loss', 'minority'),
  losing('kill-all', 'all nodes killed', 'kill', 'all'),
  losing('kill-majority', 'a majority killed', 'kill', 'majority'),
  losing('partition-one', 'a node cut off from the others', 'partition', 'one'),
  eachInTurn('kill-each', 'killed', 'kill'),
  eachInTurn('partition-each', 'cut off', 'partition'),
  eachInTurn('pause-each', 'paused', 'pause'),
  eachInTurn('restart-each', 'restarted cleanly', 'terminate'),
  {
    name: 'slow-replica',
    title: 'links of one node 50 ms slower, each way',
    measures: ['latency'],
    nodes: NODES.length,
    ...PROBING_LOAD,
    timeLimitS: 14,
    quietS: 1,
    faults: [
      {
        nemesis: 'slow',
        atS: 8,
        forS: 5.5,
        parameters: { nodes: NODES.slice(-1), link: { delayMs: 50 } },
      },
    ],
    options: { topics: 1, partitions: 6, sendShare: 1, idempotence: false },
  },
  ...[
    surviving(1, 2, 1),
    surviving(1, 2, 2),
    surviving(1, 3, 2),
    surviving(2, 3, 1),
    surviving(2, 3, 2),
    surviving(2, 5, 2),
  ],
  {
    name: 'healthy',
    title: 'no faults',
    measures: ['traffic', 'elections'],
    nodes: NODES.length,
    concurrency: 30,
    rate: 300,
    timeLimitS: 12,
    quietS: 5,
    faults: [],
    options: { topics: 1, partitions: 6, sendShare: 1 },
  },
];
