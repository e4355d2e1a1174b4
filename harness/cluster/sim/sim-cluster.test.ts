import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { randomStream } from '../../random.ts';
import { msToNs, sToNs } from '../../units.ts';
import type { Runtime } from '../../../systems/runtime/runtime.ts';
import { SimCluster } from './sim-cluster.ts';
import { serveEcho, toySystem } from './toy-system.ts';

/** Nodes that do a bit of everything: gossip with random pauses, count on disk, serve echo. */
function busy(runtime: Runtime, peers: readonly string[]): void {
  serveEcho(runtime);
  let heard = 0;
  runtime.onDatagram((_from, bytes) => {
    heard += bytes.length;
  });
  const gossip = (): void => {
    runtime.sendDatagram(runtime.random.pick(peers), new Uint8Array(1 + (heard % 50)));
    runtime.setTimer(msToNs(runtime.random.float() * 5), gossip);
  };
  gossip();
  void (async () => {
    const file = await runtime.files.open('count', { create: true });
    for (let i = 0; ; i++) {
      if (i % 100 === 0) await file.truncate(0);
      await file.append(new Uint8Array(8).fill(i));
      if (runtime.random.chance(0.5)) await file.sync();
    }
  })();
}

interface Outcome {
  readonly hash: string;
  readonly events: number;
  readonly answers: readonly string[];
}

/** Ten seconds of faults and clients, all drawn from the seed. */
async function shaken(seed: number, faults: 'all' | 'none' = 'all'): Promise<Outcome> {
  const system = toySystem((runtime, config) => busy(runtime, config.peers));
  const cluster = new SimCluster({ system, nodes: ['n1', 'n2', 'n3'], seed });
  const answers: string[] = [];
  await cluster.run(async () => {
    await cluster.start();
    const random = randomStream(seed, 'test');
    for (let i = 0; i < 20; i++) {
      const [a, b] = random.shuffle(cluster.nodes) as [string, string, string];
      if (faults === 'all') {
        await cluster.cut(a, b);
        await cluster.degrade(b, a, { lossProbability: 0.2, duplicateProbability: 0.2, jitterMs: 3 });
        if (i % 4 === 0) await cluster.kill(a, { loseUnsynced: i % 8 === 0 });
        if (i % 4 === 1) await cluster.pause(b);
        if (i % 4 === 2) await cluster.driftClock(b, 1.3);
      }
      const client = await cluster.openClient(b, i);
      const answer = await Promise.race([
        client.invoke({ f: 'echo', value: i }),
        cluster.clock.sleep(msToNs(300)).then(() => ({ type: 'info', error: { code: 'timeout' } })),
      ]);
      answers.push(JSON.stringify(answer));
      client.close();
      await cluster.clock.sleep(msToNs(200));
      if (faults === 'all') {
        const observed = [await cluster.heal(a, b), await cluster.restore(b, a), await cluster.resetClock(b)];
        answers.push(JSON.stringify(observed));
        if (i % 4 === 0) await cluster.restart(a);
        if (i % 4 === 1) await cluster.resume(b);
      }
    }
    await cluster.stop();
  });
  return { hash: cluster.eventHash, events: cluster.eventCount, answers };
}

