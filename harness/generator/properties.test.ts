import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Operation } from '../history/operation.ts';
import { msToNs } from '../units.ts';
import { ThreadTable } from './context.ts';
import type { Generator, GeneratorContext } from './generator.ts';
import {
  anyOf,
  clients,
  concurrencyLimit,
  cycle,
  cycleTimes,
  delay,
  eachThread,
  flipFlop,
  type GeneratorLike,
  generatorOf,
  limit,
  map,
  mix,
  nemesis,
  once,
  phases,
  planGenerator,
  planOf,
  processLimit,
  repeat,
  reserve,
  sleep,
  stagger,
  synchronize,
  timeLimit,
  untilOk,
} from './index.ts';
import {
  type Complete,
  crashing,
  imperfect,
  perfect,
  quick,
  simulate,
  type SimulatedEvent,
} from './simulate.ts';

const completions = fc.constantFrom<Complete>(quick, perfect, crashing, imperfect);
const seeds = fc.nat({ max: 1_000_000 });

const counting: GeneratorLike = (_context, count) => ({ f: 'count', value: count });

/** Any tree of combinators, finite ones and endless ones. */
const { tree } = fc.letrec<{ tree: GeneratorLike; leaf: GeneratorLike; several: GeneratorLike[] }>((tie) => ({
  leaf: fc.constantFrom<GeneratorLike>(
    { f: 'a' },
    { f: 'b', key: 'x', value: 1 },
    repeat({ f: 'c' }),
    counting,
    sleep(0.02),
    null,
  ),
  several: fc.array(tie('tree'), { minLength: 1, maxLength: 3, depthIdentifier: 'tree' }),
  tree: fc.oneof(
    { maxDepth: 4, depthIdentifier: 'tree', withCrossShrink: true },
    { weight: 3, arbitrary: tie('leaf') },
    { weight: 1, arbitrary: fc.tuple(fc.nat({ max: 5 }), tie('tree')).map(([count, g]) => limit(count, g)) },
    {
      weight: 1,
      arbitrary: fc.tuple(fc.nat({ max: 60 }), tie('tree')).map(([ms, g]) => timeLimit(ms / 1_000, g)),
    },
    {
      weight: 1,
      arbitrary: fc.tuple(fc.nat({ max: 20 }), tie('tree')).map(([ms, g]) => stagger(ms / 1_000, g)),
    },
    {
      weight: 1,
      arbitrary: fc.tuple(fc.nat({ max: 20 }), tie('tree')).map(([ms, g]) => delay(ms / 1_000, g)),
    },
    { weight: 1, arbitrary: tie('several').map((gs) => anyOf(...gs)) },
    { weight: 1, arbitrary: tie('several').map((gs) => mix(...gs)) },
    { weight: 1, arbitrary: tie('several').map((gs) => flipFlop(...gs)) },
    { weight: 1, arbitrary: tie('several').map((gs) => phases(...gs)) },
    { weight: 1, arbitrary: tie('several') },
    { weight: 1, arbitrary: tie('several').map((gs) => cycleTimes(gs.map((g, i) => [0.01 * (i + 1), g]))) },
    { weight: 1, arbitrary: tie('tree').map((g) => repeat(g, 3)) },
    { weight: 1, arbitrary: tie('tree').map((g) => cycle(g, 3)) },
    { weight: 1, arbitrary: tie('tree').map((g) => clients(g)) },
    { weight: 1, arbitrary: tie('tree').map((g) => eachThread(g)) },
    { weight: 1, arbitrary: tie('tree').map((g) => untilOk(g)) },
    { weight: 1, arbitrary: tie('tree').map((g) => synchronize(g)) },
    { weight: 1, arbitrary: tie('tree').map((g) => concurrencyLimit(2, g)) },
    { weight: 1, arbitrary: tie('tree').map((g) => processLimit(6, g)) },
  ),
}));

const MAX_EVENTS = 150;

const isInvoke = (event: SimulatedEvent): boolean => event.type === 'invoke';

function invocations(generator: GeneratorLike, options: Parameters<typeof simulate>[1]): SimulatedEvent[] {
  return simulate(generator, { maxEvents: MAX_EVENTS, ...options }).filter(isInvoke);
}

