/**
 * The producer ids that the controller gave to this broker, handed out one by one; calls that need one wait while there is none.
 *
 *     const pool = new ProducerIdPool<Call>();
 *     pool.take();          // null: none is left
 *     pool.wait(call);      // true: ask for a block
 *     pool.refill(1000, 1000); // [call]: those that waited
 */

/** More than a broker's clients begin in the time that a controller needs to fail over. */
const MAX_WAITING = 10_000;

export class ProducerIdPool<T> {
  private next = 0;
  private end = 0;
  private waiting: T[] = [];

  take(): number | null {
    return this.next < this.end ? this.next++ : null;
  }

  get isFull(): boolean {
    return this.waiting.length >= MAX_WAITING;
  }

  /** @returns whether a block must be asked for: nobody has yet */
  wait(call: T): boolean {
    return this.waiting.push(call) === 1;
  }

  /** @param count - 0 when there was no block to get */
  refill(firstProducerId: number, count: number): readonly T[] {
    if (count > 0) [this.next, this.end] = [firstProducerId, firstProducerId + count];
    const { waiting } = this;
    this.waiting = [];
    return waiting;
  }
}
