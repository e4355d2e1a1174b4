import { describe, expect, it } from 'vitest';
import { msToNs } from '../../units.ts';
import type { LinkFault } from '../cluster.ts';
import { SimCluster, type SimClusterOptions } from './sim-cluster.ts';
import { sampleHash } from './network.ts';
import { toySystem } from './toy-system.ts';

interface Arrival {
  readonly at: number;
  readonly from: string;
  readonly number: number;
}

const SENDS = 1000;

/** n1 sends a numbered datagram every millisecond to n2 and n3; returns the cluster and what each of them got. */
function numberedDatagrams(options: Partial<SimClusterOptions> = {}): {
  cluster: SimCluster;
  arrivals: ReadonlyMap<string, Arrival[]>;
} {
  const arrivals = new Map<string, Arrival[]>(['n1', 'n2', 'n3'].map((name) => [name, []]));
  const cluster: SimCluster = new SimCluster({
    nodes: ['n1', 'n2', 'n3'],
    seed: 7,
    ...options,
    system: toySystem((runtime) => {
      const own = arrivals.get(runtime.host)!;
      runtime.onDatagram((from, bytes) => {
        own.push({ at: cluster.clock.now(), from, number: new DataView(bytes.buffer).getUint32(0) });
      });
      if (runtime.host !== 'n1') return;
      let next = 0;
      const send = (): void => {
        for (const peer of ['n2', 'n3']) {
          const bytes = new Uint8Array(4);
          new DataView(bytes.buffer).setUint32(0, next);
          runtime.sendDatagram(peer, bytes);
        }
        if (++next < SENDS) runtime.setTimer(msToNs(1), send);
      };
      runtime.setTimer(msToNs(1), send);
    }),
  });
  return { cluster, arrivals };
}

const numbers = (arrivals: readonly Arrival[]): number[] => arrivals.map((arrival) => arrival.number);
const counting = Array.from({ length: SENDS }, (_, i) => i);

async function degraded(fault: LinkFault, seed = 7) {
  const { cluster, arrivals } = numberedDatagrams({ seed });
  const observed = await cluster.run(async () => {
    await cluster.start();
    await cluster.degrade('n1', 'n2', fault);
    await cluster.clock.sleep(msToNs(2 * SENDS));
    return cluster.restore('n1', 'n2');
  });
  return { observed, n2: arrivals.get('n2')!, n3: arrivals.get('n3')! };
}