/** Asks every generator that it passes twice, and remembers what it was told, to ask old ones again. */
class Twice implements Generator {
  readonly inner: Generator;
  constructor(inner: Generator) {
    this.inner = inner;
  }
  op(context: GeneratorContext): ReturnType<Generator['op']> {
    const first = this.inner.op(context);
    const second = this.inner.op(context);
    expect(second?.op).toEqual(first?.op);
    // What follows is the same, too, as far as one more question can tell.
    expect(second?.next?.op(context)?.op).toEqual(first?.next?.op(context)?.op);
    if (first === null) return null;
    if (first.op === 'pending') return { op: 'pending', next: new Twice(first.next) };
    return { op: first.op, next: first.next === null ? null : new Twice(first.next) };
  }
  update(context: GeneratorContext, event: Operation): Generator {
    const before = this.inner.op(context)?.op;
    const first = this.inner.update(context, event);
    const second = this.inner.update(context, event);
    expect(second.op(context)?.op).toEqual(first.op(context)?.op);
    expect(this.inner.op(context)?.op, 'the old value is as it was').toEqual(before);
    return new Twice(first);
  }
}

describe('every generator', () => {
  test('is pure: a question asked again has the same answer, and leaves no trace', () => {
    fc.assert(
      fc.property(tree, completions, seeds, (generator, complete, seed) => {
        const options = { complete, seed, maxEvents: MAX_EVENTS };
        const observed = simulate(new Twice(generatorOf(generator)), options);
        expect(observed).toEqual(simulate(generator, options));
      }),
      { numRuns: 300 },
    );
  });

  test('makes a history in which each process has one operation at a time, and none after info', () => {
    fc.assert(
      fc.property(tree, completions, seeds, (generator, complete, seed) => {
        const inFlight = new Set<unknown>();
        const retired = new Set<unknown>();
        let time = 0;
        for (const event of simulate(generator, { complete, seed, maxEvents: MAX_EVENTS, concurrency: 3 })) {
          expect(event.time).toBeGreaterThanOrEqual(time);
          ({ time } = event);
          if (event.type === 'sleep' || event.type === 'log') continue;
          expect(inFlight.has(event.process)).toBe(event.type !== 'invoke');
          expect(retired.has(event.process)).toBe(false);
          if (event.type === 'invoke') inFlight.add(event.process);
          else inFlight.delete(event.process);
          if (event.type === 'info' && event.process !== 'nemesis') retired.add(event.process);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('draws nothing that depends on a branch beside it', () => {
    const branch = clients(stagger(0.01, mix(counting, { f: 'x' }, repeat({ f: 'c' }))));
    fc.assert(
      fc.property(tree, seeds, (other, seed) => {
        const alone = generatorOf(anyOf(null, limit(20, branch)));
        const beside = anyOf(nemesis(other), limit(20, branch));
        const ofClients = (generator: GeneratorLike): SimulatedEvent[] =>
          // Quick, so that the threads that are free do not depend on when the other branch sleeps.
          invocations(generator, { seed, complete: quick, maxEvents: 1_000 }).filter(
            ({ process }) => process !== 'nemesis',
          );
        const [some, all] = [ofClients(beside), ofClients(alone)];
        expect(some).toEqual(all.slice(0, some.length));
      }),
      { numRuns: 100 },
    );
  });
});

describe('each combinator', () => {
  const check = (property: (generator: GeneratorLike, complete: Complete, seed: number) => void): void => {
    fc.assert(fc.property(tree, completions, seeds, property), { numRuns: 150 });
  };

  test('limit: at most so many, and as many as there are', () => {
    check((generator, complete, seed) => {
      const all = simulate(generator, { complete, seed, maxEvents: MAX_EVENTS }).filter(
        ({ type }) => type === 'invoke' || type === 'sleep',
      );
      const limited = simulate(limit(3, generator), { complete, seed, maxEvents: MAX_EVENTS }).filter(
        ({ type }) => type === 'invoke' || type === 'sleep',
      );
      expect(limited).toEqual(all.slice(0, 3));
    });
  });

  test('timeLimit: nothing at or after the cutoff, and before it what comes without the limit', () => {
    check((generator, complete, seed) => {
      const all = invocations(generator, { complete, seed });
      const limited = simulate(timeLimit(0.025, generator), { complete, seed, maxEvents: MAX_EVENTS });
      const first = limited[0]?.time ?? 0;
      const invoked = limited.filter(isInvoke);
      for (const { time } of invoked) expect(time).toBeLessThan(first + msToNs(25));
      // It is over, as in Jepsen, once an operation is due after the cutoff, though a completion in between might have
      // made the generator propose another: so it may end early, and never differs.
      expect(invoked.slice(0, all.length)).toEqual(all.slice(0, invoked.length));
    });
  });

  test('cycleTimes: an operation that is due some windows ahead waits for its window', () => {
    const events = invocations(cycleTimes([[0.01, stagger(0.1, repeat({ f: 'c' }))]]), {
      complete: quick,
      seed: 1,
      maxEvents: 20,
    });
    expect(events.length).toBeGreaterThan(5);
    expect(events.at(-1)?.time).toBeGreaterThan(msToNs(200));
  });

  test('timeLimit: all that is due before the cutoff comes', () => {
    for (const complete of [quick, perfect, crashing, imperfect]) {
      const generator = clients(stagger(0.001, repeat({ f: 'c' })));
      const all = invocations(generator, { complete, seed: 1 });
      const limited = invocations(timeLimit(0.025, generator), { complete, seed: 1 });
      const first = limited[0]?.time ?? 0;
      expect(limited.length).toBeGreaterThan(5);
      expect(limited).toEqual(all.filter(({ time }) => time < first + msToNs(25)));
    }
  });

  test('a limit that is not a number is refused: it would never be reached', () => {
    expect(() => timeLimit(Number('60s'), { f: 'r' })).toThrow('a time limit is not a number');
    expect(() => limit(Number.NaN, { f: 'r' })).toThrow('a limit is not a number');
  });

  test('phases: the next begins when all of the one before is done', () => {
    check((generator, complete, seed) => {
      const named = (f: string): GeneratorLike =>
        limit(
          4,
          map((op) => ({ ...op, f }), generator),
        );
      const events = simulate(phases(named('one'), named('two')), { complete, seed, maxEvents: MAX_EVENTS });
      const lastOfOne = events.findLastIndex(({ f, type }) => f === 'one' && type !== 'sleep');
      const firstOfTwo = events.findIndex(({ f }) => f === 'two');
      if (firstOfTwo !== -1) expect(lastOfOne).toBeLessThan(firstOfTwo);
    });
  });

  test('anyOf and mix: all operations of all branches, and no other', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat({ max: 6 }), { maxLength: 5 }),
        completions,
        seeds,
        (counts, complete, seed) => {
          const branches = counts.map((count, i) =>
            limit(
              count,
              map((op) => ({ ...op, key: i }), counting),
            ),
          );
          for (const combine of [anyOf, mix]) {
            const seen = invocations(combine(...branches), { complete, seed });
            counts.forEach((count, i) => {
              const values = seen.filter(({ key }) => key === i).map(({ value }) => value);
              expect(values).toEqual(Array.from({ length: count }, (_, value) => value));
            });
            expect(seen.length).toBe(counts.reduce((sum, count) => sum + count, 0));
          }
        },
      ),
    );
  });

  test('eachThread: every thread the whole of it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), completions, seeds, (concurrency, complete, seed) => {
        const seen = invocations(clients(eachThread([{ f: 'a' }, { f: 'b' }, { f: 'c' }])), {
          concurrency,
          complete,
          seed,
        });
        for (let thread = 0; thread < concurrency; thread++) {
          expect(seen.filter((event) => event.thread === thread).map(({ f }) => f)).toEqual(['a', 'b', 'c']);
        }
      }),
    );
  });

  test('reserve: each thread its own generator', () => {
    fc.assert(
      fc.property(completions, seeds, (complete, seed) => {
        const generator = reserve(
          [
            [2, repeat({ f: 'w' })],
            [1, repeat({ f: 'c' })],
          ],
          repeat({ f: 'r' }),
        );
        const seen = invocations(clients(generator), { concurrency: 5, complete, seed });
        for (const { thread, f } of seen) {
          expect(f).toBe(Number(thread) < 2 ? 'w' : thread === 2 ? 'c' : 'r');
        }
      }),
    );
  });

  test('stagger: the mean interval is what it says, and delay is exact', () => {
    const spread = invocations(clients(limit(2_000, stagger(0.002, repeat({ f: 'r' })))), {
      complete: quick,
      maxEvents: 10_000,
    });
    const meanMs = (spread.at(-1)?.time ?? 0) / 1e6 / (spread.length - 1);
    expect(meanMs).toBeGreaterThan(1.9);
    expect(meanMs).toBeLessThan(2.1);
    const even = invocations(clients(limit(50, delay(0.002, repeat({ f: 'r' })))), { complete: quick });
    expect(even.map(({ time }) => time)).toEqual(even.map((_, i) => i * msToNs(2)));
  });

  test('concurrencyLimit: never more in flight', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), completions, seeds, (count, complete, seed) => {
        let inFlight = 0;
        for (const { type } of simulate(clients(concurrencyLimit(count, repeat({ f: 'r' }))), {
          concurrency: 6,
          complete,
          seed,
          maxEvents: 200,
        })) {
          inFlight += type === 'invoke' ? 1 : -1;
          expect(inFlight).toBeLessThanOrEqual(count);
        }
      }),
    );
  });

  test('untilOk: nothing is asked for after the first ok', () => {
    check((_generator, complete, seed) => {
      const events = simulate(clients(untilOk(repeat({ f: 'r' }))), {
        complete,
        seed,
        maxEvents: MAX_EVENTS,
      });
      const firstOk = events.findIndex(({ type }) => type === 'ok');
      if (firstOk !== -1) expect(events.slice(firstOk).some(isInvoke)).toBe(false);
    });
  });

  test('once is limit 1', () => {
    check((generator, complete, seed) => {
      expect(simulate(once(generator), { complete, seed })).toEqual(
        simulate(limit(1, generator), { complete, seed }),
      );
    });
  });
});

