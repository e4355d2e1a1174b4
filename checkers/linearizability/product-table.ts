/**
 * States of a model that is the same model over again for each key: a state is one state of the part a key, and a
 * call changes its own key's. What the parts do is looked up, and a state of the whole is a row of small integers
 * whose hash is known from that of the state before it (Zobrist).
 *
 *     const table = new ProductTable(kvStore, kv, calls, account);
 *     table.next(0, 2)      // as of StateTable
 *     table.valueOf(1)      // { '"x"': 'ab' }, as of the model over all keys
 */
import type { Json } from '../../harness/history/operation.ts';
import type { MemoryAccount } from './memory.ts';
import type { Call, Model } from './model.ts';
import { nameOfPart } from './models/over-keys.ts';
import { ILLEGAL, StateTable } from './state-table.ts';

const INITIAL_ROWS = 64;
const BYTES_PER_WORD = 4;
/** Of a row beside its parts: its hash, and two places that hold its number, one of them empty. */
const WORDS_PER_ROW = 3;

export class ProductTable {
  readonly #parts: StateTable;
  readonly #account: MemoryAccount;
  readonly #init: { readonly [key: string]: Json };
  readonly #keys: readonly string[];
  readonly #keyOf: Int32Array;
  readonly #width: number;
  #rows: Int32Array;
  #hashes: Int32Array;
  /** Numbers of states plus one, by hash; 0 is an empty place. */
  #places: Int32Array;
  #count = 1;

  /** The initial state is state 0. */
  constructor(model: Model, part: Model, calls: readonly Call[], account: MemoryAccount) {
    const keys = new Map<string, number>();
    this.#keyOf = Int32Array.from(calls, (call) => {
      const key = nameOfPart(call);
      const known = keys.get(key) ?? keys.size;
      keys.set(key, known);
      return known;
    });
    this.#init = model.init as { readonly [key: string]: Json };
    this.#keys = [...keys.keys()];
    this.#width = keys.size;
    this.#account = account;
    this.#parts = new StateTable(part, calls, account);
    account.request(INITIAL_ROWS * (this.#width + WORDS_PER_ROW) * BYTES_PER_WORD);
    this.#rows = new Int32Array(INITIAL_ROWS * this.#width);
    this.#hashes = new Int32Array(INITIAL_ROWS);
    this.#places = new Int32Array(INITIAL_ROWS * 2);
    this.#keys.forEach((key, i) => {
      const value = this.#init[key];
      if (value !== undefined) this.#rows[i] = this.#parts.numberOf(value);
    });
    this.#places[0] = 1;
  }

  get work(): number {
    return this.#parts.work;
  }

  get count(): number {
    return this.#count;
  }

  valueOf(state: number): Json {
    const value: Record<string, Json> = { ...this.#init };
    this.#keys.forEach((key, i) => {
      const part = this.#rows[state * this.#width + i] as number;
      if (part === 0) delete value[key];
      else value[key] = this.#parts.valueOf(part);
    });
    return value;
  }

  /**
   * The state after a call, or ILLEGAL.
   *
   * @throws MemoryExhausted
   */
  next(state: number, call: number): number {
    const key = this.#keyOf[call] as number;
    const before = this.#rows[state * this.#width + key] as number;
    const after = this.#parts.next(before, call);
    if (after === ILLEGAL) return ILLEGAL;
    return after === before ? state : this.#find(state, key, before, after);
  }

  #find(state: number, key: number, before: number, after: number): number {
    if (this.#count === this.#hashes.length) this.#grow();
    const width = this.#width;
    const rows = this.#rows;
    const from = state * width;
    const hash = (this.#hashes[state] as number) ^ weight(key, before) ^ weight(key, after);
    const mask = this.#places.length - 1;
    let place = hash & mask;
    for (;;) {
      const known = (this.#places[place] as number) - 1;
      if (known === -1) break;
      if (this.#hashes[known] === hash) {
        const base = known * width;
        let i = 0;
        while (i < width && rows[base + i] === (i === key ? after : rows[from + i])) i++;
        if (i === width) return known;
      }
      place = (place + 1) & mask;
    }
    const added = this.#count++;
    rows.copyWithin(added * width, from, from + width);
    rows[added * width + key] = after;
    this.#hashes[added] = hash;
    this.#places[place] = added + 1;
    return added;
  }

  #grow(): void {
    const size = this.#hashes.length;
    const bytes = size * (this.#width + WORDS_PER_ROW) * BYTES_PER_WORD;
    this.#account.request(2 * bytes);
    const rows = new Int32Array(size * 2 * this.#width);
    rows.set(this.#rows);
    const hashes = new Int32Array(size * 2);
    hashes.set(this.#hashes);
    const places = new Int32Array(size * 4);
    const mask = places.length - 1;
    for (let state = 0; state < this.#count; state++) {
      let place = (hashes[state] as number) & mask;
      while (places[place] !== 0) place = (place + 1) & mask;
      places[place] = state + 1;
    }
    this.#rows = rows;
    this.#hashes = hashes;
    this.#places = places;
    this.#account.release(bytes);
  }
}

/** Of one key's state in the hash of the whole, which counts from the initial one. */
function weight(key: number, part: number): number {
  let hash = Math.imul(part, 0x5bd1e995) ^ Math.imul(key + 1, 0x2545f491);
  hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
  return hash ^ (hash >>> 13);
}
