import { describe, expect, it } from 'vitest';
import { clients, limit } from '../harness/generator/index.ts';
import {
  type Complete,
  imperfect,
  perfect,
  type SimulatedEvent,
  simulate,
} from '../harness/generator/simulate.ts';
import { History } from '../harness/history/history.ts';
import type { Json, Operation } from '../harness/history/operation.ts';
import { NS_PER_S } from '../harness/units.ts';
import { workloads } from './index.ts';
import type { PreparedWorkload, Workload, WorkloadContext } from './workload.ts';

function prepare(name: string, options: WorkloadContext['options'] = {}, concurrency = 5): PreparedWorkload {
  const workload = workloads.get(name) as Workload;
  const defaults = Object.fromEntries(workload.options.map((option) => [option.name, option.default]));
  return workload.prepare({
    nodes: ['n1', 'n2', 'n3'],
    concurrency,
    rate: 100,
    options: { ...defaults, ...options },
  });
}

function run(
  prepared: PreparedWorkload,
  operations: number,
  complete: Complete = perfect,
  seed = 1,
): SimulatedEvent[] {
  return simulate(clients(limit(operations, prepared.generator)), { concurrency: 5, seed, complete });
}

const invocations = (events: readonly SimulatedEvent[]): SimulatedEvent[] =>
  events.filter(({ type }) => type === 'invoke');

function countBy<T>(items: readonly T[], keyOf: (item: T) => unknown): Map<unknown, number> {
  const counts = new Map<unknown, number>();
  for (const item of items) counts.set(keyOf(item), (counts.get(keyOf(item)) ?? 0) + 1);
  return counts;
}

/** Those on rotating keys. The others have tests of their own. */
const KEYED = ['register', 'counter', 'append'];

describe('every workload on keys', () => {
  it.each(KEYED)('%s proposes its functions alone, at the rate, the same for the same seed', (name) => {
    const events = invocations(run(prepare(name), 2_000));
    const workload = workloads.get(name) as Workload;
    expect([...countBy(events, ({ f }) => f).keys()].sort()).toEqual([...workload.functions].sort());
    const seconds = (events.at(-1)?.time ?? 0) / NS_PER_S;
    expect(Math.abs(seconds - 20)).toBeLessThan(1.5);
    expect(invocations(run(prepare(name), 2_000))).toEqual(events);
    expect(invocations(run(prepare(name), 2_000, perfect, 2))).not.toEqual(events);
    expect(events.filter(({ f }) => f === 'read').every(({ value }) => value === null)).toBe(true);
    for (const f of prepare(name).mustSucceed) expect(workload.functions).toContain(f);
  });

  it.each(KEYED)('%s uses each key for so many operations, several at a time', (name) => {
    const events = invocations(run(prepare(name, { keys: 3, operationsPerKey: 50 }), 1_000));
    const uses = [...countBy(events, ({ key }) => key)];
    const full = uses.filter(([, count]) => count === 50);
    expect(uses.length - full.length).toBeLessThanOrEqual(3);
    expect(Math.max(...uses.map(([, count]) => count))).toBe(50);
    expect(uses.map(([key]) => key).sort()).toEqual(uses.map((_, i) => `k${i}`).sort());
    let inUse = 0;
    let most = 0;
    const left = new Map(uses);
    const seen = new Set<unknown>();
    for (const { key } of events) {
      if (!seen.has(key)) inUse++;
      seen.add(key);
      left.set(key, (left.get(key) ?? 0) - 1);
      most = Math.max(most, inUse);
      if (left.get(key) === 0) inUse--;
    }
    expect(most).toBe(3);
  });

  it.each(KEYED)('%s reads the last keys at the end, on every thread', (name) => {
    const prepared = prepare(name, { keys: 2, operationsPerKey: 20 });
    const main = invocations(run(prepared, 200));
    const final = invocations(
      simulate(clients(prepared.finalGenerator), { concurrency: 5, complete: perfect }),
    );
    expect(final.every(({ f, value }) => f === 'read' && value === null)).toBe(true);
    const keys = new Set(final.map(({ key }) => key));
    expect(keys.size).toBe(4);
    const last = main.slice(-15).map(({ key }) => key);
    expect(last.every((key) => keys.has(key))).toBe(true);
    expect([...countBy(final, ({ thread, key }) => `${thread} ${key}`).values()]).toEqual(Array(20).fill(1));
  });

  it('final reads try again until they are answered, but not for ever', () => {
    const prepared = prepare('register', { keys: 1 });
    run(prepared, 50);
    const second = simulate(clients(prepared.finalGenerator), {
      concurrency: 2,
      complete: (_op, _thread, count) => ({ type: count === 0 ? 'info' : 'ok', latencyNs: 1_000 }),
    });
    expect(countBy(second, ({ type }) => type)).toEqual(
      new Map([
        ['invoke', 4],
        ['info', 2],
        ['ok', 2],
      ]),
    );
    const never = simulate(clients(prepared.finalGenerator), {
      concurrency: 2,
      complete: () => ({ type: 'fail', latencyNs: 1_000 }),
    });
    expect(invocations(never)).toHaveLength(20);
    const gaps = invocations(never)
      .filter(({ thread }) => thread === 0)
      .map(({ time }, i, all) => time - (all[i - 1]?.time ?? time));
    expect(Math.min(...gaps.slice(1))).toBeGreaterThanOrEqual(0.2 * NS_PER_S);
  });

  it('there are no final reads of nothing', () => {
    expect(simulate(clients(prepare('append').finalGenerator))).toEqual([]);
  });

  it('refuses options that make no sense', () => {
    expect(() => prepare('register', { keys: 0 })).toThrow(
      '--option keys=0: wants a whole number of at least 1',
    );
    expect(() => prepare('register', { values: 'big' })).toThrow(
      '--option values=big: wants unique or small',
    );
    expect(() => prepare('counter', { readShare: 2 })).toThrow(
      '--option readShare=2: wants a share between 0 and 1',
    );
    expect(() => prepare('append', { operationsPerKey: 1.5 })).toThrow('wants a whole number of at least 1');
  });
});

