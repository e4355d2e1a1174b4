/** Every nemesis against nodes that say what they saw of it. */
import { describe, expect, it } from 'vitest';
import { SimCluster } from '../harness/cluster/sim/sim-cluster.ts';
import type { FaultEffect, Json } from '../harness/history/operation.ts';
import { msToNs } from '../harness/units.ts';
import { FILE_BYTES, type Gossip, gossip } from './testing/gossip-system.ts';
import { composeNemeses, type Nemesis, type NemesisDefinition, nemeses } from './index.ts';

const FIVE = ['n1', 'n2', 'n3', 'n4', 'n5'];

interface Shaken extends Gossip {
  readonly cluster: SimCluster;
  readonly nemesis: Nemesis;
  begin(f: string, fault: string, target: Json): Promise<FaultEffect>;
  replay(f: string, parameters: Json): Promise<FaultEffect>;
  end(f: string, fault: string): Promise<FaultEffect>;
  /** Lets time pass, and forgets what was seen before. */
  watch(ms: number): Promise<void>;
}

/** Those that the simulator can inject. */
const possible = ({ capabilities }: SimCluster): NemesisDefinition[] =>
  [...nemeses.values()].filter(({ needs }) => needs.every((need) => capabilities.has(need)));

function shake(action: (shaken: Shaken) => Promise<void>, nodes: readonly string[] = FIVE): Promise<void> {
  const toy = gossip(nodes);
  const cluster = new SimCluster({ system: toy.system, nodes, seed: 7 });
  const all = composeNemeses(possible(cluster));
  const nemesis = all.bind(cluster, { intervalMs: 1_000, seed: 7 });
  return cluster.run(async () => {
    await cluster.start();
    await cluster.clock.sleep(msToNs(200));
    await action({
      ...toy,
      cluster,
      nemesis,
      begin: (f, fault, target) => nemesis.invoke({ f, value: { fault, target } }),
      replay: (f, parameters) => nemesis.invoke({ f, value: { parameters } }),
      end: (f, fault) => nemesis.invoke({ f, value: { fault } }),
      watch: async (ms) => {
        // What was on its way arrives first.
        await cluster.clock.sleep(msToNs(20));
        for (const witness of toy.witnesses.values()) witness.forget();
        await cluster.clock.sleep(msToNs(ms));
      },
    });
    await cluster.stop();
  });
}

