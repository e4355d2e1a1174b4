/** The checker against histories that are meant to mislead it, and an oracle that shares no code with it. */
import { describe, expect, it } from 'vitest';
import type { History } from '../../harness/history/history.ts';
import type { Json, Operation } from '../../harness/history/operation.ts';
import type { Anomaly } from '../checker.ts';
import { linearizability, models } from './index.ts';
import { adversarialHistory } from './testing/adversary.ts';
import { follow, isLinearizable, textOf } from './testing/just-in-time.ts';

interface Evidence {
  readonly stuckAt: number;
  readonly possibleStates: readonly Json[];
  readonly possibleStatesCount: number;
  readonly longestPrefix: readonly number[];
}

const textsOf = (history: History): string => history.operations.map((op) => JSON.stringify(op)).join('\n');

const isRefusal = ({ type, f, error }: Operation): boolean =>
  type === 'fail' && f === 'cas' && error?.code === 'precondition-failed';

/** Runs the order that the anomaly calls one, and holds its claims against the history. */
function expectTruth(history: History, model: string, { evidence, explanation }: Anomaly): void {
  const { stuckAt, possibleStates, possibleStatesCount, longestPrefix } = evidence as unknown as Evidence;
  const operationAt = (index: number): Operation => history.operations[index] as Operation;
  const key = (history.invocationOf(stuckAt) ?? operationAt(stuckAt)).key;
  const ending = follow(history, model, key);
  expect(ending.stuckAt, explanation).toBe(stuckAt);
  expect(possibleStatesCount).toBe(ending.values.size);
  for (const state of possibleStates) expect(ending.values).toContain(textOf(state));

  let value: Json = model === 'kv' ? '' : null;
  longestPrefix.forEach((index, place) => {
    const { f, value: argument } = operationAt(index);
    const completion = history.completionOf(index);
    for (const later of longestPrefix.slice(place + 1)) {
      const returned = history.completionOf(later);
      if (returned === undefined || returned.type === 'info') continue;
      expect(returned.index, `${later} returned before ${index} was called`).toBeGreaterThan(index);
    }
    if (f === 'read') expect(textOf(value)).toBe(textOf(completion?.value ?? (model === 'kv' ? '' : null)));
    if (f === 'write') value = argument;
    if (f === 'delete') value = model === 'kv' ? '' : null;
    if (f === 'append') value = (value as string) + (argument as string);
    if (f !== 'cas') return;
    const [expected, next] = argument as readonly [Json, Json];
    const holds = textOf(value) === textOf(expected);
    if (completion?.type === 'ok') expect(holds).toBe(true);
    if (completion?.type === 'fail') expect(holds).toBe(false);
    if (holds) value = next;
  });
  const placed = new Set(longestPrefix);
  for (const { invocation, completion } of history.pairs()) {
    if (invocation.key !== key || completion === undefined || completion.index >= stuckAt) continue;
    if (completion.type === 'ok' || isRefusal(completion)) expect(placed).toContain(invocation.index);
  }
}

describe.each(['register', 'cas-register', 'kv'])('histories that mislead: %s', (name) => {
  const checker = linearizability({ model: models.get(name) as NonNullable<ReturnType<typeof models.get>> });

  it.each([
    { size: 'small', maxOperations: 7, seeds: 3000 },
    { size: 'longer', maxOperations: 14, seeds: 500 },
  ])(
    '$size: the verdict is right, and what it says of an illegal one is true',
    ({ maxOperations, seeds }) => {
      const seen = { true: 0, false: 0 };
      for (let seed = 0; seed < seeds; seed++) {
        const history = adversarialHistory(name, seed, maxOperations);
        const expected = isLinearizable(history, name);
        const verdict = checker.check({ history });
        if (history.length === 0) continue;
        seen[`${expected}`]++;
        expect(verdict.valid, `seed ${seed}\n${textsOf(history)}`).toBe(expected);
        for (const anomaly of verdict.anomalies) expectTruth(history, name, anomaly);
      }
      expect(Math.min(seen.true, seen.false)).toBeGreaterThan(seeds / 50);
    },
  );
});
