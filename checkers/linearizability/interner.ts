/**
 * JSON values as small integers: equal values have equal numbers, and no others do. And back again.
 *
 *     const interner = new Interner();
 *     interner.numberOf({ x: 'ab', y: [1] }) === interner.numberOf({ y: [1], x: 'ab' }) // true
 *     interner.numberOf(1) === interner.numberOf('1')                                   // false
 *     interner.valueOf(interner.numberOf([1, 2]))                                       // [1, 2], another array
 *
 * Only the parts are kept: an array or object is known by the numbers of its parts (hash consing), and a value is put
 * together anew when it is asked for. A long list is a tree of pieces that end where its items say so, whatever stands
 * before them (content-defined chunking): two that differ in one place share all other pieces. So a state of 10^4
 * items that was made of another takes some hundred bytes, not 10^5.
 */
import type { Json } from '../../harness/history/operation.ts';
import { isArray } from './model.ts';

/** A longer text is a list of such pieces. */
const MAX_TEXT = 256;
/** A longer list is a tree, of pieces so long. */
const MAX_FLAT = 16;
const MIN_PIECE = 4;
const MAX_PIECE = 64;
/** One of so many items ends a piece. */
const ENDS_PIECE = 16;
/**
 * What is kept takes so much of the engine's heap, about: an entry of a Map, half empty, with the head of a text and
 * three numbers; a character.
 */
const BYTES_PER_ENTRY = 160;
const BYTES_PER_CHARACTER = 2;
/** What a value takes that is put together: an item with the room to spare behind it, an array or object, a field. */
const BYTES_PER_ITEM = 12;
const BYTES_PER_COMPOSITE = 64;
const BYTES_PER_FIELD = 56;

/** Kinds of composites, as the first character of their key. In upper case the items are pieces, else they are values. */
const ARRAY = 'a';
const OBJECT = 'o';
const TEXT = 't';
const PIECE = 'p';

type Atom = null | boolean | number | string;

export class Interner {
  /** What it holds, about, in bytes. */
  bytes = 0;
  /** Characters and parts looked at so far: what the looking up has cost. */
  work = 0;
  readonly #atoms = new Map<Atom, number>();
  /** By the kind and the numbers of the parts. */
  readonly #composites = new Map<string, number>();
  /** By number: the atom, or the key of the composite. */
  readonly #contents: Atom[] = [];
  readonly #isComposite: boolean[] = [];
  readonly #sizes: number[] = [];

  numberOf(value: Json): number {
    if (typeof value === 'string') {
      this.work += value.length;
      return value.length <= MAX_TEXT ? this.#atom(value) : this.#longText(value);
    }
    if (typeof value !== 'object' || value === null) return this.#atom(value);
    if (!isArray(value)) return this.#object(value);
    const items: number[] = [];
    for (const item of value) items.push(this.numberOf(item));
    return this.#list(ARRAY, items, BYTES_PER_COMPOSITE + BYTES_PER_ITEM * items.length);
  }

  /** Equal to the value that was given that number; an object's fields are in order. */
  valueOf(number: number): Json {
    const content = this.#contents[number] as Atom;
    if (this.#isComposite[number] !== true) return content;
    const kind = (content as string)[0] as string;
    const items: Json[] = [];
    this.#collect(number, items);
    switch (kind.toLowerCase()) {
      case ARRAY:
        return items;
      case TEXT:
        return (items as string[]).join('');
      default: {
        const fields: [string, Json][] = [];
        for (let i = 0; i < items.length; i += 2) fields.push([items[i] as string, items[i + 1] as Json]);
        return Object.fromEntries(fields);
      }
    }
  }

  /** What the value takes, about, in bytes, when it is put together; 0 of one that is kept whole. */
  sizeOf(number: number): number {
    return this.#sizes[number] as number;
  }

  /** The items of a composite, through all of its pieces. */
  #collect(number: number, items: Json[]): void {
    const key = this.#contents[number] as string;
    const kind = key[0] as string;
    const ofPieces = kind !== kind.toLowerCase();
    for (let i = 1; i < key.length; i += 2) {
      const part = key.charCodeAt(i) * 0x10000 + key.charCodeAt(i + 1);
      if (ofPieces) this.#collect(part, items);
      else items.push(this.valueOf(part));
    }
  }

