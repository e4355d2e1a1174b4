/**
 * The clock and the timers of a real node. All time that a node sees comes through here: the place where a
 * clock fault will be injected.
 */
import type { Timer } from '../runtime.ts';
import { NS_PER_MS } from '../../../harness/units.ts';

/** setTimeout takes no more. */
const TIMEOUT_MS_MAX = 2 ** 31 - 1;

export class RealClock {
  readonly #timers = new Set<RealTimer>();

  /** Nanoseconds since this process started. */
  monotonicNs(): number {
    return Math.round(performance.now() * NS_PER_MS);
  }

  wallMs(): number {
    return Date.now();
  }

  /** Calls back once, not before the delay is over by {@link monotonicNs}; at most about a millisecond late on an idle machine. */
  setTimer(delayNs: number, callback: () => void): Timer {
    const delay = delayNs > 0 ? delayNs : 0;
    const timer = new RealTimer(this, this.monotonicNs() + delay, () => {
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

  close(): void {
    for (const timer of this.#timers) timer.stop();
    this.#timers.clear();
  }
}

class RealTimer {
  readonly #clock: RealClock;
  readonly #dueNs: number;
  readonly #fire: () => void;
  #timeout: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(clock: RealClock, dueNs: number, fire: () => void) {
    this.#clock = clock;
    this.#dueNs = dueNs;
    this.#fire = fire;
    this.#arm();
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timeout);
  }

  /** Again, when setTimeout was too early (it rounds) or could not wait so long at once. */
  #arm(): void {
    const leftMs = (this.#dueNs - this.#clock.monotonicNs()) / NS_PER_MS;
    this.#timeout = setTimeout(
      () => {
        if (this.#isStopped) return;
        if (this.#clock.monotonicNs() >= this.#dueNs) this.#fire();
        else this.#arm();
      },
      Math.min(Math.max(0, Math.ceil(leftMs)), TIMEOUT_MS_MAX),
    );
  }
}
