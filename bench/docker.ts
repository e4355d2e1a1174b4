/**
 * How long five Raft nodes in containers take to serve, a partition to be in force, a kill and a restart, and all to be gone:
 * `npm run bench docker`. Needs Docker Engine; the image is made first where it is missing, and not counted.
 */
import { join } from 'node:path';
import { createDockerBackend } from '../harness/cluster/docker/docker-backend.ts';
import { connectEngine } from '../harness/cluster/docker/engine.ts';
import { ensureImage } from '../harness/cluster/docker/image/build-image.ts';
import { bundleProgram } from '../harness/cluster/real/bundle.ts';
import { RealCluster } from '../harness/cluster/real/real-cluster.ts';
import { raft } from '../systems/raft/index.ts';
import { messageOf } from '../harness/errors.ts';

const NODES = ['n1', 'n2', 'n3', 'n4', 'n5'];
const ROUNDS = 3;

async function timed(times: number[], action: () => Promise<unknown>): Promise<void> {
  const startedMs = performance.now();
  await action();
  times.push(performance.now() - startedMs);
}

export async function run(): Promise<void> {
  try {
    await ensureImage(await connectEngine(), { progress: (line) => console.log(line) });
  } catch (error) {
    console.log(messageOf(error));
    return;
  }
  const modulePath = join(import.meta.dirname, '../systems/raft/index.ts');
  const bundle = await bundleProgram({ modulePath, systemName: raft.name, aliases: {} });
  const options = Object.fromEntries(raft.options.map((option) => [option.name, option.default]));
  const times: Record<string, number[]> = {
    up: [],
    partition: [],
    heal: [],
    kill: [],
    restart: [],
    gone: [],
  };
  for (let round = 0; round < ROUNDS; round++) {
    const backend = await createDockerBackend({
      runId: `bench-${round}`,
      nodes: NODES,
      ports: [raft.clientPort],
    });
    let cluster: RealCluster | null = null;
    await timed(times['up']!, async () => {
      await backend.prepare();
      cluster = new RealCluster({ system: raft, nodes: NODES, seed: 1, options, bugs: [], backend, bundle });
      await cluster.start();
    });
    const links = NODES.slice(2).flatMap((far) =>
      ['n1', 'n2'].flatMap(
        (near) =>
          [
            [near, far],
            [far, near],
          ] as const,
      ),
    );
    await timed(times['partition']!, async () => {
      for (const [from, to] of links) await cluster!.cut(from, to);
    });
    await timed(times['heal']!, async () => {
      for (const [from, to] of links) await cluster!.heal(from, to);
    });
    await timed(times['kill']!, () => cluster!.kill('n3'));
    await timed(times['restart']!, () => cluster!.restart('n3'));
    await timed(times['gone']!, () => cluster!.stop());
  }
  const titles: Record<string, string> = {
    up: 'five nodes serve',
    partition: 'two nodes cut from three (12 directions)',
    heal: 'healed',
    kill: 'one killed',
    restart: 'and started again',
    gone: 'all gone',
  };
  for (const [name, title] of Object.entries(titles)) {
    const sorted = times[name]!.toSorted((a, b) => a - b).map((ms) => `${Math.round(ms)} ms`);
    console.log(`${title.padEnd(42)} ${sorted.join('  ')}`);
  }
}

if (import.meta.main) await run();
