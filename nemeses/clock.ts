/**
 * Clock faults: `bump-clock` jumps clocks once, `drift-clock` lets them run fast or slow, `strobe-clock` throws
 * them to and fro; `reset-clock` makes them true again.
 *
 *     { f: 'bump-clock', value: { fault: 'clock', target: 'minority' } }
 *     → { description: 'bumped the clock of n2 by -512 ms, n5 by 90 ms', parameters: { offsetsMs: { n2: -512, n5: 90 } } }
 *
 * A node that is down is left out: it would notice nothing. What a jump moves is in the Cluster contract: forward
 * all clocks and timers, back the wall clock alone. So a strobing clock's timers run fast.
 */
import { z } from 'zod';
import { msToNs } from '../harness/units.ts';
import type { Json } from '../harness/history/operation.ts';
import type { Random } from '../harness/random.ts';
import type { Timer } from '../systems/runtime/runtime.ts';
import { defineNemesis } from './define.ts';
import { type Fault, type FaultKind, faultKind } from './fault.ts';
import type { NemesisDefinition } from './nemesis.ts';
import { pickObserved } from './observed.ts';
import { chooseTarget, nameNode, type Scene, targetSchema } from './targets.ts';

/** What a node could notice: that it read a wrong clock, or that its timers moved. */
const NOTICED = ['clockReads', 'timersMoved'];

/** Jumps one clock, and counts it. */
async function jump(fault: Fault, node: string, offsetMs: number): Promise<void> {
  const observed = await fault.cluster.bumpClock(node, offsetMs);
  fault.observe({ ...pickObserved(observed, NOTICED), clockJumps: 1 });
}

/** Holds the clocks of those nodes that are up; says which. */
async function holdClocks(
  fault: Fault,
  nodes: readonly string[],
  change: (node: string) => Promise<void>,
  beforeReset?: (node: string) => Promise<void>,
): Promise<void> {
  const { cluster } = fault;
  for (const node of nodes) {
    if (!cluster.isRunning(node)) {
      fault.note(`${node} was down`);
      continue;
    }
    await fault.hold(
      `clock of ${node}`,
      [node],
      () => change(node),
      async () => {
        await beforeReset?.(node);
        return cluster.resetClock(node);
      },
    );
  }
}

function describeEach(fault: Fault, done: string, how: (node: string) => string): string {
  if (fault.nodes.length === 0) return `${done} no clock`;
  return `${done} the clock of ${fault.nodes.map((node) => `${nameNode(node, fault.scene)} ${how(node)}`).join(', ')}`;
}

/** Draws something for every chosen node. */
function chooseEach<T extends Json>(
  target: Json | undefined,
  scene: Scene,
  random: Random,
  draw: () => T,
): { values: Record<string, T>; note?: string } {
  const { nodes, ...note } = chooseTarget(targetSchema.parse(target), scene, random);
  return { values: Object.fromEntries(nodes.map((node) => [node, draw()])), ...note };
}

/** 2^min to 2^max, each power of two as likely. */
const powerOfTwo = (random: Random, min: number, max: number): number =>
  Math.round(2 ** (min + random.float() * (max - min)));

type BumpParameters = { readonly offsetsMs: Readonly<Record<string, number>>; readonly note?: string };

const bump = faultKind<BumpParameters>({
  begin: 'bump-clock',
  end: 'reset-clock',
  effects: NOTICED,
  parameters: z.object({
    offsetsMs: z.record(z.string(), z.number()),
    note: z.string().exactOptional(),
  }),
  // 16 ms, below any timeout, to a minute, above all of them; either way.
  choose: (target, scene, random) => {
    const draw = (): number => (random.chance(0.5) ? 1 : -1) * powerOfTwo(random, 4, 16);
    const { values, ...note } = chooseEach(target, scene, random, draw);
    return { offsetsMs: values, ...note };
  },
  inject: async ({ offsetsMs, note }, fault) => {
    await holdClocks(fault, Object.keys(offsetsMs), async (node) => {
      await jump(fault, node, offsetsMs[node] ?? 0);
    });
    if (note !== undefined) fault.note(note);
    return describeEach(fault, 'bumped', (node) => `by ${offsetsMs[node] ?? 0} ms`);
  },
});

