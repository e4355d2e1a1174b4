/** How often each place of a line is covered, with ranges that come and go, each in logarithmic time. */
export class Coverage {
  readonly #size: number;
  readonly #leaves: number;
  /** By node: the least coverage in its part, and what was added to all of it. */
  readonly #least: Int32Array;
  readonly #added: Int32Array;

  constructor(size: number) {
    this.#size = size;
    this.#leaves = powerOfTwo(size);
    this.#least = new Int32Array(2 * this.#leaves);
    this.#added = new Int32Array(2 * this.#leaves);
  }

  /** Adds to the places `from` … `to − 1`. */
  add(from: number, to: number, amount: number): void {
    if (from < to) this.#add(1, 0, this.#leaves, from, to, amount);
  }

  /** The first place from `from` on that nothing covers; the size of the line where there is none. */
  firstUncovered(from: number): number {
    return Math.min(this.#find(1, 0, this.#leaves, from, 0), this.#size);
  }

  #add(node: number, low: number, high: number, from: number, to: number, amount: number): void {
    if (from <= low && high <= to) {
      this.#least[node] = (this.#least[node] as number) + amount;
      this.#added[node] = (this.#added[node] as number) + amount;
      return;
    }
    const middle = (low + high) >>> 1;
    if (from < middle) this.#add(2 * node, low, middle, from, to, amount);
    if (to > middle) this.#add(2 * node + 1, middle, high, from, to, amount);
    const [left, right] = [this.#least[2 * node] as number, this.#least[2 * node + 1] as number];
    this.#least[node] = (left < right ? left : right) + (this.#added[node] as number);
  }

  /** @param above - what was added to all nodes above this one */
  #find(node: number, low: number, high: number, from: number, above: number): number {
    if (high <= from || (this.#least[node] as number) + above > 0) return this.#leaves;
    if (high - low === 1) return low;
    const middle = (low + high) >>> 1;
    const within = above + (this.#added[node] as number);
    const left = this.#find(2 * node, low, middle, from, within);
    return left < this.#leaves ? left : this.#find(2 * node + 1, middle, high, from, within);
  }
}

/** Entries with two numbers each: finds one in a range whose first is small and whose second is great. */
export class Candidates {
  readonly #leaves: number;
  readonly #least: Float64Array;
  readonly #greatest: Float64Array;

  constructor(firsts: Float64Array, seconds: Float64Array) {
    this.#leaves = powerOfTwo(firsts.length);
    this.#least = new Float64Array(2 * this.#leaves).fill(Infinity);
    this.#greatest = new Float64Array(2 * this.#leaves).fill(-Infinity);
    this.#least.set(firsts, this.#leaves);
    this.#greatest.set(seconds, this.#leaves);
    for (let node = this.#leaves - 1; node > 0; node--) this.#renew(node);
  }

  remove(entry: number): void {
    this.#least[this.#leaves + entry] = Infinity;
    this.#greatest[this.#leaves + entry] = -Infinity;
    for (let node = (this.#leaves + entry) >>> 1; node > 0; node >>>= 1) this.#renew(node);
  }

  /** Of the entries `from` … `to − 1` the first with first < `below` and second > `above`; −1 where there is none. */
  find(from: number, to: number, below: number, above: number): number {
    return this.#find(1, 0, this.#leaves, from, to, below, above);
  }

  #find(
    node: number,
    low: number,
    high: number,
    from: number,
    to: number,
    below: number,
    above: number,
  ): number {
    if (high <= from || low >= to) return -1;
    if ((this.#least[node] as number) >= below || (this.#greatest[node] as number) <= above) return -1;
    if (high - low === 1) return low;
    const middle = (low + high) >>> 1;
    const left = this.#find(2 * node, low, middle, from, to, below, above);
    return left >= 0 ? left : this.#find(2 * node + 1, middle, high, from, to, below, above);
  }

  #renew(node: number): void {
    this.#least[node] = Math.min(this.#least[2 * node] as number, this.#least[2 * node + 1] as number);
    this.#greatest[node] = Math.max(
      this.#greatest[2 * node] as number,
      this.#greatest[2 * node + 1] as number,
    );
  }
}

function powerOfTwo(size: number): number {
  let power = 1;
  while (power < size) power *= 2;
  return power;
}
