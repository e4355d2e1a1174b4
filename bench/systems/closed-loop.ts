/**
 * A closed loop on a process cluster, through the harness as in a run: as many clients as asked, each of which invokes again as
 * soon as it is answered.
 *
 *     const { operationsPerS, p50Ms } = await closedLoop({ system: raft, nodes: 3, clients: 64, seconds: 5, … });
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'hdr-histogram-js';
import { ProcessBackend } from '../../harness/cluster/process/process-backend.ts';
import { bundleProgram } from '../../harness/cluster/real/bundle.ts';
import { RealCluster } from '../../harness/cluster/real/real-cluster.ts';
import { clients, type GeneratorLike, timeLimit } from '../../harness/generator/index.ts';
import type { Operation } from '../../harness/history/operation.ts';
import { interpret } from '../../harness/interpreter/interpreter.ts';
import { NS_PER_US, nsToS, sToNs } from '../../harness/units.ts';
import type { System } from '../../systems/system.ts';

export interface Load {
  readonly system: System;
  /** Of a program: the module that exports it. */
  readonly modulePath?: string;
  readonly nodes: number;
  readonly clients: number;
  readonly seconds: number;
  readonly generator: GeneratorLike;
  readonly options?: { readonly [name: string]: number | boolean | string };
}

export interface Figures {
  readonly operationsPerS: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly ok: number;
  readonly others: number;
  /** Of the harness's own process, as a share of the time. */
  readonly harnessCpuShare: number;
}

/** The first second is for connections, elections and compilers. */
const WARM_UP_S = 1;

export async function closedLoop(load: Load): Promise<Figures> {
  const { system, modulePath } = load;
  const folder = mkdtempSync(join(tmpdir(), 'shaketable-bench-'));
  const nodes = Array.from({ length: load.nodes }, (_, i) => `n${i + 1}`);
  const ports = [system.clientPort, ...(system.otherPorts ?? [])];
  const backend = new ProcessBackend({ nodes, ports, folder: (node) => join(folder, node) });
  const bundle =
    modulePath === undefined
      ? null
      : await bundleProgram({ modulePath, systemName: system.name, aliases: {} });
  await backend.prepare();
  const defaults = Object.fromEntries(system.options.map((option) => [option.name, option.default]));
  const cluster = new RealCluster({
    system,
    nodes,
    seed: 1,
    options: { ...defaults, ...load.options },
    bugs: [],
    backend,
    bundle,
  });
  try {
    await cluster.start();
    return await measure(cluster, load);
  } finally {
    await cluster.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(cluster: RealCluster, load: Load): Promise<Figures> {
  const latencies = build();
  const invoked = new Map<number | string, Operation>();
  let [ok, others] = [0, 0];
  const beginNs = cluster.clock.now() + sToNs(WARM_UP_S);
  let cpu = process.cpuUsage();
  let isWarm = false;
  await interpret({
    clock: cluster.clock,
    generator: clients(timeLimit(WARM_UP_S + load.seconds, load.generator)),
    openClient: (node, clientId) => cluster.openClient(node, clientId),
    nemesis: null,
    nodes: cluster.nodes,
    concurrency: load.clients,
    seed: 1,
    operationTimeoutNs: sToNs(10),
    onOperation: (operation) => {
      if (operation.time < beginNs) return;
      if (!isWarm) {
        isWarm = true;
        cpu = process.cpuUsage();
      }
      if (operation.type === 'invoke') {
        invoked.set(operation.process, operation);
        return;
      }
      const invocation = invoked.get(operation.process);
      if (invocation === undefined) return;
      if (operation.type === 'ok') ok++;
      else others++;
      latencies.recordValue(Math.max(1, Math.round((operation.time - invocation.time) / NS_PER_US)));
    },
  });
  const elapsedS = nsToS(cluster.clock.now() - beginNs);
  const { user, system } = process.cpuUsage(cpu);
  return {
    operationsPerS: Math.round(ok / elapsedS),
    p50Ms: latencies.getValueAtPercentile(50) / 1_000,
    p99Ms: latencies.getValueAtPercentile(99) / 1_000,
    ok,
    others,
    harnessCpuShare: (user + system) / 1e6 / elapsedS,
  };
}
