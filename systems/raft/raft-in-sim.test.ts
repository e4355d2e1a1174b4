/** The whole node in the simulator: driver, disk, network, client. What the checkers judge is tested with them. */
import { describe, expect, test } from 'vitest';
import { SimCluster } from '../../harness/cluster/sim/sim-cluster.ts';
import type { Json } from '../../harness/history/operation.ts';
import type { TraceRecord } from '../../harness/history/trace.ts';
import type { Client, Completion } from '../../harness/interpreter/client.ts';
import { randomStream } from '../../harness/random.ts';
import { msToNs, sToNs } from '../../harness/units.ts';
import type { System } from '../system.ts';
import { raft } from './index.ts';

const FIVE = ['n1', 'n2', 'n3', 'n4', 'n5'];

interface Setup {
  readonly nodes?: readonly string[];
  readonly seed?: number;
  readonly options?: { readonly [name: string]: Json };
  readonly bugs?: readonly string[];
}

async function inCluster<T>(setup: Setup, body: (cluster: SimCluster) => Promise<T>): Promise<T> {
  const cluster = new SimCluster({ system: raft, nodes: FIVE, seed: 1, ...setup });
  try {
    return await cluster.run(async () => {
      await cluster.start();
      return body(cluster);
    });
  } finally {
    await cluster.stop();
  }
}

async function leaderOf(cluster: SimCluster): Promise<string> {
  for (let i = 0; i < 500; i++) {
    const leader = cluster.nodes.find((node) => cluster.status(node)?.role === 'leader');
    if (leader !== undefined) return leader;
    await cluster.clock.sleep(msToNs(10));
  }
  throw new Error('no leader');
}

const write = (client: Client, value: Json, key = 'x'): Promise<Completion> =>
  client.invoke({ f: 'write', key, value });
const read = (client: Client, key = 'x'): Promise<Completion> =>
  client.invoke({ f: 'read', key, value: null });

describe('a cluster without faults', () => {
  test('serves every function, from any node', async () => {
    await inCluster({}, async (cluster) => {
      await leaderOf(cluster);
      const client = await cluster.openClient('n3', 1);
      const position = { term: expect.any(Number) as number, index: expect.any(Number) as number };
      expect(await write(client, 1)).toEqual({ type: 'ok', position });
      expect(await client.invoke({ f: 'cas', key: 'x', value: [1, 2] })).toEqual({ type: 'ok', position });
      expect(await client.invoke({ f: 'cas', key: 'x', value: [1, 3] })).toMatchObject({
        type: 'fail',
        error: { code: 'precondition-failed' },
      });
      expect(await read(client)).toEqual({ type: 'ok', value: 2 });
      await client.invoke({ f: 'append', key: 'list', value: 1 });
      await client.invoke({ f: 'append', key: 'list', value: 2 });
      expect(await read(client, 'list')).toEqual({ type: 'ok', value: [1, 2] });
      await client.invoke({ f: 'add', key: 'sum', value: 5 });
      await client.invoke({ f: 'add', key: 'sum', value: -2 });
      expect(await read(client, 'sum')).toEqual({ type: 'ok', value: 3 });
      expect(await client.invoke({ f: 'add', key: 'list', value: 1 })).toMatchObject({
        error: { code: 'wrong-type' },
      });
      await client.invoke({ f: 'delete', key: 'x', value: null });
      expect(await read(client)).toEqual({ type: 'ok', value: null });
      expect(await client.invoke({ f: 'jump', value: null })).toMatchObject({
        type: 'fail',
        error: { code: 'malformed' },
      });
      client.close();
    });
  });

  test('a cluster of one works', async () => {
    await inCluster({ nodes: ['n1'] }, async (cluster) => {
      const client = await cluster.openClient('n1', 1);
      expect((await write(client, 'alone')).type).toBe('ok');
      expect(await read(client)).toEqual({ type: 'ok', value: 'alone' });
    });
  });

  test('the same seed gives the same events, another seed others', async () => {
    const hash = (seed: number): Promise<string> =>
      inCluster({ seed }, async (cluster) => {
        const client = await cluster.openClient('n1', 1);
        for (let i = 0; i < 50; i++) await write(client, i);
        return cluster.eventHash;
      });
    expect(await hash(7)).toBe(await hash(7));
    expect(await hash(7)).not.toBe(await hash(8));
  });
});

