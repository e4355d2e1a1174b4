import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { linearizability, modelNamed } from '../index.ts';
import type { Model } from '../model.ts';
import { partitionHistory } from '../problem.ts';
import type { JudgedOperation } from '../problem.ts';
import { Search } from '../search.ts';
import { MemoryBudget } from '../memory.ts';
import { histories } from '../testing/arbitraries.ts';
import type { DrawnOperation } from '../testing/arbitraries.ts';
import { call, historyOf } from '../testing/build.ts';
import { drawnOperations } from '../testing/drawn-operations.ts';
import { faultyCases } from '../testing/faulty-cases.ts';
import { faultyHistory } from '../testing/faulty-objects.ts';
import { findCore } from './core.ts';
import type { Core } from './core.ts';

type Operations = readonly JudgedOperation[];
const named = (name: string): Model => modelNamed(name) as Model;
const never = { steps: 1 << 20, isOverdue: () => false };

/** By definition, from one of the worlds. */
function canOrder({ model, worlds }: Core, operations: Operations): boolean {
  const from = (state: Core['worlds'][number]['state'], remaining: Operations): boolean => {
    if (remaining.every(({ call: { outcome } }) => outcome === 'unknown')) return true;
    return remaining.some((operation) => {
      if (remaining.some((other) => other !== operation && other.returnedAt < operation.calledAt))
        return false;
      const next = model.step(state, operation.call);
      return (
        next !== undefined &&
        from(
          next,
          remaining.filter((other) => other !== operation),
        )
      );
    });
  };
  return worlds.some(({ state, placed }) =>
    from(
      state,
      operations.filter((operation) => !placed.has(operation)),
    ),
  );
}

/** Some choice and order of the operations called before one returned, whatever they answered, lets it be. */
function isExplicable({ model, worlds }: Core, operation: JudgedOperation, others: Operations): boolean {
  if (operation.call.outcome === 'unknown') return true;
  const from = (state: Core['worlds'][number]['state'], rest: Operations): boolean =>
    model.step(state, operation.call) !== undefined ||
    rest.some((other) => {
      const next = model.step(state, { ...other.call, outcome: 'unknown', result: null });
      return (
        next !== undefined &&
        from(
          next,
          rest.filter((left) => left !== other),
        )
      );
    });
  const before = others.filter(
    (other) =>
      other !== operation && other.calledAt <= operation.returnedAt && other.call.outcome !== 'refused',
  );
  return worlds.some(
    ({ state, placed }) =>
      placed.has(operation) ||
      from(
        state,
        before.filter((other) => !placed.has(other)),
      ),
  );
}

function isAllExplicable(core: Core, operations: Operations): boolean {
  return operations.every((operation) => isExplicable(core, operation, operations));
}

function stuckOf(model: Model, operations: Operations): JudgedOperation | undefined {
  const search = new Search(
    model,
    operations,
    new MemoryBudget(1 << 28).open(() => {}),
  );
  search.run(1 << 20);
  const { stuck } = search.furthest();
  return search.outcome !== 'illegal' || stuck === undefined ? undefined : operations[stuck];
}

describe.each([
  'register',
  'cas-register',
  'kv',
  'set',
  'fifo-queue',
  'stack',
  'mutex',
  'counter',
  'owner-mutex',
  'multi-register',
])('the core of a failure: %s', (name) => {
  const model = named(name);
  const operation = drawnOperations[name] as fc.Arbitrary<DrawnOperation>;

  it('is not linearizable, and no operation of it can be left out', () => {
    let cores = 0;
    fc.assert(
      fc.property(histories({ processes: 3, maxOperations: 8, operation }), (history) => {
        for (const { operations } of partitionHistory(history, model)) {
          const stuck = stuckOf(model, operations);
          if (stuck === undefined) continue;
          const { core } = findCore(model, operations, { stuck, proof: [] }, never);
          if (core === null) continue;
          cores++;
          expect(core.isMinimal).toBe(true);
          expect(canOrder(core, core.operations)).toBe(false);
          if (core.isInexplicable) {
            expect(core.operations).toHaveLength(1);
            expect(isExplicable(core, core.operations[0] as JudgedOperation, core.pool)).toBe(false);
            continue;
          }
          expect(isAllExplicable(core, core.operations)).toBe(true);
          const inCore = new Set(core.operations);
          const outside = core.pool.filter((other) => !inCore.has(other));
          const isRescued = (kept: Operations): boolean => {
            const sorted = (all: Operations): Operations => all.toSorted((a, b) => a.calledAt - b.calledAt);
            return subsetsOf(outside).some((added) => canOrder(core, sorted([...kept, ...added])));
          };
          for (const left of core.operations) {
            const rest = core.operations.filter((other) => other !== left);
            const isBroken = canOrder(core, rest) || !isAllExplicable(core, rest) || isRescued(rest);
            expect(isBroken, `${core.operations.indexOf(left)}`).toBe(true);
          }
        }
      }),
      { numRuns: 400, seed: 12 },
    );
    expect(cores).toBeGreaterThan(40);
  });
});

