/**
 * JSON values as bytes, compactly and canonically: equal values have equal bytes.
 *
 * Grammar: a tag, then its data.
 *
 *     value := 0                          null
 *            | 1 | 2                      false, true
 *            | 3 varint                   an integer ≥ 0
 *            | 4 varint                   an integer < 0, as its absolute value
 *            | 5 f64                      any other number (finite)
 *            | 6 string
 *            | 7 varint value*            an array with its length
 *            | 8 varint (string value)*   an object with its size, names ascending
 */
import type { Json } from '../../harness/history/operation.ts';
import type { Reader, Writer } from './bytes.ts';
import { MalformedError } from './bytes.ts';

/** Deeper values are refused, so that no input exhausts the stack. */
export const MAX_DEPTH = 64;

const TAG = { null: 0, false: 1, true: 2, natural: 3, negative: 4, float: 5, string: 6, array: 7, object: 8 };

/** @throws MalformedError for what JSON cannot carry: a number that is not finite, or a value nested too deep */
export function writeValue(writer: Writer, value: Json, depth = 0): void {
  if (value === null) {
    writer.u8(TAG.null);
  } else if (typeof value === 'number') {
    writeNumber(writer, value);
  } else if (typeof value === 'string') {
    writer.u8(TAG.string);
    writer.string(value);
  } else if (typeof value === 'boolean') {
    writer.u8(value ? TAG.true : TAG.false);
  } else {
    if (depth >= MAX_DEPTH) throw new MalformedError(`value nested deeper than ${MAX_DEPTH}`);
    writeComposite(writer, value, depth);
  }
}

function writeNumber(writer: Writer, value: number): void {
  if (Number.isSafeInteger(value)) {
    writer.u8(value < 0 ? TAG.negative : TAG.natural);
    writer.varint(Math.abs(value));
  } else {
    if (!Number.isFinite(value)) throw new MalformedError(`${value} is no JSON number`);
    writer.u8(TAG.float);
    writer.f64(value);
  }
}

function writeComposite(
  writer: Writer,
  value: readonly Json[] | { readonly [name: string]: Json },
  depth: number,
): void {
  if (isArray(value)) {
    writer.u8(TAG.array);
    writer.varint(value.length);
    for (const item of value) writeValue(writer, item, depth + 1);
    return;
  }
  const names = Object.keys(value).sort();
  writer.u8(TAG.object);
  writer.varint(names.length);
  for (const name of names) {
    writer.string(name);
    writeValue(writer, value[name] as Json, depth + 1);
  }
}

/** @throws MalformedError */
export function readValue(reader: Reader, depth = 0): Json {
  const tag = reader.u8();
  switch (tag) {
    case TAG.null:
      return null;
    case TAG.false:
      return false;
    case TAG.true:
      return true;
    case TAG.natural:
      return reader.varint();
    case TAG.negative:
      return 0 - reader.varint();
    case TAG.float: {
      const value = reader.f64();
      if (!Number.isFinite(value)) throw new MalformedError('number that is not finite');
      return value;
    }
    case TAG.string:
      return reader.string();
    case TAG.array:
    case TAG.object:
      if (depth >= MAX_DEPTH) throw new MalformedError(`value nested deeper than ${MAX_DEPTH}`);
      return tag === TAG.array ? readArray(reader, depth) : readObject(reader, depth);
    default:
      throw new MalformedError(`unknown value tag ${tag}`);
  }
}

function readArray(reader: Reader, depth: number): Json[] {
  const count = readCount(reader);
  const items: Json[] = [];
  for (let i = 0; i < count; i++) items.push(readValue(reader, depth + 1));
  return items;
}

function readObject(reader: Reader, depth: number): { [name: string]: Json } {
  const count = readCount(reader);
  const entries: [string, Json][] = [];
  for (let i = 0; i < count; i++) entries.push([reader.string(), readValue(reader, depth + 1)]);
  // fromEntries defines own properties, so that a name such as __proto__ stays data.
  return Object.fromEntries(entries);
}

/** Each item takes at least one byte, so a count beyond what is left is a lie. */
function readCount(reader: Reader): number {
  const count = reader.varint();
  if (count > reader.remaining) throw new MalformedError(`${count} items in ${reader.remaining} bytes`);
  return count;
}

export const isArray = (value: Json): value is readonly Json[] => Array.isArray(value);

/** Deep equality; the order of an object's names does not count. */
export function jsonEqual(a: Json, b: Json): boolean {
  if (a === b) return true;
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return false;
  if (isArray(a) || isArray(b)) {
    if (!isArray(a) || !isArray(b) || a.length !== b.length) return false;
    return a.every((item, i) => jsonEqual(item, b[i] as Json));
  }
  const names = Object.keys(a);
  if (names.length !== Object.keys(b).length) return false;
  return names.every((name) => Object.hasOwn(b, name) && jsonEqual(a[name] as Json, b[name] as Json));
}
