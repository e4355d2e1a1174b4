/**
 * What every cluster in real time must do to nodes of ours, each fault seen from inside: the same assertions on child processes
 * and on containers.
 *
 *     describe('faults', () => seeFaultsFromInside(() => newCluster(['n1', 'n2', 'n3'])));
 */
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { TraceRecord } from '../../../history/trace.ts';
import type { Client } from '../../../interpreter/client.ts';
import type { Cluster } from '../../cluster.ts';
import type { Sight } from './witness.ts';

/** Many hellos fit into it. */
const WATCH_MS = 300;

export function seeFaultsFromInside(create: () => Promise<Cluster>): void {
  let cluster: Cluster;
  let clientId = 0;
  const trace: TraceRecord[] = [];

  beforeAll(async () => {
    cluster = await create();
    cluster.onTrace((record) => trace.push(record));
    await cluster.start();
  });
  afterAll(() => cluster.stop());

  const asking = async <T>(node: string, action: (client: Client) => Promise<T>): Promise<T> => {
    const client = await cluster.openClient(node, clientId++);
    try {
      return await action(client);
    } finally {
      client.close();
    }
  };
  const ask = (node: string, f: string) => asking(node, (client) => client.invoke({ f, value: null }));
  /** A process that was just started does not listen yet. */
  const look = async (node: string): Promise<Sight> => {
    for (let i = 0; i < 200; i++) {
      const { type, value } = await ask(node, 'look');
      if (type === 'ok') return value as Sight;
      await delay(20);
    }
    throw new Error(`${node} does not answer`);
  };
  /** What the node heard in a while from now on. */
  const watch = async (node: string): Promise<Sight> => {
    await look(node);
    await delay(WATCH_MS);
    return look(node);
  };
  const untilHeard = async (node: string, from: string): Promise<void> => {
    for (let i = 0; i < 50; i++) {
      const { datagrams, streams } = await watch(node);
      if ((datagrams[from] ?? 0) > 0 && (streams[from] ?? 0) > 0) return;
    }
    throw new Error(`${node} never heard ${from} again`);
  };

  it('a healthy node hears both others in both ways', async () => {
    await untilHeard('n1', 'n2');
    await untilHeard('n1', 'n3');
  });

  it('a cut node does not hear that one peer, and hears the other; the peer still hears it', async () => {
    await untilHeard('n2', 'n1');
    await cluster.cut('n1', 'n2');
    const [atN2, atN1] = [await watch('n2'), await watch('n1')];
    expect(atN2.datagrams['n1'] ?? 0).toBe(0);
    expect(atN2.streams['n1'] ?? 0).toBe(0);
    expect(atN2.datagrams['n3']).toBeGreaterThan(5);
    expect(atN1.datagrams['n3']).toBeGreaterThan(5);
    const observed = await cluster.heal('n1', 'n2');
    expect(observed['messagesDropped'] ?? 0).toBeGreaterThan(0);
    await untilHeard('n2', 'n1');
    expect(await cluster.heal('n1', 'n2')).toEqual({});
  });

  it('a one-way cut stays one-way, a two-way cut is one, and each half heals by itself', async () => {
    await untilHeard('n1', 'n2');
    await untilHeard('n2', 'n1');
    await cluster.cut('n1', 'n2');
    // Longer than connections bear without an answer.
    await delay(3_000);
    const [deaf, hearing] = [await watch('n2'), await watch('n1')];
    expect([deaf.datagrams['n1'] ?? 0, deaf.streams['n1'] ?? 0]).toEqual([0, 0]);
    expect(hearing.datagrams['n2']).toBeGreaterThan(5);
    expect(hearing.streams['n2']).toBeGreaterThan(5);
    await cluster.cut('n2', 'n1');
    await delay(200);
    const cut = await watch('n1');
    expect([cut.datagrams['n2'] ?? 0, cut.streams['n2'] ?? 0]).toEqual([0, 0]);
    await cluster.heal('n2', 'n1');
    await delay(3_000);
    const half = await watch('n2');
    expect([half.datagrams['n1'] ?? 0, half.streams['n1'] ?? 0]).toEqual([0, 0]);
    await cluster.heal('n1', 'n2');
    await untilHeard('n2', 'n1');
    await untilHeard('n1', 'n2');
  });

  it('a cut lasts over a restart of either end', async () => {
    await cluster.cut('n3', 'n1');
    await cluster.kill('n1');
    expect(await cluster.restart('n1')).toEqual({ processesStarted: 1 });
    await untilHeard('n1', 'n2');
    const { datagrams, streams } = await watch('n1');
    expect([datagrams['n3'] ?? 0, streams['n3'] ?? 0]).toEqual([0, 0]);
    await cluster.heal('n3', 'n1');
    await untilHeard('n1', 'n3');
  });

  it('a link that loses everything, and one that doubles', async () => {
    await cluster.degrade('n1', 'n3', { lossProbability: 1 });
    await cluster.degrade('n2', 'n3', { duplicateProbability: 1 });
    const { datagrams, ticks } = await watch('n3');
    expect(datagrams['n1'] ?? 0).toBe(0);
    expect(datagrams['n2']).toBeGreaterThan(1.5 * (ticks - 5));
    expect((await cluster.restore('n1', 'n3'))['messagesDropped']).toBeGreaterThan(0);
    expect((await cluster.restore('n2', 'n3'))['messagesDuplicated']).toBeGreaterThan(0);
  });

  it('a slow link', async () => {
    await untilHeard('n3', 'n1');
    await cluster.degrade('n1', 'n3', { delayMs: 2_000 });
    await delay(100);
    const { datagrams } = await watch('n3');
    expect(datagrams['n1'] ?? 0).toBe(0);
    expect((await cluster.restore('n1', 'n3'))['messagesDelayed']).toBeGreaterThan(0);
    await untilHeard('n3', 'n1');
  });

  it('a paused node answers nothing, and goes on as the same process', async () => {
    const before = await look('n2');
    expect(await cluster.pause('n2')).toMatchObject({ processesPaused: 1 });
    expect(cluster.isPaused('n2')).toBe(true);
    expect(cluster.status('n2')).toBeUndefined();
    const answer = asking('n2', (client) =>
      Promise.race([client.invoke({ f: 'look', value: null }), delay(WATCH_MS, 'no answer')]),
    );
    expect(await answer).toBe('no answer');
    expect(await cluster.resume('n2')).toMatchObject({ processesResumed: 1, processesStopped: 1 });
    const after = await look('n2');
    expect(after.boots).toBe(before.boots);
    expect(after.monotonicMs - before.monotonicMs).toBeGreaterThan(WATCH_MS);
  });

  it('a killed node refuses clients, and comes back with its data', async () => {
    await ask('n3', 'write-synced');
    await ask('n3', 'write-unsynced');
    const { boots } = await look('n3');
    expect(await cluster.kill('n3')).toMatchObject({ processesKilled: 1 });
    expect(cluster.isRunning('n3')).toBe(false);
    expect(trace.filter(({ node }) => node === 'n3').at(-1)?.event).toMatchObject({
      kind: 'stop',
      by: 'harness',
    });
    expect(await ask('n3', 'look')).toMatchObject({ type: 'info' });
    await cluster.restart('n3');
    // What the operating system had is kept, synced or not.
    expect(await look('n3')).toMatchObject({ boots: boots + 1, syncedBytes: 100, unsyncedBytes: 100 });
  });

  it('a node that loses power loses what it had not synced, and nothing else', async () => {
    let lost = false;
    for (let i = 0; i < 12 && !lost; i++) {
      const before = await look('n3');
      await ask('n3', 'write-synced');
      await ask('n3', 'write-unsynced');
      const observed = await cluster.kill('n3', { loseUnsynced: true });
      await cluster.restart('n3');
      const after = await look('n3');
      expect(after.syncedBytes).toBe(before.syncedBytes + 100);
      expect(after.boots).toBe(before.boots + 1);
      lost = after.unsyncedBytes < before.unsyncedBytes + 100;
      if (lost) expect(observed['unsyncedBytesLost']).toBeGreaterThan(0);
    }
    expect(lost).toBe(true);
  });

  it('a terminated node, and one that is wiped', async () => {
    expect(await cluster.kill('n1', { terminate: true })).toMatchObject({ processesKilled: 1 });
    await cluster.restart('n1');
    expect((await look('n1')).boots).toBeGreaterThan(1);
    expect(await cluster.kill('n1', { wipe: true })).toMatchObject({ disksWiped: 1 });
    await cluster.restart('n1');
    expect((await look('n1')).boots).toBe(1);
    await untilHeard('n1', 'n2');
  });

  it('a clock that jumps, runs fast, and is true again', async () => {
    const skewOf = ({ wallMs }: Sight): number => wallMs - Date.now();
    expect(Math.abs(skewOf(await look('n2')))).toBeLessThan(1_000);
    await cluster.bumpClock('n2', -60_000);
    expect(skewOf(await look('n2'))).toBeLessThan(-59_000);
    await cluster.resetClock('n2');
    await cluster.driftClock('n2', 4);
    const [fast, slow] = [await watch('n2'), await watch('n1')];
    expect(fast.ticks).toBeGreaterThan(2 * slow.ticks);
    const observed = await cluster.resetClock('n2');
    expect(observed['clockReads']).toBeGreaterThan(0);
    expect(Math.abs(skewOf(await look('n2')))).toBeLessThan(1_000);
  });

  it('a clock fault lasts over a restart', async () => {
    await cluster.bumpClock('n2', -120_000);
    await cluster.kill('n2');
    await cluster.restart('n2');
    expect((await look('n2')).wallMs - Date.now()).toBeLessThan(-119_000);
    await cluster.resetClock('n2');
  });

  it('a node that crashes says so in the trace, and stays down', async () => {
    await look('n2');
    void ask('n2', 'crash');
    for (let i = 0; i < 200 && cluster.isRunning('n2'); i++) await delay(10);
    expect(cluster.isRunning('n2')).toBe(false);
    expect(trace.filter(({ node }) => node === 'n2').at(-1)?.event).toEqual({
      kind: 'stop',
      by: 'node',
      reason: 'asked to',
    });
    await cluster.restart('n2');
    await untilHeard('n1', 'n2');
  });
}
