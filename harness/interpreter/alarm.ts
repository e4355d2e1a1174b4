/**
 * One timer that can be set again and again, and knows what it is set for: setting it to the same time costs nothing.
 *
 *     const alarm = new Alarm(clock, () => console.log('now'));
 *     alarm.set(1_000);          // at 1,000 ns
 *     alarm.setNoLaterThan(500); // at 500 ns instead
 */
import type { Timer } from '../../systems/runtime/runtime.ts';
import type { Clock } from '../cluster/cluster.ts';

export class Alarm {
  readonly #clock: Clock;
  readonly #ring: () => void;
  #timer: Timer | null = null;
  #dueTime = Infinity;

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock;
    this.#ring = ring;
  }

  /** Rings at this time of the clock, once, and not at the time that it was set for before. */
  set(dueTime: number): void {
    if (this.#dueTime === dueTime) return;
    this.cancel();
    this.#dueTime = dueTime;
    this.#timer = this.#clock.setTimer(Math.max(0, dueTime - this.#clock.now()), () => {
      this.#timer = null;
      this.#dueTime = Infinity;
      this.#ring();
    });
  }

  setNoLaterThan(dueTime: number): void {
    if (dueTime < this.#dueTime) this.set(dueTime);
  }

  cancel(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#dueTime = Infinity;
  }
}
