/**
 * How many operations on logs a wall-clock second the simulator does with three brokers: clients that send and poll again as soon
 * as they are answered, invariants on; with our client and with the unmodified kafkajs. And how long 30 simulated seconds at 200
 * operations a second take.
 *
 *     node bench/kraft-sim.ts
 *
 * Node.js compiles while the first 10,000 operations or so run, at two thirds of the speed that it then has: that is the warm-up.
 */
import { IsrInvariants } from '../checkers/invariants/index.ts';
import { SimCluster } from '../harness/cluster/sim/sim-cluster.ts';
import type { Invocation } from '../harness/interpreter/client.ts';
import { randomStream } from '../harness/random.ts';
import { NS_PER_MS, sToNs } from '../harness/units.ts';
import { kraft } from '../systems/kraft/index.ts';

const NODES = ['n1', 'n2', 'n3'];
const CLIENTS = 10;
const KEYS = ['t0-0', 't0-1', 't1-0', 't1-1'];
const SEND_SHARE_PERCENT = 50;
/** Simulated time in which the cluster starts and the first client makes its topics: not measured. */
const START_S = 5;

interface Load {
  readonly title: string;
  readonly client: 'plain' | 'kafkajs';
  /** Mean pause of each client between operations; 0 for none. */
  readonly thinkNs: number;
  readonly simulatedS: number;
}

async function measure({ title, client, thinkNs, simulatedS }: Load): Promise<void> {
  const options = { client, 'min.insync.replicas': 2 };
  const cluster = new SimCluster({ system: kraft, nodes: NODES, seed: 1, options });
  const monitor = new IsrInvariants({ globalOrder: true });
  let [traceRecords, violations] = [0, 0];
  cluster.onTrace((record) => {
    traceRecords++;
    if (monitor.observe(record) !== undefined) violations++;
  });
  const counts = { ok: 0, fail: 0, info: 0 };
  const endNs = sToNs(START_S + simulatedS);
  let [startedMs, cpu, events] = [0, process.cpuUsage(), 0];
  const invocations: string[] = [];
  await cluster.run(async () => {
    await cluster.start();
    const work = async (id: number): Promise<void> => {
      const random = randomStream(1, 'client', id);
      const connection = await cluster.openClient(NODES[id % NODES.length] as string, id);
      const value = KEYS.slice();
      while (cluster.clock.now() < sToNs(START_S)) {
        const { type } = await connection.invoke({ f: 'assign', value });
        if (type === 'ok') await cluster.clock.sleep(sToNs(START_S) - cluster.clock.now());
        else await cluster.clock.sleep(100 * NS_PER_MS);
      }
      if (startedMs === 0) {
        [startedMs, cpu, events, traceRecords] = [
          performance.now(),
          process.cpuUsage(),
          cluster.eventCount,
          0,
        ];
      }
      for (let count = 0; cluster.clock.now() < endNs; count++) {
        if (thinkNs > 0) await cluster.clock.sleep(random.exponential(thinkNs));
        const isSend = random.integer(0, 99) < SEND_SHARE_PERCENT;
        const key = KEYS[random.integer(0, KEYS.length - 1)] as string;
        const operation: Invocation = isSend
          ? { f: 'send', value: [['send', key, id * 1_000_000 + count]] }
          : { f: 'poll', value: null };
        const completion = await connection.invoke(operation);
        counts[completion.type]++;
        if (completion.type !== 'ok' && invocations.length < 3) invocations.push(JSON.stringify(completion));
      }
      connection.close();
    };
    await Promise.all(Array.from({ length: CLIENTS }, (_, id) => work(id)));
  });
  const wallS = (performance.now() - startedMs) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const cpuS = (user + system) / 1e6;
  events = cluster.eventCount - events;
  await cluster.stop();
  const total = counts.ok + counts.fail + counts.info;
  const perOperation = (count: number): string => (count / Math.max(1, total)).toFixed(1);
  const parts = [
    `${total} operations (${counts.ok} ok, ${counts.fail} fail, ${counts.info} info)`,
    `${simulatedS} s simulated in ${wallS.toFixed(2)} s (${cpuS.toFixed(2)} s of CPU time)`,
    `${Math.round(total / wallS)} operations/s (${Math.round(total / cpuS)} a second of CPU time)`,
    `${perOperation(events)} events and ${perOperation(traceRecords)} trace records an operation`,
    `${violations} violations`,
  ];
  console.log(`kraft-sim: ${title}: ${parts.join('; ')}`);
  for (const line of invocations) console.log(`kraft-sim:   not ok: ${line.slice(0, 300)}`);
}

export async function run(): Promise<void> {
  await measure({ title: 'warm-up', client: 'plain', thinkNs: 0, simulatedS: 5 });
  await measure({ title: 'our client', client: 'plain', thinkNs: 0, simulatedS: 20 });
  await measure({ title: 'kafkajs', client: 'kafkajs', thinkNs: 0, simulatedS: 1 });
  // Each operation takes some milliseconds on top of the pause.
  const thinkNs = 48 * NS_PER_MS;
  await measure({
    title: 'our client, 200 operations/s',
    client: 'plain',
    thinkNs,
    simulatedS: 30,
  });
}

if (import.meta.main) await run();