function subsetsOf(operations: Operations): Operations[] {
  return operations.reduce<Operations[]>(
    (subsets, operation) => [...subsets, ...subsets.map((subset) => [...subset, operation])],
    [[]],
  );
}

describe('the explanation', () => {
  it('names the operations, who needs whom, and why no order fits', () => {
    const history = historyOf(
      ...call(0, 'write', 'x', '7'),
      ...call(1, 'write', 'x', '1'),
      ...call(1, 'read', 'x', '1'),
      ...call(0, 'write', 'x', '2'),
      ...call(1, 'read', 'x', '2'),
      ...call(2, 'read', 'x', '1'),
    );
    const [anomaly] = linearizability({ model: named('register') }).check({ history }).anomalies;
    expect(anomaly?.explanation).toBe(
      'Read of x by process 2 (operations 10–11) returned 1, although write of 2 to x by process 0 had completed ' +
        '(operation 7) before it was called. These 3 operations show it: (1) write of 1 to x by process 1 (2–3); ' +
        '(2) write of 2 to x by process 0 (6–7); (3) read of x by process 2 (10–11) returned 1, needs (1). Each had ' +
        'returned before the next was called. The order that comes furthest, (1), (2), leaves x at 2, where (3) cannot ' +
        'take effect.',
    );
    expect(anomaly?.operations).toEqual([2, 3, 6, 7, 10, 11]);
    expect(anomaly?.picture).toEqual({
      kind: 'timeline',
      operations: [2, 6, 10],
      order: [2, 6],
      arrows: [{ from: 2, to: 10, label: 'needed by' }],
    });
  });

  it('does not blame a write that another one makes good', () => {
    const history = historyOf(
      ...call(0, 'write', 'x', '1'),
      ...call(0, 'write', 'x', '2'),
      ...call(0, 'write', 'x', '1'),
      ...call(0, 'write', 'x', '3'),
      ...call(1, 'read', 'x', '1'),
    );
    const [anomaly] = linearizability({ model: named('register') }).check({ history }).anomalies;
    expect(anomaly?.operations).toContain(6);
    expect(anomaly?.operations).not.toContain(2);
  });

  it.each(['register, unique values', 'cas-register, a chain of cas', 'fifo-queue', 'set', 'mutex'])(
    'of a long history is short: %s',
    (name) => {
      const faulty = faultyCases.find((other) => other.name === name) ?? expect.fail();
      const history = faultyHistory({
        ...faulty,
        operations: 2000,
        clients: 5,
        seed: 2,
        fault: 'lost-write',
      });
      const [anomaly] = linearizability({ model: faulty.model }).check({ history }).anomalies;
      expect(anomaly?.evidence).toHaveProperty('core.isMinimal', true);
      expect(anomaly?.picture).toHaveProperty('kind', 'timeline');
      expect(anomaly?.operations.length).toBeLessThan(20);
    },
  );

  it('is the same each time, and left out when time is up', () => {
    const faulty = faultyCases[0] ?? expect.fail();
    const history = faultyHistory({ ...faulty, operations: 500, clients: 5, seed: 2, fault: 'lost-write' });
    const check = () => linearizability({ model: faulty.model }).check({ history });
    expect(check()).toEqual(check());
    const [{ operations } = expect.fail()] = partitionHistory(history, faulty.model);
    const { core } = findCore(
      faulty.model,
      operations,
      { stuck: undefined, proof: [] },
      { steps: 1 << 20, isOverdue: () => true },
    );
    expect(core?.isMinimal ?? false).toBe(false);
  });
});
