/** A crew decides as one thread does, whatever its size. Here its hands are objects; harness/cli/crew.test.ts has threads. */
import { describe, expect, it } from 'vitest';
import type { CheckInput, Crew, Verdict } from '../checker.ts';
import { CrewHand } from './crew.ts';
import type { CrewMessage } from './crew.ts';
import { linearizability, models } from './index.ts';
import type { LinearizabilityOptions, Model } from './index.ts';
import { hardStacks } from './testing/hard.ts';

const stack = models.get('stack') as Model;

function crewOf(size: number, isStopped = () => false): Crew & { asked: number } {
  const hands = Array.from({ length: size }, () => new CrewHand(isStopped));
  const crew = {
    size,
    asked: 0,
    ask: async (hand: number, message: unknown) => {
      crew.asked++;
      await Promise.resolve();
      return hands[hand]?.answer(structuredClone(message) as CrewMessage);
    },
  };
  return crew;
}

async function checkWith(
  crew: Crew,
  input: CheckInput,
  options: Partial<LinearizabilityOptions> = {},
): Promise<Verdict> {
  const verdict = await linearizability({ model: stack, ...options }).checkInParallel?.(input, crew);
  return verdict as Verdict;
}

describe('a crew', () => {
  it.each([
    { what: 'all keys are legal', bad: [], keepGoing: false },
    { what: 'two keys are illegal', bad: [1, 0], keepGoing: false },
    { what: 'two keys are illegal, and both are wanted', bad: [1, 0], keepGoing: true },
  ])('of any size comes to the verdict of one thread where $what', async ({ bad, keepGoing }) => {
    const input = { history: hardStacks(2, 8, bad) };
    const alone = linearizability({ model: stack, keepGoing }).check(input);
    expect(alone.valid).toBe(bad.length === 0);
    for (const size of keepGoing ? [2] : [1, 2]) {
      const crew = crewOf(size);
      const { valid, anomalies } = await checkWith(crew, input, { keepGoing });
      expect(crew.asked).toBeGreaterThan(0);
      expect({ valid, anomalies }).toEqual({ valid: alone.valid, anomalies: alone.anomalies });
    }
  });

  it('is not asked where the work is small', async () => {
    const crew = crewOf(2);
    expect((await checkWith(crew, { history: hardStacks(4, 4, [1]) })).valid).toBe(false);
    expect(crew.asked).toBe(0);
  });

  it('says how far it has come when time or memory is used up', async () => {
    const history = hardStacks(2, 11, [0, 1]);
    let questions = 0;
    const stopped = crewOf(2, () => true);
    const inTime = await checkWith(stopped, { history, isOverdue: () => ++questions > 20 });
    expect(inTime.reason).toMatch(/^the time budget was used up with 2 of 2 partitions undecided/);
    const inMemory = await checkWith(crewOf(2), { history }, { memoryBytes: 1 << 23 });
    expect(inMemory.reason).toMatch(/^the memory budget of 8388608 bytes was used up with 2 of 2 partitions/);
    for (const { valid, statistics } of [inTime, inMemory]) {
      expect(valid).toBe('unknown');
      const { undecidedKeys } = statistics as unknown as {
        undecidedKeys: readonly { longestPrefixLength: number }[];
      };
      expect(undecidedKeys).toHaveLength(2);
      expect(undecidedKeys[0]?.longestPrefixLength).toBeGreaterThan(10);
    }
  });

  it('that cannot be had leaves all to the main thread', async () => {
    const crew: Crew = { size: 2, ask: () => Promise.reject(new Error('no threads here')) };
    const { valid, statistics } = await checkWith(crew, { history: hardStacks(2, 8, []) });
    expect(valid).toBe(true);
    expect(statistics).toMatchObject({ legal: 2 });
  });

  it('of which a hand fails leaves its keys undecided, and says why', async () => {
    const whole = crewOf(2);
    const ask = (hand: number, message: unknown): Promise<unknown> => {
      const { kind } = message as CrewMessage;
      return hand === 1 && kind === 'run' ? Promise.reject(new Error('lost')) : whole.ask(hand, message);
    };
    const history = hardStacks(2, 8, []);
    const { valid, reason, statistics } = await checkWith({ size: 2, ask }, { history });
    expect(valid).toBe('unknown');
    expect(reason).toMatch(/^a thread that searched ended \(lost\) with 1 of 2 partitions undecided/);
    expect(statistics).toMatchObject({ legal: 1, undecided: 1 });
  });

  it('is not for a model that other threads do not know', () => {
    expect(linearizability({ model: { ...stack } }).checkInParallel).toBeUndefined();
  });
});
