import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sToNs } from '../../harness/units.ts';
import { HostClock } from './host-clock.ts';

const EPOCH_MS = 1_000_000_000_000;

describe('HostClock', () => {
  it('shows true time until a fault touches it, and counts no reads', () => {
    const clock = new HostClock(777, EPOCH_MS);
    expect(clock.readMonotonicNs(1000)).toBe(1777);
    expect(clock.readWallMs(sToNs(2))).toBe(EPOCH_MS + 2000);
    expect(clock.skewedReads).toBe(0);
  });

  it('jumps forward with both clocks and back with the wall clock alone', () => {
    const clock = new HostClock(0, EPOCH_MS);
    clock.bump(sToNs(10), 5000);
    expect(clock.monotonicNs(sToNs(10))).toBe(sToNs(15));
    expect(clock.readWallMs(sToNs(10))).toBe(EPOCH_MS + 15_000);
    clock.bump(sToNs(10), -8000);
    expect(clock.monotonicNs(sToNs(10))).toBe(sToNs(15));
    expect(clock.readWallMs(sToNs(10))).toBe(EPOCH_MS + 7_000);
    expect(clock.skewedReads).toBe(2);
  });

  it('drifts from the moment it is told to', () => {
    const clock = new HostClock(0, EPOCH_MS);
    clock.drift(sToNs(10), 0.5);
    expect(clock.monotonicNs(sToNs(20))).toBe(sToNs(15));
    clock.drift(sToNs(20), 2);
    expect(clock.monotonicNs(sToNs(30))).toBe(sToNs(35));
    expect(clock.trueTimeOf(sToNs(37))).toBe(sToNs(31));
  });

  it('is true again after a reset, and its monotonic clock has not gone back', () => {
    const clock = new HostClock(0, EPOCH_MS);
    clock.bump(sToNs(1), 60_000);
    clock.drift(sToNs(1), 3);
    const before = clock.monotonicNs(sToNs(2));
    clock.reset(sToNs(2));
    expect(clock.monotonicNs(sToNs(2))).toBe(before);
    expect(clock.readWallMs(sToNs(3))).toBe(EPOCH_MS + 3000);
    expect(clock.monotonicNs(sToNs(3))).toBe(before + sToNs(1));
  });

  it('refuses what no clock can do', () => {
    const clock = new HostClock(0, EPOCH_MS);
    expect(() => clock.drift(0, 0)).toThrow('rate 0');
    expect(() => clock.drift(0, -1)).toThrow('above 0');
    expect(() => clock.bump(0, Number.NaN)).toThrow('finite');
  });

  it('never goes back, and a timer never finds itself too early or late, whatever happens', () => {
    const fault = fc.oneof(
      fc.record({ bumpMs: fc.integer({ min: -100_000, max: 100_000 }) }),
      fc.record({ rate: fc.double({ min: 0.01, max: 100, noNaN: true }) }),
      fc.constant('reset' as const),
    );
    const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: sToNs(100) }), fault), { maxLength: 20 });
    fc.assert(
      fc.property(fc.nat(), steps, fc.integer({ min: 0, max: sToNs(10) }), (start, faults, delayNs) => {
        const clock = new HostClock(start, EPOCH_MS);
        let now = 0;
        let shown = clock.monotonicNs(now);
        for (const [elapsed, what] of faults) {
          now += elapsed;
          const before = clock.monotonicNs(now);
          expect(before).toBeGreaterThanOrEqual(shown);
          if (what === 'reset') clock.reset(now);
          else if ('rate' in what) clock.drift(now, what.rate);
          else clock.bump(now, what.bumpMs);
          shown = clock.monotonicNs(now);
          expect(shown).toBeGreaterThanOrEqual(before);
          const due = shown + delayNs;
          const at = clock.trueTimeOf(due);
          expect(at).toBeGreaterThanOrEqual(now);
          expect(clock.monotonicNs(at)).toBeGreaterThanOrEqual(due);
          // Not later than one step of either clock.
          expect(clock.monotonicNs(at) - due).toBeLessThanOrEqual(Math.ceil(clock.rate));
        }
      }),
    );
  });
});
