/**
 * Changes of unknown outcome that may have happened at a place in a known order which somebody must have filled.
 *
 *     write 1 (unknown), called at 5     may fill a place whose successors return after 5
 *
 * Their returns bind nobody, so a change fits wherever it was called before the first return of all that comes after.
 * Asked with bounds that grow, the one called last of those that fit is the best choice: whoever fits later fits there
 * too, and who was called early is left for places that want any change.
 */
import { internKey } from '../model.ts';
import type { Json } from '../../../harness/history/operation.ts';

/** Those that leave one value in one key, by their calls; the last are taken first. */
interface Stock {
  readonly waiting: number[];
  readonly called: number[];
  next: number;
}

export class Fillers {
  readonly #calledAt: (operation: number) => number;
  readonly #stocks = new Map<string, Stock>();
  readonly #keysWithConditions = new Set<unknown>();
  readonly #left = new Set<number>();

  constructor(calledAt: (operation: number) => number) {
    this.#calledAt = calledAt;
  }

  /** In the order of their calls. @param expected - what it has to find; undefined where it does not look */
  add(operation: number, key: Json, value: Json, expected: Json | undefined): void {
    if (expected !== undefined) this.#keysWithConditions.add(key);
    else this.#left.add(operation);
    const name = stockName(key, value, expected);
    const stock = this.#stocks.get(name);
    if (stock === undefined) this.#stocks.set(name, { waiting: [operation], called: [], next: 0 });
    else stock.waiting.push(operation);
  }

  /** Whether one of a key has to find a value, so that a failure to take one here proves nothing. */
  hasConditions(key: Json): boolean {
    return this.#keysWithConditions.has(key);
  }

  /** One that was called before a time and leaves a value; undefined where there is none. Times of a key only grow. */
  take(key: Json, value: Json, found: Json | undefined, before: number): number | undefined {
    const conditional = found === undefined ? undefined : this.#pop(stockName(key, value, found), before);
    const taken = conditional ?? this.#pop(stockName(key, value, undefined), before);
    if (taken !== undefined) this.#left.delete(taken);
    return taken;
  }

  /** Those without a condition that were not taken, in the order of their calls. */
  rest(): readonly number[] {
    return [...this.#left];
  }

  #pop(name: string, before: number): number | undefined {
    const stock = this.#stocks.get(name);
    if (stock === undefined) return undefined;
    for (; stock.next < stock.waiting.length; stock.next++) {
      const operation = stock.waiting[stock.next] as number;
      if (this.#calledAt(operation) >= before) break;
      stock.called.push(operation);
    }
    return stock.called.pop();
  }
}

function stockName(key: Json, value: Json, expected: Json | undefined): string {
  const parts = [key, internKey(value), ...(expected === undefined ? [] : [internKey(expected)])];
  return JSON.stringify(parts);
}
