import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  anyOf,
  clients,
  cycle,
  type GeneratorLike,
  limit,
  mix,
  nemesis,
  phases,
  planGenerator,
  planOf,
  repeat,
  sleep,
  stagger,
  timeLimit,
} from '../generator/index.ts';
import { History } from '../history/history.ts';
import type { Operation } from '../history/operation.ts';
import { msToNs, nsToMs, sToNs } from '../units.ts';
import type { Clock } from '../cluster/cluster.ts';
import { interpret, type InterpretOptions, type InterpretResult, type Interrupt } from './interpreter.ts';
import { ScriptedClient, scriptedNemesis } from './testing/scripted.ts';
import { VirtualClock } from './testing/virtual-clock.ts';

interface Run extends InterpretResult {
  readonly operations: readonly Operation[];
  /** Clients that were opened and not closed. */
  readonly leaked: number;
}

/** Sleeps longer by a few nanoseconds, never the same twice, so that no two things happen at the same time. */
function jittery(clock: Clock): Clock {
  let last = 0;
  const sleep = (delayNs: number): Promise<void> => {
    last = (last * 31 + clock.now() + 7) % 99_991;
    return clock.sleep(delayNs + 1 + last);
  };
  return { now: () => clock.now(), setTimer: (delayNs, ring) => clock.setTimer(delayNs, ring), sleep };
}

async function run(
  generator: GeneratorLike,
  options: Partial<InterpretOptions> = {},
  around: (clock: VirtualClock) => Clock = (clock) => clock,
): Promise<Run> {
  const clock = new VirtualClock();
  const world = around(clock);
  const own = clock.counted();
  const operations: Operation[] = [];
  let open = 0;
  const result = await clock.run(
    interpret({
      clock: own,
      generator,
      // Every third client cannot be opened, every fifth takes long.
      openClient: async (_node, clientId) => {
        await world.sleep(clientId % 5 === 4 ? msToNs(80) : 0);
        if (clientId % 3 === 2) throw new Error('connection refused');
        open++;
        return new ScriptedClient(world, () => open--);
      },
      nemesis: { invoke: (invocation) => scriptedNemesis(world, invocation) },
      nodes: ['n1', 'n2', 'n3'],
      concurrency: 4,
      seed: 1,
      operationTimeoutNs: msToNs(50),
      onOperation: (operation) => void operations.push(operation),
      ...options,
    }),
  );
  expect(own.pendingTimers, 'timers left').toBe(0);
  return { ...result, operations, leaked: open };
}

const work = fc
  .array(
    fc.record({
      f: fc.constantFrom('ok', 'ok', 'fail', 'info', 'crash', 'throw', 'hang', 'instant', 'sleep'),
      ms: fc.nat({ max: 70 }),
    }),
    { maxLength: 40 },
  )
  .map((list): GeneratorLike =>
    list.map(({ f, ms }) => (f === 'sleep' ? sleep(ms / 1_000) : { f, value: ms })),
  );

const faults: GeneratorLike = cycle([sleep(0.02), { f: 'cut', value: 5 }, { f: 'refuse', value: 30 }], 4);

const generators = fc
  .record({ first: work, second: work, staggerMs: fc.nat({ max: 10 }), isPhased: fc.boolean() })
  .map(({ first, second, staggerMs, isPhased }) => {
    const both = isPhased ? phases(first, second) : mix(first, second);
    return anyOf(clients(stagger(staggerMs / 1_000, both)), nemesis(faults));
  });

