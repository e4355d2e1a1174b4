import { describe, expect, it } from 'vitest';
import type { PlanEntry } from '../generator/index.ts';
import type { TestDefinition } from '../run/test-definition.ts';
import { NS_PER_MS, NS_PER_S } from '../units.ts';
import { type Candidate, faultsOf, isOfClient, sizeOf, withPlan } from './candidate.ts';
import type { Finding } from './finding.ts';
import type { FirstOf, ShrinkResult } from './search.ts';
import { shrink } from './shrink.ts';

const NODES = ['n1', 'n2', 'n3', 'n4', 'n5'];
const OPERATIONS = 400;

const TEST: TestDefinition = {
  format: 'shaketable-test',
  version: 1,
  shaketableVersion: '0.0.0',
  gitRevision: null,
  startedAt: '2026-11-28T00:00:00.000Z',
  commandLine: 'shaketable run raft register',
  system: 'raft',
  workload: 'register',
  cluster: 'sim',
  nemeses: ['partition', 'kill'],
  nodes: NODES,
  concurrency: 5,
  rate: 200,
  timeLimitS: 10,
  quietS: 5,
  nemesisIntervalS: 3,
  operationTimeoutMs: 5000,
  seed: 1,
  bugs: [],
  systemOptions: {},
  workloadOptions: {},
};

/** Four hundred operations on eight keys, ten faults, and final reads. */
function start(): Candidate {
  const main: PlanEntry[] = Array.from({ length: OPERATIONS }, (_, i) => ({
    time: i * 25 * NS_PER_MS,
    process: i % 5,
    f: i % 3 === 0 ? 'read' : 'write',
    key: `k${i % 8}`,
    value: i % 3 === 0 ? null : 1000 + i,
  }));
  for (let i = 1; i <= 10; i++) {
    const fault = i % 2 === 0 ? 'kill' : 'partition';
    const parameters =
      fault === 'kill'
        ? { fault, faultId: i, nodes: ['n2', 'n3'] }
        : { fault, faultId: i, shape: 'random', grudge: { n1: ['n2', 'n4'], n3: ['n5'] } };
    main.push({ time: i * 900 * NS_PER_MS, process: 'nemesis', f: 'begin', value: { parameters } });
    main.push({
      time: i * 900 * NS_PER_MS + 400 * NS_PER_MS,
      process: 'nemesis',
      f: 'end',
      value: { parameters: { fault, faultId: i } },
    });
  }
  main.sort((a, b) => a.time - b.time);
  const final: PlanEntry[] = [{ time: 15 * NS_PER_S, process: 0, f: 'read', key: 'k0', value: null }];
  const plan = {
    format: 'shaketable-plan' as const,
    version: 1 as const,
    main,
    healTime: 10 * NS_PER_S,
    final,
    finalTime: 15 * NS_PER_S,
    interruptTime: null,
  };
  return withPlan({ test: TEST, plan }, {});
}

/** Fails when a write of k3 comes while a kill of n2 is in force, and a read of k3 after it. */
function findingOf({ test, plan }: Candidate): Finding | null {
  if (!test.nodes.includes('n2')) return null;
  const kill = plan.main.find(({ f, value }) => f === 'begin' && /"kill".*"n2"/.test(JSON.stringify(value)));
  if (kill === undefined) return null;
  const key = plan.main.filter(isOfClient).some((entry) => entry.key === 'k3') ? 'k3' : 'k0';
  const write = plan.main.findIndex(
    (entry) => entry.f === 'write' && entry.key === key && entry.time >= kill.time,
  );
  const read = plan.main.findIndex(
    (entry, place) => place > write && entry.f === 'read' && entry.key === key,
  );
  if (write < 0 || read < 0) return null;
  return { places: { main: [write, read], final: [] }, endTime: plan.main[read]?.time ?? null };
}

/** Runs so many ahead of what is known, as a pool does. */
function pool(size: number, onRun: () => void = () => undefined): FirstOf {
  return (candidates) => {
    const iterator = candidates[Symbol.iterator]();
    let place = 0;
    for (;;) {
      const batch: Candidate[] = [];
      while (batch.length < size) {
        const next = iterator.next();
        if (next.done === true) break;
        batch.push(next.value);
      }
      if (batch.length === 0) return Promise.resolve(null);
      onRun();
      for (const candidate of batch) {
        const finding = findingOf(candidate);
        if (finding !== null) return Promise.resolve({ candidate, finding, place });
        place++;
      }
    }
  };
}

function shrunk(firstOf: FirstOf, more: { attemptsMax?: number; isStopped?: () => boolean } = {}) {
  const candidate = start();
  return shrink({
    candidate,
    finding: findingOf(candidate) ?? expect.fail('the start does not fail'),
    firstOf,
    attemptsMax: more.attemptsMax ?? 3000,
    isStopped: more.isStopped ?? (() => false),
    onProgress: () => undefined,
  });
}

describe('shrink', () => {
  it('leaves what the failure needs', async () => {
    const { smallest, end } = await shrunk(pool(1));
    expect(end).toBe('done');
    const { operations, faults, nodes, clients, keys, lengthS } = sizeOf(smallest);
    expect({ operations, faults, nodes, clients, keys }).toEqual({
      operations: 2,
      faults: 1,
      nodes: 1,
      clients: 1,
      keys: 1,
    });
    expect(lengthS).toBeLessThan(0.02);
    const { plan, test } = smallest;
    expect(test).toMatchObject({ planned: true, nemeses: ['kill'], nodes: ['n2'], concurrency: 1 });
    expect(plan).toMatchObject({ final: [], finalTime: null });
    // The end of the kill is not needed: healing ends it. Nor is its other node, nor large values.
    expect(faultsOf(plan).flatMap(({ entries }) => entries.map(({ value }) => value))).toEqual([
      { parameters: expect.objectContaining({ fault: 'kill', nodes: ['n2'] }) as unknown },
    ]);
    expect(plan.main.filter(isOfClient).map(({ f, value }) => [f, value])).toEqual([
      ['write', 1],
      ['read', null],
    ]);
  });

  it('gives the same however many run at once', async () => {
    const results: ShrinkResult[] = [];
    for (const size of [1, 2, 7]) results.push(await shrunk(pool(size)));
    expect(results[1]).toEqual(results[0]);
    expect(results[2]).toEqual(results[0]);
  });

  it('gives the same when attempts run out, too', async () => {
    const [one, many] = [
      await shrunk(pool(1), { attemptsMax: 25 }),
      await shrunk(pool(5), { attemptsMax: 25 }),
    ];
    expect(one).toMatchObject({ attempts: 25, end: 'attempts' });
    expect(many).toEqual(one);
  });

  it('ends with the smallest so far when it is stopped', async () => {
    let runs = 0;
    const firstOf = pool(1, () => runs++);
    const { smallest, end } = await shrunk(firstOf, { isStopped: () => runs >= 6 });
    expect(end).toBe('stopped');
    expect(findingOf(smallest)).not.toBeNull();
    expect(sizeOf(smallest).operations).toBeLessThan(OPERATIONS);
  });

  it('never runs the same twice', async () => {
    const seen = new Set<string>();
    const firstOf: FirstOf = (candidates) =>
      pool(1)(
        (function* watched() {
          for (const candidate of candidates) {
            const text = JSON.stringify([candidate.test.nodes, candidate.test.concurrency, candidate.plan]);
            expect(seen.has(text)).toBe(false);
            seen.add(text);
            yield candidate;
          }
        })(),
      );
    await shrunk(firstOf);
    expect(seen.size).toBeGreaterThan(20);
  });
});