describe('partition', () => {
  it('cuts a leader off: it hears nobody and nobody hears it; the others hear each other', () =>
    shake(async ({ begin, end, watch, of, leaders }) => {
      leaders.set('n3', 4);
      const begun = await begin('cut', 'partition', 'leader');
      expect(begun).toEqual({
        faultId: 1,
        fault: 'partition',
        edge: 'begin',
        nodes: FIVE,
        description: 'isolated n3 (leader, term 4) from n1, n2, n4, n5',
        parameters: {
          fault: 'partition',
          faultId: 1,
          shape: 'leader',
          grudge: { n3: ['n1', 'n2', 'n4', 'n5'], n1: ['n3'], n2: ['n3'], n4: ['n3'], n5: ['n3'] },
        },
      });
      await watch(100);
      expect(of('n3').heard).toEqual([]);
      expect(of('n1').heardFrom('n3')).toBe(0);
      expect(of('n1').heardFrom('n2')).toBeGreaterThan(8);

      const ended = await end('heal', 'partition');
      expect(ended).toMatchObject({ faultId: 1, edge: 'end', tookEffect: true, nodes: FIVE });
      expect(ended.observed?.['messagesDropped']).toBeGreaterThan(60);
      expect(ended.description).toBe('heal: isolated n3 (leader, term 4) from n1, n2, n4, n5');
      await watch(100);
      expect(of('n3').heardFrom('n1')).toBeGreaterThan(8);
      expect(of('n1').heardFrom('n3')).toBeGreaterThan(8);
    }));

  it('cuts one direction only', () =>
    shake(async ({ replay, watch, of }) => {
      const parameters = { fault: 'partition', faultId: 9, shape: 'one-way', grudge: { n2: ['n1'] } };
      const begun = await replay('cut', parameters);
      expect(begun).toMatchObject({ faultId: 9, parameters, description: 'n2 does not hear n1' });
      await watch(100);
      expect(of('n2').heardFrom('n1')).toBe(0);
      expect(of('n1').heardFrom('n2')).toBeGreaterThan(8);
    }));

  it.each(['halves', 'minority-majority', 'majorities-ring', 'bridge', 'one-way', 'random', 'one'])(
    'in the shape %s drops exactly what its grudge says',
    (shape) =>
      shake(async ({ begin, end, watch, of }) => {
        const { parameters } = await begin('cut', 'partition', shape);
        const { grudge } = parameters as unknown as { grudge: Record<string, string[]> };
        await watch(100);
        for (const node of FIVE) {
          for (const peer of FIVE) {
            if (peer === node) continue;
            if (grudge[node]?.includes(peer) === true) expect(of(node).heardFrom(peer)).toBe(0);
            else expect(of(node).heardFrom(peer)).toBeGreaterThan(8);
          }
        }
        expect((await end('heal', 'partition')).tookEffect).toBe(true);
      }),
  );

  it('says so when there is nobody to cut off', () =>
    shake(
      async ({ begin, end }) => {
        const begun = await begin('cut', 'partition', 'majorities-ring');
        expect(begun).toMatchObject({
          nodes: [],
          description: 'majorities-ring: nothing to cut among 2 nodes',
        });
        expect(await end('heal', 'partition')).toMatchObject({ edge: 'end', tookEffect: false });
      },
      ['n1', 'n2'],
    ));

  it('describes each shape from its grudge', () =>
    shake(async ({ replay, end }) => {
      const describeGrudge = async (shape: string, grudge: Json): Promise<string> => {
        const { description } = await replay('cut', { fault: 'partition', faultId: 1, shape, grudge });
        await end('heal', 'partition');
        return description;
      };
      expect(
        await describeGrudge('bridge', {
          n1: ['n4', 'n5'],
          n2: ['n4', 'n5'],
          n4: ['n1', 'n2'],
          n5: ['n1', 'n2'],
        }),
      ).toBe('n3 is the only bridge between n1, n2 and n4, n5');
      expect(
        await describeGrudge('majorities-ring', {
          n1: ['n3', 'n4'],
          n2: ['n4', 'n5'],
          n3: ['n1', 'n5'],
          n4: ['n1', 'n2'],
          n5: ['n2', 'n3'],
        }),
      ).toBe('majorities ring: n1 sees n2 n5, n2 sees n1 n3, n3 sees n2 n4, n4 sees n3 n5, n5 sees n1 n4');
      expect(await describeGrudge('random', { n1: ['n3'], n5: ['n1', 'n2'] })).toBe(
        'n1 does not hear n3, n5 does not hear n1 n2',
      );
    }));
});