describe('planGenerator', () => {
  test('a run from its own plan is the same run', () => {
    // A process's number takes the place of the thread's count, so that completions are the same in both runs.
    const byTime: Complete = ({ time, process }) => {
      const hash = (time / 7 + (process === 'nemesis' ? 5 : process) * 31) % 11;
      return {
        type: hash < 2 ? 'info' : hash < 4 ? 'fail' : 'ok',
        latencyNs: 1_000 + Math.floor(hash * 100_000),
      };
    };
    fc.assert(
      fc.property(tree, seeds, (generator, seed) => {
        const options = { complete: byTime, seed, maxEvents: MAX_EVENTS, concurrency: 3 };
        const recorded = simulate(generator, options).filter(
          ({ type }) => type !== 'sleep' && type !== 'log',
        );
        const plan = planOf(recorded.map((event, index) => ({ ...event, index }) as Operation));
        const replayed = simulate(planGenerator(plan), { ...options, maxEvents: 10_000 });
        // The recording may have been cut off in the middle.
        expect(replayed.slice(0, recorded.length)).toEqual(recorded);
      }),
      { numRuns: 300 },
    );
  });
});

describe('randomness', () => {
  const draws = (context: GeneratorContext, path: string, count: number): number[] =>
    Array.from({ length: count }, (_, draw) => context.random(path, draw));
  const contextOf = (seed: number): GeneratorContext =>
    new ThreadTable({ concurrency: 2, nemesis: true, seed }).context(0);
  const correlation = (a: readonly number[], b: readonly number[]): number =>
    a.reduce((sum, each, i) => sum + (each - 0.5) * ((b[i] ?? 0) - 0.5), 0) / a.length / (1 / 12);

  test('is uniform, and independent between draws, places, words and seeds', () => {
    const COUNT = 20_000;
    const root = contextOf(1);
    const series = [
      draws(root, 'a', COUNT),
      draws(root, 'a', COUNT + 1).slice(1),
      draws(root, 'b', COUNT),
      draws(root, '', COUNT),
      draws(root.at(0), 'a', COUNT),
      draws(root.at(1), 'a', COUNT),
      draws(root.at(0).at(1), 'a', COUNT),
      draws(root.at(1).at(0), 'a', COUNT),
      draws(contextOf(2), 'a', COUNT),
      Array.from({ length: COUNT }, (_, place) => root.at(place).random('a', 0)),
    ];
    for (const one of series) {
      const buckets = new Array<number>(16).fill(0);
      for (const draw of one) {
        const bucket = Math.floor(draw * 16);
        buckets[bucket] = (buckets[bucket] ?? 0) + 1;
      }
      // Chi-square with 15 degrees of freedom: above 50 once in 100,000 fair series.
      const expected = COUNT / 16;
      expect(buckets.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)).toBeLessThan(50);
    }
    for (const [i, a] of series.entries()) {
      for (const b of series.slice(i + 1))
        expect(Math.abs(correlation(a, b))).toBeLessThan(5 / Math.sqrt(COUNT));
    }
  });

  test('differs between any two places of a tree', () => {
    const seen = new Set<number>();
    const visit = (context: GeneratorContext, depth: number): void => {
      seen.add(context.random('x', 0) * 2 ** 32 * 1_000 + Math.floor(context.random('y', 0) * 1_000));
      if (depth === 0) return;
      for (let place = -1; place < 9; place++) visit(context.at(place), depth - 1);
    };
    visit(contextOf(3), 4);
    expect(seen.size).toBe(1 + 10 + 100 + 1_000 + 10_000);
  });
});
