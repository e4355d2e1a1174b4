import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Capability } from '../harness/cluster/cluster.ts';
import { SimCluster } from '../harness/cluster/sim/sim-cluster.ts';
import { HarnessError } from '../harness/errors.ts';
import type { FaultEffect, Json } from '../harness/history/operation.ts';
import type { Invocation } from '../harness/interpreter/client.ts';
import { randomStream } from '../harness/random.ts';
import { msToNs } from '../harness/units.ts';
import { gossip } from './testing/gossip-system.ts';
import { composeNemeses, type NemesisDefinition, nemeses, requireCapabilities } from './index.ts';

const FIVE = ['n1', 'n2', 'n3', 'n4', 'n5'];
const OPTIONS = { intervalMs: 1_000, seed: 3 };

const named = (...names: string[]): NemesisDefinition[] =>
  names.map((name) => {
    const definition = nemeses.get(name);
    if (definition === undefined) throw new Error(`no nemesis ${name}`);
    return definition;
  });

function newCluster() {
  const toy = gossip(FIVE);
  return { toy, cluster: new SimCluster({ system: toy.system, nodes: FIVE, seed: 3 }) };
}

const request = (f: string, fault: string, target?: Json): Invocation => ({
  f,
  value: target === undefined ? { fault } : { fault, target },
});

describe('the registry', () => {
  it('has the names of the command line, each with a summary, verbs and needs', () => {
    const wanted =
      'none partition partition-leader partition-one partition-halves partition-ring partition-bridge partition-one-way ' +
      'kill kill-leader kill-minority kill-majority kill-all power-loss pause pause-leader ' +
      'clock clock-bump clock-drift clock-strobe slow lossy duplicate reorder links ' +
      'terminate remove wipe cpu-limit memory-limit';
    for (const name of wanted.split(' ')) expect(nemeses.has(name), name).toBe(true);
    for (const [name, definition] of nemeses) {
      expect(definition.name).toBe(name);
      expect(definition.summary).not.toBe('');
      if (name === 'none') continue;
      expect(definition.functions.length).toBeGreaterThan(1);
      expect(definition.needs.length).toBeGreaterThan(0);
    }
  });
});

