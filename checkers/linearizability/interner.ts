/**
 * JSON values as small integers: equal values have equal numbers, and no others do.
 *
 *     const interner = new Interner();
 *     interner.numberOf({ x: 'ab', y: [1] }) === interner.numberOf({ y: [1], x: 'ab' }) // true
 *     interner.numberOf(1) === interner.numberOf('1')                                   // false
 *
 * An array or object is known by the numbers of its parts (hash consing), so that a state which shares nearly all of
 * its parts with another costs as much as it has parts, not as much as it has text.
 */
import type { Json } from '../../harness/history/operation.ts';
import { isArray } from './model.ts';

/** The engine hashes a string of 16384 characters or more by its length alone: longer keys are made of pieces. */
const MAX_PIECE_CHARACTERS = 8192;
const MAX_PIECE_ITEMS = MAX_PIECE_CHARACTERS / 2;
/** What an entry costs beside its text: a place in a Map, a string's head. */
const BYTES_PER_ENTRY = 80;
const BYTES_PER_CHARACTER = 2;

export class Interner {
  /** What it holds, about, in bytes. */
  bytes = 0;
  /** Characters and parts looked at so far: what the looking up has cost. */
  work = 0;
  #count = 0;
  readonly #atoms = new Map<null | boolean | number | string, number>();
  /** By the kind and the numbers of the parts. */
  readonly #composites = new Map<string, number>();

  numberOf(value: Json): number {
    if (typeof value === 'string') {
      this.work += value.length;
      return value.length <= MAX_PIECE_CHARACTERS ? this.#atom(value, value.length) : this.#longText(value);
    }
    if (typeof value !== 'object' || value === null) return this.#atom(value, 0);
    return isArray(value) ? this.#list('a', value) : this.#object(value);
  }

  #atom(value: null | boolean | number | string, characters: number): number {
    const known = this.#atoms.get(value);
    if (known !== undefined) return known;
    this.bytes += BYTES_PER_ENTRY + BYTES_PER_CHARACTER * characters;
    this.#atoms.set(value, this.#count);
    return this.#count++;
  }

  #composite(key: string): number {
    this.work += key.length;
    const known = this.#composites.get(key);
    if (known !== undefined) return known;
    this.bytes += BYTES_PER_ENTRY + BYTES_PER_CHARACTER * key.length;
    this.#composites.set(key, this.#count);
    return this.#count++;
  }

  #longText(text: string): number {
    const pieces: string[] = [];
    for (let from = 0; from < text.length; from += MAX_PIECE_CHARACTERS) {
      pieces.push(text.slice(from, from + MAX_PIECE_CHARACTERS));
    }
    return this.#list('t', pieces);
  }

  #list(kind: string, items: readonly Json[]): number {
    let key = kind;
    if (items.length <= MAX_PIECE_ITEMS) {
      for (const item of items) key += digits(this.numberOf(item));
      return this.#composite(key);
    }
    key += 'p'; // One character more: no list of pieces is taken for a list of values.
    for (let from = 0; from < items.length; from += MAX_PIECE_ITEMS) {
      key += digits(this.#list('p', items.slice(from, from + MAX_PIECE_ITEMS)));
    }
    return this.#composite(key);
  }

  #object(value: { readonly [name: string]: Json }): number {
    const names = Object.keys(value);
    for (let i = 1; i < names.length; i++) {
      if ((names[i - 1] as string) > (names[i] as string)) {
        names.sort();
        break;
      }
    }
    const parts: Json[] = [];
    for (const name of names) parts.push(name, value[name] as Json);
    return this.#list('o', parts);
  }
}

/** A number as two characters. */
function digits(number: number): string {
  return String.fromCharCode(number >>> 16, number & 0xffff);
}
