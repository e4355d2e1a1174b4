/** Deadlines and turns: what is due, and what is told, in order. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SimCluster } from '../../../../harness/cluster/sim/sim-cluster.ts';
import { toySystem } from '../../../../harness/cluster/sim/toy-system.ts';
import { msToNs, nsToMs } from '../../../../harness/units.ts';
import type { Runtime } from '../../../runtime/runtime.ts';
import type { DeadlineItem } from './deadlines.ts';
import { Deadlines } from './deadlines.ts';
import { Turn } from './turn.ts';

/** Runs a node's code for a second of its time. */
async function onNode(program: (runtime: Runtime) => void): Promise<void> {
  const cluster = new SimCluster({ system: toySystem(program), nodes: ['n1'], seed: 1 });
  await cluster.run(async () => {
    await cluster.start();
    await cluster.clock.sleep(msToNs(1000));
  });
  expect(cluster.crashes).toEqual([]);
}

test('any deadlines: each item is due once, at its last deadline, in order', async () => {
  const plans = fc.array(fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 1, maxLength: 4 }), {
    maxLength: 40,
  });
  await fc.assert(
    fc.asyncProperty(plans, async (wanted) => {
      const dues: [item: number, atMs: number][] = [];
      await onNode((runtime) => {
        const deadlines = new Deadlines(runtime);
        const startMs = nsToMs(runtime.monotonicNs());
        wanted.forEach((plan, number) => {
          const item = {
            deadlineMs: Infinity,
            due: (nowMs: number) => {
              dues.push([number, Math.round(nowMs - startMs)]);
              item.deadlineMs = Infinity;
            },
          };
          for (const ms of plan) {
            item.deadlineMs = startMs + ms;
            deadlines.watch(item);
          }
        });
      });
      expect(dues.map(([number]) => number).sort((a, b) => a - b)).toEqual(wanted.map((_, number) => number));
      for (const [number, atMs] of dues) expect(atMs - (wanted[number]?.at(-1) ?? 0)).toBeLessThanOrEqual(1);
      expect(dues.map(([, atMs]) => atMs)).toEqual(dues.map(([, atMs]) => atMs).sort((a, b) => a - b));
    }),
    { numRuns: 30 },
  );
});

test('an item that stays due does not stop the clock; a forgotten one is not due', async () => {
  let ticks = 0;
  await onNode((runtime) => {
    const deadlines = new Deadlines(runtime);
    const restless: DeadlineItem = { deadlineMs: 0, due: () => ticks++ };
    const forgotten: DeadlineItem = {
      deadlineMs: nsToMs(runtime.monotonicNs()) + 10,
      due: () => {
        throw new Error('forgotten');
      },
    };
    deadlines.watch(restless);
    deadlines.watch(forgotten);
    deadlines.forget(forgotten);
    runtime.setTimer(msToNs(500), () => deadlines.close());
  });
  expect(ticks).toBeGreaterThan(100);
  expect(ticks).toBeLessThanOrEqual(501);
});

test('what is put off is done when the outermost turn is over, and may begin another', () => {
  const turn = new Turn();
  const heard: string[] = [];
  turn.run(() => {
    turn.after(() => {
      heard.push('first');
      turn.run(() => {
        turn.after(() => heard.push('third'));
        heard.push('inner');
      });
    });
    turn.run(() => turn.after(() => heard.push('second')));
    heard.push('begin');
  });
  turn.after(() => heard.push('at once'));
  expect(heard).toEqual(['begin', 'first', 'inner', 'second', 'third', 'at once']);
});
