import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { composeNemeses, nemeses } from '../../nemeses/index.ts';
import { SimCluster } from '../cluster/sim/sim-cluster.ts';
import { serveEcho, toySystem } from '../cluster/sim/toy-system.ts';
import { cycle, limit, stagger } from '../generator/index.ts';
import { generatorOf } from '../generator/lift.ts';
import { HistoryWriter } from '../history/json-lines.ts';
import { History } from '../history/history.ts';
import type { FaultEffect, Operation } from '../history/operation.ts';
import { NS_PER_S, sToNs } from '../units.ts';
import { parsePlan, type PhaseTimes, type Plan, planOfRun } from './plan.ts';
import { RunInterrupt } from './run-interrupt.ts';
import { runTest } from './run-test.ts';
import type { TestDefinition } from './test-definition.ts';

const NODES = ['n1', 'n2', 'n3'];

const definition = (seed: number): TestDefinition => ({
  format: 'shaketable-test',
  version: 1,
  shaketableVersion: '0',
  gitRevision: null,
  startedAt: '2026-01-01T00:00:00Z',
  commandLine: '',
  system: 'toy',
  workload: 'echo',
  cluster: 'sim',
  nemeses: ['partition', 'kill', 'pause'],
  nodes: NODES,
  concurrency: 4,
  rate: 50,
  timeLimitS: 3,
  quietS: 2,
  nemesisIntervalS: 0.2,
  operationTimeoutMs: 400,
  seed,
  bugs: [],
  systemOptions: {},
  workloadOptions: {},
});

interface Ran {
  readonly history: History;
  readonly times: PhaseTimes;
  readonly eventHash: string;
  readonly cluster: SimCluster;
}

interface RunOptions {
  readonly seed?: number;
  readonly plan?: Plan;
  readonly interruptTime?: number | undefined;
  readonly hasFinal?: boolean;
}

async function run({ seed = 1, plan, interruptTime, hasFinal = true }: RunOptions = {}): Promise<Ran> {
  const test = definition(seed);
  const cluster = new SimCluster({ system: toySystem(serveEcho), nodes: NODES, seed });
  const definitionOfFaults = composeNemeses(test.nemeses.map((name) => nemeses.get(name)!));
  const options = { intervalMs: test.nemesisIntervalS * 1000, seed };
  const operations: Operation[] = [];
  const interrupt = new RunInterrupt(cluster.clock);
  if (interruptTime !== undefined) interrupt.requestAt(interruptTime);
  const work = cycle([
    { f: 'echo', value: 'a' },
    { f: 'echo', value: 'b' },
  ]);
  const times = await cluster.run(() =>
    runTest({
      test,
      cluster,
      clientGenerator: stagger(1 / test.rate, generatorOf(work)),
      finalGenerator: hasFinal ? limit(5, generatorOf(cycle([{ f: 'echo', value: 'final' }]))) : null,
      faults: {
        nemesis: definitionOfFaults.bind(cluster, options),
        generator: definitionOfFaults.generator(NODES, options),
      },
      interrupt,
      ...(plan === undefined ? undefined : { plan }),
      onOperation: (operation) => operations.push(operation),
    }),
  );
  return { history: new History(operations), times, eventHash: cluster.eventHash, cluster };
}

const writer = new HistoryWriter();
const linesOf = ({ history }: Ran): string[] => history.operations.map((operation) => writer.line(operation));
/** Without what a plan asks in other words than a generator. */
const effectsOf = ({ history }: Ran): string[] =>
  history.operations
    .filter(({ process, type }) => process !== 'nemesis' || type !== 'invoke')
    .map((operation) => writer.line(operation));

function openFaults({ history }: Ran): number[] {
  return history
    .faultWindows()
    .filter(({ endTime }) => endTime === undefined)
    .map(({ faultId }) => faultId);
}

describe('the phases of a run', () => {
  it('are work under faults, healing, rest, and the final operations of clients alone', async () => {
    const ran = await run();
    const { operations } = ran.history;
    const { healTime, finalTime } = ran.times;
    expect(Math.abs(healTime - sToNs(3))).toBeLessThan(sToNs(0.5));
    expect(finalTime).toBe(healTime + sToNs(2));
    expect(ran.times.interruptTime).toBe(null);
    const isNemesis = ({ process }: Operation): boolean => process === 'nemesis';
    expect(operations.filter(isNemesis).length).toBeGreaterThan(10);
    expect(ran.history.faultWindows().some(({ startTime }) => startTime < healTime)).toBe(true);
    expect(openFaults(ran)).toEqual([]);
    // Nothing happens while the cluster rests; then clients alone.
    expect(operations.filter(({ time }) => time > healTime && time < (finalTime ?? 0))).toEqual([]);
    const final = operations.filter(({ time }) => time >= (finalTime ?? 0));
    const asked = final.filter(({ type }) => type === 'invoke');
    expect(asked.map(({ value }) => value)).toEqual(Array(5).fill('final'));
    expect(final.some(isNemesis)).toBe(false);
    expect(operations.map(({ index }) => index)).toEqual(operations.map((_, i) => i));
    for (const node of NODES) expect(ran.cluster.isRunning(node)).toBe(false);
  });

  it('end with the rest where there are no final operations', async () => {
    const ran = await run({ hasFinal: false });
    expect(ran.times).toMatchObject({ finalTime: null, interruptTime: null });
    expect(ran.history.operations.at(-1)?.time).toBeLessThanOrEqual(ran.times.healTime);
  });

  it('stop the cluster also when they fail', async () => {
    const cluster = new SimCluster({ system: toySystem(serveEcho), nodes: NODES, seed: 1 });
    const failing = cluster.run(() =>
      runTest({
        test: definition(1),
        cluster,
        clientGenerator: generatorOf(() => {
          throw new Error('no idea');
        }),
        finalGenerator: null,
        faults: null,
        onOperation: () => undefined,
      }),
    );
    await expect(failing).rejects.toThrow('no idea');
    for (const node of NODES) expect(cluster.isRunning(node)).toBe(false);
  });
});

