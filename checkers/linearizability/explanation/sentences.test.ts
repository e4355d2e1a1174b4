/** Each sentence of an explanation is read back, and compared with the history and the model. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Anomaly } from '../../checker.ts';
import type { History } from '../../../harness/history/history.ts';
import type { Json } from '../../../harness/history/operation.ts';
import { linearizability, modelNamed } from '../index.ts';
import type { Call, Model } from '../model.ts';
import { partitionHistory } from '../problem.ts';
import type { JudgedOperation } from '../problem.ts';
import { histories } from '../testing/arbitraries.ts';
import type { DrawnOperation } from '../testing/arbitraries.ts';
import { drawnOperations } from '../testing/drawn-operations.ts';

const withoutAnswer = (call: Call): Call => ({ ...call, outcome: 'unknown', result: null });

/** Some of the others, in some order and whatever they answered, lead to where it is legal. */
function isExplicable(
  model: Model,
  state: Json,
  operation: JudgedOperation,
  others: readonly JudgedOperation[],
): boolean {
  if (model.step(state, operation.call) !== undefined) return true;
  return others.some((other) => {
    const next = model.step(state, withoutAnswer(other.call));
    return (
      next !== undefined &&
      isExplicable(
        model,
        next,
        operation,
        others.filter((left) => left !== other),
      )
    );
  });
}

/** Counts what it has compared. */
function compare(model: Model, history: History, { explanation, evidence }: Anomaly, counts: Counts): void {
  const operations = partitionHistory(history, model).flatMap((partition) => partition.operations);
  const told = new Map<string, JudgedOperation>();
  for (const [, number, from] of explanation.matchAll(/\((\d+)\) [^;]*? by process \d+ \((\d+)[–,)]/g)) {
    told.set(String(number), operations.find(({ calledAt }) => calledAt === Number(from)) ?? expect.fail());
  }
  const at = (number: string): JudgedOperation =>
    told.get(number) ?? expect.fail(`(${number}): ${explanation}`);
  const numbers = (text = ''): string[] =>
    [...text.matchAll(/\((\d+)\)/g)].map(([, number]) => String(number));
  const { core } = evidence as { core: { states: Json[]; since: number | null; operations: number[] } };
  expect(explanation).not.toContain('undefined');
  // Cores that begin later have other states to begin with.
  const isFromStart = core.since === null && !explanation.includes('perhaps before (1)');

  for (const [, first, called] of explanation.matchAll(
    /(\(\d+\)) (?:had returned )?before ((?:\(\d+\)(?:, | and )?)+)/g,
  )) {
    for (const later of numbers(called)) {
      expect(at(numbers(first)[0] ?? '').returnedAt).toBeLessThan(at(later).calledAt);
      counts.before++;
    }
  }
  if (explanation.includes('Each had returned before')) {
    const all = [...told.values()];
    for (const [i, { calledAt }] of all.entries()) {
      if (i > 0) expect(all[i - 1]?.returnedAt).toBeLessThan(calledAt);
      counts.before++;
    }
  }
  for (const [, completed] of explanation.matchAll(
    /had completed \(operation (\d+)\) before it was called/g,
  )) {
    const [, called] = /\(operations (\d+)–\d+\)/.exec(explanation) ?? expect.fail();
    expect(Number(completed)).toBeLessThan(Number(called));
    counts.although++;
  }
  const [, order, cannot] =
    /The order that comes furthest, (.*), leaves .* at .*, where \((\d+)\) cannot take effect/.exec(
      explanation,
    ) ?? [];
  if (isFromStart && order !== undefined && cannot !== undefined) {
    let state: Json = model.init;
    for (const number of numbers(order)) {
      const next = model.step(state, at(number).call);
      expect(next, explanation).not.toBeUndefined();
      state = next as Json;
    }
    expect(explanation).toContain(` at ${model.describeState(state)}, where`);
    expect(model.step(state, at(cannot).call)).toBeUndefined();
    counts.orders++;
  }
  for (const item of explanation.split('; ')) {
    const [, number, needed] = /\((\d+)\) .*, needs ((?:\(\d+\)(?:, | and )?)+)/.exec(item) ?? [];
    if (number === undefined || !isFromStart) continue;
    for (const other of numbers(needed)) {
      const rest = [...told.values()].filter(
        (each) => each !== at(other) && each !== at(number) && each.calledAt < at(number).returnedAt,
      );
      expect(isExplicable(model, model.init, at(number), rest), explanation).toBe(false);
      expect(isExplicable(model, model.init, at(number), [...rest, at(other)]), explanation).toBe(true);
      counts.needs++;
    }
  }
  if (explanation.includes('nothing that had been called before it returned')) {
    const [, called] = /\(operations (\d+)–/.exec(explanation) ?? expect.fail();
    const inexplicable = operations.find(({ calledAt }) => calledAt === Number(called)) ?? expect.fail();
    const others = operations.filter(
      ({ calledAt, call, invocation }) =>
        calledAt < inexplicable.returnedAt &&
        calledAt !== Number(called) &&
        call.outcome !== 'refused' &&
        invocation.key === inexplicable.invocation.key,
    );
    expect(isExplicable(model, model.init, inexplicable, others)).toBe(false);
    counts.inexplicable++;
  }
}

interface Counts {
  before: number;
  although: number;
  orders: number;
  needs: number;
  inexplicable: number;
}

describe.each(['register', 'cas-register', 'kv', 'set', 'fifo-queue', 'mutex', 'counter'])(
  'what is said of a failure: %s',
  (name) => {
    const model = modelNamed(name) as Model;
    const operation = drawnOperations[name] as fc.Arbitrary<DrawnOperation>;

    it('is true', () => {
      const counts: Counts = { before: 0, although: 0, orders: 0, needs: 0, inexplicable: 0 };
      fc.assert(
        fc.property(histories({ processes: 3, maxOperations: 8, operation }), (history) => {
          const { anomalies } = linearizability({ model, keepGoing: true }).check({ history });
          for (const anomaly of anomalies) compare(model, history, anomaly, counts);
        }),
        { numRuns: 600, seed: 5 },
      );
      expect(counts.before).toBeGreaterThan(10);
      expect(counts.although).toBeGreaterThan(10);
      expect(counts.orders).toBeGreaterThan(10);
    });
  },
);