describe('a composition', () => {
  it('is named after its members and needs what they need', () => {
    const both = composeNemeses(named('kill', 'power-loss', 'clock', 'kill'));
    expect(both.name).toBe('kill,power-loss,clock');
    expect(both.functions).toEqual([
      'kill',
      'restart',
      'bump-clock',
      'reset-clock',
      'drift-clock',
      'strobe-clock',
    ]);
    expect(both.needs).toEqual(['kill', 'lose-unsynced', 'skew-clock', 'drift-clock']);
  });

  it('of nothing does nothing', async () => {
    const none = composeNemeses([]);
    expect(none).toMatchObject({ name: 'none', functions: [], needs: [] });
    const nemesis = none.bind(newCluster().cluster, OPTIONS);
    expect(await nemesis.healAll()).toEqual([]);
    await expect(nemesis.invoke(request('kill', 'kill', 'all'))).rejects.toThrow(
      'no nemesis of this run is called kill; it has none',
    );
  });

  it('refuses what the cluster cannot do, before anything runs', () => {
    const { cluster } = newCluster();
    const docker = { kind: 'docker', capabilities: new Set<Capability>(['cut', 'kill']) } as const;
    const lesser = Object.create(cluster, {
      kind: { value: docker.kind },
      capabilities: { value: docker.capabilities },
    }) as SimCluster;
    const refusal = (action: () => unknown): HarnessError => {
      try {
        action();
      } catch (error) {
        if (error instanceof HarnessError) return error;
      }
      throw new Error('not refused');
    };
    const error = refusal(() => composeNemeses(named('kill', 'clock')).bind(lesser, OPTIONS));
    expect(error).toMatchObject({ code: 'missing-capability', exitCode: 64 });
    expect(error.message).toBe(
      'nemesis clock needs skew-clock, drift-clock, which the docker cluster cannot do',
    );
    const sim = new Map([['sim', cluster.capabilities]]);
    const elsewhere = refusal(() => requireCapabilities(named('clock'), docker, sim));
    expect(elsewhere.message).toMatch(/: use --cluster sim$/);
    const none = new Map([['docker', docker.capabilities]]);
    const nowhere = refusal(() => requireCapabilities(named('clock'), docker, none));
    expect(nowhere.message).toMatch(/no cluster can$/);
    requireCapabilities(named('kill', 'partition'), docker);
  });

  it('gives verbs that are shared to the nemesis that the value names', async () => {
    const { toy, cluster } = newCluster();
    await cluster.run(async () => {
      await cluster.start();
      await cluster.clock.sleep(msToNs(50));
      const nemesis = composeNemeses(named('kill', 'power-loss')).bind(cluster, OPTIONS);
      expect(await nemesis.invoke(request('kill', 'power-loss', ['n1']))).toMatchObject({
        fault: 'power-loss',
        faultId: 1,
      });
      expect(await nemesis.invoke(request('kill', 'kill', ['n2']))).toMatchObject({
        fault: 'kill',
        faultId: 2,
      });
      expect(await nemesis.invoke(request('restart', 'kill'))).toMatchObject({
        fault: 'kill',
        faultId: 2,
        edge: 'end',
      });
      expect(cluster.isRunning('n1')).toBe(false);
      expect(toy.of('n2').starts).toBe(2);
    });
  });

  it('rejects what it cannot understand', async () => {
    const { cluster } = newCluster();
    await cluster.run(async () => {
      await cluster.start();
      const nemesis = composeNemeses(named('kill', 'partition')).bind(cluster, OPTIONS);
      const reject = (invocation: Invocation): Promise<unknown> =>
        nemesis.invoke(invocation).then(
          () => 'accepted',
          (error: unknown) => (error instanceof HarnessError ? `${error.code}: ${error.message}` : error),
        );
      expect(await reject({ f: 'kill', value: null })).toMatch(
        /^nemesis: cannot kill with null: its value must be/,
      );
      expect(await reject({ f: 'cut', value: { fault: 'kill' } })).toBe(
        'nemesis: nemesis kill does not know the verb cut',
      );
      expect(await reject(request('kill', 'kill', 'nobody'))).toMatch(
        /^nemesis: kill cannot be done as asked/,
      );
      expect(await reject(request('kill', 'kill'))).toMatch(/^nemesis: kill cannot be done as asked/);
      expect(await reject(request('kill', 'kill', ['n8']))).toMatch(/the cluster has no node n8/);
      const unknownNode = {
        parameters: { fault: 'partition', faultId: 1, shape: 'one', grudge: { n8: ['n1'] } },
      };
      expect(await reject({ f: 'cut', value: unknownNode })).toMatch(/the cluster has no node n8/);
      expect(await nemesis.healAll()).toHaveLength(1);
    });
  });

  it('does not begin a second fault of one nemesis, nor end one that is not in force', async () => {
    const { cluster } = newCluster();
    await cluster.run(async () => {
      await cluster.start();
      const nemesis = composeNemeses(named('kill')).bind(cluster, OPTIONS);
      await nemesis.invoke(request('kill', 'kill', ['n1']));
      const second = await nemesis.invoke(request('kill', 'kill', ['n2']));
      expect(second).toMatchObject({
        faultId: 2,
        edge: 'instant',
        tookEffect: false,
        description: 'left fault 1 in force: killed n1',
        parameters: { fault: 'kill', faultId: 2, nodes: ['n2'] },
      });
      expect(cluster.isRunning('n2')).toBe(true);
      const wrong = await nemesis.invoke({ f: 'restart', value: { fault: 'kill', faultId: 9 } });
      expect(wrong).toMatchObject({
        faultId: 9,
        edge: 'instant',
        tookEffect: false,
        description: 'was not in force',
      });
      expect(cluster.isRunning('n1')).toBe(false);
      expect(await nemesis.invoke({ f: 'restart', value: { fault: 'kill', faultId: 1 } })).toMatchObject({
        edge: 'end',
      });
      expect(await nemesis.invoke(request('restart', 'kill'))).toMatchObject({
        edge: 'instant',
        tookEffect: false,
      });
    });
  });

  it('lets two partitions share the links, each healing its own', async () => {
    const { toy, cluster } = newCluster();
    await cluster.run(async () => {
      await cluster.start();
      const nemesis = composeNemeses(named('partition', 'partition-one')).bind(cluster, OPTIONS);
      await nemesis.invoke(request('cut', 'partition', ['n1']));
      const second = await nemesis.invoke(request('cut', 'partition-one', ['n1', 'n2']));
      expect(second.description).toBe(
        'isolated n1, n2 from n3, n4, n5; left to fault 1: cut from n3 to n1, cut from n4 to n1 and 4 more',
      );
      await nemesis.invoke(request('heal', 'partition-one'));
      await cluster.clock.sleep(msToNs(20));
      for (const witness of toy.witnesses.values()) witness.forget();
      await cluster.clock.sleep(msToNs(100));
      expect(toy.of('n1').heard).toEqual([]);
      expect(toy.of('n2').heardFrom('n3')).toBeGreaterThan(8);
    });
  });
});