describe('a plan', () => {
  it('of any run does the same again', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 1e9 }), async (seed) => {
        const first = await run({ seed });
        const plan = planOfRun(first.history, first.times);
        const again = await run({ seed, plan: parsePlan(JSON.stringify(plan), 'plan.json') });
        expect(effectsOf(again)).toEqual(effectsOf(first));
        expect(again.times).toEqual(first.times);
        // What came of a plan is planned the same way, and does the same event by event.
        const third = await run({ seed, plan: planOfRun(again.history, again.times) });
        expect(linesOf(third)).toEqual(linesOf(again));
        expect(third.eventHash).toBe(again.eventHash);
      }),
      { numRuns: 15 },
    );
  });

  it('does without some of its operations and faults', async () => {
    const first = await run();
    const plan = planOfRun(first.history, first.times);
    const isBegin = (value: unknown): boolean =>
      'nodes' in ((value as { parameters?: object }).parameters ?? {});
    const main = plan.main.filter(({ process, value }, i) =>
      process === 'nemesis' ? !isBegin(value) : i % 3 === 0,
    );
    const again = await run({ plan: { ...plan, main, final: [] } });
    expect(again.history.operations.length).toBeLessThan(first.history.operations.length / 2);
    expect(openFaults(again)).toEqual([]);
  });
});

describe('an interrupt', () => {
  it('at any time heals all faults, begins nothing more, and comes again in a replay', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 1000 }),
        fc.integer({ min: 0, max: 5.2 * NS_PER_S }),
        async (seed, interruptTime) => {
          const whole = await run({ seed });
          const first = await run({ seed, interruptTime });
          const end = whole.history.operations.at(-1)?.time ?? 0;
          if (interruptTime > end) {
            expect(first.times.interruptTime).toBe(null);
            expect(linesOf(first)).toEqual(linesOf(whole));
            return;
          }
          expect(first.times.interruptTime).toBe(interruptTime);
          expect(openFaults(first)).toEqual([]);
          for (const { process, type, time } of first.history.operations) {
            if (process !== 'nemesis' && type === 'invoke') expect(time).toBeLessThanOrEqual(interruptTime);
          }
          // Until then it was the same run.
          const before = first.history.operations.filter(({ time }) => time < interruptTime).length;
          expect(linesOf(first).slice(0, before)).toEqual(linesOf(whole).slice(0, before));
          // What is in flight has as long as an operation may take, a second at most.
          expect((first.history.operations.at(-1)?.time ?? 0) - interruptTime).toBeLessThanOrEqual(
            0.4 * NS_PER_S + 1,
          );

          const again = await run({ seed, interruptTime });
          expect(linesOf(again)).toEqual(linesOf(first));
          expect(again.eventHash).toBe(first.eventHash);
          const plan = planOfRun(first.history, first.times);
          expect(plan.interruptTime).toBe(interruptTime);
          const planned = await run({ seed, interruptTime, plan });
          expect(effectsOf(planned)).toEqual(effectsOf(first));
        },
      ),
      { numRuns: 25 },
    );
  });

  it('at the time of an event comes after it, whenever it was asked for', async () => {
    const whole = await run();
    for (const { time } of whole.history.operations.slice(20, 30)) {
      const first = await run({ interruptTime: time });
      const by = whole.history.operations.filter((operation) => operation.time <= time).length;
      expect(linesOf(first).slice(0, by)).toEqual(linesOf(whole).slice(0, by));
    }
  });
});

describe('the effect of a fault', () => {
  it('stands in the history from its beginning to its end', async () => {
    const { history } = await run();
    for (const { beginIndex, endIndex, faultId, tookEffect } of history.faultWindows()) {
      const begin = history.operations[beginIndex]?.value as unknown as FaultEffect;
      expect(begin.faultId).toBe(faultId);
      expect(endIndex).toBeGreaterThan(beginIndex);
      expect(typeof tookEffect).toBe('boolean');
    }
  });
});
