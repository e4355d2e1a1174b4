/** The quorum in the simulator: driver, disk, network, and listeners that hear it. */
import { describe, expect, test } from 'vitest';
import type { TraceRecord } from '../../../../harness/history/trace.ts';
import { msToNs, sToNs } from '../../../../harness/units.ts';
import { isolate, QUICK, rejoin, SMALL } from './testing/shaken-quorum.ts';
import type { Heard, QuorumSetup, ShakenQuorum } from './testing/quorum-program.ts';
import { activeOf, quorumCluster, recordOf } from './testing/quorum-program.ts';

async function inQuorum<T>(setup: QuorumSetup, body: (quorum: ShakenQuorum) => Promise<T>): Promise<T> {
  const quorum = quorumCluster({ ...setup, properties: { ...QUICK, ...setup.properties } });
  const { sim } = quorum;
  try {
    return await sim.run(async () => {
      await sim.start();
      return body(quorum);
    });
  } finally {
    await sim.stop();
  }
}

const heardBy = ({ heard }: ShakenQuorum, node: string): Heard => heard.get(node) as Heard;

function append(quorum: ShakenQuorum, node: string, name: string, value: string): number | undefined {
  return heardBy(quorum, node).driver?.append([recordOf(name, value)])?.baseOffset;
}

function expectAllToHave(quorum: ShakenQuorum, state: readonly (readonly [string, string])[]): void {
  for (const [node, heard] of quorum.heard) {
    expect([node, [...heard.state].sort(), heard.disorder]).toEqual([node, state, []]);
  }
  expect([quorum.sim.crashes, quorum.sim.invariantViolations]).toEqual([[], []]);
}

describe('without faults', () => {
  test('elects, appends, and tells all four', async () => {
    await inQuorum({}, async (quorum) => {
      const active = await activeOf(quorum);
      const { driver } = heardBy(quorum, active);
      expect(driver?.append([recordOf('a', '1'), recordOf('b', '2')])).toEqual({ baseOffset: 1 });
      expect(driver?.append([recordOf('a', '3')])).toEqual({ baseOffset: 3 });
      expect(driver?.append([])).toBeNull();
      await quorum.sim.clock.sleep(sToNs(1));
      expectAllToHave(quorum, [
        ['a', '3'],
        ['b', '2'],
      ]);
      for (const [node, { nextOffset, leader }] of quorum.heard) {
        expect([node, nextOffset]).toEqual([node, 4]);
        expect(leader).toEqual({ leaderId: Number(active.slice(1)), epoch: 1 });
      }
    });
  });

  test('what is appended is told to all within a few round trips and flushes', async () => {
    await inQuorum({}, async (quorum) => {
      const active = await activeOf(quorum);
      append(quorum, active, 'a', '1');
      await quorum.sim.clock.sleep(msToNs(30));
      expectAllToHave(quorum, [['a', '1']]);
    });
  });

  test('a node that does not lead appends nothing', async () => {
    await inQuorum({}, async (quorum) => {
      const active = await activeOf(quorum);
      for (const node of quorum.heard.keys()) {
        if (node !== active) expect(append(quorum, node, 'a', '1')).toBeUndefined();
      }
    });
  });

  test('a quorum of one leads at once, and again when it comes back', async () => {
    await inQuorum({ voters: 1, observers: 1 }, async (quorum) => {
      const { sim } = quorum;
      expect(await activeOf(quorum)).toBe('n1');
      append(quorum, 'n1', 'a', '1');
      await sim.clock.sleep(msToNs(20));
      await sim.kill('n1', { loseUnsynced: true });
      await sim.restart('n1');
      const restartedNs = sim.clock.now();
      await activeOf(quorum);
      expect(sim.clock.now() - restartedNs).toBeLessThan(msToNs(100));
      // One epoch that it resigned in, and one of its election.
      expect(heardBy(quorum, 'n1').acting).toBe(3);
      await sim.clock.sleep(sToNs(1));
      expectAllToHave(quorum, [['a', '1']]);
    });
  });

  test('the same seed gives the same events and the same trace, another seed others', async () => {
    const runOf = (seed: number): Promise<readonly [string, string]> =>
      inQuorum({ seed, appendEveryMs: 20 }, async (quorum) => {
        const trace: TraceRecord[] = [];
        quorum.sim.onTrace((record) => trace.push(record));
        await quorum.sim.clock.sleep(sToNs(1));
        await quorum.sim.kill(await activeOf(quorum));
        await quorum.sim.clock.sleep(sToNs(1));
        return [quorum.sim.eventHash, JSON.stringify(trace)] as const;
      });
    const first = await runOf(7);
    expect(await runOf(7)).toEqual(first);
    expect((await runOf(8))[0]).not.toBe(first[0]);
  });
});

