/** What the process cluster does to nodes of ours, containers do, too; and what only containers can. */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { bundleProgram } from '../real/bundle.ts';
import { RealCluster } from '../real/real-cluster.ts';
import { seeFaultsFromInside } from '../real/testing/faults-seen-from-inside.ts';
import { type Sight, witness } from '../real/testing/witness.ts';
import { createDockerBackend } from './docker-backend.ts';
import { dockerRequirement } from './testing/require-docker.ts';

const docker = await dockerRequirement();
const WITNESS = join(import.meta.dirname, '../real/testing/witness.ts');

async function newCluster(runId: string, nodes: readonly string[]): Promise<RealCluster> {
  const bundle = await bundleProgram({ modulePath: WITNESS, systemName: 'witness', aliases: {} });
  const backend = await createDockerBackend({ runId, nodes, ports: [7000, 7001] });
  await backend.prepare();
  return new RealCluster({ system: witness, nodes, seed: 1, options: {}, bugs: [], backend, bundle });
}

describe.skipIf(docker.skip)(`faults of containers, seen from inside${docker.note}`, () => {
  seeFaultsFromInside(() => newCluster('witness', ['n1', 'n2', 'n3']));
});

describe.skipIf(docker.skip)(`what only containers can${docker.note}`, () => {
  it('a container that is removed comes back on its data; one that may use little of a processor ticks late', async () => {
    const cluster = await newCluster('removed', ['n1']);
    let clientId = 0;
    const look = async (): Promise<Sight> => {
      for (let i = 0; i < 200; i++) {
        const client = await cluster.openClient('n1', clientId++);
        const { type, value } = await client.invoke({ f: 'look', value: null });
        client.close();
        if (type === 'ok') return value as Sight;
        await delay(20);
      }
      throw new Error('n1 does not answer');
    };
    try {
      await cluster.start();
      expect((await look()).boots).toBe(1);
      expect(await cluster.kill('n1', { remove: true })).toMatchObject({
        processesKilled: 1,
        containersRemoved: 1,
      });
      await cluster.restart('n1');
      expect((await look()).boots).toBe(2);
      await cluster.limit('n1', { cpus: 0.02 });
      await delay(1_500);
      expect((await cluster.unlimit('n1'))['periodsThrottled']).toBeGreaterThan(0);
    } finally {
      await cluster.stop();
    }
  });
});
