import { describe, expect, it } from 'vitest';
import { HarnessError } from '../errors.ts';
import type { Clock } from '../cluster/cluster.ts';
import { Scheduler } from '../cluster/sim/scheduler.ts';
import { parsePlan, type Plan } from './plan.ts';
import { RunInterrupt } from './run-interrupt.ts';
import { parseTestDefinition, type TestDefinition } from './test-definition.ts';

const plan: Plan = {
  format: 'shaketable-plan',
  version: 1,
  main: [
    { time: 5, process: 0, f: 'write', key: 'x', value: 1 },
    { time: 9, process: 'nemesis', f: 'cut', value: { parameters: { fault: 'partition', faultId: 1 } } },
  ],
  healTime: 20,
  final: [],
  finalTime: null,
  interruptTime: 12,
};

const test: TestDefinition = {
  format: 'shaketable-test',
  version: 1,
  shaketableVersion: '0.1.0',
  gitRevision: null,
  startedAt: '2026-01-01T00:00:00Z',
  commandLine: 'shaketable run raft register',
  system: 'raft',
  workload: 'register',
  cluster: 'sim',
  nemeses: [],
  nodes: ['n1'],
  concurrency: 1,
  rate: 1,
  timeLimitS: 1,
  quietS: 0,
  nemesisIntervalS: 1,
  operationTimeoutMs: 1,
  seed: 0,
  bugs: [],
  systemOptions: {},
  workloadOptions: { values: 'unique', keys: 5, on: true },
};

function refusal(action: () => unknown): { code: string; message: string } {
  try {
    action();
  } catch (error) {
    if (error instanceof HarnessError) return { code: error.code, message: error.message };
  }
  throw new Error('was accepted');
}

describe('plan.json', () => {
  it('is read as it was written; one of before there were interrupts has none', () => {
    expect(parsePlan(JSON.stringify(plan), 'p')).toEqual(plan);
    const { interruptTime: _, ...older } = plan;
    expect(parsePlan(JSON.stringify(older), 'p')).toEqual({ ...plan, interruptTime: null });
  });

  it.each<[string, string, string, string]>([
    ['a piece', '{"format":"shaketable-plan"', 'bad-format', 'p is not JSON: is it cut off?'],
    ['another file', '{"format":"shaketable-test","version":1}', 'bad-format', 'p is no shaketable plan'],
    ['no object', '17', 'bad-format', 'p is no shaketable plan'],
    [
      'a newer one',
      JSON.stringify({ ...plan, version: 2 }),
      'unsupported-version',
      'p has format version 2; this shaketable reads version 1',
    ],
    ['a wrong field', JSON.stringify({ ...plan, healTime: -1 }), 'bad-format', 'p: healTime: '],
    [
      'a wrong entry',
      JSON.stringify({ ...plan, main: [{ time: 1, process: 'me', f: 'x', value: 1 }] }),
      'bad-format',
      'p: main.0.process: ',
    ],
  ])('%s is refused', (_, text, code, message) => {
    const refused = refusal(() => parsePlan(text, 'p'));
    expect(refused.code).toBe(code);
    expect(refused.message).toContain(message);
    expect(refused.message).not.toContain('\n');
  });
});

describe('test.json', () => {
  it('is read as it was written', () => {
    expect(parseTestDefinition(JSON.stringify(test), 't')).toEqual(test);
    expect(parseTestDefinition(JSON.stringify({ ...test, planned: true }), 't').planned).toBe(true);
    const script = plan.main.slice(1);
    expect(parseTestDefinition(JSON.stringify({ ...test, script }), 't').script).toEqual(script);
  });

  it.each<[string, string, string, string]>([
    ['a piece', '{', 'bad-format', 't is not JSON: is it cut off, or no run directory?'],
    ['another file', '{"name":"x"}', 'bad-format', 't is not the test.json of a shaketable run'],
    [
      'a newer one',
      JSON.stringify({ ...test, version: 2 }),
      'unsupported-version',
      't has format version 2; this shaketable reads version 1: use the release that wrote it',
    ],
    ['no nodes', JSON.stringify({ ...test, nodes: [] }), 'bad-format', 't: nodes: '],
    ['a seed that is none', JSON.stringify({ ...test, seed: 1.5 }), 'bad-format', 't: seed: '],
    [
      'an option that is none',
      JSON.stringify({ ...test, systemOptions: { a: [1] } }),
      'bad-format',
      't: systemOptions.a: ',
    ],
  ])('%s is refused', (_, text, code, message) => {
    const refused = refusal(() => parseTestDefinition(text, 't'));
    expect(refused.code).toBe(code);
    expect(refused.message).toContain(message);
    expect(refused.message).not.toContain('\n');
  });
});

describe('RunInterrupt', () => {
  const clockOf = (scheduler: Scheduler): Clock => ({
    now: () => scheduler.now,
    setTimer: (delayNs, callback) => scheduler.setTimer(delayNs, callback),
    sleep: (delayNs) => scheduler.sleep(delayNs),
  });

  it('comes once, at the earliest time that it was asked for, after all that is due by then', async () => {
    const scheduler = new Scheduler();
    const interrupt = new RunInterrupt(clockOf(scheduler));
    const seen: string[] = [];
    await scheduler.run(async () => {
      interrupt.onRequest(() => seen.push(`interrupt at ${scheduler.now}`));
      interrupt.requestAt(100);
      interrupt.requestAt(50);
      interrupt.requestAt(70);
      scheduler.setTimer(50, () => seen.push('timer'));
      expect(interrupt.requested).toBe(false);
      await scheduler.sleep(60);
      interrupt.request();
      await scheduler.sleep(60);
    });
    expect(seen).toEqual(['timer', 'interrupt at 50']);
    expect(interrupt).toMatchObject({ requested: true, time: 50 });
  });

  it('asked for now comes within a nanosecond', async () => {
    const scheduler = new Scheduler();
    const interrupt = new RunInterrupt(clockOf(scheduler));
    await scheduler.run(async () => {
      await scheduler.sleep(10);
      interrupt.request();
      expect(interrupt.time).toBe(null);
      await scheduler.sleep(2);
    });
    expect(interrupt.time).toBe(11);
  });
});
