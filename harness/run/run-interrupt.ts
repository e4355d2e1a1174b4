/**
 * An interrupt that comes at an instant of the cluster's clock, so that a simulated run that was interrupted can be
 * replayed: the same instant, the same history.
 *
 *     const interrupt = new RunInterrupt(cluster.clock);
 *     process.once('SIGINT', () => interrupt.request());   // as soon as can be
 *     interrupt.requestAt(verdict.interruptTime);          // in the replay
 *
 * Whatever else happens in that very nanosecond comes before it.
 */
import type { Clock } from '../cluster/cluster.ts';
import { Alarm } from '../interpreter/alarm.ts';
import type { Interrupt } from '../interpreter/interpreter.ts';

export class RunInterrupt implements Interrupt {
  readonly #clock: Clock;
  readonly #alarm: Alarm;
  readonly #callbacks: (() => void)[] = [];
  #time: number | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
    // Once more behind the others that ring last: operations that are due at this time begin before it.
    this.#alarm = new Alarm(clock, 'last', () => clock.setTimer(0, () => this.#come()));
  }

  get requested(): boolean {
    return this.#time !== null;
  }

  /** When it came, in nanoseconds since the run began; null as long as it has not. */
  get time(): number | null {
    return this.#time;
  }

  onRequest(callback: () => void): void {
    this.#callbacks.push(callback);
  }

  request(): void {
    this.requestAt(this.#clock.now() + 1);
  }

  /** The earliest request counts. */
  requestAt(timeNs: number): void {
    if (this.#time === null) this.#alarm.setNoLaterThan(timeNs);
  }

  #come(): void {
    if (this.#time !== null) return;
    this.#time = this.#clock.now();
    for (const callback of this.#callbacks) callback();
  }
}
