import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HarnessError } from '../errors.ts';
import { History } from './history.ts';
import { decodeHistory, encodeHistory, HistoryWriter, streamOperations } from './json-lines.ts';
import type { Operation } from './operation.ts';
import { decodeTrace, streamTrace, TraceWriter } from './trace-lines.ts';
import type { TraceRecord } from './trace.ts';
import type { TornLine } from './versioned-lines.ts';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const HEADER = '{"format":"shaketable-history","version":1}\n';
const INVOKE = '{"index":0,"time":5,"process":0,"type":"invoke","f":"read","key":"x","value":null}\n';
const OK = '{"index":1,"time":9,"process":0,"type":"ok","f":"read","key":"x","value":"é","node":"n1"}\n';

function refusal(text: string, options = {}): string {
  try {
    decodeHistory(bytesOf(text), options);
  } catch (error) {
    expect(error).toBeInstanceOf(HarnessError);
    expect((error as HarnessError).exitCode).toBe(64);
    expect((error as HarnessError).message).not.toContain('\n');
    return `${(error as HarnessError).code}: ${(error as HarnessError).message}`;
  }
  return 'accepted';
}

describe('history.jsonl', () => {
  it('is a header and one operation a line, and reads back', () => {
    const { history, header, torn } = decodeHistory(bytesOf(HEADER + INVOKE + OK));
    expect(history.operations).toEqual([JSON.parse(INVOKE), JSON.parse(OK)]);
    expect(header).toEqual({ format: 'shaketable-history', version: 1 });
    expect(torn).toBeUndefined();
    expect(encodeHistory(history)).toBe(HEADER + INVOKE + OK);
  });

  it('writes the same line for the same operation, whatever the order of its fields', () => {
    const writer = new HistoryWriter({ run: 'r1' });
    expect(writer.header()).toBe('{"format":"shaketable-history","version":1,"run":"r1"}\n');
    const { index, ...rest } = JSON.parse(OK) as Operation;
    expect(writer.line({ ...rest, index })).toBe(OK);
  });

  it('reads back what it writes (any operations)', () => {
    const operation = fc.record(
      {
        f: fc.string(),
        value: fc.jsonValue() as fc.Arbitrary<null>,
        key: fc.oneof(fc.string(), fc.integer()),
        error: fc.record({ code: fc.string(), message: fc.string() }),
        node: fc.string(),
      },
      { requiredKeys: ['f', 'value'] },
    );
    fc.assert(
      fc.property(fc.array(operation), (drawn) => {
        const operations = drawn.map((fields, index): Operation => ({
          index,
          time: index,
          process: index,
          type: 'invoke',
          ...fields,
        }));
        const text = encodeHistory(new History(operations));
        const { history } = decodeHistory(bytesOf(text));
        expect(history.operations).toEqual(JSON.parse(JSON.stringify(operations)));
        expect(encodeHistory(history)).toBe(text);
      }),
    );
  });

  it('reads a stream in pieces of any size as it reads the whole', async () => {
    const text = HEADER + INVOKE + OK + '{"index":2,"ti';
    const bytes = bytesOf(text);
    for (const size of [1, 2, 7, 64, 1000]) {
      const torn: TornLine[] = [];
      async function* pieces(): AsyncGenerator<Uint8Array> {
        for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
      }
      const seen: Operation[] = [];
      const headers: unknown[] = [];
      const stream = streamOperations(pieces(), {
        onTorn: (line) => torn.push(line),
        onHeader: (header) => headers.push(header),
      });
      for await (const operation of stream) seen.push(operation);
      expect(seen).toEqual([JSON.parse(INVOKE), JSON.parse(OK)]);
      expect(torn).toEqual([{ line: 4, text: '{"index":2,"ti' }]);
      expect(headers).toHaveLength(1);
    }
  });

  it('keeps what stands before a torn last line, wherever it is torn', () => {
    const whole = HEADER + INVOKE + OK;
    for (let length = HEADER.length + 1; length < whole.length; length++) {
      const { history, torn } = decodeHistory(bytesOf(whole).subarray(0, length));
      const lines = whole.slice(0, length).split('\n');
      const complete = lines.length - 2 + (torn === undefined && lines.at(-1) !== '' ? 1 : 0);
      expect(history.length).toBe(complete);
    }
    expect(decodeHistory(bytesOf(HEADER + INVOKE + OK.trimEnd())).history.length).toBe(2);
    expect(decodeHistory(bytesOf(HEADER + INVOKE + OK.slice(0, 30))).torn).toEqual({
      line: 3,
      text: OK.slice(0, 30),
    });
  });

  it('refuses broken lines that are not the last', () => {
    expect(refusal(HEADER + INVOKE.slice(0, 20) + '\n' + OK)).toContain(
      'bad-format: line 2: not JSON: "{\\"index',
    );
    expect(refusal(HEADER + '{"index":0}\n', { fileName: 'h.jsonl' })).toBe(
      'bad-format: h.jsonl: line 2: time is missing; it must be nanoseconds, 0 or more',
    );
    expect(refusal(HEADER + INVOKE.replace('"invoke"', '"begin"'))).toContain(
      'type is "\\"begin\\""; it must be',
    );
    expect(refusal(HEADER + INVOKE.replace(',"value":null', ''))).toContain('value is missing');
    expect(refusal(HEADER + INVOKE.replace('"process":0', '"process":"p"'))).toContain(
      'an integer or "nemesis"',
    );
    expect(refusal(HEADER + INVOKE.replace(/"time":\d+/, '"time":1e999'))).toContain(
      'nanoseconds, 0 or more',
    );
    for (const position of ['"7"', 'null', '{"term":1}', '{"index":1.5}', '{"index":1,"term":"2"}']) {
      expect(refusal(HEADER + INVOKE.replace('"process":0', `"process":0,"position":${position}`))).toContain(
        'it must be {"index": …, "term": …}',
      );
    }
    expect(refusal(HEADER + '[]\n')).toContain('must be a JSON object');
  });

  it('names the line of an operation that makes no history, blank lines counted', () => {
    expect(refusal(`${HEADER}\n${INVOKE}${INVOKE.replace('"index":0', '"index":1')}`)).toBe(
      'bad-history: line 4: process 0 invokes read (operation 1) while its read (operation 0) has not completed',
    );
  });

  it('refuses other versions and foreign files', () => {
    expect(refusal(HEADER.replace('1}', '2}') + INVOKE)).toBe(
      'unsupported-version: line 1: shaketable-history version 2 is unknown to this Shaketable, which reads version 1',
    );
    expect(refusal('{"format":"shaketable-trace","version":1}\n')).toContain(
      'this is a "shaketable-trace" file',
    );
    expect(refusal('hello\n')).toContain('no header {"format":"shaketable-history","version":1}');
    expect(refusal('{"format":"shaketa')).toContain('no header');
    expect(refusal('')).toContain('the file is empty');
    expect(refusal('x'.repeat(3_000_000))).toContain('too long');
  });

  it('accepts a headerless file only when asked to', () => {
    expect(refusal(INVOKE + OK)).toContain('no header');
    const { history, header } = decodeHistory(bytesOf(INVOKE + OK), { lenient: true });
    expect(history.length).toBe(2);
    expect(header).toBeNull();
  });
});

describe('trace.jsonl', () => {
  const record: TraceRecord = { node: 'n1', time: 5, event: { kind: 'durable', index: 3 } };
  const writer = new TraceWriter();

  it('reads back what it writes, as a whole and as a stream', async () => {
    const text = writer.header() + writer.line(record) + writer.line({ ...record, time: 6 }) + '{"node"';
    const { records, torn } = decodeTrace(bytesOf(text));
    expect(records).toEqual([record, { ...record, time: 6 }]);
    expect(torn?.line).toBe(4);
    async function* pieces(): AsyncGenerator<Uint8Array> {
      yield bytesOf(text.slice(0, 50));
      yield bytesOf(text.slice(50));
    }
    const streamed: TraceRecord[] = [];
    for await (const one of streamTrace(pieces())) streamed.push(one);
    expect(streamed).toEqual(records);
  });

  it('refuses what is no record', () => {
    expect(() => decodeTrace(bytesOf(`${writer.header()}{"node":"n1","time":3}\n`))).toThrow(
      'line 2: a trace record must be',
    );
    expect(() => decodeTrace(bytesOf(HEADER))).toThrow('this is a "shaketable-history" file');
  });
});