describe('healAll', () => {
  it('ends everything, the paused first and the clocks last, and then nothing', async () => {
    const { toy, cluster } = newCluster();
    await cluster.run(async () => {
      await cluster.start();
      const nemesis = composeNemeses(named('clock', 'slow', 'partition', 'power-loss', 'kill', 'pause')).bind(
        cluster,
        OPTIONS,
      );
      await nemesis.invoke(request('bump-clock', 'clock', 'all'));
      await nemesis.invoke(request('degrade', 'slow', 'all'));
      await nemesis.invoke(request('cut', 'partition', 'halves'));
      await nemesis.invoke(request('kill', 'power-loss', ['n2']));
      await nemesis.invoke(request('kill', 'kill', ['n1']));
      await nemesis.invoke(request('pause', 'pause', ['n3', 'n4']));
      await cluster.clock.sleep(msToNs(50));
      const healed = await nemesis.healAll();
      expect(healed.map(({ invocation }) => invocation)).toEqual([
        { f: 'resume', value: { fault: 'pause', faultId: 6 } },
        { f: 'restart', value: { fault: 'power-loss', faultId: 4 } },
        { f: 'restart', value: { fault: 'kill', faultId: 5 } },
        { f: 'restore', value: { fault: 'slow', faultId: 2 } },
        { f: 'heal', value: { fault: 'partition', faultId: 3 } },
        { f: 'reset-clock', value: { fault: 'clock', faultId: 1 } },
      ]);
      expect(healed.map(({ effect }) => effect.edge)).toEqual(Array(6).fill('end'));
      expect(await nemesis.healAll()).toEqual([]);
      await expectHealthy(cluster, toy);
    });
  });

  it('goes on when one fault cannot be ended, and ends that one when it is called again', async () => {
    const { cluster } = newCluster();
    await cluster.run(async () => {
      await cluster.start();
      let isBroken = true;
      const broken = Object.create(cluster, {
        isRunning: { value: (node: string) => cluster.isRunning(node) },
        restart: {
          value: (node: string) =>
            isBroken ? Promise.reject(new Error('no memory')) : cluster.restart(node),
        },
      }) as SimCluster;
      const bound = new Proxy(broken, {
        get: (target, name) => {
          const own = Object.getOwnPropertyDescriptor(target, name)?.value as unknown;
          if (own !== undefined) return own;
          const value = Reflect.get(cluster, name, cluster) as unknown;
          return typeof value === 'function' ? (value.bind(cluster) as unknown) : value;
        },
      });
      const nemesis = composeNemeses(named('kill', 'partition')).bind(bound, OPTIONS);
      await nemesis.invoke(request('kill', 'kill', ['n1']));
      await nemesis.invoke(request('cut', 'partition', 'one'));
      await expect(nemesis.healAll()).rejects.toThrow('nemesis kill could not restart: no memory');
      isBroken = false;
      const healed = await nemesis.healAll();
      expect(healed.map(({ effect }) => effect.fault)).toEqual(['partition', 'kill']);
      expect(cluster.isRunning('n1')).toBe(true);
    });
  });

  it('waits for a fault that is just being injected', async () => {
    const { cluster } = newCluster();
    await cluster.run(async () => {
      await cluster.start();
      const nemesis = composeNemeses(named('kill')).bind(cluster, OPTIONS);
      const [, healed] = await Promise.all([
        nemesis.invoke(request('kill', 'kill', 'all')),
        nemesis.healAll(),
      ]);
      expect(healed).toHaveLength(1);
      expect(FIVE.every((node) => cluster.isRunning(node))).toBe(true);
    });
  });
});

/** All nodes run, and hear each other in time by clocks that agree. */
async function expectHealthy(cluster: SimCluster, toy: ReturnType<typeof gossip>): Promise<void> {
  // Slow messages are still on their way.
  await cluster.clock.sleep(msToNs(3_000));
  for (const witness of toy.witnesses.values()) witness.forget();
  await cluster.clock.sleep(msToNs(200));
  for (const node of FIVE) {
    expect(cluster.isRunning(node)).toBe(true);
    expect(cluster.isPaused(node)).toBe(false);
    for (const peer of FIVE) {
      if (peer === node) continue;
      const numbers = toy
        .of(node)
        .heard.filter(({ from }) => from === peer)
        .map(({ number }) => number);
      expect(numbers.length).toBeGreaterThan(15);
      expect(numbers.length).toBeLessThan(25);
      expect(numbers).toEqual(Array.from(numbers, (_, i) => (numbers[0] ?? 0) + i));
    }
    const skewMs = (toy.of(node).wallMs.at(-1) ?? 0) - (toy.of('n1').wallMs.at(-1) ?? 0);
    expect(Math.abs(skewMs)).toBeLessThan(15);
  }
}