describe('datagrams', () => {
  it('arrive in order and within a few milliseconds on a healthy link', async () => {
    const { n2 } = await degraded({});
    expect(numbers(n2)).toEqual(counting);
    const latencies = n2.map((arrival) => arrival.at - msToNs(1 + arrival.number));
    expect(Math.min(...latencies)).toBeGreaterThanOrEqual(msToNs(0.35));
    expect(Math.max(...latencies)).toBeLessThan(msToNs(3));
    const mean = latencies.reduce((sum, latency) => sum + latency) / latencies.length;
    expect(mean).toBeGreaterThan(msToNs(0.45));
    expect(mean).toBeLessThan(msToNs(0.6));
  });

  it('are lost on a cut link, in that direction alone, and arrive again after it is healed', async () => {
    const { cluster, arrivals } = numberedDatagrams();
    const observed = await cluster.run(async () => {
      await cluster.start();
      await cluster.clock.sleep(msToNs(100.5));
      await cluster.cut('n1', 'n2');
      await cluster.cut('n3', 'n1');
      await cluster.clock.sleep(msToNs(100));
      const healed = [
        await cluster.heal('n1', 'n2'),
        await cluster.heal('n3', 'n1'),
        await cluster.heal('n1', 'n2'),
      ];
      await cluster.clock.sleep(msToNs(2 * SENDS));
      return healed;
    });
    expect(observed.map((counters) => counters['messagesDropped'])).toEqual([100, 0, 0]);
    expect(numbers(arrivals.get('n2')!)).toEqual(counting.filter((i) => i < 100 || i >= 200));
    expect(numbers(arrivals.get('n3')!)).toEqual(counting);
  });

  it('are lost with the given probability, and counted', async () => {
    const { observed, n2, n3 } = await degraded({ lossProbability: 0.3 });
    expect(observed['messagesDropped']).toBe(SENDS - n2.length);
    expect(n2.length).toBeGreaterThan(600);
    expect(n2.length).toBeLessThan(800);
    expect(n3).toHaveLength(SENDS);
  });

  it('come twice with the given probability, and counted', async () => {
    const { observed, n2 } = await degraded({ duplicateProbability: 0.2 });
    expect(observed['messagesDuplicated']).toBe(n2.length - SENDS);
    expect(observed['messagesDuplicated']).toBeGreaterThan(100);
    expect([...new Set(numbers(n2))].sort((a, b) => a - b)).toEqual(counting);
  });

  it('are late on a slow link, their copies as well', async () => {
    const { n2 } = await degraded({ delayMs: 200, duplicateProbability: 0.5 });
    expect(n2.length).toBeGreaterThan(1.4 * SENDS);
    for (const { at, number } of n2) expect(at).toBeGreaterThan(msToNs(number + 200));
  });

  it('count as dropped by a cut only where a process would have got them', async () => {
    const { cluster } = numberedDatagrams();
    await cluster.run(async () => {
      await cluster.start();
      await cluster.kill('n2');
      await cluster.cut('n1', 'n2');
      await cluster.clock.sleep(msToNs(100));
      expect(await cluster.heal('n1', 'n2')).toMatchObject({ messagesDropped: 0 });
      await cluster.restart('n2');
      await cluster.cut('n1', 'n2');
      await cluster.clock.sleep(msToNs(100));
      expect((await cluster.heal('n1', 'n2'))['messagesDropped']).toBeGreaterThan(90);
    });
  });

  it('overtake those that are held back, and counted', async () => {
    const { observed, n2 } = await degraded({ reorderProbability: 0.1, reorderMs: 20 });
    expect(numbers(n2)).not.toEqual(counting);
    expect(numbers(n2).sort((a, b) => a - b)).toEqual(counting);
    expect(observed['messagesReordered']).toBeGreaterThan(50);
    expect(observed['messagesReordered']).toBeLessThan(200);
  });

  it('are late on a slow link, in order, and counted', async () => {
    const { observed, n2 } = await degraded({ delayMs: 50, jitterMs: 30 });
    expect(numbers(n2)).toEqual(counting);
    expect(observed['messagesDelayed']).toBe(SENDS);
    const latencies = n2.map((arrival) => arrival.at - msToNs(1 + arrival.number));
    expect(Math.min(...latencies)).toBeGreaterThan(msToNs(50));
    expect(Math.max(...latencies)).toBeGreaterThan(msToNs(70));
  });

  it('overtake those that a slow link still holds once it is restored', async () => {
    const { cluster, arrivals } = numberedDatagrams();
    await cluster.run(async () => {
      await cluster.start();
      await cluster.degrade('n1', 'n2', { delayMs: 500 });
      await cluster.clock.sleep(msToNs(10.5));
      await cluster.restore('n1', 'n2');
      await cluster.clock.sleep(msToNs(2 * SENDS));
    });
    const order = numbers(arrivals.get('n2')!);
    expect(order[0]).toBe(10);
    expect(order.indexOf(0)).toBeGreaterThan(400);
    expect(order.toSorted((a, b) => a - b)).toEqual(counting);
  });

  it('keep their latency whatever happens to others: each link has streams of its own', async () => {
    const healthy = await degraded({});
    const lossy = await degraded({ lossProbability: 0.5, duplicateProbability: 0.5 });
    expect(lossy.n3).toEqual(healthy.n3);
    const duplicated = await degraded({ duplicateProbability: 0.3 });
    const first = new Map<number, number>();
    for (const { number, at } of duplicated.n2) if (!first.has(number)) first.set(number, at);
    const late = healthy.n2.filter(({ number, at }) => first.get(number)! > at);
    expect(late).toEqual([]);
  });

  it('take the time that the bandwidth needs', async () => {
    const { cluster, arrivals } = numberedDatagrams({ network: { bandwidthBytesPerS: 1000 } });
    await cluster.run(async () => {
      await cluster.start();
      await cluster.clock.sleep(msToNs(1001));
    });
    // 4 bytes every 4 ms instead of every one.
    expect(arrivals.get('n2')!.length).toBeGreaterThan(240);
    expect(arrivals.get('n2')!.length).toBeLessThanOrEqual(250);
  });

  it('are counted when they are sent, whether or not they arrive', async () => {
    const { cluster } = numberedDatagrams();
    await cluster.run(async () => {
      await cluster.start();
      await cluster.cut('n1', 'n2');
      await cluster.clock.sleep(msToNs(2 * SENDS));
    });
    expect(cluster.traffic()).toEqual({
      betweenNodes: { messages: 2 * SENDS, bytes: 4 * 2 * SENDS },
      fromClients: { messages: 0, bytes: 0 },
      toClients: { messages: 0, bytes: 0 },
    });
  });

  it('are refused for hosts that do not exist, and so are faults', async () => {
    const { cluster } = numberedDatagrams();
    await expect(cluster.cut('n1', 'n9')).rejects.toThrow('no host is called n9');
    await expect(cluster.degrade('x', 'n1', {})).rejects.toThrow('no host is called x');
    await expect(cluster.cut('client-7', 'n1')).resolves.toBeUndefined();
    await expect(cluster.kill('n9')).rejects.toThrow('n1, n2, n3');
  });
});

describe('sampleHash', () => {
  it('tells lengths and contents apart', () => {
    expect(sampleHash(new Uint8Array(10))).not.toBe(sampleHash(new Uint8Array(11)));
    expect(sampleHash(Uint8Array.of(1, 2))).not.toBe(sampleHash(Uint8Array.of(2, 1)));
  });
});