  #atom(value: Atom): number {
    const known = this.#atoms.get(value);
    if (known !== undefined) return known;
    const number = this.#add(value, false, typeof value === 'string' ? value.length : 0, 0);
    this.#atoms.set(value, number);
    return number;
  }

  #add(content: Atom, isComposite: boolean, characters: number, size: number): number {
    this.bytes += BYTES_PER_ENTRY + BYTES_PER_CHARACTER * characters;
    this.#contents.push(content);
    this.#isComposite.push(isComposite);
    return this.#sizes.push(size) - 1;
  }

  #longText(text: string): number {
    const pieces: number[] = [];
    for (let from = 0; from < text.length; from += MAX_TEXT) {
      const piece = text.slice(from, from + MAX_TEXT);
      pieces.push(this.#atoms.get(piece) ?? this.#atom(copyOf(piece)));
    }
    return this.#list(TEXT, pieces, BYTES_PER_COMPOSITE + BYTES_PER_CHARACTER * text.length);
  }

  #object(value: { readonly [name: string]: Json }): number {
    const names = Object.keys(value);
    for (let i = 1; i < names.length; i++) {
      if ((names[i - 1] as string) > (names[i] as string)) {
        names.sort();
        break;
      }
    }
    const parts: number[] = [];
    for (const name of names) parts.push(this.numberOf(name), this.numberOf(value[name] as Json));
    return this.#list(OBJECT, parts, BYTES_PER_COMPOSITE + BYTES_PER_FIELD * names.length);
  }

  /** @param ownSize - what the value takes, without its items */
  #list(kind: string, items: readonly number[], ownSize: number): number {
    if (items.length <= MAX_FLAT) return this.#composite(kind, items, 0, items.length, ownSize);
    let level = items;
    let pieceKind = PIECE;
    while (level.length > MAX_FLAT) {
      const pieces: number[] = [];
      for (let from = 0; from < level.length;) {
        const to = endOfPiece(level, from);
        pieces.push(this.#composite(pieceKind, level, from, to, 0));
        from = to;
      }
      level = pieces;
      pieceKind = PIECE.toUpperCase();
    }
    return this.#composite(kind.toUpperCase(), level, 0, level.length, ownSize);
  }

  #composite(kind: string, parts: readonly number[], from: number, to: number, ownSize: number): number {
    const codes = [kind.charCodeAt(0)];
    for (let i = from; i < to; i++) codes.push((parts[i] as number) >>> 16, (parts[i] as number) & 0xffff);
    const key = String.fromCharCode(...codes);
    this.work += key.length;
    const known = this.#composites.get(key);
    if (known !== undefined) return known;
    let size = ownSize;
    for (let i = from; i < to; i++) size += this.#sizes[parts[i] as number] as number;
    const number = this.#add(key, true, key.length, size);
    this.#composites.set(key, number);
    return number;
  }
}

/** Where the piece that begins there ends. */
function endOfPiece(items: readonly number[], from: number): number {
  const last = Math.min(from + MAX_PIECE, items.length);
  for (let to = from + MIN_PIECE; to < last; to++) {
    const mixed = Math.imul((items[to - 1] as number) + 1, 0x9e3779b1);
    if ((mixed ^ (mixed >>> 15)) % ENDS_PIECE === 0) return to;
  }
  return last;
}

/** The same characters, without the text out of which they were cut: the engine would keep all of that. */
function copyOf(text: string): string {
  const codes: number[] = [];
  for (let i = 0; i < text.length; i++) codes.push(text.charCodeAt(i));
  return String.fromCharCode(...codes);
}