describe('kill and power-loss', () => {
  it('kill stops a node, keeps what the operating system has, and restarts it', () =>
    shake(async ({ begin, end, watch, of, cluster }) => {
      const begun = await begin('kill', 'kill', ['n2']);
      expect(begun).toMatchObject({ edge: 'begin', nodes: ['n2'], description: 'killed n2' });
      expect(cluster.isRunning('n2')).toBe(false);
      await watch(100);
      expect(of('n1').heardFrom('n2')).toBe(0);
      const ended = await end('restart', 'kill');
      expect(ended).toMatchObject({
        edge: 'end',
        tookEffect: true,
        observed: { processesKilled: 1, processesStarted: 1 },
      });
      await watch(100);
      expect(of('n1').heardFrom('n2')).toBeGreaterThan(8);
      expect(of('n2')).toMatchObject({ starts: 2, recoveredBytes: FILE_BYTES });
    }));

  it('power loss loses what was not synced', () =>
    shake(async ({ begin, end, of, cluster }) => {
      expect(await begin('kill', 'power-loss', 'all')).toMatchObject({
        nodes: FIVE,
        description: 'cut the power of n1, n2, n3, n4, n5',
      });
      await cluster.clock.sleep(msToNs(50));
      const ended = await end('restart', 'power-loss');
      expect(ended.tookEffect).toBe(true);
      expect(ended.observed?.['unsyncedBytesLost']).toBeGreaterThan(0);
      await cluster.clock.sleep(msToNs(50));
      expect(FIVE.some((node) => of(node).recoveredBytes < FILE_BYTES)).toBe(true);
      expect(of('n1').starts).toBe(2);
    }));

  it('strike at work half of the time, and say so in their parameters', () =>
    shake(async ({ begin, end }) => {
      let atWork = 0;
      for (let i = 0; i < 40; i++) {
        const { parameters } = await begin('kill', 'power-loss', 'minority');
        if ((parameters as { atWork?: boolean }).atWork === true) atWork++;
        await end('restart', 'power-loss');
      }
      expect(atWork).toBeGreaterThan(8);
      expect(atWork).toBeLessThan(32);
    }));

  it('leaves a dead node to whoever killed it', () =>
    shake(async ({ begin, end, cluster }) => {
      await begin('kill', 'kill', ['n1', 'n2']);
      const second = await begin('kill', 'power-loss', ['n2', 'n3']);
      expect(second).toMatchObject({
        nodes: ['n3'],
        description: 'cut the power of n3; n2 was down already',
      });
      await end('restart', 'power-loss');
      expect(FIVE.filter((node) => !cluster.isRunning(node))).toEqual(['n1', 'n2']);
      await end('restart', 'kill');
      expect(FIVE.filter((node) => !cluster.isRunning(node))).toEqual([]);
    }));

  it('says so when all were down already', () =>
    shake(async ({ begin, end, cluster }) => {
      await cluster.kill('n1');
      const begun = await begin('kill', 'kill', ['n1']);
      expect(begun).toMatchObject({
        edge: 'begin',
        nodes: [],
        description: 'killed nobody; n1 was down already',
      });
      expect(await end('restart', 'kill')).toMatchObject({ edge: 'end', tookEffect: false, observed: {} });
      expect(cluster.isRunning('n1')).toBe(false);
    }));

  it('does not restart what somebody else restarted', () =>
    shake(async ({ begin, end, cluster, of }) => {
      await begin('kill', 'kill', ['n1']);
      await cluster.restart('n1');
      expect(await end('restart', 'kill')).toMatchObject({ tookEffect: true });
      expect(of('n1').starts).toBe(2);
    }));

  it('takes a random node where nobody leads, and says so', () =>
    shake(async ({ begin }) => {
      const { description, nodes } = await begin('kill', 'kill-leader', 'leader');
      expect(description).toBe(`killed ${nodes[0]}; nobody led, so ${nodes[0]} was taken at random`);
    }));
});

describe('pause', () => {
  it('holds a node up, which then goes on where it was', () =>
    shake(async ({ begin, end, watch, of, cluster, leaders }) => {
      leaders.set('n4', 2);
      expect(await begin('pause', 'pause', 'leader')).toMatchObject({
        nodes: ['n4'],
        description: 'paused n4 (leader, term 2)',
      });
      await watch(100);
      expect(cluster.isPaused('n4')).toBe(true);
      expect(of('n4').heard).toEqual([]);
      expect(of('n1').heardFrom('n4')).toBe(0);
      const ended = await end('resume', 'pause');
      expect(ended.tookEffect).toBe(true);
      expect(ended.observed?.['eventsDeferred']).toBeGreaterThan(30);
      await cluster.clock.sleep(msToNs(5));
      expect(of('n4').heardFrom('n1')).toBeGreaterThan(8);
      expect(of('n4').starts).toBe(1);
    }));

  it('leaves out who is down', () =>
    shake(async ({ begin, end }) => {
      await begin('kill', 'kill', ['n1']);
      const begun = await begin('pause', 'pause', ['n1', 'n2']);
      expect(begun).toMatchObject({ nodes: ['n2'], description: 'paused n2; n1 was down already' });
      await end('restart', 'kill');
      expect((await end('resume', 'pause')).nodes).toEqual(['n2']);
    }));

  it('tells what it did to a node that was killed in it', () =>
    shake(async ({ begin, end, watch, of }) => {
      await begin('pause', 'pause', ['n1']);
      await watch(100);
      await begin('kill', 'kill', ['n1']);
      expect(of('n1').heard).toEqual([]);
      const ended = await end('resume', 'pause');
      expect(ended).toMatchObject({ tookEffect: true, observed: { processesPaused: 1 } });
      expect(ended.observed?.['eventsDeferred']).toBeGreaterThan(30);
    }));

  it('is over for a node that is killed, and not taken up by the next one', () =>
    shake(async ({ begin, end, cluster }) => {
      await begin('pause', 'pause', ['n1', 'n2']);
      expect(await begin('kill', 'kill', ['n1'])).toMatchObject({ nodes: ['n1'] });
      await end('restart', 'kill');
      expect(cluster.isRunning('n1')).toBe(true);
      expect(cluster.isPaused('n1')).toBe(false);
      await begin('pause', 'pause-one', ['n1']);
      const ended = await end('resume', 'pause');
      expect(ended.description).toBe(
        'resume: paused n1, n2; the pause of n1 had been ended by another fault',
      );
      expect(cluster.isPaused('n1')).toBe(true);
      expect(cluster.isPaused('n2')).toBe(false);
      await end('resume', 'pause-one');
      expect(cluster.isPaused('n1')).toBe(false);
    }));
});

