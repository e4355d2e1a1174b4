import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { History } from '../../../harness/history/history.ts';
import type { Json, Operation } from '../../../harness/history/operation.ts';
import { randomStream } from '../../../harness/random.ts';
import type { Random } from '../../../harness/random.ts';
import { isSerializable } from '../testing/brute-force.ts';
import { storeHistory } from '../testing/stores.ts';
import type { StoreName } from '../testing/stores.ts';
import { listAppend } from './list-append.ts';

const STORES: readonly StoreName[] = [
  'serial',
  'stale-reads',
  'stale-reads',
  'snapshot-isolation',
  'parallel-snapshot-isolation',
  'read-committed',
  'read-uncommitted',
  'none',
];

function smallHistory(seed: number): History {
  const random = randomStream(seed, 'property');
  const history = storeHistory({
    seed,
    store: random.pick(STORES),
    transactions: random.integer(3, 7),
    processes: random.integer(2, 4),
    lists: random.integer(1, 2),
    maxTransactionLength: random.integer(2, 4),
    unknownShare: random.pick([0, 0.2, 0.4]),
    failedShare: random.pick([0, 0.2]),
  });
  return random.chance(0.4) ? spoil(history, random) : history;
}

/** One read is changed a little. */
function spoil(history: History, random: Random): History {
  const operations: Operation[] = [...history.operations];
  const reads = operations.flatMap(({ type, value }, index) =>
    type === 'ok'
      ? (value as readonly Json[][]).flatMap(([f], place) => (f === 'r' ? [{ index, place }] : []))
      : [],
  );
  if (reads.length === 0) return history;
  const { index, place } = random.pick(reads);
  const operation = operations[index] as Operation;
  const value = (operation.value as [string, Json, Json][]).map((micro) => [...micro] as typeof micro);
  const micro = value[place] as [string, Json, Json];
  const list = [...(micro[2] as Json[])];
  const at = random.integer(0, list.length);
  const change = random.integer(0, 3);
  if (change === 0) list.splice(at, 1);
  else if (change === 1) list.splice(at, 0, random.integer(1, 4));
  else if (change === 2) list.pop();
  else list.reverse();
  micro[2] = list;
  operations[index] = { ...operation, value };
  return new History(operations);
}

describe('against brute force', () => {
  it.each(['serializable', 'strict-serializable'])('agrees on which histories are %s', (consistencyModel) => {
    const verdicts = { true: 0, false: 0, unknown: 0 };
    const checker = listAppend({ consistencyModel });
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const history = smallHistory(seed);
        const { valid, reason, anomalies } = checker.check({ history });
        verdicts[`${valid}`]++;
        if (valid === 'unknown') {
          expect(reason).toMatch(/nothing was judged/);
          return;
        }
        const context = JSON.stringify([
          anomalies,
          history.operations.map(({ process, type, value }) => [process, type, value]),
        ]);
        expect(valid, context).toBe(isSerializable(history, consistencyModel === 'strict-serializable'));
      }),
      { numRuns: 2_500 },
    );
    expect(Math.min(verdicts.true, verdicts.false), JSON.stringify(verdicts)).toBeGreaterThan(500);
  });
});
