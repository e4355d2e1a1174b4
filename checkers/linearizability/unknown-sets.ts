/**
 * Sets of operations of unknown outcome, as small integers: equal sets have equal numbers. A set is its largest member
 * and the set of the others, so sets that differ in their latest members share all the rest.
 *
 *     const sets = new UnknownSets(account);
 *     const one = sets.with(EMPTY, 7);
 *     sets.with(sets.with(EMPTY, 9), 7) === sets.with(one, 9) // true
 *     sets.isSubset(one, sets.with(one, 9))                   // true
 */
import type { MemoryAccount } from './memory.ts';

export const EMPTY = 0;

const INITIAL_SETS = 16;
/** Beside a set's largest member, the set of the others and its size: two places, one of them empty. */
const WORDS_PER_SET = 5;
const BYTES_PER_WORD = 4;
/** Members looked at before `isSubset` gives up. */
const MAX_COMPARISONS = 256;

export class UnknownSets {
  readonly #account: MemoryAccount;
  #largest = new Int32Array(INITIAL_SETS);
  #others = new Int32Array(INITIAL_SETS);
  #size = new Int32Array(INITIAL_SETS);
  /** Numbers of sets; EMPTY is an empty place. */
  #places = new Int32Array(INITIAL_SETS * 2);
  #count = 1;
  readonly #above: number[] = [];

  constructor(account: MemoryAccount) {
    this.#account = account;
    account.request(INITIAL_SETS * WORDS_PER_SET * BYTES_PER_WORD);
  }

  /**
   * The set and one more, which it does not hold.
   *
   * @throws MemoryExhausted
   */
  with(set: number, member: number): number {
    const above = this.#above;
    above.length = 0;
    let rest = set;
    while (rest !== EMPTY && (this.#largest[rest] as number) > member) {
      above.push(this.#largest[rest] as number);
      rest = this.#others[rest] as number;
    }
    let result = this.#join(member, rest);
    for (let i = above.length - 1; i >= 0; i--) result = this.#join(above[i] as number, result);
    return result;
  }

  /** True only if every member of `a` is in `b`; not always then, when that would take long to find out. */
  isSubset(a: number, b: number): boolean {
    for (let i = 0; i < MAX_COMPARISONS; i++) {
      if (a === b || a === EMPTY) return true;
      if ((this.#size[a] as number) >= (this.#size[b] as number)) return false;
      if (this.#largest[a] === this.#largest[b]) a = this.#others[a] as number;
      else if ((this.#largest[a] as number) > (this.#largest[b] as number)) return false;
      b = this.#others[b] as number;
    }
    return false;
  }

  #join(largest: number, others: number): number {
    if (this.#count === this.#largest.length) this.#grow();
    const mask = this.#places.length - 1;
    let place = hash(largest, others) & mask;
    for (;;) {
      const known = this.#places[place] as number;
      if (known === EMPTY) break;
      if (this.#largest[known] === largest && this.#others[known] === others) return known;
      place = (place + 1) & mask;
    }
    const added = this.#count++;
    this.#largest[added] = largest;
    this.#others[added] = others;
    this.#size[added] = (this.#size[others] as number) + 1;
    this.#places[place] = added;
    return added;
  }

  #grow(): void {
    const size = this.#largest.length;
    const bytes = size * WORDS_PER_SET * BYTES_PER_WORD;
    this.#account.request(2 * bytes);
    const doubled = (words: Int32Array): Int32Array<ArrayBuffer> => {
      const grown = new Int32Array(size * 2);
      grown.set(words);
      return grown;
    };
    this.#largest = doubled(this.#largest);
    this.#others = doubled(this.#others);
    this.#size = doubled(this.#size);
    this.#places = new Int32Array(size * 4);
    const mask = this.#places.length - 1;
    for (let set = 1; set < this.#count; set++) {
      let place = hash(this.#largest[set] as number, this.#others[set] as number) & mask;
      while (this.#places[place] !== EMPTY) place = (place + 1) & mask;
      this.#places[place] = set;
    }
    this.#account.release(bytes);
  }
}

function hash(largest: number, others: number): number {
  let mixed = Math.imul(others, 0x5bd1e995) ^ Math.imul(largest + 1, 0x2545f491);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x85ebca6b);
  return mixed ^ (mixed >>> 13);
}
