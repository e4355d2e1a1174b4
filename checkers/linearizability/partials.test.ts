import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LinearizationPicture } from '../checker.ts';
import { linearizability, modelNamed } from './index.ts';
import type { Model } from './model.ts';
import { partialLinearizations } from './partials.ts';
import { partitionHistory } from './problem.ts';
import type { JudgedOperation } from './problem.ts';
import { histories } from './testing/arbitraries.ts';
import type { DrawnOperation } from './testing/arbitraries.ts';
import { isLinearizable } from './testing/brute-force.ts';
import { call, historyOf } from './testing/build.ts';
import { drawnOperations } from './testing/drawn-operations.ts';

const register = modelNamed('cas-register') as Model;
type Operations = readonly JudgedOperation[];

/** By definition: the longest order that contains an operation, and that real time and the model allow. */
function longestWith(wanted: JudgedOperation, operations: Operations, model: Model): number {
  const from = (placed: Operations, state: JudgedOperation['invocation']['value']): number => {
    const rest = operations.filter((operation) => !placed.includes(operation));
    const lengths = rest.flatMap((operation) => {
      if (rest.some(({ returnedAt }) => returnedAt < operation.calledAt)) return [];
      const next = model.step(state, operation.call);
      return next === undefined ? [] : [from([...placed, operation], next)];
    });
    return Math.max(placed.includes(wanted) ? placed.length : 0, ...lengths);
  };
  return from([], model.init);
}

describe('partialLinearizations', () => {
  it('a stale read: the longest order, what each leaves, and who cannot follow', () => {
    const history = historyOf(
      ...call(0, 'write', 'x', '1'),
      ...call(0, 'write', 'x', '2'),
      ...call(1, 'read', 'x', '1'),
    );
    const [anomaly] = linearizability({ model: register }).check({ history }).anomalies;
    expect(anomaly?.picture?.kind).toBe('timeline');
    expect(anomaly?.morePictures).toEqual([
      {
        kind: 'linearization',
        operations: [0, 2, 4],
        before: { count: 0, state: 'null' },
        partials: [
          [
            { operation: 0, state: '1' },
            { operation: 2, state: '2' },
          ],
        ],
        stuck: 4,
      },
    ]);
  });

  it('of a long history only what is near: what was before is one state', () => {
    const writes = Array.from({ length: 300 }, (_, i) => call(0, 'write', 'x', String(i))).flat();
    const history = historyOf(...writes, ...call(1, 'read', 'x', '7'));
    const [partition] = partitionHistory(history, register);
    const operations = partition?.operations ?? [];
    const picture = partialLinearizations(
      register,
      operations,
      Array.from({ length: 300 }, (_, i) => i),
    );
    expect(picture?.before).toEqual({ count: 260, state: '259' });
    expect(picture?.operations).toHaveLength(41);
    expect(picture?.partials[0]).toHaveLength(40);
    expect(picture?.stuck).toBe(600);
  });

  it('of each operation a longest order that contains it, as by definition', () => {
    let seen = 0;
    const operation = drawnOperations['cas-register'] as fc.Arbitrary<DrawnOperation>;
    fc.assert(
      fc.property(histories({ processes: 3, maxOperations: 7, operation }), (history) => {
        if (isLinearizable(history, register)) return;
        for (const { operations } of partitionHistory(history, register)) {
          const picture = partialLinearizations(register, operations, []);
          if (picture === undefined) continue;
          seen++;
          checkOrders(picture, operations);
        }
      }),
      { numRuns: 300, seed: 3 },
    );
    expect(seen).toBeGreaterThan(50);
  });
});

function checkOrders({ partials, stuck }: LinearizationPicture, operations: Operations): void {
  const at = (index: number): JudgedOperation =>
    operations.find(({ invocation }) => invocation.index === index) as JudgedOperation;
  for (const operation of operations) {
    const { index } = operation.invocation;
    const shown = partials.find((steps) => steps.some((step) => step.operation === index));
    expect(shown?.length ?? 0).toBe(longestWith(operation, operations, register));
  }
  for (const steps of partials) {
    let state = register.init;
    for (const step of steps) {
      state = register.step(state, at(step.operation).call) ?? null;
      expect(step.state).toBe(register.describeState(state));
    }
  }
  expect(partials[0]?.some(({ operation }) => operation === stuck)).toBe(false);
}
