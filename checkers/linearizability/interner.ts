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
/**
 * What values and the tables of them take in the engine's heap, about: an entry of a Map, half empty, with the head of
 * a string and its number; a character, where no text is put together of parts; an array, an object, a text that is.
 */
const BYTES_PER_ENTRY = 120;
const BYTES_PER_CHARACTER = 2;
const BYTES_PER_ARRAY = 400; // One that is spread from others has room to spare.
const BYTES_PER_ITEM = 8;
const BYTES_PER_OBJECT = 64;
const BYTES_PER_FIELD = 56;

export class Interner {
  /** What it and the values that it was given hold, about, in bytes. */
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
    return isArray(value)
      ? this.#list('a', value, BYTES_PER_ARRAY + BYTES_PER_ITEM * value.length)
      : this.#object(value);
  }

  #atom(value: null | boolean | number | string, characters: number): number {
    const known = this.#atoms.get(value);
    if (known !== undefined) return known;
    this.bytes += BYTES_PER_ENTRY + BYTES_PER_CHARACTER * characters;
    this.#atoms.set(value, this.#count);
    return this.#count++;
  }

  #composite(key: string, valueBytes: number): number {
    this.work += key.length;
    const known = this.#composites.get(key);
    if (known !== undefined) return known;
    this.bytes += BYTES_PER_ENTRY + BYTES_PER_CHARACTER * key.length + valueBytes;
    this.#composites.set(key, this.#count);
    return this.#count++;
  }

  #longText(text: string): number {
    const pieces: string[] = [];
    for (let from = 0; from < text.length; from += MAX_PIECE_CHARACTERS) {
      pieces.push(text.slice(from, from + MAX_PIECE_CHARACTERS));
    }
    return this.#list('t', pieces, BYTES_PER_CHARACTER * text.length);
  }

  /** @param valueBytes - what the value itself takes, without its parts */
  #list(kind: string, items: readonly Json[], valueBytes: number): number {
    let key = kind;
    if (items.length <= MAX_PIECE_ITEMS) {
      for (const item of items) key += digits(this.numberOf(item));
      return this.#composite(key, valueBytes);
    }
    key += 'p'; // One character more: no list of pieces is taken for a list of values.
    for (let from = 0; from < items.length; from += MAX_PIECE_ITEMS) {
      key += digits(this.#list('p', items.slice(from, from + MAX_PIECE_ITEMS), 0));
    }
    return this.#composite(key, valueBytes);
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
    return this.#list('o', parts, BYTES_PER_OBJECT + BYTES_PER_FIELD * names.length);
  }
}

/** A number as two characters. */
function digits(number: number): string {
  return String.fromCharCode(number >>> 16, number & 0xffff);
}
