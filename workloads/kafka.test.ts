/** What the workloads on Kafka propose; `logs.test.ts` has their verdicts. */
import { describe, expect, it } from 'vitest';
import { clients, limit } from '../harness/generator/index.ts';
import { perfect, type SimulatedEvent, simulate } from '../harness/generator/simulate.ts';
import type { Json } from '../harness/history/operation.ts';
import { NS_PER_S } from '../harness/units.ts';
import { workloads } from './index.ts';
import type { PreparedWorkload, Workload, WorkloadContext } from './workload.ts';

function prepare(name: string, options: WorkloadContext['options'] = {}): PreparedWorkload {
  const workload = workloads.get(name) as Workload;
  const defaults = Object.fromEntries(workload.options.map((option) => [option.name, option.default]));
  return workload.prepare({
    nodes: ['n1', 'n2', 'n3'],
    concurrency: 5,
    rate: 100,
    options: { ...defaults, ...options },
  });
}

function proposed(prepared: PreparedWorkload, operations: number, seed = 1): SimulatedEvent[] {
  const generator = clients(limit(operations, prepared.generator));
  return simulate(generator, { concurrency: 5, seed, complete: perfect }).filter(
    ({ type }) => type === 'invoke',
  );
}

const final = (prepared: PreparedWorkload): SimulatedEvent[] =>
  simulate(clients(prepared.finalGenerator), { concurrency: 5, complete: perfect }).filter(
    ({ type }) => type === 'invoke',
  );

const field = (value: Json, name: string): Json | undefined =>
  (value as { readonly [name: string]: Json })[name];

describe('every workload on Kafka', () => {
  it.each(['log', 'topics', 'group', 'quorum', 'bank'])(
    '%s keeps to its functions, its rate and its seed',
    (name) => {
      const { functions } = workloads.get(name) as Workload;
      const prepared = prepare(name);
      const events = proposed(prepared, 500);
      for (const { f } of [...events, ...final(prepared)]) expect(functions).toContain(f);
      for (const f of prepared.mustSucceed) expect(functions).toContain(f);
      expect(Math.abs((events.at(-1)?.time ?? 0) / NS_PER_S - 5)).toBeLessThan(1);
      expect(proposed(prepare(name), 500)).toEqual(events);
      expect(proposed(prepare(name), 500, 2)).not.toEqual(events);
    },
  );
});

describe('topics', () => {
  it('names the topic in key and value, and describes each on every thread at the end', () => {
    const prepared = prepare('topics', { keys: 2, operationsPerKey: 20 });
    for (const { f, key, value } of proposed(prepared, 100)) {
      expect(field(value, 'topic')).toBe(String(key).replace('k', 'topic-'));
      const partitions = field(value, 'partitions');
      if (f === 'create-topic') expect(partitions).toSatisfy((count: number) => count >= 1 && count <= 9);
      else expect(partitions).toBeUndefined();
    }
    const descriptions = final(prepared);
    expect(descriptions).toHaveLength(5 * 4);
    expect(new Set(descriptions.map(({ f }) => f))).toEqual(new Set(['describe-topic']));
  });
});

describe('quorum', () => {
  it('creates no topic twice, and not too many', () => {
    const created = proposed(prepare('quorum', { topicsMax: 20 }), 1_000)
      .filter(({ f }) => f === 'create-topic')
      .map(({ value }) => field(value, 'topic'));
    expect(new Set(created).size).toBe(created.length);
    expect(created.length).toBeGreaterThan(10);
    expect(created.length).toBeLessThanOrEqual(20);
  });

  it('asks each client once more at the end', () => {
    expect(final(prepare('quorum')).map(({ f }) => f)).toEqual(Array(5).fill('describe-quorum'));
  });
});

describe('bank', () => {
  it('transfers between two accounts', () => {
    const events = proposed(prepare('bank', { accounts: 3, readShare: 0.5 }), 600);
    const transfers = events.filter(({ f }) => f === 'transfer');
    expect(Math.abs(transfers.length - 300)).toBeLessThan(60);
    for (const { value } of transfers) {
      const [from, to, amount] = ['from', 'to', 'amount'].map((name) => Number(field(value, name)));
      expect(from).not.toBe(to);
      for (const account of [from, to]) expect([0, 1, 2]).toContain(account);
      expect([1, 2, 3, 4, 5]).toContain(amount);
    }
  });

  it('reads at the end as it is', () => {
    const reads = final(prepare('bank'));
    expect(reads.map(({ value }) => value)).toEqual(Array(5).fill({ final: true }));
  });
});
