import fc from 'fast-check';
import { expect, it } from 'vitest';
import { msToNs } from '../../units.ts';
import type { Connection, Runtime } from '../../../systems/runtime/runtime.ts';
import { SimCluster } from './sim-cluster.ts';
import { toySystem, TOY_PORT } from './toy-system.ts';

const link = fc.constantFrom(['n1', 'n2'] as const, ['n2', 'n1'] as const);
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('write' as const), length: fc.integer({ min: 1, max: 400 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 3000 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom('cut', 'heal', 'lossy', 'slow', 'restore'), link }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('pause', 'resume') }) },
);
const ending = fc.constantFrom('nothing', 'close', 'kill', 'power loss');

it('a connection is a byte stream whatever happens: a prefix of what was written, all of it unless it was reset', async () => {
  const seen = { whole: 0, partial: 0, closed: 0, reset: 0, silent: 0 };
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), ending, fc.nat(), async (steps, end, seed) => {
      let written = 0;
      let connection: Connection | null = null;
      const received: number[] = [];
      const ends: { here: string[]; there: string[] } = { here: [], there: [] };
      const cluster = new SimCluster({
        nodes: ['n1', 'n2'],
        seed,
        network: { windowBytes: 1000 },
        system: toySystem((runtime: Runtime) => {
          if (runtime.host === 'n2') {
            runtime.listen(TOY_PORT, (accepted) => {
              accepted.onData((bytes) => {
                expect(ends.there).toEqual([]);
                received.push(...bytes);
              });
              accepted.onClose((reason) => ends.there.push(reason));
            });
          } else if (connection === null) {
            connection = runtime.connect({ host: 'n2', port: TOY_PORT });
            connection.onClose((reason) => ends.here.push(reason));
          }
        }),
      });
      await cluster.run(async () => {
        await cluster.start();
        for (const what of steps) {
          if ('length' in what) {
            if (ends.here.length > 0) continue; // what is written after the end is dropped
            connection!.write(Uint8Array.from({ length: what.length }, () => written++ % 251));
          } else if ('ms' in what) await cluster.clock.sleep(msToNs(what.ms));
          else if ('link' in what) {
            const [from, to] = what.link;
            if (what.do === 'cut') await cluster.cut(from, to);
            else if (what.do === 'heal') await cluster.heal(from, to);
            else if (what.do === 'lossy') await cluster.degrade(from, to, { lossProbability: 0.5 });
            else if (what.do === 'slow') await cluster.degrade(from, to, { delayMs: 100, jitterMs: 500 });
            else await cluster.restore(from, to);
          } else if (what.do === 'pause') await cluster.pause('n2');
          else await cluster.resume('n2');
        }
        if (end === 'close') connection!.close();
        if (end === 'kill') await cluster.kill('n1');
        if (end === 'power loss') await cluster.kill('n1', { loseUnsynced: true });
        for (const [from, to] of [
          ['n1', 'n2'],
          ['n2', 'n1'],
        ] as const) {
          await cluster.heal(from, to);
          await cluster.restore(from, to);
        }
        await cluster.resume('n2');
        await cluster.clock.sleep(msToNs(60_000));
      });
      expect(received).toEqual(Array.from({ length: received.length }, (_, i) => i % 251));
      expect(received.length).toBeLessThanOrEqual(written);
      expect(ends.here.length).toBeLessThanOrEqual(1);
      expect(ends.there.length).toBeLessThanOrEqual(1);
      const [here, there] = [ends.here[0], ends.there[0]];
      if (end === 'nothing' && here === undefined) {
        expect(received.length).toBe(written);
        expect(there).toBeUndefined();
      }
      // An orderly end comes after all data; a dead or lost sender is noticed at the other side.
      if (there === 'closed') expect(received.length).toBe(written);
      if (here === 'reset') expect(['reset', undefined]).toContain(there);
      if (end === 'kill' || end === 'power loss') expect(there).not.toBe('closed');
      seen[received.length === written ? 'whole' : 'partial']++;
      seen[there === 'closed' ? 'closed' : there === 'reset' ? 'reset' : 'silent']++;
    }),
    { numRuns: 300 },
  );
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(10);
});
