/**
 * One timer that follows a core's deadline.
 *
 *     const timer = new DeadlineTimer(runtime, () => perform(core.tick(now)));
 *     timer.setWithin(core.deadlineMs - nowMs); // after every input
 *
 * It fires no later than what it was told last; sometimes earlier, since deadlines mostly move later: an early tick does nothing, and
 * says the next deadline.
 */
import { NS_PER_MS } from '../../../harness/units.ts';
import type { Endpoint, Timer } from '../../runtime/runtime.ts';

/** A deadline that does not move although its tick came must not stop the node. */
const DELAY_MIN_MS = 1;

export class DeadlineTimer {
  private readonly endpoint: Endpoint;
  private readonly onDue: () => void;
  private timer: Timer | null = null;
  private dueNs = Infinity;

  constructor(endpoint: Endpoint, onDue: () => void) {
    this.endpoint = endpoint;
    this.onDue = onDue;
  }

  /** @param delayMs - Infinity: there is no deadline */
  setWithin(delayMs: number): void {
    if (delayMs === Infinity) return;
    // Rounded up: by a nanosecond too early, it would be for nothing.
    const delayNs = Math.ceil(Math.max(DELAY_MIN_MS, delayMs) * NS_PER_MS);
    const dueNs = this.endpoint.monotonicNs() + delayNs;
    if (dueNs >= this.dueNs) return;
    this.timer?.cancel();
    this.dueNs = dueNs;
    this.timer = this.endpoint.setTimer(delayNs, () => {
      this.timer = null;
      this.dueNs = Infinity;
      this.onDue();
    });
  }

  cancel(): void {
    this.timer?.cancel();
    this.timer = null;
    this.dueNs = Infinity;
  }
}
