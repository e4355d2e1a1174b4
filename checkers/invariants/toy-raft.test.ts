import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { TraceRecord } from '../../harness/history/trace.ts';
import { History } from '../../harness/history/history.ts';
import { raftInvariants } from './checker.ts';
import { RaftInvariants } from './raft-invariants.ts';
import { TOY_BUGS, toyRun } from './toy-raft.ts';
import type { ToyBug } from './toy-raft.ts';

function firstAnomaly(trace: readonly TraceRecord[], globalOrder = true): string | undefined {
  const monitor = new RaftInvariants({ globalOrder });
  for (const record of trace) {
    const anomaly = monitor.observe(record);
    if (anomaly !== undefined) return anomaly.explanation;
  }
  return undefined;
}

/** All records of one node, then all of the next. */
function byNode(trace: readonly TraceRecord[]): TraceRecord[] {
  return [...trace].sort((a, b) => (a.node < b.node ? -1 : a.node > b.node ? 1 : 0));
}

describe('a correct run', () => {
  test('never violates', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 1200 }), (seed, steps) => {
        expect(firstAnomaly(toyRun(seed, steps))).toBeUndefined();
      }),
      { numRuns: 200 },
    );
  });

  test('never violates when the order across nodes is lost', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 1200 }), (seed, steps) => {
        expect(firstAnomaly(byNode(toyRun(seed, steps)), false)).toBeUndefined();
      }),
      { numRuns: 200 },
    );
  });

  test('gets somewhere', () => {
    const figures = Array.from({ length: 20 }, (_, seed) => {
      const monitor = new RaftInvariants({ globalOrder: true });
      for (const record of toyRun(seed, 1200)) monitor.observe(record);
      return monitor.figures();
    });
    expect(Math.max(...figures.map(({ commitIndex }) => commitIndex))).toBeGreaterThan(30);
    expect(Math.max(...figures.map(({ elections }) => elections))).toBeGreaterThan(5);
  });
});

/** What each bug must lead to, in some of 200 runs; other anomalies may come first. */
const CAUGHT_AS: Record<ToyBug, readonly string[]> = {
  'vote-for-stale-log': ['leader-incomplete'],
  'vote-not-persisted': ['vote-before-persist'],
  'count-older-terms': ['older-term-committed'],
  'count-unsynced': ['committed-without-majority'],
  'previous-term-unchecked': ['log-mismatch'],
  'commit-beyond-verified': ['committed-entries-differ'],
  'forget-synced-tail': ['durable-entry-lost'],
  'apply-one-too-many': ['applied-before-commit'],
  'leader-keeps-term': ['two-leaders-in-a-term', 'leader-again-in-a-term'],
  'wrong-state': ['state-diverged'],
};

describe.each(TOY_BUGS)('with the bug %s', (bug) => {
  test(`finds ${CAUGHT_AS[bug].join(' or ')}`, () => {
    const names = new Set<string>();
    for (let seed = 0; seed < 200; seed++) {
      const trace = toyRun(seed, 1200, bug);
      const verdict = raftInvariants({ globalOrder: true }).check({ history: new History([]), trace });
      for (const { name } of verdict.anomalies) names.add(name);
    }
    expect([...names]).toEqual(expect.arrayContaining([...CAUGHT_AS[bug]]));
  });
});
