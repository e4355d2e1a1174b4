import { describe, expect, it } from 'vitest';
import { History } from '../history/history.ts';
import { differenceOf, type SimulatedRun } from './determinism.ts';

function run(values: readonly number[], eventHash = 'a'): SimulatedRun {
  const operations = values.flatMap((value, i) =>
    (['invoke', 'ok'] as const).map((type, j) => {
      const index = 2 * i + j;
      return { index, time: index, process: 0, type, f: 'write', value };
    }),
  );
  return { history: new History(operations), eventHash, eventCount: 7 };
}

describe('two runs of one seed', () => {
  it('are the same when every record and every event is', () => {
    expect(differenceOf(run([1, 2]), run([1, 2]))).toBeNull();
  });

  it('differ where a record does, and the first that does is told', () => {
    expect(differenceOf(run([1, 2, 3]), run([1, 5, 4]))).toMatch(
      /^record 2 of the history was \{.*"value":2\}, then \{.*"value":5\}$/,
    );
  });

  it('differ where one is longer', () => {
    expect(differenceOf(run([1]), run([1, 2]))).toMatch(/^record 2 of the history was missing, then \{/);
  });

  it('differ where only events do', () => {
    expect(differenceOf(run([1], 'a'), run([1], 'b'))).toBe('event hash a (7 events), then b (7 events)');
  });
});