describe('clients', () => {
  test('an operation without a majority is info, a read fail; both go through after the heal', async () => {
    await inCluster({ options: { operationTimeoutMs: 1000 } }, async (cluster) => {
      const leader = await leaderOf(cluster);
      const client = await cluster.openClient(leader, 1);
      await write(client, 1);
      for (const a of FIVE) for (const b of FIVE) if (a !== b) await cluster.cut(a, b);
      expect(await write(client, 2)).toMatchObject({ type: 'info' });
      expect(await read(client)).toMatchObject({ type: 'fail' });
      for (const a of FIVE) for (const b of FIVE) if (a !== b) await cluster.heal(a, b);
      await leaderOf(cluster);
      await cluster.clock.sleep(sToNs(1));
      expect((await write(client, 3)).type).toBe('ok');
      expect(await read(client)).toEqual({ type: 'ok', value: 3 });
    });
  });

  test('where nothing listens, an operation certainly failed', async () => {
    await inCluster({}, async (cluster) => {
      const client = await cluster.openClient('n1', 1);
      await write(client, 1);
      for (const node of FIVE) await cluster.kill(node);
      await cluster.clock.sleep(msToNs(10));
      const { type, error } = await write(client, 2);
      expect([type, ['connection-refused', 'unreachable'].includes(error?.code ?? '')]).toEqual([
        'fail',
        true,
      ]);
      for (const node of FIVE) await cluster.restart(node);
      expect((await write(client, 3)).type).toBe('ok');
    });
  });

  test('too much at once is refused, certainly', async () => {
    await inCluster({ options: { maxUncommittedBytes: 400 } }, async (cluster) => {
      const leader = await leaderOf(cluster);
      const clients = await Promise.all(FIVE.map((_, id) => cluster.openClient(leader, id)));
      await Promise.all(clients.map((client) => write(client, 0)));
      const completions = await Promise.all(clients.map((client) => write(client, 'y'.repeat(300))));
      expect(completions.filter(({ type }) => type === 'ok')).not.toHaveLength(0);
      const refused = completions.filter(({ type }) => type !== 'ok');
      expect(refused).not.toHaveLength(0);
      for (const completion of refused)
        expect(completion).toMatchObject({ type: 'fail', error: { code: 'overloaded' } });
    });
  });

  test('an expired session is an error, and the next operation has a new one', async () => {
    await inCluster({ options: { maxSessions: 2 } }, async (cluster) => {
      const [first, ...others] = await Promise.all([1, 2, 3].map((id) => cluster.openClient('n1', id)));
      await write(first as Client, 1);
      for (const client of others) await write(client, 2);
      expect(await write(first as Client, 3)).toMatchObject({
        type: 'fail',
        error: { code: 'unknown-session' },
      });
      expect((await write(first as Client, 4)).type).toBe('ok');
    });
  });
});

describe('malformed input', () => {
  test('from clients is answered or ends the connection', async () => {
    const cluster = new SimCluster({ system: { ...raft, openClient: openGarbage }, nodes: ['n1'], seed: 3 });
    const random = randomStream(1, 'garbage');
    await cluster.run(async () => {
      await cluster.start();
      for (let id = 0; id < 50; id++) {
        const client = await cluster.openClient('n1', id);
        const value = Array.from({ length: random.integer(1, 40) }, () => random.integer(0, 255));
        const completion = await client.invoke({ f: 'garbage', value });
        expect(['malformed', 'closed']).toContain(completion.error?.code);
      }
      await cluster.clock.sleep(sToNs(1));
    });
    expect([cluster.crashes, cluster.invariantViolations]).toEqual([[], []]);
    expect(cluster.status('n1')?.role).toBe('leader');
  });

  test('from peers is survived', async () => {
    const babble: typeof raft.program = (runtime) => {
      const say = (): void => {
        const bytes = Uint8Array.from({ length: runtime.random.integer(0, 30) }, () =>
          runtime.random.integer(0, 255),
        );
        if (bytes.length > 1) bytes[0] = runtime.random.integer(0, 9);
        runtime.sendDatagram('n1', bytes);
        runtime.setTimer(msToNs(1), say);
      };
      say();
      return { status: () => ({ role: 'babbler', term: 0, leader: null }) };
    };
    const program: typeof raft.program = (runtime, config) =>
      config.name === 'n1' ? raft.program(runtime, config) : babble(runtime, config);
    const cluster = new SimCluster({ system: { ...raft, program }, nodes: ['n1', 'n2', 'n3'], seed: 4 });
    await cluster.run(async () => {
      await cluster.start();
      await cluster.clock.sleep(sToNs(20));
    });
    expect(cluster.crashes).toEqual([]);
    expect(cluster.status('n1')).toBeDefined();
  });
});