describe('clock', () => {
  const wallErrorMs = (gossiped: Gossip, node: string, reference: string): number => {
    const mine = gossiped.of(node).wallMs.at(-1) ?? 0;
    return mine - (gossiped.of(reference).wallMs.at(-1) ?? 0);
  };

  it('bumps clocks either way', () =>
    shake(async (shaken) => {
      const { replay, end, watch } = shaken;
      const parameters = { fault: 'clock', faultId: 1, offsetsMs: { n1: 5_000, n2: -5_000 } };
      const begun = await replay('bump-clock', parameters);
      expect(begun).toMatchObject({
        nodes: ['n1', 'n2'],
        description: 'bumped the clock of n1 by 5000 ms, n2 by -5000 ms',
        parameters,
      });
      await watch(100);
      expect(Math.abs(wallErrorMs(shaken, 'n1', 'n3') - 5_000)).toBeLessThan(15);
      expect(Math.abs(wallErrorMs(shaken, 'n2', 'n3') + 5_000)).toBeLessThan(15);
      const ended = await end('reset-clock', 'clock');
      expect(ended).toMatchObject({ tookEffect: true, observed: { clockJumps: 2 } });
      await watch(100);
      expect(Math.abs(wallErrorMs(shaken, 'n1', 'n3'))).toBeLessThan(15);
      expect(Math.abs(wallErrorMs(shaken, 'n2', 'n3'))).toBeLessThan(15);
    }));

  it('lets clocks drift: timers run fast', () =>
    shake(async ({ replay, end, watch, of }) => {
      await replay('drift-clock', { fault: 'clock', faultId: 1, rates: { n1: 3 } });
      await watch(200);
      expect(of('n2').heardFrom('n1')).toBeGreaterThan(50);
      expect(of('n2').heardFrom('n3')).toBeLessThan(25);
      expect(await end('reset-clock', 'clock')).toMatchObject({ tookEffect: true });
      await watch(200);
      expect(of('n2').heardFrom('n1')).toBeLessThan(25);
    }));

  it('strobes clocks until it ends, and not longer', () =>
    shake(async ({ replay, end, watch, of }) => {
      await replay('strobe-clock', { fault: 'clock', faultId: 1, nodes: ['n1'], deltaMs: 100, periodMs: 20 });
      await watch(200);
      const jumpsBack = (node: string): number =>
        of(node).wallMs.filter((wallMs, i, all) => wallMs < (all[i - 1] ?? 0)).length;
      expect(jumpsBack('n1')).toBeGreaterThan(2);
      expect(jumpsBack('n2')).toBe(0);
      const ended = await end('reset-clock', 'clock');
      expect(ended).toMatchObject({ tookEffect: true });
      // At 20, 40, …, 200 ms; the end came at 220 ms, just before the next.
      expect(ended.observed?.['clockJumps']).toBe(10);
      await watch(200);
      expect(jumpsBack('n1')).toBe(0);
    }));

  it('leaves out who is down, and goes on through kill and restart', () =>
    shake(async ({ begin, replay, end, watch, of }) => {
      await begin('kill', 'kill', ['n1']);
      const begun = await replay('strobe-clock', {
        fault: 'clock',
        faultId: 5,
        nodes: ['n1', 'n2'],
        deltaMs: 100,
        periodMs: 20,
      });
      expect(begun.description).toBe('strobed the clock of n2 by 100 ms every 20 ms; n1 was down');
      await begin('kill', 'power-loss', ['n2']);
      await watch(100);
      await end('restart', 'power-loss');
      await watch(100);
      expect(of('n2').wallMs.length).toBeGreaterThan(3);
      expect(await end('reset-clock', 'clock')).toMatchObject({ nodes: ['n2'], tookEffect: true });
    }));
});

