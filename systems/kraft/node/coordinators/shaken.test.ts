/**
 * Coordinators in whole nodes, in the simulator: what they acknowledged outlives kills, pauses, cut links and clocks that jump.
 */
import { describe, expect, test } from 'vitest';
import type { SimCluster } from '../../../../harness/cluster/sim/sim-cluster.ts';
import type { Json } from '../../../../harness/history/operation.ts';
import type { Client } from '../../../../harness/interpreter/client.ts';
import type { Random } from '../../../../harness/random.ts';
import { randomStream } from '../../../../harness/random.ts';
import { msToNs } from '../../../../harness/units.ts';
import type { InSim } from '../../client/testing/kraft-in-sim.ts';
import { inSim } from '../../client/testing/kraft-in-sim.ts';

const NODES = ['n1', 'n2', 'n3'];
const FAULTS = 6;
/** After a fault, until nobody believes that it leads who does not. */
const QUIET_MS = 3_000;
const PAUSE_MS = 40;
const KEY = 't0-0';

/** One fault, and its end. At most one node is away at a time: a majority remains. */
async function disturb(cluster: SimCluster, random: Random): Promise<void> {
  const node = random.pick(NODES);
  const during = (): Promise<void> => cluster.clock.sleep(msToNs(random.integer(200, 4_000)));
  switch (random.pick(['kill', 'pause', 'cut', 'clock'])) {
    case 'kill':
      await cluster.kill(node);
      await during();
      await cluster.restart(node);
      break;
    case 'pause':
      await cluster.pause(node);
      await during();
      await cluster.resume(node);
      break;
    case 'cut': {
      const others = NODES.filter((other) => other !== node);
      for (const other of others) await Promise.all([cluster.cut(node, other), cluster.cut(other, node)]);
      await during();
      for (const other of others) await Promise.all([cluster.heal(node, other), cluster.heal(other, node)]);
      break;
    }
    case 'clock':
      await cluster.bumpClock(node, random.integer(-60_000, 60_000));
      await during();
      await cluster.resetClock(node);
  }
}

/** Works until the faults are over. */
async function shake(
  { cluster }: InSim,
  seed: number,
  works: readonly ((isOver: () => boolean) => Promise<void>)[],
  whenQuiet: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  const random = randomStream(seed, 'faults');
  let isOver = false;
  const working = works.map((work) => work(() => isOver));
  for (let i = 0; i < FAULTS; i++) {
    await disturb(cluster, random);
    await cluster.clock.sleep(msToNs(random.integer(200, 1_000)));
    if (i % 2 === 0) continue;
    await cluster.clock.sleep(msToNs(QUIET_MS));
    await whenQuiet();
  }
  isOver = true;
  await Promise.all(working);
  expect(cluster.crashes).toEqual([]);
  expect(cluster.invariantViolations).toEqual([]);
}

const offsetOf = (value: Json): number => {
  const { offsets } = value as { readonly offsets: { readonly [key: string]: number | null } };
  return offsets[KEY] ?? -1;
};

describe.each([1, 2])('seed %i', (seed) => {
  test('an offset that was acknowledged is never taken back', async () => {
    const options = { requestTimeoutMs: 1_000, operationTimeoutMs: 3_000 };
    await inSim({ nodes: NODES, seed, options }, async (sim) => {
      const { cluster, invoke, eventually } = sim;
      const [committer, reader] = await Promise.all([
        cluster.openClient('n1', 1),
        cluster.openClient('n2', 2),
      ]);
      await eventually(committer, 'send', [['send', KEY, 1]]);
      let tried = 0;
      let acknowledged = -1;
      let acknowledgedCount = 0;
      // A coordinator that is cut off answers what it knows until it learns that it leads no more: as in Kafka, reads count when all is quiet.
      const read = async (isQuiet: boolean): Promise<void> => {
        const atLeast = acknowledged;
        const completion = await invoke(reader, 'committed', { group: 'g', offsets: { [KEY]: null } });
        if (completion.type !== 'ok') return;
        const found = offsetOf(completion.value ?? null);
        expect(found).toBeLessThanOrEqual(tried);
        if (isQuiet) expect(found).toBeGreaterThanOrEqual(atLeast);
      };
      await shake(
        sim,
        seed,
        [
          async (isOver) => {
            while (!isOver()) {
              const offset = ++tried;
              const value = { group: 'g', offsets: { [KEY]: offset } };
              const completion = await invoke(committer, 'commit', value);
              if (completion.type === 'ok') {
                acknowledged = Math.max(acknowledged, offset);
                acknowledgedCount++;
              }
              await cluster.clock.sleep(msToNs(PAUSE_MS));
            }
          },
          async (isOver) => {
            while (!isOver()) {
              await read(false);
              await cluster.clock.sleep(msToNs(PAUSE_MS));
            }
          },
        ],
        () => read(true),
      );
      await eventually(committer, 'commit', { group: 'g', offsets: { [KEY]: ++tried } });
      const last = await eventually(reader, 'committed', { group: 'g', offsets: { [KEY]: null } });
      expect(offsetOf(last)).toBe(tried);
      expect(acknowledgedCount).toBeGreaterThan(100);
    });
  });

  test('transfers happen as a whole or not at all', async () => {
    const options = { requestTimeoutMs: 1_000, operationTimeoutMs: 3_000, partitions: 2 };
    await inSim({ nodes: NODES, seed, options }, async (sim) => {
      const { cluster, invoke, eventually } = sim;
      const clients = await Promise.all(['n1', 'n3'].map((node, i) => cluster.openClient(node, i + 1)));
      const [first] = clients as [Client];
      await eventually(first, 'transfer', { from: 'a', to: 'b', amount: 1 });
      let transferred = 0;
      const random = randomStream(seed, 'transfers');
      await shake(
        sim,
        seed,
        clients.map((client) => async (isOver) => {
          while (!isOver()) {
            const [from, to] = random.shuffle(['a', 'b', 'c', 'd']);
            const value = { from: from as string, to: to as string, amount: random.integer(1, 9) };
            const completion = await invoke(client, 'transfer', value);
            if (completion.type === 'ok') transferred++;
            await cluster.clock.sleep(msToNs(3 * PAUSE_MS));
          }
        }),
      );
      const balances = (await eventually(first, 'read', null)) as { readonly [account: string]: number };
      expect(Object.values(balances).reduce((sum, balance) => sum + balance, 0)).toBe(0);
      expect(transferred).toBeGreaterThan(30);
      // Nothing is left open: a transaction that nobody decides would hold up all readers.
      await eventually(first, 'transfer', { from: 'a', to: 'b', amount: 1 });
      await eventually(first, 'read', { final: true });
    });
  });
});
