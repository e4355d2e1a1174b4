import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe } from 'vitest';
import { bundleProgram } from '../real/bundle.ts';
import { RealCluster } from '../real/real-cluster.ts';
import { seeFaultsFromInside } from '../real/testing/faults-seen-from-inside.ts';
import { witness } from '../real/testing/witness.ts';
import { ProcessBackend } from './process-backend.ts';

const WITNESS = join(import.meta.dirname, '../real/testing/witness.ts');

describe('faults of child processes, seen from inside', () => {
  const folder = mkdtempSync(join(tmpdir(), 'process-cluster-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  seeFaultsFromInside(async () => {
    const nodes = ['n1', 'n2', 'n3'];
    const backend = new ProcessBackend({ nodes, ports: [7000, 7001], folder: (node) => join(folder, node) });
    await backend.prepare();
    const bundle = await bundleProgram({ modulePath: WITNESS, systemName: 'witness', aliases: {} });
    return new RealCluster({ system: witness, nodes, seed: 1, options: {}, bugs: [], backend, bundle });
  });
});
