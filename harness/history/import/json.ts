/**
 * Reads JSON values one after another, from JSON Lines or out of one array; commas between them are passed over.
 *
 *     const reader = new JsonReader();
 *     reader.restart('{"f":"read"}\n{"f":"write","value":12345678901234567890}', true);
 *     reader.read() // { f: 'read' }
 *     reader.read() // { f: 'write', value: '12345678901234567890' }
 *
 * Integers beyond 2⁵³ become their digits as a string, as in EDN: two of them must not become one.
 */
import type { Json } from '../operation.ts';
import { excerpt } from '../versioned-lines.ts';
import { FormError, MAX_DEPTH } from './form.ts';
import type { FormReader } from './form.ts';

const SPACE = /[\s,]*/y;
const SCALAR = /[^\s,[\]{}"]+/y;
/** Nothing shorter is beyond 2⁵³. */
const LONG_NUMBER = /\d{16}/;
const [QUOTE, BACKSLASH] = [0x22, 0x5c];

export class JsonReader implements FormReader {
  offset = 0;
  #text = '';
  #isFinal = true;

  restart(text: string, isFinal: boolean): void {
    this.#text = text;
    this.#isFinal = isFinal;
    this.offset = 0;
  }

  peek(): string {
    SPACE.lastIndex = this.offset;
    SPACE.test(this.#text);
    this.offset = SPACE.lastIndex;
    if (this.offset >= this.#text.length && !this.#isFinal) throw this.#truncated();
    return this.#text.charAt(this.offset);
  }

  step(): void {
    this.offset++;
  }

  read(): Json {
    if (this.peek() === '') throw this.#truncated();
    const start = this.offset;
    const end = this.#endOf(start);
    const text = this.#text.slice(start, end);
    try {
      const value = JSON.parse(text, LONG_NUMBER.test(text) ? keepDigits : undefined) as Json;
      this.offset = end;
      return value;
    } catch {
      throw new FormError(`not JSON: ${excerpt(text)}`, start);
    }
  }

  /** Behind the value at `start`: where its brackets are closed again. */
  #endOf(start: number): number {
    const text = this.#text;
    let depth = 0;
    for (let at = start; at < text.length; at++) {
      switch (text.charCodeAt(at)) {
        case QUOTE:
          at = this.#endOfString(at);
          break;
        case 0x7b: // {
        case 0x5b: // [
          if (++depth > MAX_DEPTH) throw new FormError(`nested deeper than ${MAX_DEPTH}`, at);
          continue;
        case 0x7d: // }
        case 0x5d: // ]
          if (--depth < 0) throw new FormError(`unexpected ${text.charAt(at)}`, at);
          break;
        default:
          if (depth > 0) continue;
          SCALAR.lastIndex = at;
          SCALAR.test(text);
          at = SCALAR.lastIndex - 1;
          if (at + 1 >= text.length && !this.#isFinal) throw this.#truncated();
      }
      if (depth === 0) return at + 1;
    }
    throw this.#truncated();
  }

  #endOfString(opened: number): number {
    const text = this.#text;
    for (let at = opened + 1; at < text.length; at++) {
      const character = text.charCodeAt(at);
      if (character === QUOTE) return at;
      if (character === BACKSLASH) at++;
    }
    throw this.#truncated();
  }

  #truncated(): FormError {
    return new FormError('the text ends within a value', this.#text.length, true);
  }
}

function keepDigits(_: string, value: unknown, context?: { readonly source?: string }): unknown {
  const digits = context?.source;
  return typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(digits ?? '')
    ? digits
    : value;
}