describe('with faults', () => {
  test('what was committed survives the power of all', async () => {
    for (let seed = 1; seed <= 3; seed++) {
      await inQuorum({ seed, properties: SMALL }, async (quorum) => {
        const { sim } = quorum;
        const active = await activeOf(quorum);
        const expected: (readonly [string, string])[] = [];
        for (let i = 100; i < 200; i++) {
          expect(append(quorum, active, `k${i}`, String(i))).toBeDefined();
          expected.push([`k${i}`, String(i)]);
          await sim.clock.sleep(msToNs(2));
        }
        await sim.clock.sleep(msToNs(100));
        await Promise.all(sim.nodes.map((node) => sim.kill(node, { loseUnsynced: true })));
        await Promise.all(sim.nodes.map((node) => sim.restart(node)));
        await activeOf(quorum);
        await sim.clock.sleep(sToNs(1));
        expectAllToHave(quorum, expected);
      });
    }
  });

  test('a leader that is cut off may not act, and follows when it is back', async () => {
    await inQuorum({}, async (quorum) => {
      const { sim } = quorum;
      const old = await activeOf(quorum);
      append(quorum, old, 'a', '1');
      await sim.clock.sleep(msToNs(100));
      await isolate(sim, old);
      // In its log, and never committed.
      expect(append(quorum, old, 'a', 'lost')).toBeDefined();
      await sim.clock.sleep(sToNs(2));
      const { acting, timesLost } = heardBy(quorum, old);
      expect([acting, timesLost]).toEqual([null, 1]);
      expect(append(quorum, old, 'a', 'refused')).toBeUndefined();
      const next = await activeOf(quorum);
      expect(next).not.toBe(old);
      append(quorum, next, 'b', '2');
      await rejoin(sim, old);
      await sim.clock.sleep(sToNs(2));
      expectAllToHave(quorum, [
        ['a', '1'],
        ['b', '2'],
      ]);
    });
  });

  test('a voter and an observer that were away come back by snapshot', async () => {
    await inQuorum({ properties: SMALL }, async (quorum) => {
      const { sim } = quorum;
      const traced: TraceRecord[] = [];
      sim.onTrace((record) => traced.push(record));
      const active = await activeOf(quorum);
      const away = quorum.voters.find((node) => node !== active) as string;
      await sim.kill(away);
      await sim.kill('n4');
      const expected: (readonly [string, string])[] = [];
      for (let i = 100; i < 300; i++) {
        append(quorum, active, `k${i}`, String(i));
        expected.push([`k${i}`, String(i)]);
        await sim.clock.sleep(msToNs(3));
      }
      expect(heardBy(quorum, active).driver?.status().logStartOffset).toBeGreaterThan(50);
      await sim.restart(away);
      await sim.restart('n4');
      await sim.clock.sleep(sToNs(1));
      for (const node of [away, 'n4']) {
        expect(heardBy(quorum, node).snapshotsLoaded).toBe(1);
        expect(
          traced.some(
            (record) =>
              record.node === node && record.event.kind === 'snapshot' && record.event.source === 'installed',
          ),
        ).toBe(true);
      }
      expectAllToHave(quorum, expected);
      // And it leads with it.
      const other = quorum.voters.find((node) => node !== active && node !== away) as string;
      await sim.kill(other);
      await sim.kill(active);
      await sim.restart(active);
      await sim.clock.sleep(sToNs(2));
      append(quorum, await activeOf(quorum), 'z', '1');
      await sim.restart(other);
      await sim.clock.sleep(sToNs(1));
      expectAllToHave(quorum, [...expected, ['z', '1']]);
    });
  });

  test('a leader that is stopped in good order hands over, sooner than a timeout would', async () => {
    await inQuorum({ properties: { 'controller.quorum.fetch.timeout.ms': 5000 } }, async (quorum) => {
      const { sim } = quorum;
      const active = await activeOf(quorum);
      append(quorum, active, 'a', '1');
      await sim.clock.sleep(msToNs(100));
      const startedNs = sim.clock.now();
      await heardBy(quorum, active).driver?.close();
      heardBy(quorum, active).acting = null;
      const next = await activeOf(quorum);
      expect(next).not.toBe(active);
      expect(sim.clock.now() - startedNs).toBeLessThan(sToNs(1));
      // Closed in order: it opens again, and nothing is gone.
      await sim.kill(active);
      await sim.restart(active);
      await sim.clock.sleep(sToNs(1));
      expectAllToHave(quorum, [['a', '1']]);
    });
  });
});

describe('a disk', () => {
  test('that fails crashes the node, and the others go on', async () => {
    await inQuorum({}, async (quorum) => {
      const { sim } = quorum;
      const active = await activeOf(quorum);
      sim.setDiskFault(active, (operation) => (operation === 'sync' ? { error: 'EIO' } : undefined));
      append(quorum, active, 'a', '1');
      await sim.clock.sleep(sToNs(2));
      expect(sim.crashes).toMatchObject([
        { node: active, message: expect.stringMatching(/disk failed.*EIO/) as string },
      ]);
      heardBy(quorum, active).acting = null;
      expect(await activeOf(quorum)).not.toBe(active);
    });
  });

  test.each([
    [
      'quorum-state',
      /^cannot start: __cluster_metadata-0\/quorum-state is corrupt: it is not JSON; restore it/,
    ],
    ['.log', /^cannot start: __cluster_metadata-0\/0+\d*\.log is corrupt at byte \d+/],
    ['.checkpoint', /^cannot start: __cluster_metadata-0\/\d+-\d+\.checkpoint is corrupt at byte \d+/],
  ])('with a damaged %s refuses to start and names the file', async (name, message) => {
    await inQuorum({ properties: SMALL, appendEveryMs: 5 }, async (quorum) => {
      const { sim } = quorum;
      await sim.clock.sleep(sToNs(2));
      const { runtime } = heardBy(quorum, 'n2');
      const files = runtime?.files;
      if (files === undefined) throw new Error('n2 has no files');
      const names = await files.list('__cluster_metadata-0');
      const damaged = names.filter((each) => each.endsWith(name)).at(-1) ?? 'none';
      const file = await files.open(`__cluster_metadata-0/${damaged}`);
      // The first byte of a state; in a log or a snapshot, of the first record.
      await file.write(name === 'quorum-state' ? 0 : 70, Uint8Array.of(0xff));
      await file.sync();
      await sim.kill('n2');
      await sim.restart('n2');
      await sim.clock.sleep(sToNs(1));
      expect(sim.crashes).toMatchObject([{ node: 'n2', message: expect.stringMatching(message) as string }]);
    });
  });
});
