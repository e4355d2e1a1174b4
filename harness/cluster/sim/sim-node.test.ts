import { describe, expect, it } from 'vitest';
import type { TraceRecord } from '../../history/trace.ts';
import { msToNs, sToNs } from '../../units.ts';
import type { RunningNode } from '../../../systems/runtime/node-program.ts';
import type { OpenFile, Runtime } from '../../../systems/runtime/runtime.ts';
import { SimCluster, type SimClusterOptions } from './sim-cluster.ts';
import { toySystem } from './toy-system.ts';

type Program = (runtime: Runtime) => Partial<RunningNode> | void;

/** A cluster of two nodes, of which the program runs on n1 alone. */
function single(program: Program, options: Partial<SimClusterOptions> = {}): SimCluster {
  return new SimCluster({
    nodes: ['n1', 'n2'],
    seed: 5,
    ...options,
    system: toySystem((runtime) => (runtime.host === 'n1' ? program(runtime) : undefined)),
  });
}

const ticking =
  (ticks: number[], now: () => number): Program =>
  (runtime) => {
    const tick = (): void => {
      ticks.push(now() / 1e6);
      runtime.setTimer(msToNs(100), tick);
    };
    runtime.setTimer(msToNs(100), tick);
  };

describe('kill and restart', () => {
  it('ends everything of the process, and boots a new one', async () => {
    const ticks: number[] = [];
    let boots = 0;
    const cluster: SimCluster = single((runtime) => {
      boots++;
      ticking(ticks, () => cluster.clock.now())(runtime);
    });
    await cluster.run(async () => {
      await cluster.start();
      await cluster.clock.sleep(msToNs(250));
      expect(cluster.isRunning('n1')).toBe(true);
      expect(cluster.status('n1')).toMatchObject({ role: 'toy' });
      expect(await cluster.kill('n1')).toMatchObject({ processesKilled: 1, timersDropped: 1 });
      expect(await cluster.kill('n1')).toMatchObject({ processesKilled: 0 });
      expect(cluster.isRunning('n1')).toBe(false);
      expect(cluster.status('n1')).toBeUndefined();
      await cluster.clock.sleep(msToNs(250));
      expect(await cluster.restart('n1')).toEqual({ processesStarted: 1 });
      await expect(cluster.restart('n1')).rejects.toThrow('n1 is running: kill it before');
      await cluster.clock.sleep(msToNs(250));
    });
    expect(ticks).toEqual([100, 200, 600, 700]);
    expect(boots).toBe(2);
  });

  it('lets a program end in good order when it is asked to, as long as it does not take too long', async () => {
    const ended: number[] = [];
    const reasons: string[] = [];
    const shutdowns: readonly (((runtime: Runtime) => Promise<void>) | null)[] = [
      (runtime) => new Promise((resolve) => void runtime.setTimer(msToNs(300), resolve)),
      () => new Promise(() => undefined), // it never comes to an end
      () => Promise.reject(new Error('no')),
      null,
    ];
    for (const shutdown of shutdowns) {
      const cluster = single((runtime) =>
        shutdown === null ? undefined : { shutdown: () => shutdown(runtime) },
      );
      cluster.onTrace(({ event }) => event.kind === 'stop' && reasons.push(event.reason));
      await cluster.run(async () => {
        await cluster.start();
        expect(await cluster.kill('n1', { terminate: true })).toMatchObject({ processesKilled: 1 });
        ended.push(cluster.clock.now() / 1e6);
        expect(cluster.isRunning('n1')).toBe(false);
      });
    }
    expect(ended).toEqual([300, 4000, 0, 0]);
    expect(reasons).toEqual(['terminated', 'terminated', 'terminated', 'terminated']);
  });

  it('never lets code of the dead incarnation run again', async () => {
    let afterlife = 0;
    const cluster = single((runtime) => {
      void (async () => {
        const file = await runtime.files.open('f', { create: true });
        for (;;) {
          await file.append(new Uint8Array(10));
          if (!cluster.isRunning('n1')) afterlife++;
        }
      })();
      runtime.setTimer(msToNs(10), () => {
        runtime.crash('enough');
        runtime.setTimer(0, () => afterlife++);
        runtime.sendDatagram('n1', new Uint8Array(1));
        runtime.crash('again');
        void runtime.files.open('g', { create: true }).then(() => afterlife++);
      });
      runtime.onDatagram(() => afterlife++);
    });
    await cluster.run(async () => {
      await cluster.start();
      await cluster.clock.sleep(sToNs(1));
    });
    expect(afterlife).toBe(0);
    expect(cluster.crashes).toEqual([{ node: 'n1', time: msToNs(10), message: 'enough' }]);
  });

  it('drops datagrams that were under way to it, also when it is up again in time', async () => {
    const got: string[] = [];
    const cluster: SimCluster = new SimCluster({
      nodes: ['n1', 'n2'],
      seed: 1,
      system: toySystem((runtime) => {
        runtime.onDatagram((from) => got.push(`${runtime.host} from ${from}`));
        if (runtime.host === 'n1')
          runtime.setTimer(msToNs(1), () => runtime.sendDatagram('n2', new Uint8Array(1)));
      }),
    });
    await cluster.run(async () => {
      await cluster.start();
      await cluster.clock.sleep(msToNs(1.1));
      expect(await cluster.kill('n2')).toMatchObject({ datagramsDropped: 1 });
      await cluster.restart('n2');
      await cluster.clock.sleep(msToNs(10));
    });
    expect(got).toEqual([]);
  });

  it('may have come in the middle of sending: of the last datagrams any may have left', async () => {
    const seen = new Map<string, number>();
    let unsent = 0;
    for (let seed = 0; seed < 200; seed++) {
      const got: string[] = [];
      const cluster = new SimCluster({
        nodes: ['n1', 'n2', 'n3', 'n4'],
        seed,
        system: toySystem((runtime) => {
          runtime.onDatagram(() => got.push(runtime.host));
          if (runtime.host !== 'n1') return;
          runtime.setTimer(msToNs(1), () => {
            for (const peer of ['n2', 'n3', 'n4']) runtime.sendDatagram(peer, new Uint8Array(1));
          });
        }),
      });
      await cluster.run(async () => {
        await cluster.start();
        await cluster.clock.sleep(msToNs(1.1));
        const { datagramsUnsent = 0 } = await cluster.kill('n1');
        unsent += datagramsUnsent;
        await cluster.clock.sleep(msToNs(10));
        expect(got.length).toBe(3 - datagramsUnsent);
      });
      const names = got.sort().join(' ');
      seen.set(names, (seen.get(names) ?? 0) + 1);
    }
    expect(seen.size).toBe(8); // every subset
    expect(unsent).toBeGreaterThan(150);
    expect(seen.get('n2 n3 n4')).toBeGreaterThan(40);
  });

  it('strikes at work when asked to: in most cases something is under way or not durable', async () => {
    const hits = { any: 0, atWork: 0 };
    for (const how of ['any', 'atWork'] as const) {
      for (let seed = 0; seed < 100; seed++) {
        const cluster = single(
          (runtime) => {
            void (async () => {
              const file = await runtime.files.open('f', { create: true });
              await runtime.files.syncDirectory('');
              const write = (): void => {
                void file.append(new Uint8Array(100)).then(() => file.sync());
                runtime.setTimer(msToNs(40), write);
              };
              write();
            })();
          },
          { seed },
        );
        await cluster.run(async () => {
          await cluster.start();
          await cluster.clock.sleep(msToNs(117));
          const observed = await cluster.kill('n1', { loseUnsynced: true, atWork: how === 'atWork' });
          expect(cluster.isRunning('n1')).toBe(false);
          const { fileOperationsDropped = 0, unsyncedBytesLost = 0 } = observed;
          if (fileOperationsDropped + unsyncedBytesLost > 0) hits[how]++;
        });
      }
    }
    expect(hits.any).toBeLessThan(20);
    expect(hits.atWork).toBeGreaterThan(60);
  });

  it('does not wait for ever for work that does not come', async () => {
    const cluster = single(() => undefined);
    await cluster.run(async () => {
      await cluster.start();
      expect(await cluster.kill('n1', { atWork: true })).toMatchObject({ processesKilled: 1 });
      expect(cluster.clock.now()).toBeLessThan(msToNs(100));
      expect(await cluster.kill('n1', { atWork: true })).toMatchObject({ processesKilled: 0 });
    });
  });

  it('writes why a node stopped into the trace and the log', async () => {
    const records: TraceRecord[] = [];
    const cluster = single((runtime) => {
      runtime.log('debug', 'too much detail');
      runtime.log('warn', 'careful', { term: 4 });
      runtime.trace({ kind: 'vote', term: 4, candidate: 'n2' });
    });
    cluster.onTrace((record) => records.push(record));
    await cluster.run(async () => {
      await cluster.clock.sleep(msToNs(3));
      await cluster.start();
      await cluster.kill('n1');
      await cluster.restart('n1');
      await cluster.kill('n1', { loseUnsynced: true });
    });
    expect(records.map(({ event }) => (event.kind === 'stop' ? event.reason : event.kind))).toEqual([
      'vote',
      'killed',
      'vote',
      'killed with loss of power',
    ]);
    expect(records[0]).toEqual({
      node: 'n1',
      time: msToNs(3),
      event: { kind: 'vote', term: 4, candidate: 'n2' },
    });
    expect(cluster.logs('n1').slice(0, 2)).toEqual([
      '0.003000000 warn  careful {"term":4}',
      '0.003000000 info  killed',
    ]);
  });
});

