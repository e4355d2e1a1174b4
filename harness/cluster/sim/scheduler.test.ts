import { describe, expect, it } from 'vitest';
import { HarnessError } from '../../errors.ts';
import { msToNs, sToNs } from '../../units.ts';
import { EVENTS_AT_ONE_INSTANT_MAX, EVENTS_PENDING_MAX, NODE_DRAIN, Scheduler } from './scheduler.ts';

const ways: readonly [string, () => Scheduler][] = [
  ['drains between events by itself', () => new Scheduler()],
  ['fires each event in a callback of its own', () => new Scheduler(null)],
];

it('can drain by itself in this Node.js', () => {
  expect(NODE_DRAIN).toBeInstanceOf(Function);
});

describe.each(ways)('Scheduler that %s', (_way, newScheduler) => {
  it('moves virtual time from event to event', async () => {
    const scheduler = newScheduler();
    const seen: [string, number][] = [];
    await scheduler.run(async () => {
      scheduler.setTimer(msToNs(20), () => seen.push(['twenty', scheduler.now]));
      scheduler.setTimer(msToNs(10), () => seen.push(['ten', scheduler.now]));
      scheduler.setTimer(msToNs(15), () => seen.push(['never', scheduler.now])).cancel();
      await scheduler.sleep(sToNs(3600));
    });
    expect(seen).toEqual([
      ['ten', msToNs(10)],
      ['twenty', msToNs(20)],
    ]);
    expect(scheduler.now).toBe(sToNs(3600));
  });

  it('lets a long chain of microtasks end before the next event of the same instant', async () => {
    const scheduler = newScheduler();
    const seen: string[] = [];
    await scheduler.run(async () => {
      scheduler.setTimer(5, () => {
        void (async () => {
          for (let i = 0; i < 1000; i++) await Promise.resolve();
          await new Promise<void>((resolve) => process.nextTick(resolve));
          for (let i = 0; i < 1000; i++) await Promise.resolve();
          seen.push('chain');
        })();
      });
      scheduler.setTimer(5, () => seen.push('next event'));
      await scheduler.sleep(5);
      seen.push('main');
    });
    expect(seen).toEqual(['chain', 'next event', 'main']);
  });

  it('stops at once when main settles, and goes on from there in the next run', async () => {
    const scheduler = newScheduler();
    const seen: number[] = [];
    const tick = (): void => {
      seen.push(scheduler.now);
      scheduler.setTimer(10, tick);
    };
    await scheduler.run(async () => {
      tick();
      await scheduler.sleep(25);
    });
    expect(seen).toEqual([0, 10, 20]);
    await scheduler.run(() => scheduler.sleep(20));
    expect(seen).toEqual([0, 10, 20, 30, 40]);
    expect(scheduler.now).toBe(45);
  });

  it('calls a wait for nothing a deadlock', async () => {
    const scheduler = newScheduler();
    const stuck = scheduler.run(() => new Promise(() => undefined));
    await expect(stuck).rejects.toThrow(HarnessError);
    await expect(stuck).rejects.toMatchObject({
      code: 'internal',
      message: expect.stringContaining('deadlock'),
    });
  });

  it('gives up when events multiply without bound', async () => {
    const scheduler = newScheduler();
    const answerTwice = (): void => {
      scheduler.setTimer(1, answerTwice);
      scheduler.setTimer(1, answerTwice);
    };
    await expect(
      scheduler.run(async () => {
        answerTwice();
        await scheduler.sleep(sToNs(1));
      }),
    ).rejects.toMatchObject({
      code: 'internal',
      message: expect.stringContaining('runs away: more than 1000000'),
    });
  });

  it('gives up when one event schedules without end, even where that is caught', async () => {
    const scheduler = newScheduler();
    const run = scheduler.run(async () => {
      try {
        for (;;) scheduler.setTimer(1, () => undefined);
      } catch {
        // as the driver of a node does
      }
      await scheduler.sleep(sToNs(1));
    });
    await expect(run).rejects.toMatchObject({
      code: 'internal',
      message: expect.stringContaining('runs away'),
    });
  });

  it('keeps as many events as the bound allows, and does not count cancelled ones', async () => {
    const scheduler = newScheduler();
    await scheduler.run(async () => {
      for (let i = 0; i < EVENTS_PENDING_MAX + 10; i++) scheduler.setTimer(1, () => undefined).cancel();
      for (let i = 0; i < 1000; i++) scheduler.setTimer(1, () => undefined);
      await scheduler.sleep(2);
    });
    expect(scheduler.now).toBe(2);
  });

  it('gives up when virtual time stands still', async () => {
    const scheduler = newScheduler();
    const again = (): void => void scheduler.setTimer(0, again);
    await expect(
      scheduler.run(async () => {
        await scheduler.sleep(sToNs(2));
        again();
        await scheduler.sleep(1);
      }),
    ).rejects.toMatchObject({
      code: 'internal',
      message: expect.stringContaining(`stands still at 2 s: more than ${EVENTS_AT_ONE_INSTANT_MAX}`),
    });
  });

  it('rejects with what main rejects with, with what a callback throws, and with what nobody handles', async () => {
    const scheduler = newScheduler();
    await expect(scheduler.run(() => Promise.reject(new Error('mine')))).rejects.toThrow('mine');
    const throwing = scheduler.run(async () => {
      scheduler.setTimer(1, () => {
        throw new Error('thrown in a timer');
      });
      await scheduler.sleep(10);
    });
    await expect(throwing).rejects.toThrow('thrown in a timer');
    const rejecting = scheduler.run(async () => {
      scheduler.setTimer(1, () => void Promise.reject(new Error('nobody handles this')));
      await scheduler.sleep(10);
    });
    await expect(rejecting).rejects.toThrow('nobody handles this');
  });

  it('takes signals while it runs', async () => {
    const scheduler = newScheduler();
    let signalled = false;
    process.once('SIGUSR2', () => (signalled = true));
    await scheduler.run(async () => {
      process.kill(process.pid, 'SIGUSR2');
      for (let i = 0; i < 100_000 && !signalled; i++) await scheduler.sleep(1);
    });
    expect(signalled).toBe(true);
  });

  it('hashes what happened and when', async () => {
    const hashOf = async (delays: readonly number[]): Promise<string> => {
      const scheduler = newScheduler();
      await scheduler.run(async () => {
        for (const delay of delays) await scheduler.sleep(delay);
      });
      return scheduler.eventHash;
    };
    expect(await hashOf([1, 2, 3])).toBe(await hashOf([1, 2, 3]));
    expect(await hashOf([1, 2, 3])).not.toBe(await hashOf([1, 3, 2]));
    expect(await hashOf([1, 2, 3])).toMatch(/^[0-9a-f]{16}$/);
  });

  it('refuses a second run inside the first', async () => {
    const scheduler = newScheduler();
    await scheduler.run(async () => {
      await expect(scheduler.run(() => Promise.resolve())).rejects.toThrow('running already');
    });
  });
});