describe('SimCluster', () => {
  it('is a pure function of the seed', async () => {
    const first = await shaken(1);
    expect(first.events).toBeGreaterThan(10_000);
    expect(await shaken(1)).toEqual(first);
    const other = await shaken(2);
    expect(other.hash).not.toBe(first.hash);
    expect((await shaken(1, 'none')).hash).not.toBe(first.hash);
  });

  it('does not let a fault on one link or node change what others draw', async () => {
    /** When n3 heard from n2, with and without faults on n1. */
    const heard = async (faulty: boolean): Promise<number[]> => {
      const times: number[] = [];
      const cluster: SimCluster = new SimCluster({
        nodes: ['n1', 'n2', 'n3'],
        seed: 9,
        system: toySystem((runtime, config) => {
          if (runtime.host !== 'n2') busy(runtime, config.peers);
          if (runtime.host === 'n3') {
            runtime.onDatagram((from) => {
              if (from === 'n2') times.push(cluster.clock.now());
            });
          }
          if (runtime.host !== 'n2') return;
          const send = (): void => {
            for (const peer of ['n1', 'n3']) runtime.sendDatagram(peer, new Uint8Array(10));
            runtime.setTimer(msToNs(runtime.random.float() * 5), send);
          };
          send();
        }),
      });
      await cluster.run(async () => {
        await cluster.start();
        if (faulty) {
          await cluster.degrade('n1', 'n3', { lossProbability: 0.5 });
          await cluster.cut('n2', 'n1');
          await cluster.driftClock('n1', 3);
          await cluster.clock.sleep(sToNs(1));
          await cluster.kill('n1', { loseUnsynced: true });
        } else {
          await cluster.clock.sleep(sToNs(1));
        }
        await cluster.clock.sleep(sToNs(1));
      });
      return times;
    };
    const times = await heard(false);
    expect(times.length).toBeGreaterThan(200);
    expect(await heard(true)).toEqual(times);
  });

  it('gives a client the addresses of all, and forgets its host when it is closed', async () => {
    const cluster = new SimCluster({ system: toySystem(serveEcho), nodes: ['n1', 'n2'], seed: 1 });
    await cluster.run(async () => {
      await cluster.start();
      const client = await cluster.openClient('n2', 7);
      await expect(cluster.openClient('n1', 7)).rejects.toThrow('client 7 is open already');
      await expect(cluster.openClient('n9', 8)).rejects.toThrow('no node is called n9');
      expect(await client.invoke({ f: 'echo', value: 'hello' })).toEqual({ type: 'ok', value: 'hello' });
      await cluster.cut('n2', 'client-7');
      void client.invoke({ f: 'echo', value: 'lost' });
      await cluster.clock.sleep(msToNs(10));
      // Both directions: the answer waits, and the client's next message for an acknowledgement.
      expect(await cluster.heal('n2', 'client-7')).toMatchObject({ connectionsStalled: 2 });
      client.close();
      client.close();
      const again = await cluster.openClient('n2', 7);
      expect(await again.invoke({ f: 'echo', value: 'again' })).toEqual({ type: 'ok', value: 'again' });
      again.close();
      const refused = await cluster.openClient('n1', 8);
      await cluster.kill('n1');
      expect((await refused.invoke({ f: 'echo', value: 1 })).type).toBe('info');
    });
  });

  it('ends the run with an error when a client throws in a callback', async () => {
    const system = {
      ...toySystem(serveEcho),
      openClient: (endpoint: Parameters<ReturnType<typeof toySystem>['openClient']>[0]) => {
        endpoint.setTimer(1, () => {
          throw new Error('a bug of the client');
        });
        return new Promise<never>(() => undefined);
      },
    };
    const cluster = new SimCluster({ system, nodes: ['n1'], seed: 1 });
    const run = cluster.run(async () => {
      await cluster.start();
      await cluster.openClient('n1', 0);
    });
    await expect(run).rejects.toMatchObject({ code: 'client', message: 'client-0: a bug of the client' });
  });

  it('stops everything once, and starts once', async () => {
    const cluster = new SimCluster({ system: toySystem(serveEcho), nodes: ['n1'], seed: 1 });
    await cluster.run(async () => {
      await cluster.start();
      await expect(cluster.start()).rejects.toThrow('started already');
      await cluster.stop();
      await cluster.stop();
      expect(cluster.isRunning('n1')).toBe(false);
    });
    expect(() => new SimCluster({ system: toySystem(serveEcho), nodes: ['client-1'], seed: 1 })).toThrow(
      'clients are',
    );
  });

  it('needs no more memory for more simulated time', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const system = toySystem((runtime, config) => busy(runtime, config.peers));
    const cluster = new SimCluster({ system, nodes: ['n1', 'n2', 'n3', 'n4', 'n5'], seed: 1 });
    const heap: number[] = [];
    await cluster.run(async () => {
      await cluster.start();
      let clientId = 0;
      for (let round = 0; round < 4; round++) {
        for (let i = 0; i < 100; i++) {
          const [a, b] = [cluster.nodes[i % 5]!, cluster.nodes[(i + 1) % 5]!];
          await cluster.cut(a, b);
          await cluster.degrade(b, a, {
            lossProbability: 0.5,
            duplicateProbability: 0.5,
            reorderProbability: 0.5,
          });
          const client = await cluster.openClient(a, clientId++);
          void client.invoke({ f: 'echo', value: i });
          if (i % 10 === 0) await cluster.kill(b, { loseUnsynced: true });
          if (i % 10 === 5) await cluster.pause(b);
          await cluster.clock.sleep(msToNs(100));
          client.close();
          await cluster.heal(a, b);
          await cluster.restore(b, a);
          if (i % 10 === 0) await cluster.restart(b);
          if (i % 10 === 5) await cluster.resume(b);
        }
        collect();
        heap.push(process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers);
      }
    });
    expect(cluster.eventCount).toBeGreaterThan(300_000);
    // After the first round, which warms up, 20 simulated seconds add less than what one of them allocates.
    expect(heap.at(-1)! - heap[1]!).toBeLessThan(2_000_000);
  });
});
