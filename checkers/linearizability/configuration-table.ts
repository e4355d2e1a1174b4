/**
 * The set of configurations that a search has visited: an open-addressing hash table of small integers in one
 * typed array.
 *
 * A configuration is a fixed number of words: *key* words, which must be equal, and where there are operations of
 * unknown outcome, the set of those that are placed, where less is better: a configuration is covered by a visited one
 * with an equal key whose set is a subset of its own. Of a key only one set is kept here; `insert` says when there came
 * another that is no superset.
 *
 *     const table = new ConfigurationTable(3, sets, account);
 *     table.insert(Int32Array.of(1, 7, 0b01, set))     // NEW
 *     table.insert(Int32Array.of(1, 7, 0b01, larger))  // COVERED
 *     table.insert(Int32Array.of(1, 7, 0b01, smaller)) // NEW: it takes the place of the first
 *     table.insert(Int32Array.of(1, 7, 0b01, foreign)) // OTHER
 *
 * The first word is never 0, which marks an empty place.
 */
import { MemoryExhausted } from './memory.ts';
import type { MemoryAccount } from './memory.ts';
import type { UnknownSets } from './unknown-sets.ts';

export const COVERED = 0;
export const NEW = 1;
export const OTHER = 2;

const INITIAL_PLACES = 16;
const BYTES_PER_WORD = 4;

export class ConfigurationTable {
  #count = 0;
  readonly #keyWords: number;
  readonly #stride: number;
  readonly #sets: UnknownSets | null;
  readonly #account: MemoryAccount;
  readonly #isForgettable: (firstWord: number, isBare: boolean) => boolean;
  #words: Int32Array;
  /** Places minus one; the number of places is a power of two. */
  #mask: number;
  /** Grows when the count reaches it: above two thirds full, linear probing gets slow. */
  #threshold: number;

  /**
   * @param sets - of the last word of a configuration, after its key; null where there is none
   * @param isForgettable - of configurations with that first word, and nothing after the second or something, it may
   *   forget, when there is no memory to grow
   */
  constructor(
    keyWords: number,
    sets: UnknownSets | null,
    account: MemoryAccount,
    isForgettable: (firstWord: number, isBare: boolean) => boolean = () => false,
  ) {
    this.#keyWords = keyWords;
    this.#sets = sets;
    this.#stride = keyWords + (sets === null ? 0 : 1);
    this.#account = account;
    this.#isForgettable = isForgettable;
    account.request(INITIAL_PLACES * this.#stride * BYTES_PER_WORD);
    this.#words = new Int32Array(INITIAL_PLACES * this.#stride);
    this.#mask = INITIAL_PLACES - 1;
    this.#threshold = thresholdOf(INITIAL_PLACES);
  }

  get count(): number {
    return this.#count;
  }

  /** @throws MemoryExhausted */
  insert(configuration: Int32Array): typeof COVERED | typeof NEW | typeof OTHER {
    if (this.#count >= this.#threshold) this.#grow();
    const words = this.#words;
    const stride = this.#stride;
    const keyWords = this.#keyWords;
    const mask = this.#mask;
    let place = hashWords(configuration, 0, keyWords) & mask;
    for (;;) {
      const base = place * stride;
      if (words[base] === 0) {
        for (let i = 0; i < stride; i++) words[base + i] = configuration[i] as number;
        this.#count++;
        return NEW;
      }
      let i = 0;
      while (i < keyWords && words[base + i] === configuration[i]) i++;
      if (i === keyWords) return this.#compareSets(base + keyWords, configuration);
      place = (place + 1) & mask;
    }
  }

  /** The second words of the configurations with this first word. */
  *secondWords(firstWord: number): Iterable<number> {
    for (let base = 0; base < this.#words.length; base += this.#stride) {
      if (this.#words[base] === firstWord) yield this.#words[base + 1] as number;
    }
  }

  #compareSets(at: number, configuration: Int32Array): typeof COVERED | typeof NEW | typeof OTHER {
    const sets = this.#sets;
    if (sets === null) return COVERED;
    const visited = this.#words[at] as number;
    const set = configuration[this.#keyWords] as number;
    if (sets.isSubset(visited, set)) return COVERED;
    if (!sets.isSubset(set, visited)) return OTHER;
    this.#words[at] = set;
    return NEW;
  }

  #grow(): void {
    try {
      this.#rebuild((this.#mask + 1) * 2);
    } catch (error) {
      if (!(error instanceof MemoryExhausted) || !this.#forget()) throw error;
    }
  }

  /** False if that would free less than half of the table, or if there is no memory for what is kept. */
  #forget(): boolean {
    const words = this.#words;
    const stride = this.#stride;
    let count = 0;
    for (let base = 0; base < words.length; base += stride) {
      const first = words[base] as number;
      if (first !== 0 && !this.#isForgettable(first, this.#isBare(base))) count++;
    }
    if (count > this.#threshold / 2) return false;
    const bytes = count * stride * BYTES_PER_WORD;
    try {
      this.#account.request(bytes);
    } catch (error) {
      if (!(error instanceof MemoryExhausted)) throw error;
      return false;
    }
    const kept = new Int32Array(count * stride);
    let to = 0;
    for (let base = 0; base < words.length; base += stride) {
      const first = words[base] as number;
      if (first === 0 || this.#isForgettable(first, this.#isBare(base))) continue;
      for (let i = 0; i < stride; i++) kept[to++] = words[base + i] as number;
    }
    words.fill(0);
    for (let from = 0; from < kept.length; from += stride) this.#put(kept, from);
    this.#count = count;
    this.#account.release(bytes);
    return true;
  }

  /** Nothing is placed of what is open or of unknown outcome. */
  #isBare(base: number): boolean {
    for (let i = 2; i < this.#stride; i++) if (this.#words[base + i] !== 0) return false;
    return true;
  }

  #rebuild(places: number): void {
    const old = this.#words;
    const stride = this.#stride;
    this.#account.request(places * stride * BYTES_PER_WORD);
    this.#words = new Int32Array(places * stride);
    this.#mask = places - 1;
    this.#threshold = thresholdOf(places);
    for (let from = 0; from < old.length; from += stride) {
      if (old[from] !== 0) this.#put(old, from);
    }
    this.#account.release(old.length * BYTES_PER_WORD);
  }

  /** Into an empty place. */
  #put(from: Int32Array, at: number): void {
    const words = this.#words;
    const stride = this.#stride;
    const mask = this.#mask;
    let place = hashWords(from, at, this.#keyWords) & mask;
    while (words[place * stride] !== 0) place = (place + 1) & mask;
    const base = place * stride;
    for (let i = 0; i < stride; i++) words[base + i] = from[at + i] as number;
  }
}

const thresholdOf = (places: number): number => Math.floor((places * 2) / 3);

/** A multiplicative hash of some words with the murmur3 finalizer. */
function hashWords(words: Int32Array, from: number, length: number): number {
  let hash = 0x2545f491;
  for (let i = 0; i < length; i++) {
    hash = Math.imul(hash ^ (words[from + i] as number), 0x5bd1e995);
    hash ^= hash >>> 15;
  }
  hash = Math.imul(hash, 0x85ebca6b);
  return hash ^ (hash >>> 13);
}
