/** The checker against the plain definitions, on tiny histories of logs that break their promises at random. */
import { expect, it } from 'vitest';
import fc from 'fast-check';
import { historyOf } from '../findings/testing/history-of.ts';
import { log } from './index.ts';
import { brokenLog } from './testing/broken-logs.ts';
import { referenceAnomalies } from './testing/reference.ts';

const RUNS = 2000;
const CYCLES = /^G/;

const step = fc.array(fc.nat(99), { minLength: 6, maxLength: 6 });

it('finds what the definitions find, and nothing else', () => {
  const counts = new Map<string, number>();
  fc.assert(
    fc.property(
      fc.array(step, { minLength: 10, maxLength: 60, size: 'max' }),
      fc.boolean(),
      (steps, finalPolls) => {
        const history = historyOf(brokenLog(steps));
        const { anomalies } = log({ finalPolls }).check({ history });
        const names = new Set(anomalies.map(({ name }) => name).filter((name) => !CYCLES.test(name)));
        const expected = referenceAnomalies(history, finalPolls);
        for (const name of expected.size === 0 ? ['none'] : expected)
          counts.set(name, (counts.get(name) ?? 0) + 1);
        expect([...names].toSorted()).toEqual([...expected].toSorted());
      },
    ),
    { numRuns: RUNS, seed: 1 },
  );
  // Each is there often, and often enough is nothing.
  const all = [
    'aborted-read',
    'committed-from-nowhere',
    'committed-offset-regression',
    'content-mismatch',
    'duplicate',
    'inconsistent-offsets',
    'int-nonmonotonic-poll',
    'int-nonmonotonic-send',
    'int-poll-skip',
    'lost-write',
    'none',
    'nonmonotonic-poll',
    'nonmonotonic-send',
    'phantom',
    'poll-skip',
    'precommitted-read',
    'realtime-inversion',
    'unseen',
  ];
  expect([...counts.keys()].toSorted()).toEqual(all);
  for (const [name, count] of counts)
    expect({ name, isOften: count > RUNS / 200 }).toEqual({ name, isOften: true });
}, 120_000);
