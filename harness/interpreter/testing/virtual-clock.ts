/**
 * A virtual clock for the tests of the interpreter: time stands still until all promises are settled, then jumps to
 * the next timer. Timers of the same time ring in the order in which they were set.
 */
import type { Timer } from '../../../systems/runtime/runtime.ts';
import type { Clock } from '../../cluster/cluster.ts';

interface Alarm {
  readonly time: number;
  readonly sequence: number;
  readonly ring: () => void;
}

export interface CountedClock extends Clock {
  /** How many are set: none should be when a run is over. */
  readonly pendingTimers: number;
}

export class VirtualClock implements Clock {
  #time = 0;
  #sequence = 0;
  readonly #alarms = new Set<Alarm>();

  now(): number {
    return this.#time;
  }

  setTimer(delayNs: number, ring: () => void): Timer {
    const alarm: Alarm = { time: this.#time + delayNs, sequence: this.#sequence++, ring };
    this.#alarms.add(alarm);
    return { cancel: () => void this.#alarms.delete(alarm) };
  }

  sleep(delayNs: number): Promise<void> {
    return new Promise((resolve) => this.setTimer(delayNs, resolve));
  }

  /** The same clock, counting the timers that are set through it. */
  counted(): CountedClock {
    const pending = new Set<object>();
    const setTimer = (delayNs: number, ring: () => void): Timer => {
      const token = {};
      pending.add(token);
      const timer = this.setTimer(delayNs, () => {
        pending.delete(token);
        ring();
      });
      return {
        cancel: () => {
          pending.delete(token);
          timer.cancel();
        },
      };
    };
    return {
      now: () => this.now(),
      setTimer,
      sleep: (delayNs) => this.sleep(delayNs),
      get pendingTimers() {
        return pending.size;
      },
    };
  }

  /** Lets time pass until the promise is settled. */
  async run<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    const settle = (): void => {
      settled = true;
    };
    promise.then(settle, settle);
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      if (settled) return promise;
      let next: Alarm | undefined;
      for (const alarm of this.#alarms) {
        if (
          next === undefined ||
          alarm.time < next.time ||
          (alarm.time === next.time && alarm.sequence < next.sequence)
        ) {
          next = alarm;
        }
      }
      if (next === undefined) throw new Error('nothing more can happen, and the promise is not settled');
      this.#alarms.delete(next);
      this.#time = next.time;
      next.ring();
    }
  }
}