/** Sends the value's bytes as a frame; answers `malformed` when the node says so, `closed` when it hangs up. */
const openGarbage: System['openClient'] = (endpoint, context) => {
  const connection = endpoint.connect(context.address);
  return Promise.resolve({
    invoke: (invocation) =>
      new Promise<Completion>((resolve) => {
        const content = Uint8Array.from(invocation.value as number[]);
        content[content.length > 1 ? 1 : 0] = 0xff; // no kind that there is
        connection.onData(() => resolve({ type: 'fail', error: { code: 'malformed' } }));
        connection.onClose(() => resolve({ type: 'fail', error: { code: 'closed' } }));
        connection.write(Uint8Array.from([content.length, 0, 0, 0, ...content]));
      }),
    close: () => connection.close(),
  });
};

describe('disks', () => {
  test('a failed fsync crashes the node, and the others go on', async () => {
    await inCluster({}, async (cluster) => {
      const leader = await leaderOf(cluster);
      const client = await cluster.openClient('n1', 1);
      await write(client, 1);
      cluster.setDiskFault(leader, (operation) => (operation === 'sync' ? { error: 'EIO' } : undefined));
      expect((await write(client, 2)).type).toBe('ok');
      expect(cluster.crashes).toMatchObject([
        { node: leader, message: expect.stringMatching(/disk failed.*EIO/) as string },
      ]);
      cluster.setDiskFault(leader, null);
      await cluster.restart(leader);
      await cluster.clock.sleep(sToNs(1));
      expect(cluster.status(leader)?.role).toBe('follower');
      expect(await read(client)).toEqual({ type: 'ok', value: 2 });
    });
  });

  test('after the power of all failed, everything acknowledged is there', async () => {
    for (let seed = 1; seed <= 5; seed++) {
      await inCluster({ seed, options: { snapshotEveryEntries: 20, keepEntries: 2 } }, async (cluster) => {
        const client = await cluster.openClient('n2', 1);
        for (let i = 1; i <= 60; i++) expect((await write(client, i, `k${i % 7}`)).type).toBe('ok');
        await Promise.all(FIVE.map((node) => cluster.kill(node, { loseUnsynced: true })));
        await Promise.all(FIVE.map((node) => cluster.restart(node)));
        await leaderOf(cluster);
        for (let i = 54; i <= 60; i++)
          expect(await read(client, `k${i % 7}`)).toEqual({ type: 'ok', value: i });
        expect(cluster.crashes).toEqual([]);
      });
    }
  });

  test('what a killed process left is durable before it counts: names, too', async () => {
    for (let killUs = 0; killUs < 16_000; killUs += 200) {
      await inCluster(
        { nodes: ['n1'], seed: killUs, options: { snapshotEveryEntries: 5 } },
        async (cluster) => {
          const client = await cluster.openClient('n1', 1);
          for (let i = 1; i <= 2; i++) await write(client, i);
          // Some time around a snapshot and the new segment that comes with it.
          const last = write(client, 3);
          await cluster.clock.sleep(killUs * 1000);
          await cluster.kill('n1');
          await cluster.restart('n1');
          await last;
          expect((await write(client, 4)).type).toBe('ok');
          await cluster.kill('n1', { loseUnsynced: true });
          await cluster.restart('n1');
          expect(await read(client), `killed after ${killUs} µs`).toEqual({ type: 'ok', value: 4 });
        },
      );
    }
  });

  test('a follower that was away for long comes back by snapshot, and leads with the same state', async () => {
    await inCluster(
      {
        nodes: ['n1', 'n2', 'n3'],
        options: { snapshotEveryEntries: 30, keepEntries: 0, snapshotChunkBytes: 64 },
      },
      async (cluster) => {
        const traced: TraceRecord[] = [];
        cluster.onTrace((record) => traced.push(record));
        const leader = await leaderOf(cluster);
        const away = cluster.nodes.find((node) => node !== leader) as string;
        await cluster.kill(away);
        const client = await cluster.openClient(leader, 1);
        for (let i = 0; i < 100; i++) expect((await write(client, i, `k${i}`)).type).toBe('ok');
        await cluster.restart(away);
        await cluster.clock.sleep(sToNs(1));
        expect(
          traced.some(
            ({ node, event }) => node === away && event.kind === 'snapshot' && event.source === 'installed',
          ),
        ).toBe(true);
        await cluster.kill(leader);
        await cluster.clock.sleep(sToNs(1));
        for (let i = 0; i < 100; i += 9)
          expect(await read(client, `k${i}`)).toEqual({ type: 'ok', value: i });
      },
    );
  });
});

