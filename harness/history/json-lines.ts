/**
 * `history.jsonl`: a header, then one operation a line.
 *
 *     const writer = new HistoryWriter({ run: 'raft-register/…' });
 *     const text = writer.header() + operations.map((operation) => writer.line(operation)).join('');
 *     const { history, torn } = decodeHistory(new TextEncoder().encode(text));
 *
 * Pure: opening, appending and syncing the file is the command's part. Other formats are in import/.
 */
import { HarnessError } from '../errors.ts';
import { History } from './history.ts';
import type { Json, Operation, Position } from './operation.ts';
import { encodeHeader, excerpt, readLines, streamLines } from './versioned-lines.ts';
import type { LineFormat, LineHeader, ReadOptions, TornLine } from './versioned-lines.ts';

export const HISTORY_FORMAT: LineFormat<Operation> = {
  name: 'shaketable-history',
  version: 1,
  decode: decodeOperation,
};

export interface DecodedHistory {
  readonly history: History;
  /** Null only for a headerless file, read leniently. */
  readonly header: LineHeader | null;
  readonly torn: TornLine | undefined;
}

/**
 * Reads a whole `history.jsonl`.
 *
 * @throws HarnessError `bad-format`, `unsupported-version` or `bad-history` with the line and what is wrong
 */
export function decodeHistory(
  input: Uint8Array | Iterable<Uint8Array>,
  options: ReadOptions = {},
): DecodedHistory {
  const file = readLines(input, HISTORY_FORMAT, options);
  const prefix = options.fileName === undefined ? '' : `${options.fileName}: `;
  const history = new History(file.records, { locate: (index) => `${prefix}line ${file.lineOf(index)}` });
  return { history, header: file.header, torn: file.torn };
}

/** The operations one by one, without holding them all; unpaired and unvalidated as a history. */
export function streamOperations(
  chunks: AsyncIterable<Uint8Array>,
  options: Parameters<typeof streamLines<Operation>>[2] = {},
): AsyncGenerator<Operation, void, undefined> {
  return streamLines(chunks, HISTORY_FORMAT, options);
}

/** Turns operations into the lines of a `history.jsonl`, newline included, fields always in the same order. */
export class HistoryWriter {
  readonly #fields: { readonly [name: string]: Json };

  /** @param fields - added to the header: what the file should say of itself when it is found alone */
  constructor(fields: { readonly [name: string]: Json } = {}) {
    this.#fields = fields;
  }

  header(): string {
    return encodeHeader(HISTORY_FORMAT, this.#fields);
  }

  line(operation: Operation): string {
    const { index, time, process, type, f, key, value, error, node, position } = operation;
    return `${JSON.stringify({ index, time, process, type, f, key, value, error, node, position })}\n`;
  }
}

/** A whole history as a `history.jsonl`. */
export function encodeHistory(history: History, fields: { readonly [name: string]: Json } = {}): string {
  const writer = new HistoryWriter(fields);
  const lines = [writer.header()];
  for (const operation of history.operations) lines.push(writer.line(operation));
  return lines.join('');
}

function decodeOperation(value: unknown): Operation {
  const operation = value as Operation;
  const complaint = complain(operation);
  if (complaint !== null) throw new HarnessError('bad-format', complaint);
  return operation;
}

/** What keeps a value from being an operation; by hand, because it runs for every line of a long file. */
function complain(operation: Partial<Operation> | null): string | null {
  if (typeof operation !== 'object' || operation === null || Array.isArray(operation)) {
    return 'an operation must be a JSON object';
  }
  const { index, time, process, type, f, key, value, error, node, position } = operation;
  if (!Number.isSafeInteger(index)) return wrong('index', index, 'an integer');
  if (typeof time !== 'number' || !(time >= 0 && time < Infinity))
    return wrong('time', time, 'nanoseconds, 0 or more');
  if (process !== 'nemesis' && !Number.isSafeInteger(process)) {
    return wrong('process', process, 'an integer or "nemesis"');
  }
  if (type !== 'invoke' && type !== 'ok' && type !== 'fail' && type !== 'info') {
    return wrong('type', type, 'invoke, ok, fail or info');
  }
  if (typeof f !== 'string') return wrong('f', f, 'a string');
  if (key !== undefined && typeof key !== 'string' && typeof key !== 'number') {
    return wrong('key', key, 'a string or a number');
  }
  if (value === undefined) return wrong('value', value, 'present (null where there is none)');
  if (error !== undefined && typeof error?.code !== 'string') {
    return wrong('error', error, '{"code": …, "message": …}');
  }
  if (node !== undefined && typeof node !== 'string') return wrong('node', node, 'a string');
  if (position !== undefined && !isPosition(position)) {
    return wrong('position', position, '{"index": …, "term": …}, whole numbers');
  }
  return null;
}

function isPosition(position: Partial<Position> | null): boolean {
  if (!Number.isSafeInteger(position?.index)) return false;
  return position?.term === undefined || Number.isSafeInteger(position.term);
}

function wrong(field: string, value: unknown, must: string): string {
  return value === undefined
    ? `${field} is missing; it must be ${must}`
    : `${field} is ${excerpt(JSON.stringify(value))}; it must be ${must}`;
}
