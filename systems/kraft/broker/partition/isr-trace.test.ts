/**
 * The ISR invariants over what replicas trace in random schedules: the correct replica never violates them, whatever the order in which the
 * records of different brokers are read, and most bugs do.
 */
import { describe, expect, test } from 'vitest';
import { IsrInvariants } from '../../../../checkers/invariants/index.ts';
import type { TraceRecord } from '../../../../harness/history/trace.ts';
import { runSchedule } from './testing/schedule.ts';
import { Tracer } from './testing/tracer.ts';

const SCHEDULES = 600;

interface Outcome {
  readonly problem: string | null;
  readonly names: readonly string[];
  readonly first: string | null;
  readonly exposed: number;
  readonly elections: number;
  readonly truncations: number;
  readonly records: readonly TraceRecord[];
}

function run(seed: number, bugs: readonly string[] = []): Outcome {
  const monitor = new IsrInvariants({ globalOrder: true });
  const names: string[] = [];
  let first: string | null = null;
  const tracer = new Tracer((record) => {
    const anomaly = monitor.observe(record);
    if (anomaly === undefined) return;
    names.push(anomaly.name);
    first ??= `${anomaly.name}: ${anomaly.explanation}`;
  });
  const { problem } = runSchedule({ seed, bugs, observer: tracer });
  const { exposed, elections, truncations } = monitor.figures();
  return { problem, names, first, exposed, elections, truncations, records: tracer.records };
}

describe('the correct replica', () => {
  test(`${SCHEDULES} schedules violate nothing, and prove something`, () => {
    const sums = { exposed: 0, elections: 0, truncations: 0 };
    for (let seed = 1; seed <= SCHEDULES; seed++) {
      const outcome = run(seed);
      expect(outcome.first, `seed ${seed}`).toBeNull();
      sums.exposed += outcome.exposed;
      sums.elections += outcome.elections;
      sums.truncations += outcome.truncations;
      // Broker by broker, as where each writes a file of its own.
      const byBroker = new IsrInvariants();
      for (const node of ['n3', 'n1', 'n2']) {
        for (const record of outcome.records) {
          if (record.node === node)
            expect(byBroker.observe(record)?.explanation, `seed ${seed}`).toBeUndefined();
        }
      }
    }
    expect(sums.exposed / SCHEDULES).toBeGreaterThan(5);
    expect(sums.elections / SCHEDULES).toBeGreaterThan(1);
    expect(sums.truncations).toBeGreaterThan(SCHEDULES / 4);
  }, 120_000);
});

/** What finds each first, and within how many schedules. */
const FOUND: readonly (readonly [bug: string, within: number])[] = [
  ['truncate-to-high-watermark', 100],
  ['truncate-ignoring-epoch', 100],
  ['no-truncation', 40],
  ['ack-before-replication', 20],
  ['duplicate-acknowledged-early', 100],
  ['high-watermark-from-current-isr', 100],
  ['shrink-before-confirmed', 100],
  ['isr-by-fetch-size', 40],
  ['joins-isr-too-early', 40],
  ['joins-isr-before-epoch-start', 600],
  ['last-replica-standing', 100],
];

describe('bugs are found by the trace alone', () => {
  test.each(FOUND)('%s', (bug, within) => {
    for (let seed = 1; seed <= within; seed++) {
      const { first } = run(seed, [bug]);
      if (first === null) continue;
      console.log(`${bug}: schedule ${seed} (within ${within}): ${first.slice(0, 160)}`);
      return;
    }
    expect.fail(`${bug} was not found in ${within} schedules`);
  });
});
