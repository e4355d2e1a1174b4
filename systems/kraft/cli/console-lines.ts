/**
 * Lines that become records, and records that become lines: the formats of Kafka's console tools.
 *
 *     const parse = lineParser(readerProperties(new Map([['parse.key', 'true'], ['key.separator', ':']])));
 *     parse('k:v')                                              // { key: 'k', value: 'v', headers: [] } as bytes
 *     formatRecord(record, 0, formatterProperties(new Map([['print.key', 'true']])))   // 'k\tv\n' as bytes
 */
import { joinedBytes } from '../../runtime/joined-bytes.ts';
import type { Header, Record } from '../records/record.ts';
import { usageError } from './exit-codes.ts';

// Lines to records

export interface ReaderProperties {
  readonly parseKey: boolean;
  readonly keySeparator: string;
  readonly parseHeaders: boolean;
  readonly headersDelimiter: string;
  readonly headersSeparator: string;
  readonly headersKeySeparator: string;
  /** A line without what was to be parsed is a value, instead of an error. */
  readonly ignoreError: boolean;
  /** A text that means null; null: none does. */
  readonly nullMarker: string | null;
}

export interface ParsedLine {
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: readonly Header[];
}

/** A line, or what shall become one, is not as the properties say. */
export class LineError extends Error {
  override readonly name = 'LineError';
}

const encoder = new TextEncoder();

export function readerProperties(given: ReadonlyMap<string, string>): ReaderProperties {
  return {
    parseKey: isTrue(given.get('parse.key')),
    keySeparator: given.get('key.separator') ?? '\t',
    parseHeaders: isTrue(given.get('parse.headers')),
    headersDelimiter: given.get('headers.delimiter') ?? '\t',
    headersSeparator: given.get('headers.separator') ?? ',',
    headersKeySeparator: given.get('headers.key.separator') ?? ':',
    ignoreError: isTrue(given.get('ignore.error')),
    nullMarker: given.get('null.marker') ?? null,
  };
}

export const READER_KEYS: readonly string[] = [
  ...['parse.key', 'key.separator', 'parse.headers', 'headers.delimiter', 'headers.separator'],
  ...['headers.key.separator', 'ignore.error', 'null.marker'],
];

const isTrue = (text: string | undefined): boolean => text?.trim().toLowerCase() === 'true';

/** @returns what throws LineError for a line that is not so */
export function lineParser(properties: ReaderProperties): (line: string) => ParsedLine {
  const { parseKey, keySeparator, parseHeaders, headersDelimiter, ignoreError, nullMarker } = properties;
  const bytesOf = (text: string): Uint8Array | null => (text === nullMarker ? null : encoder.encode(text));
  const cut = (line: string, separator: string, what: string): [string | null, string] => {
    const at = line.indexOf(separator);
    if (at >= 0) return [line.slice(0, at), line.slice(at + separator.length)];
    if (ignoreError) return [null, line];
    throw new LineError(`No ${what} found in "${line}": its separator is ${JSON.stringify(separator)}`);
  };
  return (line) => {
    const [headerText, rest] = parseHeaders ? cut(line, headersDelimiter, 'header delimiter') : [null, line];
    const [keyText, value] = parseKey ? cut(rest, keySeparator, 'key separator') : [null, rest];
    return {
      key: keyText === null ? null : bytesOf(keyText),
      value: bytesOf(value),
      headers: headerText === null || headerText === '' ? [] : parseHeaderList(headerText, properties),
    };
  };
}

function parseHeaderList(text: string, properties: ReaderProperties): Header[] {
  const { headersSeparator, headersKeySeparator, nullMarker } = properties;
  return text.split(headersSeparator).map((pair) => {
    const at = pair.indexOf(headersKeySeparator);
    if (at < 0) throw new LineError(`No header key separator found in "${pair}"`);
    const value = pair.slice(at + headersKeySeparator.length);
    return { key: pair.slice(0, at), value: value === nullMarker ? null : encoder.encode(value) };
  });
}

// Records to lines

export interface FormatterProperties {
  readonly printTimestamp: boolean;
  readonly printPartition: boolean;
  readonly printOffset: boolean;
  readonly printHeaders: boolean;
  readonly printKey: boolean;
  readonly printValue: boolean;
  readonly keySeparator: string;
  readonly lineSeparator: string;
  readonly headersSeparator: string;
  readonly nullLiteral: string;
  readonly keyDeserializer: Deserializer;
  readonly valueDeserializer: Deserializer;
  readonly headersDeserializer: Deserializer;
}

/** Bytes to the bytes of a text. @throws LineError */
type Deserializer = (bytes: Uint8Array) => Uint8Array;