type DriftParameters = { readonly rates: Readonly<Record<string, number>>; readonly note?: string };

const drift = faultKind<DriftParameters>({
  begin: 'drift-clock',
  end: 'reset-clock',
  effects: NOTICED,
  parameters: z.object({
    rates: z.record(z.string(), z.number().positive()),
    note: z.string().exactOptional(),
  }),
  // A quarter to four times true time: enough to break a lease, not so much that nothing is left to see.
  choose: (target, scene, random) => {
    const draw = (): number => Math.round(4 ** (2 * random.float() - 1) * 1000) / 1000;
    const { values, ...note } = chooseEach(target, scene, random, draw);
    return { rates: values, ...note };
  },
  inject: async ({ rates, note }, fault) => {
    await holdClocks(fault, Object.keys(rates), async (node) => {
      await fault.cluster.driftClock(node, rates[node] ?? 1);
    });
    if (note !== undefined) fault.note(note);
    return describeEach(fault, 'let run', (node) => `at ${rates[node] ?? 1} of true time`);
  },
});

type StrobeParameters = {
  readonly nodes: readonly string[];
  readonly deltaMs: number;
  readonly periodMs: number;
  readonly note?: string;
};

const strobe = faultKind<StrobeParameters>({
  begin: 'strobe-clock',
  end: 'reset-clock',
  effects: NOTICED,
  parameters: z.object({
    nodes: z.array(z.string()),
    deltaMs: z.number().positive(),
    periodMs: z.number().positive(),
    note: z.string().exactOptional(),
  }),
  choose: (target, scene, random) => ({
    ...chooseTarget(targetSchema.parse(target), scene, random),
    deltaMs: powerOfTwo(random, 2, 9),
    periodMs: powerOfTwo(random, 4, 9),
  }),
  inject: async ({ nodes, deltaMs, periodMs, note }, fault) => {
    const stops = new Map<string, () => Promise<void>>();
    await holdClocks(
      fault,
      nodes,
      async (node) => {
        stops.set(node, startStrobe(fault, node, deltaMs, periodMs));
      },
      async (node) => stops.get(node)?.(),
    );
    if (note !== undefined) fault.note(note);
    return describeEach(fault, 'strobed', () => `by ${deltaMs} ms every ${periodMs} ms`);
  },
});

/** Jumps forward and back in turn, once a period, until the returned function is called; it waits for a jump under way. */
function startStrobe(fault: Fault, node: string, deltaMs: number, periodMs: number): () => Promise<void> {
  const { clock } = fault.cluster;
  let offsetMs = deltaMs;
  let isStopped = false;
  let timer: Timer;
  let underWay = Promise.resolve();
  const jumpOnce = async (): Promise<void> => {
    try {
      if (fault.cluster.isRunning(node)) await jump(fault, node, offsetMs);
      offsetMs = -offsetMs;
    } catch {
      // The node went down while it was being asked: the next period tries again.
      fault.observe({ clockJumpsFailed: 1 });
    }
    if (!isStopped) schedule();
  };
  const schedule = (): void => {
    timer = clock.setTimer(msToNs(periodMs), () => {
      underWay = jumpOnce();
    });
  };
  schedule();
  return () => {
    isStopped = true;
    timer.cancel();
    return underWay;
  };
}

function clock(name: string, summary: string, kinds: readonly FaultKind[]): NemesisDefinition {
  return defineNemesis({
    name,
    summary,
    layer: 'clock',
    needs: kinds.includes(drift)
      ? kinds.length > 1
        ? ['skew-clock', 'drift-clock']
        : ['drift-clock']
      : ['skew-clock'],
    kinds,
    begins: kinds.flatMap(({ begin }) =>
      ['leader', 'random', 'minority', 'majority', 'all'].map((target) => ({ f: begin, target })),
    ),
  });
}

export const clockFaults: readonly NemesisDefinition[] = [
  clock('clock', 'bumps, drifts and strobes clocks', [bump, drift, strobe]),
  clock('clock-bump', 'jumps clocks forward or back, from milliseconds to a minute', [bump]),
  clock('clock-drift', 'lets clocks run fast or slow', [drift]),
  clock('clock-strobe', 'throws clocks to and fro many times a second', [strobe]),
];
