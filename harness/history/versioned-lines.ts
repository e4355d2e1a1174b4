/**
 * JSON Lines with a header that names the format and its version; the shape of every record file of a run.
 *
 *     {"format":"shaketable-history","version":1,"run":"…"}     ← the header, with whatever else its writer adds
 *     {"index":0,"time":1200,…}                                 ← one record a line
 *     {"index":1,"ti                                            ← torn: the run was killed while writing
 *
 * A last line without a newline that is no complete JSON is *torn*: it is reported, and the records before it
 * stand. Anything else that is malformed is an error with the line's number: nothing is skipped in silence.
 * Readers refuse other formats and other versions. What a record must look like is the caller's part (`decode`).
 */
import { HarnessError } from '../errors.ts';
import type { Json } from './operation.ts';

export interface LineFormat<T> {
  /** The header's `format`: `shaketable-history`. */
  readonly name: string;
  /** The only version that is read, and the one that is written. */
  readonly version: number;
  /** Throws HarnessError `bad-format`, without the line number, when the value is no record. */
  decode(value: unknown): T;
}

export interface LineHeader {
  readonly format: string;
  readonly version: number;
  readonly [name: string]: Json;
}

/** An incomplete last line. */
export interface TornLine {
  /** Counts from 1. */
  readonly line: number;
  readonly text: string;
}

export interface ReadOptions {
  /** For error messages. */
  readonly fileName?: string;
  /**
   * Accepts records without a header and presumes the current version. Off by default: a file without a header
   * is more likely foreign, or the second half of something, than a history.
   */
  readonly lenient?: boolean;
}

export interface LineFile<T> {
  /** Null only for a headerless file, read leniently. */
  readonly header: LineHeader | null;
  readonly records: readonly T[];
  readonly torn: TornLine | undefined;
  /** The line of each record, counted from 1; for messages of those who judge the records later. */
  readonly lineOf: (index: number) => number;
}

/** The first line of a file, newline included. */
export function encodeHeader<T>(
  format: LineFormat<T>,
  fields: { readonly [name: string]: Json } = {},
): string {
  return `${JSON.stringify({ format: format.name, version: format.version, ...fields })}\n`;
}

/** Bytes decoded at a time: enough to amortise the decoder, little beside the records. */
const CHUNK_BYTES = 1 << 20;

/** No record is longer; a longer line means that this is some other kind of file. */
const MAX_LINE_CHARACTERS = 1 << 27;

/** Reads a whole file, at once or in pieces. */
export function readLines<T>(
  input: Uint8Array | Iterable<Uint8Array>,
  format: LineFormat<T>,
  options: ReadOptions = {},
): LineFile<T> {
  const decoder = new LineDecoder(format, options);
  const records: T[] = [];
  for (const bytes of input instanceof Uint8Array ? [input] : input) {
    for (let start = 0; start < bytes.length; start += CHUNK_BYTES) {
      decoder.push(bytes.subarray(start, start + CHUNK_BYTES), records);
    }
  }
  const torn = decoder.finish(records);
  const blanks = decoder.blankLines;
  const first = decoder.header === null ? 1 : 2;
  return {
    header: decoder.header,
    records,
    torn,
    lineOf: (index) => {
      let line = index + first;
      for (const blank of blanks) if (blank <= line) line++;
      return line;
    },
  };
}

/** Reads a file as it comes; `onTorn` is called after the last record. */
export async function* streamLines<T>(
  chunks: AsyncIterable<Uint8Array>,
  format: LineFormat<T>,
  options: ReadOptions & {
    readonly onHeader?: (header: LineHeader) => void;
    readonly onTorn?: (torn: TornLine) => void;
  } = {},
): AsyncGenerator<T, void, undefined> {
  const decoder = new LineDecoder(format, options);
  let announced = false;
  for await (const chunk of chunks) {
    const records: T[] = [];
    decoder.push(chunk, records);
    if (!announced && decoder.header !== null) {
      announced = true;
      options.onHeader?.(decoder.header);
    }
    yield* records;
  }
  const records: T[] = [];
  const torn = decoder.finish(records);
  yield* records;
  if (torn !== undefined) options.onTorn?.(torn);
}

