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

/** The text is no EDN, or ends within a form (`truncated`). */
export class EdnError extends Error {
  override readonly name = 'EdnError';
  readonly offset: number;
  readonly truncated: boolean;

  constructor(message: string, offset: number, truncated = false) {
    super(message);
    this.offset = offset;
    this.truncated = truncated;
  }
}

/** Deeper nesting is hostile, and would overflow the stack. */
const MAX_DEPTH = 500;

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

const CLOSING: Readonly<Record<string, string>> = { '[': ']', '(': ')', '{': '}' };
const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  b: '\b',
  f: '\f',
  '"': '"',
  '\\': '\\',
};
const NUMBER = /^[-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?[NM]?$/;

export class EdnReader {
  readonly #text: string;
  #offset = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get offset(): number {
    return this.#offset;
  }

  /** The line of an offset, from 1. */
  lineAt(offset: number): number {
    let line = 1;
    for (let at = this.#text.indexOf('\n'); at >= 0 && at < offset; at = this.#text.indexOf('\n', at + 1))
      line++;
    return line;
  }

  /** Passes over white space, comments and discarded forms; true when nothing is left. */
  atEnd(): boolean {
    this.#skip();
    return this.#offset >= this.#text.length;
  }

  /** The next character that begins or ends a form; empty at the end. */
  peek(): string {
    this.#skip();
    return this.#text.charAt(this.#offset);
  }

  /** Passes over the character that `peek` returned: into or out of a collection. */
  step(): void {
    this.#offset++;
  }

  /** The next form. @throws EdnError */
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
    const opening = text.charAt(this.#offset);
    switch (opening) {
      case '[':
      case '(':
        return this.#readSequence(CLOSING[opening] as string);
      case '{':
        return this.#readMap();
      case ']':
      case ')':
      case '}':
        throw new EdnError(`unexpected ${opening}`, this.#offset);
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
        this.#offset = end < 0 ? text.length : end + 1;
      } else if (character === HASH && text.charAt(this.#offset + 1) === '_') {
        this.#offset += 2;
        this.read();
      } else {
        return;
      }
    }
  }

  #enter(): void {
    if (++this.#depth > MAX_DEPTH) throw new EdnError(`nested deeper than ${MAX_DEPTH}`, this.#offset);
    this.#offset++;
  }

  #readSequence(closing: string): Json[] {
    const opened = this.#offset;
    this.#enter();
    const items: Json[] = [];
    for (;;) {
      const next = this.peek();
      if (next === closing) break;
      if (next === '') throw this.#truncated(`the ${closing} of offset ${opened}`);
      items.push(this.read());
    }
    this.#offset++;
    this.#depth--;
    return items;
  }

  #readMap(): Json {
    const opened = this.#offset;
    this.#enter();
    const map: Record<string, Json> = {};
    for (;;) {
      const next = this.peek();
      if (next === '}') break;
      if (next === '') throw this.#truncated(`the } of offset ${opened}`);
      const key = this.read();
      if (this.peek() === '}') throw new EdnError('a map needs a value for every key', this.#offset);
      const name = typeof key === 'string' ? key : JSON.stringify(key);
      const value = this.read();
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
      const items = this.#readSequence('}');
      const texts = new Map(items.map((item) => [JSON.stringify(item), item]));
      return [...texts.keys()].sort().map((key) => texts.get(key) as Json);
    }
    if (next === '"') {
      this.#offset++;
      return this.#readString();
    }
    if (next === '#') {
      this.#offset += 2;
      return this.#token();
    }
    this.#offset++;
    const tag = this.#token();
    if (tag === '') throw this.#unexpected('a tag');
    return this.read();
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
        return result + text.slice(from, at);
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
          throw new EdnError(`bad escape \\u${digits}`, at, at + 5 > text.length);
        }
        result += String.fromCharCode(Number.parseInt(digits, 16));
        at += 4;
      } else {
        const meant = ESCAPES[escape];
        if (meant === undefined) throw new EdnError(`bad escape \\${escape}`, at, at >= text.length);
        result += meant;
      }
      from = at + 1;
    }
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
    this.#offset = at;
    return text.slice(start, at);
  }

  #unexpected(wanted: string): EdnError {
    if (this.#offset >= this.#text.length) return this.#truncated(wanted);
    const found = JSON.stringify(this.#text.charAt(this.#offset));
    return new EdnError(`${found} where ${wanted} was expected`, this.#offset);
  }

  #truncated(wanted: string): EdnError {
    return new EdnError(`the text ends where ${wanted} was expected`, this.#text.length, true);
  }
}

function toNumber(token: string): number | string {
  const digits = token.replace(/[NM]$/, '');
  const number = Number(digits);
  const isInteger = !/[.eE]/.test(digits);
  return isInteger && !Number.isSafeInteger(number) ? digits.replace(/^\+/, '') : number;
}