describe('a node that fails by its own code', () => {
  const failures: [string, Program][] = [
    ['thrown in a timer', (runtime) => void runtime.setTimer(1, fail)],
    ['rejected in an async function', (runtime) => void runtime.setTimer(1, () => void failLater(runtime))],
    ['thrown by its status', () => ({ status: fail })],
  ];
  function fail(): never {
    throw new TypeError('oops');
  }
  async function failLater(runtime: Runtime): Promise<void> {
    await runtime.files.open('f', { create: true });
    fail();
  }

  it.each(failures)('has crashed: %s', async (_name, program) => {
    const cluster = single(program);
    const stops: TraceRecord[] = [];
    cluster.onTrace((record) => stops.push(record));
    await cluster.run(async () => {
      await cluster.start();
      await cluster.clock.sleep(msToNs(10));
      expect(cluster.status('n1')).toBeUndefined();
      await cluster.clock.sleep(msToNs(10));
      expect(cluster.isRunning('n1')).toBe(false);
      expect(cluster.isRunning('n2')).toBe(true);
    });
    expect(cluster.crashes.map((crash) => crash.message)).toEqual(['TypeError: oops']);
    expect(stops.map((record) => record.event)).toEqual([
      { kind: 'stop', by: 'node', reason: 'TypeError: oops' },
    ]);
    expect(cluster.logs('n1').at(-1)).toContain('error crashed: TypeError: oops');
  });

  it.each([
    ['throws', fail],
    ['rejects', () => void Promise.reject(new TypeError('oops'))],
  ])('fails the start when it cannot boot: %s', async (_name, program) => {
    const cluster = single(program);
    await expect(cluster.run(() => cluster.start())).rejects.toThrow(
      'n1 crashed as it started: TypeError: oops',
    );
  });

  it('takes nobody with it when it cannot boot again', async () => {
    let boots = 0;
    const cluster = single(() => {
      if (++boots > 1) void Promise.reject(new TypeError('oops'));
    });
    await cluster.run(async () => {
      await cluster.start();
      await cluster.kill('n1');
      expect(await cluster.restart('n1')).toEqual({ processesStarted: 0 });
      expect(cluster.isRunning('n2')).toBe(true);
    });
    expect(cluster.crashes.map((crash) => crash.message)).toEqual(['TypeError: oops']);
  });

  it('has its invariants checked from the start', async () => {
    const cluster = single(() => ({
      invariants: () => {
        throw new Error('born wrong');
      },
    }));
    await cluster.run(() => cluster.start());
    expect(cluster.invariantViolations.map(({ message }) => message)).toEqual(['born wrong']);
  });

  it('is reported, not crashed, when its invariants do not hold: once an incarnation, after the step', async () => {
    let broken = false;
    const reported: string[] = [];
    const steps: string[] = [];
    const cluster = single(
      (runtime) => {
        runtime.setTimer(msToNs(5), () => {
          broken = true;
          void Promise.resolve().then(() => (broken = false)); // mended within the step: no violation
        });
        runtime.setTimer(msToNs(10), () => (broken = true));
        runtime.setTimer(msToNs(15), () => undefined);
        return {
          invariants: () => {
            if (broken) throw new Error('two leaders in me');
          },
        };
      },
      {
        onInvariantViolation: (node, message) => reported.push(`${node}: ${message}`),
        onStep: (node) => steps.push(node),
      },
    );
    await cluster.run(async () => {
      await cluster.start();
      steps.length = 0; // booting is a step, too
      await cluster.clock.sleep(msToNs(20));
    });
    expect(reported).toEqual(['n1: two leaders in me']);
    expect(cluster.invariantViolations).toEqual([
      { node: 'n1', time: msToNs(10), message: 'two leaders in me' },
    ]);
    expect(steps).toEqual(['n1', 'n1', 'n1']);
    expect(cluster.isRunning('n1')).toBe(true);
  });
});