/** What a schedule may do, in any order. */
const BEGINNINGS: readonly [f: string, fault: string, target: Json][] = [
  ['cut', 'partition', 'random'],
  ['cut', 'partition-one', 'one'],
  ['cut', 'partition-leader', 'leader'],
  ['kill', 'kill', 'minority'],
  ['kill', 'kill-all', 'all'],
  ['kill', 'power-loss', 'majority'],
  ['pause', 'pause', 'majority'],
  ['pause', 'pause-one', 'random'],
  ['bump-clock', 'clock', 'minority'],
  ['drift-clock', 'clock', 'all'],
  ['strobe-clock', 'clock-strobe', 'random'],
  ['degrade', 'slow', 'random'],
  ['degrade', 'lossy', 'all'],
  ['degrade', 'duplicate', 'minority'],
  ['degrade', 'reorder', 'all'],
  ['degrade', 'links', 'majority'],
];

const ENDS: Readonly<Record<string, string>> = {
  cut: 'heal',
  kill: 'restart',
  pause: 'resume',
  degrade: 'restore',
  'bump-clock': 'reset-clock',
  'drift-clock': 'reset-clock',
  'strobe-clock': 'reset-clock',
};

const anySchedule = fc.array(
  fc.record({
    beginning: fc.constantFrom(...BEGINNINGS),
    isEnd: fc.boolean(),
    afterMs: fc.integer({ min: 0, max: 60 }),
  }),
  { maxLength: 25 },
);

interface Played {
  readonly effects: readonly FaultEffect[];
  readonly verbs: readonly string[];
  readonly eventHash: string;
}

/** Runs invocations one after the other, then heals all; the cluster must be as if nothing had been. */
async function play(
  schedule: readonly { readonly invocation: Invocation; readonly afterMs: number }[],
): Promise<Played> {
  const { toy, cluster } = newCluster();
  toy.leaders.set('n2', 1);
  const effects: FaultEffect[] = [];
  const verbs: string[] = [];
  await cluster.run(async () => {
    await cluster.start();
    const possible = [...nemeses.values()].filter(({ needs }) =>
      needs.every((need) => cluster.capabilities.has(need)),
    );
    const nemesis = composeNemeses(possible).bind(cluster, OPTIONS);
    for (const { invocation, afterMs } of schedule) {
      await cluster.clock.sleep(msToNs(afterMs));
      effects.push(await nemesis.invoke(invocation));
      verbs.push(invocation.f);
    }
    for (const { invocation, effect } of await nemesis.healAll()) {
      effects.push(effect);
      verbs.push(invocation.f);
    }
    await expectHealthy(cluster, toy);
  });
  return { effects, verbs, eventHash: cluster.eventHash };
}

describe('any schedule of faults', () => {
  it('leaves a healthy cluster behind, pairs every beginning with an end, and replays from its parameters', async () => {
    await fc.assert(
      fc.asyncProperty(anySchedule, async (steps) => {
        const schedule = steps.map(({ beginning: [f, fault, target], isEnd, afterMs }) => ({
          invocation: isEnd ? request(ENDS[f] ?? '', fault) : request(f, fault, target),
          afterMs,
        }));
        const played = await play(schedule);
        const begun = played.effects.filter(({ edge }) => edge === 'begin').map(({ faultId }) => faultId);
        const ended = played.effects.filter(({ edge }) => edge === 'end').map(({ faultId }) => faultId);
        expect(new Set(begun).size).toBe(begun.length);
        expect([...ended].sort((a, b) => a - b)).toEqual([...begun].sort((a, b) => a - b));
        for (const { edge, observed, tookEffect } of played.effects) {
          expect(observed === undefined).toBe(edge === 'begin');
          expect(tookEffect === undefined).toBe(edge === 'begin');
        }

        const replayed = await play(
          schedule.map(({ invocation, afterMs }, i) => ({
            invocation: { f: invocation.f, value: { parameters: played.effects[i]?.parameters ?? null } },
            afterMs,
          })),
        );
        // Byte for byte: replays are compared as text.
        expect(JSON.stringify(replayed)).toBe(JSON.stringify(played));
      }),
      { numRuns: 40 },
    );
  });

  it('draws by seed, name and fault id alone', async () => {
    const choose = async (before: readonly Invocation[]): Promise<Json> => {
      const { effects } = await play(
        [...before, { f: 'cut', value: { fault: 'partition', target: 'random', faultId: 7 } }].map(
          (invocation) => ({
            invocation,
            afterMs: 0,
          }),
        ),
      );
      return effects.find(({ faultId, edge }) => faultId === 7 && edge === 'begin')?.parameters ?? null;
    };
    const random = randomStream(1);
    const some = BEGINNINGS.filter(([f]) => f !== 'cut').map(([f, fault, target]) =>
      request(f, fault, target),
    );
    expect(await choose([random.pick(some)])).toEqual(await choose([]));
  });
});
