import { expect, it } from 'vitest';
import { SimCluster } from '../../harness/cluster/sim/sim-cluster.ts';
import { sToNs } from '../../harness/units.ts';
import { SHUTDOWN_LIMIT_MS } from '../runtime/node-program.ts';
import { kraft } from './index.ts';

it('a node that is asked to end does so in good order, and in time', async () => {
  const cluster = new SimCluster({ system: kraft, nodes: ['n1', 'n2', 'n3'], seed: 1 });
  const tookMs = await cluster.run(async () => {
    await cluster.start();
    await cluster.clock.sleep(sToNs(3));
    const askedNs = cluster.clock.now();
    await cluster.kill('n1', { terminate: true });
    const ms = (cluster.clock.now() - askedNs) / 1e6;
    await cluster.stop();
    return ms;
  });
  // The controller was told, logs were closed; a kill takes no time at all.
  expect(tookMs).toBeGreaterThan(1);
  expect(tookMs).toBeLessThan(SHUTDOWN_LIMIT_MS);
});