describe('every run', () => {
  const options = fc.record({ concurrency: fc.integer({ min: 1, max: 6 }), seed: fc.nat({ max: 1_000 }) });

  test('has a valid history, complete, with every client closed', async () => {
    await fc.assert(
      fc.asyncProperty(generators, options, async (generator, { concurrency, seed }) => {
        const { operations, leaked, continuation } = await run(generator, { concurrency, seed });
        // Indexes without gaps, times that never go back, one operation a process, none after info.
        const history = new History(operations);
        expect(history.operations.length).toBe(operations.length);
        expect(leaked).toBe(0);
        expect(operations.filter(({ type }) => type === 'invoke').length * 2).toBe(operations.length);
        for (const { process, type, node, error } of operations) {
          if (process === 'nemesis') continue;
          expect(node).toBe(`n${((process % concurrency) % 3) + 1}`);
          expect(process).toBeLessThan(continuation.nextProcess);
          expect(error === undefined).toBe(type === 'invoke' || type === 'ok');
        }
        expect(continuation.nextProcess % concurrency).toBe(0);
      }),
      { numRuns: 100 },
    );
  });

  test('is over in time: no operation takes longer than its timeout', async () => {
    await fc.assert(
      fc.asyncProperty(generators, options, async (generator, { concurrency, seed }) => {
        const { operations } = await run(generator, { concurrency, seed });
        const invokedAt = new Map<unknown, number>();
        for (const { process, type, time } of operations) {
          if (type === 'invoke') invokedAt.set(process, time);
          else expect(nsToMs(time - (invokedAt.get(process) ?? NaN))).toBeLessThanOrEqual(50);
        }
      }),
      { numRuns: 50 },
    );
  });

  test('is the same with the same seed, and from its own plan', async () => {
    await fc.assert(
      fc.asyncProperty(generators, options, async (generator, { concurrency, seed }) => {
        const first = await run(generator, { concurrency, seed }, jittery);
        const second = await run(generator, { concurrency, seed }, jittery);
        expect(second.operations).toEqual(first.operations);
        // The scripted nemesis goes by the value, which a plan replaces by the parameters.
        const plan = planOf(
          first.operations.filter(({ process, type }) => process !== 'nemesis' || type === 'invoke'),
        );
        const replayed = await run(planGenerator(plan), { concurrency, seed: seed + 1 }, jittery);
        expect(replayed.operations).toEqual(first.operations);
      }),
      { numRuns: 60 },
    );
  });

  test('ends soon after an interrupt, and records what was in flight', async () => {
    await fc.assert(
      fc.asyncProperty(generators, fc.nat({ max: 300 }), async (generator, interruptMs) => {
        let request = (): void => {};
        const clock = new VirtualClock();
        clock.setTimer(msToNs(interruptMs), () => request());
        const operations: Operation[] = [];
        const { interrupted } = await clock.run(
          interpret({
            clock,
            generator,
            openClient: () => Promise.resolve(new ScriptedClient(clock, () => {})),
            nemesis: { invoke: (invocation) => scriptedNemesis(clock, invocation) },
            nodes: ['n1'],
            concurrency: 3,
            seed: 1,
            operationTimeoutNs: msToNs(50),
            interruptGraceNs: msToNs(7),
            onOperation: (operation) => void operations.push(operation),
            interrupt: { requested: false, onRequest: (callback) => void (request = callback) },
          }),
        );
        void new History(operations);
        expect(operations.filter(({ type }) => type === 'invoke').length * 2).toBe(operations.length);
        if (!interrupted) return;
        for (const { time, type } of operations) {
          if (type === 'invoke') expect(time).toBeLessThanOrEqual(msToNs(interruptMs));
          else expect(time).toBeLessThanOrEqual(msToNs(interruptMs + 7));
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe('parts of a run', () => {
  test('go on with indexes, processes and client ids, also with another concurrency', async () => {
    const clientIds: number[] = [];
    const openClient: InterpretOptions['openClient'] = (_node, clientId) => {
      clientIds.push(clientId);
      return Promise.resolve({
        invoke: () => Promise.resolve({ type: 'info', error: { code: 'x' } }),
        close: () => {},
      });
    };
    const generator = clients(limit(7, repeat({ f: 'read' })));
    const first = await run(generator, { openClient, concurrency: 3 });
    const second = await run(generator, { openClient, concurrency: 2, continueFrom: first.continuation });
    const all = new History([
      ...first.operations,
      ...second.operations.map((each) => ({ ...each, time: sToNs(1) })),
    ]);
    expect(all.operations.length).toBe(28);
    const processes = all.operations.map(({ process }) => process);
    expect(new Set(processes).size).toBe(14);
    expect(clientIds).toEqual(Array.from({ length: 14 }, (_, i) => i));
  });
});

describe('clients that answer at once', () => {
  const instant: InterpretOptions['openClient'] = () =>
    Promise.resolve({ invoke: () => Promise.resolve({ type: 'ok' }), close: () => {} });

  test('let virtual time pass, though nothing else makes it', async () => {
    const { operations } = await run(clients(timeLimit(3e-6, repeat({ f: 'read' }))), {
      openClient: instant,
    });
    expect(operations.at(-1)?.time).toBeGreaterThanOrEqual(2_000);
  });

  test('pause in a replay from the plan where they did, and not once more', async () => {
    const { operations } = await run(clients(timeLimit(4e-6, repeat({ f: 'read' }))), {
      openClient: instant,
    });
    expect(operations.length).toBeGreaterThan(2 * 4_096);
    const again = await run(planGenerator(planOf(operations)), { openClient: instant });
    expect(again.operations).toEqual(operations);
  });

  test('let an interrupt through in real time', async () => {
    const start = performance.now();
    let requested = false;
    let callback = (): void => {};
    setTimeout(() => {
      requested = true;
      callback();
    }, 20);
    const interrupt: Interrupt = {
      get requested() {
        return requested;
      },
      onRequest: (given) => void (callback = given),
    };
    const setTimer: InterpretOptions['clock']['setTimer'] = (delayNs, ring) => {
      const timer = setTimeout(ring, nsToMs(delayNs));
      return { cancel: () => clearTimeout(timer) };
    };
    const { interrupted } = await interpret({
      clock: {
        now: () => msToNs(performance.now() - start),
        setTimer,
        sleep: (delayNs) => new Promise((resolve) => setTimer(delayNs, resolve)),
      },
      generator: clients(repeat({ f: 'read' })),
      openClient: instant,
      nemesis: null,
      nodes: ['n1'],
      concurrency: 2,
      seed: 1,
      operationTimeoutNs: sToNs(1),
      onOperation: () => {},
      interrupt,
    });
    expect(interrupted).toBe(true);
  });
});

describe('what it is given', () => {
  test('is told apart by the code of the error', async () => {
    await expect(run(() => undefined as never)).rejects.toMatchObject({
      code: 'generator',
    });
    await expect(run(clients({ f: 'odd-type' }))).rejects.toMatchObject({ code: 'client', exitCode: 70 });
    await expect(run(nemesis({ f: 'odd' }))).rejects.toMatchObject({ code: 'nemesis', exitCode: 70 });
  });

  test('a run needs a node, and what onOperation throws ends it', async () => {
    await expect(run(null, { nodes: [] })).rejects.toThrow('at least one node');
    const disk = new Error('no space left on device');
    const onOperation = (): void => {
      throw disk;
    };
    await expect(run(clients({ f: 'ok' }), { onOperation })).rejects.toBe(disk);
  });
});