export const FORMATTER_KEYS: readonly string[] = [
  ...['print.timestamp', 'print.partition', 'print.offset', 'print.headers', 'print.key', 'print.value'],
  ...['key.separator', 'line.separator', 'headers.separator', 'null.literal'],
  ...['key.deserializer', 'value.deserializer', 'headers.deserializer'],
];

const numberOf =
  (name: string, length: number, read: (view: DataView) => number | bigint): Deserializer =>
  (bytes) => {
    if (bytes.length !== length)
      throw new LineError(`${name} takes ${length} bytes, and there are ${bytes.length}`);
    return encoder.encode(String(read(new DataView(bytes.buffer, bytes.byteOffset, length))));
  };

/** By the class names of Kafka. */
const DESERIALIZERS: ReadonlyMap<string, Deserializer> = new Map<string, Deserializer>([
  ['StringDeserializer', (bytes) => bytes],
  ['IntegerDeserializer', numberOf('IntegerDeserializer', 4, (view) => view.getInt32(0))],
  ['LongDeserializer', numberOf('LongDeserializer', 8, (view) => view.getBigInt64(0))],
  ['ShortDeserializer', numberOf('ShortDeserializer', 2, (view) => view.getInt16(0))],
]);

/** @throws HarnessError `usage` */
function deserializer(given: ReadonlyMap<string, string>, key: string): Deserializer {
  const name = given.get(key) ?? 'StringDeserializer';
  const found = DESERIALIZERS.get(name.replace(/^org\.apache\.kafka\.common\.serialization\./, ''));
  if (found === undefined)
    throw usageError(`${key} is one of ${[...DESERIALIZERS.keys()].join(', ')}, not "${name}"`);
  return found;
}

export function formatterProperties(given: ReadonlyMap<string, string>): FormatterProperties {
  return {
    printTimestamp: isTrue(given.get('print.timestamp')),
    printPartition: isTrue(given.get('print.partition')),
    printOffset: isTrue(given.get('print.offset')),
    printHeaders: isTrue(given.get('print.headers')),
    printKey: isTrue(given.get('print.key')),
    printValue: isTrue(given.get('print.value') ?? 'true'),
    keySeparator: given.get('key.separator') ?? '\t',
    lineSeparator: given.get('line.separator') ?? '\n',
    headersSeparator: given.get('headers.separator') ?? ',',
    nullLiteral: given.get('null.literal') ?? 'null',
    keyDeserializer: deserializer(given, 'key.deserializer'),
    valueDeserializer: deserializer(given, 'value.deserializer'),
    headersDeserializer: deserializer(given, 'headers.deserializer'),
  };
}

/** Keys and values as the bytes that they are. */
export function formatRecord(record: Record, partition: number, properties: FormatterProperties): Uint8Array {
  const { nullLiteral } = properties;
  const text = (value: string): Uint8Array => encoder.encode(value);
  const bytes = (value: Uint8Array | null, read: Deserializer): Uint8Array =>
    value === null ? text(nullLiteral) : read(value);
  const fields: Uint8Array[] = [];
  if (properties.printTimestamp) {
    fields.push(text(timestampText(record)));
  }
  if (properties.printPartition) fields.push(text(`Partition:${partition}`));
  if (properties.printOffset) fields.push(text(`Offset:${record.offset}`));
  if (properties.printHeaders) fields.push(headerField(record.headers, properties));
  if (properties.printKey) fields.push(bytes(record.key, properties.keyDeserializer));
  if (properties.printValue) fields.push(bytes(record.value, properties.valueDeserializer));
  const separator = text(properties.keySeparator);
  return joinedBytes([...joined(fields, separator), text(properties.lineSeparator)]);
}

function timestampText({ timestampMs, timestampType }: Record): string {
  if (timestampMs < 0) return 'NO_TIMESTAMP';
  return `${timestampType === 'create-time' ? 'CreateTime' : 'LogAppendTime'}:${timestampMs}`;
}

function headerField(
  headers: readonly Header[],
  { headersSeparator, nullLiteral, headersDeserializer }: FormatterProperties,
): Uint8Array {
  if (headers.length === 0) return encoder.encode('NO_HEADERS');
  const items = headers.map(({ key, value }) =>
    joinedBytes([
      encoder.encode(`${key}:`),
      value === null ? encoder.encode(nullLiteral) : headersDeserializer(value),
    ]),
  );
  return joinedBytes(joined(items, encoder.encode(headersSeparator)));
}

const joined = (parts: readonly Uint8Array[], separator: Uint8Array): Uint8Array[] =>
  parts.flatMap((part, i) => (i === 0 ? [part] : [separator, part]));
