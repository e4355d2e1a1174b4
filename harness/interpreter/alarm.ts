/**
 * One timer that can be set again and again, and knows what it is set for: setting it to the same time costs nothing.
 *
 *     const alarm = new Alarm(clock, 'last', () => console.log('now'));
 *     alarm.set(1_000);          // at 1,000 ns
 *     alarm.setNoLaterThan(500); // at 500 ns instead
 *
 * In virtual time several things can happen in the very same nanosecond. An alarm that rings `last` lets all of them
 * come first that are due by then; whatever it begins does not depend on which timer was set first. A real clock has
 * always moved on when a timer rings, and there is nothing to wait for.
 */
import type { Timer } from '../../systems/runtime/runtime.ts';
import type { Clock } from '../cluster/cluster.ts';

export class Alarm {
  readonly #clock: Clock;
  readonly #order: 'in-turn' | 'last';
  readonly #ring: () => void;
  #timer: Timer | null = null;
  #dueTime = Infinity;

  constructor(clock: Clock, order: 'in-turn' | 'last', ring: () => void) {
    this.#clock = clock;
    this.#order = order;
    this.#ring = ring;
  }

  /** Rings at this time of the clock, once, and not at the time that it was set for before. */
  set(dueTime: number): void {
    if (this.#dueTime === dueTime) return;
    this.cancel();
    this.#dueTime = dueTime;
    this.#timer = this.#clock.setTimer(Math.max(0, dueTime - this.#clock.now()), () => this.#due());
  }

  setNoLaterThan(dueTime: number): void {
    if (dueTime < this.#dueTime) this.set(dueTime);
  }

  cancel(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#dueTime = Infinity;
  }

  #due(): void {
    if (this.#order === 'last' && this.#clock.now() === this.#dueTime) {
      this.#timer = this.#clock.setTimer(0, () => this.#fire());
    } else {
      this.#fire();
    }
  }

  #fire(): void {
    this.#timer = null;
    this.#dueTime = Infinity;
    this.#ring();
  }
}