describe('pause and resume', () => {
  it('runs nothing meanwhile, then everything in order; the clock runs on', async () => {
    const seen: string[] = [];
    const cluster: SimCluster = new SimCluster({
      nodes: ['n1', 'n2'],
      seed: 1,
      system: toySystem((runtime) => {
        if (runtime.host === 'n2') {
          let i = 0;
          const send = (): void => {
            runtime.sendDatagram('n1', Uint8Array.of(i++));
            if (i < 5) runtime.setTimer(msToNs(10), send);
          };
          runtime.setTimer(msToNs(10), send);
          return;
        }
        const start = runtime.monotonicNs();
        const now = (): number => Math.floor((runtime.monotonicNs() - start) / 1e6);
        runtime.onDatagram((_from, bytes) => seen.push(`datagram ${bytes[0]} at ${now()}`));
        runtime.setTimer(msToNs(25), () => seen.push(`timer at ${now()}`));
        const cancelled = runtime.setTimer(msToNs(26), () => seen.push('cancelled'));
        runtime.onDatagram((_from, bytes) => {
          cancelled.cancel(); // it is due already, but has not run
          seen.push(`datagram ${bytes[0]} at ${now()}`);
        });
      }),
    });
    await cluster.run(async () => {
      await cluster.start();
      expect(await cluster.pause('n1')).toEqual({ processesPaused: 1 });
      expect(cluster.isPaused('n1')).toBe(true);
      expect(cluster.isRunning('n1')).toBe(true);
      expect(cluster.status('n1')).toBeUndefined();
      await cluster.clock.sleep(msToNs(45));
      expect(seen).toEqual([]);
      const observed = await cluster.resume('n1');
      expect(observed).toEqual({ processesResumed: 1, eventsDeferred: 6, datagramsDropped: 0 });
      await cluster.clock.sleep(msToNs(20));
      expect(await cluster.resume('n1')).toMatchObject({ processesResumed: 0 });
    });
    expect(seen).toEqual([
      'datagram 0 at 45',
      'datagram 1 at 45',
      'timer at 45',
      'datagram 2 at 45',
      'datagram 3 at 45',
      'datagram 4 at 50',
    ]);
  });

  it('drops datagrams beyond what a socket would hold', async () => {
    let got = 0;
    const cluster: SimCluster = new SimCluster({
      nodes: ['n1', 'n2'],
      seed: 1,
      system: toySystem((runtime) => {
        runtime.onDatagram(() => got++);
        if (runtime.host === 'n1') return;
        runtime.setTimer(1, () => {
          for (let i = 0; i < 3000; i++) runtime.sendDatagram('n1', new Uint8Array(1));
        });
      }),
    });
    await cluster.run(async () => {
      await cluster.start();
      await cluster.pause('n1');
      await cluster.clock.sleep(sToNs(1));
      expect(await cluster.resume('n1')).toMatchObject({ eventsDeferred: 1024, datagramsDropped: 1976 });
      await cluster.clock.sleep(sToNs(1));
    });
    expect(got).toBe(1024);
  });

  it('can be killed while it is paused', async () => {
    const ticks: number[] = [];
    const cluster: SimCluster = single(ticking(ticks, () => cluster.clock.now()));
    await cluster.run(async () => {
      await cluster.start();
      await cluster.pause('n1');
      await cluster.clock.sleep(msToNs(150));
      expect(await cluster.kill('n1')).toMatchObject({ processesKilled: 1, timersDropped: 1 });
      await cluster.restart('n1');
      expect(cluster.isPaused('n1')).toBe(false);
      await cluster.clock.sleep(msToNs(150));
    });
    expect(ticks).toEqual([250]);
  });
});

