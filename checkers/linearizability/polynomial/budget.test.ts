import { describe, expect, it } from 'vitest';
import { linearizability, register } from '../index.ts';
import { historyOf } from '../testing/build.ts';

describe('budgets of the deciders', () => {
  const writes = Array.from({ length: 1000 }, (_, i) => [`0 invoke write - ${i}`, `0 ok write - ${i}`]);
  const history = historyOf(...writes.flat());

  it('end a decider between two passes', () => {
    // The first question comes before the key is begun.
    let asked = 0;
    const verdict = linearizability({ model: register }).check({ history, isOverdue: () => asked++ > 0 });
    expect(verdict).toMatchObject({ valid: 'unknown', anomalies: [] });
    expect(verdict.reason).toMatch(/^the time budget was used up/);
  });

  it('count its tables', () => {
    const within = (memoryBytes: number) =>
      linearizability({ model: register, memoryBytes }).check({ history });
    expect(within(50_000).reason).toMatch(/^the memory budget of 50000 bytes was used up/);
    expect(within(200_000)).toMatchObject({ valid: true, statistics: { peakTableBytes: 100_000 } });
  });
});
