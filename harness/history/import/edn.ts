/**
 * Reads EDN, the notation of Clojure data, as JSON values, form by form, with positions for messages.
 *
 *     const reader = new EdnReader('{:f :cas, :value [1 2]} ; a comment\n#{3}');
 *     reader.read() // { f: 'cas', value: [1, 2] }
 *     reader.read() // [3]
 *     reader.atEnd() // true
 *
 * What JSON lacks becomes what is nearest: keywords, symbols and characters are strings (`:a/b` is "a/b"), lists
 * and sets arrays (a set in a canonical order), other map keys their text, integers beyond 2⁵³ and ratios their
 * digits as a string. Tags, record names and metadata are passed over, their value stands. It does not evaluate
 * reader macros, and it does not write EDN.
 *
 * Grammar: github.com/edn-format/edn, and what Clojure's printer adds (`#user.Record{…}`, `#object[…]`, `##Inf`).
 */
import type { Json } from '../operation.ts';
import { excerpt } from '../versioned-lines.ts';
import { FormError, MAX_DEPTH } from './form.ts';
import type { FormReader } from './form.ts';

const code = (character: string): number => character.charCodeAt(0);
const [QUOTE, BACKSLASH, SEMICOLON, HASH, CARET, COLON] = [...'"\\;#^:'].map(code) as [
  number,
  number,
  number,
  number,
  number,
  number,
];

/** By character code: 1 for white space (commas are), 2 for what else ends a token. */
const KIND = new Uint8Array(128);
for (const character of ' \t\r\n,\f\v') KIND[code(character)] = 1;
for (const character of '()[]{}";') KIND[code(character)] = 2;

