/**
 * The set of configurations that a search has visited: an open-addressing hash table of small integers in one
 * typed array.
 *
 * A configuration is a fixed number of words: *key* words, which must be equal, then *subset* words, a bit set
 * where less is better: a configuration is covered by a visited one with an equal key whose subset words are a
 * subset of its own. Only the first subset of a key is kept here; `insert` says when another came.
 *
 *     const table = new ConfigurationTable(3, 1, account);
 *     table.insert(Int32Array.of(1, 7, 0b01, 0b0010)) // NEW
 *     table.insert(Int32Array.of(1, 7, 0b01, 0b0110)) // COVERED
 *     table.insert(Int32Array.of(1, 7, 0b01, 0b0100)) // OTHER: the key is there, with a subset that is no subset
 *
 * The first word is never 0, which marks an empty place.
 */
import type { MemoryAccount } from './memory.ts';

export const COVERED = 0;
export const NEW = 1;
export const OTHER = 2;

const INITIAL_PLACES = 64;
const BYTES_PER_WORD = 4;

export class ConfigurationTable {
  #count = 0;
  readonly #keyWords: number;
  readonly #stride: number;
  readonly #account: MemoryAccount;
  #words: Int32Array;
  /** Places minus one; the number of places is a power of two. */
  #mask: number;
  /** Grows when the count reaches it: above two thirds full, linear probing gets slow. */
  #threshold: number;

  constructor(keyWords: number, subsetWords: number, account: MemoryAccount) {
    this.#keyWords = keyWords;
    this.#stride = keyWords + subsetWords;
    this.#account = account;
    account.request(INITIAL_PLACES * this.#stride * BYTES_PER_WORD);
    this.#words = new Int32Array(INITIAL_PLACES * this.#stride);
    this.#mask = INITIAL_PLACES - 1;
    this.#threshold = Math.floor((INITIAL_PLACES * 2) / 3);
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
      if (i === keyWords) {
        for (; i < stride; i++) {
          if (((words[base + i] as number) & ~(configuration[i] as number)) !== 0) return OTHER;
        }
        return COVERED;
      }
      place = (place + 1) & mask;
    }
  }

  #grow(): void {
    const old = this.#words;
    const stride = this.#stride;
    const places = (this.#mask + 1) * 2;
    this.#account.request(places * stride * BYTES_PER_WORD);
    const words = new Int32Array(places * stride);
    const mask = places - 1;
    for (let from = 0; from < old.length; from += stride) {
      if (old[from] === 0) continue;
      let place = hashWords(old, from, this.#keyWords) & mask;
      while (words[place * stride] !== 0) place = (place + 1) & mask;
      const base = place * stride;
      for (let i = 0; i < stride; i++) words[base + i] = old[from + i] as number;
    }
    this.#words = words;
    this.#mask = mask;
    this.#threshold = Math.floor((places * 2) / 3);
    this.#account.release(old.length * BYTES_PER_WORD);
  }
}

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
