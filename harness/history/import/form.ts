/**
 * Reads the forms of a text one after another, a piece of the text at a time: maps of EDN, objects of JSON. What stands
 * here is the same for all notations; a {@link FormReader} knows one of them.
 *
 *     for (const { form, line } of readForms(new JsonReader(), chunks, problem)) …
 *
 * A text may hold one form after another, or all of them in one vector, list or array. Only the piece that is being read
 * is in memory, and a form that does not end in it is read again when there is more.
 */
import type { Json } from '../operation.ts';
import type { TornLine } from '../versioned-lines.ts';

/** The text is not of the notation, or ends within a form (`truncated`). */
export class FormError extends Error {
  override readonly name = 'FormError';
  readonly offset: number;
  readonly truncated: boolean;

  constructor(message: string, offset: number, truncated = false) {
    super(message);
    this.offset = offset;
    this.truncated = truncated;
  }
}

/** Deeper nesting is hostile, and would overflow the stack of whoever walks the value. */
export const MAX_DEPTH = 500;

export interface FormReader {
  readonly offset: number;
  /** Begins with another text. @param isFinal - nothing follows it; else its end is `truncated`, whatever is there */
  restart(text: string, isFinal: boolean): void;
  /** The next character that begins or ends a form; empty at the end. @throws FormError */
  peek(): string;
  /** Passes over the character that `peek` returned: into or out of a collection. */
  step(): void;
  /** The next form. @throws FormError */
  read(): Json;
}

export interface FormProblem {
  /** Of the line where it is, with what is wrong; never returns. */
  refuse(line: number, what: string): never;
  /** The text ends within a form that is not the first. */
  torn(torn: TornLine): void;
}

export interface LocatedForm {
  readonly form: Json;
  /** Where it begins, from 1. */
  readonly line: number;
}

const CLOSING: Readonly<Record<string, string>> = { '[': ']', '(': ')' };
/** Of what was cut off: enough to recognise it. */
const TORN_CHARACTERS_MAX = 1000;

export function* readForms(
  reader: FormReader,
  chunks: Iterable<Uint8Array>,
  problem: FormProblem,
): Generator<LocatedForm, void, undefined> {
  const window = new TextWindow(chunks);
  reader.restart(window.text, window.isFinal);
  /** Does one thing wholly, with as much text as it needs. */
  const whole = <T>(action: () => T): T => {
    for (;;) {
      const start = reader.offset;
      try {
        return action();
      } catch (error) {
        if (!(error instanceof FormError) || !error.truncated || window.isFinal) throw error;
        window.refill(start);
        reader.restart(window.text, window.isFinal);
      }
    }
  };
  let start = 0;
  let count = 0;
  let closing: string | undefined;
  const next = (): Json | undefined => {
    const first = reader.peek();
    start = reader.offset;
    if (first === closing) return undefined;
    if (first === '') throw new FormError(`the text ends before the closing ${closing ?? ''}`, start, true);
    return reader.read();
  };
  try {
    closing = whole(() => CLOSING[reader.peek()]) ?? '';
    if (closing !== '') reader.step();
    for (let form = whole(next); form !== undefined; form = whole(next)) {
      yield { form, line: window.lineAt(start) };
      count++;
    }
    if (closing === '') return;
    reader.step();
    if (whole(() => reader.peek()) !== '') {
      problem.refuse(window.lineAt(reader.offset), 'something follows the end of the history');
    }
  } catch (error) {
    if (!(error instanceof FormError)) throw error;
    if (!error.truncated || count === 0) problem.refuse(window.lineAt(error.offset), error.message);
    const text = window.text.slice(start, start + TORN_CHARACTERS_MAX);
    problem.torn({ line: window.lineAt(start), text });
  }
}

/** The lines of a text, without their ends. `isTorn`: the last one, when nothing ends it. */
export function* readTextLines(
  chunks: Iterable<Uint8Array>,
): Generator<{ readonly text: string; readonly line: number; readonly isTorn: boolean }, void, undefined> {
  const decoder = new TextDecoder();
  let rest = '';
  let line = 0;
  for (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() as string;
    for (const text of lines) yield { text, line: ++line, isTorn: false };
  }
  rest += decoder.decode();
  if (rest !== '') yield { text: rest, line: line + 1, isTorn: true };
}

/** The part of a text that is being read. */
class TextWindow {
  text = '';
  isFinal = false;
  readonly #chunks: Iterator<Uint8Array, unknown>;
  readonly #decoder = new TextDecoder();
  /** The line of the place up to which lines were counted. */
  #line = 1;
  #counted = 0;

  constructor(chunks: Iterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.iterator]();
    this.refill(0);
  }

  /** Forgets what stands before `from` and adds to the rest; twice as much, so that long forms cost no more than their length. */
  refill(from: number): void {
    this.lineAt(from);
    this.#counted -= from;
    const parts = [this.text.slice(from)];
    const enough = 2 * (this.text.length - from);
    for (let length = this.text.length - from; length <= enough && !this.isFinal;) {
      const next = this.#chunks.next();
      this.isFinal = next.done === true;
      const part =
        next.done === true ? this.#decoder.decode() : this.#decoder.decode(next.value, { stream: true });
      length += part.length;
      parts.push(part);
    }
    this.text = parts.join('');
  }

  /** Line of an offset, from 1; cheap when offsets ascend. */
  lineAt(offset: number): number {
    for (let at = this.text.indexOf('\n', this.#counted); at >= 0 && at < offset;) {
      this.#line++;
      this.#counted = at + 1;
      at = this.text.indexOf('\n', this.#counted);
    }
    return this.#line;
  }
}