describe('links', () => {
  it('slow delays', () =>
    shake(async ({ replay, end, watch, of }) => {
      const parameters = { fault: 'slow', faultId: 1, nodes: ['n1'], link: { delayMs: 500 } };
      expect((await replay('degrade', parameters)).description).toBe(
        'links from and to n1 delay messages by 500 to 500 ms',
      );
      await watch(100);
      expect(of('n2').heardFrom('n1')).toBe(0);
      expect(of('n1').heardFrom('n2')).toBe(0);
      expect(of('n2').heardFrom('n3')).toBeGreaterThan(8);
      const ended = await end('restore', 'slow');
      expect(ended.tookEffect).toBe(true);
      expect(ended.observed?.['messagesDelayed']).toBeGreaterThan(50);
    }));

  it('lossy loses some', () =>
    shake(async ({ replay, end, watch, of }) => {
      await replay('degrade', { fault: 'lossy', faultId: 1, nodes: FIVE, link: { lossProbability: 0.5 } });
      await watch(500);
      expect(of('n2').heardFrom('n1')).toBeGreaterThan(10);
      expect(of('n2').heardFrom('n1')).toBeLessThan(40);
      expect(await end('restore', 'lossy')).toMatchObject({ tookEffect: true });
    }));

  it('duplicate doubles some', () =>
    shake(async ({ begin, end, watch, of }) => {
      await begin('degrade', 'duplicate', 'all');
      await watch(500);
      const numbers = of('n2')
        .heard.filter(({ from }) => from === 'n1')
        .map(({ number }) => number);
      expect(numbers.length).toBeGreaterThan(new Set(numbers).size);
      expect(await end('restore', 'duplicate')).toMatchObject({ tookEffect: true });
    }));

  it('reorder lets later messages overtake', () =>
    shake(async ({ replay, end, watch, of }) => {
      const link = { reorderProbability: 0.5, reorderMs: 100 };
      await replay('degrade', { fault: 'reorder', faultId: 1, nodes: FIVE, link });
      await watch(500);
      const numbers = of('n2')
        .heard.filter(({ from }) => from === 'n1')
        .map(({ number }) => number);
      expect(numbers).not.toEqual([...numbers].sort((a, b) => a - b));
      expect(await end('restore', 'reorder')).toMatchObject({ tookEffect: true });
    }));

  it('links mixes them', () =>
    shake(async ({ begin, end, cluster }) => {
      const mixes = new Set<string>();
      for (let i = 0; i < 30; i++) {
        const { description, parameters } = await begin('degrade', 'links', 'all');
        const { link } = parameters as { link: object };
        mixes.add(Object.keys(link).sort().join(' '));
        expect(description).toMatch(/^links from and to n1, n2, n3, n4, n5 (delay|lose|duplicate|hold back)/);
        await cluster.clock.sleep(msToNs(50));
        expect(await end('restore', 'links')).toMatchObject({ tookEffect: true });
      }
      expect(mixes.size).toBeGreaterThan(8);
      expect(mixes).toContain('lossProbability');
    }));

  it('add up, and each ends alone with its own counters', () =>
    shake(async ({ replay, end, watch, of }) => {
      await replay('degrade', { fault: 'slow', faultId: 1, nodes: ['n1'], link: { delayMs: 50 } });
      await replay('degrade', { fault: 'lossy', faultId: 2, nodes: ['n1'], link: { lossProbability: 1 } });
      await watch(100);
      expect(of('n1').heard).toEqual([]);
      const lossy = await end('restore', 'lossy');
      expect(lossy).toMatchObject({
        tookEffect: true,
        observed: { messagesDropped: expect.any(Number) as number },
      });
      expect(Object.keys(lossy.observed ?? {})).toEqual(['messagesDropped', 'connectionsStalled']);
      await watch(200);
      expect(of('n1').heardFrom('n2')).toBeGreaterThan(8);
      const slow = await end('restore', 'slow');
      expect(Object.keys(slow.observed ?? {})).toEqual(['messagesDelayed']);
      expect(slow.observed?.['messagesDelayed']).toBeGreaterThan(60);
    }));

  it('say so when nothing passed', () =>
    shake(async ({ begin, end }) => {
      await begin('kill', 'kill', 'all');
      await begin('degrade', 'lossy', 'all');
      expect(await end('restore', 'lossy')).toMatchObject({ tookEffect: false });
    }));
});
