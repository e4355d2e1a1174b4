import { describe, expect, it } from 'vitest';
import type { CheckInput, Crew, Verdict } from '../../checkers/checker.ts';
import { linearizability, models, type Model } from '../../checkers/linearizability/index.ts';
import { hardStacks } from '../../checkers/linearizability/testing/hard.ts';
import { withCrew } from './crew.ts';

const checker = linearizability({ model: models.get('stack') as Model });

const check =
  (input: CheckInput) =>
  (crew: Crew): Promise<Verdict> =>
    checker.checkInParallel?.(input, crew) ?? Promise.reject(new Error('not for this model'));

describe('a crew of threads', () => {
  it('comes to the verdict of one thread, while the main thread is free', async () => {
    const input = { history: hardStacks(2, 8, []) };
    let ticks = 0;
    const timer = setInterval(() => ticks++, 5);
    const verdict = await withCrew(() => false, check(input), 2);
    clearInterval(timer);
    const alone = checker.check(input);
    expect(verdict).toMatchObject({ valid: true, anomalies: alone.anomalies });
    expect(ticks).toBeGreaterThan(3);
  }, 60_000);

  it('stops when time is up', async () => {
    const startedMs = performance.now();
    const isOverdue = (): boolean => performance.now() - startedMs > 1_500;
    const input = { history: hardStacks(2, 11, []), isOverdue };
    const verdict = await withCrew(isOverdue, check(input), 2);
    expect(verdict.valid).toBe('unknown');
    expect(verdict.reason).toMatch(/budget.*was used up/);
    expect(performance.now() - startedMs).toBeLessThan(15_000);
  }, 60_000);

  it('rejects what it is asked of a thread that has crashed, and does not hang', async () => {
    const asking = withCrew(
      () => false,
      async (crew) => {
        const nonsense = { kind: 'open', id: 0, model: 'nonsense', operations: [null], memoryBytes: 1 << 20 };
        const first = await crew.ask(0, nonsense).catch((error: unknown) => error);
        const next = await crew.ask(0, { kind: 'report', ids: [] }).catch((error: unknown) => error);
        const other = await crew.ask(1, { kind: 'report', ids: [] });
        return { first, next, other };
      },
      2,
    );
    const { first, next, other } = await asking;
    expect(first).toBeInstanceOf(Error);
    expect(next).toBe(first);
    expect(other).toEqual([]);
  }, 60_000);
});