describe('clocks', () => {
  it('move timers when they jump forward, and leave them when they jump back', async () => {
    const ticks: number[] = [];
    const walls: number[] = [];
    const cluster: SimCluster = single((runtime) => {
      const first = runtime.wallMs();
      const tick = (): void => {
        ticks.push(cluster.clock.now() / 1e6);
        walls.push(runtime.wallMs() - first);
        runtime.setTimer(msToNs(100), tick);
      };
      runtime.setTimer(msToNs(100), tick);
    });
    await cluster.run(async () => {
      await cluster.start();
      await cluster.clock.sleep(msToNs(110));
      expect(await cluster.bumpClock('n1', 60)).toMatchObject({ timersMoved: 1 });
      await cluster.clock.sleep(msToNs(100));
      expect(await cluster.bumpClock('n1', -1000)).toMatchObject({ timersMoved: 0 });
      await cluster.clock.sleep(msToNs(100));
      expect(await cluster.resetClock('n1')).toEqual({ clockReads: 2, timersMoved: 0 });
      await cluster.clock.sleep(msToNs(100));
    });
    expect(ticks).toEqual([100, 140, 240, 340]);
    expect(walls).toEqual([100, 200, 300 - 1000, 340]);
  });

  it('run timers faster and slower with their drift', async () => {
    const ticks: number[] = [];
    const cluster: SimCluster = single(ticking(ticks, () => cluster.clock.now()));
    await cluster.run(async () => {
      await cluster.start();
      await cluster.clock.sleep(msToNs(150));
      await cluster.driftClock('n1', 2);
      await cluster.clock.sleep(msToNs(150));
      expect(ticks).toEqual([100, 175, 225, 275]);
      await cluster.driftClock('n1', 0.5);
      await cluster.clock.sleep(msToNs(250));
      expect(ticks.slice(4)).toEqual([400]);
      expect(await cluster.resetClock('n1')).toEqual({ clockReads: 0, timersMoved: 3 });
      await cluster.clock.sleep(msToNs(100));
      expect(ticks.slice(5)).toEqual([575]);
    });
  });

  it('moves no other node, and outlives the process', async () => {
    const walls = new Map<string, number[]>();
    const cluster = new SimCluster({
      nodes: ['n1', 'n2'],
      seed: 1,
      system: toySystem((runtime) => {
        walls.set(runtime.host, [...(walls.get(runtime.host) ?? []), runtime.wallMs()]);
      }),
    });
    await cluster.run(async () => {
      await cluster.start();
      await cluster.bumpClock('n1', 5000);
      for (const node of cluster.nodes) {
        await cluster.kill(node);
        await cluster.restart(node);
      }
    });
    const [n1 = [], n2 = []] = [walls.get('n1'), walls.get('n2')];
    expect(n1[1]! - n1[0]!).toBe(5000);
    expect(n2[1]! - n2[0]!).toBe(0);
  });
});

