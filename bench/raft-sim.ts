/**
 * How many client operations a second the simulated Raft cluster serves on one core: 5 nodes, 10 clients that
 * invoke again as soon as they are answered, invariants on. And how long 60 simulated seconds at 200 operations
 * a second take.
 *
 *     node bench/raft-sim.ts
 */
import { pathToFileURL } from 'node:url';
import { RaftInvariants } from '../checkers/invariants/index.ts';
import { SimCluster } from '../harness/cluster/sim/sim-cluster.ts';
import type { Invocation } from '../harness/interpreter/client.ts';
import { randomStream } from '../harness/random.ts';
import { NS_PER_MS, sToNs } from '../harness/units.ts';
import { raft } from '../systems/raft/index.ts';

const NODES = ['n1', 'n2', 'n3', 'n4', 'n5'];
const KEYS = 5;

interface Load {
  readonly title: string;
  /** Mean pause of each client between operations; 0 for none. */
  readonly thinkNs: number;
  readonly simulatedS: number;
  readonly clients: number;
}

async function measure(load: Load): Promise<void> {
  const cluster = new SimCluster({ system: raft, nodes: NODES, seed: 1 });
  let traceRecords = 0;
  const monitor = new RaftInvariants({ globalOrder: true });
  let violations = 0;
  cluster.onTrace((record) => {
    traceRecords++;
    if (monitor.observe(record) !== undefined) violations++;
  });
  const counts = { ok: 0, fail: 0, info: 0 };
  const endNs = sToNs(load.simulatedS);
  const startedMs = performance.now();
  const cpu = process.cpuUsage();
  await cluster.run(async () => {
    await cluster.start();
    const client = async (id: number): Promise<void> => {
      const random = randomStream(1, 'client', id);
      const connection = await cluster.openClient(NODES[id % NODES.length] as string, id);
      while (cluster.clock.now() < endNs) {
        if (load.thinkNs > 0) await cluster.clock.sleep(random.exponential(load.thinkNs));
        const operation = nextOperation(random.integer(0, 2), random.integer(1, KEYS), random.integer(0, 4));
        const completion = await connection.invoke(operation);
        counts[completion.type]++;
      }
      connection.close();
    };
    await Promise.all(Array.from({ length: load.clients }, (_, id) => client(id)));
    await cluster.clock.sleep(Math.max(0, endNs - cluster.clock.now()));
  });
  const wallS = (performance.now() - startedMs) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const cpuS = (user + system) / 1e6;
  await cluster.stop();
  const total = counts.ok + counts.fail + counts.info;
  const perOperation = (count: number): string => (count / Math.max(1, total)).toFixed(1);
  const parts = [
    `${total} operations (${counts.ok} ok, ${counts.fail} fail, ${counts.info} info)`,
    `${load.simulatedS} s simulated in ${wallS.toFixed(2)} s (${cpuS.toFixed(2)} s of CPU time)`,
    `${Math.round(total / wallS)} operations/s (${Math.round(total / cpuS)} a second of CPU time)`,
    `${perOperation(cluster.eventCount)} events and ${perOperation(traceRecords)} trace records an operation`,
    `${violations} violations`,
  ];
  console.log(`raft-sim: ${load.title}: ${parts.join('; ')}`);
}

function nextOperation(kind: number, key: number, value: number): Invocation {
  if (kind === 0) return { f: 'read', key, value: null };
  if (kind === 1) return { f: 'write', key, value };
  return { f: 'cas', key, value: [value, (value + 1) % 5] };
}

export async function run(): Promise<void> {
  await measure({ title: 'warm-up', thinkNs: 0, simulatedS: 2, clients: 10 });
  await measure({ title: 'closed loop', thinkNs: 0, simulatedS: 60, clients: 10 });
  // Each operation takes about two milliseconds on top of the pause.
  await measure({ title: '200 operations/s', thinkNs: 48 * NS_PER_MS, simulatedS: 60, clients: 10 });
  await measure({ title: 'idle', thinkNs: 0, simulatedS: 60, clients: 0 });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await run();
