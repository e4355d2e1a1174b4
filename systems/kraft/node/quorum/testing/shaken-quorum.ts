/**
 * A quorum under random faults for some seconds, then at peace; what its nodes said of themselves is judged by the invariants of Raft
 * and the detector of lost commits, and what their listeners heard must agree.
 *
 *     const { problem, acknowledged } = await shakeQuorum({ seed: 7, bugs: ['ack-before-flush'] });
 */
import { RaftInvariants } from '../../../../../checkers/invariants/index.ts';
import { commitLoss } from '../../../../../checkers/commit-loss/index.ts';
import type { SimCluster } from '../../../../../harness/cluster/sim/sim-cluster.ts';
import { History } from '../../../../../harness/history/history.ts';
import type { Operation } from '../../../../../harness/history/operation.ts';
import type { TraceRecord } from '../../../../../harness/history/trace.ts';
import type { Random } from '../../../../../harness/random.ts';
import { randomStream } from '../../../../../harness/random.ts';
import { msToNs } from '../../../../../harness/units.ts';
import type { Acknowledged, QuorumSetup, ShakenQuorum } from './quorum-program.ts';
import { quorumCluster } from './quorum-program.ts';

/** Short timeouts, so that a few seconds have many elections. */
export const QUICK = {
  'controller.quorum.election.timeout.ms': 150,
  'controller.quorum.fetch.timeout.ms': 300,
  'controller.quorum.election.backoff.max.ms': 100,
  'controller.quorum.request.timeout.ms': 250,
} as const;

/** Snapshots and new segments every few records. */
export const SMALL = {
  'metadata.log.max.record.bytes.between.snapshots': 3000,
  'metadata.log.segment.bytes': 2000,
} as const;

export interface Shake extends QuorumSetup {
  readonly seed: number;
  readonly forMs?: number;
}

export interface Shaken {
  /** The first thing that was wrong; null where nothing was. */
  readonly problem: string | null;
  readonly acknowledged: number;
  readonly elections: number;
  readonly snapshotsLoaded: number;
  readonly eventHash: string;
}

const FAULTS_MS = 6000;
/** Long enough for an election. */
const PEACE_MS = 2000;
/** Long enough for everybody to catch up. */
const QUIET_MS = 1000;

export async function shakeQuorum({ forMs = FAULTS_MS, ...setup }: Shake): Promise<Shaken> {
  const quorum = quorumCluster({
    appendEveryMs: 15,
    ...setup,
    properties: { ...QUICK, ...SMALL, ...setup.properties },
  });
  const { sim, heard, acknowledged } = quorum;
  const monitor = new RaftInvariants({ globalOrder: true });
  const trace: TraceRecord[] = [];
  let problem: string | null = null;
  sim.onTrace((record) => {
    trace.push(record);
    const anomaly = monitor.observe(record);
    if (anomaly !== undefined) problem ??= `${anomaly.name}: ${anomaly.explanation}`;
  });
  try {
    await sim.run(async () => {
      await sim.start();
      await trouble(quorum, randomStream(setup.seed, 'faults'), msToNs(forMs));
      await sim.clock.sleep(msToNs(PEACE_MS));
      quorum.quiet();
      await sim.clock.sleep(msToNs(QUIET_MS));
    });
  } finally {
    await sim.stop();
  }
  problem ??= problemOf(quorum, acknowledged, trace, sim.clock.now());
  return {
    problem,
    acknowledged: acknowledged.length,
    elections: monitor.figures().elections,
    snapshotsLoaded: [...heard.values()].reduce((sum, each) => sum + each.snapshotsLoaded, 0),
    eventHash: sim.eventHash,
  };
}

async function trouble({ sim }: ShakenQuorum, random: Random, endNs: number): Promise<void> {
  const { nodes } = sim;
  while (sim.clock.now() < endNs) {
    await sim.clock.sleep(msToNs(random.integer(20, 400)));
    const [a, b] = random.shuffle([...nodes]) as [string, string];
    const [begin, end] = random.pick([
      [() => sim.kill(a, { loseUnsynced: random.chance(0.7), atWork: true }), () => sim.restart(a)],
      [
        () => Promise.all(nodes.map((node) => sim.kill(node, { loseUnsynced: true }))),
        () => Promise.all(nodes.map((node) => sim.restart(node))),
      ],
      [() => sim.pause(a), () => sim.resume(a)],
      [() => isolate(sim, a), () => rejoin(sim, a)],
      [() => sim.cut(a, b), () => sim.heal(a, b)],
    ] as const);
    await begin();
    await sim.clock.sleep(msToNs(random.integer(10, 700)));
    await end();
  }
}

export async function isolate(sim: SimCluster, node: string): Promise<void> {
  for (const other of sim.nodes) {
    if (other === node) continue;
    await sim.cut(node, other);
    await sim.cut(other, node);
  }
}

export async function rejoin(sim: SimCluster, node: string): Promise<void> {
  for (const other of sim.nodes) {
    if (other === node) continue;
    await sim.heal(node, other);
    await sim.heal(other, node);
  }
}

function problemOf(
  { sim, heard }: ShakenQuorum,
  acknowledged: readonly Acknowledged[],
  trace: readonly TraceRecord[],
  endNs: number,
): string | null {
  const [incident] = [...sim.crashes, ...sim.invariantViolations];
  if (incident !== undefined) return `${incident.node}: ${incident.message}`;
  const [first, ...others] = [...heard];
  for (const [node, { disorder, acting, timesLost, timesActing }] of heard) {
    if (disorder[0] !== undefined) return `${node} heard: ${disorder[0]}`;
    if (timesActing - timesLost !== (acting === null ? 0 : 1)) return `${node} acts and loses unevenly`;
  }
  const textOf = (state: ReadonlyMap<string, string>): string => JSON.stringify([...state].sort());
  if (first === undefined) return 'there are no nodes';
  const [firstNode, expected] = first;
  for (const [node, { state, nextOffset }] of others) {
    if (textOf(state) !== textOf(expected.state)) {
      return `${firstNode} (up to ${expected.nextOffset}) and ${node} (up to ${nextOffset}) end with different states`;
    }
  }
  const verdict = commitLoss().check({ history: historyOf(acknowledged, endNs), trace: [...trace] });
  const [lost] = verdict.anomalies;
  return lost === undefined ? null : `${lost.name}: ${lost.explanation}`;
}

/** What was acknowledged, as writes of one client each. */
function historyOf(acknowledged: readonly Acknowledged[], endNs: number): History {
  const operations: Operation[] = [];
  for (const { node, name, value, offset, epoch, timeNs } of acknowledged) {
    const base = { time: timeNs, process: 0, f: 'write', key: name, value, node } as const;
    operations.push({ ...base, index: operations.length, type: 'invoke' });
    const position = { index: offset + 1, term: epoch };
    operations.push({ ...base, index: operations.length, type: 'ok', position });
  }
  const read = { time: endNs, process: 1, f: 'read', value: null } as const;
  operations.push({ ...read, index: operations.length, type: 'invoke' });
  operations.push({ ...read, index: operations.length, type: 'ok' });
  return new History(operations);
}
