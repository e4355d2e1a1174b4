/**
 * The clock and the timers of a real node: the machine's, through the gate of clock faults.
 *
 *     const clock = new RealClock();
 *     clock.bump(2_000);        // wall clock, monotonic clock and timers are two seconds ahead
 *     clock.bump(-2_000);       // the wall clock alone: a monotonic clock never goes back
 *     clock.drift(1.5);         // from now on half as fast again, timers too
 *     clock.reset();            // true rate and true wall clock
 *
 * An untouched clock shows what the machine shows, with its corrections. See `host-clock.ts` for how time is bent.
 */
import type { Timer } from '../runtime.ts';
import { HostClock } from '../host-clock.ts';
import { NS_PER_MS } from '../../../harness/units.ts';

/** setTimeout takes no more. */
const TIMEOUT_MS_MAX = 2 ** 31 - 1;

/** Nanoseconds since this process started. */
const trueNs = (): number => Math.round(performance.now() * NS_PER_MS);

export class RealClock {
  /** Shows how far it is off: its wall clock is zero at true time zero. */
  readonly #host = new HostClock(0, 0);
  readonly #timers = new Set<RealTimer>();
  /** Of the reads that the host clock has counted since its reset, those that were told. */
  #readsTold = 0;
  /** Not told yet, from before the last reset. */
  #readsLeft = 0;
  #timersMoved = 0;

  monotonicNs(): number {
    return this.#host.readMonotonicNs(trueNs());
  }

  wallMs(): number {
    const now = trueNs();
    return Date.now() + this.#host.readWallMs(now) - Math.floor(now / NS_PER_MS);
  }

  /** Calls back once, not before the delay is over by {@link monotonicNs}; at most about a millisecond late on an idle machine. */
  setTimer(delayNs: number, callback: () => void): Timer {
    const delay = delayNs > 0 ? delayNs : 0;
    const timer = new RealTimer(this.#host, this.#host.monotonicNs(trueNs()) + delay, () => {
      this.#timers.delete(timer);
      callback();
    });
    this.#timers.add(timer);
    return {
      cancel: () => {
        timer.stop();
        this.#timers.delete(timer);
      },
    };
  }

  /** Returns how many timers are due earlier now. */
  bump(offsetMs: number): number {
    this.#host.bump(trueNs(), offsetMs);
    return offsetMs > 0 ? this.#moveTimers() : 0;
  }

  /** The timers that it moves are counted in {@link takeCounters}. */
  drift(rate: number): void {
    this.#host.drift(trueNs(), rate);
    this.#timersMoved += this.#moveTimers();
  }

  reset(): void {
    this.#readsLeft += this.#host.skewedReads - this.#readsTold;
    this.#readsTold = 0;
    const hadDrift = this.#host.rate !== 1;
    this.#host.reset(trueNs());
    if (hadDrift) this.#timersMoved += this.#moveTimers();
  }

  /** What came of the faults since the last time: reads that returned skewed time, and timers that drifts moved. */
  takeCounters(): { readonly clockReads: number; readonly timersMoved: number } {
    const clockReads = this.#readsLeft + this.#host.skewedReads - this.#readsTold;
    const timersMoved = this.#timersMoved;
    this.#readsLeft = 0;
    this.#readsTold = this.#host.skewedReads;
    this.#timersMoved = 0;
    return { clockReads, timersMoved };
  }

  close(): void {
    for (const timer of this.#timers) timer.stop();
    this.#timers.clear();
  }

  #moveTimers(): number {
    for (const timer of this.#timers) timer.rearm();
    return this.#timers.size;
  }
}

class RealTimer {
  readonly #clock: HostClock;
  /** By the node's monotonic clock. */
  readonly #dueNs: number;
  readonly #fire: () => void;
  #timeout: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(clock: HostClock, dueNs: number, fire: () => void) {
    this.#clock = clock;
    this.#dueNs = dueNs;
    this.#fire = fire;
    this.#arm();
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timeout);
  }

  /** The clock has changed. */
  rearm(): void {
    clearTimeout(this.#timeout);
    this.#arm();
  }

  /** Again, when setTimeout was too early (it rounds) or could not wait so long at once. */
  #arm(): void {
    const leftMs = (this.#clock.trueTimeOf(this.#dueNs) - trueNs()) / NS_PER_MS;
    this.#timeout = setTimeout(
      () => {
        if (this.#isStopped) return;
        if (this.#clock.monotonicNs(trueNs()) >= this.#dueNs) this.#fire();
        else this.#arm();
      },
      Math.min(Math.max(0, Math.ceil(leftMs)), TIMEOUT_MS_MAX),
    );
  }
}
