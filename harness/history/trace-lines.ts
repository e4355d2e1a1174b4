/**
 * `trace.jsonl`: a header, then what the nodes said of themselves, one record a line, in the order of the run.
 *
 *     const writer = new TraceWriter();
 *     writer.header() + writer.line({ node: 'n1', time: 5, event: { kind: 'durable', index: 3 } })
 *
 * Reading checks that a line is a record of some event with a `kind`; which kinds a checker understands is its
 * own part, so that a trace of a newer system can still be read.
 */
import { HarnessError } from '../errors.ts';
import type { Json } from './operation.ts';
import type { TraceRecord } from './trace.ts';
import { encodeHeader, readLines, streamLines } from './versioned-lines.ts';
import type { LineFile, LineFormat, ReadOptions } from './versioned-lines.ts';

export const TRACE_FORMAT: LineFormat<TraceRecord> = {
  name: 'shaketable-trace',
  version: 1,
  decode: decodeRecord,
};

/** @throws HarnessError `bad-format` or `unsupported-version` with the line and what is wrong */
export function decodeTrace(bytes: Uint8Array, options: ReadOptions = {}): LineFile<TraceRecord> {
  return readLines(bytes, TRACE_FORMAT, options);
}

/** The records one by one, without holding them all. */
export function streamTrace(
  chunks: AsyncIterable<Uint8Array>,
  options: Parameters<typeof streamLines<TraceRecord>>[2] = {},
): AsyncGenerator<TraceRecord, void, undefined> {
  return streamLines(chunks, TRACE_FORMAT, options);
}

/** Turns records into the lines of a `trace.jsonl`, newline included. */
export class TraceWriter {
  readonly #fields: { readonly [name: string]: Json };

  constructor(fields: { readonly [name: string]: Json } = {}) {
    this.#fields = fields;
  }

  header(): string {
    return encodeHeader(TRACE_FORMAT, this.#fields);
  }

  line(record: TraceRecord): string {
    const { node, time, event } = record;
    return `${JSON.stringify({ node, time, event })}\n`;
  }
}

function decodeRecord(value: unknown): TraceRecord {
  const record = value as Partial<TraceRecord> | null;
  if (
    typeof record !== 'object' ||
    record === null ||
    typeof record.node !== 'string' ||
    typeof record.time !== 'number' ||
    typeof record.event?.kind !== 'string'
  ) {
    throw new HarnessError(
      'bad-format',
      'a trace record must be {"node": …, "time": …, "event": {"kind": …}}',
    );
  }
  return record as TraceRecord;
}
