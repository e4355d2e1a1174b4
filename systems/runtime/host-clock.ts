/**
 * A host's clock over true time (virtual in the simulator): it may run fast or slow (drift) and it may jump.
 *
 *     const clock = new HostClock(0, epochMs);
 *     clock.drift(now, 1.5);               // from now on, half as fast again
 *     clock.bump(now, 2_000);              // two seconds ahead: wall clock, monotonic clock, and so timers
 *     clock.bump(now, -2_000);             // the wall clock alone: a monotonic clock never goes back
 *
 * It holds no timers: they ask {@link HostClock.trueTimeOf} when they fall due, and are asked to move when it changes.
 */
import { HarnessError } from '../../harness/errors.ts';
import { NS_PER_MS } from '../../harness/units.ts';

export class HostClock {
  /** The clock is linear from the anchor on: monotonic = anchor + rate × (true − anchor). */
  #anchorTrueNs = 0;
  #anchorMonotonicNs: number;
  #rate = 1;
  /** What a true wall clock shows at true time zero. */
  readonly #epochMs: number;
  /** What the wall clock shows when the monotonic clock shows zero. */
  #wallAtZeroMs: number;
  #monotonicSkewed = false;
  #wallSkewed = false;
  /** Reads that returned skewed time since the last {@link reset}. */
  skewedReads = 0;

  /**
   * @param startNs - what the monotonic clock shows at true time zero
   * @param epochMs - what the wall clock shows then
   */
  constructor(startNs: number, epochMs: number) {
    this.#anchorMonotonicNs = startNs;
    this.#epochMs = epochMs;
    this.#wallAtZeroMs = epochMs - startNs / NS_PER_MS;
  }

  get rate(): number {
    return this.#rate;
  }

  /** For the host's own code: counts what it saw. */
  readMonotonicNs(trueNs: number): number {
    if (this.#monotonicSkewed) this.skewedReads++;
    return this.monotonicNs(trueNs);
  }

  /** For the host's own code: counts what it saw. */
  readWallMs(trueNs: number): number {
    if (this.#wallSkewed) this.skewedReads++;
    return Math.floor(this.#wallAtZeroMs + this.monotonicNs(trueNs) / NS_PER_MS);
  }

  monotonicNs(trueNs: number): number {
    const elapsed = trueNs - this.#anchorTrueNs;
    // The fraction that is added makes up for rounding in trueTimeOf: a timer never finds itself too early.
    return this.#anchorMonotonicNs + (this.#rate === 1 ? elapsed : Math.floor(elapsed * this.#rate + 1e-3));
  }

  /** When, in true time, the monotonic clock will show this if nothing changes it. */
  trueTimeOf(monotonicNs: number): number {
    const ahead = monotonicNs - this.#anchorMonotonicNs;
    return this.#anchorTrueNs + (this.#rate === 1 ? ahead : Math.ceil(ahead / this.#rate));
  }

  bump(trueNs: number, offsetMs: number): void {
    if (!Number.isFinite(offsetMs)) {
      throw new HarnessError('nemesis', `a clock cannot jump by ${offsetMs} ms: give a finite number`);
    }
    this.#anchor(trueNs);
    if (offsetMs > 0) {
      this.#anchorMonotonicNs += Math.round(offsetMs * NS_PER_MS);
      this.#monotonicSkewed = true;
    } else {
      this.#wallAtZeroMs += offsetMs;
    }
    this.#wallSkewed = true;
  }

  drift(trueNs: number, rate: number): void {
    if (!(rate > 0) || !Number.isFinite(rate)) {
      throw new HarnessError('nemesis', `a clock cannot run at the rate ${rate}: give a number above 0`);
    }
    this.#anchor(trueNs);
    this.#rate = rate;
    this.#monotonicSkewed = true;
    this.#wallSkewed = true;
  }

  /**
   * True rate and true wall clock. The monotonic clock goes on from where it is, since it may not go back
   * and nobody can tell its start from another.
   */
  reset(trueNs: number): void {
    this.#anchor(trueNs);
    this.#rate = 1;
    this.#wallAtZeroMs = this.#epochMs + (trueNs - this.#anchorMonotonicNs) / NS_PER_MS;
    this.#monotonicSkewed = false;
    this.#wallSkewed = false;
    this.skewedReads = 0;
  }

  #anchor(trueNs: number): void {
    this.#anchorMonotonicNs = this.monotonicNs(trueNs);
    this.#anchorTrueNs = trueNs;
  }
}
