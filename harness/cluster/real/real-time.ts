/**
 * The harness's clock of a run in real time: monotonic, and zero when the cluster stood.
 */
import type { Timer } from '../../../systems/runtime/runtime.ts';
import { NS_PER_MS } from '../../units.ts';
import type { Clock } from '../cluster.ts';

/** setTimeout takes no more. */
const TIMEOUT_MS_MAX = 2 ** 31 - 1;

export class RealTime implements Clock {
  #zeroMs: number | null = null;

  /** From here on time passes; until then it is zero. */
  begin(): void {
    this.#zeroMs ??= performance.now();
  }

  now(): number {
    return this.#zeroMs === null ? 0 : Math.round((performance.now() - this.#zeroMs) * NS_PER_MS);
  }

  /** Not before the delay is over; about a millisecond late, or more on a busy machine. */
  setTimer(delayNs: number, callback: () => void): Timer {
    // By the machine's clock: the run's own stands still until all nodes serve.
    const dueMs = performance.now() + delayNs / NS_PER_MS;
    let handle: NodeJS.Timeout | NodeJS.Immediate;
    const arm = (): void => {
      const leftMs = dueMs - performance.now();
      // A timer that is due comes behind what happens now, as the contract of the simulated clock has it.
      if (leftMs <= 0) handle = setImmediate(callback);
      else handle = setTimeout(arm, Math.min(Math.ceil(leftMs), TIMEOUT_MS_MAX));
    };
    arm();
    return {
      cancel: () => {
        clearTimeout(handle as NodeJS.Timeout);
        clearImmediate(handle as NodeJS.Immediate);
      },
    };
  }

  sleep(delayNs: number): Promise<void> {
    return new Promise((resolve) => {
      this.setTimer(delayNs, resolve);
    });
  }
}
