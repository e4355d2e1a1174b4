/**
 * What an event of the simulator costs: ping-pong of datagrams, timers that are set and cancelled, file appends with
 * fsync, and echo clients over connections.
 *
 *     node bench/simulator.ts
 */
import { pathToFileURL } from 'node:url';
import { SimCluster } from '../harness/cluster/sim/sim-cluster.ts';
import { serveEcho, toySystem } from '../harness/cluster/sim/toy-system.ts';
import { msToNs, sToNs } from '../harness/units.ts';
import type { Runtime } from '../systems/runtime/runtime.ts';

export interface SimulatorFigure {
  readonly name: string;
  readonly events: number;
  /** Of this process: other load on the machine does not count. */
  readonly cpuMs: number;
}

const BALLS = 20;
const CLIENTS = 10;
const OPERATIONS_PER_CLIENT = 20_000;

/** Balls that fly between the nodes for ever, each bounce resetting a timer as a heartbeat resets an election timer. */
function pingPong(runtime: Runtime, peers: readonly string[]): void {
  let timer = runtime.setTimer(msToNs(150), () => undefined);
  runtime.onDatagram((from, bytes) => {
    timer.cancel();
    timer = runtime.setTimer(msToNs(150), () => undefined);
    runtime.sendDatagram(from, bytes);
  });
  if (runtime.host !== peers[0]) return;
  const serve = (): void => {
    for (let i = 0; i < BALLS; i++) {
      runtime.sendDatagram(peers[1 + (i % (peers.length - 1))]!, new Uint8Array(128));
    }
  };
  runtime.setTimer(0, serve); // when all are up
}

async function appendForEver(runtime: Runtime): Promise<void> {
  const file = await runtime.files.open('log', { create: true });
  for (let i = 0; ; i++) {
    if (i % 1000 === 0) await file.truncate(0);
    await file.append(new Uint8Array(256));
    await file.sync();
  }
}

async function measure(
  name: string,
  program: (runtime: Runtime, peers: readonly string[]) => void,
  main: (cluster: SimCluster) => Promise<void>,
): Promise<SimulatorFigure> {
  const system = toySystem((runtime, config) => program(runtime, config.peers));
  const cluster = new SimCluster({ system, nodes: ['n1', 'n2', 'n3', 'n4', 'n5'], seed: 1 });
  const begin = process.cpuUsage();
  await cluster.run(async () => {
    await cluster.start();
    await main(cluster);
  });
  return { name, events: cluster.eventCount, cpuMs: cpuMsSince(begin) };
}

function cpuMsSince(begin: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(begin);
  return (user + system) / 1000;
}

async function echo(cluster: SimCluster): Promise<void> {
  const one = async (clientId: number): Promise<void> => {
    const client = await cluster.openClient(cluster.nodes[clientId % cluster.nodes.length]!, clientId);
    for (let i = 0; i < OPERATIONS_PER_CLIENT; i++) await client.invoke({ f: 'echo', value: 'hello' });
    client.close();
  };
  await Promise.all(Array.from({ length: CLIENTS }, (_, clientId) => one(clientId)));
}

export async function run(): Promise<readonly SimulatorFigure[]> {
  const sleep = (seconds: number) => (cluster: SimCluster) => cluster.clock.sleep(sToNs(seconds));
  const figures = [
    await measure('ping-pong (warm-up)', pingPong, sleep(10)),
    await measure('ping-pong', pingPong, sleep(30)),
    await measure('append and fsync', (runtime) => void appendForEver(runtime), sleep(60)),
    await measure('echo over connections', serveEcho, echo),
  ];
  for (const { name, events, cpuMs } of figures) {
    const nsPerEvent = (cpuMs * 1e6) / events;
    console.log(`simulator: ${name}: ${events} events, ${nsPerEvent.toFixed(0)} ns of CPU time an event`);
  }
  return figures;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await run();
