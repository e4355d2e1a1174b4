/**
 * Items by log index: a stretch of an endless array that grows at its end, loses its end to truncation and its
 * beginning to snapshots, each in amortised constant time.
 *
 *     const terms = new IndexWindow<number>();
 *     terms.set(7, 2);
 *     terms.set(8, 2);
 *     terms.dropBelow(8);
 *     terms.get(7)   // undefined: dropped
 *     terms.last     // 8
 *
 * It does not tell an index that was never set from one that was dropped.
 */

/** A jump wider than this starts the window anew: a node that reports a wild index must not make us fill the gap. */
const GAP_MAX = 1 << 20;

export class IndexWindow<T> {
  /** The log index of `#items[#skipped]`. */
  #first: number;
  #items: (T | undefined)[] = [];
  /** Dropped items that still lie at the beginning of `#items`. */
  #skipped = 0;

  constructor(first = 1) {
    this.#first = first;
  }

  /** The lowest index that it may hold. */
  get first(): number {
    return this.#first;
  }

  /** The highest index that it holds; `first - 1` when it is empty. */
  get last(): number {
    return this.#first + this.#items.length - this.#skipped - 1;
  }

  get(index: number): T | undefined {
    return index < this.#first ? undefined : this.#items[index - this.#first + this.#skipped];
  }

  /** Before the beginning and behind the end, too: what lies between is undefined. */
  set(index: number, item: T): void {
    const last = this.last;
    if (index === last + 1) {
      this.#items.push(item);
    } else if (index > last + GAP_MAX || index < this.#first - GAP_MAX) {
      this.reset(index);
      this.#items.push(item);
    } else if (index > last) {
      for (let i = last + 1; i < index; i++) this.#items.push(undefined);
      this.#items.push(item);
    } else if (index >= this.#first) {
      this.#items[index - this.#first + this.#skipped] = item;
    } else {
      const before = new Array<T | undefined>(this.#first - index).fill(undefined);
      before[0] = item;
      this.#items = before.concat(this.#items.slice(this.#skipped));
      this.#skipped = 0;
      this.#first = index;
    }
  }

  /** Removes `index` and all behind it. */
  truncateFrom(index: number): void {
    const keep = Math.max(0, index - this.#first);
    if (this.#skipped + keep < this.#items.length) this.#items.length = this.#skipped + keep;
  }

  /** Removes all before `index`; `first` becomes `index` where it was lower. */
  dropBelow(index: number): void {
    if (index <= this.#first) return;
    if (index > this.last) {
      this.reset(index);
      return;
    }
    this.#skipped += index - this.#first;
    this.#first = index;
    if (this.#skipped * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#skipped);
      this.#skipped = 0;
    }
  }

  /** Empties it; the next item is expected at `first`. */
  reset(first: number): void {
    this.#items = [];
    this.#skipped = 0;
    this.#first = first;
  }
}