/** Turns bytes into records, in whatever pieces they come. */
class LineDecoder<T> {
  header: LineHeader | null = null;
  /** Numbers of the empty lines, which are passed over. */
  readonly blankLines: number[] = [];
  readonly #format: LineFormat<T>;
  readonly #options: ReadOptions;
  readonly #decoder = new TextDecoder('utf-8');
  #rest = '';
  #line = 0;
  #started = false;

  constructor(format: LineFormat<T>, options: ReadOptions) {
    this.#format = format;
    this.#options = options;
  }

  push(bytes: Uint8Array, into: T[]): void {
    const lines = (this.#rest + this.#decoder.decode(bytes, { stream: true })).split('\n');
    this.#rest = lines.pop() as string;
    for (const line of lines) this.#accept(line, into);
    if (this.#rest.length > (this.#started ? MAX_LINE_CHARACTERS : CHUNK_BYTES)) {
      this.#line++;
      this.#refuse('bad-format', `the line is too long for a ${this.#format.name} file`);
    }
  }

  finish(into: T[]): TornLine | undefined {
    const text = this.#rest + this.#decoder.decode();
    if (text.trim() !== '') {
      if (parseJson(text) === undefined && this.#started) return { line: this.#line + 1, text };
      this.#accept(text, into);
    }
    if (!this.#started)
      this.#refuse('bad-format', `the file is empty, not even a header of ${this.#format.name}`);
    return undefined;
  }

  #accept(text: string, into: T[]): void {
    this.#line++;
    const value = parseJson(text);
    if (value === undefined) {
      if (text.trim() === '') {
        this.blankLines.push(this.#line);
        return;
      }
      if (!this.#started) this.#refuseForeign();
      this.#refuse('bad-format', `not JSON: ${excerpt(text)}`);
    }
    if (!this.#started) {
      this.#started = true;
      if (this.#acceptHeader(value)) return;
    }
    try {
      into.push(this.#format.decode(value));
    } catch (error) {
      if (!(error instanceof HarnessError)) throw error;
      this.#refuse(error.code, error.message);
    }
  }

  /** False when there is no header and that is allowed. */
  #acceptHeader(value: unknown): boolean {
    const { name, version } = this.#format;
    const header = (typeof value === 'object' && value !== null ? value : {}) as Partial<LineHeader>;
    if (typeof header.format !== 'string') {
      if (this.#options.lenient === true) return false;
      this.#refuseForeign();
    }
    if (header.format !== name) {
      this.#refuse('bad-format', `this is a ${excerpt(String(header.format))} file, not a ${name} file`);
    }
    if (header.version !== version) {
      this.#refuse(
        'unsupported-version',
        `${name} version ${JSON.stringify(header.version)} is unknown to this Shaketable, which reads version ${version}`,
      );
    }
    this.header = header as LineHeader;
    return true;
  }

  #refuseForeign(): never {
    this.#line = Math.max(this.#line, 1);
    const { name, version } = this.#format;
    return this.#refuse(
      'bad-format',
      `no header {"format":"${name}","version":${version}}: this is no ${name} file, or its beginning is lost`,
    );
  }

  #refuse(code: HarnessError['code'], what: string): never {
    const place = `line ${Math.max(this.#line, 1)}`;
    const { fileName } = this.#options;
    throw new HarnessError(code, `${fileName === undefined ? '' : `${fileName}: `}${place}: ${what}`);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** Enough of a foreign text to recognise it. */
export function excerpt(text: string): string {
  const visible = JSON.stringify(text.slice(0, 60));
  return text.length > 60 ? `${visible.slice(0, -1)}…"` : visible;
}
