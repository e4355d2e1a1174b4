import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { msToNs, nsToMs } from '../../../harness/units.ts';
import { RealClock } from './real-clock.ts';

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
/** What a busy machine may add to any wait. */
const SLACK_MS = 2_000;

describe('RealClock', () => {
  let clock: RealClock;

  beforeEach(() => {
    clock = new RealClock();
  });

  afterEach(() => clock.close());

  /** How long by the machine's clock until a timer fires. */
  async function fires(delayMs: number): Promise<number> {
    const begin = performance.now();
    await new Promise<void>((resolve) => {
      clock.setTimer(msToNs(delayMs), resolve);
    });
    return performance.now() - begin;
  }

  it('shows the machine’s time until a fault touches it, and counts no reads', () => {
    expect(Math.abs(clock.wallMs() - Date.now())).toBeLessThan(SLACK_MS);
    expect(Math.abs(nsToMs(clock.monotonicNs()) - performance.now())).toBeLessThan(SLACK_MS);
    expect(clock.takeCounters()).toEqual({ clockReads: 0, timersMoved: 0 });
  });

  it('jumps forward with everything: a timer that is passed over fires at once', async () => {
    const begin = clock.monotonicNs();
    let fired = 0;
    const firstAt = new Promise<number>((resolve) => {
      clock.setTimer(msToNs(60_000), () => resolve(clock.monotonicNs()));
    });
    clock.setTimer(msToNs(600_000), () => fired++);
    expect(clock.bump(120_000)).toBe(2);
    expect(clock.wallMs() - Date.now()).toBeGreaterThan(119_000);
    expect(clock.monotonicNs() - begin).toBeGreaterThanOrEqual(msToNs(120_000));
    expect((await firstAt) - begin).toBeGreaterThanOrEqual(msToNs(60_000));
    expect(fired).toBe(0);
    expect(clock.takeCounters()).toEqual({ clockReads: 3, timersMoved: 0 });
    expect(clock.takeCounters()).toEqual({ clockReads: 0, timersMoved: 0 });
  });

  it('jumps back with the wall clock alone', async () => {
    const begin = clock.monotonicNs();
    const fired = fires(20);
    expect(clock.bump(-3_600_000)).toBe(0);
    expect(clock.wallMs() - Date.now()).toBeLessThan(-3_590_000);
    expect(clock.monotonicNs()).toBeGreaterThanOrEqual(begin);
    expect(clock.takeCounters().clockReads).toBe(1); // monotonic reads are true
    expect(await fired).toBeLessThan(20 + SLACK_MS);
  });

  it('runs faster and slower, timers too, and says how many of them it moved', async () => {
    const fast = fires(10_000);
    clock.drift(100);
    expect(await fast).toBeLessThan(100 + SLACK_MS);
    clock.drift(0.1);
    const [trueMs, shown] = [performance.now(), clock.monotonicNs()];
    expect(await fires(10)).toBeGreaterThanOrEqual(99);
    const elapsedMs = performance.now() - trueMs;
    expect(nsToMs(clock.monotonicNs() - shown)).toBeLessThanOrEqual(0.1 * elapsedMs + 1);
    expect(clock.takeCounters().timersMoved).toBe(1);
  });

  it('is true again after a reset, timers too, and never goes back', async () => {
    clock.drift(0.001);
    const slow = fires(20);
    clock.bump(86_400_000);
    const shown = clock.monotonicNs();
    clock.reset();
    expect(clock.monotonicNs()).toBeGreaterThanOrEqual(shown);
    expect(Math.abs(clock.wallMs() - Date.now())).toBeLessThan(SLACK_MS);
    expect(await slow).toBeLessThan(20 + SLACK_MS);
    expect(clock.takeCounters()).toEqual({ clockReads: 1, timersMoved: 1 });
    clock.monotonicNs();
    expect(clock.takeCounters().clockReads).toBe(0);
  });

  it('tells every skewed read once, across resets', () => {
    let told = 0;
    for (let i = 0; i < 5; i++) {
      clock.bump(1);
      clock.wallMs();
      if (i % 2 === 0) told += clock.takeCounters().clockReads;
      clock.wallMs();
      if (i % 3 === 0) clock.reset();
    }
    expect(told + clock.takeCounters().clockReads).toBe(10);
  });

  it('fires no cancelled timer, whatever the clock does', async () => {
    let fired = 0;
    const timer = clock.setTimer(msToNs(10_000), () => fired++);
    timer.cancel();
    clock.bump(20_000);
    clock.drift(10);
    await sleep(20);
    expect(fired).toBe(0);
  });
});