/** Random faults for a few seconds, then peace; every addition counts once. */
async function shake(
  seed: number,
  bugs: readonly string[],
): Promise<{ missing: number; violations: number }> {
  return inCluster({ seed, bugs, options: { snapshotEveryEntries: 40, keepEntries: 5 } }, async (cluster) => {
    const random = randomStream(seed, 'faults');
    const endNs = sToNs(6);
    let sure = 0;
    let unsure = 0;
    let nextId = 0;
    const adder = async (): Promise<void> => {
      let client = await cluster.openClient(random.pick(FIVE), nextId++);
      while (cluster.clock.now() < endNs) {
        const { type } = await client.invoke({ f: 'add', key: 'sum', value: 1 });
        if (type === 'ok') sure++;
        if (type === 'info') {
          unsure++;
          client.close();
          client = await cluster.openClient(random.pick(FIVE), nextId++);
        }
      }
      client.close();
    };
    const trouble = async (): Promise<void> => {
      while (cluster.clock.now() < endNs) {
        await cluster.clock.sleep(msToNs(random.integer(50, 400)));
        const [a, b] = random.shuffle(FIVE) as [string, string];
        const [begin, end] = random.pick([
          [() => cluster.kill(a, { loseUnsynced: random.chance(0.5) }), () => cluster.restart(a)],
          [() => cluster.pause(a), () => cluster.resume(a)],
          [() => isolate(cluster, a), () => rejoin(cluster, a)],
          [
            () =>
              cluster.degrade(a, b, {
                lossProbability: 0.3,
                duplicateProbability: 0.3,
                reorderProbability: 0.5,
                reorderMs: 30,
              }),
            () => cluster.restore(a, b),
          ],
        ] as const);
        await begin();
        await cluster.clock.sleep(msToNs(random.integer(20, 600)));
        await end();
      }
    };
    await Promise.all([adder(), adder(), adder(), trouble()]);
    await cluster.clock.sleep(sToNs(2));
    const reader = await cluster.openClient('n1', nextId);
    const sum = (await read(reader)).type === 'ok' ? ((await read(reader, 'sum')).value as number) : NaN;
    expect(sure).toBeGreaterThan(50);
    const missing = sum < sure ? sure - sum : sum > sure + unsure ? sure + unsure - sum : 0;
    return { missing, violations: cluster.invariantViolations.length + cluster.crashes.length };
  });
}

async function isolate(cluster: SimCluster, node: string): Promise<void> {
  for (const other of FIVE) {
    if (other === node) continue;
    await cluster.cut(node, other);
    await cluster.cut(other, node);
  }
}

async function rejoin(cluster: SimCluster, node: string): Promise<void> {
  for (const other of FIVE) {
    if (other === node) continue;
    await cluster.heal(node, other);
    await cluster.heal(other, node);
  }
}

describe('a cluster that is shaken', () => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8])('counts every addition once (seed %i)', async (seed) => {
    expect(await shake(seed, [])).toEqual({ missing: 0, violations: 0 });
  });

  test('without duplicate detection it does not', async () => {
    let wrong = 0;
    for (let seed = 1; seed <= 5; seed++) {
      if ((await shake(seed, ['no-duplicate-detection'])).missing !== 0) wrong++;
    }
    expect(wrong).toBeGreaterThan(0);
  });
});