/** Answers as a single copy of every register would. */
function answerFromRegisters(events: readonly SimulatedEvent[]): Operation[] {
  const registers = new Map<unknown, Json>();
  return events.map(({ time, process, type, f, key, value }, index): Operation => {
    const base = { index, time, process, f, value, ...(key === undefined ? undefined : { key }) };
    if (type !== 'ok') return { ...base, type: type as 'invoke' };
    if (f === 'write') registers.set(key, value);
    if (f === 'read') return { ...base, type: 'ok', value: registers.get(key) ?? null };
    if (f === 'cas') {
      const [expected, next] = value as [Json, Json];
      if (registers.get(key) !== expected)
        return { ...base, type: 'fail', error: { code: 'precondition-failed' } };
      registers.set(key, next);
    }
    return { ...base, type: 'ok' };
  });
}

describe('register', () => {
  const shareOf = (events: readonly SimulatedEvent[], f: string): number =>
    events.filter((event) => event.f === f).length / events.length;

  it('keeps to the shares', () => {
    const events = invocations(run(prepare('register', { readShare: 0.3, casShare: 0.4 }), 3_000));
    expect(Math.abs(shareOf(events, 'read') - 0.3)).toBeLessThan(0.04);
    // A fresh key is written first, since nothing is known to expect.
    expect(Math.abs(shareOf(events, 'cas') - 0.4)).toBeLessThan(0.05);
  });

  it('writes no value twice, and expects only what the key has had', () => {
    const events = run(prepare('register', {}), 3_000, imperfect);
    const written = new Set<Json>();
    const of = new Map<unknown, Set<Json>>();
    for (const { type, f, key, value } of events) {
      if (type !== 'invoke' || f === 'read') continue;
      const [expected, next] = f === 'cas' ? (value as [Json, Json]) : [null, value];
      if (expected !== null) expect(of.get(key)?.has(expected)).toBe(true);
      expect(written.has(next)).toBe(false);
      written.add(next);
      of.set(key, (of.get(key) ?? new Set()).add(next));
    }
    expect(written.size).toBeGreaterThan(1_000);
  });

  it('compares with small values, which come again', () => {
    const events = invocations(run(prepare('register', { values: 'small' }), 2_000));
    const values = new Set(events.flatMap(({ value }) => value as Json[]));
    values.delete(null);
    expect([...values].sort()).toEqual([0, 1, 2, 3, 4]);
  });

  it.each(['unique', 'small'])('with %s values some compare-and-sets hit and some miss', (values) => {
    const operations = answerFromRegisters(run(prepare('register', { values }), 3_000));
    const history = new History(operations);
    const cas = history.pairs().filter(({ invocation }) => invocation.f === 'cas');
    const hits = cas.filter(({ completion }) => completion?.type === 'ok').length / cas.length;
    expect(hits).toBeGreaterThan(values === 'unique' ? 0.5 : 0.1);
    expect(hits).toBeLessThan(0.95);
    const [checker] = prepare('register').checkers;
    expect(checker?.check({ history })).toMatchObject({ valid: true });
  });

  it('sees a stale value', () => {
    const operations = answerFromRegisters(run(prepare('register'), 500));
    const stale = operations.findLastIndex(
      ({ type, f, value }) => type === 'ok' && f === 'read' && value !== null,
    );
    operations[stale] = { ...(operations[stale] as Operation), value: 1_000_000 };
    const [checker] = prepare('register').checkers;
    expect(checker?.check({ history: new History(operations) })).toMatchObject({ valid: false });
  });
});

describe('append', () => {
  it('appends no element twice', () => {
    const appended = invocations(run(prepare('append'), 1_000)).filter(({ f }) => f === 'append');
    expect(new Set(appended.map(({ value }) => value)).size).toBe(appended.length);
  });
});

describe('counter', () => {
  it('adds 1 to 5', () => {
    const added = invocations(run(prepare('counter'), 1_000)).filter(({ f }) => f === 'add');
    expect([...new Set(added.map(({ value }) => value))].sort()).toEqual([1, 2, 3, 4, 5]);
  });
});