describe('disks', () => {
  /** Appends a byte at a time; syncs when told to. */
  const writing =
    (sync: boolean, sizes: number[]): Program =>
    (runtime) => {
      void (async () => {
        const file: OpenFile = await runtime.files.open('log', { create: true });
        await runtime.files.syncDirectory('');
        sizes.push(await file.sizeBytes());
        for (;;) {
          await file.append(Uint8Array.of(1));
          if (sync) await file.sync();
        }
      })();
    };

  it('survive a kill whole, synced or not', async () => {
    const sizes: number[] = [];
    const cluster = single(writing(false, sizes));
    await cluster.run(async () => {
      await cluster.start();
      await cluster.clock.sleep(msToNs(50));
      const observed = await cluster.kill('n1');
      expect(observed['unsyncedWritesLost']).toBeUndefined();
      expect(observed['fileOperationsDropped']).toBe(1);
      await cluster.restart('n1');
      await cluster.clock.sleep(msToNs(50));
    });
    expect(sizes[1]).toBeGreaterThan(1000);
  });

  it('lose unsynced writes with the power, and never synced ones', async () => {
    let lost = 0;
    for (let seed = 0; seed < 20; seed++) {
      const unsynced: number[] = [];
      const cluster = single(writing(false, unsynced), { seed });
      await cluster.run(async () => {
        await cluster.start();
        await cluster.clock.sleep(msToNs(20));
        const observed = await cluster.kill('n1', { loseUnsynced: true });
        lost += observed['unsyncedWritesLost']!;
        await cluster.restart('n1');
        await cluster.clock.sleep(msToNs(20));
      });
      let acknowledged = 0;
      let recovered = -1;
      const careful = single(
        (runtime) => {
          void (async () => {
            const file = await runtime.files.open('log', { create: true });
            await runtime.files.syncDirectory('');
            recovered = await file.sizeBytes();
            if (recovered > 0) return;
            for (;;) {
              await file.append(Uint8Array.of(1));
              await file.sync();
              acknowledged++;
            }
          })();
        },
        { seed },
      );
      await careful.run(async () => {
        await careful.start();
        await careful.clock.sleep(msToNs(80));
        await careful.kill('n1', { loseUnsynced: true });
        await careful.restart('n1');
        await careful.clock.sleep(msToNs(20));
      });
      expect(acknowledged).toBeGreaterThan(10);
      expect(recovered).toBeGreaterThanOrEqual(acknowledged);
      expect(recovered).toBeLessThanOrEqual(acknowledged + 1);
    }
    expect(lost).toBeGreaterThan(1000);
  });

  it('fail and slow down as a fault hook says', async () => {
    const seen: string[] = [];
    const cluster: SimCluster = single((runtime) => {
      void (async () => {
        const file = await runtime.files.open('log', { create: true });
        await file.append(Uint8Array.of(1));
        const before = cluster.clock.now();
        await file.sync().catch((error: unknown) => seen.push((error as { code: string }).code));
        seen.push(cluster.clock.now() - before > msToNs(500) ? 'slow' : 'fast');
      })();
    });
    cluster.setDiskFault('n1', (operation) =>
      operation === 'sync' ? { error: 'EIO', delayMs: 500 } : undefined,
    );
    await cluster.run(async () => {
      await cluster.start();
      await cluster.clock.sleep(sToNs(1));
    });
    expect(seen).toEqual(['EIO', 'slow']);
  });
});