const [OPEN_VECTOR, CLOSE_VECTOR, OPEN_LIST, CLOSE_LIST, OPEN_MAP, CLOSE_MAP] = [...'[](){}'].map(code) as [
  ...[number, number, number, number, number, number],
];
const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  b: '\b',
  f: '\f',
  '"': '"',
  '\\': '\\',
};
const [MINUS, ZERO] = [...'-0'].map(code) as [number, number];
/** So many digits are within 2⁵³. */
const SAFE_DIGITS = 15;
const NUMBER = /^[-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?[NM]?$/;

/** Tags of a key and a value of jepsen.independent. */
const TUPLE_TAG = /(?:independent\.Tuple|MapEntry)$/;
/** Shorter slices are copies; longer ones would keep the whole text that they are of in memory. */
const SLICE_CHARACTERS_MIN = 13;
const NAMES_KEPT_MAX = 1 << 16;

export class EdnReader implements FormReader {
  #text: string;
  #isFinal: boolean;
  #offset = 0;
  #depth = 0;
  /** Keywords and symbols, each once. */
  readonly #names = new Map<string, string>();
  readonly #tuples = new WeakSet<object>();
  /** Of the collections that are open: arrays that grow by themselves would take several times their length. */
  readonly #items: Json[] = [];

  constructor(text = '', isFinal = true) {
    this.#text = text;
    this.#isFinal = isFinal;
  }

  restart(text: string, isFinal: boolean): void {
    this.#text = text;
    this.#isFinal = isFinal;
    this.#offset = 0;
    this.#depth = 0;
    this.#items.length = 0;
  }

  get offset(): number {
    return this.#offset;
  }

  /** Whether a value was tagged as a tuple `[key value]` of jepsen.independent. */
  isTuple(value: Json): boolean {
    return typeof value === 'object' && value !== null && this.#tuples.has(value);
  }

  /** Passes over white space, comments and discarded forms; true when nothing is left. */
  atEnd(): boolean {
    this.#skip();
    return this.#offset >= this.#text.length;
  }

  peek(): string {
    this.#skip();
    return this.#text.charAt(this.#offset);
  }

  step(): void {
    this.#offset++;
  }

  /** The next form. @throws FormError */
  read(): Json {
    this.#skip();
    const text = this.#text;
    if (this.#offset >= text.length) throw this.#truncated('a value');
    const first = text.charCodeAt(this.#offset);
    if (first === QUOTE) return this.#readString();
    if (first === HASH) return this.#readDispatch();
    if (first === BACKSLASH) return this.#readCharacter();
    if (first === CARET) {
      this.#offset++;
      this.read();
      return this.read();
    }
    switch (first) {
      case OPEN_VECTOR:
        return this.#readSequence(CLOSE_VECTOR);
      case OPEN_LIST:
        return this.#readSequence(CLOSE_LIST);
      case OPEN_MAP:
        return this.#readMap();
      case CLOSE_VECTOR:
      case CLOSE_LIST:
      case CLOSE_MAP:
        throw new FormError(`unexpected ${text.charAt(this.#offset)}`, this.#offset);
      default:
        return this.#readAtom();
    }
  }

  #skip(): void {
    const text = this.#text;
    for (;;) {
      const character = text.charCodeAt(this.#offset);
      if (character < 128 && KIND[character] === 1) {
        this.#offset++;
      } else if (character === SEMICOLON) {
        const end = text.indexOf('\n', this.#offset);
        if (end < 0 && !this.#isFinal) throw this.#truncated('the end of a comment');
        this.#offset = end < 0 ? text.length : end + 1;
      } else if (character === HASH && text.charAt(this.#offset + 1) === '_') {
        this.#offset += 2;
        this.read();
      } else {
        if (this.#offset >= text.length && !this.#isFinal) throw this.#truncated('more');
        return;
      }
    }
  }

  #enter(): void {
    if (++this.#depth > MAX_DEPTH) throw new FormError(`nested deeper than ${MAX_DEPTH}`, this.#offset);
    this.#offset++;
  }

  /** The next character that is neither space nor comment; NaN at the end. */
  #peekCode(): number {
    this.#skip();
    return this.#text.charCodeAt(this.#offset);
  }

  #readSequence(closing: number): Json[] {
    const opened = this.#offset;
    this.#enter();
    const items = this.#items;
    const first = items.length;
    for (;;) {
      const next = this.#peekCode();
      if (next === closing) break;
      if (Number.isNaN(next)) {
        throw this.#truncated(`the ${String.fromCharCode(closing)} of offset ${opened}`);
      }
      items.push(this.read());
    }
    this.#offset++;
    this.#depth--;
    const sequence = items.slice(first);
    items.length = first;
    return sequence;
  }

  #readMap(): Json {
    const opened = this.#offset;
    this.#enter();
    const map: Record<string, Json> = {};
    for (;;) {
      const next = this.#peekCode();
      if (next === CLOSE_MAP) break;
      if (Number.isNaN(next)) throw this.#truncated(`the } of offset ${opened}`);
      const key = this.read();
      if (this.#peekCode() === CLOSE_MAP)
        throw new FormError('a map needs a value for every key', this.#offset);
      const name = typeof key === 'string' ? key : JSON.stringify(key);
      const value = this.read();
      if (Object.hasOwn(map, name)) {
        throw new FormError(`two values for the key ${excerpt(name)} of a map`, this.#offset);
      }
      if (name === '__proto__') {
        Object.defineProperty(map, name, { value, enumerable: true, configurable: true, writable: true });
      } else {
        map[name] = value;
      }
    }
    this.#offset++;
    this.#depth--;
    return map;
  }

  #readDispatch(): Json {
    const next = this.#text.charAt(this.#offset + 1);
    if (next === '{') {
      this.#offset++;
      return canonicalSet(this.#readSequence(CLOSE_MAP));
    }
    if (next === '"') {
      this.#offset++;
      return this.#readPattern();
    }
    if (next === '#') {
      this.#offset += 2;
      return this.#token();
    }
    this.#offset++;
    const tag = this.#token();
    if (tag === '') throw this.#unexpected('a tag');
    const value = this.read();
    return TUPLE_TAG.test(tag) ? this.#toTuple(value) : value;
  }

  #toTuple(value: Json): Json {
    let pair = value;
    if (typeof value === 'object' && value !== null && 'key' in value && 'value' in value) {
      pair = [value['key'], value['value']];
    }
    if (Array.isArray(pair) && pair.length === 2) this.#tuples.add(pair);
    return pair;
  }

  #readString(): string {
    const text = this.#text;
    const opened = this.#offset;
    let from = opened + 1;
    let result = '';
    for (let at = from; ; at++) {
      const character = text.charCodeAt(at);
      if (character === QUOTE) {
        this.#offset = at + 1;
        return result === '' ? unbound(text.slice(from, at)) : result + text.slice(from, at);
      }
      if (at >= text.length) {
        this.#offset = text.length;
        throw this.#truncated(`the closing quote of offset ${opened}`);
      }
      if (character !== BACKSLASH) continue;
      result += text.slice(from, at);
      const escape = text.charAt(++at);
      if (escape === 'u') {
        const digits = text.slice(at + 1, at + 5);
        if (!/^[0-9a-fA-F]{4}$/.test(digits)) {
          throw new FormError(`bad escape \\u${digits}`, at, at + 5 > text.length);
        }
        result += String.fromCharCode(Number.parseInt(digits, 16));
        at += 4;
      } else {
        const meant = ESCAPES[escape];
        if (meant === undefined) throw new FormError(`bad escape \\${escape}`, at, at >= text.length);
        result += meant;
      }
      from = at + 1;
    }
  }

  /** A regular expression, whose backslashes are its own. */
  #readPattern(): string {
    const text = this.#text;
    const opened = this.#offset;
    for (let at = opened + 1; at < text.length; at++) {
      const character = text.charCodeAt(at);
      if (character === BACKSLASH) at++;
      else if (character === QUOTE) {
        this.#offset = at + 1;
        return unbound(text.slice(opened + 1, at));
      }
    }
    this.#offset = text.length;
    throw this.#truncated(`the closing quote of offset ${opened}`);
  }

  #readCharacter(): string {
    const names: Readonly<Record<string, string>> = { newline: '\n', space: ' ', tab: '\t', return: '\r' };
    this.#offset++;
    const first = this.#text.charAt(this.#offset++);
    if (first === '') throw this.#truncated('a character');
    const word = first + this.#token();
    if (/^u[0-9a-fA-F]{4}$/.test(word)) return String.fromCharCode(Number.parseInt(word.slice(1), 16));
    return names[word] ?? word;
  }

  #readAtom(): Json {
    const start = this.#offset;
    const number = this.#readInteger();
    if (number !== undefined) return number;
    const isKeyword = this.#text.charCodeAt(start) === COLON;
    if (isKeyword) this.#offset++;
    const token = this.#token();
    if (token === '') throw this.#unexpected(isKeyword ? 'a keyword' : 'a value');
    if (isKeyword) return token;
    if (token === 'nil') return null;
    if (token === 'true') return true;
    if (token === 'false') return false;
    if (NUMBER.test(token)) return toNumber(token);
    return token;
  }

  #token(): string {
    const text = this.#text;
    const start = this.#offset;
    let at = start;
    for (; at < text.length; at++) {
      const character = text.charCodeAt(at);
      if (character < 128 && KIND[character] !== 0) break;
    }
    if (at >= text.length && !this.#isFinal) throw this.#truncated('the end of a token');
    this.#offset = at;
    return this.#name(text.slice(start, at));
  }

  #name(token: string): string {
    const known = this.#names.get(token);
    if (known !== undefined) return known;
    const own = unbound(token);
    if (this.#names.size < NAMES_KEPT_MAX) this.#names.set(own, own);
    return own;
  }

  /** The quick way for most numbers; undefined, and nothing passed over, for all else. */
  #readInteger(): number | undefined {
    const text = this.#text;
    const start = this.#offset;
    const isNegative = text.charCodeAt(start) === MINUS;
    const first = isNegative ? start + 1 : start;
    let at = first;
    let value = 0;
    for (; at < first + SAFE_DIGITS; at++) {
      const digit = text.charCodeAt(at) - ZERO;
      if (!(digit >= 0 && digit <= 9)) break;
      value = value * 10 + digit;
    }
    const end = text.charCodeAt(at);
    // At the end of the text more may follow; minus zero is for the long way.
    if (at === first || !(end < 128) || KIND[end] === 0 || (isNegative && value === 0)) return undefined;
    this.#offset = at;
    return isNegative ? -value : value;
  }

  #unexpected(wanted: string): FormError {
    if (this.#offset >= this.#text.length) return this.#truncated(wanted);
    const found = JSON.stringify(this.#text.charAt(this.#offset));
    return new FormError(`${found} where ${wanted} was expected`, this.#offset);
  }

  #truncated(wanted: string): FormError {
    return new FormError(`the text ends where ${wanted} was expected`, this.#text.length, true);
  }
}

function toNumber(token: string): number | string {
  const digits = token.replace(/[NM]$/, '');
  const number = Number(digits);
  const isInteger = !/[.eE]/.test(digits);
  return isInteger && !Number.isSafeInteger(number) ? digits.replace(/^\+/, '') : number;
}

/** A set as an array in one order, each item once. */
function canonicalSet(items: readonly Json[]): Json[] {
  if (items.every((item) => typeof item === 'number')) return [...new Set(items)].sort((a, b) => a - b);
  const texts = new Map(items.map((item) => [JSON.stringify(item), item]));
  return [...texts.keys()].sort().map((key) => texts.get(key) as Json);
}

/** A copy that does not keep the text in memory that it was cut from. */
function unbound(slice: string): string {
  return slice.length < SLICE_CHARACTERS_MIN ? slice : ` ${slice}`.slice(1);
}
